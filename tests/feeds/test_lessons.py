"""What once went wrong, or could have, and must not again: races, secrets, politeness, edits, slow crowds."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx
import pytest
from builders import DAY, HOUR, NOON
from sqlalchemy import delete, select
from world import AGREED, OTHER, OVER, TALKS, Item, Place, World, moved, rss, says

from bot.messages import feed_words, push
from feeds import rhythm
from feeds.adding import Added, NoFeedError
from feeds.fetch import Answer, Fetcher, Validators, make_client
from feeds.fetch import Place as FetchPlace
from feeds.hosts import Hosts
from feeds.opml import import_feeds, sift_opml
from feeds.progress import TELL_AFTER
from matcher.matcher import Matcher
from matcher.vocabulary import NEVER, Reading, Stage, Trust
from matcher.vocabulary import Article as Text
from models import feed as feeds
from models import outbox, owner
from models.article import Article, Claim
from models.database import Database
from models.entry import Entry
from models.feed import Feed, Trouble
from models.feed_yield import yields
from models.notice import Notice
from models.owner import Owner
from models.subscriber import Wire

PLACE = "https://news.example/2018/{0}"
MINUTE = timedelta(minutes=1)
SOON = 4 * HOUR
"""After which every feed is due again."""
STUCK_SECONDS = 20.0
"""A test that waits for longer has failed."""


def an_item(title: str, number: int = 1, **more: object) -> Item:
    return Item(title, f"id-{number}", PLACE.format(number), **more)  # type: ignore[arg-type]


async def republish(world: World, *items: Item, after: timedelta = SOON) -> None:
    """The document has these items now; poll it."""
    world.publisher("news", *items)
    await world.poll(after=after)
    assert (await world.row()).succeeded_at == world.now


class SlowFetcher:
    """Holds back what it fetched from addresses that end with ``end``, until it is let go on."""

    def __init__(self, fetcher: Fetcher, end: str) -> None:
        self._fetcher = fetcher
        self._end = end
        self.asked: list[str] = []
        self._fetched, self.go_on = asyncio.Event(), asyncio.Event()

    async def fetch(self, url: str, validators: Validators, place: FetchPlace | None = None) -> Answer:
        self.asked.append(url)
        answer = await self._fetcher.fetch(url, validators, place)
        if url.endswith(self._end):
            self._fetched.set()
            await self.go_on.wait()
        return answer

    async def has_fetched(self) -> None:
        """Wait until something is held back."""
        async with asyncio.timeout(STUCK_SECONDS):
            await self._fetched.wait()


def slow_down(world: World, end: str) -> SlowFetcher:
    """Let the world's poller fetch through a :class:`SlowFetcher` from now on."""
    slow = SlowFetcher(world.fetcher, end)
    world.fetcher = slow  # type: ignore[assignment]
    world.restart()
    return slow


@asynccontextmanager
async def a_world(
    database: Database, answer: Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]
) -> AsyncIterator[World]:
    """A world whose servers may take their time; a fetch has a minute for its own part."""
    async with make_client("Hearsay tests", transport=httpx.MockTransport(answer)) as client:
        fetcher = Fetcher(client, deadline=MINUTE, max_bytes=1_000_000, hosts=Hosts(timedelta(0)))
        world = World(database, fetcher, "https://healthy.example")
        yield world
        await world.poller.stop()


def answered(status: int = 200, body: bytes = b"", **headers: str) -> httpx.Response:
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


# Secrets in titles ---------------------------------------------------------------------------------------------------

SECRET_PLACE = "https://u:SECRET@news.example/p"  # noqa: S105 (made up)


async def pushes(world: World) -> list[str]:
    """What the letters that are due say about deals."""
    async with world.database.read() as session:
        letters = await outbox.due(session, Wire.TELEGRAM, world.now)
        return [push.changed(letter.change, letter.change.deal).text for letter in letters if letter.change]


async def add_titled(world: World, title: str) -> None:
    async with world.database.write() as session:
        assert await feeds.add(session, SECRET_PLACE, title, Trust.TRUSTED)


async def import_titled(world: World, title: str) -> None:
    outline = f'<outline type="rss" text="{title}" title="{title}" xmlUrl="{SECRET_PLACE}"/>'
    body = f'<opml version="2.0"><body><outline text="trusted">{outline}</outline></body></opml>'
    async with world.database.write() as session:
        await import_feeds(session, sift_opml(body.encode()))


@pytest.mark.parametrize("title", ["", SECRET_PLACE, "https://news.example/p?token=SECRET"])
@pytest.mark.parametrize("put", [add_titled, import_titled])
async def test_an_address_is_no_title(
    newsroom: World, put: Callable[[World, str], Coroutine[None, None, None]], title: str
) -> None:
    """It stands in messages as the outlet's name, and may hold a secret: the host's name stands there instead."""
    await put(newsroom, title)
    newsroom.publisher("https://news.example/p", an_item(TALKS, published=NOON))
    newsroom.web.places[SECRET_PLACE] = newsroom.web.places["https://news.example/p"]
    await newsroom.poll()

    assert (await newsroom.row(SECRET_PLACE)).title == "news.example"
    (push,) = await pushes(newsroom)
    assert "news.example" in push
    assert "SECRET" not in push


# Races ---------------------------------------------------------------------------------------------------------------


async def test_the_id_of_a_removed_feed_is_never_another_s(newsroom: World) -> None:
    """What was being fetched for a feed that is removed is not taken for the one that is added next."""
    slow = slow_down(newsroom, "second")
    await newsroom.add("second")
    newsroom.publisher("second", an_item("A secret of the second", 7))
    second = await newsroom.row("second")
    polling = asyncio.create_task(newsroom.poll())
    await slow.has_fetched()
    await newsroom.remove("second")
    newsroom.publisher("third", an_item(OTHER))
    await newsroom.add("third")
    slow.go_on.set()
    await polling

    third = await newsroom.row("third")
    assert third.id != second.id
    assert third.entries_seen == 1
    async with newsroom.database.read() as session:
        assert list(await session.scalars(select(Entry.title).where(Entry.feed_id == third.id))) == [OTHER]


async def test_a_feed_that_is_added_again_is_polled_at_once(newsroom: World) -> None:
    """That the one before it was in hand when it was removed does not matter."""
    slow = slow_down(newsroom, "news")
    polling = asyncio.create_task(newsroom.poll())
    await slow.has_fetched()
    await newsroom.remove("news")
    slow.go_on.set()
    await polling
    await newsroom.add("news")
    await newsroom.poll(after=MINUTE)

    assert (await newsroom.row()).succeeded_at == newsroom.now


async def test_calls_that_overlap_take_a_feed_once(newsroom: World) -> None:
    """However many ask at the same time what is due."""
    calls = await asyncio.gather(*[newsroom.poller.start_due() for _ in range(3)])
    await asyncio.wait([task for tasks in calls for task in tasks])

    assert len(newsroom.web.requests[newsroom.url("news")]) == 1


@pytest.mark.parametrize("step", ["refresh", "due"])
async def test_a_poll_that_ends_while_feeds_are_chosen_is_not_repeated(
    newsroom: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """What the database looked like when the choice began says that the feed is due; it is not any more."""
    newsroom.publisher("news", an_item(TALKS, published=NOON))
    polls = await newsroom.poller.start_due()
    place = feeds if step == "due" else newsroom.poller.intake
    choose = getattr(place, step)

    async def slowly(*arguments: object) -> object:
        found = await choose(*arguments)
        await asyncio.wait(polls)
        return found

    monkeypatch.setattr(place, step, slowly)
    async with asyncio.timeout(STUCK_SECONDS):
        if again := await newsroom.poller.start_due():
            await asyncio.wait(again)

    assert len(newsroom.web.requests[newsroom.url("news")]) == 1
    assert (await newsroom.count(Entry), (await newsroom.row()).entries_seen) == (1, 1)


async def test_what_the_owner_changes_while_a_feed_is_in_hand_counts(newsroom: World) -> None:
    """Trust and title are those of the moment at which the news is taken in."""
    slow = slow_down(newsroom, "news")
    newsroom.publisher("news", an_item("Alphacom denies talks to buy Betasoft", published=NOON))
    polling = asyncio.create_task(newsroom.poll())
    await slow.has_fetched()
    await newsroom.change(trust=Trust.UNVETTED, title="Somebody's notes")
    slow.go_on.set()
    await polling

    async with newsroom.database.read() as session:
        article = (await session.scalars(select(Article))).one()
    assert (article.trust, article.outlet) == (Trust.UNVETTED, "Somebody's notes")
    assert await newsroom.told() == []


async def test_a_stop_fetches_no_further_pages(newsroom: World) -> None:
    """The page that is being fetched is the last."""
    slow = slow_down(newsroom, PLACE.format(0))
    await newsroom.change(full_text=True)
    newsroom.publisher("news", *[Item(f"Alphacom and Betasoft {n}", f"{n}", PLACE.format(0)) for n in range(5)])
    newsroom.web.places[PLACE.format(0)] = says(200, b"<html><body>Hello</body></html>", Content_Type="text/html")
    await newsroom.poller.start_due()
    await slow.has_fetched()
    stopping = asyncio.create_task(newsroom.poller.stop())
    await asyncio.sleep(0)
    slow.go_on.set()
    await stopping

    assert slow.asked.count(PLACE.format(0)) == 1


# Slow crowds ---------------------------------------------------------------------------------------------------------


async def test_many_feeds_that_lead_to_one_slow_host_keep_nobody_out(followed: Database) -> None:
    """While they wait for their turn there, each in its own right, they take no place away from the others."""
    asked = Counter[str]()
    healthy = asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        asked[request.url.host] += 1
        if request.url.host == "slow.example":
            await asyncio.Event().wait()
        if request.url.host == "healthy.example":
            healthy.set()
            return answered(body=rss(Item(OTHER, "1")))
        return answered(302, Location=f"https://slow.example/{request.url.host}")

    async with a_world(followed, answer) as world:
        async with followed.write() as session:
            for number in range(200):
                await feeds.add(session, f"https://h{number}.example/", "News", Trust.TRUSTED)
        await world.add("feed")
        await world.poller.start_due()
        async with asyncio.timeout(STUCK_SECONDS):
            await healthy.wait()

    assert asked["slow.example"] == 1


async def test_many_feeds_on_hosts_that_hang_keep_nobody_out(followed: Database) -> None:
    """Only a few feeds of a host are taken in hand, so that hands are left for the other hosts."""
    asked = Counter[str]()
    hanging, healthy = asyncio.Event(), asyncio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        asked[request.url.host] += 1
        if request.url.host == "healthy.example":
            healthy.set()
            return answered(body=rss(Item(OTHER, "1")))
        if len(asked) == 16:
            hanging.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with a_world(followed, answer) as world, asyncio.timeout(STUCK_SECONDS):
        async with followed.write() as session:
            for number in range(16 * 64):
                await feeds.add(session, f"https://slow{number % 16}.example/{number}", "News", Trust.TRUSTED)
        await world.poller.start_due()
        await hanging.wait()
        await world.add("feed")
        await world.poller.start_due()
        await healthy.wait()

    assert set(asked.values()) == {1}


# First fetches and edits ---------------------------------------------------------------------------------------------


async def claims(world: World) -> list[Claim]:
    async with world.database.read() as session:
        return list(await session.scalars(select(Claim).order_by(Claim.id)))


async def test_a_feed_that_was_empty_at_first_is_caught_up_with_quietly(newsroom: World) -> None:
    """Its first fetch is the first that brings entries: what is old then is no news."""
    await newsroom.poll()
    await republish(newsroom, an_item(AGREED, published=NOON - 200 * DAY))

    assert (await newsroom.stage(), await newsroom.told()) == (Stage.AGREED, [])


async def test_a_page_may_come_back_to_what_it_said(newsroom: World) -> None:
    """Talks, called off, back in talks: a living page acts at each turn, as three articles would."""
    for days, title in enumerate((TALKS, OVER, "Alphacom back in talks to buy Betasoft")):
        await republish(newsroom, an_item(title, published=NOON + days * DAY), after=DAY)

    assert await newsroom.told() == [Stage.TALKS, Stage.CALLED_OFF, Stage.TALKS]
    assert await newsroom.count(Entry) == 1


@pytest.mark.chaos
async def test_an_edit_without_anything_new_leaves_no_row(newsroom: World, times: Callable[..., int]) -> None:
    """A counter in the text makes a version at each poll: one article, which acts once."""
    for number in range(times(gate=20, chaos=100)):
        await republish(newsroom, an_item(TALKS, summary=f"{number} comments", published=NOON), after=2 * HOUR)

    assert (await newsroom.count(Article), await newsroom.count(Claim)) == (1, 1)
    assert await newsroom.told() == [Stage.TALKS]


@pytest.mark.chaos
async def test_a_mention_that_is_edited_leaves_no_row(newsroom: World, times: Callable[..., int]) -> None:
    """The same for an article that only names the parties."""
    for number in range(times(gate=20, chaos=100)):
        item = an_item("Alphacom and Betasoft", summary=f"{number} comments", published=NOON)
        await republish(newsroom, item, after=2 * HOUR)

    assert await newsroom.count(Article) == 1


async def test_an_edited_headline_speaks_when_it_was_seen(newsroom: World) -> None:
    """A live page of three days ago that changes its headline today, without saying when, is today's news."""
    await republish(newsroom, an_item(TALKS, published=NOON))
    await republish(newsroom, an_item(AGREED, published=NOON), after=3 * DAY)

    assert await newsroom.told() == [Stage.TALKS, Stage.AGREED]
    assert [claim.moment for claim in await claims(newsroom)] == [NOON, newsroom.now]


async def test_an_edited_text_speaks_when_it_was_published(newsroom: World) -> None:
    """A paragraph more below the same headline, without a date, is as old as the article."""
    title, more = "Alphacom and Betasoft", "Alphacom said it is in talks to buy Betasoft."
    await republish(newsroom, an_item(title, published=NOON))
    await republish(newsroom, an_item(title, summary=more, published=NOON), after=3 * DAY)

    assert (await newsroom.stage(), await newsroom.told()) == (Stage.TALKS, [])
    assert [claim.moment for claim in await claims(newsroom)] == [NOON]


async def test_one_article_that_cannot_be_read_silences_nobody(
    newsroom: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its neighbours are told, the feed is well, and the fault is in the log."""
    read = Matcher.read

    def stumble(matcher: Matcher, article: Text) -> Reading:
        if article.title == OTHER:
            raise RecursionError
        return read(matcher, article)

    monkeypatch.setattr(Matcher, "read", stumble)
    await republish(newsroom, an_item(OTHER, 1), an_item(TALKS, 2, published=NOON))

    assert (await newsroom.told(), (await newsroom.row()).error) == ([Stage.TALKS], None)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [RecursionError]


# Politeness ----------------------------------------------------------------------------------------------------------


async def set_pace(world: World, pace: timedelta | None) -> Feed:
    async with world.database.write() as session:
        row = (await session.scalars(select(Feed))).one()
        rhythm.set_pace(row, pace, HOUR, world.now)
    return await world.row()


@pytest.mark.parametrize(
    ("answers", "wait"),
    [
        pytest.param({"headers": {"Cache-Control": "max-age=43200"}}, 12 * HOUR, id="max-age"),
        pytest.param({"channel": "<ttl>720</ttl>"}, 12 * HOUR, id="ttl"),
        pytest.param({"validators": False}, HOUR, id="without validators"),
    ],
)
async def test_a_new_pace_is_as_polite_as_the_old_one(
    newsroom: World, answers: dict[str, object], wait: timedelta
) -> None:
    """It never looks before the publisher wants it, nor below the usual time without validators."""
    newsroom.publisher("news", an_item(OTHER), **answers)
    await newsroom.poll()
    for _ in range(5):
        newsroom.now += MINUTE
        assert (await set_pace(newsroom, MINUTE)).next_check_at == NOON + wait


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param({"checked_at": NOON}, NOON + MINUTE, id="from the last look on"),
        pytest.param({"checked_at": NOON - 9 * MINUTE}, NOON - 8 * MINUTE, id="at once, if that is over"),
        pytest.param({"checked_at": None}, NOON + HOUR, id="not before a first look"),
        pytest.param({"checked_at": NOON, "failures": 1}, NOON + HOUR, id="not while it fails"),
        pytest.param({"checked_at": NOON, "not_before": NOON + 2 * HOUR}, NOON + 2 * HOUR, id="not before it may"),
        pytest.param({"checked_at": NOON, "etag": None}, NOON + HOUR, id="not without validators"),
    ],
)
def test_a_new_pace_counts_from_the_last_look(row: dict[str, object], expected: datetime) -> None:
    """It plans the next look anew, but leaves a feed that was never read, or is in trouble, as it is planned."""
    plain = {"etag": '"1"', "failures": 0, "rate": 0.0, "not_before": NEVER, "next_check_at": NOON + HOUR}
    feed = Feed(**{**plain, **row})
    rhythm.set_pace(feed, MINUTE, HOUR, NOON)
    assert (feed.pace, feed.next_check_at) == (MINUTE, expected)


async def test_a_new_pace_obeys_a_redirect_s_retry_after(newsroom: World) -> None:
    """The server on the way asked for ten days."""
    newsroom.publisher("real", an_item(OTHER))
    newsroom.web.places[newsroom.url("news")] = moved(newsroom.url("real"), 302, **{"Retry-After": "864000"})
    await newsroom.poll()

    assert (await set_pace(newsroom, MINUTE)).next_check_at == NOON + 10 * DAY


async def test_a_new_pace_takes_effect_at_once(newsroom: World) -> None:
    """Where nobody asks for more time, the next look is planned from the last one; also when the usual pace is back."""
    newsroom.publisher("news", an_item(OTHER))
    await newsroom.poll()
    assert (await set_pace(newsroom, timedelta(days=7))).next_check_at == NOON + 7 * DAY
    assert (await set_pace(newsroom, MINUTE)).next_check_at == NOON + MINUTE
    assert (await set_pace(newsroom, timedelta(days=7))).next_check_at == NOON + 7 * DAY
    assert (await set_pace(newsroom, None)).next_check_at == NOON + HOUR


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(says(429, Retry_After="21600"), id="Retry-After"),
        pytest.param(says(200, rss(Item(OTHER)), Cache_Control="max-age=21600", ETag='"2"'), id="max-age"),
        pytest.param(says(200, rss(Item(OTHER), channel="<ttl>360</ttl>"), ETag='"2"'), id="ttl"),
    ],
)
async def test_check_now_waits_while_publisher_or_server_ask_for_it(newsroom: World, place: Place) -> None:
    """It says until when, and nothing is asked before."""
    newsroom.publisher("news", an_item(OTHER))
    await newsroom.poll()
    newsroom.web.places[newsroom.url("news")] = place
    await newsroom.poll(after=2 * HOUR)
    until = newsroom.now + 6 * HOUR
    newsroom.now += 2 * MINUTE
    async with newsroom.database.write() as session:
        row = (await session.scalars(select(Feed))).one()
        soonest = rhythm.hasten(row, newsroom.now)
        assert f"{until:%H:%M}" in feed_words.hastened(row, soonest)
    asked = len(newsroom.web.requests[newsroom.url("news")])
    await newsroom.poll()

    assert soonest == until
    assert len(newsroom.web.requests[newsroom.url("news")]) == asked


async def test_a_fast_feed_that_is_told_to_slow_down_does(newsroom: World) -> None:
    """A 429 that does not say for how long rules out the fast lane for the usual time at least."""
    await newsroom.change(pace=MINUTE)
    newsroom.publisher("news", an_item(OTHER))
    await newsroom.poll()
    newsroom.web.places[newsroom.url("news")] = says(429)
    await newsroom.poll(after=2 * HOUR)

    assert (await newsroom.row()).next_check_at >= newsroom.now + HOUR


@pytest.mark.parametrize(("status", "words"), [(429, "429|often"), (500, "500"), (503, "503")])
async def test_guessing_ends_where_a_server_has_had_enough(newsroom: World, status: int, words: str) -> None:
    """One that asks for fewer requests, or is in trouble, is not asked at its other usual places."""
    page = "https://busy.example/"
    newsroom.web.places[page] = says(200, b"<html><body>Hello</body></html>", Content_Type="text/html")
    newsroom.web.places[f"{page}feed"] = says(status)
    with pytest.raises(NoFeedError, match=words):
        await newsroom.adder.add(page)

    assert list(newsroom.web.requests) == [page, f"{page}feed"]


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(says(404), id="404"),
        pytest.param(says(410), id="410"),
        pytest.param(says(403), id="403"),
        pytest.param(says(200, b"<html><body>Hello</body></html>", Content_Type="text/html"), id="a page"),
        pytest.param(says(200, b"hello", Content_Type="text/plain"), id="a text"),
    ],
)
async def test_guessing_goes_on_where_there_is_no_feed(newsroom: World, place: Place) -> None:
    """The next usual place may have one."""
    page = "https://site.example/"
    newsroom.web.places[page] = says(200, b"<html><body>Hello</body></html>", Content_Type="text/html")
    newsroom.web.places[f"{page}feed"] = place
    newsroom.publisher(f"{page}index.xml", an_item(OTHER))

    assert await newsroom.adder.add(page) == Added(f"{page}index.xml", "News", 1)


# What the owner is told ----------------------------------------------------------------------------------------------


async def test_silence_is_told_once_even_if_the_feed_fails_meanwhile(newsroom: World) -> None:
    """An outage in the middle of a silence does not make it a new one."""
    news = newsroom.publisher("news", an_item(OTHER, 0))
    for number in range(1, 40):
        news.publish(an_item(f"{OTHER} {number}", number))
        await newsroom.poll(after=12 * HOUR)
    for _ in range(5):
        await newsroom.poll(after=12 * HOUR)
    assert await newsroom.warned() == [Trouble.SILENT]

    newsroom.web.places[newsroom.url("news")] = says(503)
    for _ in range(10):
        await newsroom.poll(after=25 * HOUR)
    newsroom.web.places[newsroom.url("news")] = news
    for _ in range(5):
        await newsroom.poll(after=25 * HOUR)
    assert await newsroom.warned() == [Trouble.SILENT, Trouble.FAILING]


async def test_a_feed_that_moved_to_one_that_is_polled_ends(newsroom: World) -> None:
    """Two rows would read one feed for ever: the old one is stopped, and the owner is told so, once."""
    newsroom.publisher("real", an_item(TALKS, published=NOON))
    await newsroom.add("real")
    newsroom.web.places[newsroom.url("news")] = moved(newsroom.url("real"))
    for _ in range(8):
        await newsroom.poll(after=DAY)

    assert await newsroom.warned() == [Trouble.ENDED]
    row = await newsroom.row()
    assert row.stopped_at
    async with newsroom.database.read() as session:
        reason = str((await session.scalars(select(Notice.reason))).one())
    assert "moved" in reason
    assert "already" in reason
    assert (await newsroom.row("real")).stopped_at is None
    asked = len(newsroom.web.requests[newsroom.url("news")])
    await newsroom.poll(after=DAY)
    assert len(newsroom.web.requests[newsroom.url("news")]) == asked


@pytest.mark.parametrize(("lasts", "told"), [(True, [Trouble.FAILING]), (False, [])])
async def test_a_new_owner_hears_of_the_troubles_that_last(newsroom: World, lasts: bool, told: list[Trouble]) -> None:
    """What is over by the time that somebody owns this Hearsay is told to nobody."""
    async with newsroom.database.write() as session:
        await session.execute(delete(Owner))
    newsroom.web.places[newsroom.url("news")] = says(404)
    for _ in range(7):
        await newsroom.poll(after=2 * DAY)
    if not lasts:
        newsroom.publisher("news", an_item(OTHER))
        await newsroom.poll(after=2 * DAY)
    async with newsroom.database.write() as session:
        await owner.appoint(session, 9)
        await outbox.post_waiting(session, newsroom.now)

    assert await newsroom.warned() == told


async def test_a_feed_that_is_added_again_is_what_the_owner_says_now(newsroom: World) -> None:
    """Title and trust are those that were given with the new beginning."""
    newsroom.web.places[newsroom.url("news")] = says(410)
    await newsroom.poll()
    newsroom.publisher("news", an_item(OTHER))
    await newsroom.adder.add(newsroom.url("news"), title="New title", trust=Trust.OFFICIAL)

    row = await newsroom.row()
    assert (row.title, row.trust, row.stopped_at) == ("New title", Trust.OFFICIAL, None)


async def test_the_delay_of_a_feed_leaves_out_its_first_fetch(newsroom: World) -> None:
    """What stood in it already when it was added was late before anybody could look."""
    await republish(newsroom, an_item(TALKS, 1, published=NOON - DAY), after=timedelta(0))
    await newsroom.deliver()
    published = newsroom.now + HOUR
    await republish(newsroom, an_item(OVER, 2, published=published), an_item(TALKS, 1, published=NOON - DAY))
    newsroom.now += MINUTE
    await newsroom.deliver()

    assert await newsroom.told() == [Stage.TALKS, Stage.CALLED_OFF]
    row = await newsroom.row()
    async with newsroom.database.read() as session:
        assert (await yields(session, [row]))[row.id].delays == (newsroom.now - published,)


async def test_a_dead_network_is_one_message(newsroom: World) -> None:
    """If every feed fails, the owner is told once, of the network; what still fails when others answer is told then."""
    names = ["news", "second", "third", "fourth"]
    for name in names[1:]:
        await newsroom.add(name)
    for name in names:
        newsroom.web.places[newsroom.url(name)] = says(500)
    for _ in range(TELL_AFTER + 1):
        await newsroom.poll(after=DAY)
    assert await newsroom.warned() == [Trouble.FAILING]
    async with newsroom.database.read() as session:
        assert "your own network" in str((await session.scalars(select(Notice.reason))).one())

    for name in names[:2]:
        newsroom.publisher(name)
    for _ in range(2):
        await newsroom.poll(after=DAY)
    assert len(await newsroom.warned()) == 3
    assert {(await newsroom.row(name)).told for name in names[2:]} == {Trouble.FAILING}
