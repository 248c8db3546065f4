"""The whole program against the stand-in Telegram, over a database in a temporary folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest
from running_bot import WATCHLIST, Bot, Clock
from standin.telegram import Telegram
from ticker import Ticker

from bot.app import Program, Surroundings
from bot.jobs import Pace
from bot.settings import Settings
from feeds.addresses import PrivateHosts
from models import imports
from models.database import Database
from models.watchlist import read_watchlist


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ticker() -> Ticker:
    """What both the program and Telegram keep the limits by: nobody waits for real."""
    return Ticker()


@pytest.fixture
async def telegram(ticker: Ticker) -> AsyncIterator[Telegram]:
    async with Telegram(ticker=ticker.time) as telegram:
        yield telegram


@pytest.fixture
async def program(telegram: Telegram, database: Database, clock: Clock, ticker: Ticker) -> Program:
    """The program, wired to the stand-in; not running yet."""
    settings = Settings(_env_file=None, telegram_url=telegram.base_url.removesuffix("/bot"))
    never = Pace(poll=3600, deliver=3600, tidy=3600)  # the tests say when
    local = PrivateHosts.parse("127.0.0.0/8")  # where the tests' own web servers are
    around = Surroundings(clock=clock, timer=ticker, pace=never, polls=False, private=local, gap=timedelta(0))
    return Program(settings, telegram.token, database, around)


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
