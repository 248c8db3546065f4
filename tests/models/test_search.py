"""What is found among the stored articles, headlines and deals."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from builders import DAY, HOUR, NOON, a_deal, a_report, track, write_article
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher.vocabulary import Stage, Trust
from models import entry, feed, search
from models.base import Base
from models.database import Database
from models.deal import Deal
from models.entry import Entry, Marks
from models.feed import Feed


async def headlines(session: AsyncSession, *titles: str, url: str = "https://news.example/") -> list[int]:
    """A feed with these headlines, an hour between them; their rows."""
    row = await feed.add(session, url, "The News", Trust.TRUSTED)
    assert row is not None
    marks = [(t, Marks(n, n, n, n, NOON + n * HOUR)) for n, t in enumerate(titles)]
    return list(await entry.remember(session, (await feed_id(session, url)), marks, NOON + 99 * DAY))


async def feed_id(session: AsyncSession, url: str) -> int:
    return (await session.scalars(select(Feed.id).where(Feed.url == url))).one()


async def found(session: AsyncSession, words: str) -> list[str]:
    await search.index_new(session)
    return [hit.title for hit in (await search.search(session, words, 0, 10)).hits]


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ("société", True),
        ("SOCIETE generale", True),
        ("acqui*", True),
        ("acqui", False),
        ('"takeover bid"', True),
        ('"bid takeover"', False),
        ("bid -takeover", False),
        ('bid -"bid takeover"', True),
        ("AT&T", True),
        ("bid nowhere", False),
        ("ac*", False),
    ],
)
async def test_words_phrases_beginnings_and_negation(database: Database, words: str, *, fits: bool) -> None:
    """All words must occur, whole and in any case; accents do not count; a star stands for the rest of a word."""
    async with database.write() as session:
        await headlines(session, "Société Générale: takeover bid for AT&T, an acquisition")
        assert bool(await found(session, words)) is fits


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(st.sampled_from("ab\"*-^:(){}+&,.\0\ud800 '%;NEAROT"), max_size=30))
def test_nothing_that_is_typed_is_an_error(migrated: Path, words: str) -> None:
    """Whatever is typed, SQLite understands what it is asked."""
    with sa.create_engine(f"sqlite:///{migrated}").connect() as connection:
        if asked := search.expression(words):
            found = sa.text("SELECT rowid FROM entry_words WHERE entry_words MATCH :asked")
            connection.execute(found, {"asked": asked})
        connection.execute(select(Deal.id).where(search.about(words)))
    connection.engine.dispose()


async def test_the_newest_comes_first_and_an_article_is_not_found_twice(database: Database) -> None:
    """Articles and headlines are one list by time; a kept article stands for its own headline."""
    async with database.write() as session:
        rows = await headlines(session, "merger one", "merger two", "merger three")
        article = write_article(a_report(Stage.TALKS, NOON + HOUR))
        article.title, article.body, article.entry_id = "merger two, in full", "regulators", rows[1]
        session.add(article)
        await session.flush()
        assert await found(session, "merger") == ["merger three", "merger two, in full", "merger one"]
        assert await found(session, "regulators merger") == ["merger two, in full"]


async def test_it_says_how_much_was_found_and_searched(database: Database) -> None:
    """The numbers are of all that fits, not of the page; where the newest 1,000 are not all, it says so."""
    async with database.write() as session:
        await headlines(session, *(f"merger {n}" for n in range(search.MOST_FOUND)))
        await search.index_new(session)
        page = await search.search(session, "merger", 20, 10)
        assert (len(page.hits), page.total, page.more, page.articles, page.headlines) == (10, 1000, True, 0, 1000)
        assert not (await search.search(session, "merger -7", 0, 10)).more


async def test_what_is_revised_or_gone_is_not_found(database: Database) -> None:
    """An edited headline is found by its new words only; a forgotten one, and those of a removed feed, by none."""
    async with database.write() as session:
        first, second, _ = await headlines(session, "old words", "merger two", "merger three")
        assert await found(session, "words") == ["old words"]
        await entry.revise(session, {first: ("new sentence", Marks(0, 0, 0, 0, NOON))})
        assert await found(session, "words") == []
        assert await found(session, "sentence") == ["new sentence"]

        await entry.mark(session, [second], NOON)
        await entry.forget(session, NOON + HOUR)
        assert await found(session, "merger") == ["merger three"]

        await session.execute(delete(Feed))
        assert await found(session, "merger") == []
        assert await session.scalar(select(sa.func.count()).select_from(Entry)) == 0
        await integrity(session)


async def test_what_goes_before_it_was_indexed_leaves_no_trace(database: Database) -> None:
    """Entries that come and go between two searches do not confuse the index."""
    async with database.write() as session:
        first, *_ = await headlines(session, "merger one", "merger two")
        await entry.revise(session, {first: ("bid one", Marks(0, 0, 0, 0, NOON))})
        await session.execute(delete(Entry).where(Entry.id == first))
        assert await found(session, "one") == []
        assert await found(session, "merger") == ["merger two"]
        await integrity(session)


async def integrity(session: AsyncSession) -> None:
    """SQLite compares its indexes with the texts, and complains where they differ."""
    for name in ("article", "entry", "deal"):
        await session.execute(sa.text(f"INSERT INTO {name}_words ({name}_words, rank) VALUES ('integrity-check', 1)"))  # noqa: S608 (our own)


@pytest.mark.parametrize(
    ("words", "slugs"),
    [
        ("", {"huawei-att", "huawei-verizon"}),
        ("huaw", {"huawei-att", "huawei-verizon"}),
        ("at&t", {"huawei-att"}),
        ("veri huawei", {"huawei-verizon"}),
        ("about verizon", {"huawei-verizon"}),
        ("nobody", set()),
        ("--- &", {"huawei-att", "huawei-verizon"}),
    ],
)
async def test_deals_are_found_by_beginnings_of_their_words(database: Database, words: str, slugs: set[str]) -> None:
    """Every word begins a word of the title or the name of a party; what is no word does not count."""
    async with database.write() as session:
        await track(session, a_deal("huawei-att", "Huawei", "AT&T"))
        await track(session, a_deal("huawei-verizon"))
        assert {deal.slug for deal in await search.heard_last(session, words, 10)} == slugs


async def test_a_renamed_deal_is_found_by_its_new_title(database: Database) -> None:
    """The title's words follow the title, and go with the deal."""
    async with database.write() as session:
        deal = await track(session)
        deal.title = "Something else"
        await session.flush()
        assert await search.heard_last(session, "something", 1)
        await session.delete(deal)
        await session.flush()
        assert not await search.heard_last(session, "something", 1)
        await integrity(session)


async def test_the_deals_heard_of_last_come_first(database: Database) -> None:
    """Without words the list begins with the latest news."""
    async with database.write() as session:
        for number in range(3):
            (await track(session, a_deal(f"alpha{number}-beta"))).last_heard = NOON + timedelta(hours=number)
        assert [deal.slug for deal in await search.heard_last(session, "", 2)] == ["alpha2-beta", "alpha1-beta"]


def test_the_migrated_indexes_are_those_of_the_models(migrated: Path, tmp_path: Path) -> None:
    """Virtual tables and triggers too, which Alembic does not compare: a rebuilt table loses its triggers."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'models.db'}")
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
    engine.dispose()

    assert len(indexes(migrated)) == 10
    assert indexes(migrated) == indexes(tmp_path / "models.db")


def indexes(path: Path) -> set[str]:
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        made = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE sql LIKE '%_words%' AND name NOT LIKE '%_words_data'"
        )
        statements = {re.sub(r"\s+", " ", sql) for (sql,) in made if "fts5" in sql or "TRIGGER" in sql}
    engine.dispose()
    return statements


async def test_without_news_there_is_nothing_to_write(database: Database) -> None:
    """The index is brought up to date if it has to be; otherwise it waits for nobody who writes."""
    async with database.write() as session:
        await headlines(session, "Gamma buys Delta")
    await search.catch_up(database)
    async with database.write():
        await asyncio.wait_for(search.catch_up(database), 10)
    async with database.read() as session:
        assert (await search.search(session, "gamma", 0, 10)).total == 1
