"""A copy of the database file, taken while others write to it.

SQLite's backup API makes it in one step, from one snapshot: no writer waits for it, and it misses nothing that was
committed. (A copy of the file alone misses what is in the write-ahead log. ``VACUUM INTO`` copies as well, but counts
as writing: SQLite refuses it to a connection that is ``query_only``, as every reader here is.)
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from models.database import READER


class BackupError(Exception):
    """The backup cannot be made; the message says why and what to do."""


def back_up(database: Path, file: Path) -> None:
    """Copy the database to a new file. It gets its name last, so a file of this name is whole and was checked.

    Raises :class:`BackupError`, or OSError when the folder cannot be written to.
    """
    if not database.exists():
        raise BackupError(f"There is no database at {database}. Check HEARSAY_DATABASE.")
    if file.exists():
        raise BackupError(f"{file} exists already. Name a new file: a backup overwrites nothing.")
    if not file.parent.is_dir():
        raise BackupError(f"There is no folder {file.parent}. Make it first, or name another one.")
    with TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as folder:
        copy = Path(folder) / file.name
        try:
            _copy(database, copy)
        except sqlite3.Error as error:
            raise BackupError(
                f"{database} could not be copied to {file}: {error}. Check both places and the space on the disk."
            ) from error
        copy.rename(file)


def _copy(database: Path, copy: Path) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        for pragma in READER:
            source.execute(pragma)
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # everything in this one file, without a log beside it
        _check(target, database)


def _check(connection: sqlite3.Connection, database: Path) -> None:
    (first,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    if first != "ok" or dangling:
        damage = first if first != "ok" else f"{len(dangling)} references lead nowhere"
        raise BackupError(
            f"{database} is damaged: {damage}. The copy was thrown away. Keep the file, and restore an earlier backup."
        )
