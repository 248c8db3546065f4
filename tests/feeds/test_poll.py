"""The poller over real HTTP: a local feed server, the real fetcher; only the parser stays in this process."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import world as small
from builders import DAY, HOUR, NOON
from sqlalchemy import select
from standin.feeds import FeedServer
from standin.wire import Response

from feeds import poll as polling
from feeds.addresses import PrivateHosts
from feeds.fetch import Fetcher, make_client
from feeds.parse import ParsedFeed
from matcher.vocabulary import Article, Stage, Trust
from models import article
from models import entry as entries
from models.change import Change
from models.database import Database
from models.entry import Entry
from models.feed import Feed

TALKS = Article("1", small.TALKS, NOON, NOON - HOUR)
OVER = Article("2", small.OVER, NOON, NOON)
ITEM = "<item><guid>{0}</guid><title>{1}</title></item>"
LOOPBACK = PrivateHosts.parse("127.0.0.0/8")


class World(small.World):
    """The small world, but its publishers are behind a real server."""

    def __init__(self, server: FeedServer, database: Database, fetcher: Fetcher) -> None:
        self.server = server
        super().__init__(database, fetcher, server.url("").rstrip("/"))


class SlowParser(small.Parser):
    """Stops at every document whose address ends with ``end``, until it is let go on."""

    def __init__(self, end: str) -> None:
        super().__init__()
        self.end = end
        self.reading, self.read_on = asyncio.Event(), asyncio.Event()

    async def parse(self, body: bytes, content_type: str, url: str) -> ParsedFeed:
        if url.endswith(self.end):
            self.reading.set()
            await self.read_on.wait()
        return await super().parse(body, content_type, url)


@pytest.fixture
async def world(followed: Database) -> AsyncIterator[World]:
    """One deal, followed by one chat; one feed, "news", that is empty."""
    async with FeedServer() as server, make_client("Hearsay tests", LOOPBACK) as client:
        world = World(server, followed, Fetcher(client, deadline=timedelta(seconds=5), max_bytes=1_000_000))
        server.publish("news")
        await world.add("news")
        yield world
        await world.poller.stop()


def document(*items: str) -> Response:
    body = f'<rss version="2.0"><channel><title>News</title>{"".join(items)}</channel></rss>'
    return Response(200, body.encode(), {"content-type": "application/rss+xml"})


async def test_news_travels_from_a_feed_to_the_outbox(world: World) -> None:
    """What stands in the feed moves the deal, with the feed's name as the outlet and its trust."""
    world.server.publish("news", TALKS)
    await world.poll()

    assert (await world.stage(), await world.told()) == (Stage.TALKS, [Stage.TALKS])
    async with world.database.read() as session:
        kept = (await session.scalars(select(article.Article))).one()
    assert (kept.title, kept.outlet, kept.trust, kept.published_at) == (
        TALKS.title,
        "The news",
        Trust.TRUSTED,
        TALKS.published,
    )


async def test_news_lets_people_go_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody is being answered, a document waits to be taken in."""
    monkeypatch.setattr(polling, "COURTESY_SECONDS", 60)
    waiting, answered = asyncio.Event(), asyncio.Event()

    async def quiet() -> None:
        waiting.set()
        await answered.wait()

    world.quiet = quiet
    world.restart()
    world.server.publish("news", TALKS)
    poll = asyncio.create_task(world.poll())
    await waiting.wait()
    assert (await world.stage(), poll.done()) == (None, False)
    answered.set()
    await poll
    assert await world.stage() is Stage.TALKS


async def test_news_does_not_wait_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken in though somebody is being answered all the time."""
    monkeypatch.setattr(polling, "COURTESY_SECONDS", 0.001)
    world.quiet = asyncio.Event().wait  # type: ignore[assignment]  # its result is looked at by nobody
    world.restart()
    world.server.publish("news", TALKS)
    await world.poll()
    assert await world.stage() is Stage.TALKS


async def test_an_unchanged_feed_is_not_sent_again(world: World) -> None:
    """The validators of the last answer are sent along; a 304 is a success that changes nothing else."""
    world.server.publish("news", TALKS)
    await world.poll()
    first = await world.row("news")
    world.restart()
    await world.poll(after=HOUR)
    second = await world.row("news")

    assert (world.server.requests["news"], world.server.not_modified["news"]) == (2, 1)
    assert first.etag
    assert (second.etag, second.last_modified) == (first.etag, first.last_modified)
    assert (second.succeeded_at, second.next_check_at, second.error) == (NOON + HOUR, NOON + 2 * HOUR, None)
    assert await world.count(Change) == 1


async def test_an_entry_acts_once(world: World) -> None:
    """When a feed grows, only what is new in it is read."""
    world.server.publish("news", TALKS)
    await world.poll()
    world.server.publish("news", OVER)
    await world.poll(after=HOUR)

    assert await world.told() == [Stage.TALKS, Stage.CALLED_OFF]
    assert (await world.count(Entry), await world.count(article.Article)) == (2, 2)


async def test_a_feed_is_left_alone_until_its_time(world: World) -> None:
    """No feed is asked before its next check is due."""
    await world.poll()
    await world.poll(after=HOUR - timedelta(seconds=1))
    assert world.server.requests["news"] == 1

    await world.poll(after=timedelta(seconds=1))
    assert world.server.requests["news"] == 2


# What can go wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Response(500), "500", id="a server error"),
        pytest.param(Response(404), "404", id="nothing there"),
        pytest.param(Response(200, b""), "empty document", id="nothing sent"),
        pytest.param(
            Response(200, b"<!doctype html><html><p>Hello", {"content-type": "text/html"}), "web page", id="HTML"
        ),
        pytest.param(Response(200, b"\0\xff not a feed"), "neither RSS nor Atom", id="noise"),
        pytest.param(Response(200, b"<rss>" + b" " * 1_100_000), "", id="too large"),
        pytest.param(Response(200, b'<!DOCTYPE x [<!ENTITY a "b">]><rss/>'), "entities", id="hostile"),
    ],
)
async def test_a_failing_feed_says_why_and_the_others_go_on(world: World, answer: Response, reason: str) -> None:
    """Its row holds the reason in plain words; the news of the other feed arrives."""
    world.server.answer_instead("bad", answer)
    await world.add("bad")
    world.server.publish("news", TALKS)
    await world.poll()

    bad, good = await world.row("bad"), await world.row("news")
    assert bad.error
    assert reason in str(bad.error)
    assert (bad.failures, bad.checked_at, bad.succeeded_at, bad.next_check_at) == (1, NOON, None, NOON + HOUR)
    assert (good.failures, good.error, good.succeeded_at) == (0, None, NOON)
    assert await world.stage() is Stage.TALKS


async def test_failures_back_off_and_a_success_forgives(world: World) -> None:
    """Each failure in a row doubles the pause; one good answer ends the row."""
    world.server.answer_instead("news", Response(503))
    pauses = []
    for _ in range(3):
        await world.poll()
        row = await world.row("news")
        pauses.append(row.next_check_at - world.now)
        world.now = row.next_check_at

    assert pauses == [HOUR, 2 * HOUR, 4 * HOUR]
    assert row.failures == 3
    world.server.publish("news", TALKS)
    await world.poll()
    row = await world.row("news")
    assert (row.failures, row.error, row.next_check_at) == (0, None, world.now + HOUR)
    assert await world.stage() is Stage.TALKS


async def test_a_failure_keeps_the_validators(world: World) -> None:
    """After trouble the feed is asked as politely as before."""
    await world.poll()
    before = await world.row("news")
    world.server.answer_instead("news", Response(502))
    await world.poll(after=HOUR)
    after = await world.row("news")

    assert before.etag
    assert (after.etag, after.last_modified) == (before.etag, before.last_modified)
    assert after.succeeded_at == NOON


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        (Response(429, headers={"retry-after": "86400"}), DAY),
        (Response(503, headers={"retry-after": "60"}), HOUR),
        (Response(429, headers={"retry-after": "soon"}), HOUR),
    ],
)
async def test_retry_after_is_obeyed(world: World, answer: Response, pause: timedelta) -> None:
    """A server that asks to be left alone is left alone, also by the next start of the program."""
    world.server.answer_instead("news", answer)
    await world.poll()
    world.restart()
    await world.poll(after=pause - timedelta(seconds=1))
    assert world.server.requests["news"] == 1

    await world.poll(after=timedelta(seconds=1))
    assert world.server.requests["news"] == 2


async def test_max_age_is_obeyed(world: World) -> None:
    """A feed that says how long it stays fresh is not asked before."""
    fresh = document()
    headers = {**fresh.headers, "cache-control": "max-age=18000"}
    world.server.answer_instead("news", Response(200, fresh.body, headers))
    await world.poll()

    assert (await world.row("news")).next_check_at == NOON + 5 * HOUR


@pytest.mark.parametrize("step", ["take", "_remember"])
async def test_a_crash_in_the_middle_loses_nothing(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """If taking in the news fails, no entry counts as seen and no validator as known; the next poll does it again."""

    async def crash(*_: object, **__: object) -> None:
        raise RuntimeError("no idea")

    world.server.publish("news", TALKS)
    with monkeypatch.context() as patched:
        patched.setattr(polling, step, crash)
        await world.poll()

    row = await world.row("news")
    assert (row.etag, row.last_modified, row.digest, row.succeeded_at, row.failures) == (None, None, None, None, 1)
    assert "RuntimeError" in str(row.error)
    assert await world.count(Entry) == 0

    await world.poll(after=HOUR)
    assert await world.told() == [Stage.TALKS]
    assert (await world.row("news")).error is None


async def test_news_and_validators_are_committed_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """If storing the validators fails, the news is not stored either, and is told once in the end."""

    async def crash_once(*_: object) -> None:
        patched.undo()
        raise RuntimeError

    world.server.publish("news", TALKS)
    with monkeypatch.context() as patched:
        patched.setattr(polling, "_store", crash_once)
        await world.poll()
    assert (await world.stage(), await world.told()) == (None, [])
    assert (await world.row("news")).etag is None

    await world.poll(after=HOUR)
    assert await world.told() == [Stage.TALKS]


# Entries -------------------------------------------------------------------------------------------------------------


async def test_one_guid_on_two_headlines_is_two_entries(world: World) -> None:
    """A publisher that writes one guid on everything loses nothing: both are read, and the upper one is the newer."""
    later, first = ITEM.format("1", OVER.title), ITEM.format("1", TALKS.title)
    world.server.answer_instead("news", document(later, first))
    await world.poll()

    assert (await world.row("news")).error is None
    assert (await world.count(Entry), await world.stage()) == (2, Stage.CALLED_OFF)


async def test_a_plain_double_in_one_document_is_one_entry(world: World) -> None:
    """What stands in a document twice, word for word, is read once."""
    world.server.answer_instead("news", document(*[ITEM.format("1", TALKS.title)] * 2))
    await world.poll()

    assert (await world.count(Entry), await world.count(article.Article)) == (1, 1)


async def test_without_dates_the_top_of_the_document_is_the_newest(world: World) -> None:
    """Publishers put the latest entry first; among entries of the same time it rules."""
    world.server.answer_instead("news", document(ITEM.format("2", OVER.title), ITEM.format("1", TALKS.title)))
    await world.poll()

    assert await world.stage() is Stage.CALLED_OFF


async def test_two_feeds_may_use_the_same_ids(world: World) -> None:
    """An entry's id is the feed's own."""
    world.server.publish("news", TALKS)
    world.server.publish("more", Article("1", OVER.title, NOON, NOON + HOUR))
    await world.poll()
    await world.add("more")
    await world.poll(after=HOUR)

    assert await world.stage() is Stage.CALLED_OFF


# The first fetch -----------------------------------------------------------------------------------------------------


async def test_a_first_fetch_catches_up_quietly(world: World) -> None:
    """What is older than two days when a feed is first read sets the status and is not told."""
    world.server.publish("news", TALKS)
    await world.poll(after=3 * DAY)

    assert (await world.stage(), await world.told()) == (Stage.TALKS, [])


async def test_a_first_fetch_tells_what_is_new(world: World) -> None:
    """What is younger is told, once a deal: where it stands now."""
    world.server.publish("news", TALKS, OVER)
    await world.poll(after=DAY)

    assert (await world.stage(), await world.told()) == (Stage.CALLED_OFF, [Stage.CALLED_OFF])


async def test_the_first_fetch_is_the_first_that_succeeds(world: World) -> None:
    """A feed that failed at first is still caught up with quietly."""
    world.server.publish("news", TALKS)
    answered = Response(500)
    world.server.answer_instead("news", answered)
    await world.poll(after=3 * DAY)
    world.server.publish("news")
    await world.poll(after=HOUR)

    assert (await world.stage(), await world.told()) == (Stage.TALKS, [])


async def test_a_late_entry_of_a_known_feed_is_told(world: World) -> None:
    """After the first fetch age does not matter any more."""
    world.server.publish("news", Article("0", "Oslo opens a library", NOON, NOON))
    await world.poll()
    world.server.publish("news", TALKS)
    await world.poll(after=3 * DAY)

    assert await world.told() == [Stage.TALKS]


# Feeds come and go ---------------------------------------------------------------------------------------------------


async def test_a_feed_that_is_removed_while_it_is_read_is_let_go(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """What it brings is dropped, and nothing fails."""
    world.parser = parser = SlowParser("news")
    world.restart()
    world.server.publish("news", TALKS)
    polling = asyncio.create_task(world.poll())
    await parser.reading.wait()
    await world.remove("news")
    parser.read_on.set()
    await polling

    assert (await world.count(Feed), await world.count(Entry), await world.stage()) == (0, 0, None)
    assert caplog.records == []


async def test_a_feed_can_be_removed_and_added_again(world: World) -> None:
    """What it brought before stays and does not act a second time; what is new in it is news."""
    world.server.publish("news", TALKS)
    await world.poll()
    await world.remove("news")
    await world.add("news")
    world.server.publish("news", OVER)
    await world.poll(after=HOUR)

    assert (await world.row("news")).error is None
    assert await world.told() == [Stage.TALKS, Stage.CALLED_OFF]
    assert await world.count(article.Article) == 2


async def test_another_feed_is_not_taken_for_a_removed_one(world: World) -> None:
    """A feed that is added after another was removed brings its own news, even under the same ids."""
    world.server.publish("news", TALKS)
    await world.poll()
    await world.remove("news")
    world.server.publish("other", Article(TALKS.id, OVER.title, NOON, NOON))
    await world.add("other")
    await world.poll(after=HOUR)

    assert await world.stage() is Stage.CALLED_OFF


async def test_an_entry_is_remembered_for_as_long_as_its_feed_has_it(world: World) -> None:
    """What left the feed is forgotten in time; what still stands in it is not, and never acts twice."""
    world.server.publish("news", TALKS)
    await world.poll()
    for _ in range(4):
        world.server.publish("news", Article(f"{world.now}", "Oslo opens a library", NOON, world.now))
        await world.poll(after=30 * DAY)
        await forget(world, world.now - 60 * DAY)
    assert await world.count(Entry) == 5

    world.server.answer_instead("news", document())
    await world.poll(after=30 * DAY)
    await forget(world, world.now + HOUR)
    assert await world.count(Entry) == 0
    assert await world.told() == [Stage.TALKS]


async def forget(world: World, before: datetime) -> None:
    async with world.database.write() as session:
        await entries.forget(session, before)


async def test_a_slow_feed_holds_up_nobody(world: World) -> None:
    """While one feed is still being read, the others are polled when they are due, and it is not asked twice."""
    world.parser = parser = SlowParser("slow")
    world.restart()
    world.server.publish("slow", TALKS)
    await world.add("slow")
    first = asyncio.create_task(world.poll())
    await parser.reading.wait()
    world.server.publish("quick", OVER)
    await world.add("quick")
    await world.poll()
    assert (await world.row("quick")).succeeded_at == world.now
    assert (world.server.requests["slow"], world.server.requests["quick"]) == (1, 1)
    parser.read_on.set()
    await first
    assert (await world.row("slow")).succeeded_at == world.now
