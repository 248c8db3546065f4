"""What is due → fetch → parse → recognise → read → take.

::

    models.feed.due               the feeds whose next check has come, one after the other for each host
      → Fetcher.fetch             one conditional GET, no transaction open
      → Parser.parse              bytes → ParsedFeed, in another process; not if the bytes are those of last time
      → identity.recognise        which entries are new, and which were edited
      → Intake.read               what they say about the tracked deals
      → entry.remember ─┐
      → intake.take     ├         one transaction, with the validators and the next check
      → feed.save      ─┘
      → PageReader.read           the full text of what names a party, where the owner wants that

Where nothing changed, only the feed's own row is written, many of them in one transaction. A failure is a row too: the
feed's own, with the reason in plain words. The other feeds go on.
"""

import asyncio
import logging
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncSession

from feeds import identity, progress
from feeds.discovery import FeedLink
from feeds.fetch import Answer, Fetched, Fetcher, FetchError, Place, Validators
from feeds.fulltext import PageReader
from feeds.identity import Recognised
from feeds.intake import Batch, Intake, Told, take
from feeds.parse import Entry, ParsedFeed, ParseError
from feeds.progress import Read, Times
from matcher.cues import LANGUAGES
from matcher.vocabulary import Article
from models import entry as entries
from models import feed as feeds
from models import outbox
from models.database import Database
from models.entry import Marks
from models.feed import Feed, Trouble
from models.notice import Notice, told_of_all
from models.wording import Wording

logger = logging.getLogger(__name__)

COURTESY_SECONDS = 0.1
"""How long a document waits while somebody is being answered: most answers take less, and news must not wait long."""
READ_AT_ONCE = 2
"""Documents that are compared with what is known: else a round of polls would take all connections to the database,
and whoever asks the bot something would wait for it."""
AT_ONCE = 128
"""Feeds polled at the same time. Most of them wait for their servers: slow ones must not keep the others out."""

IN_HAND, OF_ONE_HOST = 1024, 8
"""Feeds that are taken in hand at once, and of them those of one host, which are polled one by one."""

CATCH_UP = 5
"""So many entries of a known feed, and not one of them known: it was renumbered, or not read for long."""

LINGER = timedelta(seconds=0.05)
"""How long the outcome of a poll waits for others, to be stored together with them: a commit costs more than a poll."""

ALL_FAIL = Wording(
    "No feed at all can be read, so it is probably your own network or its name server. See whether this machine "
    "reaches the web."
)

_NOTHING_NEW = Wording("It answers, but has brought nothing new for much longer than ever before.")
_MOVED_TO_ANOTHER = Wording(
    "It moved to an address that you follow already, so it is not asked any more; remove this one."
)

PATIENCE_SECONDS = 5.0
"""How long a stop waits for what was fetched already: it would have to be fetched again at the next start."""

UNCERTAIN = ""
READ = (UNCERTAIN, *LANGUAGES)
"""The languages of articles that are read."""


class Parser(Protocol):
    """What reads documents: :class:`feeds.worker.ParserProcess`, in a process of its own."""

    async def parse(self, body: bytes, content_type: str, url: str) -> ParsedFeed:
        """Read a feed. Raises :class:`ParseError`."""

    async def find_feeds(self, body: bytes, content_type: str, url: str) -> list[FeedLink]:
        """The feeds that a web page offers. Raises :class:`ParseError`."""

    async def read_page(self, body: bytes, content_type: str, url: str) -> str:
        """The main text of a web page. Raises :class:`ParseError`."""

    async def language(self, text: str) -> str:
        """The language's code (ISO 639-1); empty if it is not certain. Raises :class:`ParseError`."""


@dataclass(frozen=True, slots=True)
class Document:
    """A feed document that was read, with what its entries are recognised by."""

    digest: str
    parsed: ParsedFeed
    marks: Sequence[Marks]

    @classmethod
    def of(cls, digest: str, parsed: ParsedFeed) -> "Document":
        """Make the marks of every entry."""
        return cls(digest, parsed, [identity.marks(entry) for entry in parsed.entries])


@dataclass(frozen=True, slots=True)
class News:
    """What a document brought: its entries told apart, and the articles among them that speak of a deal."""

    recognised: Recognised
    remarked: Mapping[int, int]
    """The rows of known entries whose marks changed in any way, with their places in the document."""
    left: Collection[int]
    """The rows of entries that the document has no longer."""
    back: Collection[int]
    """The rows of entries that it has again."""
    articles: Mapping[int, Article]
    """The new and the edited ones, by their place in the document."""
    telling: Sequence[Told]
    first_fetch: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a poll ended: the feed's row as it is to be stored, and what else follows."""

    feed: Feed
    trouble: Trouble | None
    """What the owner must be told of."""
    moved_to: str | None = None
    """The feed's new address."""


class Poller:
    """Polls every feed that is due.

    ``floor`` is the usual time between two checks of one feed; ``linger`` is how long an outcome waits for others, to
    be stored together with them. People go first: before work that takes the processor, the poller waits for ``quiet``,
    though never for long.
    """

    def __init__(
        self,
        database: Database,
        fetcher: Fetcher,
        parser: Parser,
        clock: Callable[[], datetime],
        *,
        floor: timedelta,
        chance: Callable[[], float] = random.random,
        linger: timedelta = timedelta(0),
        quiet: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._database = database
        self._quiet = quiet
        self._fetcher = fetcher
        self._parser = parser
        self._clock = clock
        self._floor = floor
        self._chance = chance
        self._linger = linger.total_seconds()
        self.intake = Intake()
        self._pages = PageReader(database, fetcher, parser.read_page, self.intake, clock)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._visits: set[asyncio.Task[None]] = set()
        self._polls: dict[asyncio.Task[None], asyncio.Event] = {}  # with the sign that its document is fetched
        self._under_way: set[int] = set()
        self._hosts: set[str] = set()  # where something is being fetched
        self._unsaved: dict[int, Outcome] = {}
        self._saving = asyncio.Lock()
        self._reading = asyncio.Semaphore(READ_AT_ONCE)
        self._choosing = asyncio.Lock()
        self._resting: dict[int, datetime] = {}

    async def poll_due(self) -> None:
        """Poll the feeds that are due now, and return when each is done or has failed."""
        while tasks := await self.start_due():
            await asyncio.wait(tasks)

    async def start_due(self) -> Collection[asyncio.Task[None]]:
        """Start to poll feeds that are due now, one after the other for each host.

        May be called again meanwhile: a feed that is being polled is left alone, so a slow one holds up nobody. At most
        :data:`IN_HAND` feeds are taken in hand; the next call takes more.
        """
        async with self._choosing:
            return await self._start_some(self._clock())

    async def _start_some(self, now: datetime) -> Collection[asyncio.Task[None]]:
        # Noted before the snapshot is taken: what is in hand now looks due in it even if its poll ends meanwhile.
        in_hand, hosts = set(self._under_way), set(self._hosts)
        async with self._database.read() as session:
            await self.intake.refresh(session)
            free = [
                (row, url)
                for row, url in await feeds.due(session, now)
                if row not in in_hand and _host(url) not in hosts and self._resting.get(row, now) <= now
            ]
            due = await feeds.by_ids(session, _some(free, IN_HAND - len(in_hand)))
        self._under_way.update(feed.id for feed in due)
        # Whatever goes wrong here, the publishers are not to suffer: a feed rests until its outcome is stored.
        self._resting |= {feed.id: now + self._floor for feed in due}
        by_host: dict[str, list[Feed]] = defaultdict(list)
        for feed in due:
            by_host[_host(feed.url)].append(feed)
        self._hosts.update(by_host)
        tasks = [asyncio.create_task(self._visit(host, group)) for host, group in by_host.items()]
        for task in tasks:
            self._visits.add(task)
            task.add_done_callback(self._visits.discard)
        return tasks

    async def stop(self) -> None:
        """Start no further fetch and break off those under way; what was fetched already is taken in, for a moment."""
        self._pages.stop()
        for visit in self._visits:
            visit.cancel()
        for poll, fetched in self._polls.items():
            if not fetched.is_set():
                poll.cancel()
        if self._polls:
            _, late = await asyncio.wait(self._polls, timeout=PATIENCE_SECONDS)
            for poll in late:
                poll.cancel()
        await asyncio.gather(*self._visits, *self._polls, return_exceptions=True)

    async def take_first(self, feed: Feed, answer: Fetched, parsed: ParsedFeed) -> None:
        """Take in the first document of a feed that was fetched already, in order to look at it."""
        async with self._database.read() as session:
            await self.intake.refresh(session)
        await self._take(feed, answer, Document.of(sha256(answer.body).hexdigest(), parsed))

    async def _visit(self, host: str, group: Sequence[Feed]) -> None:
        """Poll the feeds of one host: the next is fetched only when the one before was."""
        polls = []
        try:
            for feed in group:
                fetched = asyncio.Event()
                poll = asyncio.create_task(self._poll(feed, fetched))
                polls.append(poll)
                self._polls[poll] = fetched
                poll.add_done_callback(self._polls.pop)
                await fetched.wait()
        finally:
            self._hosts.discard(host)
        await asyncio.wait(polls)

    async def _poll(self, feed: Feed, fetched: asyncio.Event) -> None:
        try:
            outcome = await self._outcome(feed, fetched)
            if outcome:
                await self._save(outcome)
        finally:
            self._under_way.discard(feed.id)

    async def _outcome(self, feed: Feed, fetched: asyncio.Event) -> Outcome | None:
        before, place = feed.progress, Place(self._places)
        try:
            return await self._look(feed, fetched, place)
        except (FetchError, ParseError) as error:
            return self._failed(feed, before, error, error.wording)
        except Exception as error:  # one feed's surprise must not stop the others; it is logged and shown
            logger.exception("feed poll crashed", extra={"feed": feed.id})
            kind = {"error": type(error).__name__}
            reason = Wording("Hearsay itself failed on this feed ({error}); see the log", kind)
            return self._failed(feed, before, error, reason)
        finally:
            fetched.set()
            place.give_back()

    async def _look(self, feed: Feed, fetched: asyncio.Event, place: Place) -> Outcome | None:
        """What is still to be stored; None if it was, together with the news."""
        try:
            answer = await self._fetcher.fetch(feed.url, Validators(feed.etag, feed.last_modified), place)
        finally:
            fetched.set()
        if not isinstance(answer, Fetched):
            return self._succeeded(feed, answer, None, self._times())
        digest = sha256(answer.body).hexdigest()
        if digest == feed.digest:
            return self._succeeded(feed, answer, None, self._times())
        parsed = await self._parser.parse(answer.body, answer.content_type, answer.url)
        articles = await self._take(feed, answer, Document.of(digest, parsed))
        if feed.full_text:
            await self._pages.read(feed, articles)
        return None

    def _succeeded(self, feed: Feed, answer: Answer, read: Read | None, times: Times) -> Outcome:
        trouble = progress.succeeded(feed, answer, read, times)
        moved_to = progress.proven_move(feed, answer, is_feed=isinstance(answer, Fetched), now=times.now)
        return Outcome(feed, trouble, moved_to)

    def _failed(self, feed: Feed, before: Mapping[str, Any], error: Exception, reason: Wording) -> Outcome:
        """Note the failure, and nothing of what came before it: what was not stored is not known."""
        feed.progress = before
        logger.warning("feed check failed", extra={"feed": feed.id, "reason": str(reason)})
        return Outcome(feed, progress.failed(feed, error, reason, self._times()))

    async def _take(self, feed: Feed, answer: Fetched, document: Document) -> Mapping[int, Article]:
        """Take in a document; the new articles in it, by the rows of their entries."""
        times = self._times()
        async with self._reading:
            await self._give_way()
            async with self._database.read() as session:
                await feeds.refresh(session, feed)
                news = await self._tell_apart(session, feed, document, times.now)
        telling = await self._readable(news.telling)
        await self._give_way()
        async with self._database.write() as session:
            if not await feeds.exists(session, feed):  # removed while it was being fetched
                return {}
            rows = await _remember(session, feed, document, news, times.now)
            origin = {article.id: rows[place] for place, article in news.articles.items()}
            revised = {news.articles[place].id for place in news.recognised.edited}
            await take(session, telling, Batch(feed.id, news.first_fetch, origin, revised))
            dates = [entry.published for entry in document.parsed.entries if entry.published]
            new = len(news.recognised.new)
            read = Read(document.digest, document.parsed.update_every, new, dates)
            await _store(session, [self._succeeded(feed, answer, read, times)])
        self._rested([feed])
        return {rows[place]: news.articles[place] for place in news.recognised.new}

    async def _tell_apart(self, session: AsyncSession, feed: Feed, document: Document, now: datetime) -> News:
        present = await entries.present(session, feed.id) if feed.entries_seen else entries.NONE
        departed = entries.NONE
        found = identity.recognise(document.marks, present)
        if found.new and feed.entries_seen:
            departed = await entries.departed(session, feed.id, [document.marks[place] for place in found.new])
        if departed:
            found = identity.recognise(document.marks, {**present, **departed})
        known, there = {**present, **departed}, {**found.edited, **found.unchanged}
        remarked = {row: place for place, row in there.items() if document.marks[place] != known[row]}
        rows = set(there.values())
        # Publishers put the newest first; of entries without a date, it has to act last.
        places = sorted({*found.new, *found.edited}, reverse=True)
        edited = {place: known[row] for place, row in found.edited.items()}
        articles = {place: _article(feed, document, place, now, edited.get(place)) for place in places}
        telling = await self.intake.read(session, articles.values())
        first = _is_first(feed, found)
        return News(found, remarked, present.keys() - rows, departed.keys() & rows, articles, telling, first)

    async def _readable(self, telling: Sequence[Told]) -> Sequence[Told]:
        """Those in a language that the matcher reads, as far as that is certain."""
        return [told for told in telling if await self._language(told.article) in READ]

    async def _language(self, article: Article) -> str:
        try:
            return await self._parser.language("\n".join((article.title, article.summary, article.body[:1000])))
        except ParseError:  # a text that defeats the detector is read all the same
            return UNCERTAIN

    async def _give_way(self) -> None:
        if self._quiet:
            with suppress(TimeoutError):
                async with asyncio.timeout(COURTESY_SECONDS):
                    await self._quiet()

    async def _save(self, outcome: Outcome) -> None:
        """Store the outcome, and in the same transaction those of all other polls that ended meanwhile."""
        self._unsaved[outcome.feed.id] = outcome
        async with self._saving:
            if outcome.feed.id not in self._unsaved:  # it went with those before
                return
            await asyncio.sleep(self._linger)
            outcomes, self._unsaved = list(self._unsaved.values()), {}
            try:
                async with self._database.write() as session:
                    await _store(session, outcomes)
            except Exception:
                logger.exception("feed checks could not be stored", extra={"feeds": len(outcomes)})
                self._resting |= {outcome.feed.id: outcome.feed.next_check_at for outcome in outcomes}
            else:
                self._rested(outcome.feed for outcome in outcomes)

    def _rested(self, stored: Iterable[Feed]) -> None:
        for feed in stored:
            self._resting.pop(feed.id, None)

    def _times(self) -> Times:
        return Times(self._clock(), self._floor, self._chance())


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # brackets that hold no IPv6 address: the fetch will say so
        return url


def _some(due: Sequence[tuple[int, str]], number: int) -> Sequence[int]:
    """The first so many rows, but not too many of one host."""
    places: Counter[str] = Counter()
    rows = []
    for row, url in due:
        host = _host(url)
        places[host] += 1
        if places[host] <= OF_ONE_HOST:
            rows.append(row)
    return rows[: max(number, 0)]


async def _store(session: AsyncSession, outcomes: Sequence[Outcome]) -> None:
    await feeds.save(session, [outcome.feed for outcome in outcomes])
    for outcome in outcomes:
        if outcome.trouble is Trouble.FAILING and await feeds.none_answers(session):
            await _tell_of_all(session, outcome.feed)
        elif outcome.trouble:
            await _tell_owner(session, outcome.feed, outcome.trouble, outcome.feed.error or _NOTHING_NEW)
        if outcome.moved_to:
            await _move(session, outcome.feed, outcome.moved_to)


async def _move(session: AsyncSession, feed: Feed, target: str) -> None:
    """Follow the feed to its new address. If that is polled already, one of the two is enough."""
    moved = await feeds.rename(session, feed, target)
    logger.info("feed moved", extra={"feed": feed.id, "known": not moved})
    if not moved and feed.checked_at:
        feed.error = _MOVED_TO_ANOTHER
        trouble = progress.ended(feed, feed.checked_at)
        await feeds.save(session, [feed])
        if trouble:
            await _tell_owner(session, feed, trouble, feed.error)


async def _tell_of_all(session: AsyncSession, feed: Feed) -> None:
    """One message for all feeds: it is hardly their fault. What still fails when others answer is told by itself."""
    if await told_of_all(session):
        feed.told = None
        await feeds.save(session, [feed])
    else:
        await _tell_owner(session, feed, Trouble.FAILING, ALL_FAIL)


async def _tell_owner(session: AsyncSession, feed: Feed, trouble: Trouble, reason: Wording) -> None:
    if feed.checked_at and await feeds.exists(session, feed):
        notice = Notice(feed_id=feed.id, at=feed.checked_at, trouble=trouble, reason=reason)
        await outbox.post_notice(session, notice, feed.checked_at)


async def _remember(
    session: AsyncSession, feed: Feed, document: Document, news: News, now: datetime
) -> Mapping[int, int]:
    """Keep what the document has and what it lost; the rows of its entries, by their place in it."""

    def titled(place: int) -> tuple[str, Marks]:
        return document.parsed.entries[place].title, document.marks[place]

    found = news.recognised
    new = await entries.remember(session, feed.id, [titled(place) for place in found.new], now)
    await entries.revise(session, {row: titled(place) for row, place in news.remarked.items()})
    await entries.mark(session, news.left, now)
    await entries.mark(session, news.back, None)
    return {**found.unchanged, **found.edited, **dict(zip(found.new, new, strict=True))}


def _is_first(feed: Feed, found: Recognised) -> bool:
    """Whether old entries are no news: nothing of the feed was ever read, or nothing that was read is there."""
    if not feed.entries_seen:
        return True
    return len(found.new) >= CATCH_UP and not found.edited and not found.unchanged


def _article(feed: Feed, document: Document, place: int, now: datetime, before: Marks | None) -> Article:
    """An article as the entry has it now; ``before`` are the marks of what it was, if it was edited."""
    entry, marks = document.parsed.entries[place], document.marks[place]
    headline_edited = before is not None and before.title != marks.title
    return Article(
        id=f"{feed.url} {entry.key} {marks.text}",
        title=entry.title,
        summary=entry.summary,
        body=entry.body,
        first_seen=now,
        published=_edited_at(entry, now, headline_edited=headline_edited) if before else entry.published,
        day_only=entry.day_only,
        outlet=entry.outlet or feed.title,
        url=entry.url,
        trust=feed.trust,
    )


def _edited_at(entry: Entry, now: datetime, *, headline_edited: bool) -> datetime | None:
    """When an edited article spoke: as the feed says; else now, if it has a new headline; else when it first did."""
    told = [moment for moment in (entry.published, entry.updated) if moment and moment <= now]
    if entry.updated is None and headline_edited:
        return now
    return max(told, default=entry.published)
