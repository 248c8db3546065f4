"""The feeds that a web page offers."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from feeds.markup import read_html
from feeds.parse import printable

MAX_LINKS = 20
"""More feeds than a person wants to choose from."""

USUAL_PLACES = ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml")

_FEED_TYPES = frozenset(f"application/{kind}+xml" for kind in ("rss", "atom", "rdf"))
_FEED_PATH = re.compile(r"(?!.*sitemap).*(?:\.(?:rss|xml|atom|rdf)|/(?:feed|rss|atom)/?)", re.IGNORECASE)
_FEED_NAME = re.compile(r"(?:rss|atom)(?:[ -]?feeds?)?", re.IGNORECASE)
_COMMENTS = re.compile(r"\bcomments?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed that a page names; ``title`` is empty where the page gives it none."""

    url: str
    title: str


def find_feeds(body: bytes, content_type: str, url: str) -> list[FeedLink]:
    """The feeds that the page at ``url`` declares, else those that it plainly links to; those of comments last."""
    page = read_html(body, content_type)
    if page is None:
        return []
    base = _base(page, url)
    found = _distinct(_declared(page), base) or _distinct(_linked(page, base), base)
    return sorted(found, key=_is_of_comments)[:MAX_LINKS]


def usual_places(url: str) -> list[str]:
    """Where sites keep a feed that they do not name: some addresses to try one by one."""
    return [urljoin(url, place) for place in USUAL_PLACES]


def _base(page: Any, url: str) -> str:
    return next((_joined(url, base.get("href")) or url for base in page.iter("base") if base.get("href")), url)


def _declared(page: Any) -> Iterator[tuple[str, str]]:
    """``<link rel="alternate" type="application/rss+xml" href title>``: addresses and titles."""
    for link in page.iter("link"):
        kind = link.get("type", "").partition(";")[0].strip().lower()
        if "alternate" in link.get("rel", "").lower().split() and kind in _FEED_TYPES:
            yield link.get("href", ""), link.get("title", "")


def _linked(page: Any, base: str) -> Iterator[tuple[str, str]]:
    for link in page.iter("a"):
        address, text = link.get("href", ""), _one_line(link.text_content())
        if _FEED_NAME.fullmatch(text) or _FEED_PATH.fullmatch(urlsplit(_joined(base, address)).path):
            yield address, text


def _distinct(links: Iterable[tuple[str, str]], base: str) -> list[FeedLink]:
    """The web addresses among the links, each once, in the page's order."""
    feeds: dict[str, FeedLink] = {}
    for address, title in islice(links, 50 * MAX_LINKS):
        url = _joined(base, address) if address.strip() else ""
        if url:
            feeds.setdefault(url, FeedLink(url, _one_line(title)))
    return list(feeds.values())


def _joined(base: str, address: str) -> str:
    """The absolute http(s) address, or empty."""
    try:
        url = urldefrag(urljoin(base, printable(address).strip())).url
        parts = urlsplit(url)
    except ValueError:  # brackets that hold no IPv6 address
        return ""
    return url if parts.scheme in {"http", "https"} and parts.netloc else ""


def _is_of_comments(feed: FeedLink) -> bool:
    return bool(_COMMENTS.search(feed.title) or _COMMENTS.search(urlsplit(feed.url).path))


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())
