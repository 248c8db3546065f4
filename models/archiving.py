"""Deals whose news is read no more. Nothing of them is deleted, and they can be brought back."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models import card, subscription
from models.deal import Deal, next_revision

_AFTER_ALL_MUTES = datetime.max.replace(tzinfo=UTC)


async def archive(session: AsyncSession, deal: Deal, now: datetime) -> bool:
    """Read the deal's news no more. Whoever follows it is not told, but its cards say so. False if it was archived."""
    if deal.archived_at:
        return False
    deal.archived_at = now
    await _turn(session, deal)
    return True


async def bring_back(session: AsyncSession, deal: Deal, now: datetime) -> bool:
    """Read the deal's news again, for all who follow it. False if it was not archived."""
    if not deal.archived_at:
        return False
    deal.archived_at = None
    if deal.stage:  # nobody listened meanwhile, so that time is no silence after which a rumor falls quiet
        deal.last_heard = max(deal.last_heard, now)
    await _turn(session, deal)
    return True


async def _turn(session: AsyncSession, deal: Deal) -> None:
    deal.revision = await next_revision(session)
    await session.flush()
    await card.outdate(session, deal)


async def archived(session: AsyncSession, offset: int, limit: int) -> tuple[Sequence[Deal], int]:
    """Some of the archived deals, the latest first; and how many there are in all."""
    query = select(Deal).where(Deal.archived_at.is_not(None))
    total = await session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = await session.scalars(query.order_by(Deal.archived_at.desc(), Deal.slug).offset(offset).limit(limit))
    return rows.all(), total


async def followers(session: AsyncSession, deal: Deal) -> int:
    """How many chats follow the deal, by whichever subscription, muted or not."""
    listening = await subscription.listeners(session, deal, _AFTER_ALL_MUTES)
    return sum(listener.subscriber.retired_at is None for listener in listening)
