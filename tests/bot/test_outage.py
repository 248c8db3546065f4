"""Telegram is away for hours: the bot waits without hammering, loses nothing, and notices soon that it is back."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from builders import NOON, a_chat, a_deal, track
from hurrying import HurryingClock, WatchedDatabase
from standin.faults import Slow, gateway
from standin.telegram import Telegram
from tally import Tally
from telegram.request import HTTPXRequest

from bot.app import ANSWER_SECONDS, CONNECTIONS, Program, Surroundings
from bot.jobs import Pace
from bot.settings import Settings
from matcher.vocabulary import ChangeKind, Stage, Trust
from models import milestone, outbox
from models import subscription as subscriptions
from models.change import Change
from models.database import Database
from models.feed import Feed
from models.subscription import EVERYTHING, Moves

MINUTE, HOUR = 60.0, 3600.0
CHATS = (1, 2, 3)
NEWS = 4
"""Letters to every chat while Telegram is away."""
CHECK_MINUTES = 10
KNOCKING = 2
"""Who asks whether Telegram is back: the courier, and what connects or polls."""
HELP = "all commands"
"""Stands in the answer to /help."""


class Door(HTTPXRequest):
    """The way to Telegram. Notes every request, also one that finds nobody there."""

    def __init__(self) -> None:
        super().__init__(CONNECTIONS, read_timeout=ANSWER_SECONDS)
        self.knocks = Counter[str]()

    async def do_request(self, url: str, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        self.knocks[url.rpartition("/")[2]] += 1
        return await super().do_request(url, *args, **kwargs)


@dataclass
class Life:
    """A bot, what happens around it, and what its chats are owed."""

    database: Database
    telegram: Telegram
    clock: HurryingClock
    door: Door = field(default_factory=Door)
    visits: int = 0
    """How often its only feed was looked at."""
    deals: int = 0
    """How many moved; every chat is told of each."""
    questions: int = 0
    """How many every chat has asked."""

    async def run(self) -> None:
        address = self.telegram.base_url.removesuffix("/bot")
        settings = Settings(_env_file=None, telegram_url=address, check_minutes=CHECK_MINUTES)
        around = Surroundings(
            telegram=self.door,
            web=httpx.MockTransport(self._visited),
            clock=self.clock,
            gap=timedelta(0),
            pace=Pace(poll=150, deliver=10, tidy=HOUR),
        )
        await Program(settings, self.telegram.token, self.database, around).run()

    async def begin(self) -> None:
        """Three chats follow everything, and the feed has been read before."""
        async with self.database.write() as session:
            await milestone.reach(session, milestone.STARTERS)
            session.add(Feed(url="http://feed.example/", title="A feed", trust=Trust.TRUSTED, etag='"1"'))
            for chat in CHATS:
                await subscriptions.follow(session, await a_chat(session, chat), EVERYTHING, NOON)

    async def deals_move(self) -> None:
        async with self.database.write() as session:
            for _ in range(NEWS):
                self.deals += 1
                deal = await track(session, a_deal(f"story-{self.deals:03}"))
                change = Change(
                    deal=deal, at=self.clock(), kind=ChangeKind.STATUS, stage=Stage.TALKS, sources=1, claims=[]
                )
                change.confirmed = change.contested = change.quiet = False
                session.add(change)
                await session.flush()
                await outbox.post_change(session, change, deal, Moves.STATUS)

    async def users_ask(self) -> None:
        self.questions += 1
        for chat in CHATS:
            await self.telegram.user_sends(chat, "/help")

    def is_served(self) -> bool:
        """Whether every chat has all that it is owed."""
        return all(self._has_all(self._received(chat)) for chat in CHATS)

    def doubled(self) -> int:
        """How many messages came more than once."""
        received = [self._received(chat) for chat in CHATS]
        return sum(got.total() for got in received) - len(CHATS) * (self.deals + self.questions)

    def _has_all(self, received: Counter[str]) -> bool:
        return received[HELP] >= self.questions and len(received) == self.deals + 1

    def _received(self, chat: int) -> Counter[str]:
        texts = [message.first_text for message in self.telegram.messages(chat)]  # cards are edited since
        return Counter(HELP if HELP in text else text for text in texts)

    def _visited(self, _: httpx.Request) -> httpx.Response:
        self.visits += 1
        return httpx.Response(304)


Outage = Callable[[Telegram], AbstractAsyncContextManager[None]]


def nobody_there(telegram: Telegram) -> AbstractAsyncContextManager[None]:
    return telegram.down()


@asynccontextmanager
async def a_gateway_answers(telegram: Telegram) -> AsyncIterator[None]:
    telegram.fail_when(lambda *_: gateway(502))
    yield
    telegram.fail_when(None)


@asynccontextmanager
async def no_answer_comes(telegram: Telegram) -> AsyncIterator[None]:
    """What is asked is done, but the answer never comes, not even when Telegram is back."""
    telegram.fail_when(lambda *_: Slow(after=100 * HOUR))
    yield
    telegram.fail_when(None)


OUTAGES: dict[str, Outage] = {
    "nobody there": nobody_there,
    "gateway error": a_gateway_answers,
    "no answer": no_answer_comes,
}


@pytest.fixture
async def watched(database: Database) -> AsyncIterator[WatchedDatabase]:
    async with WatchedDatabase(database.path) as watched:
        yield watched


@pytest.fixture
async def skip(monkeypatch: pytest.MonkeyPatch, watched: WatchedDatabase) -> HurryingClock:
    return HurryingClock(monkeypatch, watched)


@pytest.fixture
async def life(watched: WatchedDatabase, skip: HurryingClock) -> AsyncIterator[Life]:
    async with Telegram(clock=skip, ticker=skip.time) as telegram:
        life = Life(watched, telegram, skip)
        await life.begin()
        yield life


@dataclass(frozen=True)
class Endured:
    """An outage that is over."""

    recovery: float
    """Seconds from its end until everybody had what they were owed."""
    knocks: int
    """Requests while Telegram was away, the first minute left out."""
    visits: int
    """To the feed meanwhile."""


async def two_hours(life: Life, outage: Outage, dice: random.Random) -> Endured:
    """Telegram is away while users ask and deals move.

    It comes back at some moment of a minute, so that it is not always the same request that waits for it.
    """
    async with outage(life.telegram):
        await asyncio.sleep(MINUTE)
        life.door.knocks.clear()
        life.visits = 0
        await life.users_ask()
        await life.deals_move()
        await asyncio.sleep(2 * HOUR + dice.uniform(0, MINUTE))
        knocks, visits = life.door.knocks.total(), life.visits
    back = life.clock.time()
    await life.users_ask()
    while not life.is_served() and life.clock.time() - back < HOUR:  # noqa: ASYNC110 (the hours are skipped)
        await asyncio.sleep(1)
    return Endured(life.clock.time() - back, knocks, visits)


@pytest.mark.chaos
async def test_two_hours_without_telegram(
    life: Life, dice: random.Random, times: Callable[..., int], tally: Tally
) -> None:
    """Down for two hours at the start and again later, the bot stays up, and serves everybody within a minute."""
    kinds = dice.sample(list(OUTAGES), len(OUTAGES))
    kinds = (kinds + kinds)[: times(gate=2, chaos=6)]
    running = asyncio.create_task(life.run())
    endured = []
    for kind in kinds:
        endured.append(await two_hours(life, OUTAGES[kind], dice))
        tally.fault("outage")
        await asyncio.sleep(10 * MINUTE)
    assert not running.done()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running

    slowest, knocks = max(outage.recovery for outage in endured), max(outage.knocks for outage in endured)
    assert slowest < MINUTE
    assert knocks <= KNOCKING * 2 * HOUR / 15  # each at most once in 15 seconds
    assert min(outage.visits for outage in endured) >= 2 * HOUR / (1.5 * CHECK_MINUTES * MINUTE)
    assert 0 <= life.doubled() <= len(CHATS) * kinds.count("no answer")
    tally.prove(
        "outage",
        f"{len(endured)} outages: all served {slowest:.0f} s after the end at the latest, "
        f"{knocks / 120:.1f} requests a minute meanwhile",
    )
