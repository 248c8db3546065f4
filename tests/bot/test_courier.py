"""What becomes of a letter when Telegram does not simply take it."""

import pytest
from running_bot import ANNA, BORIS, Bot
from sqlalchemy import select
from standin.faults import Drop, Garbled, blocked, migrated, unavailable

from models.outbox import Letter
from models.subscriber import Subscriber

NEWS = "Alpha in talks to buy Beta, Bloomberg reports"


async def _letters(bot: Bot) -> list[Letter]:
    async with bot.database.read() as session:
        return list(await session.scalars(select(Letter).order_by(Letter.id)))


async def test_a_sent_letter_keeps_the_message_id(bot: Bot) -> None:
    """After delivery the row says when, and which message it became."""
    await bot.ask("/subscribe everything")
    await bot.news(NEWS)
    (letter,) = await _letters(bot)
    assert letter.sent_at == bot.clock.now
    assert letter.message_id == bot.telegram.messages(ANNA)[-1].message_id


@pytest.mark.parametrize("word", ["/start", "/subscriptions", "huawei verizon"])
async def test_a_blocked_chat_is_retired_and_any_word_brings_it_back(bot: Bot, word: str) -> None:
    """A user who blocks the bot gets nothing more, keeps the subscriptions, and gets what waited on coming back."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", blocked())
    await bot.news(NEWS)
    await bot.news("Alpha ends talks to buy Beta, Bloomberg reports")
    assert len(await _letters(bot)) == 2
    assert not any(letter.sent_at for letter in await _letters(bot))
    await bot.ask(word)
    await bot.program.courier.deliver()
    assert all(letter.sent_at for letter in await _letters(bot))


async def test_a_group_that_became_a_supergroup_is_followed(bot: Bot) -> None:
    """The letter goes to the new id, and so does everything after it."""
    await bot.ask("/subscribe everything", chat=-5)
    bot.telegram.fail("sendMessage", migrated(-1005))
    await bot.news(NEWS)
    assert [m.text.splitlines()[0] for m in bot.telegram.messages(-1005)] == ["RUMORED · in talks"]


@pytest.mark.parametrize("fault", [unavailable(502), Drop.BEFORE_APPLYING], ids=["502", "connection lost before"])
async def test_an_undelivered_letter_is_tried_again(bot: Bot, fault: object) -> None:
    """A letter that certainly did not arrive is sent once its time has come, and arrives once."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", fault)
    await bot.news(NEWS)
    bot.clock.advance(seconds=5)
    await bot.program.courier.deliver()
    assert [m.text.splitlines()[0] for m in bot.telegram.messages(ANNA)][1:] == ["RUMORED · in talks"]


async def test_an_uncertain_letter_is_doubled_rather_than_lost(bot: Bot) -> None:
    """When the connection broke after Telegram took the message, one extra copy is the price."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", Drop.AFTER_APPLYING)
    await bot.news(NEWS)
    bot.clock.advance(seconds=5)
    await bot.program.courier.deliver()
    assert [m.text.splitlines()[0] for m in bot.telegram.messages(ANNA)][1:] == ["RUMORED · in talks"] * 2


async def test_the_order_in_a_chat_survives_a_failure(bot: Bot) -> None:
    """A later letter waits for the one before it."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", unavailable(502))
    await bot.news(NEWS)
    await bot.news("Alpha ends talks to buy Beta, Bloomberg reports")
    bot.clock.advance(seconds=5)
    await bot.program.courier.deliver()
    assert [m.text.splitlines()[0] for m in bot.telegram.messages(ANNA)][1:] == [
        "RUMORED · in talks",
        "RUMORED → DENIED · called off",
    ]


async def test_an_answer_that_makes_no_sense_holds_up_nobody(bot: Bot) -> None:
    """A 200 without a result, which PTB cannot read, puts one letter off and lets the others go."""
    await bot.ask("/subscribe everything")
    await bot.ask("/subscribe everything", chat=BORIS)
    bot.telegram.fail("sendMessage", Garbled.WITHOUT_RESULT)
    await bot.news(NEWS)
    assert sorted(letter.sent_at is None for letter in await _letters(bot)) == [False, True]
    bot.clock.advance(seconds=5)
    await bot.program.courier.deliver()
    assert not any(letter.sent_at is None for letter in await _letters(bot))


async def test_one_bad_chat_does_not_hold_up_the_others(bot: Bot) -> None:
    """A retired chat costs the others nothing."""
    await bot.ask("/subscribe everything")
    await bot.ask("/subscribe everything", chat=BORIS)
    bot.telegram.fail("sendMessage", blocked())
    await bot.news(NEWS)
    async with bot.database.read() as session:
        retired = list(await session.scalars(select(Subscriber.chat_id).where(Subscriber.retired_at.is_not(None))))
    (lost,) = retired
    (served,) = {ANNA, BORIS} - {lost}
    assert bot.telegram.messages(served)[-1].text.startswith("RUMORED")
