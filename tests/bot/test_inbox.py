"""How updates come in: nothing is lost, nothing stops the polling."""

import asyncio
from contextlib import suppress

import pytest
from running_bot import ANNA, Bot
from sqlalchemy import select
from standin.faults import Garbled, unavailable
from standin.telegram import Telegram

from bot.app import Program
from models import inbox
from models.database import Database
from models.inbox import IncomingUpdate
from models.subscriber import Wire


@pytest.mark.parametrize(
    "message",
    [
        pytest.param({"message_id": "no number", "chat": 7}, id="no message at all"),
        pytest.param({"message_id": 1, "date": 10**20, "chat": {"id": 7, "type": "private"}}, id="beyond the calendar"),
    ],
)
async def test_a_malformed_update_is_set_aside(bot: Bot, message: dict[str, object]) -> None:
    """An update that nobody can read is kept with the reason, and the next one is answered."""
    await bot.telegram.update("message", message)
    assert (await bot.ask("/help")).text
    async with bot.database.read() as session:
        rows = list(await session.scalars(select(IncomingUpdate).where(IncomingUpdate.error.is_not(None))))
    assert len(rows) == 1


async def test_a_failed_poll_is_repeated(bot: Bot) -> None:
    """Telegram's 502 to a poll loses no update."""
    bot.telegram.fail("getUpdates", unavailable(502))
    assert (await bot.ask("/help")).text


async def test_an_update_kept_by_a_former_run_is_handled(
    program: Program, database: Database, telegram: Telegram
) -> None:
    """What was stored, but not handled when the process died, is answered at the next start."""
    message = {"message_id": 1, "date": 0, "chat": {"id": ANNA, "type": "private"}, "text": "/help"}
    message["entities"] = [{"type": "bot_command", "offset": 0, "length": 5}]
    async with database.write() as session:
        await inbox.store(session, Wire.TELEGRAM, [{"update_id": 5, "message": message}], program.inbox._clock())
    running = asyncio.create_task(program.run())
    assert "all commands" in (await telegram.sent(ANNA))[0].text
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_an_answer_without_a_result_stops_nothing(bot: Bot) -> None:
    """What PTB cannot read as updates is asked for again."""
    bot.telegram.fail("getUpdates", Garbled.WITHOUT_RESULT)
    assert (await bot.ask("/help")).text


async def test_an_answer_outlives_a_short_outage(bot: Bot) -> None:
    """When Telegram fails while a command is answered, the answer comes a moment later."""
    bot.telegram.fail("sendMessage", unavailable(502))
    assert "All commands" in (await bot.ask("/start")).text


async def test_what_people_write_is_not_kept(bot: Bot) -> None:
    """Once it is handled, only an update's id is remembered."""
    await bot.ask("/subscribe alpha-beta")
    await bot.settled()
    async with bot.database.read() as session:
        first = (await session.scalars(select(IncomingUpdate).order_by(IncomingUpdate.update_id))).first()
    assert first is not None
    assert (first.handled_at, first.payload) == (bot.clock.now, {})


async def test_an_update_is_kept_once(bot: Bot) -> None:
    """The same update delivered twice is one row and has one effect."""
    payload = [{"update_id": 77, "message": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}}]
    await bot.program.inbox.keep(payload)
    await bot.program.inbox.keep(payload)
    async with bot.database.read() as session:
        assert len(await inbox.waiting(session, Wire.TELEGRAM)) == 1
