"""Brings a database file to the newest schema, on a connection of its own."""

from pathlib import Path

from alembic import command
from alembic.config import Config

SCRIPTS = Path(__file__).parent.parent / "alembic"


def config(path: Path) -> Config:
    """Alembic's configuration for one database file. There is no alembic.ini: nothing else is to be configured."""
    settings = Config()
    settings.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    settings.attributes["path"] = path
    return settings


def upgrade(path: Path) -> None:
    """Migrate the file to the newest schema, making it (and its folder) where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command.upgrade(config(path), "head")
