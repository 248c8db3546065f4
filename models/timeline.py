"""A deal's stages over time, and the reports behind them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher.decide import Outcome
from matcher.vocabulary import Stage
from models.article import Claim
from models.change import Change
from models.deal import Deal


@dataclass(frozen=True, slots=True)
class Move:
    """The deal's stage from this time on."""

    at: datetime
    stage: Stage | None
    """None if a correction left no report standing."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One report: what it claimed, when, and who reported it first."""

    at: datetime
    stage: Stage
    origin: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Both, oldest first."""

    moves: Sequence[Move]
    evidence: Sequence[Evidence]


async def timeline(session: AsyncSession, deal: Deal) -> Timeline:
    """The deal's moves and all reports about it but for background and what a person struck."""
    moves = await session.execute(select(Change.at, Change.stage).where(Change.deal_id == deal.id).order_by(Change.id))
    evidence = await session.execute(
        select(Claim.moment, Claim.stage, Claim.origin)
        .where(Claim.deal_id == deal.id, Claim.outcome.not_in([Outcome.BACKGROUND, Outcome.STRUCK]))
        .order_by(Claim.moment, Claim.id)
    )
    return Timeline([Move(*row) for row in moves], [Evidence(*row) for row in evidence])
