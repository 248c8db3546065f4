"""Hours that pass in seconds: whenever everybody waits, the clock is turned on to what comes next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Self

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import Database

GRACE = 0.001
"""Real seconds in which what was sent over loopback has arrived."""


class WatchedDatabase(Database):
    """Tells whether it is at work. The event loop cannot see that, for it happens in threads."""

    transactions = 0

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        self.transactions += 1
        try:
            async with super().read() as session:
                yield session
        finally:
            self.transactions -= 1

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        self.transactions += 1
        try:
            async with super().write() as session:
                yield session
        finally:
            self.transactions -= 1


class HurryingClock:
    """The time of the running event loop, of the scheduler and of the program.

    It runs as always while there is something to do or the database is at work, and jumps over the rest.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, database: WatchedDatabase) -> None:
        loop = asyncio.get_running_loop()
        self._database = database
        self._skipped = 0.0
        self._time, self._select = loop.time, loop._selector.select
        self._start = datetime.now(UTC) - timedelta(seconds=loop.time())
        monkeypatch.setattr(loop, "time", self.time)
        monkeypatch.setattr(loop._selector, "select", self._wait)
        monkeypatch.setattr("apscheduler.schedulers.base.datetime", self._calendar())

    def time(self) -> float:
        return self._time() + self._skipped

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=self.time())

    def _wait(self, timeout: float | None) -> list[Any]:
        if timeout is None or timeout <= GRACE or self._database.transactions:
            return self._select(timeout)
        events = self._select(GRACE)
        if not events:
            self._skipped += timeout - GRACE
        return events

    def _calendar(self) -> type[datetime]:
        clock = self

        class Calendar(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return cls.fromtimestamp(clock().timestamp(), tz)

        return Calendar
