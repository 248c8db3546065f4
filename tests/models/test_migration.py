import ast
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from builders import a_follower, track
from sqlalchemy import Connection

from models import migration
from models import subscriber as subscribers
from models.base import Base
from models.database import Database

REVISIONS = [
    revision.revision
    for revision in reversed(list(ScriptDirectory.from_config(migration.config(Path())).walk_revisions()))
]


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    return tmp_path / "new.db"


@contextmanager
def opened(path: Path) -> Iterator[Connection]:
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def schema(path: Path) -> set[tuple[str, ...]]:
    """Every statement that made the file's tables and indexes; the order of the columns does not count, nor quotes."""
    with opened(path) as connection:
        rows = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
        )
        return {tuple(sorted(line.strip(" \t,") for line in sql.replace('"', "").splitlines())) for (sql,) in rows}


def test_every_revision_goes_up_and_down_and_up(empty: Path) -> None:
    """The stairway: each step leads back to exactly where it started, and up again."""
    config = migration.config(empty)
    below = set[tuple[str, ...]]()
    for revision in REVISIONS:
        command.upgrade(config, revision)
        above = schema(empty)

        command.downgrade(config, "-1")
        assert schema(empty) == below

        command.upgrade(config, revision)
        assert schema(empty) == above
        below = above


def test_the_migrated_schema_is_that_of_the_models(migrated: Path) -> None:
    """Alembic finds nothing to migrate: neither tables, columns, indexes nor constraints."""
    command.check(migration.config(migrated))


def test_the_migrated_columns_are_those_of_the_models(migrated: Path, tmp_path: Path) -> None:
    """Types and nullability too, which Alembic does not compare on SQLite."""
    with opened(tmp_path / "models.db") as connection:
        Base.metadata.create_all(connection)

    assert columns(migrated) == columns(tmp_path / "models.db")


def columns(path: Path) -> set[tuple[str, str, str, bool]]:
    with opened(path) as connection:
        inspector = sa.inspect(connection)
        return {
            (table, column["name"], str(column["type"]), column["nullable"])
            for table in inspector.get_table_names()
            if table != "alembic_version"
            for column in inspector.get_columns(table)
        }


def test_upgrading_makes_the_folder_and_changes_nothing_twice(tmp_path: Path) -> None:
    """A first start needs nothing but a path; a second one leaves the file as it is."""
    path = tmp_path / "some" / "folder 100%" / "hearsay.db"
    migration.upgrade(path)
    first = schema(path)
    migration.upgrade(path)

    assert schema(path) == first


async def test_upgrading_keeps_the_data(database: Database) -> None:
    """Rows and the references between them outlive a migration."""
    async with database.write() as session:
        await a_follower(session, 1, await track(session))
    migration.upgrade(database.path)

    async with database.read() as session:
        assert len(await subscribers.followed(session, 1)) == 1


def test_a_migration_that_breaks_references_is_refused(migrated: Path, empty: Path) -> None:
    """A file with a dangling reference is not migrated further, and says why."""
    empty.write_bytes(migrated.read_bytes())
    with opened(empty) as connection:
        connection.exec_driver_sql("INSERT INTO mention (article_id, deal_id) VALUES (7, 7)")

    with pytest.raises(RuntimeError, match="2 references"):
        command.upgrade(migration.config(empty), "head")


@pytest.mark.parametrize("path", sorted((migration.SCRIPTS / "versions").glob("*.py")), ids=lambda path: path.stem)
def test_migrations_are_frozen(path: Path) -> None:
    """A migration imports nothing of ours: it must mean tomorrow what it means today."""
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])

    assert imported <= {"sqlalchemy", "alembic"}
