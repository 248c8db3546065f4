"""What persons decide about a deal: where it stands, and what was wrong with what was told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from matcher import decide, vocabulary
from matcher.vocabulary import ChangeKind, Stage
from models import feedback as feedbacks
from models import ledger, outbox, subscription
from models.article import Claim
from models.change import Change
from models.deal import Deal
from models.feedback import Feedback, Verdict
from models.outbox import Letter
from models.subscription import Moves


async def audience(session: AsyncSession, deal: Deal, stage: Stage, at: datetime) -> int:
    """How many chats hear of it when a person sets this stage: see :func:`models.ledger.settle`."""
    least = Moves.STATUS
    if stage.status is deal.status:
        move = vocabulary.Change(ChangeKind.STAGE, deal.standing, replace(deal.standing, stage=stage))
        least = Moves.KEY if decide.is_key_move(move) else Moves.ALL
    return sum(s.moves.rank >= least.rank for s in await subscription.listeners(session, deal, at))


async def latest(session: AsyncSession, deal: Deal) -> Change | None:
    """The last change of a deal."""
    return await session.scalar(select(Change).where(Change.deal_id == deal.id).order_by(Change.id.desc()).limit(1))


async def since(session: AsyncSession, deal: Deal, change_id: int) -> Sequence[Change]:
    """The changes of a deal after this one; after 0, all."""
    later = select(Change).where(Change.deal_id == deal.id, Change.id > change_id)
    return (await session.scalars(later.order_by(Change.id))).all()


async def undoable(session: AsyncSession, deal: Deal, limit: int) -> Sequence[Change]:
    """The last changes of a deal that can be taken back, newest first.

    Not what a merger left (:mod:`models.merging`), which is somebody's act and yet rests on claims: the changes that
    these claims made can be taken back.
    """
    taken_back = select(Change.undoes_id).where(Change.deal_id == deal.id, Change.undoes_id.is_not(None))
    standing = select(Change).where(Change.deal_id == deal.id, Change.undoes_id.is_(None), Change.id.not_in(taken_back))
    standing = standing.where(or_(Change.by.is_(None), ~Change.claims.any()))
    return (await session.scalars(standing.order_by(Change.id.desc()).limit(limit))).all()


async def find_change(session: AsyncSession, change_id: int) -> Change | None:
    """The change of this id, with its deal, claims and their articles."""
    claims = selectinload(Change.claims).options(joinedload(Claim.article), joinedload(Claim.deal))
    return await session.get(Change, change_id, options=[joinedload(Change.deal), claims])


async def correction_of(session: AsyncSession, change: Change) -> Change | None:
    """The change that takes this one back, if it was taken back."""
    return await session.scalar(select(Change).where(Change.undoes_id == change.id))


async def was_told(session: AsyncSession, change: Change) -> int:
    """How many chats have been told of a change, or may have: see :func:`models.outbox.post_correction`."""
    arrived = or_(Letter.sent_at.is_not(None), Letter.uncertain > 0)
    return await session.scalar(select(func.count(Letter.id)).where(Letter.change_id == change.id, arrived)) or 0


async def take_back(session: AsyncSession, change: Change, by: int, at: datetime) -> Change | None:
    """Undo a change, and tell those who said that it is wrong. The correction, also if it was taken back before."""
    correction = await ledger.undo(session, change, by, "", at)
    await _close(session, await feedbacks.about(session, change), Verdict.UNDONE, at)
    return correction or await correction_of(session, change)


async def strike(session: AsyncSession, feedback: Feedback, claim: Claim, by: int, at: datetime) -> None:
    """Let a report that people say is wrong count no more, and tell them. It happens once."""
    if feedback.verdict:
        return
    corrections = await ledger.strike(session, claim, by, "", at)
    await _close(session, feedback, Verdict.STRUCK, at)
    for correction in corrections:
        undone = await session.get_one(Change, correction.undoes_id)
        await _close(session, await feedbacks.about(session, undone), Verdict.UNDONE, at)


async def dismiss(session: AsyncSession, feedback: Feedback, at: datetime) -> None:
    """What people say is wrong is right; they are told so. It happens once."""
    await _close(session, feedback, Verdict.DISMISSED, at)


async def _close(session: AsyncSession, feedback: Feedback | None, verdict: Verdict, at: datetime) -> None:
    if feedback is None or feedback.verdict:
        return
    feedback.verdict, feedback.closed_at = verdict, at
    await session.flush()
    await outbox.post_verdict(session, feedback, at)
