"""From bytes to a parsed feed. feedparser's dictionaries end here: what leaves is plain text and aware UTC times.

What can go wrong, each with one sentence for the owner's list of feeds::

    ParseError
    ├── NotAFeed    empty, or anything else that is neither RSS nor Atom
    │   └── WebPage a page for people, which may name feeds (:mod:`feeds.discovery`)
    ├── Hostile     declares entities or a giant prolog, as no honest feed does
    └── TooHard     the parser failed, ran out of time or memory, or died
"""

import codecs
import hashlib
import html
import io
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
import html_text

from feeds.reasons import passing
from matcher.attribution import outlet_name, parse_outlets
from matcher.vocabulary import fold_name
from models.wording import WordedError, Wording

MAX_PROLOG = 16 * 1024
"""Bytes before the first element. feedparser is quadratic in them; real feeds need a few hundred."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""The web is younger than this: an earlier date is a zero value such as 0001-01-01 or 1970-01-01, thus no date."""

_MINUTE, _YEAR = timedelta(minutes=1), timedelta(days=365)
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": _YEAR,
}
"""The words of the RSS 1.0 syndication module."""

_RSS_090 = "http://channel.netscape.com/rdf/simple/0.9/"
"""Of RSS 0.90's two namespaces the one that feedparser takes for no version."""
_LONGEST_KEY = 200
_LONGEST_NAME = 80
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_WIDE = tuple(
    (mark, encoding)
    for encoding, bom in (
        ("utf-32-le", codecs.BOM_UTF32_LE),  # before UTF-16, whose mark it begins with
        ("utf-32-be", codecs.BOM_UTF32_BE),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
    )
    for mark in (bom, *(first.encode(encoding) for first in "< \t\r\n"))
)
"""How a document in UTF-16 or UTF-32 begins (XML 1.0, Appendix F)."""
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,200}>")
_FIRST_ELEMENT = re.compile(rb"<\w")
_CHARACTER_NUMBER = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{4,8})|([0-9]{5,8}));")
_ENTITY = re.compile(r"&#?\w{1,31};")
_WEB_PAGE = re.compile(rb"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_COUNT = re.compile(r"\s*([0-9]{1,9})\s*")
_TITLE_AND_SUFFIX = re.compile(r"(?P<title>.*\S)\s+[-–—|]\s+(?P<suffix>\S.{0,79})")
_BETWEEN_NAMES = re.compile(r"\s*[|:»]\s*|\s+[-–—]\s+")
_TRACKING = re.compile(
    r"(?:(?:utm|mtm|matomo|hsa|vero|oly)_\w+"
    r"|(?:at|itm|ns|piwik|pk)_(?:campaign|content|custom\d?|keyword|kwd|linkname|mchannel|medium|source|term)"
    r"|_hs(?:enc|mi)|mc_[ce]id|mkt_tok|s_cid|xtor|feed(?:type|name)"
    r"|(?:d|fb|g|tt|tw|y|ys)clid|(?:msclk|gbra|wbra|igsh)id|gclsrc|igsh|guccounter|phpsessid)(?:=.*)?"
    r"|(?:source|partner|emc|mod|cmp|cmpid|smid|ref|from)=rss(?![a-z0-9]).*",
    re.IGNORECASE | re.DOTALL,
)
"""The parameters of an address that only say how its reader came there: what they are called, or that they hold "rss".

Only such as never tell articles apart: a page that other parameters spell twice can be recognised by its entry's other
marks (:mod:`feeds.identity`), while two articles that became one are lost.

Not courlan's: it drops every name with "ref", "cid" or "ga" at the start of a word, bare queries ("?12345") and empty
parameters, and collapses "//" in paths, which turns different articles into one and breaks links.
"""
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_DOTTED_TICKER = re.compile(r"<(?=[A-Z]+\.[A-Z]+>)")
_TIME_OF_DAY = re.compile(r"(?<![\d:+-])(?!00?:00(?::00)?(?![:\d]))\d{1,2}:\d\d")
_UNPRINTABLE = dict.fromkeys(
    ({*range(0x20), *range(0x7F, 0xA0)} - {ord("\t"), ord("\n"), ord("\r")})  # they steer terminals
    | {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}  # they turn the text around them (bidirectional controls)
)
_BREAKS_THE_PARSER = Wording("The feed breaks the parser; check the address, or tell the publisher.")
_GIANT_PROLOG = Wording("The document begins with pages of something other than a feed; check the address.")


class ParseError(WordedError):
    """The document gives no entries; one sentence says why and what to do."""


class NotAFeed(ParseError):
    """The document is empty, or anything else but a feed."""


class WebPage(NotAFeed):
    """The document is a web page; maybe it names its feeds."""


class Hostile(ParseError):
    """The document is built to choke parsers."""


class TooHard(ParseError):
    """The parser failed, ran out of time or memory, or died."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed, all of it plain text."""

    guid: str
    url: str
    """An http(s) address without tracking parameters, or empty."""
    title: str
    """The headline, without the outlet's name at its end."""
    summary: str
    body: str
    """The full text, where the feed carries one beside the summary."""
    published: datetime | None
    """Aware UTC; None where the feed gives no date, or an impossible one."""
    day_only: bool
    """The date came without a time of day, or with midnight, which publishers write for the same thing."""
    outlet: str
    """The publisher that the entry itself names; empty where only the feed does."""
    updated: datetime | None = None
    """When the entry says that it was last changed; aware UTC, None where it does not say."""

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
    update_every: timedelta | None = None
    """How often the document says that it changes; None where it does not say, or says nonsense."""


def parse(body: bytes, content_type: str, url: str = "") -> ParsedFeed:
    """Read a feed document served as ``content_type`` from ``url``, where its relative links start.

    Raises :class:`ParseError`. How long this takes is up to the document: what comes from the network goes through a
    :class:`feeds.worker.ParserProcess`.
    """
    try:
        body, content_type = _narrowed(body, content_type)
        _refuse_hostile(body)
        return _read(body, content_type, url)
    except ParseError:
        raise
    except Exception as error:
        raise TooHard(_BREAKS_THE_PARSER) from error


def _narrowed(body: bytes, content_type: str) -> tuple[bytes, str]:
    """UTF-16 and UTF-32 as UTF-8: feedparser knows them only where they declare themselves."""
    encoding = next((encoding for mark, encoding in _WIDE if body.startswith(mark)), None)
    if encoding is None:
        return body, content_type
    text = body.decode(encoding, "replace").removeprefix("\ufeff")
    declaration = _DECLARATION.match(text)
    text = text[declaration.end() :] if declaration else text
    return text.encode("utf-8", "replace"), "application/xml; charset=utf-8"


def _refuse_hostile(body: bytes) -> None:
    plain = body.replace(b"\0", b"")  # what begins like nothing known may still be UTF-16: ASCII between zero bytes
    first = _FIRST_ELEMENT.search(plain)
    if (first.start() if first else len(plain)) > MAX_PROLOG:
        raise Hostile(_GIANT_PROLOG)
    if b"<!ENTITY" in plain:
        raise Hostile(Wording("The document declares entities, which can choke a parser; tell the publisher."))


def _read(body: bytes, content_type: str, url: str) -> ParsedFeed:
    document = feedparser.parse(
        io.BytesIO(_CHARACTER_NUMBER.sub(_character, body)),  # bytes alone would first be tried as a file name
        response_headers={"content-type": content_type} if content_type else {},
        sanitize_html=False,  # all markup goes when it turns into text
        resolve_relative_uris=False,  # as above
    )
    # Not judged by `bozo`: a fifth of real feeds break some rule of XML and are readable all the same.
    if not document.entries and not document.get("version") and _RSS_090 not in document.get("namespaces", {}).values():
        raise _no_feed(body)
    title = _title(document.feed)
    entries = tuple(_entry(entry, url, title) for entry in document.entries)
    return ParsedFeed(title, entries, _update_every(document.feed))


def _character(number: re.Match[bytes]) -> bytes:
    """Numbers that are no characters, such as the halves of an emoji, would make feedparser drop the whole feed."""
    code = int(number[1], 16) if number[1] else int(number[2])
    return b"&#xFFFD;" if 0xD800 <= code <= 0xDFFF or code > sys.maxunicode else number[0]


def _no_feed(body: bytes) -> NotAFeed:
    if not body.strip():
        return NotAFeed(passing(Wording("The server sent an empty document")))
    if _WEB_PAGE.search(body[:1024]):
        return WebPage(Wording("This is a web page, not a feed; look on it for the address of its feed."))
    return NotAFeed(Wording("This document is neither RSS nor Atom; check the address."))


def _update_every(feed: Any) -> timedelta | None:
    """The larger of RSS ``ttl`` and the interval of the RSS 1.0 syndication module."""
    return max(filter(None, (_ttl(feed), _syndication(feed))), default=None)


def _ttl(feed: Any) -> timedelta | None:
    minutes = _count(feed.get("ttl", ""))
    return _sensible(timedelta(minutes=minutes)) if minutes else None


def _syndication(feed: Any) -> timedelta | None:
    """``updatePeriod`` shared out among ``updateFrequency``, which are "daily" and 1 where only the other is given."""
    if "sy_updateperiod" not in feed and "sy_updatefrequency" not in feed:
        return None
    period = _PERIODS.get(feed.get("sy_updateperiod", "daily").strip().lower())
    frequency = _count(feed.get("sy_updatefrequency", "1"))
    return _sensible(period / frequency) if period and frequency else None


def _count(text: str) -> int:
    found = _COUNT.fullmatch(text)
    return int(found[1]) if found else 0


def _sensible(interval: timedelta) -> timedelta | None:
    return interval if _MINUTE <= interval <= _YEAR else None


def _entry(entry: Any, url: str, feed_title: str) -> Entry:
    published, day_only = _published(entry)
    summary = _text(entry.get("summary_detail"))
    body = max((_text(content) for content in entry.get("content", ())), key=len, default="")
    title, outlet = headline(_title(entry), _named_outlet(entry), feed_title)
    return Entry(
        guid=_line(entry.get("id", "")),
        url=_address(entry, url),
        title=title,
        summary=summary,
        body=body if body != summary else "",
        published=published,
        day_only=day_only,
        outlet=outlet,
        updated=_moment(entry, "updated"),
    )


def _named_outlet(entry: Any) -> str:
    """The publisher in the entry's own elements: its source, its publisher, or an author that is an outlet."""
    named = _line(entry.get("source", {}).get("title") or entry.get("publisher", ""))
    return named or next(filter(_is_outlet, _authors(entry)), "")


def _authors(entry: Any) -> Iterator[str]:
    author = _line(entry.get("author", ""))
    yield author
    yield author.partition(" (")[2].removesuffix(")")  # RSS: "desk@paper.example (The Paper)"
    for author in entry.get("authors", ()):
        yield _line(author.get("name", ""))


def headline(title: str, outlet: str, feed_title: str = "") -> tuple[str, str]:
    """The title and the outlet: without the suffix that only repeats the outlet, which it names if nothing else does.

    In the feed of one outlet another one's name is a credit ("AT&T walks away - WSJ" by Reuters) and stays.
    """
    found = _TITLE_AND_SUFFIX.fullmatch(title)
    if found is None:
        return title, outlet
    suffix, own = found["suffix"], outlet or _publisher(feed_title)
    if _same_outlet(suffix, own) if own else _is_outlet(suffix) or _same_outlet(suffix, feed_title):
        return found["title"], outlet or suffix
    return title, outlet


@lru_cache(maxsize=1)
def _publisher(feed_title: str) -> str:
    """The known outlet that a feed's title names: "Reuters: Company News"."""
    return next(filter(_is_outlet, _BETWEEN_NAMES.split(feed_title)), "")


def _same_outlet(one: str, other: str) -> bool:
    return fold_name(outlet_name(one)) == fold_name(outlet_name(other)) != ""


def _is_outlet(name: str) -> bool:
    """Whether a known outlet is named, and written as a name: "Focus", not "focus"."""
    return len(name) <= _LONGEST_NAME and not name.islower() and _is_known(name)


@lru_cache(maxsize=1024)
def _is_known(name: str) -> bool:
    return fold_name(name) in _outlets()


@cache
def _outlets() -> frozenset[str]:
    spellings = parse_outlets((resources.files("matcher") / "cues" / "outlets.toml").read_text(encoding="utf-8"))
    return frozenset(map(fold_name, spellings))


def _address(entry: Any, url: str) -> str:
    link = entry.get("link", "")
    try:
        # Without a link feedparser offers the guid, which is an address only if it looks like one.
        address = link if link in {"", entry.get("id")} else urljoin(url, link)
        return _canonical(_line(address)) if _WEB_ADDRESS.match(address) else ""
    except ValueError:  # brackets that hold no IPv6 address
        return ""


def _canonical(url: str) -> str:
    """The address without tracking, its scheme and host as RFC 3986 (6.2.2.1, 6.2.3) has them; all else as it came."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return parts._replace(
        netloc=user + at + host.lower().removesuffix(_DEFAULT_PORTS[parts.scheme]),
        path=parts.path.replace(" ", "%20") or "/",
        query=untracked(parts.query),
        fragment=untracked(parts.fragment),
    ).geturl()


def untracked(parameters: str) -> str:
    """The query or fragment of an address without what only says how its reader came there; all else as it came."""
    return "&".join(one for one in parameters.split("&") if not _TRACKING.fullmatch(one))


def _title(titled: Any) -> str:
    return " ".join(_text(titled.get("title_detail")).split())


def _text(construct: Any) -> str:
    """A title, summary or content as plain text, one paragraph a line."""
    if not construct:
        return ""
    text = construct["value"]
    if construct["type"] in _HTML_TYPES:
        text = from_html(text)
    return "\n".join(filter(None, map(_line, text.splitlines())))


def from_html(markup: str) -> str:
    """The text of a piece of HTML, without its markup."""
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
        moment = _moment(entry, name)
        if moment:
            return moment, not _TIME_OF_DAY.search(entry[name])
    return None, False


def _moment(entry: Any, name: str) -> datetime | None:
    # Asked for by "in" first: `get` alone would answer "updated" with "published", and warn.
    return _utc(entry.get(f"{name}_parsed")) if name in entry else None


def _utc(parsed: time.struct_time | None) -> datetime | None:
    try:
        moment = datetime(*parsed[:6], tzinfo=UTC) if parsed else None
    except ValueError:
        return None
    return moment if moment and moment >= EARLIEST else None


def _key(kind: str, value: str) -> str:
    short = value if len(value) <= _LONGEST_KEY else hashlib.sha256(value.encode()).hexdigest()
    return f"{kind}:{short}"
