import asyncio
import sqlite3
import sys
from contextlib import closing

import pytest
from builders import track
from filelock import FileLock
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

import models.database
from models.database import Database, DatabaseBusyError
from models.deal import Deal

ADD_TO_TITLE = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import select
from models.database import Database
from models.deal import Deal

async def main():
    async with Database(Path(sys.argv[1])) as database:
        for _ in range(50):
            async with database.write() as session:
                deal = await session.scalar(select(Deal))
                deal.title += "x"

asyncio.run(main())
"""


async def title(database: Database) -> str | None:
    async with database.read() as session:
        return await session.scalar(select(Deal.title))


async def start_counting(database: Database) -> None:
    async with database.write() as session:
        (await track(session)).title = ""


async def test_concurrent_changes_of_one_row_lose_nothing(database: Database) -> None:
    """A hundred tasks that read a row, wait, and write it back leave all their marks."""
    await start_counting(database)

    async def add_one() -> None:
        async with database.write() as session:
            deal = (await session.scalars(select(Deal))).one()
            await asyncio.sleep(0)
            deal.title += "x"

    await asyncio.gather(*(add_one() for _ in range(100)))

    assert await title(database) == "x" * 100


async def test_two_processes_lose_nothing(database: Database) -> None:
    """Two processes that write to the file at the same time wait for each other."""
    await start_counting(database)
    command = [sys.executable, "-W", "error", "-c", ADD_TO_TITLE, str(database.path)]

    processes = [await asyncio.create_subprocess_exec(*command) for _ in range(2)]
    codes = await asyncio.gather(*(process.wait() for process in processes))

    assert codes == [0, 0]
    assert await title(database) == "x" * 100


async def test_an_exception_rolls_back(database: Database) -> None:
    """What an unfinished transaction wrote is gone, and the next one goes ahead."""

    async def fail() -> None:
        async with database.write() as session:
            await track(session)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await title(database) is None
    await start_counting(database)


async def test_a_writer_has_the_file_from_its_beginning(database: Database) -> None:
    """What write() reads cannot be changed by anyone before it writes: it begins IMMEDIATE."""
    with closing(sqlite3.connect(database.path, timeout=0, isolation_level=None)) as other:
        async with database.write() as session:
            await session.scalar(select(Deal.title))
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("DELETE FROM deal")

        other.execute("DELETE FROM deal")


async def test_reading_cannot_write(database: Database) -> None:
    """A write through read() is refused by SQLite itself."""
    async with database.read() as session:
        with pytest.raises(OperationalError, match="readonly"):
            await session.execute(text("DELETE FROM deal"))


async def test_a_reader_sees_one_snapshot(database: Database) -> None:
    """What is committed meanwhile shows in the next read(), not in this one; and a reader holds up no writer."""
    async with database.read() as session:
        assert await session.scalar(select(Deal.title)) is None
        await start_counting(database)
        assert await session.scalar(select(Deal.title)) is None

    assert await title(database) == ""


async def test_foreign_keys_are_enforced(database: Database) -> None:
    """Deleting a deal takes its parties and their spellings along."""
    async with database.write() as session:
        await track(session)
    async with database.write() as session:
        await session.execute(text("DELETE FROM deal"))

    async with database.read() as session:
        assert await session.scalar(text("SELECT (SELECT count(*) FROM party) + (SELECT count(*) FROM spelling)")) == 0


async def test_a_busy_file_is_reported(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that has waited long enough says who is in the way and what to do; afterwards it writes again."""
    monkeypatch.setattr(models.database, "PATIENCE_SECONDS", 0.01)
    async with Database(database.path) as impatient:
        with FileLock(f"{database.path}.lock"), pytest.raises(DatabaseBusyError, match="another Hearsay process"):
            await start_counting(impatient)

        await start_counting(impatient)
