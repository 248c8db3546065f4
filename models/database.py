"""The SQLite file: short transactions that say what they are for.

``read()`` gives a snapshot that cannot write; ``write()`` begins IMMEDIATE and commits on leaving. No network call
belongs inside either.

Before 3.51.3 SQLite can lose commits when two connections write and checkpoint at the same moment (the WAL-reset bug),
and the SQLite of Python 3.11 is older. So one connection of one process at a time may do either: ``write()`` holds a
lock file from BEGIN to COMMIT, and readers never checkpoint. (The last connection that closes does, but SQLite lets it
only while nobody else has the file open.)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from filelock import AsyncFileLock, Timeout
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

PATIENCE_SECONDS = 30.0
"""How long a writer waits for another process before it gives up with :class:`DatabaseBusyError`."""

_WRITER = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL may lose the last commits when the power fails, and the outbox is in here
    "PRAGMA foreign_keys=ON",
)
READER = ("PRAGMA query_only=ON", "PRAGMA wal_autocheckpoint=0", f"PRAGMA busy_timeout={int(PATIENCE_SECONDS * 1000)}")
"""What makes a connection one that neither writes nor checkpoints."""


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Whether this version of SQLite has the bug that the design avoids (https://sqlite.org/wal.html#walresetbug).

    It was fixed in 3.51.3, and in 3.50.7 and 3.44.6 for those who stay on these branches.
    """
    mended: dict[tuple[int, ...], tuple[int, ...]] = {(3, 44): (3, 44, 6), (3, 50): (3, 50, 7)}
    return version < mended.get(version[:2], (3, 51, 3))


def lock_file(path: Path) -> str:
    """The file beside the database whose lock a writer holds."""
    return f"{path}.lock"


class DatabaseBusyError(Exception):
    """Another process has been writing for too long."""

    @classmethod
    def of(cls, path: Path) -> Self:
        """The error, with what to do."""
        return cls(
            f"another Hearsay process has been writing to {path} for {PATIENCE_SECONDS:.0f} seconds; "
            "wait for it to end or stop it, then try again"
        )


class Database:
    """One SQLite file, migrated beforehand (:mod:`models.migration`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = _engine(path, _WRITER, "BEGIN IMMEDIATE", connections=1)
        self._readers = _engine(path, READER, "BEGIN", connections=4)
        self._turn = asyncio.Lock()
        self._lock = AsyncFileLock(lock_file(path), timeout=PATIENCE_SECONDS, run_in_executor=False, thread_local=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """One snapshot of the data. Writing through it is an error."""
        async with AsyncSession(self._readers, expire_on_commit=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed on leaving, rolled back on an exception.

        Raises :class:`DatabaseBusyError` when another process holds the database for longer than
        :data:`PATIENCE_SECONDS`.
        """
        async with self._turn:
            try:
                await self._lock.acquire()
            except Timeout as error:
                raise DatabaseBusyError.of(self.path) from error
            try:
                async with AsyncSession(self._writer, expire_on_commit=False) as session, session.begin():
                    yield session
            finally:
                await self._lock.release()

    async def close(self) -> None:
        """Close all connections."""
        await self._readers.dispose()
        await self._writer.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _engine(path: Path, pragmas: tuple[str, ...], begin: str, *, connections: int) -> AsyncEngine:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=connections, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin_explicitly(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
