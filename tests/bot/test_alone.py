"""One bot at a time: a second one on the same database, or with the same token, says so and ends."""

import asyncio
import os
import shutil
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from guarantees import Tier
from standin.telegram import Telegram
from tally import Tally

from models import milestone
from models.database import Database

ANNA = 1001
NEWCOMER = ("-m", "bot")
ESTABLISHED = (
    "-c",
    "from datetime import timedelta; from bot import polling; polling.NEWCOMER = timedelta(0); import bot.__main__",
)
"""A bot that has polled for longer than the half a minute in which it would give way itself."""


@pytest.fixture
async def settled(database: Database) -> Path:
    """A database that is no longer new: its bot must not go out to poll the public feeds of the starter list."""
    async with database.write() as session:
        await milestone.reach(session, milestone.STARTERS)
    await database.close()
    return database.path


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    """Strict by the machine's time, as the bots of this module."""
    async with Telegram() as telegram:
        yield telegram


async def start(path: Path, telegram: Telegram, how: tuple[str, ...] = NEWCOMER) -> Process:
    settings = {
        "HEARSAY_TOKEN": telegram.token,
        "HEARSAY_DATABASE": str(path),
        "HEARSAY_TELEGRAM_URL": telegram.base_url.removesuffix("/bot"),
        "HEARSAY_OWNER": str(ANNA),
        "HEARSAY_LOG_LEVEL": "ERROR",
    }
    return await asyncio.create_subprocess_exec(sys.executable, *how, env=os.environ | settings, stderr=PIPE)


@asynccontextmanager
async def running(path: Path, telegram: Telegram, how: tuple[str, ...] = NEWCOMER) -> AsyncIterator[Process]:
    """The bot as a process of its own, killed without warning on leaving."""
    process = await start(path, telegram, how)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def refusal(path: Path, telegram: Telegram) -> tuple[float, str]:
    """The seconds that a second instance lives, and what it says. It must end with an error, in plain words."""
    began = time.monotonic()
    second = await start(path, telegram)
    async with asyncio.timeout(60):
        _, complaint = await second.communicate()
    took, said = time.monotonic() - began, complaint.decode().strip()
    assert second.returncode == 1
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1
    return took, said


async def answers(telegram: Telegram) -> None:
    """A bot answers."""
    before = len(telegram.messages(ANNA))
    await telegram.user_sends(ANNA, "/help")
    await telegram.sent(ANNA, before + 1)


@pytest.mark.chaos
async def test_a_second_instance_refuses(
    settled: Path, telegram: Telegram, times: Callable[..., int], tally: Tally
) -> None:
    """A second bot on the same database, or with the same token, says so and ends; the first goes on answering."""
    other = shutil.copy(settled, settled.with_name("other.db"))
    attempts = times(gate=1, chaos=5)
    took = []
    async with running(settled, telegram, ESTABLISHED):
        await answers(telegram)
        for _ in range(attempts):
            for path, words in ((settled, f"Hearsay runs on {settled} already."), (other, "with this token.")):
                seconds, said = await refusal(path, telegram)
                assert words in said
                took.append(seconds)
                await answers(telegram)
    tally.fault("second instance", len(took))
    typical, longest = statistics.median(took), max(took)
    if tally.tier > Tier.GATE:
        assert longest < 5
    tally.prove(
        "alone", f"{len(took)} of {len(took)} refused, after {typical:.1f} s in the median, {longest:.1f} s at most"
    )


async def test_a_restart_is_no_second_instance(settled: Path, telegram: Telegram) -> None:
    """After a kill -9 Telegram may still hold the dead bot's poll open: the new one takes over all the same."""
    async with running(settled, telegram):
        await telegram.until_polled()
        await answers(telegram)
    async with running(settled, telegram) as again:
        await answers(telegram)
        await answers(telegram)
        assert again.returncode is None
