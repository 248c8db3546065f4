import gc
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count, repeat

import pytest
from builders import a_deal, track
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

import feeds.archive
from feeds.archive import BadLine, read_lines, replay
from feeds.intake import Taken
from matcher.vocabulary import Article, Stage, Trust
from models.article import Claim
from models.database import Database
from models.deal import Deal

NINE = datetime(2017, 12, 15, 9, 30, tzinfo=UTC)


def line(
    title: str = "Alphacom in talks to buy Betasoft", published: object = "2017-12-15T09:30:00Z", **more: object
) -> bytes:
    return json.dumps({"published": published, "title": title, **more}).encode()


def read(*lines: bytes) -> list[Article]:
    articles = list(read_lines(lines))
    assert all(isinstance(article, Article) for article in articles), articles
    return [article for article in articles if isinstance(article, Article)]


def bad(*lines: bytes) -> list[tuple[int, str]]:
    return [(found.number, found.reason) for found in read_lines(lines) if isinstance(found, BadLine)]


# What a line says ----------------------------------------------------------------------------------------------------


def test_every_key_of_a_line_is_read() -> None:
    """Every key that an archive may hold reaches the article, HTML entities decoded."""
    more = {
        "id": "n1",
        "outlet": "A &amp; B",
        "url": "https://example.org/?a=1&amp",
        "summary": "5 &lt; 6",
        "body": "&#8220;Yes&#8221;",
    }

    assert read(line("AT&amp;T &amp; Huawei", **more)) == [
        Article(
            id="n1",
            title="AT&T & Huawei",
            first_seen=NINE,
            published=NINE,
            outlet="A & B",
            url="https://example.org/?a=1&amp",
            summary="5 < 6",
            body="“Yes”",
            trust=Trust.TRUSTED,
        )
    ]


def test_an_archive_s_articles_are_cleaned_like_a_feed_s() -> None:
    """A headline loses the name of its own outlet, and a text its markup; a ticker is no markup."""
    first, credited, second, third = read(
        line("Alphacom buys Betasoft - The Daily Planet", outlet="The Daily Planet"),
        line("Alphacom to buy Betasoft - WSJ"),
        line("Alphacom buys Betasoft - sources", body="<p>Alphacom &lt;ALC.N&gt; <em>buys</em> Betasoft.</p>"),
        line("I </3 Betasoft", body="Alphacom </3 Betasoft: a < b"),
    )
    assert first.title == "Alphacom buys Betasoft"
    assert (credited.title, credited.outlet) == ("Alphacom to buy Betasoft - WSJ", "")
    assert (second.title, second.body) == ("Alphacom buys Betasoft - sources", "Alphacom <ALC.N> buys Betasoft.")
    assert (third.title, third.body) == ("I </3 Betasoft", "Alphacom </3 Betasoft: a < b")


def test_two_keys_are_enough() -> None:
    """Only ``published`` and ``title`` are required; an article without an id is called by its line."""
    (first, second) = read(line(), line())

    assert (first.id, second.id) == ("line-1", "line-2")
    assert (first.outlet, first.summary, first.body, first.url) == ("", "", "", "")


def test_unknown_keys_and_empty_lines_are_passed_over() -> None:
    """An archive may carry more than Hearsay needs; numbers go on counting all lines."""
    assert [article.id for article in read(b"", line(mood="good"), b"  \r\n", line(id=7))] == ["line-2", "7"]


@pytest.mark.parametrize(
    ("published", "moment"),
    [
        ("2017-12-15T09:30:00Z", NINE),
        ("2017-12-15T09:30:00+00:00", NINE),
        ("2017-12-15T04:30:00-05:00", NINE),
        ("2017-12-15 15:15:00+05:45", NINE),
    ],
)
def test_times_are_read_with_their_offset(published: str, moment: datetime) -> None:
    """Whatever the offset, the article speaks in UTC."""
    (article,) = read(line(published=published))

    assert (article.published, article.day_only) == (moment, False)


def test_a_day_alone_is_a_day() -> None:
    """A date without a time is marked as one."""
    (article,) = read(line(published="2017-12-15"))

    assert (article.published, article.day_only) == (datetime(2017, 12, 15, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (b"{", "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b'{"title": "\\ud800", "published": "2017-12-15"}', "it is not JSON"),
        (b"[]", "it is not a JSON object"),
        (b"null", "it is not a JSON object"),
        (b"{}", "it has no published"),
        (b'{"published": "2017-12-15"}', "it has no title"),
        (line(7), "title must be text"),  # type: ignore[arg-type]  # what is tested
        (line(summary=["a"]), "summary must be text"),
        (line(published="2017-12-15T09:30:00"), "needs an offset, such as 2017-12-15T09:30:00+00:00"),
        (line(published="yesterday"), "published must be a date"),
        (line(published=""), "published must be a date"),
        (line(published=1513330200), "published must be a date"),
        (line(published=None), "published must be a date"),
        (line(published="2017-02-30"), "published must be a date"),
        (line(published="0001-01-01T00:00:00+05:00"), "published must be a date"),
        (line(published="9999-12-31T23:59:59-05:00"), "published must be a date"),
    ],
)
def test_a_bad_line_is_named_by_its_number(wrong: bytes, reason: str) -> None:
    """It comes back with what is wrong, and the lines around it are read."""
    ((number, found),) = bad(line(), wrong, line())

    assert number == 2
    assert reason in found
    assert len(list(read_lines([line(), wrong, line()]))) == 3


@given(st.lists(st.binary(max_size=60)))
def test_no_line_breaks_the_reading(lines: list[bytes]) -> None:
    """Every line is an article, a bad line, or empty."""
    assert len(list(read_lines(lines))) == sum(bool(found.strip()) for found in lines)


# The archive's time --------------------------------------------------------------------------------------------------


def test_a_line_out_of_order_is_seen_late() -> None:
    """The archive's time never goes back: a line with an older date is seen with the line before it."""
    early, late = "2017-12-15T09:30:00Z", "2017-12-16T09:30:00Z"
    articles = read(line(published=early), line(published=late), line(published=early), b"{}"[:0], line(published=late))

    assert [article.first_seen - NINE for article in articles] == [timedelta(days) for days in (0, 1, 1, 1)]
    assert [article.moment - NINE for article in articles] == [timedelta(days) for days in (0, 1, 0, 1)]


# Replaying -----------------------------------------------------------------------------------------------------------


async def run(database: Database, articles: Iterable[Article]) -> list[Taken]:
    async with database.write() as session:
        await track(session, a_deal("alpha-beta", "Alphacom", "Betasoft"))
    return [taken async for taken in replay(database, articles)]


def moves(batches: Iterable[Taken]) -> list[tuple[Stage | None, Stage, datetime]]:
    return [(change.from_stage, change.stage, change.at) for taken in batches for change in taken.changes]


async def test_an_archive_is_replayed_in_its_own_time(database: Database) -> None:
    """Changes bear the archive's dates, and are committed."""
    batches = await run(database, read(line(), line("Alphacom agrees to buy Betasoft", "2018-01-08T12:00:00Z")))

    assert moves(batches) == [
        (None, Stage.TALKS, NINE),
        (Stage.TALKS, Stage.AGREED, datetime(2018, 1, 8, 12, tzinfo=UTC)),
    ]
    async with database.read() as session:
        assert await session.scalar(select(Deal.stage)) is Stage.AGREED


async def test_rumors_fall_quiet_in_the_archive_s_own_time(database: Database) -> None:
    """A year of silence between two lines makes the rumor quiet, however few lines there are."""
    other = "Oslo opens a new library"
    lines = [line(), line(other, "2018-12-15T09:29:59Z"), line(other, "2018-12-20"), line(published="2019-03-01")]

    assert moves(await run(database, read(*lines))) == [
        (None, Stage.TALKS, NINE),
        (Stage.TALKS, Stage.QUIET, datetime(2018, 12, 20, tzinfo=UTC)),
        (Stage.QUIET, Stage.TALKS, datetime(2019, 3, 1, tzinfo=UTC)),
    ]


async def test_a_long_archive_goes_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress moves, and every line counts."""
    monkeypatch.setattr(feeds.archive, "BATCH", 5)
    batches = await run(database, read(*(line() for _ in range(12))))

    assert [len(taken.claims) for taken in batches] == [5, 5, 2]
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(Claim)) == 12


async def test_memory_does_not_grow_with_the_archive(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long an archive is, it is read batch by batch, and no more than the last batch is remembered."""
    monkeypatch.setattr(feeds.archive, "BATCH", 5)
    lines_read, before = count(), _articles_alive()
    endless = (line(f"Oslo opens library number {next(lines_read)}") for _ in repeat(None))
    batches = replay(database, (article for article in read_lines(endless) if isinstance(article, Article)))
    for _ in range(4):
        await anext(batches)

    assert next(lines_read) == 4 * 5
    assert _articles_alive() - before <= 5


def _articles_alive() -> int:
    gc.collect()
    return sum(isinstance(thing, Article) for thing in gc.get_objects())


async def test_an_article_that_stands_twice_in_an_archive_counts_once(database: Database) -> None:
    """Two lines with the same id are one article."""
    batches = await run(database, read(line(id="n1"), line(id="n1"), line(id="n2")))

    assert [len(taken.claims) for taken in batches] == [2]
