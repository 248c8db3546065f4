"""Deals whose news is read no more. Nothing of them is deleted, and they can be brought back."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from matcher.vocabulary import Stage
from models import card, outbox, subscription
from models.article import Claim
from models.change import Change
from models.deal import Deal, next_revision
from models.outbox import Letter

_AFTER_ALL_MUTES = datetime.max.replace(tzinfo=UTC)


async def archive(session: AsyncSession, deal: Deal, now: datetime) -> bool:
    """Read the deal's news no more. Whoever follows it is not told, but its cards say so. False if it was archived."""
    if deal.archived_at:
        return False
    deal.archived_at = now
    await withdraw_letters(session, deal, now)
    await _turn(session, deal)
    return True


async def withdraw_letters(session: AsyncSession, deal: Deal, now: datetime) -> None:
    """Tell nobody what waits to be told of the deal: its changes and further reports, such as for quiet hours.

    What may have arrived is not tried again either. Questions to those who decide, and their answers, stay.
    """
    await _withdraw(session, Change.deal_id == deal.id, Claim.deal_id == deal.id, now)


async def withdraw_untrue_letters(session: AsyncSession, deal: Deal, now: datetime) -> None:
    """As :func:`withdraw_letters`, but only what says that the deal stands where it does not, or is confirmed.

    Corrections stay: they say, too, that something that was told is wrong.
    """
    elsewhere = or_(Change.stage.is_distinct_from(deal.stage), and_(Change.confirmed, literal(not deal.confirmed)))
    changes = and_(Change.deal_id == deal.id, Change.undoes_id.is_(None), elsewhere)
    present = [stage for stage in Stage if stage.status is deal.status]
    await _withdraw(session, changes, and_(Claim.deal_id == deal.id, Claim.stage.not_in(present)), now)


async def _withdraw(
    session: AsyncSession, changes: ColumnElement[bool], reports: ColumnElement[bool], now: datetime
) -> None:
    about = or_(
        Letter.change_id.in_(select(Change.id).where(changes)), Letter.report_id.in_(select(Claim.id).where(reports))
    )
    waiting = update(Letter).where(Letter.sent_at.is_(None), Letter.abandoned_at.is_(None), about)
    withdrawing = waiting.values(abandoned_at=now, error=outbox.WITHDRAWN)
    await session.execute(withdrawing.execution_options(synchronize_session=False))


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
