"""New articles → matcher → ledger. Live feeds and archives both come through here.

::

    articles, oldest first
      → Intake.read                what each says about the tracked deals; nothing: forgotten
      → take, in one transaction:
        → Article, Claim, Mention  kept, the claims and mentions resting on the article
        → ledger.hear              every claim acts on its deal
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher import vocabulary
from matcher.matcher import Matcher
from matcher.vocabulary import Reading, Stage
from models import deal as deals
from models import ledger, outbox
from models.article import Article, Claim, Earlier, Mention, earlier, kept
from models.change import Change
from models.deal import Deal

logger = logging.getLogger(__name__)

NEWS_AGE = timedelta(hours=48)
"""On the first fetch of a feed, entries older than this set statuses quietly (domain rule 11)."""


@dataclass(slots=True)
class Taken:
    """The rows that one batch came to, in the order of writing."""

    claims: list[Claim] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    named: dict[Claim, Stage] = field(default_factory=dict)
    """The stages of the claims, by what had been signed when they were heard (:attr:`Claim.named_stage`)."""

    def __iadd__(self, later: Self) -> Self:
        self.claims += later.claims
        self.named |= later.named
        self.mentions += later.mentions
        self.changes += later.changes
        return self


@dataclass(frozen=True, slots=True)
class Told:
    """An article that says something about a deal."""

    article: vocabulary.Article
    reading: Reading


@dataclass(frozen=True, slots=True)
class Batch:
    """Where the articles of one call come from."""

    feed_id: int | None = None
    first_fetch: bool = False
    """Whether the feed is read for the first time: what is old then is no news."""
    entries: Mapping[str, int] = field(default_factory=dict)
    """The rows of the entries that the articles came as, by the article's id."""
    revised: Collection[str] = ()
    """The ids of articles that are edited versions of known ones."""


class Intake:
    """Reads articles with the watchlist as the database had it when it was refreshed last."""

    def __init__(self) -> None:
        self._matcher = Matcher(())
        self._version: tuple[int, int] | None = None

    async def refresh(self, session: AsyncSession) -> None:
        """Build the matcher anew if the watchlist changed, in this process or in another."""
        version = await deals.watchlist_version(session)
        if version == self._version:
            return
        names = await deals.values(session)
        self._matcher = await asyncio.to_thread(Matcher, names)  # of 10,000 deals it takes half a second
        self._version = version

    async def read(self, session: AsyncSession, articles: Iterable[vocabulary.Article]) -> Sequence[Told]:
        """The articles that say something about a deal, in the order of their own moments, each once.

        One that is kept already has acted: its feed was removed and added again, or an archive has it twice.
        """
        telling: dict[str, Told] = {}
        for told in sorted(filter(None, map(self._told, articles)), key=lambda told: told.article.moment):
            telling.setdefault(told.article.id, told)
        for ref in await kept(session, telling) if telling else ():
            del telling[ref]
        return list(telling.values())

    def concerns(self, article: vocabulary.Article) -> bool:
        """Whether the article names a party of a deal."""
        return self._matcher.names_a_party(article)

    def _told(self, article: vocabulary.Article) -> Told | None:
        try:
            reading = self._matcher.read(article)
        except Exception:  # a fault of ours in one article must not silence its neighbours; it is logged
            logger.exception("article could not be read", extra={"article": article.title})
            return None
        return Told(article, reading) if reading.claims or reading.mentions else None


async def take(session: AsyncSession, telling: Sequence[Told], batch: Batch) -> Taken:
    """Keep what was read and let its claims act.

    Changes are recorded at the article's first-seen time. On a feed's first fetch, entries older than
    :data:`NEWS_AGE` act quietly, and newer ones push each deal once: where it ends up. Of an edited article only what
    no earlier version of it claimed acts, and quietly too if the article is old.
    """
    taken = Taken()
    deals_named = await _deals_named(session, (told.reading for told in telling))
    for told in telling:
        claims = await _keep(session, told, deals_named, batch, taken)
        await _act(session, told.article, claims, taken, batch)
    return taken


async def _deals_named(session: AsyncSession, readings: Iterable[Reading]) -> Mapping[str, Deal]:
    """The deals that are spoken of, by slug: all in one query. None that was archived since the articles were read."""
    slugs = {slug for reading in readings for slug in (*(claim.deal for claim in reading.claims), *reading.mentions)}
    live = select(Deal).where(Deal.slug.in_(slugs), Deal.archived_at.is_(None))
    rows = await session.scalars(live) if slugs else ()
    return {deal.slug: deal for deal in rows}


async def _keep(
    session: AsyncSession, told: Told, deals_named: Mapping[str, Deal], batch: Batch, taken: Taken
) -> Sequence[Claim]:
    """The article's rows, if anything in it is new. A deal that was dropped since the article was read is left out."""
    article, entry_id = told.article, batch.entries.get(told.article.id)
    before = Earlier()
    if article.id in batch.revised and entry_id:
        before = await earlier(session, entry_id)
    row = Article.of(article, batch.feed_id, entry_id)
    claims = [
        Claim.of(claim, row, deals_named[claim.deal], article.moment)
        for claim in told.reading.claims
        if claim.deal in deals_named and (claim.deal, claim.stage, claim.background, claim.settled) not in before.claims
    ]
    named = [slug for slug in told.reading.mentions if slug in deals_named and slug not in before.deals]
    if claims or named:
        session.add(row)
    mentions = [Mention(article=row, deal=deals_named[slug]) for slug in named]
    session.add_all(mentions)
    taken.claims += claims
    taken.mentions += mentions
    return claims


async def _act(
    session: AsyncSession, article: vocabulary.Article, claims: Sequence[Claim], taken: Taken, batch: Batch
) -> None:
    old = article.first_seen - article.moment > NEWS_AGE
    for claim in claims:
        quietly = old and (batch.first_fetch or article.id in batch.revised)
        change = await ledger.hear(session, claim, article.first_seen, quietly=quietly)
        taken.named[claim] = claim.named_stage
        if change is None:
            continue
        if batch.first_fetch and change.quiet:
            await outbox.withdraw(session, change)  # a small step, for those who want to hear of all
        elif batch.first_fetch:
            for earlier in (c for c in taken.changes if c.deal is change.deal and not c.quiet):
                await outbox.withdraw(session, earlier)
        taken.changes.append(change)
