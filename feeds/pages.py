"""The pages behind the entries: what an article says at length, and whether a site lets programs read it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

from feeds.fetch import FetchError, Refused
from feeds.markup import read_html
from feeds.parse import printable

AGENT = "Hearsay"
"""The product token by which robots.txt may address this program."""
MIN_TEXT = 100
"""Characters. What is shorter is a notice or a menu, not an article."""
MAX_ROBOTS = 500 * 1024
"""Bytes of a robots.txt that are read (RFC 9309, 2.5)."""
ROBOTS_AGE = timedelta(hours=24)
"""How long a robots.txt is believed (RFC 9309, 2.4)."""
UNREACHABLE_AGE = timedelta(hours=1)
"""How long a site stays closed whose robots.txt could not be fetched."""
MAX_SITES = 50
"""Sites whose rules are remembered, of up to 15 MB each; the one asked for least recently is forgotten first."""

Fetch = Callable[[str], Awaitable[bytes]]
"""An address → the body found there. Raises :class:`FetchError`."""


def read_page(body: bytes, content_type: str, url: str) -> str:
    """The main text of the article on a web page, one paragraph a line, without comments; empty if there is none."""
    page = read_html(body, content_type)
    if page is None:
        return ""
    from trafilatura import extract  # 20 MB that are only needed where full texts are wanted, thus in the worker

    text = extract(page, url=url, include_comments=False, include_tables=False)
    return printable(text) if text and len(text) >= MIN_TEXT else ""


@dataclass(frozen=True, slots=True)
class _Rules:
    robots: Protego
    until: datetime


class Robots:
    """What the sites allow, by their robots.txt (RFC 9309)."""

    def __init__(self, fetch: Fetch, clock: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._rules: OrderedDict[str, _Rules] = OrderedDict()

    async def allows(self, url: str) -> bool:
        """Whether Hearsay may read this http(s) address."""
        origin = _origin(url)
        if not origin:
            return False
        rules = self._rules.get(origin)
        if rules is None or rules.until <= self._clock():
            rules = self._rules[origin] = await self._ask(origin)
        self._rules.move_to_end(origin)
        if len(self._rules) > MAX_SITES:
            self._rules.popitem(last=False)
        return await asyncio.to_thread(rules.robots.can_fetch, url, AGENT)

    async def _ask(self, origin: str) -> _Rules:
        """A site without robots.txt is open, one that cannot be reached is closed (RFC 9309, 2.3.1.3 and 2.3.1.4)."""
        try:
            text = (await self._fetch(f"{origin}/robots.txt"))[:MAX_ROBOTS].decode("utf-8-sig", "replace")
            age = ROBOTS_AGE
        except Refused:
            text, age = "", ROBOTS_AGE
        except FetchError:
            text, age = "User-agent: *\nDisallow: /", UNREACHABLE_AGE
        # In a thread: half a megabyte of rules would hold up the event loop.
        return _Rules(await asyncio.to_thread(Protego.parse, text), self._clock() + age)


def _origin(url: str) -> str:
    """Scheme, host and port, or empty where the address is none of the web's."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme}://{host}" if parts.scheme in {"http", "https"} and host else ""
