"""Servers that take for ever, each in a way of its own, among servers that answer. Real sockets: bytes must drip."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count

import pytest
from builders import NOON
from loopback import http
from tally import Tally
from world import OTHER, Item, Parser, rss

from feeds.addresses import PrivateHosts
from feeds.fetch import Fetcher, make_client
from feeds.poll import Poller
from matcher.vocabulary import Trust
from models import feed as feeds
from models.database import Database
from models.feed import Feed

DEADLINE = timedelta(seconds=3)
MAX_BYTES = 1_000_000
Writer = asyncio.StreamWriter
Behaviour = Callable[[Writer], Awaitable[None]]


async def slow_headers(writer: Writer) -> None:
    """A header's letter now and then."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    await _drip(writer, b"a")


async def dripping_body(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n<rss>")
    await _drip(writer, b" ")


async def endless_body(writer: Writer) -> None:
    """As much as fits through the wire, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n<rss>")
    while True:
        await _send(writer, b" " * 10_000)


async def stalled(_: Writer) -> None:
    """Not a word."""
    await asyncio.Event().wait()


async def endless_headers(writer: Writer) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in count():
        await _send(writer, b"X-%d: %s\r\n" % (number, b"more" * 250))


async def _send(writer: Writer, data: bytes) -> None:
    """Send, and let the others have a turn: this server shares the client's loop."""
    writer.write(data)
    await writer.drain()
    await asyncio.sleep(0)


async def _drip(writer: Writer, drop: bytes) -> None:
    while True:
        writer.write(drop)
        await writer.drain()
        await asyncio.sleep(0.2)


SLOW: tuple[Behaviour, ...] = (slow_headers, dripping_body, endless_body, stalled, endless_headers)


async def healthy(writer: Writer) -> None:
    writer.write(http(rss(Item(OTHER)), b'ETag: "1"'))


class Crowd:
    """One server under many addresses, each a host of its own: /<number> of 127.<kind>.0.<number>."""

    def __init__(self) -> None:
        self._port = 0
        self._places: dict[str, Behaviour] = {}
        self._visits: set[asyncio.Task[None]] = set()

    def place(self, kind: int, number: int, behaviour: Behaviour) -> str:
        path = f"/{kind}/{number}"
        self._places[path] = behaviour
        return f"http://127.{kind}.0.{number + 1}:{self._port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task
        self._visits.add(task)
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            await self._places[path](writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client hung up at its deadline, or the test is over
        finally:
            self._visits.discard(task)
            writer.close()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Crowd"]:
        server = await asyncio.start_server(self.serve, "0.0.0.0", 0, backlog=1000)  # noqa: S104 (each loopback address is a host)
        self._port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for visit in list(self._visits):
                visit.cancel()
            await asyncio.gather(*self._visits, return_exceptions=True)
            await server.wait_closed()


class Order:
    """A clock that tells the order of events: it goes on by a moment whenever somebody looks."""

    def __init__(self) -> None:
        self._looks = count()

    def __call__(self) -> datetime:
        return NOON + timedelta(milliseconds=next(self._looks))


@pytest.mark.chaos
async def test_slow_servers_hold_up_nobody(database: Database, times: Callable[..., int], tally: Tally) -> None:
    """All of them end with a plain reason, and the healthy feeds are done before the first one's deadline is over."""
    slow_each, healthy_all = times(gate=4, chaos=20), times(gate=20, chaos=100)
    async with Crowd().open() as crowd, make_client("Hearsay tests", PrivateHosts.parse("127.0.0.0/8")) as client:
        slow = [
            crowd.place(kind, number, behaviour)
            for number in range(slow_each)
            for kind, behaviour in enumerate(SLOW, 1)
        ]
        well = [crowd.place(99, number, healthy) for number in range(healthy_all)]
        async with database.write() as session:
            for url in (*slow, *well):  # the slow ones are the longest overdue
                await feeds.add(session, url, url, Trust.TRUSTED)
        fetcher = Fetcher(client, deadline=DEADLINE, max_bytes=MAX_BYTES)
        poller = Poller(database, fetcher, Parser(), Order(), floor=timedelta(hours=1))
        await poller.poll_due()
        rows = await _rows(database)

    done, late = [rows[url] for url in well], [rows[url] for url in slow]
    assert [row.error for row in done if row.error] == []
    assert {_reason(row) for row in late} == {"took too long", "is larger", "makes no sense"}
    timed_out = [row.checked_at for row in late if _reason(row) == "took too long"]
    assert len(timed_out) >= 3 * slow_each
    assert max(_checked(row) for row in done) < min(moment for moment in timed_out if moment)
    for behaviour in SLOW:
        tally.fault(f"server with {behaviour.__name__.replace('_', ' ')}", slow_each)


async def _rows(database: Database) -> dict[str, Feed]:
    async with database.read() as session:
        return {feed.url: feed for feed in await feeds.all_feeds(session)}


def _checked(row: Feed) -> datetime:
    assert row.checked_at
    return row.checked_at


def _reason(row: Feed) -> str:
    """Which of the plain sentences the row bears."""
    sentences = ("took too long", "is larger", "makes no sense")
    return next((words for words in sentences if words in str(row.error)), str(row.error))
