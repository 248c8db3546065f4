"""The entries of feeds, remembered so that each is read once, and again when its publisher edits it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import BigInteger, ForeignKey, Index, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

_Item = TypeVar("_Item")


LONGEST_TITLE = 1000
"""Characters of an entry's title that are kept."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What an entry is recognised by: 64-bit hashes of its parts, None where it lacks one, and its date.

    :mod:`feeds.identity` makes them and says when two entries are the same.
    """

    guid: int | None
    url: int | None
    title: int | None
    text: int | None
    published: datetime | None


class Entry(Base):
    """One entry of one feed."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("ix_entry_guid", "feed_id", "guid_mark"),
        Index("ix_entry_url", "feed_id", "url_mark"),
        Index("ix_entry_title", "feed_id", "title_mark"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feed.id", ondelete="CASCADE"))
    title: Mapped[str]
    guid_mark: Mapped[int | None] = mapped_column(BigInteger)
    url_mark: Mapped[int | None] = mapped_column(BigInteger)
    title_mark: Mapped[int | None] = mapped_column(BigInteger)
    text_mark: Mapped[int | None] = mapped_column(BigInteger)
    published_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime]
    left_at: Mapped[datetime | None] = mapped_column(default=None, index=True)
    """When it was first missing from its feed's document; None while it stands there."""


_INSERT = insert(Entry.__table__)  # type: ignore[arg-type]  # a declarative class has a Table

Known = Mapping[int, Marks]
"""The remembered entries of a feed: their marks by row id."""

NONE: Known = {}


async def present(session: AsyncSession, feed_id: int) -> Known:
    """The entries that stood in the feed when it was last read."""
    return await _marks(session, Entry.feed_id == feed_id, Entry.left_at.is_(None))


async def departed(session: AsyncSession, feed_id: int, wanted: Collection[Marks]) -> Known:
    """Those that left the feed and share a guid, an address or a title with one of the wanted."""
    found: dict[int, Marks] = {}
    columns = (Entry.guid_mark, Entry.url_mark, Entry.title_mark)
    for some in _slices(list(wanted)):
        alike = [
            column.in_(values)
            for column, values in zip(columns, zip(*((m.guid, m.url, m.title) for m in some), strict=True), strict=True)
        ]
        found |= await _marks(session, Entry.feed_id == feed_id, Entry.left_at.is_not(None), or_(*alike))
    return found


async def remember(
    session: AsyncSession, feed_id: int, entries: Sequence[tuple[str, Marks]], now: datetime
) -> Sequence[int]:
    """Keep new entries (title and marks); their row ids, in the same order.

    The ids are given here, inside the one writing transaction: to ask SQLite for them takes a statement for each row.
    """
    if not entries:
        return []
    first = (await session.scalar(select(func.max(Entry.id))) or 0) + 1
    ids = range(first, first + len(entries))
    rows = [
        {"id": row, "feed_id": feed_id, "first_seen_at": now, **_columns(title, marks)}
        for row, (title, marks) in zip(ids, entries, strict=True)
    ]
    await (await session.connection()).execute(_INSERT, rows)
    return ids


async def revise(session: AsyncSession, changed: Mapping[int, tuple[str, Marks]]) -> None:
    """Keep the present title and marks of known entries, by row id."""
    if changed:
        rows = [{"id": row, **_columns(title, marks)} for row, (title, marks) in changed.items()]
        await session.execute(update(Entry), rows)


async def mark(session: AsyncSession, rows: Collection[int], left_at: datetime | None) -> None:
    """Note when these entries left their feed; None: they stand in it again."""
    for some in _slices(list(rows)):
        await session.execute(update(Entry).where(Entry.id.in_(some)).values(left_at=left_at))


async def forget(session: AsyncSession, before: datetime) -> None:
    """Drop the entries that left their feed before this time."""
    await session.execute(delete(Entry).where(Entry.left_at < before))


def _columns(title: str, marks: Marks) -> dict[str, object]:
    return {
        "title": title[:LONGEST_TITLE],
        "guid_mark": marks.guid,
        "url_mark": marks.url,
        "title_mark": marks.title,
        "text_mark": marks.text,
        "published_at": marks.published,
    }


async def _marks(session: AsyncSession, *conditions: object) -> dict[int, Marks]:
    columns = (Entry.id, Entry.guid_mark, Entry.url_mark, Entry.title_mark, Entry.text_mark, Entry.published_at)
    rows = await session.execute(select(*columns).where(*conditions).order_by(Entry.id))  # type: ignore[arg-type]
    return {row: Marks(guid, url, title, text, published) for row, guid, url, title, text, published in rows}


def _slices(items: Sequence[_Item], size: int = 500) -> Iterator[Sequence[_Item]]:
    """A feed may have more entries than SQLite takes variables in one statement."""
    return (items[start : start + size] for start in range(0, len(items), size))
