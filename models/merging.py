"""Two deals that are the same: one of them gets all that the other has.

::

    the claims that both have     → one of each is kept, with the history and the letters of the other
    letters that wait             → withdrawn: what they say of the deal that goes may be untrue of the other
    everything else               → moved, but for what the deal that stays has itself
    what leads to the one         → leads to the other: old buttons, links and its short name; its cards say so
    the deal that goes            → deleted, after its keywords, and its parties' names as far as it is safe, were added
    all claims that count         → counted again: that is where the deal stands
    letters about the other       → withdrawn, too, if they say what is not so any more
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select, union, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload, selectinload

from matcher import vocabulary
from matcher.decide import Outcome
from matcher.vocabulary import Standing, fold_name
from models import archiving, card, subscription
from models.article import Claim, Mention
from models.base import Base
from models.change import Change, change_claim
from models.deal import Deal, Merged, described, next_revision, spelling_key
from models.feedback import Complaint, Feedback
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


async def lost_names(session: AsyncSession, source: Deal, target: Deal) -> Sequence[str]:
    """The names of the source's parties by which the target would not be found after a merger."""
    for deal in (source, target):
        await described(session, deal.id)
    kept = {key for party in _with_words(target.value, source.value).parties for key in _keys(party)}
    names = dict.fromkeys(name for party in source.value.parties for name in party.names)
    return [name for name in names if spelling_key(name) not in kept]


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
    await archiving.withdraw_letters(session, source, now)
    await _keep_one_of_each_claim(session, source, target)
    await session.execute(update(Change).where(Change.deal_id == source.id).values(quiet=True))
    await _unmute_listeners(session, source, target, now)
    await _move(session, source, target)
    await _lead_on(session, source, target)
    revision = await next_revision(session)
    target.describe(_with_words(target.value, source.value), revision)
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


async def _unmute_listeners(session: AsyncSession, source: Deal, target: Deal, now: datetime) -> None:
    """The source's mutes are for those who followed it itself, and do not hear of the target anyway."""
    hearing = {listener.subscriber_id for listener in await subscription.listeners(session, target, now)}
    muted = await session.scalars(select(Mute.subscriber_id).where(Mute.deal_id == source.id))
    following = select(Subscription.subscriber_id).where(Subscription.deal_id == source.id)
    needless = or_(Mute.subscriber_id.in_(hearing.intersection(muted)), Mute.subscriber_id.not_in(following))
    await session.execute(delete(Mute).where(Mute.deal_id == source.id, needless))


async def _move(session: AsyncSession, source: Deal, target: Deal) -> None:
    for name in _MOVED:
        table = _TABLES[name]
        moving = update(table).where(table.c.deal_id == source.id).values(deal_id=target.id)
        await session.execute(moving.prefix_with("OR IGNORE"))
    following = update(_TABLES["subscription"]).where(_TABLES["subscription"].c.deal_id == source.id)
    renamed = following.values(deal_id=target.id, target=Target(target).key)
    await session.execute(renamed.prefix_with("OR IGNORE"))


async def _lead_on(session: AsyncSession, source: Deal, target: Deal) -> None:
    """Let what leads to the source, or did to a deal that was merged into it, lead to the target."""
    await session.execute(update(Merged).where(Merged.into_id == source.id).values(into_id=target.id))
    merged = Merged(deal_id=source.id, slug=source.slug, title=source.title, kind=source.kind, into_id=target.id)
    session.add(merged)
    await session.flush()
    await card.retire(session, merged)


def _with_words(target: vocabulary.Deal, source: vocabulary.Deal) -> vocabulary.Deal:
    """The target with the source's keywords, and each party with what the source has of the same company."""
    parties = list(target.parties)
    for place, same in _pairs(target, source):
        parties[place] = _known_as(parties[place], same, [p for p in parties if p is not parties[place]])
    named = {key for party in parties for key in _keys(party)}
    further = [word for word in source.keywords if spelling_key(word) not in named]
    return replace(target, parties=tuple(parties), keywords=tuple(dict.fromkeys([*target.keywords, *further])))


def _pairs(target: vocabulary.Deal, source: vocabulary.Deal) -> Sequence[tuple[int, vocabulary.Party]]:
    """The place of a party of the target, and the source's party which is that company.

    Those that share a spelling; and if that leaves one on each side, these two, since it is one deal.
    """
    spelled = [
        (place, other)
        for place, party in enumerate(target.parties)
        for other in source.parties
        if not _keys(party).isdisjoint(_keys(other))
    ]
    places = [place for place in range(len(target.parties)) if all(place != paired for paired, _ in spelled)]
    others = [other for other in source.parties if all(other is not paired for _, paired in spelled)]
    return [*spelled, (places[0], others[0])] if (len(places), len(others)) == (1, 1) else spelled


def _known_as(party: vocabulary.Party, same: vocabulary.Party, others: Sequence[vocabulary.Party]) -> vocabulary.Party:
    """The party, also by the names and the ticker of the same company, but not by those of the deal's other parties.

    A name that counts only beside certain words does not come without them, nor one without the phrases in which it
    does not count. The party's own names count wherever they did.
    """
    beside, asked = _spelled(same.requires), _spelled(party.requires)
    if beside and not (asked and asked <= beside):
        return party
    theirs = _spelled([name for other in others for name in other.names])
    taken = theirs | _spelled(party.excludes)
    names = dict.fromkeys([*party.names, *(name for name in same.names if spelling_key(name) not in taken)])
    phrases, named = dict.fromkeys([*party.excludes, *same.excludes]), theirs | _keys(party)
    return replace(
        party,
        aliases=tuple(name for name in names if name != party.name),
        ticker=party.ticker or _free_ticker(same, others),
        excludes=tuple(phrase for phrase in phrases if phrase in party.excludes or spelling_key(phrase) not in named),
    )


def _free_ticker(party: vocabulary.Party, others: Sequence[vocabulary.Party]) -> str | None:
    return None if party.ticker in [other.ticker for other in others] else party.ticker


def _keys(party: vocabulary.Party) -> set[str]:
    return _spelled(party.names)


def _spelled(words: Sequence[str]) -> set[str]:
    return set(map(spelling_key, words))


async def _stand(session: AsyncSession, deal: Deal, by: int, reason: str, now: datetime) -> Change | None:
    """Let the deal stand where all claims that count leave it; its cards, the new ones too, show it."""
    before, after = deal.standing, await recount(session, deal)
    deal.standing = after
    await card.outdate(session, deal)
    if (before.stage, before.confirmed) == (after.stage, after.confirmed):
        return None
    change = Change.recounted(deal, before, after, by, reason, now)
    change.claims = await _behind(session, deal, after)  # without any, it would count as a decision ever after
    session.add(change)
    await session.flush()
    await archiving.withdraw_untrue_letters(session, deal, now)
    return change


async def _behind(session: AsyncSession, deal: Deal, standing: Standing) -> list[Claim]:
    """The claims by which a deal stands."""
    query = select(Claim).where(Claim.deal_id == deal.id, Claim.outcome.not_in(_PROVES_NOTHING))
    claims = await session.scalars(query.options(joinedload(Claim.article)).order_by(Claim.moment, Claim.id))
    return [c for c in claims if c.stage.status is standing.status and fold_name(c.origin) in standing.origins]
