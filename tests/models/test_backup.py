"""Backups: whole, complete, and taken while others write."""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from builders import track
from full_disk import no_file_above
from sqlalchemy import select, text
from tally import Tally
from writing import Writing, missing

from models import migration
from models.backup import BackupError, back_up
from models.database import Database
from models.deal import Deal


async def restore(backup: Path, path: Path) -> None:
    """What the command tells the user to do, and the start after it."""
    for rest in (Path(f"{path}-wal"), Path(f"{path}-shm")):
        rest.unlink(missing_ok=True)
    shutil.copyfile(backup, path)
    migration.upgrade(path)
    async with Database(path) as database, database.write() as session:
        await session.execute(text("UPDATE deal SET revision = revision + 1"))


@pytest.mark.chaos
async def test_a_backup_under_load_restores(
    database: Database, tmp_path: Path, times: Callable[..., int], dice: random.Random, tally: Tally
) -> None:
    """Every backup that is taken while another process writes holds all that was committed when it began."""
    async with Writing.on(database) as writing:
        await writing.begin()
        for number in range(times(gate=10, chaos=100)):
            await writing.tells(dice.randrange(1, 15))
            before, backup = list(writing.told), tmp_path / f"{number}.backup"
            await asyncio.gather(asyncio.to_thread(back_up, database.path, backup), writing.tells(5))
            assert missing(backup, before) == set()
            await restore(backup, tmp_path / "restored.db")
            assert missing(tmp_path / "restored.db", before) == set()
    tally.prove("backup", f"{number + 1} of {number + 1} restored")


async def test_a_backup_is_restored_over_a_killed_bot(database: Database, tmp_path: Path) -> None:
    """What the killed process left in its log does not get into what was restored."""
    backup = tmp_path / "backup.db"
    async with Writing.on(database) as writing:
        await database.close()
        back_up(database.path, backup)
        await writing.begin()
        await writing.tells(30)
        await writing.kill()
        assert Path(f"{database.path}-wal").stat().st_size

        await restore(backup, database.path)

        assert missing(database.path, ()) == set()
        async with database.read() as session:
            assert (await session.scalars(select(Deal.title))).all() == ["0"]


async def test_a_backup_holds_up_no_writer(database: Database, tmp_path: Path) -> None:
    """Neither does a writer that is in the middle of its transaction hold up a backup, or get into it."""
    async with database.write() as session:
        await track(session)
        back_up(database.path, tmp_path / "backup.db")

    async with Database(tmp_path / "backup.db") as copy, copy.read() as session:
        assert await session.scalar(select(Deal)) is None


def test_a_backup_is_one_file(migrated: Path, tmp_path: Path) -> None:
    """There is nothing beside it that would have to be copied along, neither a log nor what it was made in."""
    folder = tmp_path / "backups"
    folder.mkdir()

    back_up(migrated, folder / "backup.db")

    with closing(sqlite3.connect(folder / "backup.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert [file.name for file in folder.iterdir()] == ["backup.db"]


def test_a_backup_overwrites_nothing(migrated: Path, tmp_path: Path) -> None:
    """A file that is there stays as it is."""
    (tmp_path / "backup.db").write_text("precious")

    with pytest.raises(BackupError, match="exists already"):
        back_up(migrated, tmp_path / "backup.db")

    assert (tmp_path / "backup.db").read_text() == "precious"


@pytest.mark.parametrize(
    ("database", "file", "complaint"),
    [("nowhere.db", "backup.db", "no database"), ("empty.db", "nowhere/backup.db", "no folder")],
)
def test_what_is_not_there_is_named(tmp_path: Path, database: str, file: str, complaint: str) -> None:
    """Neither the database nor the folder is made by the way."""
    (tmp_path / "empty.db").touch()

    with pytest.raises(BackupError, match=complaint):
        back_up(tmp_path / database, tmp_path / file)

    assert [path.name for path in tmp_path.iterdir()] == ["empty.db"]


def test_a_full_disk_gives_no_backup(migrated: Path, tmp_path: Path) -> None:
    """A copy that does not fit is taken away again, and the message says where to look."""
    with no_file_above(50_000), pytest.raises(BackupError, match="space on the disk"):
        back_up(migrated, tmp_path / "backup.db")

    assert list(tmp_path.iterdir()) == []


def damage_an_index(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_master SET rootpage = (SELECT max(rootpage) FROM sqlite_master) "
            "WHERE name = 'ix_deal_revision'"
        )
        connection.commit()


def break_a_reference(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO mention (article_id, deal_id) VALUES (7, 7)")
        connection.commit()


def overwrite_pages(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)


def write_text_into_it(path: Path) -> None:
    path.write_text("This is no database. " * 500)


@pytest.mark.parametrize("harm", [damage_an_index, break_a_reference, overwrite_pages, write_text_into_it])
def test_a_damaged_database_gives_no_backup(migrated: Path, tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """A copy that fails its check never gets the name, and nothing is left of it."""
    source = tmp_path / "hearsay.db"
    shutil.copy(migrated, source)
    harm(source)
    (tmp_path / "backups").mkdir()

    with pytest.raises(BackupError, match=r"damaged|could not be copied"):
        back_up(source, tmp_path / "backups" / "backup.db")

    assert list((tmp_path / "backups").iterdir()) == []
