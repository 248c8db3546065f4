"""What a deal would look like if it had been tracked: which stored headlines speak of it, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher import decide, vocabulary
from matcher.matcher import Matcher
from matcher.vocabulary import Report, Stage, Standing
from models.entry import Entry
from models.feed import Feed

HEADLINES = 20_000
"""Of the latest that are stored: what can be read in well under a second."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A stored headline that names the deal's parties, and the stage that it claims, if any."""

    article: vocabulary.Article
    stage: Stage | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What would have been found, oldest first, and where the deal would stand."""

    headlines: Sequence[Headline]
    standing: Standing


async def latest_headlines(session: AsyncSession) -> Sequence[vocabulary.Article]:
    """The headlines that came last, oldest first. Of most entries nothing but the title is kept."""
    query = (
        select(Entry.id, Entry.title, Entry.first_seen_at, Entry.published_at, Feed.title, Feed.trust)
        .join(Feed, Feed.id == Entry.feed_id)
        .order_by(Entry.id.desc())
        .limit(HEADLINES)
    )
    rows = (await session.execute(query)).all()
    return [
        vocabulary.Article(str(id_), title, seen, published, outlet=outlet, trust=trust)
        for id_, title, seen, published, outlet, trust in reversed(rows)
    ]


def preview(deal: vocabulary.Deal, articles: Sequence[vocabulary.Article]) -> Preview:
    """Read the headlines for this deal alone, and let them act on it. Takes a while: not for the event loop."""
    matcher, headlines, heard = Matcher([deal]), list[Headline](), list[Report]()
    standing = Standing()
    for article in sorted(articles, key=lambda article: article.moment):
        reading = matcher.read(article)
        if not reading.claims and not reading.mentions:
            continue
        headlines.append(Headline(article, reading.claims[0].stage if reading.claims else None))
        for claim in reading.claims:
            report = Report(claim, article.id, article.moment, article.day_only, article.trust, article.outlet)
            standing = decide.decide(deal.kind, standing, report, heard).standing
            heard.append(report)
    return Preview(headlines, standing)
