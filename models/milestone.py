"""Steps that are taken once in the life of a database."""

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

STARTERS = "starter lists imported"


class Milestone(Base):
    """A step that was taken."""

    __tablename__ = "milestone"

    name: Mapped[str] = mapped_column(primary_key=True)


async def is_reached(session: AsyncSession, name: str) -> bool:
    """Whether the step was taken."""
    return await session.get(Milestone, name) is not None


async def reach(session: AsyncSession, name: str) -> None:
    """Note that the step is taken, in the transaction that takes it."""
    session.add(Milestone(name=name))
