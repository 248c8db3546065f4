"""Feeds and their entries as rows. What is due lives here, so a restart changes nothing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, UniqueConstraint, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from matcher.vocabulary import NEVER, Trust
from models.base import Base


class Feed(Base):
    """A feed that is polled."""

    __tablename__ = "feed"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    trust: Mapped[Trust]
    etag: Mapped[str | None] = mapped_column(default=None)
    last_modified: Mapped[str | None] = mapped_column(default=None)
    next_check_at: Mapped[datetime] = mapped_column(default=NEVER, index=True)
    checked_at: Mapped[datetime | None] = mapped_column(default=None)
    succeeded_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the feed was last read without an error; None until the first time."""
    failures: Mapped[int] = mapped_column(default=0)
    """Failed checks in a row."""
    error: Mapped[str | None] = mapped_column(default=None)
    """Why the last check failed, in plain words; None after a success."""


class Entry(Base):
    """One entry of one feed, remembered so that it is read once."""

    __tablename__ = "entry"
    __table_args__ = (UniqueConstraint("feed_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feed.id", ondelete="CASCADE"))
    key: Mapped[str]
    title: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(index=True)
    """The day of the last answer that still had it; an entry is forgotten only after it left the feed."""


async def add(session: AsyncSession, url: str, title: str, trust: Trust) -> bool:
    """Poll a feed from now on. False, and nothing changed, if the address is polled already."""
    if await session.scalar(select(Feed.id).where(Feed.url == url)):
        return False
    session.add(Feed(url=url, title=title, trust=trust))
    await session.flush()
    return True


async def remove(session: AsyncSession, url: str) -> bool:
    """Stop polling a feed; its articles stay. False if the address is not polled."""
    feed = await session.scalar(select(Feed).where(Feed.url == url))
    if feed:
        await session.delete(feed)
    return feed is not None


async def all_feeds(session: AsyncSession) -> Sequence[Feed]:
    """Every feed, in the order in which they were added."""
    return (await session.scalars(select(Feed).order_by(Feed.id))).all()


async def due(session: AsyncSession, now: datetime) -> Sequence[Feed]:
    """The feeds to check at ``now``, longest overdue first."""
    return (await session.scalars(select(Feed).where(Feed.next_check_at <= now).order_by(Feed.next_check_at))).all()


async def new_entries(session: AsyncSession, feed_id: int, titles: Mapping[str, str], now: datetime) -> set[str]:
    """Remember the entries of an answer (titles by entry key); return the keys that were never seen before.

    An entry seen on an earlier day is marked as still there once a day: a poll that brings nothing new writes little.
    """
    seen = await _last_seen(session, feed_id, list(titles))
    stale = [key for key, last_seen in seen.items() if now - last_seen > timedelta(days=1)]
    for keys in _slices(stale):
        still_there = update(Entry).where(Entry.feed_id == feed_id, Entry.key.in_(keys))
        await session.execute(still_there.values(last_seen_at=now))
    unseen = {key: title for key, title in titles.items() if key not in seen}
    if unseen:
        rows = [
            {"feed_id": feed_id, "key": key, "title": title, "first_seen_at": now, "last_seen_at": now}
            for key, title in unseen.items()
        ]
        await session.execute(insert(Entry), rows)
    return set(unseen)


async def forget_entries(session: AsyncSession, before: datetime) -> None:
    """Drop entries that left their feed before this time."""
    await session.execute(delete(Entry).where(Entry.last_seen_at < before))


async def _last_seen(session: AsyncSession, feed_id: int, keys: Sequence[str]) -> dict[str, datetime]:
    seen: dict[str, datetime] = {}
    for some in _slices(keys):
        query = select(Entry.key, Entry.last_seen_at).where(Entry.feed_id == feed_id, Entry.key.in_(some))
        seen.update((key, last_seen) for key, last_seen in await session.execute(query))
    return seen


def _slices(keys: Sequence[str], size: int = 500) -> Iterator[Sequence[str]]:
    """A feed may have more entries than SQLite takes variables in one statement."""
    return (keys[start : start + size] for start in range(0, len(keys), size))
