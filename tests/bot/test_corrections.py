"""A change that is taken back: who is told, how, and what the chats see then."""

import asyncio
from typing import Any

import pytest
from running_bot import ANNA, BORIS, OWNER, Bot
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from standin.faults import Slow, blocked, flooded
from standin.telegram import BotMessage
from ticker import Ticker

from matcher.vocabulary import Stage
from models import ledger
from models.article import Claim
from models.change import Change
from models.deal import Deal
from models.subscriber import Digest, Subscriber

TALKS, OFF, AGREED = (
    "Alpha in talks to buy Beta, Bloomberg reports",
    "Alpha ends talks to buy Beta, Reuters reports",
    "Alpha agrees to buy Beta",
)
PHONES = "AT&T agrees to sell Huawei phones"


async def undo(bot: Bot, reason: str = "misread", number: int = -1) -> Change | None:
    """A person takes a change back, the latest unless told otherwise; what follows is delivered."""
    bot.clock.advance(minutes=1)
    query = select(Change).options(joinedload(Change.deal), selectinload(Change.claims).joinedload(Claim.article))
    async with bot.database.write() as session:
        change = (await session.scalars(query.order_by(Change.id))).all()[number]
        correction = await ledger.undo(session, change, OWNER, reason, bot.clock())
    await bot.program.courier.deliver()
    await bot.program.cards.refresh()
    return correction


async def wishing(bot: Bot, chat: int, **wishes: object) -> None:
    async with bot.database.write() as session:
        row = (await session.scalars(select(Subscriber).where(Subscriber.chat_id == chat))).one()
        for name, value in wishes.items():
            setattr(row, name, value)


def told(bot: Bot, chat: int = ANNA) -> list[BotMessage]:
    """What came after the answer to /subscribe."""
    return bot.telegram.messages(chat)[1:]


def last_sent(bot: Bot) -> Any:
    return bot.telegram.calls("sendMessage")[-1].parameters


async def test_a_correction_answers_the_wrong_message(bot: Bot) -> None:
    """Exactly the chats that got it get one short correction as a reply; the card shows what stands."""
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    await bot.news(OFF)
    await bot.ask("/subscribe everything", chat=BORIS)
    await undo(bot)
    card, wrong, correction = told(bot)
    assert last_sent(bot)["reply_parameters"]["message_id"] == wrong.message_id
    assert correction.text.splitlines()[0] == "Correction: RUMORED · in talks"
    assert "misread" in correction.text
    assert card.text.splitlines()[1] == "RUMORED · in talks"
    assert "ends talks" not in card.text
    assert told(bot, BORIS) == []


async def test_taking_back_all_there_was(bot: Bot) -> None:
    """The card of a deal without any report says so; the next report is a reply to it."""
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    await undo(bot)
    card, correction = told(bot)
    assert "No reports yet." in card.text
    assert correction.text.startswith("Correction: NO REPORTS YET")
    await bot.news(OFF)
    assert last_sent(bot)["reply_parameters"]["message_id"] == card.message_id


async def test_what_waited_is_never_told(bot: Bot) -> None:
    """A chat for which the wrong message was held back, or that was away, hears neither of it nor of its correction."""
    await bot.ask("/subscribe everything")
    await bot.ask("/subscribe everything", chat=BORIS)
    await wishing(bot, ANNA, digest=Digest.DAILY)
    bot.telegram.refuse(BORIS, blocked())
    await bot.news(TALKS)
    assert await undo(bot)
    bot.telegram.accept(BORIS)
    await bot.ask("/help", chat=BORIS)
    bot.clock.advance(days=1)
    await bot.program.courier.deliver()
    assert told(bot) == []
    assert len(told(bot, BORIS)) == 1


async def test_what_waits_for_the_end_of_a_pause_is_not_told(bot: Bot, ticker: Ticker) -> None:
    """A change that is taken back while its letter stands in line is told to nobody."""
    await bot.ask("/subscribe everything")
    await bot.settled()
    ticker.advance(1)
    ticker.busy = lambda: True  # time passes when this test says so
    bot.telegram.fail("sendMessage", flooded(300))
    telling = asyncio.create_task(bot.news(TALKS))
    await bot.telegram.called("sendMessage", 2)
    await undo(bot)
    ticker.busy = lambda: False
    ticker.advance(300)
    await telling
    await bot.program.courier.deliver()
    assert len(bot.telegram.messages(ANNA)) == 1


async def test_what_was_under_way_is_corrected(bot: Bot) -> None:
    """A change that is taken back while Telegram is taking its letter is corrected in that chat as in all others."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", Slow(after=0.5))
    telling = asyncio.create_task(bot.news(TALKS))
    await bot.telegram.until(lambda: len(bot.telegram.messages(ANNA)) == 2)
    await undo(bot)
    await telling
    await bot.program.courier.deliver()
    assert [m.first_text.splitlines()[0] for m in bot.telegram.messages(ANNA)][1:] == [
        "RUMORED · in talks",
        "Correction: NO REPORTS YET",
    ]


async def test_undoing_twice_tells_once(bot: Bot) -> None:
    """The second tap does nothing."""
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    assert await undo(bot)
    assert await undo(bot, number=0) is None
    assert len(told(bot)) == 2


async def test_what_was_in_a_digest_is_corrected_in_reply_to_it(bot: Bot) -> None:
    """At once, though without a sound: the chat does not want to be told until tomorrow."""
    await bot.ask("/subscribe everything")
    await wishing(bot, ANNA, digest=Digest.DAILY)
    await bot.news(TALKS)
    await bot.news(PHONES)
    bot.clock.advance(days=1)
    await bot.program.courier.deliver()
    (digest,) = told(bot)
    await undo(bot, number=0)
    assert last_sent(bot)["reply_parameters"]["message_id"] == digest.message_id
    assert last_sent(bot)["disable_notification"] is True


async def test_a_deal_moves_again_after_its_correction(bot: Bot) -> None:
    """A fresh report is news, and shown on the card."""
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    await undo(bot)
    await bot.news(AGREED)
    await bot.program.cards.refresh()
    assert told(bot)[-1].text.startswith("FINALIZED · agreed")
    assert told(bot)[0].text.splitlines()[1] == "FINALIZED · agreed"


@pytest.mark.parametrize("word", ["/history alpha beta", "/status alpha beta"])
async def test_a_correction_can_be_looked_up(bot: Bot, word: str) -> None:
    """The history shows what was taken back; the status shows no evidence for what is wrong."""
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    await bot.news(OFF)
    await undo(bot)
    answer = (await bot.ask(word)).text
    assert ("Correction: RUMORED · in talks" in answer) is word.startswith("/history")
    assert "RUMORED · in talks" in answer
    assert ("ends talks" in answer) is word.startswith("/history")


async def test_evidence_is_back_when_a_decision_is_undone(bot: Bot) -> None:
    """What a person set hides what was reported before, until it is taken back."""
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    async with bot.database.write() as session:
        deal = (await session.scalars(select(Deal).where(Deal.slug == "alpha-beta"))).one()
        await ledger.settle(session, deal, Stage.DENIED, OWNER, "I know", bot.clock())
    await undo(bot)
    card = told(bot)[0].text
    assert card.splitlines()[1] == "RUMORED · in talks"
    assert "in talks to buy" in card
