"""Where a deal stands when some of what was said of it counts no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from matcher import decide, vocabulary
from matcher.decide import Outcome
from matcher.vocabulary import ChangeKind, Stage, Trust
from models.article import Claim
from models.change import Change
from models.deal import Deal


@dataclass(frozen=True, slots=True)
class _Event:
    """Something that came to a deal: a claim, or what the timer or a person did to it."""

    at: datetime
    claim: Claim | None = None
    change: Change | None = None


async def recount(session: AsyncSession, deal: Deal, without: Change | None = None) -> vocabulary.Standing:
    """Where the deal stands by the claims that count, the decisions of persons and the timer, one after the other."""
    claims = await _claims(session, deal)
    changes = [change for change in await _decisions(session, deal) if change is not without]
    standing = vocabulary.Standing()
    for event in _in_order(claims, changes):
        if event.claim:
            standing = _heard_again(deal, standing, event.claim, claims)
        elif event.change:
            standing = _decided(standing, event.change)
    return standing


async def _claims(session: AsyncSession, deal: Deal) -> Sequence[Claim]:
    """The claims that count, as they were heard."""
    heard = select(Claim).where(Claim.deal_id == deal.id, Claim.outcome != Outcome.STRUCK)
    with_their_words = heard.options(joinedload(Claim.article), joinedload(Claim.deal))
    return (await session.scalars(with_their_words.order_by(Claim.id))).all()


async def _decisions(session: AsyncSession, deal: Deal) -> Sequence[Change]:
    """What the timer or a person did, and was not taken back. A person who lets a held claim through decides, too."""
    undone = select(Change.undoes_id).where(Change.undoes_id.is_not(None))
    standing = (
        select(Change)
        .where(Change.deal_id == deal.id, Change.undoes_id.is_(None), Change.id.not_in(undone))
        .options(selectinload(Change.claims).joinedload(Claim.article))
        .order_by(Change.id)
    )
    return [change for change in await session.scalars(standing) if not change.claims or _released(change)]


def _released(change: Change) -> Claim | None:
    """The claim that a person let through by this change, if it is such a one: one of an unvetted feed, alone."""
    if len(change.claims) != 1 or change.kind is ChangeKind.CONFIRMATION:
        return None
    (claim,) = change.claims
    return claim if claim.outcome is Outcome.MOVED and claim.article.trust is Trust.UNVETTED else None


def _in_order(claims: Sequence[Claim], changes: Sequence[Change]) -> Sequence[_Event]:
    """As they came. An article may be heard later than one that was seen after it."""
    seen = accumulate((claim.article.first_seen_at for claim in claims), max)
    heard = [_Event(at, claim=claim) for at, claim in zip(seen, claims, strict=True)]
    return sorted([*heard, *(_Event(change.at, change=change) for change in changes)], key=lambda event: event.at)


def _decided(standing: vocabulary.Standing, change: Change) -> vocabulary.Standing:
    """What the timer or a person did to a deal."""
    claim = _released(change)
    if claim:
        decision = decide.release(standing, claim.report(), change.at)
        return decision.standing if decision else standing
    if change.stage is Stage.QUIET and not change.by:
        fallen = decide.fall_quiet(standing, change.at)
        return fallen.after if fallen else standing
    return vocabulary.Standing(stage=change.stage, confirmed=change.confirmed, moment=change.at, last_heard=change.at)


def _heard_again(
    deal: Deal, standing: vocabulary.Standing, claim: Claim, heard: Sequence[Claim]
) -> vocabulary.Standing:
    earlier = [
        c.report()
        for c in heard
        if c.id < claim.id
        and not (c.background or c.settled or c.outcome is Outcome.BYSTANDER)
        and c.moment >= claim.moment - decide.MEMORY
    ]
    return decide.decide(deal.kind, standing, claim.report(), earlier).standing
