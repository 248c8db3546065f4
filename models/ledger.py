"""The one place where a deal moves.

The poller, a replayed archive, the timer and a person all come through here: the new standing, its line of history and
one outbox row per follower are written in the caller's transaction, together or not at all.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from matcher import decide, syndication, vocabulary
from matcher.dateline import reporter
from matcher.decide import Decision, Outcome
from matcher.vocabulary import ChangeKind, Stage, fold_name
from models import card, outbox
from models.article import Claim
from models.change import Change
from models.deal import Deal
from models.recount import recount
from models.subscription import Moves


async def hear(session: AsyncSession, claim: Claim, at: datetime, *, quietly: bool = False) -> Change | None:
    """Let one new claim act on its deal, and keep it; ``quietly`` records a change without pushing it.

    ``at`` is the time of recording (the clock's, or an archive's own). Returns the change, if the deal moved.
    """
    deal = claim.deal
    remembered = [] if claim.background else await _heard(session, claim)
    claim.origin = _first_carrier(claim, remembered)
    heard = [earlier for earlier in remembered if earlier.outcome is not Outcome.STRUCK]
    decision = decide.decide(deal.kind, deal.standing, claim.report(), [c.report() for c in heard])
    if any(_is_copy(claim, earlier) for earlier in remembered if earlier.outcome is Outcome.STRUCK):
        decision = Decision(Outcome.STRUCK, deal.standing)
    claim.outcome = decision.outcome
    session.add(claim)
    if decision.outcome is Outcome.HELD:
        await outbox.post_held(session, claim, at)
    independent = fold_name(claim.origin) not in deal.origins
    if decision.outcome is Outcome.SUPPORTED and independent and not quietly:
        await session.flush()
        await outbox.post_report(session, claim, deal, at)
    others = [earlier for earlier in heard if fold_name(earlier.origin) != fold_name(claim.origin)]
    return await _record(session, deal, decision, [*others, claim], at, quietly=quietly)


async def begin(session: AsyncSession, deal: Deal, stage: Stage, since: datetime) -> Change | None:
    """Give a deal that has no status yet its known starting point, quietly: where it stood at ``since``."""
    if deal.stage is not None:
        return None
    after = vocabulary.Standing(stage=stage, confirmed=True, moment=since, last_heard=since)  # a person says so
    move = vocabulary.Change(ChangeKind.STATUS, deal.standing, after)
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


async def settle(session: AsyncSession, deal: Deal, stage: Stage, by: int, reason: str, at: datetime) -> Change | None:
    """Set a stage because a person with the right says so; it holds until a fresh report. None if it stands so."""
    if deal.stage is stage:
        return None
    before = deal.standing
    after = vocabulary.Standing(stage=stage, confirmed=True, moment=at, last_heard=at)
    kind = ChangeKind.STATUS if after.status is not before.status else ChangeKind.STAGE
    decision = Decision(Outcome.MOVED, after, vocabulary.Change(kind, before, after))
    return await _record(session, deal, decision, [], at, by=by, reason=reason)


async def undo(session: AsyncSession, change: Change, by: int, reason: str, at: datetime) -> Change | None:
    """Take a change back, because a person with the right says that it is wrong.

    The claims behind it count no more, the deal stands where the others leave it, and exactly the chats that were told
    are told of the correction. None if it was taken back before. Needs the change's deal and claims, with articles.
    """
    if await session.scalar(select(Change.id).where(Change.undoes_id == change.id)):
        return None
    await _strike(session, change.deal, change.claims)
    return await _correct(session, change, by, reason, at)


async def _correct(session: AsyncSession, change: Change, by: int, reason: str, at: datetime) -> Change:
    """Let the deal stand where the claims that count leave it, and put right what was told."""
    deal, before = change.deal, change.deal.standing
    after = await recount(session, deal, without=change)
    correction = Change.recounted(deal, before, after, by, reason, at)
    correction.undoes_id = change.id
    session.add(correction)
    await _stand(session, deal, after)
    await session.flush()
    await outbox.post_correction(session, correction, change)
    return correction


async def strike(session: AsyncSession, claim: Claim, by: int, reason: str, at: datetime) -> list[Change]:
    """Let a claim count no more: it is wrong, or about another deal. The corrections of the changes that fall with it.

    Those are the changes that it alone made; or the last one, if the deal does not stand there without it. Needs the
    claim's deal loaded.
    """
    deal = claim.deal
    await _strike(session, deal, [claim])
    standing = await _not_taken_back(session, deal)
    fallen = [c for c in standing if claim in c.claims and all(x.outcome is Outcome.STRUCK for x in c.claims)]
    after = await recount(session, deal)
    if not fallen and after.stage is not deal.stage:
        fallen = list(standing[:1])
    if not fallen:
        await _stand(session, deal, after)
    return [await _correct(session, change, by, reason, at) for change in fallen]


async def _not_taken_back(session: AsyncSession, deal: Deal) -> Sequence[Change]:
    """The deal's changes that were not taken back, with their claims, newest first."""
    taken_back = select(Change.undoes_id).where(Change.undoes_id.is_not(None))
    standing = (
        select(Change)
        .where(Change.deal_id == deal.id, Change.undoes_id.is_(None), Change.id.not_in(taken_back))
        .options(selectinload(Change.claims).joinedload(Claim.article), joinedload(Change.deal))
        .order_by(Change.id.desc())
    )
    return (await session.scalars(standing)).all()


async def _strike(session: AsyncSession, deal: Deal, claims: Sequence[Claim]) -> None:
    """Let claims count no more, nor the copies of them, which were not counted as long as they did."""
    is_meant = or_(Claim.outcome == Outcome.COPY, Claim.id.in_([claim.id for claim in claims]))
    meant = select(Claim).where(Claim.deal_id == deal.id, is_meant)
    known = (await session.scalars(meant.options(joinedload(Claim.article), joinedload(Claim.deal)))).all()
    copies = [claim for claim in known if claim.outcome is Outcome.COPY]
    for copy in [copy for copy in copies if any(_is_copy(copy, claim) for claim in claims)]:
        copy.outcome = Outcome.STRUCK
    for claim in claims:
        claim.outcome = Outcome.STRUCK
    await session.flush()


def _is_copy(claim: Claim, earlier: Claim) -> bool:
    """Whether a claim only repeats what an earlier one says, of the same origin."""
    same = (claim.stage, fold_name(claim.origin)) == (earlier.stage, fold_name(earlier.origin))
    remembered = abs(claim.moment - earlier.moment) <= decide.MEMORY
    return same and remembered and decide.tells_again(claim.report(), earlier.report())


async def _stand(session: AsyncSession, deal: Deal, standing: vocabulary.Standing) -> None:
    """Let the deal stand there; its cards show it."""
    before = deal.standing
    deal.standing = standing
    if replace(before, last_heard=standing.last_heard) != standing:
        await card.outdate(session, deal)


async def mark_quiet(session: AsyncSession, now: datetime) -> list[Change]:
    """Move rumors that nobody has said anything about for a year to ``quiet``.

    Not those that are archived: nobody listened.
    """
    rumored = [stage for stage in Stage if stage.status is vocabulary.Status.RUMORED and stage is not Stage.QUIET]
    silent = select(Deal).where(Deal.stage.in_(rumored), Deal.last_heard <= now - decide.QUIET_AFTER)
    changes = []
    for deal in await session.scalars(silent.where(Deal.archived_at.is_(None))):
        move = decide.fall_quiet(deal.standing, now)
        if move:
            decision = Decision(Outcome.MOVED, move.after, move)
            changes.append(await _record(session, deal, decision, [], now))
    return [change for change in changes if change]


async def _heard(session: AsyncSession, claim: Claim) -> Sequence[Claim]:
    """The deal's earlier live claims of the same story, oldest first; struck ones too: they go on being copied."""
    query = (
        select(Claim)
        .where(
            Claim.deal_id == claim.deal.id,
            Claim.background.is_(False),
            Claim.settled.is_(False),
            Claim.moment >= claim.moment - decide.MEMORY,
            Claim.outcome.not_in([Outcome.BYSTANDER, Outcome.BACKGROUND]),
        )
        .options(joinedload(Claim.article), selectinload(Claim.deal))  # the deal is loaded already
        .order_by(Claim.moment, Claim.id)
    )
    return (await session.scalars(query)).all()


def _first_carrier(claim: Claim, heard: Sequence[Claim]) -> str:
    """The claim's origin; where it credits nobody and its text came from another outlet before, that one's origin."""
    if fold_name(claim.origin) != fold_name(reporter(claim.article)):
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
    by: int | None = None,
    reason: str = "",
) -> Change | None:
    await _stand(session, deal, decision.standing)
    move = decision.change
    if move is None or move.after.stage is None:
        return None
    moves = _moves(move)
    untold = quietly or decision.quiet
    change = Change(
        deal=deal,
        at=at,
        kind=move.kind,
        from_stage=move.before.stage,
        stage=move.after.stage,
        confirmed=move.after.confirmed,
        sources=len(move.after.origins),
        contested=move.after.contested,
        quiet=untold or moves is Moves.ALL,
        by=by,
        reason=reason,
        claims=[claim for claim in claims if claim.article.ref in move.articles],
    )
    for claim in change.claims:
        if claim.outcome is Outcome.HELD:  # the owner need not decide any more
            claim.outcome = Outcome.MOVED
    session.add(change)
    await session.flush()
    if not untold:
        await outbox.post_change(session, change, deal, moves)
    return change


def _moves(move: vocabulary.Change) -> Moves:
    """The least that a chat must have asked for to hear of this."""
    if move.kind is ChangeKind.STATUS:
        return Moves.STATUS
    return Moves.KEY if decide.is_key_move(move) else Moves.ALL
