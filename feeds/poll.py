"""What is due → fetch → parse → intake.

::

    models.feed.due               the feeds whose next check has come
      → Fetcher.fetch             one conditional GET, no transaction open
      → parse                     bytes → ParsedFeed, off the event loop
      → models.feed.new_entries ─┐
      → Intake.take              ├ one transaction, with the validators and the next check
      → schedule.next_check     ─┘

A failure is a row too: the feed's own, with the reason in plain words. The other feeds go on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from feeds.fetch import Fetched, Fetcher, FetchError, NotModified, Validators
from feeds.intake import Intake
from feeds.parse import Entry, ParsedFeed, ParseError
from feeds.schedule import next_check
from matcher.vocabulary import Article
from models import feed as feeds
from models.database import Database
from models.feed import Feed

logger = logging.getLogger(__name__)

AT_ONCE = 8
"""Feeds polled at the same time: slow servers overlap, and a small machine is not flooded."""

Parse = Callable[[bytes, str, str], Awaitable[ParsedFeed]]
"""Body, content type and address of a feed document → what is in it."""


class Poller:
    """Polls every feed that is due. ``floor`` is the least time between two checks of one feed."""

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        parse: Parse,
        clock: Callable[[], datetime],
        *,
        floor: timedelta,
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._parse = parse
        self._clock = clock
        self._floor = floor
        self.intake = Intake()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[int] = set()

    async def poll_due(self) -> None:
        """Poll the feeds that are due now, and return when each is done or has failed.

        May be called again meanwhile: a feed that is being polled is left alone, so a slow one holds up nobody.
        """
        async with self._database.read() as session:
            due = await feeds.due(session, self._clock())
        await asyncio.gather(*(self._poll(feed) for feed in due if feed.id not in self._under_way))

    async def _poll(self, feed: Feed) -> None:
        self._under_way.add(feed.id)
        try:
            async with self._places:
                await self._look_or_say_why(feed)
        finally:
            self._under_way.discard(feed.id)

    async def _look_or_say_why(self, feed: Feed) -> None:
        try:
            await self._look(feed)
        except (FetchError, ParseError) as error:
            await self._failed(feed, str(error), getattr(error, "retry_after", None))
        except Exception as error:  # one feed's surprise must not stop the others; it is logged and shown
            logger.exception("feed poll crashed", extra={"feed": feed.id})
            await self._failed(feed, f"Hearsay itself failed on this feed ({type(error).__name__}); see the log", None)

    async def _look(self, feed: Feed) -> None:
        answer = await self._fetcher.fetch(feed.url, Validators(feed.etag, feed.last_modified))
        parsed = None
        if isinstance(answer, Fetched):
            parsed = await self._parse(answer.body, answer.content_type, answer.url)
        now = self._clock()
        async with self._database.write() as session:
            row = await session.get(Feed, feed.id)
            if row is None:  # removed while it was being fetched
                return
            if parsed is not None:
                # Publishers put the newest first; of entries without a date, it has to act last.
                entries = {entry.key: entry for entry in reversed(parsed.entries)}
                titles = {key: entry.title for key, entry in entries.items()}
                unseen = await feeds.new_entries(session, row.id, titles, now)
                articles = [_article(entry, row, now) for key, entry in entries.items() if key in unseen]
                await self.intake.take(session, articles, feed_id=row.id, first_fetch=row.succeeded_at is None)
            self._succeeded(row, answer, now)

    def _succeeded(self, row: Feed, answer: Fetched | NotModified, now: datetime) -> None:
        row.etag, row.last_modified = answer.validators.etag, answer.validators.last_modified
        row.checked_at = row.succeeded_at = now
        row.failures, row.error = 0, None
        row.next_check_at = next_check(now, floor=self._floor, max_age=answer.max_age)

    async def _failed(self, feed: Feed, reason: str, retry_after: timedelta | None) -> None:
        now = self._clock()
        logger.warning("feed check failed", extra={"feed": feed.id, "reason": reason})
        async with self._database.write() as session:
            row = await session.get(Feed, feed.id)
            if row is None:
                return
            row.checked_at, row.error = now, reason
            row.failures += 1
            row.next_check_at = next_check(now, floor=self._floor, retry_after=retry_after, failures=row.failures)


def _article(entry: Entry, feed: Feed, now: datetime) -> Article:
    return Article(
        id=f"{feed.url} {entry.key}",  # the row's id may be given to another feed once this one is removed
        title=entry.title,
        summary=entry.summary,
        body=entry.body,
        first_seen=now,
        published=entry.published,
        day_only=entry.day_only,
        outlet=entry.outlet or feed.title,
        url=entry.url,
        trust=feed.trust,
    )
