"""What the owner must know about a feed: written when it happens, told once."""

from datetime import datetime

from sqlalchemy import ForeignKey, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.feed import Feed, Trouble
from models.wording import Wording


class Notice(Base):
    """One piece of trouble with one feed."""

    __tablename__ = "notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feed.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    trouble: Mapped[Trouble]
    reason: Mapped[Wording]
    """In plain words, with what to do."""

    feed: Mapped[Feed] = relationship(lazy="raise")


async def told_of_all(session: AsyncSession) -> bool:
    """Whether the owner was told of a failing feed since any feed answered."""
    answered = select(func.max(Feed.succeeded_at, type_=Feed.succeeded_at.type)).scalar_subquery()
    since = or_(answered.is_(None), Notice.at > answered)
    told = select(Notice.id).where(Notice.trouble == Trouble.FAILING, since).limit(1)
    return await session.scalar(told) is not None
