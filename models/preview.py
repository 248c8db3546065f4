"""What a deal would look like if it had been tracked: which stored articles speak of it, and what follows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher import decide, vocabulary
from matcher.matcher import Matcher
from matcher.vocabulary import Reading, Report, Stage, Standing
from models.article import Article
from models.entry import Entry
from models.feed import Feed

HEADLINES = 20_000
"""Of the latest that are stored: what can be read, together with the articles, in about a second."""
ARTICLES = 2_000
"""Of the latest about deals that are tracked, in full: the same article may speak of other deals, too."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An article as it is kept: in full where it concerns a tracked deal, else nothing but its headline."""

    article: vocabulary.Article
    feed_id: int | None
    entry_id: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A stored article that names the deal's parties, and what it says."""

    stored: Stored
    reading: Reading

    @property
    def stage(self) -> Stage | None:
        """What it claims first; None for a mention."""
        return self.reading.claims[0].stage if self.reading.claims else None


@dataclass(frozen=True, slots=True)
class Preview:
    """What would have been found, oldest first, and where the deal would stand."""

    findings: Sequence[Finding]
    standing: Standing
    written: Sequence[Sequence[str]]
    """For each party, how the headlines that were found write its name."""


async def latest(session: AsyncSession) -> Sequence[Stored]:
    """What was stored last."""
    return [*await _articles(session), *await _headlines(session)]


async def _articles(session: AsyncSession) -> Sequence[Stored]:
    """The articles, of an edited one its last version."""
    newest = select(Article).order_by(Article.id.desc()).limit(ARTICLES)
    versions = {row.entry_id or -row.id: row for row in reversed((await session.scalars(newest)).all())}
    return [Stored(_value(row), row.feed_id, row.entry_id) for row in versions.values()]


def _value(row: Article) -> vocabulary.Article:
    return vocabulary.Article(
        id=row.ref,
        title=row.title,
        first_seen=row.first_seen_at,
        published=row.published_at,
        day_only=row.day_only,
        outlet=row.outlet,
        url=row.url,
        summary=row.summary,
        body=row.body,
        trust=row.trust,
    )


async def _headlines(session: AsyncSession) -> Sequence[Stored]:
    """Those of which nothing but the title is kept."""
    query = (
        select(
            Entry.id, Entry.title, Entry.first_seen_at, Entry.published_at, Feed.title, Feed.trust, Entry.feed_id,
        )
        .join(Feed, Feed.id == Entry.feed_id)
        .where(~exists().where(Article.entry_id == Entry.id))
        .order_by(Entry.id.desc())
        .limit(HEADLINES)
    )  # fmt: skip
    return [
        Stored(
            # Ids of entries may come again, together with that time they do not.
            vocabulary.Article(f"headline {id_} {seen:%Y%m%d%H%M%S}", title, seen, at, outlet=outlet, trust=trust),
            feed_id,
            id_,
        )
        for id_, title, seen, at, outlet, trust, feed_id in await session.execute(query)
    ]


def preview(deal: vocabulary.Deal, kept: Sequence[Stored]) -> Preview:
    """Read what is stored for this deal alone, and let it act on it. Takes a while: not for the event loop."""
    matcher, findings = Matcher([deal]), list[Finding]()
    for stored in sorted(kept, key=lambda stored: stored.article.moment):
        reading = matcher.read(stored.article)
        if reading.claims or reading.mentions:
            findings.append(Finding(stored, reading))
    return Preview(findings, _standing(deal, findings), _written(matcher, deal, findings))


def _standing(deal: vocabulary.Deal, findings: Sequence[Finding]) -> Standing:
    standing, heard = Standing(), list[Report]()
    for report in (report for finding in findings for report in _reports(finding)):
        standing = decide.decide(deal.kind, standing, report, heard).standing
        heard.append(report)
    return standing


def _reports(finding: Finding) -> Iterator[Report]:
    article = finding.stored.article
    for claim in finding.reading.claims:
        yield Report(claim, article.id, article.moment, article.day_only, article.trust, article.outlet)


def _written(matcher: Matcher, deal: vocabulary.Deal, findings: Sequence[Finding]) -> Sequence[Sequence[str]]:
    found: list[dict[str, None]] = [{} for _ in deal.parties]
    for finding in findings:
        for part in matcher.parts(finding.stored.article):
            for mention in part.mentions:
                found[mention.seats.parties[0]][part.text[mention.start : mention.end]] = None
    return [list(names) for names in found]
