"""What the import of a watchlist would do, told before it is done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from models.ambiguity import Ambiguity, ambiguities
from models.deal import Deal
from models.imports import Effect, Imported, imported
from models.watchlist import WatchlistDeal


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would become of each deal of a file, in its order, and what is ambiguous about those that would change."""

    deals: Sequence[Imported]
    doubts: Sequence[Ambiguity]


async def known_deals(session: AsyncSession) -> dict[str, Deal]:
    """Every deal by its slug, with its parties: the archived ones, too."""
    rows = await session.scalars(select(Deal).options(selectinload(Deal.parties)))
    return {deal.slug: deal for deal in rows}


def foresee(known: Mapping[str, Deal], merged: Mapping[str, str], entries: Sequence[WatchlistDeal]) -> Foreseen:
    """What :func:`models.imports.import_deals` would do now.

    Needs all of the known deals by their slugs, and the slugs of those that were merged.
    """
    deals = [imported(entry.deal.slug, _effect(known.get(entry.deal.slug), entry), merged) for entry in entries]
    read = {slug: deal.value for slug, deal in known.items() if deal.archived_at is None}
    after = read | {entry.deal.slug: entry.deal for entry in entries}
    changed = {deal.slug for deal in deals if deal.effect is not Effect.UNCHANGED}
    return Foreseen(deals, list(ambiguities(after.values(), about=changed)))


def _effect(known: Deal | None, entry: WatchlistDeal) -> Effect:
    if known is None:
        return Effect.ADDED
    if known.archived_at:
        return Effect.BROUGHT_BACK
    begins = entry.stage is not None and known.stage is None
    return Effect.UPDATED if begins or known.value != entry.deal else Effect.UNCHANGED
