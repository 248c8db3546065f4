"""What a deal would look like if it had been tracked: which stored articles speak of it, and what follows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher import decide, vocabulary
from matcher.dateline import reporter
from matcher.decide import Outcome
from matcher.matcher import Matcher
from matcher.syndication import Story, first_copy
from matcher.vocabulary import Reading, Report, Stage, Standing
from models.article import Article
from models.entry import Entry
from models.feed import Feed

HEADLINES = 20_000
"""Of the latest that are stored: what can be read, together with the articles, in about a second."""
ARTICLES = 2_000
"""Of the latest about deals that are tracked, in full: the same article may speak of other deals, too."""


MOST = 100
"""Of the findings with news, and of the others: the latest that act. The work grows with the square of their number."""


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

    @property
    def is_news(self) -> bool:
        """Whether it says anything that may move the deal."""
        return not all(claim.background for claim in self.reading.claims)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would have been found, oldest first, and where the deal would stand."""

    findings: Sequence[Finding]
    standing: Standing
    written: Sequence[Sequence[str]]
    """For each party, how the headlines that were found write its name."""

    @property
    def acting(self) -> Sequence[Finding]:
        """The findings that act on the deal, oldest first: the latest :data:`MOST` with news, and as many others."""
        return _acting(self.findings)


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
    return Preview(findings, _standing(deal, _acting(findings)), _written(matcher, deal, findings))


def _acting(findings: Sequence[Finding]) -> Sequence[Finding]:
    acting, number = list[Finding](), Counter[bool]()
    for finding in reversed(findings):
        number[finding.is_news] += 1
        if number[finding.is_news] <= MOST:
            acting.append(finding)
    return acting[::-1]


def _standing(deal: vocabulary.Deal, findings: Sequence[Finding]) -> Standing:
    """Where the findings leave the deal: as in :func:`models.ledger.hear`."""
    standing, heard = Standing(), list[tuple[Report, Story]]()
    for report, story in (said for finding in findings for said in _reports(finding)):
        remembered = [said for said in heard if said[0].moment >= report.moment - decide.MEMORY]
        credited = _credited(report, story, remembered)
        decision = decide.decide(deal.kind, standing, credited, [earlier for earlier, _ in remembered])
        standing = decision.standing
        live = not (report.claim.background or report.claim.settled)
        if live and decision.outcome is not Outcome.BYSTANDER:
            heard.append((credited, story))
    return standing


def _reports(finding: Finding) -> Iterator[tuple[Report, Story]]:
    article = finding.stored.article
    story = Story.of(article.title, article.summary, article.body)
    outlet = reporter(article)
    for claim in finding.reading.claims:
        yield Report(claim, article.id, article.moment, article.day_only, article.trust, outlet), story


def _credited(report: Report, story: Story, heard: Sequence[tuple[Report, Story]]) -> Report:
    """The report with the origin of the one that it is a copy of, unless it credits somebody itself."""
    if report.repeats or report.claim.background:
        return report
    before = [said for said in heard if said[0].claim.stage is report.claim.stage]
    copied = first_copy(story, (told for _, told in before))
    if copied is None:
        return report
    return replace(report, claim=replace(report.claim, origin=before[copied][0].claim.origin))


def _written(matcher: Matcher, deal: vocabulary.Deal, findings: Sequence[Finding]) -> Sequence[Sequence[str]]:
    found: list[dict[str, None]] = [{} for _ in deal.parties]
    for finding in findings:
        for part in matcher.parts(finding.stored.article):
            for mention in part.mentions:
                found[mention.seats.parties[0]][part.text[mention.start : mention.end]] = None
    return [list(names) for names in found]
