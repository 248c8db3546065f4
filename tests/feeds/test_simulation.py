"""A week in the life of many feeds, in virtual time: the publishers know what they asked for, and watch."""

import asyncio
import random
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256

import httpx
import pytest
from builders import DAY, HOUR, NOON
from sqlalchemy import func, select
from tally import Tally
from world import Item, Parser, rolled, rss

from feeds.fetch import Fetcher, make_client
from feeds.hosts import Hosts
from feeds.poll import Poller
from feeds.schedule import BUSIEST, CEILING
from matcher.vocabulary import Trust
from models import feed as feeds
from models.database import Database
from models.feed import Feed

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
GAP, PACE = timedelta(seconds=2), timedelta(minutes=20)
RATES = (0.2, 1.0, 4.0, 30.0, 0.2, 1.0, 4.0, 30.0, 96.0)
"""Entries a day."""
REASONABLE = {0.2: (7, 24), 1.0: (9, 24), 4.0: (16, 24), 30.0: (20, 60), 96.0: (50, 145)}
"""Polls a day by entries a day."""
WISHES = ("nothing", "max-age", "expires", "ttl", "no validators", "trouble", "redirect", "pace")


class Time:
    """A clock that moves when somebody sleeps, or when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return (self.now - NOON).total_seconds()

    async def sleep(self, seconds: float) -> None:
        until = self.now + timedelta(seconds=seconds)
        await asyncio.sleep(0)
        self.now = max(self.now, until)


@dataclass
class Publisher:
    """One feed: what it publishes, what it asks for, and when it may be asked again."""

    url: str
    rate: float
    wish: str
    dice: random.Random
    items: deque[Item] = field(default_factory=lambda: deque(maxlen=8))
    not_before: datetime = NOON
    next_item: datetime = NOON - 20 * DAY
    visits: int = 0
    early: list[timedelta] = field(default_factory=list)

    def publish(self, now: datetime) -> None:
        """What came out until now; entries come at random (Poisson)."""
        while self.next_item <= now:
            stamp = f"{self.next_item:%d %H:%M:%S.%f}"
            self.items.appendleft(Item(f"Oslo opens a library at {stamp}", stamp, published=self.next_item))
            self.next_item += DAY * self.dice.expovariate(self.rate)

    def answer(self, request: httpx.Request, now: datetime) -> httpx.Response:
        self.visits += 1
        if now < self.not_before:
            self.early.append(self.not_before - now)
        self.publish(now)
        if self.wish == "trouble" and self.dice.random() < 0.2:
            return self._trouble(now)
        headers, asked = self._asks(now)
        self.not_before = _second(now) + max(self._floor, min(asked, CEILING))
        body = rss(*self.items, channel="<ttl>200</ttl>" if self.wish == "ttl" else "")
        if self.wish != "no validators":
            headers["ETag"] = f'"{sha256(body).hexdigest()[:12]}"'
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return httpx.Response(304, headers=headers)
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(body))

    @property
    def _floor(self) -> timedelta:
        if self.wish == "pace":
            return PACE
        return BUSIEST if self.wish != "no validators" and self.rate > 24 else HOUR

    def _asks(self, now: datetime) -> tuple[dict[str, str], timedelta]:
        """The headers that ask for time, and the time."""
        asked = self._some_time()
        match self.wish:
            case "max-age":
                return {"Cache-Control": f"max-age={asked // SECOND}"}, asked
            case "expires":
                return {"Date": _date(now), "Expires": _date(now + asked)}, asked
            case "ttl":
                return {}, timedelta(minutes=200)
        return {}, timedelta(0)

    def _trouble(self, now: datetime) -> httpx.Response:
        asked = self._some_time()
        said = self.dice.choice([f"{asked // SECOND}", _date(now + asked)])
        self.not_before = _second(now) + max(asked, self._floor)
        headers = {"Date": _date(now), "Retry-After": said}
        return httpx.Response(self.dice.choice([429, 503]), headers=headers)

    def _some_time(self) -> timedelta:
        return timedelta(minutes=self.dice.choice([5, 90, 300, 3000]))


def _second(moment: datetime) -> datetime:
    """HTTP knows whole seconds only."""
    return moment.replace(microsecond=0)


def _date(moment: datetime) -> str:
    return format_datetime(_second(moment), usegmt=True)


class Internet:
    """All the publishers, a few on each host; some live behind a common redirector."""

    def __init__(self, number: int, time: Time, dice: random.Random) -> None:
        self._time, self._dice = time, dice
        self.publishers: dict[str, Publisher] = {}
        self.at_once: Counter[str] = Counter()
        self.most_at_once = 0
        self.left: dict[str, datetime] = {}
        self.gaps: defaultdict[str, list[timedelta]] = defaultdict(list)
        for index in range(number):
            wish = WISHES[index % len(WISHES)]
            url = f"https://host{index // 5}.example/{index}"
            self.publishers[url] = Publisher(url, RATES[index % len(RATES)], wish, rolled(index))

    async def handle(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        self.at_once[host] += 1
        self.most_at_once = max(self.most_at_once, *self.at_once.values())
        if host in self.left:
            self.gaps[host].append(self._time.now - self.left[host])
        try:
            await self._time.sleep(self._dice.uniform(0.05, 1.5))
            return self._answer(request)
        finally:
            self.at_once[host] -= 1
            self.left[host] = self._time.now

    def _answer(self, request: httpx.Request) -> httpx.Response:
        address = str(request.url)
        publisher = self.publishers[address.replace("https://shared.example/to/", "https://")]
        if publisher.wish == "redirect" and request.url.host != "shared.example":
            return httpx.Response(302, headers={"Location": address.replace("https://", "https://shared.example/to/")})
        return publisher.answer(request, self._time.now)


@asynccontextmanager
async def a_poller(database: Database, internet: Internet, time: Time, chance: random.Random) -> AsyncIterator[Poller]:
    """The program from one start to the next stop."""
    async with make_client("Hearsay tests", transport=httpx.MockTransport(internet.handle)) as client:
        hosts = Hosts(GAP, time.seconds, time.sleep)
        fetcher = Fetcher(client, deadline=timedelta(seconds=30), max_bytes=1_000_000, hosts=hosts)
        poller = Poller(database, fetcher, Parser(), time, floor=HOUR, chance=chance.random)
        yield poller
        await poller.stop()


async def live(database: Database, internet: Internet, time: Time, end: datetime, restarts: int) -> None:
    """Tick every minute in which something is due, and start anew every so often."""
    dice = rolled(7)
    stops = sorted(NOON + (end - NOON) * dice.random() for _ in range(restarts))
    for stop in [*stops, end]:
        async with a_poller(database, internet, time, dice) as poller:
            while time.now < stop:
                await poller.poll_due()
                minute = max(time.now, await next_due(database)).replace(second=0, microsecond=0) + MINUTE
                time.now = max(time.now + SECOND, min(stop, minute))


async def next_due(database: Database) -> datetime:
    async with database.read() as session:
        due = await session.scalar(select(func.min(Feed.next_check_at, type_=Feed.next_check_at.type)))
    assert due
    return due


async def set_up(database: Database, internet: Internet) -> None:
    async with database.write() as session:
        for publisher in internet.publishers.values():
            await feeds.add(session, publisher.url, publisher.url, Trust.TRUSTED)
            if publisher.wish == "pace":
                row = await feeds.by_url(session, publisher.url)
                assert row
                row.pace = PACE


@pytest.mark.chaos
async def test_a_week_without_an_early_poll(database: Database, times: Callable[..., int], tally: Tally) -> None:
    """Through restarts, redirects, busy hosts and trouble no publisher is asked before its time, or by two at once."""
    number, days, restarts = (
        times(gate=18, chaos=100, full=200),
        times(gate=1, chaos=3, full=7),
        times(gate=5, chaos=20, full=50),
    )
    time = Time()
    internet = Internet(number, time, rolled(1))
    await set_up(database, internet)
    await live(database, internet, time, NOON + days * DAY, restarts)

    watchers = internet.publishers.values()
    assert [early for publisher in watchers for early in publisher.early] == []
    assert internet.most_at_once == 1
    assert min(min(gaps) for gaps in internet.gaps.values()) >= GAP
    figures = polls_a_day(internet, days)
    print("polls a day by entries a day:", figures)  # noqa: T201 (the figures are for the reader of --chaos -s)
    assert all(publisher.visits for publisher in watchers)
    tally.fault("restart among polls", restarts)
    assert all(REASONABLE[rate][0] <= polls <= REASONABLE[rate][1] for rate, polls in figures.items()), figures


def polls_a_day(internet: Internet, days: int) -> dict[float, float]:
    """The mean for the feeds that ask for nothing special, by the rate at which they publish."""
    visits: defaultdict[float, list[int]] = defaultdict(list)
    for publisher in internet.publishers.values():
        if publisher.wish in ("nothing", "redirect"):
            visits[publisher.rate].append(publisher.visits)
    return {rate: round(sum(counts) / len(counts) / days, 1) for rate, counts in sorted(visits.items())}


async def test_rows_are_whole_after_a_stop_in_the_middle(database: Database) -> None:
    """Broken off at any moment, no feed is left half stored; each one that was under way is asked once more at most."""
    time = Time()
    internet = Internet(30, time, rolled(2))
    await set_up(database, internet)
    dice, starts = rolled(3), 12
    for _ in range(starts):
        async with a_poller(database, internet, time, dice) as poller:
            await poller.start_due()
            for _ in range(dice.randint(1, 120)):
                await asyncio.sleep(0)
        time.now += 3 * HOUR
    async with a_poller(database, internet, time, dice) as poller:
        await poller.poll_due()
    async with database.read() as session:
        rows = await feeds.all_feeds(session)
    assert all(_is_whole(row) for row in rows if not row.failures)
    assert max(publisher.visits for publisher in internet.publishers.values()) <= starts + 1


def _is_whole(row: Feed) -> bool:
    return row.checked_at is not None and row.succeeded_at == row.checked_at and row.digest is not None
