"""Quiet hours and digests: what is held back, when it goes, and that nothing is lost."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import a_deal, a_report, track, write_claim
from running_bot import ANNA, Bot
from sqlalchemy import select
from standin.faults import ApiError, Drop, thread_not_found, topic_closed, unavailable

from bot.messages import push
from matcher.vocabulary import Stage
from models import ledger, outbox
from models.outbox import Letter
from models.subscriber import Digest, Subscriber
from models.subscription import Subscription

TALKS, OFF, AGREED = (
    "Alpha in talks to buy Beta, Bloomberg reports",
    "Alpha ends talks to buy Beta, Bloomberg reports",
    "Alpha agrees to buy Beta",
)
PHONES, PHONES_OFF = "AT&T agrees to sell Huawei phones", "AT&T ends its deal to sell Huawei phones"
NIGHT = {"quiet_from": 22 * 60, "quiet_until": 7 * 60}
DAILY = {"digest": Digest.DAILY}


async def listening(bot: Bot, chat: int = ANNA, **wishes: object) -> None:
    """The chat follows everything, and wants to be told so."""
    await bot.ask("/subscribe everything", chat=chat)
    await wishing(bot, chat, **wishes)


async def wishing(bot: Bot, chat: int = ANNA, **wishes: object) -> None:
    async with bot.database.write() as session:
        row = (await session.scalars(select(Subscriber).where(Subscriber.chat_id == chat))).one()
        for name, value in wishes.items():
            setattr(row, name, value)


async def subscribed(bot: Bot, **wishes: object) -> None:
    async with bot.database.write() as session:
        for name, value in wishes.items():
            setattr((await session.scalars(select(Subscription))).one(), name, value)


async def at(bot: Bot, moment: str) -> None:
    """It is that time (UTC, in January 2018, as ``08 23:00``), and the courier looks."""
    bot.clock.now = datetime.fromisoformat(f"2018-01-{moment}").replace(tzinfo=UTC)
    await bot.program.courier.deliver()


def told(bot: Bot, chat: int = ANNA) -> list[str]:
    """What came after the answer to /subscribe."""
    return [message.text for message in bot.telegram.messages(chat)[1:]]


def heads(bot: Bot) -> list[str]:
    return [text.splitlines()[0] for text in told(bot)]


async def letters(bot: Bot) -> Sequence[Letter]:
    async with bot.database.read() as session:
        return (await session.scalars(select(Letter).order_by(Letter.id))).all()


def sending(bot: Bot) -> Any:
    """The parameters of the last message sent."""
    return bot.telegram.calls("sendMessage")[-1].parameters


# Quiet hours ---------------------------------------------------------------------------------------------------------


async def test_the_night_is_quiet_and_the_morning_tells_all(bot: Bot) -> None:
    """What comes up in the quiet hours is one message when they end: each deal where it came to, in order."""
    await listening(bot, **NIGHT)
    await at(bot, "08 22:00")
    for title in (TALKS, PHONES, OFF):
        await bot.news(title)
    await at(bot, "09 06:59")
    assert told(bot) == []

    await at(bot, "09 07:00")
    (digest,) = told(bot)
    assert digest.splitlines() == [
        "2 deals in the news",
        "",
        "• Alpha <Holdings> & Beta: RUMORED → DENIED · called off",
        "• Huawei phones on AT&T: FINALIZED · agreed",
    ]
    assert {(x.sent_at, x.message_id) for x in await letters(bot)} == {
        (bot.clock(), bot.telegram.messages(ANNA)[-1].message_id)
    }
    await at(bot, "09 08:00")
    assert len(told(bot)) == 1


async def test_one_message_of_the_night_looks_as_ever(bot: Bot) -> None:
    """With its evidence, and as the deal's card."""
    await listening(bot, **NIGHT)
    await at(bot, "08 22:00")
    await bot.news(TALKS)
    await at(bot, "09 07:00")
    assert heads(bot) == ["RUMORED · in talks"]
    await bot.news(AGREED)
    assert sending(bot)["reply_parameters"]["message_id"] == bot.telegram.messages(ANNA)[1].message_id


async def test_what_matters_most_may_break_through(bot: Bot) -> None:
    """Denied and finalized come at once if the chat wants it so; what was held back about the deal is old news then."""
    await listening(bot, **NIGHT, breaks_through=True)
    await at(bot, "08 22:00")
    await bot.news(TALKS)
    await bot.news("Huawei in talks with Verizon about phones, Reuters reports")
    assert told(bot) == []
    await bot.news(AGREED)
    assert heads(bot) == ["RUMORED → FINALIZED · agreed"]
    await at(bot, "09 07:00")
    assert len(told(bot)) == 2
    assert "Alpha" not in told(bot)[1]


async def test_what_is_not_held_back_is_not_held_up(bot: Bot) -> None:
    """What is said by day comes by day, though something of a weekly digest still waits."""
    await listening(bot, digest=Digest.WEEKLY)
    await bot.news(PHONES)
    await wishing(bot, digest=Digest.OFF)
    await bot.news(TALKS)
    assert heads(bot) == ["RUMORED · in talks"]
    await at(bot, "15 08:00")
    assert heads(bot) == ["RUMORED · in talks", "FINALIZED · agreed"]


async def test_other_hours_hold_for_what_waits_already(bot: Bot) -> None:
    """A chat that ends its digest gets at once what was gathered; one that has another hour, then."""
    await listening(bot, digest=Digest.WEEKLY)
    await bot.news(TALKS)
    await bot.news(PHONES)
    for wishes, due in (({"digest": Digest.DAILY}, "09 08:00"), ({"digest": Digest.OFF}, "08 12:02")):
        await wishing(bot, **wishes)
        async with bot.database.write() as session:
            chat = (await session.scalars(select(Subscriber).where(Subscriber.chat_id == ANNA))).one()
            await outbox.reschedule(session, chat, bot.clock())
        moment = datetime.fromisoformat(f"2018-01-{due}").replace(tzinfo=UTC)
        assert {letter.due_at for letter in await letters(bot)} == {moment}
    await bot.program.courier.deliver()
    assert heads(bot) == ["2 deals in the news"]


# Digests -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("digest", "moment"), [(Digest.DAILY, "09 08:00"), (Digest.WEEKLY, "15 08:00")])
async def test_a_digest_comes_when_it_was_asked_for(bot: Bot, digest: Digest, moment: str) -> None:
    """Every day, or on Mondays; a digest has all the deals that moved since the last one."""
    await listening(bot, digest=digest)
    await bot.news(TALKS)
    await bot.news(PHONES)
    await at(bot, f"{int(moment[:2]):02} 07:59")
    assert told(bot) == []
    await at(bot, moment)
    assert heads(bot) == ["2 deals in the news"]
    await bot.news(PHONES_OFF)
    assert len(told(bot)) == 1


async def test_a_week_that_was_waited_for_is_no_outage(bot: Bot) -> None:
    """Nothing could not be told: the message says nothing of catching up."""
    await listening(bot, digest=Digest.WEEKLY)
    await bot.news(TALKS)
    await at(bot, "10 12:00")
    await bot.news(OFF)
    await at(bot, "15 08:00")
    assert heads(bot) == ["1 deal in the news"]
    assert "catch up" not in told(bot)[0]
    assert all(letter.sent_at for letter in await letters(bot))


async def test_after_an_outage_what_was_held_back_folds_apart(bot: Bot) -> None:
    """What was to be told at once is not put off until the digest by newer news that is held back for it."""
    await listening(bot)
    async with bot.telegram.down():
        await bot.news(TALKS)
        bot.clock.advance(hours=2)
        await bot.news(OFF)
        await wishing(bot, digest=Digest.WEEKLY)
        bot.clock.advance(days=1)
        await bot.news(AGREED)
    bot.clock.advance(minutes=5)
    await bot.program.courier.deliver()
    assert heads(bot) == ["RUMORED → DENIED · called off"]
    assert "To catch up: 1 change" in told(bot)[0]
    await at(bot, "15 08:00")
    assert heads(bot)[1:] == ["DENIED → FINALIZED · agreed"]


@pytest.mark.parametrize("fault", [unavailable(), Drop.BEFORE_APPLYING], ids=["502", "connection lost"])
async def test_a_digest_that_fails_is_sent_again_as_a_whole(bot: Bot, fault: Any) -> None:
    """Its letters stay together."""
    await listening(bot, **DAILY)
    await bot.news(TALKS)
    await bot.news(PHONES)
    bot.telegram.fail("sendMessage", fault)
    await at(bot, "09 08:00")
    assert told(bot) == []
    await at(bot, "09 08:01")
    assert heads(bot) == ["2 deals in the news"]
    assert len({letter.message_id for letter in await letters(bot)}) == 1


async def test_more_deals_than_one_message_names_make_two(bot: Bot) -> None:
    """Every deal that was held back is named, in as many messages as it takes."""
    await listening(bot, **DAILY)
    async with bot.database.write() as session:
        for number in range(push.DIGEST + 5):
            deal = await track(session, a_deal(f"deal-{number}"))
            report = a_report(Stage.TALKS, bot.clock(), origin=f"Outlet {number}")
            await ledger.hear(session, write_claim(deal, report), bot.clock())
    await at(bot, "09 08:00")
    first, second = told(bot)
    assert first.startswith(f"{push.DIGEST} deals in the news")
    assert second.startswith("5 deals in the news")
    assert len({line for line in (first + second).splitlines() if line.startswith("•")}) == push.DIGEST + 5


async def test_a_long_outage_loses_no_digest(bot: Bot) -> None:
    """However often it failed in its first hours, it has not waited longer than it should."""
    await listening(bot, digest=Digest.WEEKLY)
    await bot.news(TALKS)
    await bot.news(PHONES)
    bot.telegram.fail_when(lambda method, _: unavailable() if method == "sendMessage" else None)
    await at(bot, "15 08:00")
    for _ in range(20):
        bot.clock.advance(minutes=11)
        await bot.program.courier.deliver()
    bot.telegram.fail_when(None)
    bot.clock.advance(minutes=11)
    await bot.program.courier.deliver()
    assert heads(bot) == ["2 deals in the news"]


async def test_a_digest_is_marked_as_a_whole_or_not_at_all(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its letters are marked in one transaction, so that a crash in between repeats it as it was."""
    await listening(bot, **DAILY)
    await bot.news(TALKS)
    await bot.news(PHONES)
    marks: list[int] = []
    write = bot.program.courier._write

    async def count(parcel: Sequence[Letter], outcome: Any) -> None:
        marks.append(len(parcel))
        await write(parcel, outcome)

    monkeypatch.setattr(bot.program.courier, "_write", count)
    await at(bot, "09 08:00")
    assert marks == [2]


async def test_missed_and_the_outbox_count_what_is_held_back(bot: Bot) -> None:
    """It is on its way, and nothing is missed."""
    await listening(bot, **DAILY)
    await bot.news(TALKS)
    await bot.news(PHONES)
    assert "1 on the way" in (await bot.ask("/missed")).text
    async with bot.database.read() as session:
        (queue,) = await outbox.queues(session)
    assert (queue.waiting, queue.given_up) == (2, 0)
    await at(bot, "09 08:00")
    assert "was told everything" in (await bot.ask("/missed")).text


async def test_a_chat_that_comes_back_gets_the_digest_it_missed(bot: Bot) -> None:
    """Retired over the hour of its digest, it gets it when it is back."""
    await listening(bot, **DAILY)
    await bot.news(TALKS)
    await bot.news(PHONES)
    await bot.telegram.block(ANNA)
    await bot.settled()
    await at(bot, "09 08:00")
    await bot.telegram.unblock(ANNA)
    await bot.settled()
    await bot.program.courier.deliver()
    assert heads(bot)[-1] == "2 deals in the news"


# Sound and place -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("silent", [True, False])
async def test_a_silent_subscription_makes_no_sound(bot: Bot, silent: bool) -> None:
    """Its messages are sent with disable_notification."""
    await listening(bot)
    await subscribed(bot, silent=silent)
    await bot.news(TALKS)
    assert bool(sending(bot).get("disable_notification")) is silent


async def test_messages_go_into_the_topic_where_it_was_set_up(bot: Bot) -> None:
    """Digests too, one for each topic."""
    await listening(bot)
    await subscribed(bot, topic_id=5)
    await bot.news(TALKS)
    assert sending(bot)["message_thread_id"] == 5
    await wishing(bot, **DAILY)
    await bot.news(OFF)
    await bot.news(PHONES)
    await subscribed(bot, topic_id=6)
    await bot.news(AGREED)
    await at(bot, "09 08:00")
    assert [call.parameters.get("message_thread_id") for call in bot.telegram.calls("sendMessage")[-2:]] == [5, 6]
    assert heads(bot)[1:] == ["2 deals in the news", "DENIED → FINALIZED · agreed"]


@pytest.mark.parametrize("closed", [topic_closed(), thread_not_found()], ids=["closed", "deleted"])
async def test_a_closed_topic_is_left_and_the_message_arrives(bot: Bot, closed: ApiError) -> None:
    """It goes into the chat itself, and what follows does so at once."""
    await listening(bot)
    await subscribed(bot, topic_id=5)
    bot.telegram.fail_when(lambda _, said: closed if said.get("message_thread_id") else None)
    await bot.news(TALKS)
    assert heads(bot) == ["RUMORED · in talks"]
    tried = len(bot.telegram.calls("sendMessage"))
    await bot.news(AGREED)
    assert len(bot.telegram.calls("sendMessage")) == tried + 1
    assert len(told(bot)) == 2
