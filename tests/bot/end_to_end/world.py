"""The program in the invented world: feeds that fail now and then, a Telegram that does, readers who come and go.

Time stands until the next feed is due, so feeds are read one by one, and what they served and whom the program was told
to serve is one list of events in their true order: what the reckoning goes by.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import httpx
from running_bot import Clock
from sqlalchemy import func, select
from standin.faults import Drop, Fault, Garbled, Reset, blocked, flooded, gateway, unavailable
from standin.telegram import Telegram
from ticker import Ticker

from bot.app import Program, Surroundings
from bot.jobs import Pace
from bot.settings import Settings
from end_to_end.headlines import SUMMARY
from end_to_end.press import DAY, START, Entry, Press, Tracked
from end_to_end.reckoning import EVERYTHING, Event, Followed, Served
from feeds.addresses import PrivateHosts
from matcher import vocabulary
from matcher.vocabulary import Party
from models import feed as feeds
from models import imports, owner
from models.database import Database
from models.feed import Feed
from models.outbox import Letter
from models.watchlist import WatchlistDeal

OWNER = 9
MIGRATING, MIGRATED = -700, -1_000_000_000_700
WINDOW = 40
"""Items in a feed's document: enough that no two documents, however late the second, have nothing in common."""
ITEMS_A_POLL = 3
"""What is new in a document, on average."""
PATIENCE = 2 * DAY
"""For the last letter to arrive."""
NEVER = Pace(poll=3600, deliver=3600, tidy=3600)


class Web:
    """All feeds. ``clock`` tells what has appeared; two failures in a row at most, so that nothing is late for days."""

    def __init__(self, press: Press, dice: random.Random, clock: Clock, journal: list[Event]) -> None:
        self.faults = Counter[str]()
        self._dice = dice
        self._clock = clock
        self._journal = journal
        self._outlets = {outlet.url: outlet for outlet in press.outlets}
        by_outlet = sorted(press.entries, key=lambda entry: entry.outlet.url)  # stable: those of one in their order
        groups = groupby(by_outlet, key=lambda entry: entry.outlet.url)
        self._coming = {url: list(reversed(list(entries))) for url, entries in groups}
        self._shown: dict[str, dict[str, Entry]] = {url: {} for url in self._outlets}
        self._failures = Counter[str]()
        self._max_age = press.size.days * DAY * press.size.outlets * ITEMS_A_POLL / press.size.articles

    def __call__(self, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        if self._failures[url] < 2 and self._dice.random() < 0.06:
            self._failures[url] += 1
            return self._fail(request)
        self._failures[url] = 0
        entries = self._entries(url)
        body = _rss(entries)
        tag = f'"{sha256(body).hexdigest()[:16]}"'
        headers = {
            "ETag": tag,
            "Cache-Control": f"max-age={self._max_age.total_seconds():.0f}",
            "Content-Type": "application/rss+xml",
        }
        if request.headers.get("If-None-Match") == tag:
            return httpx.Response(304, headers=headers)
        self._journal.append(Served(self._clock(), self._outlets[url], entries))
        return _off_the_wire(httpx.Response(200, headers=headers, content=body))

    def _entries(self, url: str) -> Sequence[Entry]:
        """What the feed shows now, newest first; an edited item stands where it stood."""
        coming, shown = self._coming[url], self._shown[url]
        while coming and coming[-1].appears <= self._clock():
            entry = coming.pop()
            shown[entry.guid] = entry
        return list(reversed(shown.values()))[:WINDOW]

    def _fail(self, request: httpx.Request) -> httpx.Response:
        kind = self._dice.choice(("5xx", "timeout", "connection refused", "cut off", "503 with Retry-After", "no feed"))
        self.faults[f"feed: {kind}"] += 1
        match kind:
            case "timeout":
                raise httpx.ReadTimeout("the feed's server does not answer", request=request)
            case "connection refused":
                raise httpx.ConnectError("nobody listens", request=request)
            case "cut off":
                return _off_the_wire(httpx.Response(200, content=_rss([])[:60]))
            case "503 with Retry-After":
                return _off_the_wire(httpx.Response(503, headers={"Retry-After": "7200"}))
            case "no feed":
                return _off_the_wire(httpx.Response(200, content=b"<html><p>We are moving house.</p></html>"))
        return _off_the_wire(httpx.Response(500))


def _off_the_wire(answer: httpx.Response) -> httpx.Response:
    """As a stream: a body that is given as a whole counts as read already."""
    return httpx.Response(answer.status_code, headers=answer.headers.raw, stream=httpx.ByteStream(answer.content))


def _rss(entries: Sequence[Entry]) -> bytes:
    items = "".join(
        f"<item><guid>{entry.guid}</guid><title>{escape(entry.title)}</title><description>{SUMMARY}</description>"
        f"<link>https://news.example/{entry.guid.replace(' ', '-')}</link>"
        f"<pubDate>{format_datetime(entry.published)}</pubDate></item>"
        for entry in entries
    )
    return f'<rss version="2.0"><channel><title>News</title>{items}</channel></rss>'.encode()


OUTAGE = unavailable(502)
FAULTS = (*Drop, *Reset, *Garbled, OUTAGE, unavailable(500), gateway(504), flooded(1), flooded(1))
"""What Telegram, or the way to it, does to a letter now and then."""


class Mishaps:
    """What goes wrong between the program and Telegram while letters are sent. Commands are answered in peace."""

    def __init__(self, dice: random.Random) -> None:
        self.faults = Counter[str]()
        self.quiet = True
        self.is_out = False
        """Whether Telegram takes nothing at all, for hours or days."""
        self._dice = dice

    def __call__(self, method: str, _: Mapping[str, Any]) -> Fault | None:
        if self.is_out and method in ("sendMessage", "getMe"):
            return self._count(OUTAGE)
        if self.quiet or method != "sendMessage" or self._dice.random() >= 0.04:
            return None
        return self._count(self._dice.choice(FAULTS))

    def _count(self, fault: Fault) -> Fault:
        self.faults[fault.kind] += 1
        return fault


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that somebody does at a time."""

    at: datetime
    act: Callable[[], Awaitable[object]]


class World:
    """One run of the program over everything that the press writes, for so many chats."""

    def __init__(
        self,
        press: Press,
        dice: random.Random,
        telegram: Telegram,
        path: Path,
        clock: Clock,
        *,
        readers: int,
        restarts: int,
    ) -> None:
        self.journal: list[Event] = []
        self.clock = clock
        clock.now = START
        self.mishaps = Mishaps(dice)
        self._restarts_due = 0
        self._press = press
        self._dice = dice
        self._telegram = telegram
        self._path = path
        self.web = Web(press, dice, self.clock, self.journal)
        self.chats = [MIGRATING, *range(-600, -597), *range(1001, 1001 + readers - 4)]
        self._following: dict[int, list[str]] = {chat: self._choice() for chat in self.chats}
        self._end = START + press.size.days * DAY
        self._happenings = sorted(self._plan(restarts), key=lambda happening: happening.at)
        random.seed(dice.random())  # by which feeds spread out

    async def live(self) -> None:
        """From the first poll to the last message."""
        self._telegram.fail_when(self.mishaps)
        await self._start()
        await self._set_up()
        try:
            while self.clock.now < self._end:
                await self._go_on()
            await self._finish()
        finally:
            await self._stop()

    # What goes on ----------------------------------------------------------------------------------------------------

    async def _go_on(self) -> None:
        """To the moment when the next feed is due: poll it, and send what came of it."""
        async with self.database.read() as session:
            due = await session.scalar(select(func.min(Feed.next_check_at)))
        self.clock.now = max(self.clock.now, due or self._end)
        while self._happenings and self._happenings[0].at <= self.clock.now:
            await self._happenings.pop(0).act()
        await self.program.poller.poll_due()
        await self._deliver()

    async def _deliver(self) -> None:
        self.mishaps.quiet = False
        delivering = asyncio.create_task(self.program.courier.deliver())
        interrupted = self._restarts_due > 0 and await self._is_sending(delivering)
        if interrupted:
            self.program.courier.stop()
        await delivering
        self.mishaps.quiet = True
        if interrupted:
            await self._restart()

    async def _finish(self) -> None:
        """Let everybody come back, and give the courier the time to send all that is left."""
        while self._happenings:
            await self._happenings.pop(0).act()
        while await self._letters_wait() and self.clock.now < self._end + PATIENCE:
            self.clock.advance(minutes=11)
            await self._deliver()

    async def _letters_wait(self) -> bool:
        waiting = select(Letter.id).where(Letter.sent_at.is_(None), Letter.abandoned_at.is_(None))
        async with self.database.read() as session:
            return await session.scalar(waiting.limit(1)) is not None

    async def _is_sending(self, delivering: asyncio.Task[None]) -> bool:
        """Wait until a letter is under way, or there was none; whether there is."""
        calls = len(self._telegram.calls("sendMessage"))
        sending = asyncio.create_task(self._telegram.called("sendMessage", calls + 1))
        await asyncio.wait({delivering, sending}, return_when=asyncio.FIRST_COMPLETED)
        sending.cancel()
        await asyncio.wait({sending})
        return not sending.cancelled()

    # The program -----------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        self.database = await Database(self._path).__aenter__()
        url = self._telegram.base_url.removesuffix("/bot")
        around = Surroundings(
            web=httpx.MockTransport(self.web),
            private=PrivateHosts.parse(""),
            gap=timedelta(0),
            clock=self.clock,
            timer=Ticker(),
            pace=NEVER,
            polls=False,
        )
        settings = Settings(_env_file=None, telegram_url=url)  # type: ignore[call-arg]
        self.program = Program(settings, self._telegram.token, self.database, around)
        polls = len(self._telegram.calls("setMyCommands"))
        self._running = asyncio.create_task(self.program.run())
        await self._telegram.called("setMyCommands", polls + 1)

    async def _stop(self) -> None:
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        await self.database.__aexit__(None, None, None)

    async def _plan_restart(self) -> None:
        """Stop in the middle of the next delivery."""
        self._restarts_due += 1

    async def _restart(self) -> None:
        """Start anew on the same database."""
        await self._stop()
        await self._start()
        self._restarts_due -= 1
        self.mishaps.faults["restart while sending"] += 1

    async def _set_up(self) -> None:
        """The watchlist, the feeds, the owner, and everybody's subscriptions, by command."""
        async with self.database.write() as session:
            await imports.import_deals(session, [_to_watch(deal) for deal in self._press.deals], self.clock())
            for number, outlet in enumerate(self._press.outlets):
                first = START + timedelta(minutes=number)
                await feeds.add(session, outlet.url, outlet.name, outlet.trust, not_before=first)
            await owner.appoint(session, OWNER)
        for chat in self.chats:
            await self._telegram.user_sends(chat, "/start", abs(chat))
        await asyncio.gather(*(self._telegram.sent(chat) for chat in self.chats))
        for chat in self.chats:
            for target in self._following[chat]:
                await self._command(chat, target)

    # The readers -----------------------------------------------------------------------------------------------------

    def _choice(self) -> list[str]:
        """What somebody follows: two deals or so, all deals of a party, or, seldom, everything."""
        deals = self._dice.sample(self._press.deals, self._dice.choice((1, 2, 2, 3)))
        if self._dice.random() < 0.003:
            return [EVERYTHING]
        party = [self._dice.choice(deals[0].parties)] if self._dice.random() < 0.2 else []
        return party + [deal.slug for deal in deals]

    async def _command(self, chat: int, target: str, *, follows: bool = True) -> None:
        """Somebody writes a command, and has been answered."""
        before = len(self._telegram.messages(chat))
        await self._telegram.user_sends(chat, f"/{'' if follows else 'un'}subscribe {target}", abs(chat))
        await self._telegram.sent(chat, before + 1)
        self.journal.append(Followed(chat, target, follows))

    async def _change_mind(self, chat: int) -> None:
        following = self._following[chat]
        target = self._dice.choice([deal.slug for deal in self._press.deals if deal.slug not in following])
        await self._command(chat, following[-1], follows=False)
        await self._command(chat, target)

    async def _shut_out(self, chat: int) -> None:
        self.mishaps.faults["403"] += 1
        self._telegram.refuse(chat, blocked())

    async def _let_in(self, chat: int) -> None:
        await self._telegram.unblock(chat)
        await self._telegram.until_confirmed()
        await self.program.inbox.idle()

    async def _migrate(self) -> None:
        self.mishaps.faults["group migrated"] += 1
        await self._telegram.migrate(MIGRATING, MIGRATED, user_id=OWNER)

    def _plan(self, restarts: int) -> Iterator[Happening]:
        """What happens when. During an outage nobody writes: the answer would not come."""
        days = self._press.size.days
        outages = [(0.3 * days, 0.6), (0.6 * days, 3)]  # from which day on, for how many days
        for start, length in outages:
            yield Happening(START + start * DAY, partial(self._go_out, is_out=True))
            yield Happening(START + (start + length) * DAY, partial(self._go_out, is_out=False))
        calm = [START + self._dice.uniform(0.1, days) * DAY for _ in range(20 * len(self.chats))]
        calm = [
            at for at in calm if not any(START + (s - 0.1) * DAY < at < START + (s + n + 0.1) * DAY for s, n in outages)
        ]
        for _ in range(restarts):
            yield Happening(calm.pop(), self._plan_restart)
        yield Happening(START + 0.45 * days * DAY, self._migrate)
        leaving = self._dice.sample([chat for chat in self.chats if chat > 0], max(4, len(self.chats) // 40))
        for chat in leaving:
            at = calm.pop()
            yield Happening(at, partial(self._shut_out, chat))
            yield Happening(at + self._dice.uniform(0.5, 6) * DAY, partial(self._let_in, chat))
        for chat in self._dice.sample(
            [chat for chat in self.chats if chat > 0 and chat not in leaving], len(self.chats) // 10
        ):
            yield Happening(calm.pop(), partial(self._change_mind, chat))

    async def _go_out(self, *, is_out: bool) -> None:
        self.mishaps.is_out = is_out


def _to_watch(deal: Tracked) -> WatchlistDeal:
    parties = tuple(Party(name) for name in deal.parties)
    return WatchlistDeal(vocabulary.Deal(deal.slug, deal.title, deal.kind, parties))
