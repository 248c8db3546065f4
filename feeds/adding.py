"""Adding a feed by any address that a person has at hand: the feed's own, or that of a page that offers feeds.

::

    address → fetch → a feed: added, and its first document taken in
                    → a page: its one feed is added, or the choice is the person's
                    → a page that offers none: the usual places of its site are tried
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urldefrag

from feeds.discovery import FeedLink, usual_places
from feeds.fetch import UNASKED, Fetched, Fetcher, FetchError, Refused, TooMany, Validators
from feeds.parse import ParsedFeed, ParseError, WebPage
from feeds.poll import Parser, Poller
from feeds.reasons import asked_once
from matcher.vocabulary import Trust
from models import feed as feeds
from models.database import Database
from models.wording import WordedError, Wording

PATIENCE = timedelta(minutes=1)
"""While the first document is being taken in, the poller leaves the feed alone."""


class NoFeedError(WordedError):
    """No feed was found at the address; its words say why and what to do."""


@dataclass(frozen=True, slots=True)
class Added:
    """A feed that is polled from now on."""

    url: str
    title: str
    entries: int
    """Entries in its first document, which was taken in."""


@dataclass(frozen=True, slots=True)
class AlreadyPolled:
    """A feed that is polled already; nothing changed."""

    url: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Several feeds, one of which the person meant."""

    links: Sequence[FeedLink]


@dataclass(frozen=True, slots=True)
class _Found:
    url: str
    answer: Fetched
    parsed: ParsedFeed


class Adder:
    """Adds feeds for the owner."""

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        parser: Parser,
        poller: Poller,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._parser = parser
        self._poller = poller
        self._clock = clock
        self._looking: set[asyncio.Task[_Found | Choice]] = set()

    async def add(
        self, address: str, *, title: str = "", trust: Trust = Trust.UNVETTED
    ) -> Added | AlreadyPolled | Choice:
        """Poll the feed at this address from now on, under ``title`` or its own. Raises :class:`NoFeedError`."""
        url, _ = urldefrag(address if "://" in address else f"https://{address}")
        async with self._database.read() as session:
            feed = await feeds.by_url(session, url)
        if feed and feed.stopped_at is None:
            return AlreadyPolled(url)
        try:
            found = await self._interruptible(self._find(url))
        except (FetchError, ParseError) as error:
            raise NoFeedError(asked_once(error.wording)) from error
        return found if isinstance(found, Choice) else await self._add(found, title, trust)

    def stop(self) -> None:
        """Break off what is being looked for: the person is told to ask again."""
        for looking in self._looking:
            looking.cancel()

    async def _interruptible(self, finding: Coroutine[Any, Any, _Found | Choice]) -> _Found | Choice:
        looking = asyncio.create_task(finding)
        self._looking.add(looking)
        try:
            return await looking
        except asyncio.CancelledError:
            if not looking.cancelled():  # it is the one who asked that was cancelled
                looking.cancel()
                raise
            raise NoFeedError(Wording("Hearsay is being stopped; ask again when it runs.")) from None
        finally:
            self._looking.discard(looking)

    async def _find(self, url: str) -> _Found | Choice:
        answer = await self._fetch(url)
        try:
            return await self._parse(url, answer)
        except WebPage:
            links = await self._parser.find_feeds(answer.body, answer.content_type, answer.url)
        if len(links) > 1:
            return Choice(links)
        if links:
            return await self._parse(links[0].url, await self._fetch(links[0].url))
        return await self._guess(answer.url)

    async def _guess(self, url: str) -> _Found:
        for place in usual_places(url):
            try:
                return await self._parse(place, await self._fetch(place))
            except TooMany:  # it asks for fewer visits: not the moment to try more places
                raise
            except (Refused, ParseError):
                continue  # the next one; if none is a feed, the person is told
        raise NoFeedError(
            Wording("This page names no feed, and none is at the usual places; look for a link “RSS” on the site.")
        )

    async def _fetch(self, url: str) -> Fetched:
        answer = await self._fetcher.fetch(url, Validators())
        if not isinstance(answer, Fetched):
            raise NoFeedError(asked_once(UNASKED))
        return answer

    async def _parse(self, url: str, answer: Fetched) -> _Found:
        parsed = await self._parser.parse(answer.body, answer.content_type, answer.url)
        return _Found(answer.moved_to or url, answer, parsed)

    async def _add(self, found: _Found, title: str, trust: Trust) -> Added | AlreadyPolled:
        title = title or found.parsed.title
        async with self._database.write() as session:
            if not await feeds.add(session, found.url, title, trust, not_before=self._clock() + PATIENCE):
                return AlreadyPolled(found.url)
            feed = await feeds.by_url(session, found.url)
        if feed is None:
            return AlreadyPolled(found.url)
        await self._poller.take_first(feed, found.answer, found.parsed)
        return Added(found.url, feed.title, len(found.parsed.entries))
