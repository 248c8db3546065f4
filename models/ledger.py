"""The one place where a deal moves.

The poller, a replayed archive, the timer and a person all come through here: the new standing, its line of history and
one outbox row per follower are written in the caller's transaction, together or not at all.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from matcher import decide, syndication, vocabulary
from matcher.attribution import outlet_name
from matcher.decide import Decision, Outcome
from matcher.vocabulary import Stage, fold_name
from models import outbox
from models.article import Claim
from models.change import Change
from models.deal import Deal


async def hear(session: AsyncSession, claim: Claim, at: datetime, *, quietly: bool = False) -> Change | None:
    """Let one new claim act on its deal, and keep it; ``quietly`` records a change without pushing it.

    ``at`` is the time of recording (the clock's, or an archive's own). Returns the change, if the deal moved.
    """
    deal = claim.deal
    heard = [] if claim.background else await _heard(session, claim)
    claim.origin = _first_carrier(claim, heard)
    decision = decide.decide(deal.kind, deal.standing, claim.report(), [c.report() for c in heard])
    claim.outcome = decision.outcome
    session.add(claim)
    if decision.outcome is Outcome.HELD:
        await outbox.post_held(session, claim, at)
    return await _record(session, deal, decision, [*heard, claim], at, quietly=quietly)


async def begin(session: AsyncSession, deal: Deal, stage: Stage, since: datetime) -> Change | None:
    """Give a deal that has no status yet its known starting point, quietly: where it stood at ``since``."""
    if deal.stage is not None:
        return None
    after = vocabulary.Standing(stage=stage, confirmed=True, moment=since, last_heard=since)  # a person says so
    move = vocabulary.Change(vocabulary.ChangeKind.STATUS, deal.standing, after)
    return await _record(session, deal, Decision(Outcome.MOVED, after, move, quiet=True), [], since)


async def release(session: AsyncSession, claim: Claim, at: datetime) -> Change | None:
    """Let a held claim act after all, because a person with the right said so. None if the deal has moved on."""
    if claim.outcome is not Outcome.HELD:
        return None
    decision = decide.release(claim.deal.standing, claim.report(), at)
    if decision is None:
        claim.outcome = Outcome.OLDER
        return None
    claim.outcome = decision.outcome
    return await _record(session, claim.deal, decision, [claim], at)


async def mark_quiet(session: AsyncSession, now: datetime) -> list[Change]:
    """Move rumors that nobody has said anything about for a year to ``quiet``."""
    rumored = [stage for stage in Stage if stage.status is vocabulary.Status.RUMORED and stage is not Stage.QUIET]
    silent = select(Deal).where(Deal.stage.in_(rumored), Deal.last_heard <= now - decide.QUIET_AFTER)
    changes = []
    for deal in await session.scalars(silent):
        move = decide.fall_quiet(deal.standing, now)
        if move:
            decision = Decision(Outcome.MOVED, move.after, move)
            changes.append(await _record(session, deal, decision, [], now))
    return [change for change in changes if change]


async def _heard(session: AsyncSession, claim: Claim) -> Sequence[Claim]:
    """The deal's earlier live claims that still count as the same story, oldest first."""
    query = (
        select(Claim)
        .where(
            Claim.deal_id == claim.deal.id,
            Claim.background.is_(False),
            Claim.settled.is_(False),
            Claim.moment >= claim.moment - decide.MEMORY,
            Claim.outcome.not_in([Outcome.BYSTANDER, Outcome.BACKGROUND]),
        )
        .options(joinedload(Claim.article), joinedload(Claim.deal))
        .order_by(Claim.moment, Claim.id)
    )
    return (await session.scalars(query)).all()


def _first_carrier(claim: Claim, heard: Sequence[Claim]) -> str:
    """The claim's origin; where it credits nobody and its text came from another outlet before, that one's origin."""
    if fold_name(claim.origin) != fold_name(outlet_name(claim.article.outlet)):
        return claim.origin
    before = [earlier for earlier in heard if earlier.stage is claim.stage and earlier.moment <= claim.moment]
    copied = syndication.first_copy(claim.article.story, (earlier.article.story for earlier in before))
    return claim.origin if copied is None else before[copied].origin


async def _record(
    session: AsyncSession,
    deal: Deal,
    decision: Decision,
    claims: Sequence[Claim],
    at: datetime,
    *,
    quietly: bool = False,
) -> Change | None:
    deal.standing = decision.standing
    move = decision.change
    if move is None or move.after.stage is None:
        return None
    change = Change(
        deal=deal,
        at=at,
        kind=move.kind,
        from_stage=move.before.stage,
        stage=move.after.stage,
        confirmed=move.after.confirmed,
        sources=len(move.after.origins),
        contested=move.after.contested,
        quiet=quietly or decision.quiet or not decide.is_key_move(move),
        claims=[claim for claim in claims if claim.article.ref in move.articles],
    )
    for claim in change.claims:
        if claim.outcome is Outcome.HELD:  # the owner need not decide any more
            claim.outcome = Outcome.MOVED
    session.add(change)
    await session.flush()
    if not change.quiet:
        await outbox.post_change(session, change, deal)
    return change
