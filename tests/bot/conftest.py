"""The whole program against the stand-in Telegram, over a database in a temporary folder."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from running_bot import WATCHLIST, Bot, Clock
from standin.telegram import Telegram

from bot.app import Program, Surroundings
from bot.jobs import Pace
from bot.settings import Settings
from models import imports, migration
from models.database import Database
from models.watchlist import read_watchlist


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("database") / "migrated.db"
    migration.upgrade(path)
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram() as telegram:
        yield telegram


@pytest.fixture
async def database(migrated: Path, tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "hearsay.db"
    shutil.copy(migrated, path)
    async with Database(path) as database:
        yield database


@pytest.fixture
def program(telegram: Telegram, database: Database, clock: Clock) -> Program:
    """The program, wired to the stand-in; not running yet."""
    settings = Settings(_env_file=None, telegram_url=telegram.base_url.removesuffix("/bot"))
    never = Pace(poll=3600, deliver=3600, tidy=3600)  # the tests say when
    return Program(settings, telegram.token, database, Surroundings(clock=clock, pace=never, polls=False))


@pytest.fixture
async def bot(program: Program, database: Database, telegram: Telegram, clock: Clock) -> AsyncIterator[Bot]:
    """The program, running, with a small watchlist."""
    async with database.write() as session:
        await imports.import_deals(session, read_watchlist(WATCHLIST), clock())
    running = asyncio.create_task(program.run())
    await telegram.until_polled()
    yield Bot(program, database, telegram, clock)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
