"""New articles → matcher → ledger, in the caller's transaction. Live feeds and archives both come through here.

::

    articles, oldest first
      → Matcher.read               what each says about the tracked deals; nothing: forgotten
      → Article, Claim, Mention    kept, the claims and mentions resting on the article
      → ledger.hear                every claim acts on its deal
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher import vocabulary
from matcher.matcher import Matcher
from matcher.vocabulary import Reading
from models import deal as deals
from models import ledger, outbox
from models.article import Article, Claim, Mention, kept
from models.change import Change
from models.deal import Deal

NEWS_AGE = timedelta(hours=48)
"""On the first fetch of a feed, entries older than this set statuses quietly (domain rule 11)."""


@dataclass(slots=True)
class Taken:
    """The rows that one batch came to, in the order of writing."""

    claims: list[Claim] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def __iadd__(self, later: Self) -> Self:
        self.claims += later.claims
        self.mentions += later.mentions
        self.changes += later.changes
        return self


class Intake:
    """Reads articles with the watchlist as the database has it at that moment."""

    def __init__(self) -> None:
        self._matcher = Matcher(())
        self._version: tuple[int, int] | None = None

    async def take(
        self,
        session: AsyncSession,
        articles: Iterable[vocabulary.Article],
        *,
        feed_id: int | None = None,
        first_fetch: bool = False,
    ) -> Taken:
        """Read articles and let their claims act, in the order of the articles' own moments.

        Changes are recorded at the article's first-seen time. On a feed's first fetch, entries older than
        :data:`NEWS_AGE` act quietly, and newer ones push each deal once: where it ends up.
        """
        await self._refresh(session)
        taken = Taken()
        telling = await self._telling(session, articles)
        deals_named = await _deals_named(session, (reading for _, reading in telling))
        for article, reading in telling:
            claims = _keep(session, article, reading, deals_named, feed_id, taken)
            await _act(session, article, claims, taken, first_fetch=first_fetch)
        return taken

    async def _telling(
        self, session: AsyncSession, articles: Iterable[vocabulary.Article]
    ) -> Collection[tuple[vocabulary.Article, Reading]]:
        """The articles that say something about a deal, oldest first, each once.

        One that is kept already has acted: its feed was removed and added again, or an archive has it twice.
        """
        read = ((article, self._matcher.read(article)) for article in articles)
        spoken = [(article, reading) for article, reading in read if reading.claims or reading.mentions]
        telling: dict[str, tuple[vocabulary.Article, Reading]] = {}
        for article, reading in sorted(spoken, key=lambda pair: pair[0].moment):
            telling.setdefault(article.id, (article, reading))
        for ref in await kept(session, telling):
            del telling[ref]
        return telling.values()

    async def _refresh(self, session: AsyncSession) -> None:
        """Build the matcher anew if the watchlist changed, in this process or in another."""
        version = await deals.watchlist_version(session)
        if version == self._version:
            return
        self._matcher = Matcher(deal.value for deal in await deals.all_deals(session))
        self._version = version


async def _deals_named(session: AsyncSession, readings: Iterable[Reading]) -> Mapping[str, Deal]:
    """The deals that are spoken of, by slug: all in one query."""
    slugs = {slug for reading in readings for slug in (*(claim.deal for claim in reading.claims), *reading.mentions)}
    rows = await session.scalars(select(Deal).where(Deal.slug.in_(slugs)))
    return {deal.slug: deal for deal in rows}


def _keep(
    session: AsyncSession,
    article: vocabulary.Article,
    reading: Reading,
    deals_named: Mapping[str, Deal],
    feed_id: int | None,
    taken: Taken,
) -> Sequence[Claim]:
    row = Article.of(article, feed_id)
    session.add(row)
    claims = [Claim.of(claim, row, deals_named[claim.deal], article.moment) for claim in reading.claims]
    mentions = [Mention(article=row, deal=deals_named[slug]) for slug in reading.mentions]
    session.add_all(mentions)
    taken.claims += claims
    taken.mentions += mentions
    return claims


async def _act(
    session: AsyncSession,
    article: vocabulary.Article,
    claims: Sequence[Claim],
    taken: Taken,
    *,
    first_fetch: bool,
) -> None:
    stale = article.first_seen - article.moment > NEWS_AGE
    for claim in claims:
        change = await ledger.hear(session, claim, article.first_seen, quietly=first_fetch and stale)
        if change is None:
            continue
        if first_fetch and not change.quiet:
            for earlier in (c for c in taken.changes if c.deal is change.deal and not c.quiet):
                await outbox.withdraw(session, earlier)
        taken.changes.append(change)
