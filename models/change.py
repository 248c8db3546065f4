"""The history of a deal: append-only, and every row names the claims behind it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from matcher.vocabulary import ChangeKind, Stage, Standing, Status
from models.article import Claim
from models.base import Base
from models.deal import Deal

change_claim = Table(
    "change_claim",
    Base.metadata,
    Column("change_id", ForeignKey("change.id", ondelete="CASCADE"), primary_key=True),
    Column("claim_id", ForeignKey("claim.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Change(Base):
    """One move of a deal: its status, its stage or its confirmation."""

    __tablename__ = "change"
    __table_args__ = (
        Index("ix_change_deal_id_id", "deal_id", "id"),
        Index("ix_change_undoes_id", "undoes_id", sqlite_where=text("undoes_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    """When Hearsay recorded it."""
    kind: Mapped[ChangeKind]
    from_stage: Mapped[Stage | None]
    stage: Mapped[Stage | None]
    """The stage after; None if a correction left no report standing."""
    confirmed: Mapped[bool]
    sources: Mapped[int]
    """Independent origins behind the new stage."""
    contested: Mapped[bool]
    quiet: Mapped[bool]
    """Recorded without telling those who hear of key moves."""
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("change.id", ondelete="SET NULL"), default=None)
    """The change that this one takes back."""
    by: Mapped[int | None] = mapped_column(BigInteger, default=None)
    """The Telegram user who decided it; None for news."""
    reason: Mapped[str] = mapped_column(default="", server_default="")
    """The words of whoever decided it."""

    deal: Mapped[Deal] = relationship(lazy="raise")
    claims: Mapped[list[Claim]] = relationship(secondary=change_claim, order_by=Claim.moment, lazy="raise")

    @classmethod
    def recounted(cls, deal: Deal, before: Standing, after: Standing, by: int, reason: str, at: datetime) -> "Change":
        """A quiet change to where the claims leave the deal, after a user's act changed which of them count."""
        return cls(
            deal=deal,
            at=at,
            kind=ChangeKind.STATUS if after.status is not before.status else ChangeKind.STAGE,
            from_stage=before.stage,
            stage=after.stage,
            confirmed=after.confirmed,
            sources=len(after.origins),
            contested=after.contested,
            quiet=True,
            by=by,
            reason=reason,
            claims=[],
        )

    @property
    def from_status(self) -> Status | None:
        """The status before; None at first."""
        return self.from_stage.status if self.from_stage else None

    @property
    def status(self) -> Status | None:
        """The status after; None if a correction left no report standing."""
        return self.stage.status if self.stage else None


async def history(session: AsyncSession, deal: Deal, limit: int) -> Sequence[Change]:
    """The deal's latest changes with claims and articles, newest first."""
    query = (
        select(Change)
        .where(Change.deal_id == deal.id)
        .options(selectinload(Change.claims).joinedload(Claim.article))
        .order_by(Change.id.desc())
        .limit(limit)
    )
    return (await session.scalars(query)).all()
