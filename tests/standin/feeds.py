"""A stand-in for publishers: a local server of RSS feeds that answers conditional requests."""

import hashlib
from collections import Counter, defaultdict
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Self
from xml.etree import ElementTree as ET

from matcher.vocabulary import Article
from standin.wire import HttpServer, Request, Response

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FeedServer:
    """Serves ``<url>/<name>`` as RSS 2.0, newest article first, with an ``ETag`` and a ``Last-Modified``.

    Requests are counted by the feed's name: all of them, those with a validator, and those answered with 304.
    """

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.conditional: Counter[str] = Counter()
        self.not_modified: Counter[str] = Counter()
        self._articles: dict[str, list[Article]] = defaultdict(list)
        self._instead: dict[str, Response] = {}
        self._server = HttpServer(self._answer)

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._server.__aexit__(*error)

    def url(self, name: str) -> str:
        """The address of a feed."""
        return f"{self._server.url}/{name}"

    def publish(self, name: str, *articles: Article) -> None:
        """Put articles into a feed, which comes into being with them."""
        self._articles[name] += articles
        self._instead.pop(name, None)

    def answer_instead(self, name: str, response: Response) -> None:
        """Answer with this, until something is published."""
        self._instead[name] = response

    async def _answer(self, request: Request) -> Response:
        name = request.target.removeprefix("/")
        self.requests[name] += 1
        self.conditional[name] += bool({"if-none-match", "if-modified-since"} & request.headers.keys())
        if name in self._instead:
            return self._instead[name]
        if name not in self._articles:
            return Response(404)
        return self._feed(name, request)

    def _feed(self, name: str, request: Request) -> Response:
        articles = sorted(self._articles[name], key=_published, reverse=True)
        body = rss(name, articles)
        modified = max(map(_published, articles), default=_EPOCH)
        validators = {
            "etag": f'"{hashlib.sha256(body).hexdigest()[:16]}"',
            "last-modified": format_datetime(modified, usegmt=True),
        }
        if _is_current(request, validators["etag"], modified):
            self.not_modified[name] += 1
            return Response(304, headers=validators)
        return Response(200, body, {**validators, "content-type": "application/rss+xml"})


def rss(title: str, articles: list[Article]) -> bytes:
    """An RSS 2.0 document; an article's ``guid`` is its id."""
    feed = ET.Element("rss", version="2.0")
    channel = ET.SubElement(feed, "channel")
    ET.SubElement(channel, "title").text = title
    for article in articles:
        item = ET.SubElement(channel, "item")
        ET.SubElement(item, "guid", isPermaLink="false").text = article.id
        ET.SubElement(item, "title").text = article.title
        ET.SubElement(item, "link").text = article.url
        ET.SubElement(item, "description").text = article.summary
        if article.published:
            ET.SubElement(item, "pubDate").text = format_datetime(article.published)
    document: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def _published(article: Article) -> datetime:
    return (article.published or article.first_seen).replace(microsecond=0)


def _is_current(request: Request, etag: str, modified: datetime) -> bool:
    """Whether the client has this already. An ETag rules over a date (RFC 9110, 13.1.3)."""
    if "if-none-match" in request.headers:
        return request.headers["if-none-match"] == etag
    since = request.headers.get("if-modified-since")
    return since is not None and modified <= parsedate_to_datetime(since)
