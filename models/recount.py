"""Where a deal stands when some of what was said of it counts no more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from matcher import decide, vocabulary
from matcher.decide import Outcome
from matcher.vocabulary import Stage
from models.article import Claim
from models.change import Change
from models.deal import Deal


async def recount(session: AsyncSession, deal: Deal, without: Change | None = None) -> vocabulary.Standing:
    """Where the deal stands by the claims that count, the decisions of persons and the timer, one after the other."""
    claims = select(Claim).where(Claim.deal_id == deal.id, Claim.outcome != Outcome.STRUCK)
    heard = (
        await session.scalars(claims.options(joinedload(Claim.article), joinedload(Claim.deal)).order_by(Claim.id))
    ).all()
    undone = select(Change.undoes_id).where(Change.undoes_id.is_not(None))
    decided = select(Change).where(
        Change.deal_id == deal.id, ~Change.claims.any(), Change.undoes_id.is_(None), Change.id.not_in(undone)
    )
    changes = [change for change in await session.scalars(decided) if change is not without]
    standing = vocabulary.Standing()
    events: list[Claim | Change] = [*heard, *changes]
    for event in sorted(events, key=_came):
        if isinstance(event, Change):
            standing = _decided(standing, event)
        else:
            standing = _heard_again(deal, standing, event, heard)
    return standing


def _came(event: Claim | Change) -> tuple[datetime, int]:
    return (event.at, event.id) if isinstance(event, Change) else (event.article.first_seen_at, event.id)


def _decided(standing: vocabulary.Standing, change: Change) -> vocabulary.Standing:
    """What the timer or a person did to a deal."""
    if change.stage is Stage.QUIET:
        return replace(standing, stage=Stage.QUIET)
    return vocabulary.Standing(stage=change.stage, confirmed=change.confirmed, moment=change.at, last_heard=change.at)


def _heard_again(
    deal: Deal, standing: vocabulary.Standing, claim: Claim, heard: Sequence[Claim]
) -> vocabulary.Standing:
    report = claim.report()
    earlier = [
        c.report()
        for c in heard
        if c.id < claim.id and not (c.background or c.settled) and c.moment >= claim.moment - decide.MEMORY
    ]
    decision = decide.decide(deal.kind, standing, report, earlier)
    if decision.outcome is Outcome.HELD and claim.outcome is Outcome.MOVED:  # a person let it through
        decision = decide.release(standing, report, claim.moment) or decision
    return decision.standing
