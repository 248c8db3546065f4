"""The poller in a small world: a web of publishers without sockets, a database, and a clock that stands until moved."""

import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from xml.sax.saxutils import escape

import httpx
from builders import HOUR, NOON
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from feeds import discovery, pages
from feeds.adding import Adder
from feeds.discovery import FeedLink
from feeds.fetch import Fetcher
from feeds.parse import ParsedFeed, parse
from feeds.poll import Poller
from matcher.vocabulary import Stage, Trust
from models import feed as feeds
from models import outbox
from models.database import Database
from models.deal import Deal
from models.feed import Feed, Trouble
from models.notice import Notice
from models.outbox import Letter
from models.subscriber import Wire

TALKS = "Alphacom in talks to buy Betasoft"
NEAR = "Alphacom near deal to buy Betasoft"
OVER = "Alphacom walks away from talks to buy Betasoft"
AGREED = "Alphacom agrees to buy Betasoft"
OTHER = "Oslo opens a library"

Place = Callable[[httpx.Request], httpx.Response]


class Parser:
    """Reads documents in this process, and counts them by address. Every text is in a language that can be read."""

    def __init__(self) -> None:
        self.parsed: Counter[str] = Counter()

    async def parse(self, body: bytes, content_type: str, url: str) -> ParsedFeed:
        self.parsed[url] += 1
        return parse(body, content_type, url)

    async def find_feeds(self, body: bytes, content_type: str, url: str) -> list[FeedLink]:
        return discovery.find_feeds(body, content_type, url)

    async def read_page(self, body: bytes, content_type: str, url: str) -> str:
        return pages.read_page(body, content_type, url)

    async def language(self, _: str) -> str:
        return ""


@dataclass(frozen=True)
class Item:
    """An entry as its publisher writes it."""

    title: str
    guid: str = ""
    url: str = ""
    summary: str = ""
    published: datetime | None = None
    updated: datetime | None = None

    def __str__(self) -> str:
        parts = (
            ("guid", self.guid),
            ("title", self.title),
            ("link", self.url),
            ("description", self.summary),
            ("pubDate", format_datetime(self.published) if self.published else ""),
            ("atom:updated", self.updated.isoformat() if self.updated else ""),
        )
        return f"<item>{''.join(f'<{name}>{escape(text)}</{name}>' for name, text in parts if text)}</item>"


def rss(*items: Item, channel: str = "", title: str = "News") -> bytes:
    """A document that has these items, and these further elements of its channel."""
    namespaces = 'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    inner = "".join(map(str, items))
    return f'<rss version="2.0" {namespaces}><channel><title>{title}</title>{channel}{inner}</channel></rss>'.encode()


def rolled(seed: int) -> random.Random:
    """Dice that fall the same way in every run."""
    return random.Random(seed)  # noqa: S311 (nothing secret depends on them)


def moved(target: str, status: int = 301, **headers: str) -> Place:
    """A place that redirects."""
    return lambda _: httpx.Response(status, headers={"Location": target, **headers})


def says(status: int, body: bytes = b"", **headers: str) -> Place:
    """A place that always answers the same; of a header's name ``_`` stands for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, headers=named, content=body)


@dataclass
class Publisher:
    """A feed that answers conditional requests, newest item first."""

    items: list[Item] = field(default_factory=list)
    channel: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with every answer, 304s too."""
    validators: bool = True

    def publish(self, *items: Item) -> None:
        self.items[:0] = items

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = rss(*self.items, channel=self.channel)
        headers = dict(self.headers)
        if self.validators:
            headers["ETag"] = f'"{sha256(body).hexdigest()[:16]}"'
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return httpx.Response(304, headers=headers)
        return httpx.Response(200, headers={"Content-Type": "application/rss+xml", **headers}, content=body)


class Web:
    """What is at which address, and who asked for it."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.requests: defaultdict[str, list[httpx.Request]] = defaultdict(list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        self.requests[url].append(request)
        answer = self.places.get(url, says(404))(request)
        # Off the wire, as it were: httpx takes a body that was given as a whole for one that was read already.
        return httpx.Response(answer.status_code, headers=answer.headers.raw, stream=httpx.ByteStream(answer.content))

    def unconditional(self, url: str) -> int:
        """How often this was asked for without a validator."""
        return sum(not {"if-none-match", "if-modified-since"} & set(r.headers) for r in self.requests[url])


class World:
    """A database, a poller, and a clock that stands until it is moved. There is no chance in it unless a test adds it.

    Feeds are named by their address, or by what follows :attr:`site` in it.
    """

    def __init__(self, database: Database, fetcher: Fetcher, site: str, web: Web | None = None) -> None:
        self.now = NOON
        self.database = database
        self.fetcher = fetcher
        self.site = site
        self.web = web or Web()
        self.parser = Parser()
        self.chance = 0.0
        self.quiet: Callable[[], Awaitable[None]] | None = None
        self.restart()

    def restart(self) -> None:
        """A new poller, as after a restart of the program."""
        clock = lambda: self.now  # noqa: E731
        self.poller = Poller(
            self.database, self.fetcher, self.parser, clock, floor=HOUR, chance=lambda: self.chance, quiet=self.quiet
        )
        self.adder = Adder(self.database, self.fetcher, self.parser, self.poller, clock)

    def url(self, name: str) -> str:
        return name if "://" in name else f"{self.site}/{name}"

    def publisher(self, name: str, *items: Item, **more: object) -> Publisher:
        """A publisher at this address from now on."""
        publisher = Publisher(list(items), **more)  # type: ignore[arg-type]  # its further fields
        self.web.places[self.url(name)] = publisher
        return publisher

    async def add(self, name: str, trust: Trust = Trust.TRUSTED) -> None:
        async with self.database.write() as session:
            await feeds.add(session, self.url(name), f"The {name}", trust)

    async def remove(self, name: str) -> None:
        async with self.database.write() as session:
            await feeds.remove(session, self.url(name))

    async def poll(self, after: timedelta = timedelta(0)) -> None:
        self.now += after
        await self.poller.poll_due()

    async def poll_next(self, name: str = "news") -> Feed:
        """Poll when the feed is due again; its row afterwards."""
        row = await self.row(name)
        self.now = max(self.now, row.next_check_at)
        await self.poller.poll_due()
        async with self.database.read() as session:
            return await session.get_one(Feed, row.id)

    async def row(self, name: str = "news") -> Feed:
        async with self.database.read() as session:
            return (await session.scalars(select(Feed).where(Feed.url == self.url(name)))).one()

    async def change(self, name: str = "news", **values: object) -> None:
        """Let the owner, or an earlier time, have written this into the feed's row."""
        async with self.database.write() as session:
            row = (await session.scalars(select(Feed).where(Feed.url == self.url(name)))).one()
            for column, value in values.items():
                setattr(row, column, value)

    async def stage(self) -> Stage | None:
        async with self.database.read() as session:
            return await session.scalar(select(Deal.stage))

    async def sources(self) -> int:
        """How many independent origins stand behind the deal's stage."""
        async with self.database.read() as session:
            return len((await session.scalars(select(Deal.origins))).one())

    async def told(self) -> list[Stage]:
        """The stages that the follower is to be told of."""
        async with self.database.read() as session:
            letters = await session.scalars(select(Letter).options(joinedload(Letter.change)).order_by(Letter.id))
            return [letter.change.stage for letter in letters if letter.change]

    async def warned(self) -> list[Trouble]:
        """The troubles that the owner is to be told of."""
        async with self.database.read() as session:
            notices = select(Notice.trouble).join(Letter, Letter.notice_id == Notice.id).order_by(Letter.id)
            return list(await session.scalars(notices))

    async def deliver(self) -> None:
        """Send every letter that is due, at this moment."""
        async with self.database.write() as session:
            while letters := await outbox.due(session, Wire.TELEGRAM, self.now):
                for letter in letters:
                    letter.sent_at = self.now

    async def count(self, table: type) -> int | None:
        async with self.database.read() as session:
            return await session.scalar(select(func.count()).select_from(table))
