"""Updates from Telegram, stored before they are confirmed, so that a crash loses no command."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, delete, select, text
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.subscriber import Wire


class IncomingUpdate(Base):
    """One update as it came, by Telegram's own id."""

    __tablename__ = "inbox"
    __table_args__ = (Index("ix_inbox_waiting", "wire", "received_at", sqlite_where=text("handled_at IS NULL")),)

    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    wire: Mapped[Wire] = mapped_column(primary_key=True)
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None] = mapped_column(default=None)
    error: Mapped[str | None] = mapped_column(default=None)
    """Why it could not be read. Such an update keeps its payload; any other loses it once it is handled."""


async def store(
    session: AsyncSession, wire: Wire, updates: Sequence[dict[str, Any]], now: datetime
) -> Sequence[IncomingUpdate]:
    """Keep updates, and return those that had not been kept before, in their order."""
    rows = [{"update_id": u["update_id"], "wire": wire, "payload": u, "received_at": now} for u in updates]
    keeping = insert(IncomingUpdate).on_conflict_do_nothing().returning(IncomingUpdate)
    return (await session.scalars(keeping, rows, execution_options={"populate_existing": True})).all() if rows else ()


async def waiting(session: AsyncSession, wire: Wire) -> Sequence[IncomingUpdate]:
    """The updates nobody has handled yet, in the order of their coming.

    That is the order of their rows: ids restart after a quiet week, maybe lower, and clocks are set back.
    """
    query = (
        select(IncomingUpdate)
        .where(IncomingUpdate.wire == wire, IncomingUpdate.handled_at.is_(None))
        .order_by(text("inbox.rowid"))
    )
    return (await session.scalars(query)).all()


async def forget(session: AsyncSession, before: datetime) -> None:
    """Drop updates that were handled before this time. Telegram itself keeps them for a day at most."""
    await session.execute(delete(IncomingUpdate).where(IncomingUpdate.handled_at < before))
