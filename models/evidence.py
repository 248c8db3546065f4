"""Why a deal stands where it does: what was said of it, and what became of each word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ScalarSelect, Select, case, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload

from matcher.decide import BYSTANDERS, CONFIRMING, Outcome
from matcher.vocabulary import Stage, Status
from models import decisions
from models.article import Article, Claim
from models.change import Change
from models.deal import Deal

_UNLISTED = (Outcome.COPY, Outcome.BACKGROUND)
"""Copies are counted; what looks back says nothing new."""
_VOID = (Outcome.BACKGROUND, Outcome.BYSTANDER, Outcome.STRUCK)
_DENIALS = [stage for stage in Stage if stage.status is Status.DENIED]


@dataclass(frozen=True, slots=True)
class Piece:
    """One claim, and the copies of it."""

    claim: Claim
    copies: int
    carriers: Sequence[str]
    """The outlets that carried the copies, the most frequent first."""


@dataclass(frozen=True, slots=True)
class Sum:
    """All that was said of a deal, in numbers."""

    articles: int
    """With a claim that is neither background, nor a bystander's, nor struck."""
    sources: int
    """Independent origins of these claims."""
    copies: int
    listed: int
    """Claims that are shown one by one."""


async def total(session: AsyncSession, deal: Deal) -> Sum:
    """How much was said of a deal."""
    counts = Claim.outcome.not_in(_VOID)
    query = select(
        func.count(case((counts, Claim.article_id)).distinct()),
        func.count(case((counts, func.lower(Claim.origin))).distinct()),
        func.count(case((Claim.outcome == Outcome.COPY, 1))),
        func.count(case((Claim.outcome.not_in(_UNLISTED), 1))),
    ).where(Claim.deal_id == deal.id)
    return Sum(*(await session.execute(query)).one())


async def page(session: AsyncSession, deal: Deal, offset: int, limit: int) -> Sequence[Piece]:
    """Some of the claims about a deal with their articles, newest first, each with the copies of it."""
    query = (
        select(Claim, _said_again())
        .where(Claim.deal_id == deal.id, Claim.outcome.not_in(_UNLISTED))
        .options(joinedload(Claim.article))
        .order_by(Claim.moment.desc(), Claim.id.desc())
        .offset(offset)
        .limit(limit)
    )
    listed = [(claim, until) for claim, until in (await session.execute(query)).all()]
    carried = await _carriers(session, listed)
    return [Piece(claim, sum(carried[claim.id].values()), list(carried[claim.id])) for claim, _ in listed]


async def sides(session: AsyncSession, deal: Deal) -> Sequence[Claim]:
    """Of a contested deal the last word of a party, and the last report that contradicts it, with their articles."""
    words = _latest(deal).where(Claim.speaker.in_(CONFIRMING))
    word = await session.scalar(words)
    if word is None:
        return []
    opposed = Claim.stage.not_in(_DENIALS) if word.stage in _DENIALS else Claim.stage.in_(_DENIALS)
    against = await session.scalar(_latest(deal).where(Claim.speaker.not_in([*CONFIRMING, *BYSTANDERS]), opposed))
    return [word, against] if against else []


async def decision(session: AsyncSession, deal: Deal) -> Change | None:
    """The decision of a person by which the deal stands, if it does."""
    latest = await decisions.latest(session, deal)
    return latest if latest and latest.by and not latest.undoes_id else None


def _latest(deal: Deal) -> Select[Claim]:
    return (
        select(Claim)
        .where(Claim.deal_id == deal.id, Claim.outcome.not_in(_VOID))
        .options(joinedload(Claim.article))
        .order_by(Claim.moment.desc(), Claim.id.desc())
        .limit(1)
    )


def _said_again() -> ScalarSelect[datetime]:
    """When the same was next said by the same origin on its own, to be asked beside a claim: its copies end there."""
    later = aliased(Claim)
    query = (
        select(later.moment)
        .where(
            later.deal_id == Claim.deal_id,
            later.moment > Claim.moment,
            later.stage == Claim.stage,
            func.lower(later.origin) == func.lower(Claim.origin),
            later.outcome.not_in(_UNLISTED),
        )
        .order_by(later.moment)
        .limit(1)
    )
    return query.correlate_except(later).scalar_subquery()


async def _carriers(
    session: AsyncSession, listed: Sequence[tuple[Claim, datetime | None]]
) -> Mapping[int, Mapping[str, int]]:
    """How many copies of each claim each outlet carried, the most frequent first; all in one query."""
    copies: dict[int, dict[str, int]] = {claim.id: {} for claim, _ in listed}
    if not listed:
        return copies
    rows = await session.execute(union_all(*(_copies(claim, until) for claim, until in listed)))
    for claim_id, outlet, count in sorted(rows.all(), key=lambda row: (-row[2], row[1])):
        copies[claim_id][outlet] = count
    return copies


def _copies(claim: Claim, until: datetime | None) -> Select[int, str, int]:
    ends = [Claim.moment < until] if until else []
    return (
        select(literal(claim.id), Article.outlet, func.count())
        .join(Claim, Claim.article_id == Article.id)
        .where(
            Claim.deal_id == claim.deal_id,
            Claim.moment >= claim.moment,
            *ends,
            Claim.outcome == Outcome.COPY,
            Claim.stage == claim.stage,
            func.lower(Claim.origin) == func.lower(claim.origin),
        )
        .group_by(Article.outlet)
    )
