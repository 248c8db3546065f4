"""The live bot and the terminal conversation: both over the real database."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from bot.app import Program, Surroundings, utc_now
from bot.settings import Settings
from bot.terminal import TOKEN, TerminalWire, read_input
from feeds.opml import read_opml
from models import feed, imports, migration, outbox, owner
from models.database import Database
from models.subscriber import Wire
from models.watchlist import read_watchlist

EXAMPLES = Path(__file__).parent.parent / "examples"


async def open_database(path: Path) -> Database:
    """Migrate the file and open it; a new one starts with the starter watchlist and the starter feeds."""
    new = not path.exists()
    await asyncio.to_thread(migration.upgrade, path)
    database = Database(path)
    if new:
        await _import_starters(database)
    return database


async def serve(settings: Settings, token: SecretStr, say: Callable[[str], None]) -> None:
    """Run the live bot until the process is asked to stop."""
    async with await open_database(settings.database) as database:
        await _settle_owner(database, settings, say)
        program = Program(settings, token.get_secret_value(), database, Surroundings())
        with _stopping_on_sigterm():
            await program.run()


async def talk(settings: Settings, console: Console) -> None:
    """The terminal conversation, until /quit or the end of the input. Polling stays with the live bot."""
    async with await open_database(settings.database) as database:
        wire = TerminalWire(console, time.time, first_update=time.time_ns())
        around = Surroundings(wire=Wire.TERMINAL, telegram=wire, polls=False)
        serving = asyncio.create_task(Program(settings, TOKEN, database, around).run())
        console.print("Talk to Hearsay. Try /deals or /help. Type a button's number to press it. Leave with /quit.\n")
        typing, leaving = asyncio.create_task(read_input(wire)), asyncio.create_task(wire.quit.wait())
        await asyncio.wait({serving, typing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if typing.done() and not leaving.done():
            await asyncio.wait({serving, asyncio.create_task(wire.answered())}, return_when=asyncio.FIRST_COMPLETED)
        for task in (serving, typing, leaving):
            task.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def _import_starters(database: Database) -> None:
    deals = read_watchlist((EXAMPLES / "watchlist.toml").read_text(encoding="utf-8"))
    lines = read_opml((EXAMPLES / "feeds.opml").read_bytes())
    async with database.write() as session:
        await imports.import_deals(session, deals, utc_now())
        for line in lines:
            await feed.add(session, line.url, line.title, line.trust)


async def _settle_owner(database: Database, settings: Settings, say: Callable[[str], None]) -> None:
    async with database.write() as session:
        if settings.owner:
            await owner.appoint(session, settings.owner)
            await outbox.post_all_held(session, utc_now())
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
