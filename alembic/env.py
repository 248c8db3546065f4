"""Runs migrations on a connection of their own.

Foreign keys are off while tables are rebuilt (a batch-alter of a parent would delete its children), everything happens
in one IMMEDIATE transaction, and the keys are checked before it commits.
"""

import re
from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, TypeDecorator, create_engine, event

import models.article
import models.card
import models.change
import models.deal
import models.entry
import models.feed
import models.feedback
import models.inbox
import models.milestone
import models.notice
import models.outbox
import models.owner
import models.people
import models.proposal
import models.search
import models.subscriber
import models.subscription  # noqa: F401 (each import puts its tables into the metadata)
from models.base import Base


def plain_types(kind: str, item: Any, _: AutogenContext) -> str | bool:
    """Write our own column types as the SQL types they are: a migration must not change with today's classes."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    if kind == "type" and type(item).__name__ == "Enum":
        return f"sa.String(length={item.length})"
    return False


def is_ours(name: str | None, kind: str, _: Any) -> bool:
    """Leave out what SQLite keeps behind a full-text index (:mod:`models.search`), which is no table of the models."""
    return not (kind == "table" and name and re.search(r"_words($|_)", name))


def run() -> None:
    """Open the file named in the configuration and migrate it."""
    engine = create_engine(f"sqlite:///{context.config.attributes['path']}")

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=OFF")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        with engine.connect() as connection:
            _migrate(connection)
    finally:
        engine.dispose()


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=plain_types,
        include_name=is_ours,
        compare_type=False,  # SQLite's column types are only hints, and ours are written plainly
        transactional_ddl=True,
    )
    with connection.begin():
        context.run_migrations()
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"the migration would break {len(broken)} references; nothing was changed")


run()
