from collections.abc import Sequence
from datetime import datetime
from itertools import permutations

import pytest
from builders import DAY, HOUR, NOON, a_chat, a_deal, track
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from feeds.intake import Batch, Intake, Taken, take
from matcher.vocabulary import Article, Field, Stage, Trust
from models import article
from models import subscription as subscriptions
from models.change import Change
from models.database import Database
from models.deal import Deal
from models.outbox import Letter
from models.subscription import EVERYTHING

TALKS = "Alphacom in talks to buy Betasoft"
NEAR = "Alphacom near deal to buy Betasoft"
AGREED = "Alphacom agrees to buy Betasoft"
OVER = "Alphacom walks away from talks to buy Betasoft"
TOGETHER = "Alphacom and Betasoft open offices in Oslo"


def news(
    title: str,
    published: datetime | None = NOON,
    *,
    seen: datetime | None = None,
    outlet: str = "Planet",
    **more: object,
) -> Article:
    """An article that is seen when it is published, unless ``seen`` says otherwise."""
    moment = seen or published or NOON
    ref = f"{outlet}: {title} {published}"
    return Article(ref, title, moment, published, outlet=outlet, **more)  # type: ignore[arg-type]  # rarer fields


@pytest.fixture
async def tracked(database: Database) -> Database:
    """Two deals, followed by one chat."""
    async with database.write() as session:
        await track(session, a_deal("alpha-beta", "Alphacom", "Betasoft"))
        await track(session, a_deal("alpha-gamma", "Alphacom", "Gammatel"))
        await subscriptions.follow(session, await a_chat(session, 1), EVERYTHING, NOON)
    return database


async def take_in(
    session: AsyncSession, articles: Sequence[Article], *, first_fetch: bool = False, intake: Intake | None = None
) -> Taken:
    """Read the articles and let them act, as the poller does."""
    intake = intake or Intake()
    await intake.refresh(session)
    telling = await intake.read(session, articles)
    return await take(session, telling, Batch(first_fetch=first_fetch))


async def stage(session: AsyncSession, slug: str = "alpha-beta") -> Stage | None:
    return await session.scalar(select(Deal.stage).where(Deal.slug == slug))


async def letters(session: AsyncSession) -> list[Stage]:
    """The stages that the chat is told of, in order."""
    posted = await session.scalars(select(Letter).options(joinedload(Letter.change)).order_by(Letter.id))
    return [letter.change.stage for letter in posted if letter.change]


async def count(session: AsyncSession, table: type) -> int | None:
    return await session.scalar(select(func.count()).select_from(table))


async def test_only_articles_that_name_a_deal_are_kept(tracked: Database) -> None:
    """Claims and mentions rest on articles that are kept in full; the rest of the news is forgotten."""
    claiming = news(TALKS, summary="A summary.", body="A body.", url="https://example.org/1", trust=Trust.OFFICIAL)
    async with tracked.write() as session:
        taken = await take_in(session, [claiming, news(TOGETHER), news("Alphacom opens an office")])

        kept = (await session.scalars(select(article.Article).order_by(article.Article.title))).all()
        assert [row.title for row in kept] == [TOGETHER, TALKS]
        row = kept[1]
        assert (row.ref, row.summary, row.body, row.url) == (
            claiming.id,
            claiming.summary,
            claiming.body,
            claiming.url,
        )
        assert (row.outlet, row.published_at, row.trust) == ("Planet", NOON, Trust.OFFICIAL)
        assert [mention.deal.slug for mention in taken.mentions] == ["alpha-beta"]
        (claim,) = taken.claims
        assert (claim.deal.slug, claim.stage, claim.origin, claim.field) == (
            "alpha-beta",
            Stage.TALKS,
            "Planet",
            Field.TITLE,
        )
        assert claiming.title[claim.start : claim.end] == claim.quote
        assert [change.stage for change in taken.changes] == [Stage.TALKS]


async def test_a_change_is_recorded_when_the_article_was_seen(tracked: Database) -> None:
    """The history tells when Hearsay knew; the claim tells when the article spoke."""
    async with tracked.write() as session:
        taken = await take_in(session, [news(TALKS, NOON, seen=NOON + HOUR)])

    assert (taken.changes[0].at, taken.claims[0].moment) == (NOON + HOUR, NOON)


async def test_a_date_in_the_future_is_not_believed(tracked: Database) -> None:
    """An article speaks at the latest when it is seen, so that it cannot rule over what comes after it."""
    async with tracked.write() as session:
        await take_in(session, [news(TALKS, NOON + 300 * DAY, seen=NOON)])
        await take_in(session, [news(OVER, NOON + HOUR)])

        assert await stage(session) is Stage.CALLED_OFF


@pytest.mark.parametrize("first_fetch", [False, True])
async def test_the_order_of_a_batch_does_not_matter(tracked: Database, first_fetch: bool) -> None:
    """However a feed sorts its entries, they act in the order of their own moments."""
    story = [
        news(TALKS, NOON, seen=NOON + DAY),
        news(AGREED, NOON + HOUR, seen=NOON + DAY, outlet="Blog", trust=Trust.UNVETTED),
        news(OVER, NOON + 2 * HOUR, seen=NOON + DAY, outlet="Reuters"),
        news(NEAR, NOON + 3 * HOUR, seen=NOON + DAY, outlet="Bugle"),
    ]

    outcomes = {repr(await outcome_of(tracked, order, first_fetch=first_fetch)) for order in permutations(story)}

    assert len(outcomes) == 1


async def outcome_of(database: Database, articles: Sequence[Article], *, first_fetch: bool) -> list[object]:
    async with database.write() as session:
        taken = await take_in(session, articles, first_fetch=first_fetch)
        outcome = [
            [(change.stage, change.sources, change.quiet) for change in taken.changes],
            [(claim.stage, claim.outcome) for claim in taken.claims],
            await letters(session),
        ]
        await session.rollback()
    return outcome


async def test_articles_of_one_batch_know_of_each_other(tracked: Database) -> None:
    """Two unvetted feeds' reports in one batch release each other, as they would one after the other."""
    async with tracked.write() as session:
        blog = news(AGREED, outlet="Blog", trust=Trust.UNVETTED)
        forum = news("Alphacom signs definitive agreement to acquire Betasoft", outlet="Forum", trust=Trust.UNVETTED)
        await take_in(session, [blog, forum])

        assert await stage(session) is Stage.AGREED


async def test_an_article_acts_once(tracked: Database) -> None:
    """One that is kept already, because its feed was removed and added again, is not taken twice."""
    async with tracked.write() as session:
        first = await take_in(session, [news(TALKS), news(TALKS)])
    async with tracked.write() as session:
        again = await take_in(session, [news(TALKS)])

        assert (len(first.claims), len(again.claims)) == (1, 0)
        assert await count(session, article.Article) == 1


async def test_a_changed_watchlist_is_noticed(tracked: Database) -> None:
    """A deal that another process adds, renames or removes counts from the next batch on."""
    intake = Intake()
    async with tracked.write() as session:
        assert not (await take_in(session, [news("Alphacom in talks to buy Deltasys")], intake=intake)).claims

    async with Database(tracked.path) as other, other.write() as session:
        await track(session, a_deal("alpha-delta", "Alphacom", "Deltasys"))
        await session.delete(await session.get_one(Deal, 1))

    async with tracked.write() as session:
        told = [news("Alphacom in talks to buy Deltasys", NOON + HOUR), news(TALKS)]
        taken = await take_in(session, told, intake=intake)
        assert [claim.deal.slug for claim in taken.claims] == ["alpha-delta"]


# Rule 11: the first fetch of a feed ----------------------------------------------------------------------------------

SEEN = NOON + 10 * DAY
OLD = SEEN - 49 * HOUR
RECENT = SEEN - 47 * HOUR


async def test_old_entries_of_a_first_fetch_set_statuses_quietly(tracked: Database) -> None:
    """What is older than 48 hours is history that Hearsay catches up with, and no news."""
    async with tracked.write() as session:
        taken = await take_in(session, [news(TALKS, OLD, seen=SEEN)], first_fetch=True)

        assert [change.quiet for change in taken.changes] == [True]
        assert await stage(session) is Stage.TALKS
        assert await letters(session) == []


@pytest.mark.parametrize("published", [RECENT, SEEN, None])
async def test_recent_entries_of_a_first_fetch_are_news(tracked: Database, published: datetime | None) -> None:
    """What is younger, or has no date, is told."""
    async with tracked.write() as session:
        await take_in(session, [news(TALKS, published, seen=SEEN)], first_fetch=True)

        assert await letters(session) == [Stage.TALKS]


async def test_a_first_fetch_tells_of_each_deal_once(tracked: Database) -> None:
    """A feed full of news about two deals pushes one change of each: the one that it ends with."""
    batch = [
        news("Alphacom offers to buy Gammatel", OLD, seen=SEEN),
        news("Alphacom near deal to buy Gammatel", RECENT, seen=SEEN),
        news(TALKS, RECENT, seen=SEEN),
        news(NEAR, RECENT + HOUR, seen=SEEN),
        news(OVER, RECENT + 2 * HOUR, seen=SEEN),
    ]
    async with tracked.write() as session:
        taken = await take_in(session, batch, first_fetch=True)

        assert len(taken.changes) == 5
        assert await letters(session) == [Stage.NEAR, Stage.CALLED_OFF]
        loud = await session.scalars(select(Change.stage).where(Change.quiet.is_(False)).order_by(Change.id))
        assert loud.all() == [Stage.NEAR, Stage.CALLED_OFF]


async def test_later_fetches_tell_everything(tracked: Database) -> None:
    """Once a feed is known, every key move is told, however late it was published."""
    async with tracked.write() as session:
        await take_in(session, [news(TALKS, OLD, seen=SEEN), news(OVER, RECENT, seen=SEEN)])

        assert await letters(session) == [Stage.TALKS, Stage.CALLED_OFF]
