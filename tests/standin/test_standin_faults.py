"""What goes wrong by script."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from telegram import Bot
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from standin import faults
from standin.conftest import Time
from standin.faults import Drop, Fault, Garbled, Reset, Slow, blocked, flooded, migrated, unavailable
from standin.telegram import Telegram


async def test_faults_come_in_order_and_end(telegram: Telegram, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each scripted fault meets one request; then all is well."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    telegram.fail("sendMessage", flooded(7), blocked(), None, migrated(-1_000_000_000_007), unavailable())

    with pytest.raises(RetryAfter) as flood:
        await bot.send_message(42, "x")
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(42, "x")
    await bot.send_message(42, "x")
    with pytest.raises(ChatMigrated) as migration:
        await bot.send_message(-7, "x")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(42, "x")
    await bot.send_message(42, "x")

    assert flood.value.retry_after == timedelta(seconds=7)
    assert migration.value.new_chat_id == -1_000_000_000_007
    assert len(telegram.calls("sendMessage")) == 6
    assert len(telegram.messages(42)) == 2


@pytest.mark.parametrize(
    ("fault", "cause", "count"),
    [
        (Drop.BEFORE_APPLYING, httpx.RemoteProtocolError, 0),
        (Drop.AFTER_APPLYING, httpx.RemoteProtocolError, 1),
        (Reset.BEFORE_APPLYING, httpx.ReadError, 0),
        (Reset.AFTER_APPLYING, httpx.ReadError, 1),
        (Garbled.HALF_BODY, httpx.RemoteProtocolError, 1),
    ],
)
async def test_a_connection_breaks(
    telegram: Telegram, bot: Bot, fault: Fault, cause: type[Exception], count: int
) -> None:
    """A lost connection leaves the bot in doubt: the message is in the chat or it is not."""
    telegram.fail("sendMessage", fault)
    with pytest.raises(NetworkError) as error:
        await bot.send_message(42, "x")
    await bot.send_message(43, "the next one passes")

    assert type(error.value.__cause__) is cause
    assert len(telegram.messages(42)) == count
    assert [call.fault for call in telegram.transcript[-2:]] == [fault, None]


async def test_a_refusal_can_get_lost(telegram: Telegram, bot: Bot) -> None:
    """A connection that breaks after Telegram said no leaves the bot as much in doubt."""
    telegram.refuse(42, blocked())
    telegram.fail("sendMessage", Drop.AFTER_APPLYING)
    with pytest.raises(NetworkError, match="disconnected"):
        await bot.send_message(42, "x")

    assert telegram.calls("sendMessage")[0].fault is Drop.AFTER_APPLYING


async def test_telegram_is_late_to_answer(telegram: Telegram, bot: Bot) -> None:
    """The client gives up waiting, though the message is in the chat."""
    telegram.fail("sendMessage", Slow(after=20))
    with pytest.raises(TimedOut):
        await bot.send_message(42, "x", read_timeout=0.05)

    assert len(telegram.messages(42)) == 1


async def test_telegram_is_late_to_act(telegram: Telegram, bot: Bot) -> None:
    """The message appears after its client has given up waiting."""
    telegram.fail("sendMessage", late := Slow(before=0.5))
    with pytest.raises(TimedOut):
        await bot.send_message(42, "x", read_timeout=0.05)
    assert telegram.messages(42) == []

    await telegram.sent(42)
    assert [call.fault for call in await telegram.called("sendMessage")] == [late]


async def test_a_cut_connection_leaves_its_request_in_the_transcript(telegram: Telegram, bot: Bot) -> None:
    """What was done is on record, even if the server went down before the answer."""
    telegram.fail("sendMessage", Slow(after=20))
    sending = asyncio.create_task(bot.send_message(42, "x"))
    await telegram.sent(42)
    async with telegram.down():
        with pytest.raises(NetworkError):
            await sending

    assert len(telegram.calls("sendMessage")) == 1


@pytest.mark.parametrize(
    ("fault", "error", "count"),
    [
        (Garbled.NOT_JSON, TelegramError, 1),
        (Garbled.WITHOUT_RESULT, KeyError, 1),
        (flooded(None), NetworkError, 0),
        (unavailable(500), NetworkError, 0),
        (unavailable(503), NetworkError, 0),
        (faults.gateway(502), NetworkError, 0),
        (faults.gateway(504), NetworkError, 0),
        (faults.too_large(), NetworkError, 0),
        (faults.conflict(), Conflict, 0),
        (faults.unauthorized(), InvalidToken, 0),
        (faults.not_found(), InvalidToken, 0),
        (faults.deactivated(), Forbidden, 0),
        (faults.never_started(), Forbidden, 0),
        (faults.kicked("supergroup"), Forbidden, 0),
        (faults.not_a_member(), Forbidden, 0),
        (faults.group_deleted(), Forbidden, 0),
        (faults.group_deactivated(), BadRequest, 0),
        (faults.chat_not_found(), BadRequest, 0),
        (faults.peer_id_invalid(), BadRequest, 0),
        (faults.may_not_send_text(), BadRequest, 0),
        (faults.may_not_send(), BadRequest, 0),
        (faults.topic_closed(), BadRequest, 0),
        (faults.thread_not_found(), BadRequest, 0),
        (faults.too_long(), BadRequest, 0),
        (faults.unparsable(), BadRequest, 0),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
async def test_an_error_reaches_the_bot(
    telegram: Telegram, bot: Bot, fault: Fault, error: type[Exception], count: int
) -> None:
    """Each answer that is none arrives as python-telegram-bot understands it, and the message is there or not."""
    telegram.fail("sendMessage", fault)
    with pytest.raises(error) as met:
        await bot.send_message(42, "x")

    assert type(met.value) is error
    assert len(telegram.messages(42)) == count
    assert telegram.calls("sendMessage")[0].fault is fault


async def test_a_script_chooses_what_fails(telegram: Telegram, bot: Bot) -> None:
    """Every second request to one chat fails until the script ends; what was queued by name goes first."""
    turns = 0

    def script(method: str, parameters: Mapping[str, Any]) -> Fault | None:
        nonlocal turns
        turns += method == "sendMessage" and parameters["chat_id"] == 42
        return blocked() if turns % 2 == 0 and parameters.get("chat_id") == 42 else None

    telegram.fail_when(script)
    telegram.fail("sendMessage", unavailable())
    outcomes = [await _outcome(bot, chat) for chat in (43, 42, 43, 42, 42, 42)]
    telegram.fail_when(None)

    assert outcomes == ["Bad Gateway", "", "", "Forbidden: bot was blocked by the user", "", outcomes[3]]
    assert await _outcome(bot, 42) == await _outcome(bot, 42) == ""


async def _outcome(bot: Bot, chat: int) -> str:
    try:
        await bot.send_message(chat, "x")
    except TelegramError as error:
        return error.message
    return ""


async def test_telegram_goes_down_and_comes_back(telegram: Telegram, bot: Bot) -> None:
    """Open connections are cut, new ones refused; afterwards it is where it was, with what users did meanwhile."""
    poll = asyncio.create_task(bot.get_updates(timeout=20))
    await telegram.until_polled()
    async with telegram.down():
        with pytest.raises(NetworkError):
            await poll
        with pytest.raises(NetworkError) as refused:
            await bot.send_message(42, "x")
        assert isinstance(refused.value.__cause__, httpx.ConnectError)
        update = await telegram.user_sends(42, "/start")

    assert [u.update_id for u in await bot.get_updates()] == [update]
    await telegram.go_down()
    await telegram.come_back()
    assert await bot.send_message(42, "x")


async def test_the_transcript_knows_the_times(telegram: Telegram, bot: Bot, time: Time) -> None:
    """Every request is on record with the seconds when it came and when it was answered."""
    began = time.seconds
    poll = asyncio.create_task(bot.get_updates(timeout=5))
    await telegram.until_polled()
    time.pass_by(seconds=3)
    await telegram.user_sends(42, "/start")
    await poll

    (call,) = telegram.calls("getUpdates")
    assert (call.at, call.answered_at) == (began, began + 3)
