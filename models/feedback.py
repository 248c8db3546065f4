"""What people say is wrong with what they were told, and what the owner made of it."""

from collections import Counter
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, selectinload
from sqlalchemy.orm.strategy_options import _AbstractLoad

from models.article import Claim
from models.base import Base
from models.change import Change
from models.subscriber import Subscriber

MOST_A_DAY = 5
"""Complaints that one user may make in 24 hours: the owner cannot be flooded by a stranger."""


class Fault(StrEnum):
    """What is wrong with a change."""

    OTHER_DEAL = "other_deal"
    """The report is about something else."""
    WRONG_STATUS = "wrong_status"
    """The report does not say that."""


class Verdict(StrEnum):
    """What the owner made of it."""

    STRUCK = "struck"
    """A report behind the change counts no more."""
    UNDONE = "undone"
    """The change was taken back."""
    DISMISSED = "dismissed"
    """It is right as it is."""


class Feedback(Base):
    """The question to the owner whether one change is wrong: opened by the first complaint, decided once."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    change_id: Mapped[int] = mapped_column(ForeignKey("change.id", ondelete="CASCADE"), unique=True)
    opened_at: Mapped[datetime]
    verdict: Mapped[Verdict | None] = mapped_column(default=None)
    """None while it is open."""
    closed_at: Mapped[datetime | None] = mapped_column(default=None)

    change: Mapped[Change] = relationship(lazy="raise")
    complaints: Mapped[list["Complaint"]] = relationship(order_by="Complaint.at", passive_deletes=True, lazy="raise")

    @property
    def faults(self) -> Counter[Fault]:
        """How many people say that it has which fault. Needs the complaints loaded."""
        return Counter(complaint.fault for complaint in self.complaints)


class Complaint(Base):
    """One user's word that a change is wrong."""

    __tablename__ = "complaint"
    __table_args__ = (Index("ix_complaint_user_id_at", "user_id", "at"),)

    feedback_id: Mapped[int] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscriber.id", ondelete="SET NULL"), index=True)
    """The chat in which it was made, and which hears what came of it."""
    fault: Mapped[Fault]
    at: Mapped[datetime]


def with_the_change() -> tuple[_AbstractLoad, ...]:
    """The options that load all that the words about a feedback need."""
    change = joinedload(Feedback.change)
    return (
        change.joinedload(Change.deal),
        change.selectinload(Change.claims).options(joinedload(Claim.article), joinedload(Claim.deal)),
        selectinload(Feedback.complaints),
    )


async def about(session: AsyncSession, change: Change) -> Feedback | None:
    """The feedback about a change, if anybody complained."""
    query = select(Feedback).where(Feedback.change_id == change.id).options(*with_the_change())
    return await session.scalar(query.execution_options(populate_existing=True))


async def find(session: AsyncSession, feedback_id: int) -> Feedback | None:
    """The feedback of this id."""
    return await session.get(Feedback, feedback_id, options=with_the_change())


async def complain(
    session: AsyncSession, change: Change, user_id: int, chat: Subscriber, fault: Fault, at: datetime
) -> None:
    """Keep a user's complaint about a change, the first one only; its feedback is opened where needed."""
    opening = insert(Feedback).values(change_id=change.id, opened_at=at)
    await session.execute(opening.on_conflict_do_nothing())
    opened = select(Feedback.id).where(Feedback.change_id == change.id).scalar_subquery()
    complaint = insert(Complaint).values(feedback_id=opened, user_id=user_id, subscriber_id=chat.id, fault=fault, at=at)
    await session.execute(complaint.on_conflict_do_nothing())


async def has_complained(session: AsyncSession, change: Change, user_id: int) -> bool:
    """Whether the user said before that the change is wrong."""
    query = select(Complaint.at).join(Feedback, Feedback.id == Complaint.feedback_id)
    mine = query.where(Feedback.change_id == change.id, Complaint.user_id == user_id)
    return await session.scalar(mine) is not None


async def has_said_enough(session: AsyncSession, user_id: int, now: datetime) -> bool:
    """Whether the user made all the complaints that one may make in 24 hours."""
    made = select(func.count()).where(Complaint.user_id == user_id, Complaint.at > now - timedelta(days=1))
    return (await session.scalar(made) or 0) >= MOST_A_DAY
