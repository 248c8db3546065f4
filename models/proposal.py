"""Deals that users would like to see tracked, until somebody with the right decides."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from models.base import Base
from models.deal import Deal
from models.subscriber import Subscriber

DECLINED_FOR = timedelta(days=30)
"""For so long the same user cannot propose again what was declined."""


class Answer(StrEnum):
    """What became of a proposal."""

    APPROVED = "approved"
    DECLINED = "declined"


class Proposal(Base):
    """A user's wish that a deal be tracked."""

    __tablename__ = "proposal"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, index=True)
    name: Mapped[str] = mapped_column(default="")
    """The user's, as Telegram told it."""
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id", ondelete="SET NULL"), index=True)
    """The chat in which it was made, and which hears what came of it."""
    typed: Mapped[str]
    """What was typed after the command: parties joined by plus signs, then perhaps a kind."""
    made_at: Mapped[datetime]
    headlines: Mapped[int | None] = mapped_column(default=None)
    """Stored ones that named the parties together when it was made; None if nobody looked."""
    answer: Mapped[Answer | None] = mapped_column(default=None)
    """None while it is open."""
    answered_at: Mapped[datetime | None] = mapped_column(default=None)
    by: Mapped[int | None] = mapped_column(BigInteger, default=None)
    """The user who answered."""
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id", ondelete="SET NULL"), index=True)
    """What it became."""

    deal: Mapped[Deal | None] = relationship(lazy="raise")


async def propose(
    session: AsyncSession,
    user_id: int,
    name: str,
    chat: Subscriber,
    typed: str,
    now: datetime,
    headlines: int | None = None,
) -> Proposal:
    """Keep a proposal; the same one again, as long as it is open, is the one that is there."""
    same = select(Proposal).where(Proposal.user_id == user_id, Proposal.typed == typed, Proposal.answer.is_(None))
    known = await session.scalar(same)
    if known:
        return known
    proposal = Proposal(
        user_id=user_id, name=name, subscriber_id=chat.id, typed=typed, made_at=now, headlines=headlines
    )
    session.add(proposal)
    await session.flush()
    return proposal


async def find(session: AsyncSession, proposal_id: int) -> Proposal | None:
    """The proposal of this id, with what it became."""
    return await session.get(Proposal, proposal_id, options=[joinedload(Proposal.deal)])


async def waiting(session: AsyncSession, user_id: int | None = None) -> Sequence[Proposal]:
    """The proposals that nobody has answered, oldest first; ``user_id`` limits them to one user's."""
    query = select(Proposal).where(Proposal.answer.is_(None)).order_by(Proposal.id)
    if user_id is not None:
        query = query.where(Proposal.user_id == user_id)
    return (await session.scalars(query)).all()


async def declined(session: AsyncSession, user_id: int, now: datetime) -> Sequence[Proposal]:
    """What was declined of one user's within :data:`DECLINED_FOR`, the latest first."""
    query = select(Proposal).where(Proposal.user_id == user_id, Proposal.answer == Answer.DECLINED)
    lately = query.where(Proposal.answered_at > now - DECLINED_FOR).order_by(Proposal.answered_at.desc())
    return (await session.scalars(lately)).all()


def close(proposal: Proposal, answer: Answer, by: int, deal: Deal | None, now: datetime) -> bool:
    """Answer a proposal; False if somebody did before."""
    if proposal.answer:
        return False
    proposal.answer, proposal.by, proposal.answered_at, proposal.deal = answer, by, now, deal
    return True
