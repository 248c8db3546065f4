"""The live bot and the terminal conversation: both over the real database."""

import asyncio
import logging
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import SecretStr
from rich.console import Console

from bot.app import Program, Surroundings, utc_now
from bot.errors import AlreadyRunningError
from bot.settings import Settings
from bot.terminal import TOKEN, TerminalWire, read_input
from feeds.opml import read_opml
from models import feed, imports, migration, milestone, outbox, owner
from models.database import Database, has_wal_reset_bug
from models.subscriber import Wire
from models.watchlist import read_watchlist

logger = logging.getLogger(__name__)

EXAMPLES = Path(__file__).parent.parent / "examples"


async def open_database(path: Path) -> Database:
    """Migrate the file and open it; a new one starts with the starter watchlist and the starter feeds."""
    _log_sqlite()
    await asyncio.to_thread(migration.upgrade, path)
    database = Database(path)
    async with database.read() as session:
        started = await milestone.is_reached(session, milestone.STARTERS)
    if not started:
        await _import_starters(database)
    return database


async def serve(settings: Settings, token: SecretStr, say: Callable[[str], None]) -> None:
    """Run the live bot until the process is asked to stop. Raises :class:`AlreadyRunningError`."""
    with _alone(settings.database, Wire.TELEGRAM):
        async with await open_database(settings.database) as database:
            await _settle_owner(database, settings, say)
            program = Program(settings, token.get_secret_value(), database, Surroundings())
            with _stopping_on_sigterm():
                await program.run()


async def talk(settings: Settings, console: Console) -> None:
    """The terminal conversation, until /quit or the end of the input. Polling stays with the live bot.

    Raises :class:`AlreadyRunningError`.
    """
    with _alone(settings.database, Wire.TERMINAL):
        async with await open_database(settings.database) as database:
            wire = TerminalWire(console, time.time, first_update=time.time_ns())
            around = Surroundings(wire=Wire.TERMINAL, telegram=wire, limits=None, edits=False, polls=False)
            console.print("Talk to Hearsay. Try /deals or /help. Press a button by its number. Leave with /quit.\n")
            await _converse(Program(settings, TOKEN, database, around), wire)


async def _converse(program: Program, wire: TerminalWire) -> None:
    """Serve until the person leaves, or the input has ended and everything typed is answered."""
    serving = asyncio.create_task(program.run())
    leaving = asyncio.create_task(wire.quit.wait())
    typing = asyncio.create_task(read_input(wire, program.inbox.idle))
    await asyncio.wait({serving, leaving, typing}, return_when=asyncio.FIRST_COMPLETED)
    for task in (leaving, typing):
        task.cancel()
    if serving.done():
        serving.result()
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


@contextmanager
def _alone(path: Path, wire: Wire) -> Iterator[None]:
    """Refuse to be the second: two couriers of one wire would send everything twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{path}.{wire}.lock", blocking=False):
            yield
    except Timeout:
        raise AlreadyRunningError(f"Hearsay runs on {path} already. Stop it first, or use another database.") from None


def _log_sqlite() -> None:
    """Say which SQLite is in use, and that its WAL-reset bug, if it has it, cannot strike here."""
    present = has_wal_reset_bug(sqlite3.sqlite_version_info)
    bug = "present, out of reach: one connection at a time writes and checkpoints" if present else "fixed"
    logger.info("SQLite", extra={"version": sqlite3.sqlite_version, "wal_reset_bug": bug})


async def _import_starters(database: Database) -> None:
    deals = read_watchlist((EXAMPLES / "watchlist.toml").read_text(encoding="utf-8"))
    lines = read_opml((EXAMPLES / "feeds.opml").read_bytes())
    async with database.write() as session:
        await imports.import_deals(session, deals, utc_now())
        for line in lines:
            await feed.add(session, line.url, line.title, line.trust)
        await milestone.reach(session, milestone.STARTERS)


async def _settle_owner(database: Database, settings: Settings, say: Callable[[str], None]) -> None:
    async with database.write() as session:
        if settings.owner:
            await owner.appoint(session, settings.owner)
            await outbox.post_waiting(session, utc_now())
            return
        code = await owner.offer_code(session)
    if code:
        say(f"Nobody owns this Hearsay yet. Send the bot this in a private chat: /claim {code}")


@contextmanager
def _stopping_on_sigterm() -> Iterator[None]:
    """End the running task in order when the system asks; Ctrl-C does the same by itself."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
