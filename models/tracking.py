"""Taking up a deal: what other deals know of its parties, whether it is there already, and what is stored about it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from matcher import vocabulary
from matcher.parties import is_legal_form, spellings
from matcher.text import fold
from models import ledger, outbox, shorthand
from models import proposal as proposals
from models.ambiguity import are_one_company, is_same_company
from models.article import Article, Claim, Mention
from models.deal import Deal, Merged, Party, Spelling, next_revision, spelling_key
from models.preview import Finding, Preview
from models.proposal import Answer, Proposal
from models.shorthand import IncompleteError
from models.subscriber import Subscriber
from models.subscription import Target, follow
from models.watchlist import SLUG_LENGTH, WatchlistDeal, WatchlistError

MOST_NAMES = 5
"""Other names of a party that are taken over from other deals."""


async def namesakes(session: AsyncSession, deal: vocabulary.Deal) -> Sequence[Deal]:
    """The tracked deals in which some party goes by a name that is a name in this deal, and those of its slugs.

    A slug of a deal that was merged is that of the deal that goes on, too.
    """
    names = {name for party in deal.parties for name in party.names}
    keys = {spelling_key(spelling) for name in names for spelling in spellings(name)}
    bearing = select(Party.deal_id).join(Spelling, Spelling.party_id == Party.id).where(Spelling.key.in_(keys))
    slugs = (deal.slug, _slug_with_kind(deal))
    named = Deal.slug.in_(slugs) | Deal.id.in_(select(Merged.into_id).where(Merged.slug.in_(slugs)))
    loaded = (selectinload(Deal.parties), selectinload(Deal.merged))
    query = select(Deal).where(Deal.id.in_(bearing) | named).options(*loaded)
    return (await session.scalars(query.order_by(Deal.slug))).all()


def the_same(deal: vocabulary.Deal, others: Sequence[Deal]) -> Deal | None:
    """The one of the others that is this deal: of its kind and between the same parties, or of its short name."""
    between = next((other for other in others if _is_between_the_same(deal, other.value)), None)
    slug = apart(deal, others).slug
    named = [other for other in others if any(slug == taken for taken, _ in other.slugs)]
    return between or min(named, key=lambda other: other.slug != slug, default=None)


def apart(deal: vocabulary.Deal, others: Sequence[Deal]) -> vocabulary.Deal:
    """The deal with its kind in its short name, if one of another kind has that name already."""
    if all(slug != deal.slug or kind is deal.kind for other in others for slug, kind in other.slugs):
        return deal
    return replace(deal, slug=_slug_with_kind(deal))


def _slug_with_kind(deal: vocabulary.Deal) -> str:
    room = SLUG_LENGTH - len(deal.kind) - 1
    return f"{deal.slug[:room].rstrip('-')}-{deal.kind}"


def _is_between_the_same(deal: vocabulary.Deal, other: vocabulary.Deal) -> bool:
    return (deal.kind, len(deal.parties)) == (other.kind, len(other.parties)) and all(
        any(is_same_company(party, known) or is_same_company(known, party) for known in other.parties)
        for party in deal.parties
    )


def completed(entry: WatchlistDeal, others: Sequence[vocabulary.Deal]) -> WatchlistDeal:
    """The deal with what is known of its parties from other deals, as far as its line holds that."""
    parties = list(entry.deal.parties)
    for place, party in enumerate(parties):
        parties[place] = _completed(party, [*parties[:place], *parties[place + 1 :]], others)
    deal = replace(entry.deal, parties=tuple(parties))
    return replace(entry, deal=deal) if len(shorthand.write(deal)) <= shorthand.LONGEST else entry


def _completed(
    party: vocabulary.Party, beside: Sequence[vocabulary.Party], others: Sequence[vocabulary.Deal]
) -> vocabulary.Party:
    """The party with the names, the ticker and the conditions that the same company has elsewhere.

    As it is, if its name stands for several companies; nothing comes from one that is a party ``beside`` it, too.
    """
    same = [
        known
        for deal in others
        for known in deal.parties
        if is_same_company(party, known) and not any(is_same_company(other, known) for other in beside)
    ]
    if not same or not are_one_company({known.name: None for known in same}):
        return party
    return replace(
        party,
        aliases=(*party.aliases, *_further_names(party, beside, [name for known in same for name in known.names])),
        ticker=party.ticker or next((known.ticker for known in same if known.ticker), None),
        requires=party.requires or _writable(known.requires for known in same),
        excludes=party.excludes or _writable(known.excludes for known in same),
    )


def _further_names(party: vocabulary.Party, beside: Sequence[vocabulary.Party], names: Sequence[str]) -> Sequence[str]:
    """Those of the names that are not found as one of the party's own spellings anyway, and are of none beside it."""
    covered = {spelling for name in party.names for spelling in spellings(name)}
    taken = {spelling_key(name) for other in beside for name in other.names}
    further: list[str] = []
    for name in names:
        is_new = fold(name) not in covered and spelling_key(name) not in taken
        if is_new and shorthand.is_writable(name) and not is_legal_form(name) and len(further) < MOST_NAMES:
            further.append(name)
            covered |= spellings(name)
    return further


def _writable(conditions: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The first of the conditions that says anything."""
    return tuple(filter(shorthand.is_writable, next(filter(None, conditions), ())))


async def take_up(session: AsyncSession, deal: vocabulary.Deal, found: Preview) -> Deal:
    """Track a deal that is not tracked yet, and let what is stored about it act, quietly: it is no news any more.

    Of thousands only the latest act, see :data:`models.preview.MOST`: nobody can write meanwhile. Changes are recorded
    at the time at which their article was first seen.
    """
    row = Deal(slug=deal.slug, parties=[], merged=[])
    row.describe(deal, await next_revision(session))
    session.add(row)
    await session.flush()
    for finding in found.acting:
        await _hear(session, row, finding)
    await session.flush()
    return row


async def _hear(session: AsyncSession, deal: Deal, finding: Finding) -> None:
    value = finding.stored.article
    kept = await session.scalar(select(Article).where(Article.ref == value.id))
    article = kept or Article.of(value, finding.stored.feed_id, finding.stored.entry_id)
    session.add(article)
    if finding.reading.mentions:
        session.add(Mention(article=article, deal=deal))
    for said in finding.reading.claims:
        claim = Claim.of(said, article, deal, value.moment)
        await ledger.hear(session, claim, value.first_seen, quietly=True)


# Proposals -----------------------------------------------------------------------------------------------------------


async def approve(session: AsyncSession, proposal: Proposal, deal: Deal, by: int, now: datetime) -> None:
    """The proposal became this deal: whoever made it follows the deal, and hears of it. Once answered, it stays so."""
    if not proposals.close(proposal, Answer.APPROVED, by, deal, now):
        return
    chat = await session.get(Subscriber, proposal.subscriber_id) if proposal.subscriber_id else None
    if chat:
        await follow(session, chat, Target(deal), now)
    await outbox.post_answer(session, proposal, now)


async def approve_all(session: AsyncSession, deal: Deal, by: int, now: datetime) -> None:
    """Approve whatever waits and is this deal. Needs its parties and what was merged into it loaded."""
    for proposal in await proposals.waiting(session):
        wanted = _proposed(proposal)
        if wanted and the_same(wanted, [deal]):
            await approve(session, proposal, deal, by, now)


async def declined(session: AsyncSession, user_id: int, deal: vocabulary.Deal, now: datetime) -> datetime | None:
    """When this deal was declined last to a user, if :data:`models.proposal.DECLINED_FOR` is not over since."""
    for proposal in await proposals.declined(session, user_id, now):
        before = _proposed(proposal)
        if before and _is_between_the_same(deal, before):
            return proposal.answered_at
    return None


def _proposed(proposal: Proposal) -> vocabulary.Deal | None:
    """The deal; None if it was kept when other rules held, so that somebody has to look at it."""
    try:
        return shorthand.read(proposal.typed).deal
    except (IncompleteError, WatchlistError):
        return None
