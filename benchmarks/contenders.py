"""Three programs that poll the same feeds: Hearsay's poller, lemon24/reader, and the least that anybody has to do.

Each runs in a process of its own. ``update`` polls every feed once and returns when all is stored.
"""

import asyncio
import io
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, Self

import feedparser
import httpx
import uvloop

from benchmarks import newsroom
from benchmarks.prepared import database_with
from feeds.addresses import PrivateHosts
from feeds.fetch import Fetcher, make_client
from feeds.hosts import GAP, Hosts
from feeds.poll import AT_ONCE, LINGER, Poller
from feeds.worker import ParserProcess
from matcher.vocabulary import Trust
from models import feed

FOREVER = timedelta(days=2)
"""So much later, every feed is due again."""


class Contender(Protocol):
    """A program that polls feeds. Use as a context manager."""

    def __enter__(self) -> Self:
        """Start it."""

    def __exit__(self, *_: object) -> None:
        """End it."""

    def add(self, urls: Sequence[str]) -> None:
        """Poll these, too."""

    def update(self) -> None:
        """Poll every feed once."""


class Hearsay:
    """The poller as the program puts it together, with its database and its parser processes."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._open = AsyncExitStack()
        self._now = datetime.now(UTC)

    def __enter__(self) -> Self:
        self._runner.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._open.aclose())
        self._runner.close()

    def add(self, urls: Sequence[str]) -> None:
        """Poll these, too."""
        self._runner.run(self._add(urls))

    def update(self) -> None:
        """Poll every feed once."""
        self._now += FOREVER
        self._runner.run(self._poller.poll_due())

    async def _start(self) -> None:
        self._database = await self._open.enter_async_context(database_with(newsroom.deals(newsroom.FEED_DEALS)))
        client = await self._open.enter_async_context(make_client("Hearsay", PrivateHosts.parse("127.0.0.0/8")))
        parser = await self._open.enter_async_context(ParserProcess(workers=os.cpu_count() or 1))
        fetcher = Fetcher(client, deadline=timedelta(seconds=30), max_bytes=5_000_000, hosts=Hosts(GAP))
        floor = timedelta(hours=1)
        self._poller = Poller(self._database, fetcher, parser, lambda: self._now, floor=floor, linger=LINGER)

    async def _add(self, urls: Sequence[str]) -> None:
        async with self._database.write() as session:
            for url in urls:
                await feed.add(session, url, url, Trust.TRUSTED)


class Reader:
    """lemon24/reader with its storage on disk and ``workers`` threads."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._open = ExitStack()

    def __enter__(self) -> Self:
        from reader import make_reader  # only here is it wanted

        folder = self._open.enter_context(TemporaryDirectory(prefix="hearsay-benchmark-"))
        self._reader = make_reader(str(Path(folder) / "reader.db"))
        self._open.callback(self._reader.close)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, urls: Sequence[str]) -> None:
        """Poll these, too."""
        for url in urls:
            self._reader.add_feed(url)

    def update(self) -> None:
        """Poll every feed once."""
        self._reader.update_feeds(scheduled=False, workers=self._workers)


class Bare:
    """httpx and feedparser, and nothing kept but the validators."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._known: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.close()

    def add(self, urls: Sequence[str]) -> None:
        """Poll these, too."""
        self._known |= {url: {} for url in urls}

    def update(self) -> None:
        """Poll every feed once."""
        self._runner.run(self._update())

    async def _update(self) -> None:
        places = asyncio.Semaphore(AT_ONCE)
        async with httpx.AsyncClient() as client, asyncio.TaskGroup() as tasks:
            for url in self._known:
                tasks.create_task(self._poll(client, places, url))

    async def _poll(self, client: httpx.AsyncClient, places: asyncio.Semaphore, url: str) -> None:
        async with places:
            response = await client.get(url, headers=self._known[url])
        if response.status_code == httpx.codes.OK:
            feedparser.parse(io.BytesIO(response.content), response_headers=dict(response.headers))
            names = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
            self._known[url] = {names[name]: response.headers[name] for name in names}
