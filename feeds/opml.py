"""Lists of feeds as OPML, the format in which feed readers exchange them.

A feed's trust tier is the name of the folder it stands in: ``official``, ``trusted`` or ``unvetted``. Trust is given
deliberately, so a feed in any other folder, or in none, is unvetted; in several tiers at once, the least one counts.
Its pace and its wish for full texts are OPML categories: ``/hearsay/pace/60`` (seconds) and ``/hearsay/full-text``.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import listparser
from sqlalchemy.ext.asyncio import AsyncSession

from feeds.parse import printable
from feeds.schedule import FASTEST, LONGEST_PAUSE
from matcher.vocabulary import Trust
from models import feed as feeds
from models.feed import Feed
from models.wording import WordedError, Wording

MAX_BYTES = 1_000_000
"""Of a list. Three hundred feeds need some 50,000."""

MAX_OUTLINES = 5_000
"""Feeds and folders in a list: what reading it costs grows with their square."""

MAX_ADDRESS = 2_000
"""Characters of an address; longer ones are no addresses of feeds."""

_WEB_ADDRESS = re.compile(r"https?://[^/\s]\S*", re.IGNORECASE)
_ENTITIES = Wording("This list declares entities, as no feed reader writes them; export it from a feed reader.")
_NO_OPML = Wording("This file is not an OPML list of feeds; export one from a feed reader and try again.")
_LEAST_FIRST = (Trust.UNVETTED, Trust.TRUSTED, Trust.OFFICIAL)


class BadOpml(WordedError):
    """The list cannot be used; one sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One feed of a list."""

    url: str
    title: str
    trust: Trust
    pace: timedelta | None = None
    """The owner's time between two checks; None: as Hearsay finds it."""
    full_text: bool = False

    @classmethod
    def of(cls, feed: Feed) -> "FeedLine":
        """The line of a feed that is polled."""
        return cls(feed.url, feed.title, feed.trust, feed.pace, feed.full_text)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A feed of a list that cannot be polled; ``reason`` is one sentence with its title."""

    url: str
    reason: Wording


@dataclass(frozen=True, slots=True)
class Sifted:
    """A list that was read: its feeds in its order, each address once, and apart from them what cannot be used."""

    lines: Sequence[FeedLine]
    unusable: Sequence[Unusable]


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a list: addresses that are new, those that were polled already, and what cannot be used."""

    added: Sequence[str]
    known: Sequence[str]
    unusable: Sequence[Unusable]


def read_opml(data: bytes) -> list[FeedLine]:
    """The feeds of a list, in its order, each address once.

    Raises :class:`BadOpml` where the data is no OPML, or an address in it is not ``http(s)``.
    """
    found = sift_opml(data)
    if found.unusable:
        problem = {"problem": found.unusable[0].reason}
        raise BadOpml(Wording("{problem} Correct it and import the list again.", problem))
    return list(found.lines)


def sift_opml(data: bytes) -> Sifted:
    """Read a list of feeds, of which some may be unusable.

    Raises :class:`BadOpml` where the data is no OPML, or larger than any honest list.
    """
    if len(data) > MAX_BYTES:
        raise BadOpml(Wording("This list is larger than {count} bytes; split it into several.", {"count": MAX_BYTES}))
    characters = data.replace(b"\0", b"").lower()  # as far as tags go, UTF-16 is ASCII with zeros between
    if b"<!entity" in characters:
        raise BadOpml(_ENTITIES)
    if characters.count(b"<outline") > MAX_OUTLINES:
        most = {"count": MAX_OUTLINES}
        raise BadOpml(Wording("This list has more than {count} entries; split it into several.", most))
    outline = listparser.parse(data)
    if not outline["version"].startswith("opml"):
        raise BadOpml(_NO_OPML)
    read = [_line(feed) for feed in outline["feeds"]]
    return Sifted(
        [line for line in read if isinstance(line, FeedLine)], [line for line in read if isinstance(line, Unusable)]
    )


def write_opml(lines: Iterable[FeedLine]) -> bytes:
    """The list as an OPML 2.0 document, with one folder for each tier in use; :func:`read_opml` reads it back."""
    root = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(root, "head"), "title").text = "Feeds followed by Hearsay"
    body = ET.SubElement(root, "body")
    for trust, members in groupby(sorted(lines, key=_tier), key=_tier):
        folder = ET.SubElement(body, "outline", text=list(Trust)[trust].value)
        for line in members:
            wishes = _categories(line)
            ET.SubElement(folder, "outline", {"type": "rss", "text": line.title, "xmlUrl": line.url, **wishes})
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


async def import_feeds(session: AsyncSession, found: Sifted) -> Imported:
    """Poll the feeds of a list from now on; what is polled already stays as it is."""
    new = {line.url: await _add(session, line) for line in found.lines}
    return Imported([url for url in new if new[url]], [url for url in new if not new[url]], found.unusable)


async def export_opml(session: AsyncSession) -> bytes:
    """Every feed that is polled, as a list."""
    return write_opml([FeedLine.of(feed) for feed in await feeds.all_feeds(session)])


async def _add(session: AsyncSession, line: FeedLine) -> bool:
    if not await feeds.add(session, line.url, line.title, line.trust):
        return False
    feed = await feeds.by_url(session, line.url)
    if feed:
        feed.pace, feed.full_text = line.pace, line.full_text
    return True


def _line(feed: dict[str, Any]) -> FeedLine | Unusable:
    url, title = feed["url"], " ".join(printable(feed["title"]).split())
    if not is_web_address(url):
        no_address = Wording("The feed “{feed}” has no http:// or https:// address.", {"feed": title})
        return Unusable(printable(url), no_address)
    if len(url) > MAX_ADDRESS:
        return Unusable(
            url,
            Wording(
                "The feed “{feed}” has an address of more than {count} characters.",
                {"feed": title, "count": MAX_ADDRESS},
            ),
        )
    return FeedLine(url, title, _trust(feed["categories"]), *_wishes(feed["categories"]))


def is_web_address(url: str) -> bool:
    """Whether this can be the address of a feed: http(s), with a host and a port that can be."""
    try:
        parts = urlsplit(url)
        return bool(_WEB_ADDRESS.fullmatch(url)) and url.isprintable() and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets that hold no IPv6 address, or a port beyond the last
        return False


def _trust(categories: Sequence[Sequence[str]]) -> Trust:
    folders = {folder.strip().lower() for path in categories for folder in path}
    return next((tier for tier in _LEAST_FIRST if tier in folders), Trust.UNVETTED)


def _categories(line: FeedLine) -> dict[str, str]:
    pace = [f"/hearsay/pace/{line.pace.total_seconds():.0f}"] if line.pace else []
    wishes = pace + ["/hearsay/full-text"] * line.full_text
    return {"category": ",".join(wishes)} if wishes else {}


def _wishes(categories: Sequence[Sequence[str]]) -> tuple[timedelta | None, bool]:
    """Pace and full text. A pace that Hearsay would not take is none."""
    pace = None
    for path in categories:
        match path:
            case ["hearsay", "pace", seconds] if re.fullmatch("[0-9]{1,7}", seconds):
                asked = timedelta(seconds=int(seconds))
                pace = asked if FASTEST <= asked <= LONGEST_PAUSE else None
    return pace, ["hearsay", "full-text"] in categories


def _tier(line: FeedLine) -> int:
    return list(Trust).index(line.trust)
