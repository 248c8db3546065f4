"""Brings a database file to the newest schema, on a connection of its own."""

import errno
import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from filelock import FileLock, Timeout
from sqlalchemy import create_engine

from models.database import PATIENCE_SECONDS, DatabaseBusyError, lock_file

SCRIPTS = Path(__file__).parent.parent / "alembic"


def config(path: Path) -> Config:
    """Alembic's configuration for one database file. There is no alembic.ini: nothing else is to be configured."""
    settings = Config()
    settings.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    settings.attributes["path"] = path
    return settings


def upgrade(path: Path) -> None:
    """Migrate the file to the newest schema, making it (and its folder) where it is missing.

    Holds the same lock as every writer. Raises :class:`DatabaseBusyError` if another process does not let go of it, and
    PermissionError if the file or its folder is read-only.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _refuse_read_only(path)
    if path.exists() and _is_newest(path):
        return
    try:
        with FileLock(lock_file(path), timeout=PATIENCE_SECONDS):
            command.upgrade(config(path), "head")
    except Timeout as error:
        raise DatabaseBusyError.of(path) from error


def _refuse_read_only(path: Path) -> None:
    """Before SQLite opens the file: the log that it would leave has the same mode, and locks the file for good."""
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


def _is_newest(path: Path) -> bool:
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return present == ScriptDirectory.from_config(config(path)).get_current_head()
