"""Feeds as rows. When each is looked at next lives here, so a restart changes nothing.

What the owner sets (address, title, trust, pace, full text) and what polling finds out stand in one row, but are
written apart: :data:`PROGRESS` names the latter, which many polls store in one statement.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import and_, bindparam, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from matcher.vocabulary import NEVER, Trust
from models.base import Base
from models.wording import Wording

SEVERAL = 3
"""If so many feeds fail and no other answers, it is hardly their fault."""

LONGEST_TITLE = 200
"""Characters of a feed's title that are kept."""


class Trouble(StrEnum):
    """What is wrong with a feed."""

    FAILING = "failing"
    """It could not be read for some time."""
    ENDED = "ended"
    """Its publisher ended it (410); it is not polled any more."""
    SILENT = "silent"
    """It answers, but brings nothing new for much longer than ever before."""


class Feed(Base):
    """A feed that is polled."""

    __tablename__ = "feed"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own) - a removed feed's id is not reused

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    trust: Mapped[Trust]
    pace: Mapped[timedelta | None] = mapped_column(default=None)
    """The owner's own time between two checks; None: Hearsay finds it."""
    full_text: Mapped[bool] = mapped_column(default=False)
    """Whether the pages of articles that name a party are read, too."""

    etag: Mapped[str | None] = mapped_column(default=None)
    last_modified: Mapped[str | None] = mapped_column(default=None)
    digest: Mapped[str | None] = mapped_column(default=None)
    """SHA-256 of the document that was read last: the same bytes need not be read again."""
    update_every: Mapped[timedelta | None] = mapped_column(default=None)
    """How often the document itself says that it changes (``ttl``, ``sy:update…``)."""
    next_check_at: Mapped[datetime] = mapped_column(default=NEVER, index=True)
    not_before: Mapped[datetime] = mapped_column(default=NEVER)
    """Until when publisher and server asked to be left alone (``Retry-After``, HTTP's freshness, ``ttl``, ``sy:…``)."""
    checked_at: Mapped[datetime | None] = mapped_column(default=None)
    succeeded_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the feed was last read without an error; None until the first time."""
    failures: Mapped[int] = mapped_column(default=0)
    """Failed checks in a row."""
    error: Mapped[Wording | None] = mapped_column(default=None)
    """Why the last check failed, in plain words; None after a success."""
    stopped_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the publisher ended the feed (410); it is not polled any more, until it is added again."""
    told: Mapped[Trouble | None] = mapped_column(default=None)
    """The present trouble, once the owner was told of it; None while there is none to tell."""
    silence_told: Mapped[bool] = mapped_column(default=False)
    """Whether the owner was told that nothing new comes; until something does."""

    moved_to: Mapped[str | None] = mapped_column(default=None)
    """Where the last checks were redirected for good; the address changes once that has proved itself."""
    moved_since: Mapped[datetime | None] = mapped_column(default=None)
    moved_times: Mapped[int] = mapped_column(default=0)

    rate: Mapped[float] = mapped_column(default=0.0)
    """New entries a day at ``new_entry_at``, where older ones count for less."""
    new_entry_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the last new entry came."""
    longest_gap: Mapped[timedelta | None] = mapped_column(default=None)
    """The longest time without a new entry; ones long ago count for less."""
    read_since: Mapped[datetime | None] = mapped_column(default=None)
    """When the feed was first read."""
    arrivals: Mapped[int] = mapped_column(default=0)
    """Checks after the first that brought something new."""
    entries_seen: Mapped[int] = mapped_column(default=0)
    """All entries that it ever had."""

    @property
    def progress(self) -> Mapping[str, Any]:
        """What polling found out, by column."""
        return {name: getattr(self, name) for name in PROGRESS}

    @progress.setter
    def progress(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            setattr(self, name, value)


PROGRESS = (
    "etag",
    "last_modified",
    "digest",
    "update_every",
    "next_check_at",
    "not_before",
    "checked_at",
    "succeeded_at",
    "failures",
    "error",
    "stopped_at",
    "told",
    "silence_told",
    "moved_to",
    "moved_since",
    "moved_times",
    "rate",
    "new_entry_at",
    "longest_gap",
    "read_since",
    "arrivals",
    "entries_seen",
)
"""The columns that polling writes."""

_SAVE = update(Feed.__table__).where(Feed.id == bindparam("row")).values({n: bindparam(n) for n in PROGRESS})  # type: ignore[arg-type]


async def add(session: AsyncSession, url: str, title: str, trust: Trust, not_before: datetime = NEVER) -> bool:
    """Poll a feed from now on, or again if it had ended. False, and nothing changed, if it is polled already.

    The title stands in messages as the outlet's name. So it is never an address, which may hold a secret: an empty
    title, or one that is an address, becomes the name of the host.
    """
    title = " ".join(title.split())[:LONGEST_TITLE]
    title = title if title and "://" not in title else urlsplit(url).hostname or ""
    feed = await by_url(session, url)
    if feed is None:
        session.add(Feed(url=url, title=title, trust=trust, next_check_at=not_before))
        await session.flush()
        return True
    if feed.stopped_at is None:
        return False
    feed.title, feed.trust = title, trust
    feed.stopped_at, feed.told, feed.next_check_at, feed.not_before = None, None, not_before, NEVER
    return True


async def remove(session: AsyncSession, url: str) -> bool:
    """Stop polling a feed; its articles stay. False if the address is not polled."""
    feed = await by_url(session, url)
    if feed:
        await session.delete(feed)
    return feed is not None


async def by_url(session: AsyncSession, url: str) -> Feed | None:
    """The feed at this address."""
    return (await session.scalars(select(Feed).where(Feed.url == url))).one_or_none()


async def all_feeds(session: AsyncSession) -> Sequence[Feed]:
    """Every feed, in the order in which they were added."""
    return (await session.scalars(select(Feed).order_by(Feed.id))).all()


async def due(session: AsyncSession, now: datetime) -> Sequence[tuple[int, str]]:
    """Row and address of the feeds to check at ``now``: those that answered last time first, longest overdue first."""
    query = select(Feed.id, Feed.url).where(Feed.next_check_at <= now, Feed.stopped_at.is_(None))
    rows = await session.execute(query.order_by(Feed.failures > 0, Feed.next_check_at))
    return [(row, url) for row, url in rows]


async def by_ids(session: AsyncSession, ids: Sequence[int]) -> Sequence[Feed]:
    """The feeds of these rows, in this order, as far as they exist."""
    feeds = {feed.id: feed for feed in await session.scalars(select(Feed).where(Feed.id.in_(ids)))}
    return [feeds[row] for row in ids if row in feeds]


async def save(session: AsyncSession, feeds: Sequence[Feed]) -> None:
    """Store the progress of feeds that were polled; one that was removed meanwhile stays removed."""
    rows = [{"row": feed.id, **feed.progress} for feed in feeds]
    if rows:
        await (await session.connection()).execute(_SAVE, rows)


async def rename(session: AsyncSession, feed: Feed, url: str) -> bool:
    """Follow a feed to its new address. False if that one is polled already."""
    if await by_url(session, url):
        return False
    arrived = {"url": url, "moved_to": None, "moved_since": None, "moved_times": 0}
    await session.execute(update(Feed).where(Feed.id == feed.id).values(arrived))
    return True


async def none_answers(session: AsyncSession) -> bool:
    """Whether every feed that was asked fails, and there are several."""
    failing = func.count(case((Feed.failures > 0, 1)))
    asked = select(func.count(), failing).where(Feed.checked_at.is_not(None), Feed.stopped_at.is_(None))
    total, failed = (await session.execute(asked)).one()
    return bool(total >= SEVERAL and total == failed)


async def refresh(session: AsyncSession, feed: Feed) -> None:
    """Take over what the owner set since the feed was loaded; a feed that was removed stays as it was."""
    settings = (Feed.title, Feed.trust, Feed.pace, Feed.full_text)
    row = (await session.execute(select(*settings).where(Feed.id == feed.id))).one_or_none()
    if row:
        feed.title, feed.trust, feed.pace, feed.full_text = row


async def exists(session: AsyncSession, feed: Feed) -> bool:
    """Whether the feed has not been removed meanwhile."""
    return await session.scalar(select(Feed.id).where(Feed.id == feed.id)) is not None


async def mend_clock(session: AsyncSession, now: datetime) -> None:
    """Plan anew what was planned while the clock was ahead of ``now``: as long from now as it was to be from then."""
    for feed in await session.scalars(select(Feed).where(Feed.checked_at > now)):
        ahead = feed.checked_at - now if feed.checked_at else timedelta(0)
        feed.checked_at, feed.next_check_at = now, feed.next_check_at - ahead
        feed.not_before = max(feed.not_before, NEVER + ahead) - ahead


async def page(session: AsyncSession, offset: int, limit: int) -> tuple[Sequence[Feed], int]:
    """Some feeds, those with trouble first, then by title; and how many there are in all."""
    total = await session.scalar(select(func.count(Feed.id))) or 0
    well = and_(Feed.told.is_(None), Feed.failures == 0)
    query = select(Feed).order_by(well, func.lower(Feed.title), Feed.id).offset(offset).limit(limit)
    return (await session.scalars(query)).all(), total
