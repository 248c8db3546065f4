"""Lists of feeds as OPML, the format in which feed readers exchange them.

A feed's trust tier is the name of the folder it stands in: ``official``, ``trusted`` or ``unvetted``. Trust is given
deliberately, so a feed in any other folder, or in none, is unvetted; in several tiers at once, the least one counts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from xml.etree import ElementTree as ET

import listparser

from matcher.vocabulary import Trust

_WEB_ADDRESS = re.compile(r"https?://[^/\s]", re.IGNORECASE)
_LEAST_FIRST = (Trust.UNVETTED, Trust.TRUSTED, Trust.OFFICIAL)


class BadOpml(Exception):
    """The list cannot be used; ``str(error)`` is one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One feed of a list."""

    url: str
    title: str
    trust: Trust


def read_opml(data: bytes) -> list[FeedLine]:
    """The feeds of a list, in its order, each address once.

    Raises :class:`BadOpml` where the data is no OPML, or an address in it is not ``http(s)``.
    """
    outline = listparser.parse(data)
    if not outline["version"].startswith("opml"):
        raise BadOpml("This file is not an OPML list of feeds; export one from a feed reader and try again.")
    return [_line(feed) for feed in outline["feeds"]]


def write_opml(lines: Iterable[FeedLine]) -> bytes:
    """The list as an OPML 2.0 document, with one folder for each tier in use; :func:`read_opml` reads it back."""
    root = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(root, "head"), "title").text = "Feeds followed by Hearsay"
    body = ET.SubElement(root, "body")
    for trust, members in groupby(sorted(lines, key=_tier), key=_tier):
        folder = ET.SubElement(body, "outline", text=list(Trust)[trust].value)
        for line in members:
            ET.SubElement(folder, "outline", type="rss", text=line.title, xmlUrl=line.url)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _line(feed: dict[str, Any]) -> FeedLine:
    url, title = feed["url"], feed["title"]
    if not _WEB_ADDRESS.match(url):
        raise BadOpml(f"The feed “{title}” has no http:// or https:// address; correct it and import the list again.")
    folders = {folder.strip().lower() for path in feed["categories"] for folder in path}
    trust = next((tier for tier in _LEAST_FIRST if tier in folders), Trust.UNVETTED)
    return FeedLine(url, title, trust)


def _tier(line: FeedLine) -> int:
    return list(Trust).index(line.trust)
