"""What becomes of news that a chat could not be told: when it was away, and when a message was given up."""

import pytest
from running_bot import ANNA, GROUP, OWNER, Bot
from sqlalchemy import select
from standin.faults import ApiError, blocked, unavailable
from standin.telegram import BotMessage

from models import outbox
from models.outbox import Letter
from models.subscriber import Subscriber

TALKS, OFF, AGREED = (
    "Alpha in talks to buy Beta, Bloomberg reports",
    "Alpha ends talks to buy Beta, Bloomberg reports",
    "Alpha agrees to buy Beta",
)
PHONES = "AT&T agrees to sell Huawei phones"
TOO_LONG = ApiError(400, "Bad Request: message is too long")


async def _membership(bot: Bot, chat: int, before: str, after: str) -> None:
    """A user blocks or unblocks the bot, or a group throws it out or takes it in."""
    people = {"id": ANNA, "is_bot": False, "first_name": "Anna"}
    itself = {"id": 123456, "is_bot": True, "first_name": "Hearsay"}
    place = {"id": chat, "type": "private" if chat > 0 else "group"}
    change = {
        "chat": place,
        "from": people,
        "date": int(bot.clock().timestamp()),
        "old_chat_member": _member(itself, before),
        "new_chat_member": _member(itself, after),
    }
    await bot.telegram.update("my_chat_member", change)
    await bot.settled()


def _member(user: dict[str, object], status: str) -> dict[str, object]:
    return {"status": status, "user": user} | ({"until_date": 0} if status == "kicked" else {})


async def _retired(bot: Bot) -> list[int]:
    async with bot.database.read() as session:
        return list(await session.scalars(select(Subscriber.chat_id).where(Subscriber.retired_at.is_not(None))))


async def _letters(bot: Bot) -> list[Letter]:
    async with bot.database.read() as session:
        return list(await session.scalars(select(Letter).order_by(Letter.id)))


def _news(messages: list[BotMessage]) -> list[str]:
    """The headlines among a chat's messages."""
    return [message.text.splitlines()[0] for message in messages if "History" in [b.text for b in message.buttons]]


async def _away(bot: Bot, chat: int = ANNA, *, days: float) -> None:
    """The chat follows everything and takes no messages; two deals move four times, then so many days go by."""
    await bot.ask("/subscribe everything", chat=chat)
    await _membership(bot, chat, "member", "kicked")
    for title in (TALKS, OFF, PHONES, AGREED):
        await bot.news(title)
    bot.clock.advance(days=days)


@pytest.mark.parametrize(("chat", "away"), [(ANNA, "kicked"), (GROUP, "kicked"), (GROUP, "left")])
async def test_a_chat_that_leaves_is_retired_at_once(bot: Bot, chat: int, away: str) -> None:
    """Blocked or thrown out, the bot does not even try; let in again, it tells what happened meanwhile, in order."""
    await bot.ask("/subscribe everything", chat=chat)
    await _membership(bot, chat, "member", away)
    assert await _retired(bot) == [chat]
    tried = len(bot.telegram.calls("sendMessage"))
    await bot.news(TALKS)
    await bot.news(AGREED)
    assert len(bot.telegram.calls("sendMessage")) == tried
    await _membership(bot, chat, away, "member")
    await bot.program.courier.deliver()
    assert await _retired(bot) == []
    assert _news(bot.telegram.messages(chat)) == ["RUMORED · in talks", "RUMORED → FINALIZED · agreed"]


@pytest.mark.parametrize("word", ["/start", "/subscriptions", "unblocked"])
async def test_a_return_after_long_brings_one_message_per_deal(bot: Bot, word: str) -> None:
    """However a chat comes back after days, each deal that moved is told once, as it stands now."""
    await _away(bot, days=3)
    if word == "unblocked":
        await _membership(bot, ANNA, "kicked", "member")
    else:
        await bot.ask(word)
    await bot.settled()
    await bot.program.courier.deliver()
    assert _news(bot.telegram.messages(ANNA)) == ["FINALIZED · agreed", "DENIED → FINALIZED · agreed"]
    greeting = next(m for m in bot.telegram.messages(ANNA) if m.text.startswith("Back again"))
    assert greeting.text.splitlines() == [
        "Back again. Meanwhile 2 changes of 1 deal could not be told here.",
        "On the way: 1 message, one per deal.",
    ]
    assert "told everything" in (await bot.ask("/missed")).text


async def test_nothing_is_lost_in_a_fold(bot: Bot) -> None:
    """Every letter of the time away was sent, or says that a later message told it."""
    await _away(bot, days=3)
    await bot.ask("/start")
    await bot.program.courier.deliver()
    letters = await _letters(bot)
    assert [letter.error for letter in letters if letter.sent_at is None] == [outbox.FOLDED] * 2
    assert len(letters) == 4


async def test_a_short_absence_is_told_in_full(bot: Bot) -> None:
    """Within a day nothing is folded, and nobody is greeted."""
    await _away(bot, days=0.9)
    await _membership(bot, ANNA, "kicked", "member")
    await bot.program.courier.deliver()
    assert len(_news(bot.telegram.messages(ANNA))) == 4
    assert not any(m.text.startswith("Back again") for m in bot.telegram.messages(ANNA))


async def test_a_return_is_greeted_once(bot: Bot) -> None:
    """The second word of a chat that is back is answered as any other."""
    await _away(bot, days=3)
    for _ in range(2):
        await bot.ask("/deals")
    await bot.settled()
    assert sum(m.text.startswith("Back again") for m in bot.telegram.messages(ANNA)) == 1


async def test_a_greeting_that_fails_costs_nothing(bot: Bot) -> None:
    """Blocked again before the greeting: the word was handled, and what waits still waits."""
    await _away(bot, days=3)
    bot.telegram.fail("sendMessage", None, blocked())
    await bot.ask("/deals")
    await bot.settled()
    await bot.program.courier.deliver()
    assert len(_news(bot.telegram.messages(ANNA))) == 2


async def test_what_was_given_up_is_offered_on_return(bot: Bot) -> None:
    """A message that Telegram refuses for good is missed until its deal's card is shown or a later one is sent."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", TOO_LONG)
    await bot.news(TALKS)
    missed = await bot.ask("/missed")
    assert missed.text.splitlines() == [
        "Not told here (1 deal)",
        "• Alpha <Holdings> & Beta: in talks (1 change not told)",
    ]
    await _membership(bot, ANNA, "member", "kicked")
    await _membership(bot, ANNA, "kicked", "member")
    offer = bot.telegram.messages(ANNA)[-1]
    assert offer.text == "Back again. Meanwhile 1 change of 1 deal could not be told here."
    await bot.press(offer, "What I missed")
    shown = bot.telegram.messages(ANNA)[-1]
    assert shown.text == missed.text
    await bot.press(shown, "Alpha <Holdings> & Beta")
    assert "RUMORED · in talks" in bot.telegram.messages(ANNA)[-1].text
    assert "told everything" in (await bot.ask("/missed")).text


async def test_a_later_message_ends_what_was_missed(bot: Bot) -> None:
    """The next push says where the deal stands."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", TOO_LONG)
    await bot.news(TALKS)
    await bot.news(AGREED)
    assert (await bot.ask("/missed")).text == "This chat was told everything."


async def test_missed_concerns_the_chat_that_asks(bot: Bot) -> None:
    """Nobody sees or settles what another chat missed; a button for a deal that is gone says so."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", TOO_LONG)
    await bot.news(TALKS)
    other = await bot.ask("/missed", chat=GROUP, user=ANNA)
    assert other.text == "This chat was told everything."
    deal = await bot.deal("alpha-beta")
    await bot.forge(other, f"missed:{deal.id}", ANNA)
    assert "out of date" in await bot.forge(other, "missed:999", ANNA)
    assert "1 change not told" in (await bot.ask("/missed")).text


async def test_the_owner_sees_the_sum_of_all_chats(bot: Bot) -> None:
    """In the owner's private chat only: what waits, for whom nothing can be sent, and what was given up."""
    await bot.own()
    await bot.ask("/subscribe everything")
    await bot.ask("/subscribe everything", chat=GROUP, user=ANNA)
    await _membership(bot, GROUP, "member", "kicked")
    bot.telegram.fail("sendMessage", TOO_LONG, unavailable())
    await bot.news(TALKS)
    await bot.news(AGREED)
    told = (await bot.ask("/missed", chat=OWNER)).text.splitlines()
    assert told == [
        "This chat was told everything.",
        "",
        "All chats: 3 waiting for 2 chats, 2 of them for 1 chat that took no more messages; 1 given up.",
        "The oldest waits since 8 Jan 2018, 12:01 UTC.",
        "On the command line: hearsay outbox",
    ]
    assert "All chats" not in (await bot.ask("/missed")).text
    assert "All chats" not in (await bot.ask("/missed", chat=-77, user=OWNER)).text
