"""Watchlists out and in: a deal is added, or described anew under its slug; nothing that was learned is lost.

A watchlist names the deals to follow: one of them that was archived is brought back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from matcher import vocabulary
from models import archiving, card, ledger
from models.deal import Deal, Party, merged_slugs, next_revision
from models.watchlist import WatchlistDeal, write_watchlist

AT_ONCE = 100
"""Deals that are written in one go: a watchlist may have thousands, and others want an answer meanwhile."""


class Effect(StrEnum):
    """What an import did to a deal."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    BROUGHT_BACK = "brought back"
    """It was archived."""


@dataclass(frozen=True, slots=True)
class Imported:
    """One deal of an imported watchlist."""

    slug: str
    effect: Effect
    parted_from: str = ""
    """The slug of the deal that this one had been merged into: now it is one of its own again, without its claims."""


async def import_deals(session: AsyncSession, entries: Sequence[WatchlistDeal], now: datetime) -> list[Imported]:
    """Add, update or bring back every deal. A starting point counts only for a deal that has no status yet."""
    known: dict[str, Deal] = {}
    merged = await merged_slugs(session)
    effects: dict[str, Effect] = {}
    revision = await next_revision(session)
    for start in range(0, len(entries), AT_ONCE):
        some = entries[start : start + AT_ONCE]
        known |= await _known(session, some)
        effects |= _describe_all(session, some, known, revision)
        await session.flush()
    for entry in entries:
        if await archiving.bring_back(session, known[entry.deal.slug], now):
            effects[entry.deal.slug] = Effect.BROUGHT_BACK
        begun = entry.stage and await ledger.begin(session, known[entry.deal.slug], entry.stage, _moment(entry, now))
        if begun and effects[entry.deal.slug] is Effect.UNCHANGED:
            effects[entry.deal.slug] = Effect.UPDATED
    return [imported(slug, effect, merged) for slug, effect in effects.items()]


def imported(slug: str, effect: Effect, merged: Mapping[str, str]) -> Imported:
    """What an import does to a deal; ``merged`` are the slugs of :func:`models.deal.merged_slugs`."""
    return Imported(slug, effect, merged.get(slug, "") if effect is Effect.ADDED else "")


async def _known(session: AsyncSession, entries: Sequence[WatchlistDeal]) -> dict[str, Deal]:
    """Those of the deals that are there, by slug, with all that is needed to describe them anew."""
    named = select(Deal).where(Deal.slug.in_([entry.deal.slug for entry in entries]))
    deals = await session.scalars(named.options(selectinload(Deal.parties).selectinload(Party.spellings)))
    return {deal.slug: deal for deal in deals}


def _describe_all(
    session: AsyncSession, entries: Sequence[WatchlistDeal], known: dict[str, Deal], revision: int
) -> dict[str, Effect]:
    """Give every deal its words; new ones join the known."""
    effects = {entry.deal.slug: Effect.UPDATED if entry.deal.slug in known else Effect.ADDED for entry in entries}
    for entry in entries:
        deal = known.setdefault(entry.deal.slug, Deal(slug=entry.deal.slug, parties=[]))
        session.add(deal)
        if not deal.describe(entry.deal, revision):
            effects[entry.deal.slug] = Effect.UNCHANGED
    return effects


async def describe(session: AsyncSession, deal: Deal, value: vocabulary.Deal) -> bool:
    """Give one deal other words; say whether any of them changed. Needs what :func:`models.deal.described` loads."""
    before = deal.title
    if not deal.describe(value, await next_revision(session)):
        return False
    await session.flush()
    if deal.title != before:
        await card.outdate(session, deal)
    return True


def export_deals(deals: Iterable[Deal]) -> bytes:
    """A watchlist of these deals, each with where it stands. Needs their parties loaded."""
    entries = [WatchlistDeal(deal.value, deal.stage, deal.moment if deal.stage else None) for deal in deals]
    return write_watchlist(entries).encode()


def _moment(entry: WatchlistDeal, now: datetime) -> datetime:
    """Where the starting point lies, but not in the future: nothing that comes before it could ever move the deal."""
    if entry.since is None:
        return now
    since = entry.since if isinstance(entry.since, datetime) else datetime.combine(entry.since, time(), UTC)
    return min(since, now)
