"""How long a subscriber waits for an answer, of a database that has grown for years, while feeds are polled.

From the moment the handler is called to the moment its answer leaves: what comes before and after is Telegram's
network. The program is the real one, but for the wire to Telegram, which is a function here. What is stored is shaped
as in life: one entry in twenty is about a followed deal, and kept as an article, too.
"""

import asyncio
import json
import random
import resource
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from rich.table import Table
from telegram import Update
from telegram.ext import BaseHandler
from telegram.request import BaseRequest

from benchmarks import newsroom
from benchmarks.newsstand import Newsstand, newsstand
from benchmarks.tables import figures
from bot.app import Program, Surroundings
from bot.jobs import Pace
from bot.settings import Settings
from feeds.addresses import PrivateHosts
from matcher.vocabulary import Trust
from models import feed, imports, migration, search
from models.database import Database
from models.watchlist import WatchlistDeal

ENTRIES, DEALS, SUBSCRIBERS = 1_000_000, 10_000, 10_000
"""Stored headlines, of which one in :data:`ABOUT_DEALS` is an article about a deal."""
ABOUT_DEALS = 20
FEEDS = 20
ROUND_SECONDS = 1.0
"""All feeds are polled once in so long: as many polls as 72,000 feeds need that are asked every hour."""
QUESTIONS = 200
"""Of each kind."""
FRESH = 2
"""Entries that a fifth of the feeds have at each round of polls."""
PATIENCE = timedelta(milliseconds=50)
MOST_MEMORY = 250

_TOKEN = "1:benchmark"  # noqa: S105 (not a secret: it goes nowhere)
_NOW = datetime.now(UTC).replace(tzinfo=None)
_STAGES = ("talks", "offer", "near", "agreed", "called_off")
_ORIGINS = ("Bloomberg", "Reuters", "The Wall Street Journal", "Financial Times", "The Information")


def measure(step: Callable[[str], None], scale: int = 1) -> Table:
    """One line per command; ``step`` is told what is being done, ``scale`` divides the size of the database."""
    with TemporaryDirectory(prefix="hearsay-benchmark-") as folder, newsstand() as stand:
        path = Path(folder) / "benchmark.db"
        step("conversation: filling the database")
        migration.upgrade(path)
        asyncio.run(_track(path, stand, DEALS // scale))
        _fill(path, ENTRIES // scale, DEALS // scale, SUBSCRIBERS // scale)
        step("conversation: indexing")
        asyncio.run(_index(path))
        step("conversation: asking")
        waits, polled = asyncio.run(_ask(path, stand, DEALS // scale))
    title = (
        f"An answer with {ENTRIES // scale:,} headlines, {DEALS // scale:,} deals and {SUBSCRIBERS // scale:,} "
        f"subscribers, while feeds are polled: ms, {QUESTIONS} of each"
    )
    table = figures(title, "command", "p50", "p99", "slowest", "target for p99")
    for command, seconds in waits.items():
        ordered = sorted(second * 1000 for second in seconds)
        p50, p99 = (ordered[len(ordered) * part // 100] for part in (50, 99))
        target = f"≤ {PATIENCE / timedelta(milliseconds=1):.0f}"
        table.add_row(command, f"{p50:.1f}", f"{p99:.1f}", f"{ordered[-1]:.1f}", target)
    table.add_row("polls meanwhile", str(polled))
    table.add_row("memory of the process, MB", f"{_memory():.0f}", "", "", f"≤ {MOST_MEMORY}")
    return table


# The database --------------------------------------------------------------------------------------------------------


async def _track(path: Path, stand: Newsstand, deals: int) -> None:
    async with Database(path) as database, database.write() as session:
        wanted = [WatchlistDeal(deal) for deal in newsroom.deals(deals)]
        await imports.import_deals(session, wanted, datetime.now(UTC))
        for number in range(FEEDS):
            await feed.add(session, stand.url(number), f"The Daily Ledger {number}", Trust.TRUSTED)


def _fill(path: Path, entries: int, deals: int, subscribers: int) -> None:
    """Straight into the tables: what a program of years wrote is written in a minute."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous=OFF")
    articles = entries // ABOUT_DEALS
    _insert(database, "entry", _entries(entries))
    _insert(database, "article", _articles(articles))
    _insert(database, "claim", _claims(articles, deals))
    _insert(database, "change", _changes(articles, deals))
    _insert(database, "change_claim", ({"change_id": n, "claim_id": n} for n in range(1, articles + 1, 5)))
    _insert(database, "subscriber", _subscribers(subscribers))
    _insert(database, "subscription", _subscriptions(subscribers, deals))
    stand = "UPDATE deal SET stage = ?, origins = ?, moment = ?, last_heard = ? WHERE id = ?"
    database.executemany(stand, (_standing(deal) for deal in range(1, deals + 1)))
    database.commit()
    database.execute("ANALYZE")
    database.close()


def _insert(database: sqlite3.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows)
    statement = f'INSERT INTO "{table}" ({", ".join(first)}) VALUES ({", ".join(f":{name}" for name in first)})'  # noqa: S608
    database.execute(statement, first)
    while some := list(islice(rows, 10_000)):
        database.executemany(statement, some)
        database.commit()


def _entries(count: int) -> Iterator[dict[str, Any]]:
    """The newest entries are the articles about deals, one in so many of all."""
    for number in range(1, count + 1):
        about_deal = number % ABOUT_DEALS == 0
        title = newsroom.entry(number // ABOUT_DEALS if about_deal else number, 1 if about_deal else 10**9).title
        yield {
            "id": number,
            "feed_id": number % FEEDS + 1,
            "title": title,
            "guid_mark": _mark(number),
            "url_mark": _mark(number + 1),
            "title_mark": _mark(number + 2),
            "text_mark": _mark(number + 3),
            "published_at": _at(count - number),
            "first_seen_at": _at(count - number),
            "left_at": _at(0) if number < count - 10_000 else None,
        }


def _articles(count: int) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        article = newsroom.entry(number, 1)
        yield {
            "id": number,
            "ref": f"article-{number}",
            "feed_id": number % FEEDS + 1,
            "entry_id": number * ABOUT_DEALS,
            "outlet": "The Daily Ledger",
            "url": f"https://ledger.example/{number}",
            "title": article.title,
            "summary": article.summary,
            "body": "",
            "published_at": _at((count - number) * ABOUT_DEALS),
            "day_only": False,
            "first_seen_at": _at((count - number) * ABOUT_DEALS),
            "trust": "trusted",
        }


def _claims(count: int, deals: int) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        yield {
            "id": number,
            "article_id": number,
            "deal_id": _deal(number, deals),
            "stage": _STAGES[number // 5 % len(_STAGES)],
            "speaker": "sources",
            "origin": _ORIGINS[number % len(_ORIGINS)],
            "quote": "is in talks to buy it, people familiar with the matter say",
            "field": "title",
            "start": 0,
            "end": 20,
            "certainty": 1.0,
            "rule": "benchmark",
            "background": False,
            "settled": False,
            "moment": _at((count - number) * ABOUT_DEALS),
            "outcome": "moved" if number % 5 == 1 else "copy",
        }


def _changes(articles: int, deals: int) -> Iterator[dict[str, Any]]:
    """One article in five moves its deal."""
    for number in range(1, articles + 1, 5):
        yield {
            "id": number,
            "deal_id": _deal(number, deals),
            "at": _at((articles - number) * ABOUT_DEALS),
            "kind": "stage",
            "from_stage": "talks",
            "stage": _STAGES[number // 5 % len(_STAGES)],
            "confirmed": False,
            "sources": 1,
            "contested": False,
            "quiet": False,
        }


def _subscribers(count: int) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        yield {"id": number, "chat_id": number, "wire": "telegram", "joined_at": _at(0)}


def _subscriptions(subscribers: int, deals: int) -> Iterator[dict[str, Any]]:
    """Three deals each."""
    for number in range(3 * subscribers):
        deal = number * 7 % deals + 1
        yield {
            "subscriber_id": number // 3 + 1,
            "target": f"deal:{deal}",
            "deal_id": deal,
            "party_key": "",
            "party_name": "",
            "since": _at(0),
            "moves": "key",
            "silent": False,
            "words": "",
        }


def _standing(deal: int) -> tuple[str, str, str, str, int]:
    return _STAGES[deal % len(_STAGES)], json.dumps(_ORIGINS[: deal % 3 + 1]), _at(deal), _at(deal), deal


def _deal(number: int, deals: int) -> int:
    return number // 5 % deals + 1


def _mark(number: int) -> int:
    return number * 0x9E3779B97F4A7C15 % 2**63


def _at(minutes: int) -> str:
    return (_NOW - timedelta(minutes=minutes / 10)).strftime("%Y-%m-%d %H:%M:%S.%f")


async def _index(path: Path) -> None:
    async with Database(path) as database, database.write() as session:
        await search.index_new(session)


# The questions -------------------------------------------------------------------------------------------------------


class Wire(BaseRequest):
    """Telegram, as far as it matters here: every message is taken at once, and the time of its coming noted."""

    def __init__(self) -> None:
        self.sent = asyncio.Event()
        self.at = 0.0

    @property
    def read_timeout(self) -> float | None:
        """Nothing times out here."""
        return None

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self,
        url: str,
        *_: Any,
        **__: Any,
    ) -> tuple[int, bytes]:
        """Answer one call of the Bot API."""
        result: Any = True
        match url.rsplit("/", 1)[-1]:
            case "getMe":
                result = {"id": 1, "is_bot": True, "first_name": "Hearsay", "username": "hearsay_bot"}
            case "getUpdates":
                await asyncio.Event().wait()
            case "sendMessage":
                self.at = perf_counter()
                self.sent.set()
                chat = {"id": 1, "type": "private", "first_name": "You"}
                result = {"message_id": 1, "date": 0, "chat": chat, "text": "…"}
        return 200, json.dumps({"ok": True, "result": result}).encode()


async def _ask(path: Path, stand: Newsstand, deals: int) -> tuple[dict[str, list[float]], int]:
    """What each answer took, by command, and how many polls went on meanwhile."""
    wire, clock = Wire(), Clock()
    never = Pace(poll=3600, deliver=3600, tidy=3600)
    around = Surroundings(
        telegram=wire, private=PrivateHosts.parse("127.0.0.0/8"), gap=timedelta(0), clock=clock, limits=None,
        pace=never, polls=False, edits=False,
    )  # fmt: skip
    async with Database(path) as database:
        program = Program(Settings(_env_file=None), _TOKEN, database, around)
        running = asyncio.create_task(program.run())
        began = _watch_handlers(program)
        polling = asyncio.create_task(_poll_on(program, stand, clock))
        waits = defaultdict[str, list[float]](list)
        for number, text in enumerate(_questions(deals), 1):
            wire.sent.clear()
            await program.inbox.keep([_message(number, text)])
            await asyncio.wait_for(wire.sent.wait(), 30)
            waits[text.split()[0]].append(wire.at - began[-1])
            await program.inbox.idle()
        polling.cancel()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(polling, running)
        return waits, clock.polls


def _questions(deals: int) -> Iterator[str]:
    """All kinds in turn; the words of the searches stand in every second headline, in few, or in none."""
    dice = random.Random(1)  # noqa: S311 (no secret)
    slugs = [deal.slug for deal in newsroom.deals(deals)]
    names = [deal.parties[0].name for deal in newsroom.deals(deals)]
    words = ("talks", "to", "deal -shares", '"in talks to buy"', "acqui*", "talks report", "nowhere")
    for number in range(QUESTIONS):
        yield f"/status {dice.choice(slugs)}"
        yield f"/why {dice.choice(slugs)}"
        yield ("/deals", "/deals rumored", f"/deals {dice.choice(names)}")[number % 3]
        yield f"/search {dice.choice(names) if number % 2 else dice.choice(words)}"


def _message(number: int, text: str) -> dict[str, Any]:
    user = {"id": number, "is_bot": False, "first_name": "A"}
    chat = {"id": number, "type": "private", "first_name": "A"}
    command = {"type": "bot_command", "offset": 0, "length": len(text.split()[0])}
    about = {"message_id": number, "date": 0, "chat": chat, "from": user, "text": text, "entities": [command]}
    return {"update_id": number, "message": about}


def _watch_handlers(program: Program) -> Sequence[float]:
    """The times at which handlers were called, as they are called."""
    began: list[float] = []
    for handler in program._application.handlers[0]:  # noqa: SLF001 (nobody else needs them)
        _watch(handler, began)
    return began


def _watch(handler: BaseHandler[Any, Any, Any], began: list[float]) -> None:
    answer = handler.callback

    async def watched(update: Update, context: Any) -> Any:
        began.append(perf_counter())
        return await answer(update, context)

    handler.callback = watched


async def _poll_on(program: Program, stand: Newsstand, clock: "Clock") -> None:
    """Poll all feeds over and over."""
    while True:
        await asyncio.sleep(ROUND_SECONDS)
        await asyncio.to_thread(stand.publish, FRESH)
        clock.ahead += timedelta(days=1)
        await program.poller.poll_due()
        clock.polls += FEEDS


class Clock:
    """The clock of the machine, set ahead whenever all feeds shall be due."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.polls = 0

    def __call__(self) -> datetime:
        """As the program's clock."""
        return datetime.now(UTC) + self.ahead


def _memory() -> float:
    """The most that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
