"""Taking over watchlists: a deal is added, or described anew under its slug; nothing that was learned is lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from models import ledger
from models.deal import Deal, Party
from models.watchlist import WatchlistDeal


class Effect(StrEnum):
    """What an import did to a deal."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Imported:
    """One deal of an imported watchlist."""

    slug: str
    effect: Effect


async def import_deals(session: AsyncSession, entries: Sequence[WatchlistDeal], now: datetime) -> list[Imported]:
    """Add or update every deal. A starting point counts only for a deal that has no status yet."""
    query = select(Deal).options(selectinload(Deal.parties).selectinload(Party.spellings))
    known = {deal.slug: deal for deal in await session.scalars(query)}
    results = []
    for entry in entries:
        deal = known.get(entry.deal.slug)
        effect = Effect.UPDATED if deal else Effect.ADDED
        if deal is None:
            deal = Deal(slug=entry.deal.slug, parties=[])
            session.add(deal)
        if not deal.describe(entry.deal, now):
            effect = Effect.UNCHANGED
        await session.flush()
        if entry.stage:
            begun = await ledger.begin(session, deal, entry.stage, _moment(entry, now))
            effect = Effect.UPDATED if begun and effect is Effect.UNCHANGED else effect
        results.append(Imported(entry.deal.slug, effect))
    return results


def _moment(entry: WatchlistDeal, now: datetime) -> datetime:
    if entry.since is None:
        return now
    if isinstance(entry.since, datetime):
        return entry.since
    return datetime.combine(entry.since, time(), UTC)
