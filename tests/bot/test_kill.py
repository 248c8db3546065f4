"""kill -9 at any moment: what is in the outbox goes out at the next start, at most one message twice per kill."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from standin.telegram import Telegram

from matcher.vocabulary import ChangeKind, Kind, Stage
from models import milestone, outbox
from models import subscriber as subscribers
from models.change import Change
from models.database import Database
from models.deal import Deal
from models.outbox import Letter
from models.subscriber import Wire

CHATS, CHANGES, KILLS = 5, 12, 4
NOW = datetime(2018, 1, 8, tzinfo=UTC)


async def test_nothing_is_lost_by_kill_9(database: Database, telegram: Telegram) -> None:
    """The process is killed four times in the middle of delivery; every letter arrives, few arrive twice."""
    await _fill_the_outbox(database)
    everything = CHATS * CHANGES
    for kill in range(1, KILLS + 1):
        async with _running(database, telegram):
            await _until_delivered(telegram, kill * everything // (KILLS + 1))
    async with _running(database, telegram):
        await _until_unsent(database, 0)
    copies = Counter((chat, message.text) for chat in _chats() for message in telegram.messages(chat))
    assert len(copies) == everything
    assert sum(copies.values()) - everything <= KILLS


async def test_a_command_survives_kill_9(database: Database, telegram: Telegram) -> None:
    """A command that was sent while the bot lay dead is answered at the next start."""
    async with _running(database, telegram):
        await telegram.until_polled()
    await telegram.user_sends(1, "/help")
    async with _running(database, telegram):
        assert "all commands" in (await telegram.sent(1))[0].text


async def test_sigterm_ends_in_order(database: Database, telegram: Telegram) -> None:
    """Asked to stop, as a service manager asks, the bot ends by itself and calls it no error."""
    process = await _start(database, telegram)
    await telegram.until_polled()
    process.terminate()
    async with asyncio.timeout(20):
        assert await process.wait() == 0


async def test_a_second_instance_refuses(database: Database, telegram: Telegram) -> None:
    """Two bots on one database would send everything twice: the second says so and ends."""
    async with _running(database, telegram):
        await telegram.until_polled()
        second = await _start(database, telegram, stderr=PIPE)
        _, complaint = await second.communicate()
    assert second.returncode == 1
    assert b"already" in complaint
    assert b"Traceback" not in complaint


def _chats() -> range:
    return range(1, CHATS + 1)


async def _fill_the_outbox(database: Database) -> None:
    async with database.write() as session:
        for chat in _chats():
            subscriber = await subscribers.meet(session, chat, Wire.TELEGRAM, NOW)
            await subscribers.follow(session, subscriber, NOW)
        for number in range(CHANGES):
            deal = Deal(
                slug=f"deal-{number}", title=f"Deal {number}", kind=Kind.MERGER, keywords=[], revision=1, parties=[]
            )
            change = Change(
                deal=deal,
                at=NOW,
                kind=ChangeKind.STATUS,
                from_stage=None,
                stage=Stage.TALKS,
                confirmed=False,
                sources=1,
                contested=False,
                quiet=False,
            )
            session.add(change)
            await session.flush()
            await outbox.post_change(session, change, deal)


@asynccontextmanager
async def _running(database: Database, telegram: Telegram) -> AsyncIterator[None]:
    """The bot as a process of its own, killed without warning on leaving."""
    process = await _start(database, telegram)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


@pytest.fixture(autouse=True)
async def _without_starters(database: Database) -> None:
    """A bot that is no longer new: it must not go out to poll the public feeds of the starter list."""
    async with database.write() as session:
        await milestone.reach(session, milestone.STARTERS)


async def _start(database: Database, telegram: Telegram, stderr: int | None = None) -> Process:
    settings = {
        "HEARSAY_TOKEN": telegram.token,
        "HEARSAY_DATABASE": str(database.path),
        "HEARSAY_TELEGRAM_URL": telegram.base_url.removesuffix("/bot"),
        "HEARSAY_LOG_LEVEL": "ERROR",
    }
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", env=os.environ | settings, stderr=stderr)


async def _until_delivered(telegram: Telegram, count: int) -> None:
    # The stand-in waits as long as a start takes; each request renews its patience.
    for delivered in range(count + 1):
        await telegram.until(lambda least=delivered: sum(len(telegram.messages(c)) for c in _chats()) >= least)


async def _until_unsent(database: Database, count: int) -> None:
    async with asyncio.timeout(30):
        while True:
            async with database.read() as session:
                unsent = (await session.scalars(select(Letter.id).where(Letter.sent_at.is_(None)))).all()
            if len(unsent) <= count:
                return
            await asyncio.sleep(0.05)
