"""How Hearsay is: the few numbers that its owner must know."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import outbox
from models.article import Article, Claim
from models.base import Base
from models.change import Change
from models.deal import Deal
from models.entry import Entry
from models.feed import Feed
from models.inbox import IncomingUpdate
from models.outbox import Backlog
from models.proposal import Proposal
from models.subscriber import Subscriber

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Health:
    """What is going on, as of one moment."""

    feeds: int
    failing: int
    """Feeds whose last check failed."""
    ended: int
    overdue: timedelta | None
    """How late the poller is with the feed that waits longest; None if it is not late."""
    read_at: datetime | None
    """When any feed was read last."""
    entries: int
    """New entries within the last day."""
    articles: int
    """Articles that concern a tracked deal, within the last day."""
    claims: int
    changes: int
    claimed_at: datetime | None
    """When the last claim was made about any deal."""
    deals: int
    chats: int
    retired: int
    """Chats that take no messages now."""
    unreadable: int
    """Updates from Telegram that were set aside because they could not be read or handled."""
    proposals: int
    """Deals that users propose, and nobody has decided about."""
    backlog: Backlog


async def look(session: AsyncSession, now: datetime) -> Health:
    """See how everything is."""
    polled = Feed.stopped_at.is_(None)
    late = await session.scalar(select(func.min(Feed.next_check_at)).where(polled, Feed.checked_at.is_not(None)))
    yesterday = now - DAY

    async def count(table: type[Base], *conditions: ColumnElement[bool]) -> int:
        return await session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    return Health(
        feeds=await count(Feed, polled),
        failing=await count(Feed, polled, Feed.failures > 0),
        ended=await count(Feed, ~polled),
        overdue=now - late if late and late < now else None,
        read_at=await session.scalar(select(func.max(Feed.succeeded_at))),
        entries=await count(Entry, Entry.first_seen_at > yesterday),
        articles=await count(Article, Article.first_seen_at > yesterday),
        claims=await count(Claim, Claim.moment > yesterday),
        changes=await count(Change, Change.at > yesterday),
        claimed_at=await session.scalar(select(func.max(Claim.moment))),
        deals=await count(Deal, Deal.archived_at.is_(None)),
        chats=await count(Subscriber, Subscriber.retired_at.is_(None)),
        retired=await count(Subscriber, Subscriber.retired_at.is_not(None)),
        unreadable=await count(IncomingUpdate, IncomingUpdate.error.is_not(None)),
        proposals=await count(Proposal, Proposal.answer.is_(None)),
        backlog=Backlog.of(await outbox.queues(session)),
    )
