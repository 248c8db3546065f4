"""The full text of articles, for feeds that carry only their beginning.

Only what names a party of a tracked deal is looked up, a few pages a poll, as politely as feeds are fetched, and only
where the site's robots.txt allows it. The article is already taken in by then: its page is a fuller version of it.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime

from feeds.fetch import Fetched, Fetcher, FetchError, Validators
from feeds.intake import Batch, Intake, take
from feeds.pages import Robots
from feeds.parse import ParseError
from matcher.vocabulary import Article
from models.database import Database
from models.feed import Feed

logger = logging.getLogger(__name__)

PAGES = 5
"""Pages that are read after one poll."""

ReadPage = Callable[[bytes, str, str], Awaitable[str]]
"""Body, content type and address of a web page → its main text. Raises :class:`ParseError`."""


class PageReader:
    """Reads the pages of articles."""

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        read_page: ReadPage,
        intake: Intake,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._read_page = read_page
        self._intake = intake
        self._clock = clock
        self._stopping = False
        self._robots = Robots(self._body, clock)

    def stop(self) -> None:
        """Fetch no further page."""
        self._stopping = True

    async def read(self, feed: Feed, articles: Mapping[int, Article]) -> None:
        """Take in the full text of the feed's new articles (by the rows of their entries) that name a party.

        A page that cannot be had changes nothing: the article stays as the feed had it.
        """
        wanted = [(row, article) for row, article in articles.items() if self._intake.concerns(article)]
        for row, article in wanted[:PAGES]:
            if self._stopping:
                return
            try:
                text = await self._text(article.url)
                if text:
                    await self._take(feed, row, replace(article, id=f"{article.id} page", body=text))
            except Exception:  # the feed itself is stored by now: this must not count as its failure
                logger.exception("page could not be taken in", extra={"feed": feed.id})

    async def _text(self, url: str) -> str:
        try:
            if not url or not await self._robots.allows(url):
                return ""
            answer = await self._fetcher.fetch(url, Validators())
            if isinstance(answer, Fetched):
                return await self._read_page(answer.body, answer.content_type, answer.url)
        except (FetchError, ParseError) as error:
            logger.info("page not read", extra={"reason": str(error)})
        return ""

    async def _body(self, url: str) -> bytes:
        answer = await self._fetcher.fetch(url, Validators())
        return answer.body if isinstance(answer, Fetched) else b""

    async def _take(self, feed: Feed, row: int, article: Article) -> None:
        async with self._database.write() as session:
            telling = await self._intake.read(session, [replace(article, first_seen=self._clock())])
            await take(session, telling, Batch(feed.id, entries={article.id: row}, revised={article.id}))
