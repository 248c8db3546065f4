"""The polite reader, line by line: what publishers see of the poller. Time is virtual throughout."""

import asyncio
import os
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
from builders import DAY, HOUR, NOON
from hypothesis import strategies as st
from sqlalchemy import event
from standin.feeds import FeedServer
from tally import Tally
from world import OTHER, TALKS, Item, World, moved, rolled, rss, says

from feeds import rhythm
from feeds.parse import ParsedFeed
from feeds.poll import OF_ONE_HOST
from matcher.vocabulary import Article, Stage, Trust
from models import feed as feeds
from models.database import Database
from models.entry import Entry
from models.feed import Feed, Trouble

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
SHOP = "https://shop.example/feed"
PORTAL = b"<!doctype html><html><title>Please log in</title><form></form></html>"
POLLING = Path(__file__).with_name("polling_process.py")


# Conditional, whatever happens ---------------------------------------------------------------------------------------


class Polling:
    """A process that polls a database on a virtual clock, until it is killed."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, database: Database) -> "Polling":
        search = os.pathsep.join(filter(None, (str(POLLING.parents[1]), os.environ.get("PYTHONPATH"))))
        environment = os.environ | {"PYTHONPATH": search}
        command = (sys.executable, str(POLLING), str(database.path))
        return cls(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environment))

    async def poll(self, times: int = 1) -> None:
        """Let it poll so many times, and wait until it did."""
        await self.begin(times)
        assert self._process.stdout
        async with asyncio.timeout(60):
            for _ in range(times):
                assert await self._process.stdout.readline() == b"polled\n"

    async def begin(self, times: int = 1) -> None:
        assert self._process.stdin
        self._process.stdin.write(b"poll\n" * times)
        await self._process.stdin.drain()

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()


@pytest.mark.chaos
async def test_one_unconditional_request_ever(database: Database, times: Callable[..., int], tally: Tally) -> None:
    """An unchanged feed, polled on and on while the process is killed every so often, is sent once."""
    polls, kills = times(gate=60, chaos=1000), times(gate=3, chaos=20)
    async with FeedServer() as server:
        server.publish("news", Article("1", TALKS, NOON, NOON))
        async with database.write() as session:
            await feeds.add(session, server.url("news"), "News", Trust.TRUSTED)
        for life in range(kills + 1):
            process = await Polling.start(database)
            await process.poll(polls // (kills + 1) + (life < polls % (kills + 1)))
            await process.kill()

        assert server.requests["news"] == polls
        assert server.requests["news"] - server.conditional["news"] == 1
    tally.fault("kill -9 of a poller", kills)


@pytest.mark.chaos
async def test_a_kill_in_the_middle_of_a_poll(database: Database, tally: Tally) -> None:
    """Killed after the server answered and before that was stored, the poller knows what it knew before.

    So only a feed's very first answer, if it is lost like this, is asked for a second time without a validator: every
    later poll has the validators of the one before.
    """
    async with FeedServer() as server:
        server.publish("news", Article("1", TALKS, NOON, NOON))
        async with database.write() as session:
            await feeds.add(session, server.url("news"), "News", Trust.TRUSTED)
        await _kill_before_storing(await Polling.start(database), database, server)
        assert server.requests["news"] - server.conditional["news"] == 1

        process = await Polling.start(database)
        await process.poll(2)
        assert server.requests["news"] - server.conditional["news"] == 2
        await _kill_before_storing(process, database, server)

        process = await Polling.start(database)
        await process.poll(2)
        await process.kill()
        assert server.requests["news"] - server.conditional["news"] == 2
    tally.fault("kill -9 before an answer is stored", 2)


async def _kill_before_storing(process: Polling, database: Database, server: FeedServer) -> None:
    """Let a process poll while another holds the database, and kill it once it has its answer."""
    before = server.requests["news"]
    async with database.write():
        await process.begin()
        async with asyncio.timeout(60):
            while server.requests["news"] == before:  # noqa: ASYNC110 (the stand-in has no event for this)
                await asyncio.sleep(0.01)
        await process.kill()


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(says(429, Retry_After="7200"), id="429"),
        pytest.param(says(503), id="503"),
        pytest.param(says(200, b"no feed", ETag='"other"'), id="a parse error"),
        pytest.param(says(200, PORTAL, ETag='"portal"', Last_Modified="today"), id="a login page"),
        pytest.param(says(404), id="404"),
        pytest.param(says(500, ETag='"error"'), id="500 with a validator"),
    ],
)
async def test_trouble_never_erases_validators(newsroom: World, trouble: Callable[..., httpx.Response]) -> None:
    """After any failure the feed is asked with the validators of its last good answer, byte for byte."""
    news = newsroom.publisher("news", Item(OTHER))
    await newsroom.poll()
    before = await newsroom.row()
    newsroom.web.places[newsroom.url("news")] = trouble
    after = await newsroom.poll_next()
    assert (after.failures, after.etag, after.last_modified) == (1, before.etag, before.last_modified)

    newsroom.web.places[newsroom.url("news")] = news
    assert (await newsroom.poll_next()).failures == 0
    assert newsroom.web.unconditional(newsroom.url("news")) == 1


async def test_a_timeout_never_erases_validators(newsroom: World) -> None:
    """Neither does a server that does not answer."""

    def fall_silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("no answer", request=request)

    await newsroom.poll()
    before = await newsroom.row()
    newsroom.web.places[newsroom.url("news")] = fall_silent
    after = await newsroom.poll_next()
    assert (after.failures, after.etag) == (1, before.etag)


async def test_a_304_refreshes_validators(newsroom: World) -> None:
    """A 304 may name new validators, or one of the two; the other stays."""
    place = newsroom.url("news")
    newsroom.web.places[place] = says(200, rss(), ETag='"1"', Last_Modified="Mon, odd date")
    await newsroom.poll()
    newsroom.web.places[place] = says(304, ETag='W/"2"')
    await newsroom.poll_next()
    newsroom.web.places[place] = says(304, Last_Modified="Tue, odd date")
    row = await newsroom.poll_next()
    assert (row.etag, row.last_modified) == ('W/"2"', "Tue, odd date")


async def test_each_validator_is_kept_without_the_other(newsroom: World) -> None:
    """A new document may come with other validators than the last: those that it does not name are gone."""
    place = newsroom.url("news")
    newsroom.web.places[place] = says(200, rss(), ETag='"1"')
    await newsroom.poll()
    newsroom.web.places[place] = says(200, rss(Item(OTHER)), Last_Modified="Mon")
    row = await newsroom.poll_next()
    assert (row.etag, row.last_modified) == (None, "Mon")
    await newsroom.poll_next()
    assert "if-none-match" not in newsroom.web.requests[place][-1].headers


_HEADER_BYTES = st.binary(min_size=1, max_size=80)


@pytest.mark.chaos
async def test_validators_survive_the_database(newsroom: World, times: Callable[..., int]) -> None:
    """What a server said as a validator is echoed byte for byte, through the database and a restart."""
    dice, place = rolled(4), newsroom.url("news")
    sent: list[tuple[bytes, bytes]] = []

    def answer(_: httpx.Request) -> httpx.Response:
        sent.append((_odd_value(dice), _odd_value(dice)))
        named = [(b"ETag", sent[-1][0]), (b"Last-Modified", sent[-1][1])]
        return httpx.Response(200, headers=named, content=rss())

    newsroom.web.places[place] = answer
    await newsroom.poll()
    for number in range(times(gate=250, chaos=5_000)):
        if number % 50 == 0:
            newsroom.restart()
        newsroom.now += 2 * HOUR
        await newsroom.poll()
        headers = dict(newsroom.web.requests[place][-1].headers.raw)
        assert (headers[b"If-None-Match"], headers[b"If-Modified-Since"]) == sent[-2]


def _odd_value(dice: random.Random) -> bytes:
    """Weak, unquoted, UTF-8, Latin-1, long, no date …: whatever may stand in a header's line."""
    kinds = (
        lambda: b'W/"%x"' % dice.getrandbits(64),
        lambda: b"%x" % dice.getrandbits(128),
        lambda: "“ünquoted – Ω🦀”".encode(),
        lambda: bytes(dice.choices([*range(0x21, 0x7F), *range(0x80, 0x100)], k=dice.randint(1, 60))),
        lambda: b'"' + b"x" * 4096 + b'"',
        lambda: b"Thu, 01 Jan 1970 00:00:00 GMT",
        lambda: b"Tue, 05 Feb 2041 09:00:00 GMT",
        lambda: b"not a date at all; \\ , '",
        lambda: b"0",
    )
    return dice.choice(kinds)()


async def test_an_unchanged_poll_writes_the_feed_s_own_row_and_nothing_else(newsroom: World) -> None:
    """304s, and the same bytes behind changed validators, cost one UPDATE; they are not even parsed."""
    place = newsroom.url("news")
    newsroom.publisher("news", *(Item(f"{OTHER} {number}") for number in range(30)))
    await newsroom.poll()
    body, parsed = newsroom.web.places[place](httpx.Request("GET", place)).content, newsroom.parser.parsed[place]
    unchanged = [newsroom.web.places[place], says(200, body, ETag='"fresh"'), says(200, body)]
    for answer in unchanged:
        newsroom.web.places[place] = answer
        written: list[str] = []
        event.listen(newsroom.database._writer.sync_engine, "before_cursor_execute", _noting(written))
        await newsroom.poll_next()
        event.remove(newsroom.database._writer.sync_engine, "before_cursor_execute", _noting.last)  # type: ignore[attr-defined]
        assert [statement.split()[:2] for statement in written] == [["UPDATE", "feed"]]
    assert newsroom.parser.parsed[place] == parsed


def _noting(written: list[str]) -> Callable[..., None]:
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            written.append(statement)

    _noting.last = note  # type: ignore[attr-defined]
    return note


async def test_many_unchanged_feeds_share_transactions(newsroom: World) -> None:
    """Fifty feeds that end at the same time are stored in fewer transactions than there are feeds."""
    for number in range(50):
        await newsroom.add(f"https://host{number}.example/feed")
        newsroom.publisher(f"https://host{number}.example/feed")
    await newsroom.poll()
    commits: list[str] = []
    engine = newsroom.database._writer.sync_engine
    note = lambda _: commits.append("commit")  # noqa: E731
    event.listen(engine, "commit", note)
    await newsroom.poll(after=2 * HOUR)
    event.remove(engine, "commit", note)
    assert len(commits) < 25


# When to come again --------------------------------------------------------------------------------------------------

LATER = NOON + 5 * HOUR
SERVER_TIME = format_datetime(NOON, usegmt=True)


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        pytest.param(says(200, rss(), Cache_Control="public, max-age=18000"), 5 * HOUR, id="max-age"),
        pytest.param(says(200, rss(), Cache_Control="max-age=18000", Age="3600"), 4 * HOUR, id="an aged answer"),
        pytest.param(
            says(200, rss(), Date=SERVER_TIME, Expires=format_datetime(LATER, usegmt=True)), 5 * HOUR, id="Expires"
        ),
        pytest.param(says(200, rss(channel="<ttl>300</ttl>")), 5 * HOUR, id="ttl"),
        pytest.param(
            says(
                200,
                rss(
                    channel="<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
                ),
            ),
            6 * HOUR,
            id="sy:update",
        ),
        pytest.param(says(200, rss(channel="<ttl>300</ttl>"), Cache_Control="max-age=7200"), 5 * HOUR, id="the longer"),
        pytest.param(says(429, Retry_After="18000"), 5 * HOUR, id="Retry-After in seconds"),
        pytest.param(
            says(503, Date=SERVER_TIME, Retry_After=format_datetime(LATER, usegmt=True)), 5 * HOUR, id="as a date"
        ),
        pytest.param(
            says(429, Date=SERVER_TIME, Retry_After=LATER.strftime("%A, %d-%b-%y %H:%M:%S GMT")),
            5 * HOUR,
            id="as a date of RFC 850",
        ),
        pytest.param(
            says(429, Date=SERVER_TIME, Retry_After=LATER.strftime("%a %b %d %H:%M:%S %Y")), 5 * HOUR, id="as asctime"
        ),
        pytest.param(moved(SHOP, 302, **{"Retry-After": "18000"}), 5 * HOUR, id="on a redirect"),
        pytest.param(says(304), HOUR, id="a 304 that was not asked for"),
    ],
)
async def test_publishers_say_when_to_come_again(
    newsroom: World, answer: Callable[..., httpx.Response], wait: timedelta
) -> None:
    """The poller keeps away for as long as it was asked to, also across a restart and jumps of the clock."""
    place = newsroom.url("news")
    newsroom.web.places[place] = answer
    newsroom.web.places[SHOP] = says(200, rss())
    await newsroom.poll()
    newsroom.restart()
    await newsroom.poll(after=wait - SECOND)
    assert len(newsroom.web.requests[place]) == 1

    newsroom.now -= 3 * DAY
    await newsroom.poll()
    newsroom.now += 3 * DAY
    await newsroom.poll()
    assert len(newsroom.web.requests[place]) == 1

    await newsroom.poll(after=SECOND)
    assert len(newsroom.web.requests[place]) == 2


async def test_the_document_s_own_interval_holds_over_304s(newsroom: World) -> None:
    """A ttl is said once, in the document, and is still true when that has not changed."""
    newsroom.publisher("news", channel="<ttl>300</ttl>")
    await newsroom.poll()
    for _ in range(3):
        row = await newsroom.poll_next()
        assert row.next_check_at == newsroom.now + 5 * HOUR
    assert newsroom.web.unconditional(newsroom.url("news")) == 1


async def test_chance_spreads_feeds_out(newsroom: World) -> None:
    """The wait is longer by up to a tenth, never shorter."""
    newsroom.chance = 1.0
    await newsroom.poll()
    assert (await newsroom.row()).next_check_at == NOON + 1.1 * HOUR


@pytest.mark.parametrize(("validators", "wait"), [(True, 10 * MINUTE), (False, HOUR)])
async def test_a_busy_feed_is_looked_at_more_often_if_it_can_be_asked_conditionally(
    newsroom: World, validators: bool, wait: timedelta
) -> None:
    """A feed that publishes ten times an hour is checked every ten minutes, but unconditionally only every hour."""
    busy = [Item(f"{OTHER} {n}", str(n), published=NOON - n * 6 * MINUTE) for n in range(30)]
    newsroom.publisher("news", *busy, validators=validators)
    await newsroom.poll()
    assert (await newsroom.row()).next_check_at == NOON + wait


async def test_the_owner_s_fast_lane(newsroom: World) -> None:
    """A pace of a minute is kept from the next check on, as long as the feed answers and can be asked conditionally."""
    await newsroom.poll()
    async with newsroom.database.write() as session:
        (row,) = await feeds.all_feeds(session)
        rhythm.set_pace(row, MINUTE, HOUR, newsroom.now + 10 * SECOND)
        assert row.next_check_at == NOON + MINUTE
    for _ in range(3):
        row = await newsroom.poll_next()
        assert row.next_check_at == newsroom.now + MINUTE

    newsroom.publisher("news", validators=False)
    assert (await newsroom.poll_next()).next_check_at == newsroom.now + HOUR


async def test_a_clock_that_goes_back_is_mended(newsroom: World) -> None:
    """What was planned while the clock was a year ahead is planned anew: as long from now as it was to be from then."""
    newsroom.now += 365 * DAY
    await newsroom.poll()
    newsroom.now = NOON
    async with newsroom.database.write() as session:
        await feeds.mend_clock(session, NOON)
    row = await newsroom.row()
    assert (row.checked_at, row.next_check_at) == (NOON, NOON + HOUR)
    await newsroom.poll(after=HOUR)
    assert len(newsroom.web.requests[newsroom.url("news")]) == 2


async def test_a_clock_that_is_right_needs_no_mending(newsroom: World) -> None:
    """What lies ahead because the publisher asked for it stays there."""
    newsroom.web.places[newsroom.url("news")] = says(429, Retry_After="864000")
    await newsroom.poll()
    async with newsroom.database.write() as session:
        await feeds.mend_clock(session, NOON + HOUR)
    assert (await newsroom.row()).next_check_at == NOON + 10 * DAY


async def test_a_feed_that_was_silent_for_a_year_is_polled_as_usual(newsroom: World) -> None:
    """However little is left of its rate, a feed keeps a rhythm, and what comes in the end is read."""
    news = newsroom.publisher("news", *(Item(OTHER, str(n), published=NOON - n * HOUR) for n in range(9)))
    await newsroom.poll()
    row = await newsroom.poll_next()
    newsroom.now += 365 * DAY
    row = await newsroom.poll_next()
    assert (row.failures, row.next_check_at) == (0, newsroom.now + 3 * HOUR)
    news.publish(Item(TALKS, "new"))
    await newsroom.poll_next()
    assert await newsroom.told() == [Stage.TALKS]


# Redirects -----------------------------------------------------------------------------------------------------------


async def follow(world: World, *, polls: int = 30) -> str:
    """Where the feed lives after so many polls, with something new in it at every other."""
    (before,) = await _feeds(world)
    for number in range(polls):
        if number % 2:
            for place in world.web.places.values():
                if hasattr(place, "publish"):
                    place.publish(Item(f"{OTHER} {number}", f"{number}"))
        world.now = max(world.now, (await world.row((await _feeds(world))[0].url)).next_check_at) + HOUR
        await world.poll()
    (after,) = await _feeds(world)
    assert after.id == before.id
    return after.url


async def _feeds(world: World) -> list[Feed]:
    async with world.database.read() as session:
        return list(await feeds.all_feeds(session))


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_a_temporary_redirect_never_changes_the_address(newsroom: World, status: int) -> None:
    """It is followed for ever, and the address stays."""
    newsroom.publisher(SHOP)
    newsroom.web.places[newsroom.url("news")] = moved(SHOP, status)
    assert await follow(newsroom) == newsroom.url("news")


@pytest.mark.parametrize("status", [301, 308])
@pytest.mark.parametrize("validators", [True, False])
async def test_a_permanent_redirect_changes_it_once_it_has_proved_itself(
    newsroom: World, status: int, validators: bool
) -> None:
    """After several checks over a day that all found a feed there, the feed lives there, entries and all."""
    newsroom.publisher(SHOP, Item(TALKS, "1"), validators=validators)
    newsroom.web.places[newsroom.url("news")] = moved(SHOP, status)
    assert await follow(newsroom) == SHOP
    assert await newsroom.told() == [Stage.TALKS]
    asked = len(newsroom.web.requests[newsroom.url("news")])
    await newsroom.poll(after=DAY)
    assert len(newsroom.web.requests[newsroom.url("news")]) == asked


async def test_a_feed_that_changes_all_the_time_can_move_too(newsroom: World) -> None:
    """The move is proved by documents that were read, not only by unchanged ones."""
    shop = newsroom.publisher(SHOP)
    newsroom.web.places[newsroom.url("news")] = moved(SHOP)
    for number in range(4):
        shop.publish(Item(f"{OTHER} {number}", str(number)))
        await newsroom.poll(after=12 * HOUR)
    assert [feed.url for feed in await _feeds(newsroom)] == [SHOP]


def taking_turns(*places: Callable[..., httpx.Response]) -> Callable[..., httpx.Response]:
    turn = iter(range(10**6))
    return lambda request: places[next(turn) % len(places)](request)


@pytest.mark.parametrize(
    "places",
    [
        pytest.param({"https://news.example/news": moved(SHOP), SHOP: says(200, PORTAL)}, id="a login page over https"),
        pytest.param(
            {
                "https://news.example/news": moved("http://shop.example/feed"),
                "http://shop.example/feed": says(200, rss()),
            },
            id="to http",
        ),
        pytest.param(
            {
                "https://news.example/news": taking_turns(moved(SHOP), moved(f"{SHOP}/2")),
                SHOP: says(200, rss(Item("One"))),
                f"{SHOP}/2": says(200, rss(Item("Two"))),
            },
            id="alternating targets",
        ),
        pytest.param(
            {
                "https://news.example/news": moved("https://go.example/"),
                "https://go.example/": moved(SHOP, 302),
                SHOP: says(200, rss()),
            },
            id="301, then 302",
        ),
        pytest.param(
            {"https://news.example/news": taking_turns(moved(SHOP), says(200, rss())), SHOP: says(200, rss())},
            id="now and then",
        ),
        pytest.param({"https://news.example/news": moved("https://news.example/news")}, id="to itself"),
        pytest.param({"https://news.example/news": moved(SHOP), SHOP: says(404)}, id="to nothing"),
        pytest.param({"https://news.example/news": moved(SHOP), SHOP: says(304, ETag='"p"')}, id="a portal's 304"),
    ],
)
async def test_a_captive_portal_does_not_win(newsroom: World, places: dict[str, Callable[..., httpx.Response]]) -> None:
    """What is no consistent, permanent, secure way to a feed changes no address, however often it is seen."""
    newsroom.web.places.update(places)
    assert await follow(newsroom) == newsroom.url("news")


async def test_a_portal_of_one_evening_does_not_win(newsroom: World) -> None:
    """Even one that answers with a feed of its own is gone before a day is over."""
    news, place = newsroom.publisher("news", Item(OTHER)), newsroom.url("news")
    newsroom.publisher(SHOP)
    newsroom.web.places[place] = moved(SHOP)
    for _ in range(10):
        await newsroom.poll(after=HOUR)
    newsroom.web.places[place] = news
    await newsroom.poll(after=2 * HOUR)
    assert [feed.url for feed in await _feeds(newsroom)] == [place]


async def test_a_feed_that_moves_to_one_that_is_polled_already_stays(newsroom: World) -> None:
    """Nothing is merged or lost: the owner has two feeds, as before."""
    newsroom.publisher(SHOP)
    await newsroom.add(SHOP)
    newsroom.web.places[newsroom.url("news")] = moved(SHOP)
    for _ in range(10):
        await newsroom.poll(after=12 * HOUR)
    assert [feed.url for feed in await _feeds(newsroom)] == [newsroom.url("news"), SHOP]
    assert [feed.failures for feed in await _feeds(newsroom)] == [0, 0]


# Trouble -------------------------------------------------------------------------------------------------------------


async def test_a_gone_feed_stops_and_is_told_once(newsroom: World) -> None:
    """After 410 the feed is never asked again; its row and its entries stay, and the owner hears of it once."""
    newsroom.publisher("news", Item(TALKS, "1"))
    await newsroom.poll()
    newsroom.web.places[newsroom.url("news")] = says(410)
    row = await newsroom.poll_next()
    for _ in range(5):
        newsroom.restart()
        await newsroom.poll(after=30 * DAY)
    assert row.stopped_at
    assert len(newsroom.web.requests[newsroom.url("news")]) == 2
    assert await newsroom.warned() == [Trouble.ENDED]
    assert await newsroom.count(Entry) == 1


async def test_an_outage_is_told_once_and_recovery_resets(newsroom: World) -> None:
    """A feed that fails for weeks is tried daily and told of once; after it recovered, the next outage is told."""
    news, place = newsroom.publisher("news", Item(TALKS, "1")), newsroom.url("news")
    await newsroom.poll()
    for outage in (1, 2):
        newsroom.web.places[place] = says(503)
        waits = []
        for _ in range(20):
            row = await newsroom.poll_next()
            waits.append(row.next_check_at - newsroom.now)
        assert waits == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, *[DAY] * 15]
        assert await newsroom.warned() == [Trouble.FAILING] * outage
        newsroom.web.places[place] = news
        row = await newsroom.poll_next()
        assert (row.failures, row.error, row.told, row.next_check_at) == (0, None, None, newsroom.now + HOUR)
    assert (await newsroom.count(Entry), await newsroom.stage()) == (1, Stage.TALKS)


async def test_a_silent_feed_raises_one_alarm(newsroom: World) -> None:
    """A daily feed that only answers 304 any more is told of once, in the transaction that noticed it."""
    news = newsroom.publisher("news")
    for day in range(16):
        news.publish(Item(f"{OTHER} {day}", str(day)))
        del news.items[3:]
        await newsroom.poll(after=DAY)
    assert await newsroom.warned() == []
    for _ in range(20):
        await newsroom.poll(after=6 * HOUR)
    assert await newsroom.warned() == [Trouble.SILENT]
    assert (await newsroom.row()).failures == 0


# Our own trouble -----------------------------------------------------------------------------------------------------


async def refuse_writes(database: Database, refuse: str) -> None:
    """Let SQLite refuse every write from now on (ON), as it does on a full disk, or take them again (OFF)."""
    async with database._writer.connect() as connection:
        raw = await connection.get_raw_connection()
        await raw.driver_connection.execute(f"PRAGMA query_only={refuse}")  # type: ignore[union-attr]


@pytest.mark.parametrize("changed", [True, False])
@pytest.mark.parametrize("places", [["/a", "/b", "/c"], ["/a", ".one/b", ".two/c"]])
async def test_publishers_do_not_suffer_from_a_full_disk(newsroom: World, changed: bool, places: list[str]) -> None:
    """While nothing can be stored, no feed is asked more often than usual; nothing is lost when it can be again."""
    names = [f"https://host{place}" for place in places]
    for name in names:
        newsroom.publisher(name)
        await newsroom.add(name)
    await newsroom.poll()
    for name in names if changed else ():
        newsroom.web.places[name].publish(Item(TALKS, "1"))  # type: ignore[attr-defined]
    await refuse_writes(newsroom.database, "ON")
    await newsroom.poll(after=HOUR)
    for _ in range(50):
        await newsroom.poll(after=MINUTE)
    assert [len(newsroom.web.requests[name]) for name in names] == [2, 2, 2]

    await refuse_writes(newsroom.database, "OFF")
    for _ in range(3):
        await newsroom.poll(after=HOUR)
    assert await newsroom.told() == ([Stage.TALKS] if changed else [])
    assert [(await newsroom.row(name)).failures for name in names] == [0, 0, 0]


async def test_a_feed_that_breaks_hearsay_itself_is_left_alone_until_its_time(
    newsroom: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours is shown as one, and does not make us ask again and again."""

    def crash(*_: object) -> None:
        raise ZeroDivisionError

    await newsroom.poll()
    monkeypatch.setattr("feeds.identity.recognise", crash)
    newsroom.publisher("news", Item(TALKS))
    row = await newsroom.poll_next()
    assert "ZeroDivisionError" in str(row.error)
    await newsroom.poll(after=HOUR - SECOND)
    assert len(newsroom.web.requests[newsroom.url("news")]) == 2


async def test_stopping_breaks_off_a_fetch(newsroom: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has not been fetched yet is dropped at once, and asked for at the next start."""
    asked, never = asyncio.Event(), asyncio.Event()

    async def hang(*_: object) -> None:
        asked.set()
        await never.wait()

    newsroom.publisher("news", Item(TALKS))
    with monkeypatch.context() as patched:
        patched.setattr(newsroom.fetcher, "fetch", hang)
        tasks = await newsroom.poller.start_due()
        await asked.wait()
        await newsroom.poller.stop()
    assert all(task.done() for task in tasks)
    assert (await newsroom.row()).checked_at is None

    newsroom.restart()
    await newsroom.poll()
    assert await newsroom.told() == [Stage.TALKS]


async def test_stopping_takes_in_what_was_fetched(newsroom: World) -> None:
    """An answer that is there is not thrown away: the publisher would be asked for it again at the next start."""
    reading, read_on = asyncio.Event(), asyncio.Event()
    parse = newsroom.parser.parse

    async def slowly(body: bytes, content_type: str, url: str) -> ParsedFeed:
        reading.set()
        await read_on.wait()
        return await parse(body, content_type, url)

    newsroom.publisher("news", Item(TALKS))
    newsroom.parser.parse = slowly  # type: ignore[method-assign]
    await newsroom.poller.start_due()
    await reading.wait()
    stopping = asyncio.create_task(newsroom.poller.stop())
    await asyncio.sleep(0)
    read_on.set()
    await stopping
    assert await newsroom.told() == [Stage.TALKS]
    newsroom.restart()
    await newsroom.poll()
    assert len(newsroom.web.requests[newsroom.url("news")]) == 1


async def test_stopping_waits_only_for_a_moment(newsroom: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that takes too long is dropped after all."""
    reading, never = asyncio.Event(), asyncio.Event()

    async def hang(*_: object) -> None:
        reading.set()
        await never.wait()

    monkeypatch.setattr("feeds.poll.PATIENCE_SECONDS", 0.01)
    newsroom.parser.parse = hang  # type: ignore[method-assign,assignment]
    tasks = await newsroom.poller.start_due()
    await reading.wait()
    await newsroom.poller.stop()
    assert all(task.done() for task in tasks)
    assert (await newsroom.row()).checked_at is None


async def test_a_host_with_many_feeds_does_not_fill_the_hands(newsroom: World) -> None:
    """Of one host at most sixty-four feeds are taken in hand at a time, so a feed of another is among the first."""
    for number in range(OF_ONE_HOST + 10):
        await newsroom.add(f"feed-{number}")
        newsroom.publisher(f"feed-{number}")
    await newsroom.add("https://other.example/feed")
    newsroom.publisher("https://other.example/feed")
    await asyncio.wait(await newsroom.poller.start_due())
    assert sum(map(len, newsroom.web.requests.values())) == OF_ONE_HOST + 1
    assert (await newsroom.row("https://other.example/feed")).succeeded_at == newsroom.now
    await newsroom.poll()
    assert all(len(requests) == 1 for requests in newsroom.web.requests.values())
