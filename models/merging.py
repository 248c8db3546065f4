"""Two deals that are the same: one of them gets all that the other has.

::

    the claims that both have     → one of each is kept, with the history and the letters of the other
    letters that say nothing new  → dropped
    everything else               → moved, but for what the deal that stays has itself
    the deal that goes            → deleted, after its parties' names were added to those of the same companies
    all claims that count         → counted again: that is where the deal stands
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_, delete, exists, func, select, union, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload, selectinload

from matcher import vocabulary
from matcher.decide import Outcome
from matcher.vocabulary import ChangeKind, Standing, fold_name
from models import card
from models.article import Claim, Mention
from models.base import Base
from models.change import Change, change_claim
from models.deal import Deal, next_revision, spelling_key
from models.feedback import Complaint, Feedback
from models.outbox import Letter
from models.recount import recount
from models.subscription import Mute, Subscription, Target

_TABLES = Base.metadata.tables
_MOVED = ("claim", "mention", "change", "mute", "card", "proposal")
"""The tables whose rows go over as they are. Where both deals have the same row, that of the one that stays is kept."""
_PROVES_NOTHING = (Outcome.STRUCK, Outcome.BYSTANDER, Outcome.BACKGROUND, Outcome.COPY)


@dataclass(frozen=True, slots=True)
class Belongings:
    """How much hangs on a deal."""

    claims: int
    articles: int
    """With a claim, or with a mention only."""
    mentions: int
    changes: int
    subscriptions: int
    mutes: int
    complaints: int


@dataclass(frozen=True, slots=True)
class Record:
    """All that was learned of a deal, as it came in."""

    claims: list[Claim]
    mentions: list[Mention]
    changes: list[Change]


async def belongings(session: AsyncSession, deal: Deal) -> Belongings:
    """What a merger of this deal into another one would move."""

    async def count(table: type[Claim | Mention | Change | Subscription | Mute]) -> int:
        return await session.scalar(select(func.count()).select_from(table).where(table.deal_id == deal.id)) or 0

    claimed = select(Claim.article_id).where(Claim.deal_id == deal.id)
    articles = union(claimed, select(Mention.article_id).where(Mention.deal_id == deal.id)).subquery()
    complaints = select(func.count()).select_from(Complaint).join(Feedback).join(Change)
    return Belongings(
        claims=await count(Claim),
        articles=await session.scalar(select(func.count()).select_from(articles)) or 0,
        mentions=await count(Mention),
        changes=await count(Change),
        subscriptions=await count(Subscription),
        mutes=await count(Mute),
        complaints=await session.scalar(complaints.where(Change.deal_id == deal.id)) or 0,
    )


async def record(session: AsyncSession, deal: Deal) -> Record:
    """Everything that was learned of a deal, to be written down before the deal goes."""
    claims = select(Claim).where(Claim.deal_id == deal.id).order_by(Claim.id)
    mentions = select(Mention).where(Mention.deal_id == deal.id).order_by(Mention.article_id)
    changes = select(Change).where(Change.deal_id == deal.id).order_by(Change.id)
    behind = selectinload(Change.claims).joinedload(Claim.article)
    return Record(
        claims=list(await session.scalars(claims.options(joinedload(Claim.article), joinedload(Claim.deal)))),
        mentions=list(await session.scalars(mentions.options(joinedload(Mention.article), joinedload(Mention.deal)))),
        changes=list(await session.scalars(changes.options(behind, joinedload(Change.deal)))),
    )


async def merge(
    session: AsyncSession, source: Deal, target: Deal, by: int, reason: str, now: datetime
) -> Change | None:
    """Give ``target`` all that ``source`` has, and delete ``source``. Nobody is told.

    The change, which names who did it and why, if ``target`` stands elsewhere by it. Needs of both what
    :func:`models.deal.described` loads, and none of their claims, mentions and changes in the session.
    """
    await _keep_one_of_each_claim(session, source, target)
    await _drop_what_was_told(session, source, target)
    await session.execute(update(Change).where(Change.deal_id == source.id).values(quiet=True))
    await _unmute_listeners(session, source, target)
    await _move(session, source, target)
    revision = await next_revision(session)
    target.describe(_with_names(target.value, source.value), revision)
    target.revision = revision  # also if no name is new: there is a deal less to read for
    await session.flush()
    await session.delete(source)
    await session.flush()
    return await _stand(session, target, by, reason, now)


async def _keep_one_of_each_claim(session: AsyncSession, source: Deal, target: Deal) -> None:
    """Where one article says the same of both deals, the target's claim stays; it gets what hangs on the other."""
    twins = await _twins(session, source, target)
    for goes, stays in twins:
        for column in (change_claim.c.claim_id, _TABLES["outbox"].c.claim_id, _TABLES["outbox"].c.report_id):
            moving = update(column.table).where(column == goes).values({column: stays})
            await session.execute(moving.prefix_with("OR IGNORE"))
    await session.execute(delete(Claim).where(Claim.id.in_([goes for goes, _ in twins])))


async def _twins(session: AsyncSession, source: Deal, target: Deal) -> Sequence[tuple[int, int]]:
    """The ids of the source's claims that the target has, too, and of those."""
    goes, stays = aliased(Claim), aliased(Claim)
    same = and_(
        stays.deal_id == target.id,
        stays.article_id == goes.article_id,
        stays.stage == goes.stage,
        stays.background == goes.background,
        stays.settled == goes.settled,
    )
    query = select(goes.id, func.min(stays.id)).join(stays, same).where(goes.deal_id == source.id)
    return [(goes_id, stays_id) for goes_id, stays_id in await session.execute(query.group_by(goes.id))]


async def _drop_what_was_told(session: AsyncSession, source: Deal, target: Deal) -> None:
    """A letter that waits is dropped where its chat has one that says the same of the target."""
    told, said = aliased(Letter), aliased(Change)
    moves = select(Change.id).where(Change.id == Letter.change_id, Change.deal_id == source.id)
    told_so = (
        select(told.id)
        .join(said, said.id == told.change_id)
        .where(told.subscriber_id == Letter.subscriber_id, told.abandoned_at.is_(None))
        .where(said.deal_id == target.id, said.stage == Change.stage)
    )
    repeated = exists(moves.where(exists(told_so.correlate(Letter, Change))).correlate(Letter))
    waiting = (Letter.sent_at.is_(None), Letter.abandoned_at.is_(None), Letter.uncertain == 0)
    await session.execute(delete(Letter).where(*waiting, repeated).execution_options(synchronize_session=False))


async def _unmute_listeners(session: AsyncSession, source: Deal, target: Deal) -> None:
    """Who follows the target itself goes on hearing of it, though the source was muted."""
    listening = select(Subscription.subscriber_id).where(Subscription.deal_id == target.id)
    await session.execute(delete(Mute).where(Mute.deal_id == source.id, Mute.subscriber_id.in_(listening)))


async def _move(session: AsyncSession, source: Deal, target: Deal) -> None:
    for name in _MOVED:
        table = _TABLES[name]
        moving = update(table).where(table.c.deal_id == source.id).values(deal_id=target.id)
        await session.execute(moving.prefix_with("OR IGNORE"))
    following = update(_TABLES["subscription"]).where(_TABLES["subscription"].c.deal_id == source.id)
    renamed = following.values(deal_id=target.id, target=Target(target).key)
    await session.execute(renamed.prefix_with("OR IGNORE"))


def _with_names(target: vocabulary.Deal, source: vocabulary.Deal) -> vocabulary.Deal:
    """The target, each party also by the names that the source has for the same company."""
    return replace(target, parties=tuple(_known_as(party, source.parties) for party in target.parties))


def _known_as(party: vocabulary.Party, others: Iterable[vocabulary.Party]) -> vocabulary.Party:
    same = [other for other in others if not _keys(party).isdisjoint(_keys(other))]
    names = dict.fromkeys([*party.aliases, *(name for other in same for name in other.names)])
    return replace(party, aliases=tuple(name for name in names if name != party.name))


def _keys(party: vocabulary.Party) -> set[str]:
    return set(map(spelling_key, party.names))


async def _stand(session: AsyncSession, deal: Deal, by: int, reason: str, now: datetime) -> Change | None:
    """Let the deal stand where all claims that count leave it; its cards, the new ones too, show it."""
    before, after = deal.standing, await recount(session, deal)
    deal.standing = after
    await card.outdate(session, deal)
    if (before.stage, before.confirmed) == (after.stage, after.confirmed):
        return None
    change = Change(
        deal=deal,
        at=now,
        kind=ChangeKind.STATUS if after.status is not before.status else ChangeKind.STAGE,
        from_stage=before.stage,
        stage=after.stage,
        confirmed=after.confirmed,
        sources=len(after.origins),
        contested=after.contested,
        quiet=True,
        by=by,
        reason=reason,
        claims=await _behind(session, deal, after),  # without any, it would count as a decision ever after
    )
    session.add(change)
    await session.flush()
    return change


async def _behind(session: AsyncSession, deal: Deal, standing: Standing) -> list[Claim]:
    """The claims by which a deal stands."""
    query = select(Claim).where(Claim.deal_id == deal.id, Claim.outcome.not_in(_PROVES_NOTHING))
    claims = await session.scalars(query.options(joinedload(Claim.article)).order_by(Claim.moment, Claim.id))
    return [c for c in claims if c.stage.status is standing.status and fold_name(c.origin) in standing.origins]
