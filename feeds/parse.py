"""From bytes to a parsed feed. feedparser's dictionaries end here: what leaves is plain text and aware UTC times.

What can go wrong, each with one sentence for the owner's list of feeds::

    ParseError
    ├── NotAFeed    empty, a web page, or anything else that is neither RSS nor Atom
    ├── Hostile     declares entities or a giant prolog, as no honest feed does
    └── TooHard     the parser failed, ran out of time or memory, or died
"""

import asyncio
import hashlib
import html
import io
import multiprocessing
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import feedparser
import html_text
from pebble import ProcessExpired, ProcessPool

from matcher.vocabulary import fold_name

MAX_PROLOG = 16 * 1024
"""Bytes before the first element. feedparser is quadratic in them; real feeds need a few hundred."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""The web is younger than this: an earlier date is a zero value such as 0001-01-01 or 1970-01-01, thus no date."""

PARSE_DEADLINE = timedelta(seconds=10)
"""An honest feed of 5 MB takes a second and a half."""

PARSE_MEMORY = 512 * 1024 * 1024
"""Bytes of address space for the worker. An honest feed of 5 MB needs 80 MB."""

_LONGEST_KEY = 200
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_FIRST_ELEMENT = re.compile(rb"<\w")
_CHARACTER_NUMBER = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{4,8})|([0-9]{5,8}));")
_ENTITY = re.compile(r"&#?\w{1,31};")
_WEB_PAGE = re.compile(rb"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_DOTTED_TICKER = re.compile(r"<(?=[A-Z]+\.[A-Z]+>)")
_TIME_OF_DAY = re.compile(r"(?<![\d:+-])(?!00?:00(?::00)?(?![:\d]))\d{1,2}:\d\d")
_UNPRINTABLE = dict.fromkeys(
    ({*range(0x20), *range(0x7F, 0xA0)} - {ord("\t"), ord("\n"), ord("\r")})  # they steer terminals
    | {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}  # they turn the text around them (bidirectional controls)
)


class ParseError(Exception):
    """The document gives no entries; ``str(error)`` is one sentence that says why and what to do."""


class NotAFeed(ParseError):
    """The document is empty, a web page, or anything else but a feed."""


class Hostile(ParseError):
    """The document is built to choke parsers."""


class TooHard(ParseError):
    """The parser failed, ran out of time or memory, or died."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed, all of it plain text."""

    guid: str
    url: str
    """An http(s) address, or empty."""
    title: str
    summary: str
    body: str
    """The full text, where the feed carries one beside the summary."""
    published: datetime | None
    """Aware UTC; None where the feed gives no date, or an impossible one."""
    day_only: bool
    """The date came without a time of day, or with midnight, which publishers write for the same thing."""
    outlet: str
    """The publisher that the entry itself names; empty where only the feed does."""

    @property
    def key(self) -> str:
        """What makes this entry the same one next time: its guid, else its address, else its publisher and title."""
        if self.guid:
            return _key("guid", self.guid)
        if self.url:
            return _key("url", self.url)
        return _key("title", f"{fold_name(self.outlet)}|{fold_name(self.title or self.summary or self.body)}")


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document, read."""

    title: str
    entries: tuple[Entry, ...]


def parse(body: bytes, content_type: str, url: str = "") -> ParsedFeed:
    """Read a feed document served as ``content_type`` from ``url``, where its relative links start.

    Raises :class:`ParseError`. How long this takes is up to the document: what comes from the network goes through a
    :class:`ParserProcess`.
    """
    _refuse_hostile(body)
    try:
        return _read(body, content_type, url)
    except ParseError:
        raise
    except Exception as error:
        raise TooHard("The feed breaks the parser; check the address, or tell the publisher.") from error


def _refuse_hostile(body: bytes) -> None:
    plain = body.replace(b"\0", b"")  # UTF-16 and UTF-32 are ASCII between zero bytes, as far as markup goes
    first = _FIRST_ELEMENT.search(plain)
    if (first.start() if first else len(plain)) > MAX_PROLOG:
        raise Hostile("The document begins with pages of something other than a feed; check the address.")
    if b"<!ENTITY" in plain:
        raise Hostile("The document declares entities, which can choke a parser; tell the publisher.")


def _read(body: bytes, content_type: str, url: str) -> ParsedFeed:
    document = feedparser.parse(
        io.BytesIO(_CHARACTER_NUMBER.sub(_character, body)),  # bytes alone would first be tried as a file name
        response_headers={"content-type": content_type} if content_type else {},
        sanitize_html=False,  # all markup goes when it turns into text
        resolve_relative_uris=False,  # as above
    )
    # Not judged by `bozo`: a fifth of real feeds break some rule of XML and are readable all the same.
    if not document.entries and not document.get("version"):
        raise NotAFeed(_what_it_is(body))
    entries = tuple(_entry(entry, url) for entry in document.entries)
    return ParsedFeed(_title(document.feed), entries)


def _character(number: re.Match[bytes]) -> bytes:
    """Numbers that are no characters, such as the halves of an emoji, would make feedparser drop the whole feed."""
    code = int(number[1], 16) if number[1] else int(number[2])
    return b"&#xFFFD;" if 0xD800 <= code <= 0xDFFF or code > sys.maxunicode else number[0]


def _what_it_is(body: bytes) -> str:
    if not body.strip():
        return "The server sent an empty document; Hearsay will try again later."
    if _WEB_PAGE.search(body[:1024]):
        return "This is a web page, not a feed; look on it for the address of its feed."
    return "This document is neither RSS nor Atom; check the address."


def _entry(entry: Any, url: str) -> Entry:
    published, day_only = _published(entry)
    summary = _text(entry.get("summary_detail"))
    body = max((_text(content) for content in entry.get("content", ())), key=len, default="")
    return Entry(
        guid=_line(entry.get("id", "")),
        url=_address(entry, url),
        title=_title(entry),
        summary=summary,
        body=body if body != summary else "",
        published=published,
        day_only=day_only,
        outlet=_line(entry.get("source", {}).get("title") or entry.get("publisher", "")),
    )


def _address(entry: Any, url: str) -> str:
    link = entry.get("link", "")
    try:
        # Without a link feedparser offers the guid, which is an address only if it looks like one.
        address = link if link in {"", entry.get("id")} else urljoin(url, link)
    except ValueError:  # brackets that hold no IPv6 address
        return ""
    return _line(address) if _WEB_ADDRESS.match(address) else ""


def _title(titled: Any) -> str:
    return " ".join(_text(titled.get("title_detail")).split())


def _text(construct: Any) -> str:
    """A title, summary or content as plain text, one paragraph a line."""
    if not construct:
        return ""
    text = construct["value"]
    if construct["type"] in _HTML_TYPES:
        text = _from_html(text)
    return "\n".join(filter(None, map(_line, text.splitlines())))


def _from_html(markup: str) -> str:
    if "<" not in markup:
        return " ".join(markup.split())
    return str(html_text.extract_text(_DOTTED_TICKER.sub("&lt;", markup)))


def _line(text: str) -> str:
    """One line without surplus white space or entities; publishers encode ``&`` up to twice too often."""
    return " ".join(_decoded(_decoded(printable(text))).split())


def _decoded(text: str) -> str:
    """Only whole entities: ``html.unescape`` alone would also read ``&copy=1`` in an address as a copyright sign."""
    if "&" not in text:
        return text
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def printable(text: str) -> str:
    """The text without what a database, a chat or a terminal cannot hold: lone surrogates and control characters."""
    if text.isprintable():
        return text
    return text.encode("utf-8", "replace").decode().translate(_UNPRINTABLE)


def _published(entry: Any) -> tuple[datetime | None, bool]:
    """The entry's time, and whether it names only the day."""
    for name in ("published", "updated", "created"):
        # Asked for by "in" first: `get` alone would answer "updated" with "published", and warn.
        moment = _utc(entry.get(f"{name}_parsed")) if name in entry else None
        if moment:
            return moment, not _TIME_OF_DAY.search(entry[name])
    return None, False


def _utc(parsed: time.struct_time | None) -> datetime | None:
    try:
        moment = datetime(*parsed[:6], tzinfo=UTC) if parsed else None
    except ValueError:
        return None
    return moment if moment and moment >= EARLIEST else None


def _key(kind: str, value: str) -> str:
    short = value if len(value) <= _LONGEST_KEY else hashlib.sha256(value.encode()).hexdigest()
    return f"{kind}:{short}"


class ParserProcess:
    """Parses in a process of its own, so that a document can neither stall the event loop nor outstay its deadline.

    A document that runs out of time or memory takes the process down with it; the next one gets a new process. Use as
    an async context manager, which waits for the parses under way when it closes.
    """

    def __init__(self, *, deadline: timedelta = PARSE_DEADLINE, max_memory: int = PARSE_MEMORY) -> None:
        self._deadline = deadline
        self._max_memory = max_memory
        self._pool = self._new_pool()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(_close, self._pool)

    async def parse(self, body: bytes, content_type: str, url: str = "") -> ParsedFeed:
        """As :func:`parse`, elsewhere. Raises :class:`ParseError`."""
        pool = self._pool
        try:
            return await self._parse_in(pool, body, content_type, url)
        except RuntimeError:  # the pool is broken, which happens when its process is killed while it is idle
            await self._replace(pool)
        try:
            return await self._parse_in(self._pool, body, content_type, url)
        except RuntimeError as error:
            raise TooHard("No parser could be started, maybe for lack of memory; free some.") from error

    async def _parse_in(self, pool: ProcessPool, body: bytes, content_type: str, url: str) -> ParsedFeed:
        task = pool.schedule(parse, args=(body, content_type, url), timeout=self._deadline.total_seconds())
        try:
            return await asyncio.wrap_future(task)
        except TimeoutError as error:
            raise TooHard("The feed takes too long to read; choose a shorter one, or tell the publisher.") from error
        except ProcessExpired as error:
            raise TooHard("The parser died on this feed, maybe for lack of memory; choose a shorter one.") from error

    async def _replace(self, broken: ProcessPool) -> None:
        if self._pool is broken:
            self._pool = self._new_pool()
            await asyncio.to_thread(_close, broken)

    def _new_pool(self) -> ProcessPool:
        spawn = multiprocessing.get_context("spawn")  # a fork would copy the locks of the program's other threads
        return ProcessPool(max_workers=1, initializer=_limit_memory, initargs=(self._max_memory,), context=spawn)


def _close(pool: ProcessPool) -> None:
    pool.close()  # type: ignore[no-untyped-call]  # pebble leaves its return type out
    pool.join()


def _limit_memory(max_bytes: int) -> None:
    """Runs in the worker. Where the system knows no such limit, the deadline still holds."""
    if sys.platform != "linux":
        return
    import resource  # only on Unix

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
