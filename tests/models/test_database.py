import asyncio
import random
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing

import pytest
from builders import a_deal, track
from filelock import FileLock
from full_disk import no_file_above
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from tally import Tally
from writing import Writing, missing

import models.database
from models import migration
from models.database import Database, DatabaseBusyError, has_wal_reset_bug
from models.deal import Deal

Disk = Callable[[Database], AbstractAsyncContextManager[None]]

ADD_TO_TITLE = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import select
from models.database import Database
from models.deal import Deal

async def main():
    async with Database(Path(sys.argv[1])) as database:
        for _ in range(int(sys.argv[2])):
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


@pytest.mark.chaos
async def test_concurrent_changes_of_one_row_lose_nothing(database: Database, times: Callable[..., int]) -> None:
    """Hundreds of tasks that read a row, wait, and write it back leave all their marks."""
    tasks = times(gate=100, chaos=400)
    await start_counting(database)

    async def add_one() -> None:
        async with database.write() as session:
            deal = (await session.scalars(select(Deal))).one()
            await asyncio.sleep(0)
            deal.title += "x"

    await asyncio.gather(*(add_one() for _ in range(tasks)))

    assert await title(database) == "x" * tasks


@pytest.mark.chaos
async def test_processes_lose_nothing(database: Database, times: Callable[..., int]) -> None:
    """Processes that read and write the file at the same time wait for each other."""
    processes, each = times(gate=2, chaos=4), times(gate=50, chaos=100)
    await start_counting(database)
    command = [sys.executable, "-W", "error", "-c", ADD_TO_TITLE, str(database.path), str(each)]

    started = [await asyncio.create_subprocess_exec(*command) for _ in range(processes)]
    codes = await asyncio.gather(*(process.wait() for process in started))

    assert set(codes) == {0}
    assert await title(database) == "x" * each * processes


@pytest.mark.chaos
async def test_kill_9_loses_nothing_that_was_acknowledged(
    database: Database, times: Callable[..., int], dice: random.Random, tally: Tally, request: pytest.FixtureRequest
) -> None:
    """A writer is killed in the middle of its work again and again: the file is whole, and ready for the next one."""
    restarts = []
    async with Writing.on(database) as writing:
        await database.close()  # nobody has the file open, so each start recovers it
        for _ in range(times(gate=5, chaos=300)):
            await writing.begin()
            await writing.tells(dice.randrange(1, 12))
            await asyncio.sleep(dice.choice((0, dice.uniform(0, 0.01))))  # right after being told, or anywhere
            await writing.kill()
            restarts.append(await restart(database))
            assert missing(database.path, writing.told) == set()
    if request.config.getoption("--chaos"):
        assert max(restarts) <= 5  # seconds, and the program itself starts in another two
    tally.fault("kill -9 of a writer", len(restarts))
    tally.prove(
        "database",
        f"{len(restarts)} × kill -9: file whole, 0 of {len(writing.told):,} saved rows lost, "
        f"ready in {max(restarts):.1f} s at most",
    )


async def restart(database: Database) -> float:
    """The seconds from opening the file to the first commit."""
    start = time.monotonic()
    migration.upgrade(database.path)
    async with Database(database.path) as reopened, reopened.write() as session:
        await session.execute(text("UPDATE deal SET revision = revision + 1"))
    return time.monotonic() - start


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


@asynccontextmanager
async def no_page_left(database: Database) -> AsyncIterator[None]:
    """SQLite finds no room for another page, which is what it says of a full disk."""
    async with database.write() as session:
        await session.execute(text("PRAGMA max_page_count=1"))  # as many as there are
    yield
    async with database.write() as session:
        await session.execute(text("PRAGMA max_page_count=1000000"))


@asynccontextmanager
async def no_byte_left(_: Database) -> AsyncIterator[None]:
    """The log beside the database cannot grow any further."""
    with no_file_above(300_000):
        yield


@pytest.mark.chaos
@pytest.mark.parametrize("full", [no_page_left, no_byte_left])
async def test_a_full_disk_loses_nothing_and_is_got_over(database: Database, full: Disk, tally: Tally) -> None:
    """Writing fails, reading goes on, and with space again writing goes on too, without another start."""
    async with full(database):
        kept = await fill_up(database)
        assert await slugs(database) == {slug(number) for number in range(kept)}

    await fill(database, kept)

    assert await slugs(database) == {slug(number) for number in range(kept + 1)}
    assert missing(database.path, ()) == set()  # which looks whether the file is whole
    tally.fault("disk full")


def slug(number: int) -> str:
    return f"deal-{number}"


async def fill(database: Database, number: int) -> None:
    async with database.write() as session:
        (await track(session, a_deal(slug(number)))).title = "x" * 20_000


async def fill_up(database: Database) -> int:
    """Write until it fails; how often it did not."""
    kept = 0
    with pytest.raises(OperationalError, match=r"disk is full|disk I/O error"):  # noqa: PT012 (which one is unknown)
        while True:
            await fill(database, kept)
            kept += 1
    return kept


async def slugs(database: Database) -> set[str]:
    async with database.read() as session:
        return set(await session.scalars(select(Deal.slug)))


@pytest.mark.parametrize(
    ("version", "has_bug"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 49, 9), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 52, 0), False),
        ((4, 0, 0), False),
    ],
)
def test_versions_with_the_wal_reset_bug(version: tuple[int, int, int], has_bug: bool) -> None:
    """The fix is in 3.51.3, and in 3.50.7 and 3.44.6 of the older branches."""
    assert has_wal_reset_bug(version) is has_bug
