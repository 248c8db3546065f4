"""Brings a database file to the newest schema, on a connection of its own."""

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

    Holds the same lock as every writer. Raises :class:`DatabaseBusyError` if another process does not let go of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and _is_newest(path):
        return
    try:
        with FileLock(lock_file(path), timeout=PATIENCE_SECONDS):
            command.upgrade(config(path), "head")
    except Timeout as error:
        raise DatabaseBusyError.of(path) from error


def _is_newest(path: Path) -> bool:
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as connection:
            present = MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()
    return present == ScriptDirectory.from_config(config(path)).get_current_head()
