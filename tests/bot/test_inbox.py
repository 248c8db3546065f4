"""How updates come in: nothing is lost, nothing stops the polling."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from builders import HOUR
from full_disk import no_file_above
from running_bot import ANNA, BORIS, Bot
from sqlalchemy import select
from standin.faults import Garbled, json_response, unavailable
from standin.telegram import Telegram
from standin.wire import Response
from telegram.error import TimedOut

from bot.app import Program
from models import inbox
from models.database import Database
from models.inbox import IncomingUpdate
from models.subscriber import Wire


@pytest.mark.parametrize(
    "message",
    [
        pytest.param({"message_id": "no number", "chat": 7}, id="no message at all"),
        pytest.param({"message_id": 1, "date": 0, "chat": {"id": [1], "type": "private"}}, id="a list for a chat"),
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
    update = {"update_id": 5, "message": _typed("/help")}
    async with database.write() as session:
        await inbox.store(session, Wire.TELEGRAM, [update], program.inbox._clock())
    async with _serving(program):
        assert "all commands" in (await telegram.sent(ANNA))[0].text


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


# One chat beside the others ------------------------------------------------------------------------------------------


async def test_a_chat_that_must_wait_holds_up_nobody(bot: Bot) -> None:
    """Thirty commands of one chat are answered in their order, one a second; another chat's is answered at once."""
    for number in range(30):
        await bot.telegram.user_sends(ANNA, f"/status question{number}")
    await bot.telegram.user_sends(BORIS, "/help")
    texts = [message.text for message in await bot.telegram.sent(ANNA, 30)]
    assert [f"question{number}" in text for number, text in enumerate(texts)] == [True] * 30
    order = [call.parameters["chat_id"] for call in bot.telegram.calls("sendMessage")]
    assert order.index(BORIS) <= 2


# Nothing stops the polling -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mixed:
    """Something that is no update stands among the updates."""

    junk: object
    applies = True
    kind = "no update"

    def spoil(self, response: Response) -> Response:
        answer = json.loads(response.body)
        return json_response(200, answer | {"result": [self.junk, *answer["result"]]})


@pytest.mark.parametrize(
    "junk", ["text", None, 7, [], {}, {"update_id": "7"}, {"update_id": 2**63, "message": {}}], ids=repr
)
async def test_what_is_no_update_does_not_stop_the_others(bot: Bot, junk: object) -> None:
    """Whatever stands among the updates, those that have an id are taken."""
    bot.telegram.fail_when(lambda method, _: Mixed(junk) if method == "getUpdates" else None)
    for _ in range(3):
        assert "all commands" in (await bot.ask("/help")).text


async def test_ids_may_restart_lower(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a quiet week Telegram counts from anywhere: nothing is lost where it counts from lower numbers."""
    monkeypatch.setattr("bot.polling.LONG_POLL_SECONDS", 0)
    await bot.ask("/subscribe alpha-beta")
    bot.telegram.restart_ids(5)
    assert "all commands" in (await bot.ask("/help")).text
    assert "Alpha" in (await bot.ask("/subscriptions")).text


async def test_what_waits_is_handled_in_its_order_though_ids_restarted(
    program: Program, database: Database, telegram: Telegram
) -> None:
    """A chat's updates that a former run left are handled as they came, even if their ids and the clock went back."""
    now = program.inbox._clock()
    for update_id, text, at in ((900, "/status first", now), (5, "/status second", now - HOUR)):
        async with database.write() as session:
            await inbox.store(session, Wire.TELEGRAM, [{"update_id": update_id, "message": _typed(text)}], at)
    async with _serving(program):
        first, second = await telegram.sent(ANNA, 2)
    assert ("first" in first.text, "second" in second.text) == (True, True)


def test_the_wait_for_telegram_stays_short(program: Program) -> None:
    """After a night without Telegram, with more failures than a float has doublings, it is asked twice a minute."""
    waits = [program._polling._after_failure(TimedOut()) for _ in range(1100)]
    assert (waits[0], waits[-1]) == (2.0, 30.0)


async def test_an_answered_command_whose_mark_cannot_be_stored_is_not_answered_again(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On a disk that fills up after the answer, the mark is stored once there is space; the command is handled once."""
    monkeypatch.setattr("bot.inbox.STORE_AGAIN_SECONDS", 0.01)
    update_id = await bot.telegram.user_sends(ANNA, "/help")
    with ExitStack() as full:

        def fills_up(method: str, _: Mapping[str, object]) -> None:
            if method == "sendMessage":
                full.enter_context(no_file_above(Path(f"{bot.database.path}-wal").stat().st_size))

        bot.telegram.fail_when(fills_up)
        await bot.telegram.sent(ANNA)
        async with asyncio.timeout(20):
            while caplog.text.count("does not take a change") < 3:  # noqa: ASYNC110 (a log rings no bell)
                await asyncio.sleep(0.01)
    bot.telegram.fail_when(None)
    bot.telegram.redeliver(update_id)
    await bot.settled()
    assert len(bot.telegram.messages(ANNA)) == 1
    async with bot.database.read() as session:
        assert not await inbox.waiting(session, Wire.TELEGRAM)


def _typed(text: str) -> dict[str, object]:
    command = {"type": "bot_command", "offset": 0, "length": len(text.split()[0])}
    chat = {"id": ANNA, "type": "private"}
    return {"message_id": 1, "date": 0, "chat": chat, "text": text, "entities": [command]}


@asynccontextmanager
async def _serving(program: Program) -> AsyncIterator[None]:
    running = asyncio.create_task(program.run())
    yield
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
