"""Builds the values and rows that tests are about. What a test does not name has a plain default."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from matcher import vocabulary
from matcher.vocabulary import Field, Kind, Party, Report, Speaker, Stage, Trust
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.article import Article, Claim
from models.deal import Deal, watchlist_version
from models.subscriber import Subscriber, Wire
from models.subscription import Target

NOON = datetime.fromisoformat("2018-01-08T12:00:00+00:00")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_claim(
    stage: Stage,
    *,
    speaker: Speaker = Speaker.OUTLET,
    origin: str = "Bloomberg",
    background: bool = False,
    settled: bool = False,
    deal: str = "alpha-beta",
    quote: str = "Alpha and Beta",
    certainty: float = 1.0,
    rule: str = "test",
) -> vocabulary.Claim:
    return vocabulary.Claim(
        deal, stage, speaker, origin, quote, Field.TITLE, 0, len(quote), certainty, rule, background, settled
    )


def a_report(
    stage: Stage,
    moment: datetime = NOON,
    *,
    speaker: Speaker = Speaker.OUTLET,
    origin: str = "Bloomberg",
    outlet: str | None = None,
    trust: Trust = Trust.TRUSTED,
    day_only: bool = False,
    background: bool = False,
    settled: bool = False,
    quote: str = "Alpha and Beta",
    certainty: float = 1.0,
    rule: str = "test",
) -> Report:
    """A report by ``origin``, carried by ``outlet``; without an outlet the origin carries it itself."""
    claim = a_claim(
        stage,
        speaker=speaker,
        origin=origin,
        background=background,
        settled=settled,
        quote=quote,
        certainty=certainty,
        rule=rule,
    )
    article = f"{outlet or origin}: {stage} at {moment:%d %H:%M}"
    return Report(claim, article, moment, day_only, trust, outlet or origin)


def a_deal(slug: str = "alpha-beta", *names: str, kind: Kind = Kind.ACQUISITION) -> vocabulary.Deal:
    """A deal between the parties of its slug, or of these names."""
    parties = names or tuple(word.title() for word in slug.split("-"))
    return vocabulary.Deal(slug, f"About {slug}", kind, tuple(Party(name) for name in parties))


async def track(session: AsyncSession, deal: vocabulary.Deal | None = None) -> Deal:
    """Track a deal; its parties can be read without another query."""
    value = deal or a_deal()
    revision = (await watchlist_version(session))[1] + 1
    row = Deal(slug=value.slug, parties=[])
    row.describe(value, revision)
    session.add(row)
    await session.flush()
    return row


async def a_chat(session: AsyncSession, chat_id: int, wire: Wire = Wire.TELEGRAM) -> Subscriber:
    return await subscribers.meet(session, chat_id, wire, NOON)


async def a_follower(session: AsyncSession, chat_id: int, deal: Deal) -> Subscriber:
    chat = await a_chat(session, chat_id)
    await subscriptions.follow(session, chat, Target(deal), NOON)
    return chat


def write_claim(deal: Deal, report: Report, *, article: Article | None = None) -> Claim:
    """The row of a claim that has not been decided, in an article of its own unless one is given."""
    return Claim.of(report.claim, article or write_article(report), deal, report.moment)


def write_article(report: Report) -> Article:
    value = vocabulary.Article(
        id=report.article,
        title=f"{report.article} about Alpha and Beta",
        first_seen=report.moment,
        published=report.moment,
        day_only=report.day_only,
        outlet=report.outlet,
        trust=report.trust,
    )
    return Article.of(value, None)
