"""How long a subscriber waits for an answer, of a database that has grown for years, while feeds are polled.

From the moment the handler is called to the moment its answer leaves: what comes before and after is Telegram's
network. The program is the real one, but for the wire to Telegram, which is a function here. It runs in a process of
its own, whose memory is measured, too. Deals are asked for as often as they are written about.
"""

import asyncio
import json
import multiprocessing
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from rich.table import Table
from telegram import Update
from telegram.ext import BaseHandler
from telegram.request import BaseRequest

from benchmarks import newsroom, years
from benchmarks.newsstand import Newsstand, newsstand
from benchmarks.tables import figures
from benchmarks.years import FEEDS, Size
from bot.app import Program, Surroundings
from bot.errors import Refusal
from bot.jobs import Pace
from bot.settings import Settings
from feeds.addresses import PrivateHosts
from models.database import Database

ROUND_SECONDS = 1.0
"""All feeds are polled once in so long: as many polls as 72,000 feeds need that are asked every hour."""
FRESH = 2
"""Entries that a fifth of the feeds have at each round of polls."""
ON_DEALS_EVERY = 20
"""One of these in so many is about a deal, one of the largest."""
QUESTIONS = 200
"""Of each kind."""
WARM_UP = 3
"""Of each kind, before: what is read from the disk for the first time is no measure of the program."""
TARGET = 50
"""Milliseconds."""
MOST_MEMORY = 250
"""MB."""
WITH_TARGET = ("/status", "/why", "/deals", "/search")
BUSY_CHAT = 1
"""Follows so much that it takes several pages."""

_TOKEN = "1:benchmark"  # noqa: S105 (not a secret: it goes nowhere)


@dataclass(frozen=True)
class Answers:
    """What came of all the questions."""

    waits: Mapping[str, Sequence[float]]
    """Seconds, by kind of question."""
    polls: int
    memory: Mapping[str, float]
    """MB that the process holds, or held at most."""
    hindered: float
    """The part of the time in which the program could have run, had the machine had a processor free for it."""


def measure(step: Callable[[str], None], scale: int = 1) -> Table:
    """One line per kind of question; ``step`` is told what is done, ``scale`` divides the size of the database."""
    size = Size().over(scale)
    with TemporaryDirectory(prefix="hearsay-benchmark-") as folder, newsstand(FEEDS, ON_DEALS_EVERY) as stand:
        path = Path(folder) / "benchmark.db"
        step(f"conversation: a database of {size.articles:,} articles")
        began = perf_counter()
        _in_a_process(_build, path, size, [stand.url(number) for number in range(FEEDS)])
        built = perf_counter() - began
        step("conversation: asking")
        answers: Answers = _in_a_process(_answers, path, list(_questions(size)), stand)
        return _shown(size, answers, built, path.stat().st_size)


def _shown(size: Size, answers: Answers, built: float, stored: int) -> Table:
    stock = ", ".join(f"{count:,} {name}" for name, count in vars(size).items())
    table = figures(
        f"Answers with {stock}, while feeds are polled: ms from handler to wire ({QUESTIONS} of each)",
        *("question", "median", "p99", "slowest", "target for p99", "p99 : target"),
    )
    for kind, seconds in answers.waits.items():
        table.add_row(kind, *_figures([second * 1000 for second in seconds], kind.split()[0].rstrip(",")))
    table.add_row(f"polls meanwhile: {answers.polls:,}; the machine was busy otherwise: {answers.hindered:.0%}")
    for name, megabytes in answers.memory.items():
        ratio = f"{megabytes / MOST_MEMORY:.2f}"
        table.add_row(f"memory of the process, {name}: MB", f"{megabytes:.0f}", "", "", f"≤ {MOST_MEMORY}", ratio)
    table.add_row(f"the database: {stored / 1e9:.1f} GB, made in {built:.0f} s")
    return table


def _figures(waits: Sequence[float], command: str) -> Iterator[str]:
    ordered = sorted(waits)
    p99 = ordered[len(ordered) * 99 // 100]
    yield from (f"{wait:.1f}" for wait in (median(ordered), p99, ordered[-1]))
    if command in WITH_TARGET:
        yield from (f"≤ {TARGET}", f"{p99 / TARGET:.2f}")


def _in_a_process(function: Callable[..., Any], *arguments: object) -> Any:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def _build(path: Path, size: Size, feeds: Sequence[str]) -> None:
    years.build(path, size, feeds, lambda _: None)


def _answers(path: Path, questions: Sequence["Question"], stand: Newsstand) -> Answers:
    return asyncio.run(_ask(path, questions, stand))


# The program ---------------------------------------------------------------------------------------------------------


class Wire(BaseRequest):
    """Telegram, as far as it matters here: every answer is taken at once, and the time of its coming noted."""

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

    async def do_request(self, url: str, *_: Any, **__: Any) -> tuple[int, bytes]:
        """Answer one call of the Bot API."""
        result: Any = True
        match url.rsplit("/", 1)[-1]:
            case "getMe":
                result = {"id": 1, "is_bot": True, "first_name": "Hearsay", "username": "hearsay_bot"}
            case "getUpdates":
                await asyncio.Event().wait()
            case "sendMessage" | "sendPhoto":
                chat = {"id": 1, "type": "private", "first_name": "You"}
                result = {"message_id": 1, "date": 0, "chat": chat, "text": "…"}
                self._take()
            case "answerInlineQuery":
                self._take()
        return 200, json.dumps({"ok": True, "result": result}).encode()

    def _take(self) -> None:
        self.at = perf_counter()
        self.sent.set()


class Clock:
    """Begins with the news of the feeds, and is set ahead whenever all of them shall be due."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.polls = 0
        self._began = perf_counter()

    def __call__(self) -> datetime:
        """As the program's clock."""
        return newsroom.DAWN + self.ahead + timedelta(seconds=perf_counter() - self._began)


async def _ask(path: Path, questions: Sequence["Question"], stand: Newsstand) -> Answers:
    wire, clock = Wire(), Clock()
    never = Pace(poll=3600, deliver=3600, tidy=3600)  # what is sent is not to be taken for an answer
    around = Surroundings(
        telegram=wire, private=PrivateHosts.parse("127.0.0.0/8"), gap=timedelta(0), clock=clock, limits=None,
        pace=never, polls=False, edits=False,
    )  # fmt: skip
    async with Database(path) as database:
        program = Program(Settings(_env_file=None), _TOKEN, database, around)  # type: ignore[call-arg]
        running = asyncio.create_task(program.run())
        began, failures = _watch_handlers(program)
        await program.poller.poll_due()  # as at every start: the names of all deals are learned then
        await program.jobs.settle()  # as a minute later
        polling = asyncio.create_task(_poll_on(program, stand, clock))
        since, waited = perf_counter(), _waited()
        waits = defaultdict[str, list[float]](list)
        for number, question in enumerate(questions, 1):
            wire.sent.clear()
            await program.inbox.keep([{"update_id": number, **question.update}])
            await asyncio.wait_for(wire.sent.wait(), 30)
            waits[question.kind].append(wire.at - began[-1])
            await program.inbox.idle()
            if failures:  # an apology comes fast
                raise failures[0]
        hindered = (_waited() - waited) / (perf_counter() - since)
        polling.cancel()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(polling, running)
    asked = {kind: seconds[WARM_UP:] for kind, seconds in waits.items()}
    return Answers(asked, clock.polls, _memory(), hindered)


async def _poll_on(program: Program, stand: Newsstand, clock: Clock) -> None:
    """Poll all feeds over and over."""
    while True:
        await asyncio.sleep(ROUND_SECONDS)
        await asyncio.to_thread(stand.publish, FRESH)
        clock.ahead += timedelta(days=1)
        await program.poller.poll_due()
        clock.polls += FEEDS


def _watch_handlers(program: Program) -> tuple[Sequence[float], Sequence[Exception]]:
    """The times at which handlers are called, and what they fail of."""
    began: list[float] = []
    failures: list[Exception] = []
    for handler in program._application.handlers[0]:  # noqa: SLF001 (nobody else needs them)
        _watch(handler, began, failures)
    return began, failures


def _watch(handler: BaseHandler[Any, Any, Any], began: list[float], failures: list[Exception]) -> None:
    answer = handler.callback

    async def watched(update: Update, context: Any) -> Any:
        began.append(perf_counter())
        try:
            return await answer(update, context)
        except Refusal:
            raise
        except Exception as failure:
            failures.append(failure)
            raise

    handler.callback = watched


def _waited() -> float:
    """Seconds that the main thread was ready to run and had to wait for a processor: proc(5), schedstat."""
    if sys.platform != "linux":
        return 0.0
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


def _memory() -> Mapping[str, float]:
    """Of this process, in MB."""
    if sys.platform != "linux":
        return {}
    status = Path("/proc/self/status").read_text()
    kinds = {"at the end": "VmRSS", "at most": "VmHWM"}
    return {name: int(re.findall(rf"{kind}:\s+(\d+) kB", status)[0]) / 1024 for name, kind in kinds.items()}


# The questions -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """Something that is asked, as Telegram brings it."""

    kind: str
    update: Mapping[str, Any]


def _questions(size: Size) -> Iterator[Question]:
    """All kinds in turn."""
    dice = random.Random(1)  # noqa: S311 (no secret)
    deals = newsroom.deals(size.deals)
    drawn = dice.choices(deals, size.articles_of_deals, k=QUESTIONS + WARM_UP)
    for number, deal in enumerate(drawn):
        one, other = (party.name for party in deal.parties)
        yield _asked("/status", 1000, f"/status {(deal.slug, f'{one} and {other}')[number % 2]}")
        yield _asked("/status, misspelt", 1001, f"/status {_misspelt(one, dice)}")
        yield _asked("/why", 1002, f"/why {deal.slug}")
        yield _asked("/why of the largest deal", 1003, f"/why {deals[0].slug}")
        yield _asked("/deals", 1004, ("/deals", "/deals rumored")[number % 2])
        yield _asked("/deals with words", 1005, f"/deals {_cut(one, number)} finalized")
        yield _asked("/search for a name", 1006, f"/search {one}")
        yield _asked("/search for common words", 1007, f"/search {_COMMON[number % len(_COMMON)]}")
        yield _asked("/history", 1008, f"/history {deal.slug}")
        yield _asked("/subscriptions", BUSY_CHAT, "/subscriptions")
        yield _typed("inline query", 1009, ("", one, _cut(one, number))[number % 3])
        if number % 20 == 0:
            yield _asked("/timeline", 1010, f"/timeline {deal.slug}")
            yield _asked("/timeline", 1010, f"/timeline {deals[0].slug}")


_COMMON = (
    "talks",
    "to",
    "deal -shares",
    '"in talks to buy"',
    "acqui*",
    "talks report",
    "acquire rejects",
    '"talks to deny"',
    "nowhere",
)
"""Words of many headlines: together, one after the other, or in none."""


def _misspelt(name: str, dice: random.Random) -> str:
    """The name with two neighbouring letters changed round."""
    place = dice.randrange(1, len(name) - 2)
    return name[:place] + name[place + 1] + name[place] + name[place + 2 :]


def _cut(name: str, number: int) -> str:
    """The beginning of a name, as people type it."""
    return name[: 3 + number % 4]


def _asked(kind: str, chat_id: int, text: str) -> Question:
    chat = {"id": chat_id, "type": "private", "first_name": "A"}
    command = {"type": "bot_command", "offset": 0, "length": len(text.split()[0])}
    about = {"message_id": 1, "date": 0, "chat": chat, "from": _user(chat_id), "text": text, "entities": [command]}
    return Question(kind, {"message": about})


def _typed(kind: str, user_id: int, text: str) -> Question:
    return Question(kind, {"inline_query": {"id": "1", "from": _user(user_id), "query": text, "offset": ""}})


def _user(user_id: int) -> dict[str, Any]:
    return {"id": user_id, "is_bot": False, "first_name": "A"}
