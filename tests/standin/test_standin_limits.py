"""How much the stand-in lets a bot send."""

import math
from datetime import timedelta

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, RetryAfter

from standin.conftest import Time
from standin.faults import Drop, flooded
from standin.limits import STRICT, Limits
from standin.telegram import Telegram

GROUP = -2001


@pytest.fixture
def limits() -> Limits:
    return STRICT


@pytest.fixture(autouse=True)
def _retry_after_is_a_timedelta(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


async def _refused_for(bot: Bot, chat: int) -> float:
    with pytest.raises(RetryAfter) as refusal:
        await bot.send_message(chat, "one too many")
    assert isinstance(refusal.value.retry_after, timedelta)
    return refusal.value.retry_after.total_seconds()


async def test_a_chat_gets_one_message_a_second(telegram: Telegram, bot: Bot, time: Time) -> None:
    """The second within a second is refused, is not in the chat, and does not put off the next one."""
    await bot.send_message(42, "one")
    time.pass_by(seconds=0.9)
    assert await _refused_for(bot, 42) == 1
    await bot.send_message(43, "to another chat")
    time.pass_by(seconds=0.1)
    await bot.send_message(42, "two")

    assert [message.text for message in telegram.messages(42)] == ["one", "two"]
    assert telegram.traffic.flooded == 1
    assert telegram.traffic.closest(42) == pytest.approx(1)


async def test_thirty_messages_pass_in_a_second(telegram: Telegram, bot: Bot, time: Time) -> None:
    """The 31st must wait until the first is a second old, whichever chat it is for."""
    for chat in range(1, 31):
        await bot.send_message(chat, "x")
        time.pass_by(seconds=0.02)
    assert await _refused_for(bot, 31) == 1
    time.pass_by(seconds=0.4)
    await bot.send_message(31, "x")

    assert telegram.traffic.busiest_second() == 30


async def test_a_group_gets_twenty_messages_a_minute(telegram: Telegram, bot: Bot, time: Time) -> None:
    """The 21st is refused with the seconds that are left of the minute, rounded up; a person may get more."""
    for chat in (GROUP, 42):
        for _ in range(20):
            await bot.send_message(chat, "x")
            time.pass_by(seconds=1)
        time.pass_by(seconds=0.5)
        if chat == GROUP:
            assert await _refused_for(bot, chat) == 40
        else:
            await bot.send_message(chat, "x")

    assert (telegram.traffic.busiest_minute(GROUP), telegram.traffic.busiest_minute(42)) == (20, 21)


async def test_an_edit_counts(bot: Bot) -> None:
    """Editing a message is as much as sending one."""
    sent = await bot.send_message(42, "rumored")
    with pytest.raises(RetryAfter):
        await bot.edit_message_text("denied", 42, sent.message_id)


async def test_what_changes_no_chat_does_not_count(telegram: Telegram, bot: Bot) -> None:
    """Questions, answers to presses and the typing sign go through at any pace."""
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="x")]])
    sent = await bot.send_message(42, "x", reply_markup=keyboard)
    for _ in range(40):
        await telegram.user_presses(42, sent.message_id, "x")
        query = (await bot.get_updates(offset=-1))[0].callback_query
        assert query is not None
        await query.answer()
        await bot.send_chat_action(42, "typing")
        await bot.get_chat(42)

    assert telegram.traffic.flooded == 0


@pytest.mark.parametrize("fault", [None, flooded(3), Drop.BEFORE_APPLYING])
async def test_what_is_not_taken_does_not_count(telegram: Telegram, bot: Bot, fault: object) -> None:
    """After a bad message, or one that a scripted fault stopped, the next may come at once."""
    telegram.fail("sendMessage", fault)
    with pytest.raises(Exception, match=r"empty|Flood|disconnected"):
        await bot.send_message(42, " ")
    await bot.send_message(42, "x")

    assert (telegram.traffic.busiest_second(), telegram.traffic.flooded) == (1, 0)


async def test_the_limits_go_before_the_rest(bot: Bot) -> None:
    """Too much is refused as too much, even if it is bad besides."""
    await bot.send_message(42, "x")
    assert await _refused_for(bot, 42) == 1
    with pytest.raises(BadRequest):
        await bot.send_message(43, " ")


class TestWithoutLimits:
    """Everything passes, and is measured all the same."""

    @pytest.fixture
    def limits(self) -> None:
        return None

    async def test_traffic_is_measured(self, telegram: Telegram, bot: Bot, time: Time) -> None:
        """The busiest second is a sliding one: neither the first nor the last."""
        for pause in (0.4, 0.4, 0.1, 0.4, 5, 0):
            await bot.send_message(GROUP, "x")
            time.pass_by(seconds=pause)

        assert telegram.traffic.busiest_second() == 4
        assert telegram.traffic.busiest_minute(GROUP) == 6
        assert telegram.traffic.closest(GROUP) == pytest.approx(0.1)
        assert telegram.traffic.closest(42) == math.inf
