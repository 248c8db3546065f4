"""What a poll of a 50-entry feed costs in CPU time, and how much of that is feedparser's, how much our own.

The real poller fetches over loopback and writes to a real database. For the split the feed is parsed in the program
itself; the last line tells what the parser's own process, which the program uses, adds to that. The garbage collector
stays on, as in the program.
"""

import asyncio
import gc
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from unittest.mock import patch

import feedparser
import httpx
from rich.table import Table

from benchmarks import newsroom
from benchmarks.newsstand import ENTRIES, Newsstand, newsstand
from benchmarks.prepared import database_with
from benchmarks.processes import cpu_time
from benchmarks.tables import figures
from feeds.addresses import PrivateHosts
from feeds.discovery import FeedLink, find_feeds
from feeds.fetch import Fetched, Fetcher, NotModified, Place, Validators, make_client
from feeds.language import language
from feeds.pages import read_page
from feeds.parse import ParsedFeed, parse
from feeds.poll import Parser, Poller
from feeds.worker import ParserProcess

DEALS = 1_000
WARM_UP = 5
POLLS = 40
A_WHILE = timedelta(days=2)
"""After which the feed is due again in any case."""

FETCH, FEEDPARSER, PARSE, INTAKE = "fetch", "feedparser", "our parse around it", "database and intake"
STAGES = (FETCH, FEEDPARSER, PARSE, INTAKE)
OWN = (PARSE, INTAKE)
KINDS = {ENTRIES: "all fresh", 2: "2 fresh", 0: "answered 304"}
"""Fresh entries at each poll."""

Cost = dict[str, float]
"""CPU time of one poll by stage, in seconds."""


def measure(step: Callable[[str], None]) -> Table:
    """One line per stage of a poll; ``step`` is told what is being measured."""
    with newsstand() as stand:
        polls = []
        for fresh, name in KINDS.items():
            step(f"polling: {name}")
            polls.append(asyncio.run(_in_the_program(stand, fresh)))
        step("polling: parsed in the worker")
        in_worker = asyncio.run(_in_a_worker(stand, ENTRIES))
    title = f"Polling a feed of {ENTRIES} entries: ms of CPU (medians of {POLLS} polls)"
    table = figures(title, "stage", *KINDS.values(), "target")
    for stage in STAGES:
        table.add_row(stage, *(_milliseconds(kind, [stage]) for kind in polls))
    table.add_row("in all", *(_milliseconds(kind, STAGES) for kind in polls))
    table.add_row("in all, parsed in the worker process", _milliseconds(in_worker, STAGES))
    table.add_row("share of feedparser", *(_share(kind, [FEEDPARSER]) for kind in polls))
    table.add_row("our own share", *(_share(kind, OWN) for kind in polls), "all fresh: the smaller one")
    return table


def _milliseconds(polls: Sequence[Cost], stages: Sequence[str]) -> str:
    return f"{median(_sum(poll, stages) for poll in polls) * 1000:.1f}"


def _share(polls: Sequence[Cost], stages: Sequence[str]) -> str:
    return f"{median(_sum(poll, stages) / _sum(poll, STAGES) for poll in polls):.0%}"


def _sum(poll: Cost, stages: Sequence[str]) -> float:
    return sum(poll[stage] for stage in stages)


class Stopwatch:
    """Collects the CPU time of the stages of a poll. One feed is polled at a time, so nothing else runs meanwhile."""

    def __init__(self) -> None:
        self._spent: Cost = defaultdict(float)
        self._running: list[str] = []
        self._since = 0.0

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        """Count what happens inside towards this stage, and to none around it."""
        self._switch()
        self._running.append(stage)
        try:
            yield
        finally:
            self._switch()
            self._running.pop()

    def take(self) -> Cost:
        """What was spent since the last time."""
        spent, self._spent = self._spent, defaultdict(float)
        return spent

    def _switch(self) -> None:
        now = cpu_time()
        if self._running:
            self._spent[self._running[-1]] += now - self._since
        self._since = now


class WatchedFetcher(Fetcher):
    """A fetcher whose work is counted."""

    def __init__(self, watch: Stopwatch, client: httpx.AsyncClient) -> None:
        super().__init__(client, deadline=timedelta(seconds=10), max_bytes=5_000_000)
        self._watch = watch

    async def fetch(self, url: str, validators: Validators, place: Place | None = None) -> Fetched | NotModified:
        """As any fetcher."""
        with self._watch.on(FETCH):
            return await super().fetch(url, validators, place)


class InTheProgram:
    """A parser without a process of its own, whose work is counted."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch

    async def parse(self, body: bytes, content_type: str, url: str) -> ParsedFeed:
        """As the parser process does."""
        with self._watch.on(PARSE):
            return parse(body, content_type, url)

    async def find_feeds(self, body: bytes, content_type: str, url: str) -> list[FeedLink]:
        """As the parser process does."""
        return find_feeds(body, content_type, url)

    async def read_page(self, body: bytes, content_type: str, url: str) -> str:
        """As the parser process does."""
        return read_page(body, content_type, url)

    async def language(self, text: str) -> str:
        """As the parser process does."""
        return language(text)


async def _in_the_program(stand: Newsstand, fresh: int) -> list[Cost]:
    watch, read = Stopwatch(), feedparser.parse

    def watched_read(*args: Any, **options: Any) -> Any:
        with watch.on(FEEDPARSER):
            return read(*args, **options)

    with patch.object(feedparser, "parse", watched_read):
        return await _polls(stand, fresh, InTheProgram(watch), watch)


async def _in_a_worker(stand: Newsstand, fresh: int) -> list[Cost]:
    async with ParserProcess() as process:
        return await _polls(stand, fresh, process, Stopwatch())


async def _polls(stand: Newsstand, fresh: int, parser: Parser, watch: Stopwatch) -> list[Cost]:
    """The cost of each of many polls of one feed, which has so many fresh entries each time."""
    deals, private = newsroom.deals(DEALS), PrivateHosts.parse("127.0.0.0/8")
    async with database_with(deals, stand.url(0)) as database, make_client("Hearsay", private) as client:
        clock = Clock()
        poller = Poller(database, WatchedFetcher(watch, client), parser, clock, floor=timedelta(0))
        costs = []
        for _ in range(WARM_UP + POLLS):
            stand.publish(fresh)
            clock.now += A_WHILE
            costs.append(await _cost(poller, watch))
    return costs[WARM_UP:]


async def _cost(poller: Poller, watch: Stopwatch) -> Cost:
    gc.collect()
    with watch.on(INTAKE):
        await poller.poll_due()
    return watch.take()


class Clock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        """As the program's clock."""
        return self.now
