import ast
import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from builders import HOUR, NOON, a_deal, a_follower, a_report, track, write_article, write_claim
from sqlalchemy import Connection
from tally import Tally

from matcher.vocabulary import Stage, Trust
from models import entry, feed, inbox, ledger, migration, milestone, owner, people, proposal, search
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.article import Mention
from models.base import Base
from models.card import Card, LastEdit
from models.database import Database
from models.deal import Merged
from models.entry import Marks
from models.feed import Trouble
from models.feedback import Complaint, Fault, Feedback
from models.notice import Notice
from models.people import Role
from models.subscriber import Wire
from models.wording import Wording

REVISIONS = [
    revision.revision
    for revision in reversed(list(ScriptDirectory.from_config(migration.config(Path())).walk_revisions()))
]

CHANGED_BY_DESIGN = {"20261123_polite_feeds": {"entry"}}
"""The tables whose rows a migration means to change."""


@pytest.fixture(scope="module")
def filled(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of the newest schema with rows in every table, to be copied."""
    path = tmp_path_factory.mktemp("filled") / "filled.db"
    shutil.copy(migrated, path)
    asyncio.run(fill(path))
    assert [table for table, count in rows(path).items() if not count] == []
    return path


async def fill(path: Path) -> None:
    async with Database(path) as database, database.write() as session:
        await owner.appoint(session, 1)
        await milestone.reach(session, milestone.STARTERS)
        await people.close(session, NOON)
        await people.give(session, 2, Role.ADMIN, NOON)
        await people.invite(session, Role.USER, NOON)
        await inbox.store(session, Wire.TELEGRAM, [{"update_id": number} for number in range(30)], NOON)
        for number in range(20):
            await feed.add(session, f"https://feed-{number}.example/", "", Trust.TRUSTED)
        for row in await feed.all_feeds(session):
            marks = [(f"Title {number}", Marks(number, number, number, number, NOON)) for number in range(20)]
            await entry.remember(session, row.id, marks, NOON)
            session.add(Notice(feed_id=row.id, at=NOON, trouble=Trouble.SILENT, reason=Wording("Nothing came.")))
        for number in range(30):
            deal = await track(session, a_deal(f"alpha{number}-beta{number}"))
            await a_follower(session, number, deal)
            for hours, stage in enumerate((Stage.TALKS, Stage.AGREED)):
                report = a_report(stage, NOON + hours * HOUR, origin=f"Outlet {number}")
                await ledger.hear(session, write_claim(deal, report), report.moment)
            chat = await subscribers.meet(session, number, Wire.TELEGRAM, NOON)
            await subscriptions.mute(session, chat, deal, NOON + HOUR)
            await proposal.propose(session, number, "", chat, "Alpha + Beta", NOON)
            session.add(Card(subscriber_id=chat.id, deal_id=deal.id, message_id=number))
            complaint = Complaint(user_id=number, subscriber_id=chat.id, fault=Fault.OTHER_DEAL, at=NOON)
            session.add(Feedback(change_id=number + 1, opened_at=NOON, complaints=[complaint]))
            article = write_article(a_report(Stage.TALKS, origin=f"Other {number}"))
            session.add(Mention(article=article, deal=deal))
            session.add(Merged(deal_id=1000 + number, slug="", title="", kind=deal.kind, into_id=deal.id))
            await session.flush()
            session.add(LastEdit(subscriber_id=chat.id, message_id=number, merged_id=1000 + number))
        await search.index_new(session)


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
            "SELECT sql FROM sqlite_master "
            "WHERE sql IS NOT NULL AND name <> 'alembic_version' AND name NOT LIKE 'sqlite_%'"  # which SQLite keeps
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
        assert len(await subscriptions.followed(session, 1)) == 1


@dataclass(frozen=True)
class Way:
    """One migration of a filled file, up or down: what :mod:`migrating_process` is told."""

    of: str
    source: str
    target: str
    folder: str
    down: bool
    deaths: int

    def file(self, name: object) -> Path:
        return Path(self.folder) / f"{name}.db"


def every_way(filled: Path, folder: Path, deaths: int) -> Iterator[Way]:
    """From the newest schema to none, each revision down and up again; the way down makes the next one's source."""
    source = filled
    for revision, below in zip(reversed(REVISIONS), [*reversed(REVISIONS[:-1]), "base"], strict=True):
        down, up = folder / f"down-from-{revision}", folder / f"up-to-{revision}"
        down.mkdir()
        up.mkdir()
        yield Way(revision, str(source), below, str(down), down=True, deaths=deaths)
        source = down / "whole.db"
        yield Way(revision, str(source), revision, str(up), down=False, deaths=deaths)


@pytest.mark.chaos
def test_a_killed_migration_leaves_the_old_schema_or_the_new(
    filled: Path, tmp_path: Path, times: Callable[..., int], tally: Tally
) -> None:
    """A migration of a filled file, up or down, loses no rows; killed on its way it has happened or has not."""
    ways = list(every_way(filled, tmp_path, times(gate=3, chaos=20)))
    script = Path(__file__).with_name("migrating_process.py")
    orders = "".join(json.dumps(asdict(way)) + "\n" for way in ways)
    subprocess.run([sys.executable, script], input=orders, text=True, check=True, timeout=300)  # noqa: S603 (our own)

    for way in ways:
        old, new = State.of(Path(way.source)), State.of(way.file("whole"))
        assert old.rows_to_keep(new, way) == new.rows_to_keep(old, way)
        for death in range(way.deaths):
            assert State.of(way.file(death)) in (old, new)
            go = command.downgrade if way.down else command.upgrade
            go(migration.config(way.file(death)), way.target)
            assert State.of(way.file(death)) == new
    tally.fault("kill -9 of a migration", sum(way.deaths for way in ways))


@dataclass(frozen=True)
class State:
    """The schema and the number of rows of each table, of a file that is whole."""

    schema: set[tuple[str, ...]]
    rows: dict[str, int]

    @classmethod
    def of(cls, path: Path) -> "State":
        with opened(path) as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
        return cls(schema(path), rows(path))

    def rows_to_keep(self, other: "State", way: Way) -> dict[str, int]:
        tables = self.rows.keys() & other.rows.keys() - CHANGED_BY_DESIGN.get(way.of, set())
        return {table: self.rows[table] for table in tables}


def rows(path: Path) -> dict[str, int]:
    with opened(path) as connection:
        tables = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
        return {
            table: connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table))) or 0 for table in tables
        }


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

    assert imported <= {"sqlalchemy", "alembic"} | sys.stdlib_module_names
