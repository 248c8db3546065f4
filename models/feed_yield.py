"""What feeds have been good for: the articles that concerned a deal, and how fast their news went out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.article import Article, Claim
from models.change import Change, change_claim
from models.feed import Feed
from models.outbox import Letter

DELAYS = 50
"""The latest pushes from which the delay of a feed is told."""


@dataclass(frozen=True, slots=True)
class Yield:
    """What a feed has been good for."""

    articles: int
    """Articles that concerned a deal."""
    delays: tuple[timedelta, ...]
    """From published to pushed, of the latest :data:`DELAYS` pushes that its articles caused; newest first."""


async def yields(session: AsyncSession, feeds: Sequence[Feed]) -> Mapping[int, Yield]:
    """What these feeds have been good for, by row id."""
    # The versions of an edited article share an entry; once that is forgotten, each stands for itself.
    entries = func.count(func.distinct(func.coalesce(Article.entry_id, -Article.id)))
    query = select(Article.feed_id, entries.label("number")).group_by(Article.feed_id)
    rows = await session.execute(query.where(Article.feed_id.in_([feed.id for feed in feeds])))
    articles = {row.feed_id: row.number for row in rows}
    return {feed.id: Yield(articles.get(feed.id, 0), await _delays(session, feed.id)) for feed in feeds}


async def _delays(session: AsyncSession, feed_id: int) -> tuple[timedelta, ...]:
    """An article caused a change if it came at the very moment of the change; only one with a time of day tells."""
    query = (
        select(Article.published_at, func.min(Letter.sent_at, type_=Letter.sent_at.type))
        .join(Claim, Claim.article_id == Article.id)
        .join(change_claim, change_claim.c.claim_id == Claim.id)
        .join(Change, Change.id == change_claim.c.change_id)
        .join(Letter, Letter.change_id == Change.id)
        .join(Feed, Feed.id == Article.feed_id)
        .where(
            Article.feed_id == feed_id,
            Article.first_seen_at == Change.at,
            Article.first_seen_at > Feed.read_since,  # what stood in the feed before it was followed does not count
            Article.published_at.is_not(None),
            Article.day_only.is_(False),
            Letter.sent_at.is_not(None),
        )
        .group_by(Change.id, Article.published_at)
        .order_by(Change.id.desc())
        .limit(DELAYS)
    )
    rows = await session.execute(query)
    return tuple(sent - published for published, sent in rows if published and sent)
