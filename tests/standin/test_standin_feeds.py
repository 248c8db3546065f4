from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import feedparser
import httpx
import pytest

from matcher.vocabulary import Article
from standin.feeds import FeedServer
from standin.wire import Response

MOMENT = datetime(2018, 1, 8, 20, 40, tzinfo=UTC)
WALKS_AWAY = Article(
    "story-15", "AT&T walks away", MOMENT, MOMENT, url="https://example.org/15", summary="On the <eve> of it."
)


@pytest.fixture
async def feeds() -> AsyncIterator[FeedServer]:
    async with FeedServer() as server:
        server.publish("wire", WALKS_AWAY)
        yield server


async def test_articles_are_served_as_rss(feeds: FeedServer) -> None:
    """A reader finds the article as it was published."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(feeds.url("wire"))

    (entry,) = feedparser.parse(answer.content).entries
    assert (entry.id, entry.title, entry.link) == ("story-15", "AT&T walks away", "https://example.org/15")
    assert entry.published == "Mon, 08 Jan 2018 20:40:00 +0000"


@pytest.mark.parametrize(("validator", "header"), [("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")])
async def test_a_known_feed_is_not_sent_again(feeds: FeedServer, validator: str, header: str) -> None:
    """Either validator alone is answered with 304 until something new is published."""
    async with httpx.AsyncClient() as client:
        first = await client.get(feeds.url("wire"))
        known = {header: first.headers[validator]}
        second = await client.get(feeds.url("wire"), headers=known)
        feeds.publish("wire", Article("story-16", "AT&T pulls out", MOMENT, MOMENT + timedelta(hours=1)))
        third = await client.get(feeds.url("wire"), headers=known)

    assert [answer.status_code for answer in (first, second, third)] == [200, 304, 200]
    assert (feeds.requests["wire"], feeds.conditional["wire"], feeds.not_modified["wire"]) == (3, 2, 1)
    assert second.content == b""


async def test_a_feed_can_fail_and_recover(feeds: FeedServer) -> None:
    """A scripted answer holds until the next article; an unknown feed is not found."""
    feeds.answer_instead("wire", Response(503, b"later"))
    async with httpx.AsyncClient() as client:
        failed = await client.get(feeds.url("wire"))
        feeds.publish("wire")
        recovered = await client.get(feeds.url("wire"))
        unknown = await client.get(feeds.url("nothing"))

    assert [answer.status_code for answer in (failed, recovered, unknown)] == [503, 200, 404]
