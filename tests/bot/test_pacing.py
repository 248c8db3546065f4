"""Telegram's limits, kept at Telegram's end; answers before broadcasts; pauses kept to the second."""

import asyncio
import itertools
import math
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from builders import a_deal, track
from running_bot import ANNA, GROUP, WATCHLIST, Bot, Clock
from sqlalchemy import select
from standin.faults import flooded
from standin.limits import STRICT
from standin.telegram import Telegram
from tally import Tally
from ticker import Ticker

from bot.app import Program, Surroundings
from bot.jobs import Pace
from bot.pacing import TELEGRAM, Limits, Pacer, Timer
from bot.settings import Settings
from matcher.vocabulary import ChangeKind, Stage
from models import imports, outbox
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.change import Change
from models.database import Database
from models.outbox import Letter
from models.subscriber import Wire
from models.subscription import EVERYTHING, Moves
from models.watchlist import read_watchlist

NEWS = "Alpha in talks to buy Beta, Bloomberg reports"


@pytest.fixture
def ticker() -> Ticker:
    return Ticker()


@pytest.fixture
async def bot(database: Database, clock: Clock, ticker: Ticker) -> AsyncIterator[Bot]:
    """The program and a strict Telegram in the same virtual time; while a message is under way, it stands."""
    async with _running(database, clock, ticker, ticker.time) as bot:
        ticker.busy = lambda: _under_way(bot) > 0
        yield bot


@asynccontextmanager
async def _running(
    database: Database, clock: Clock, timer: Timer | None, ticker: Callable[[], float]
) -> AsyncIterator[Bot]:
    async with Telegram(ticker=ticker, limits=STRICT) as telegram:
        settings = Settings(_env_file=None, telegram_url=telegram.base_url.removesuffix("/bot"))
        around = Surroundings(clock=clock, timer=timer, pace=Pace(3600, 3600, 3600), polls=False, gap=timedelta(0))
        program = Program(settings, telegram.token, database, around)
        async with database.write() as session:
            await imports.import_deals(session, read_watchlist(WATCHLIST), clock())
        running = asyncio.create_task(program.run())
        await telegram.until_polled()
        yield Bot(program, database, telegram, clock)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _under_way(bot: Bot) -> int:
    overall = bot.program.courier._pacer._overall
    assert overall is not None
    return overall._under_way


async def _follow_everything(database: Database, clock: Clock, chats: list[int]) -> None:
    async with database.write() as session:
        for chat in chats:
            subscriber = await subscribers.meet(session, chat, Wire.TELEGRAM, clock())
            await subscriptions.follow(session, subscriber, EVERYTHING, clock())


async def _unsent(bot: Bot) -> int:
    async with bot.database.read() as session:
        return len((await session.scalars(select(Letter.id).where(Letter.sent_at.is_(None)))).all())


# The limits ----------------------------------------------------------------------------------------------------------


@pytest.mark.chaos
async def test_a_broadcast_keeps_the_limits(
    database: Database, clock: Clock, request: pytest.FixtureRequest, times: Callable[..., int], tally: Tally
) -> None:
    """News for everybody reaches all at nearly the highest speed that Telegram allows, without a single 429.

    In the gate the time is virtual; with the full count it is the machine's, and people ask meanwhile.
    """
    people, groups = times(gate=150, chaos=1000), times(gate=10, chaos=50)
    chats = [*range(10_001, 10_001 + people), *range(-20_000, -20_000 - groups, -1)]
    await _follow_everything(database, clock, chats)
    real = request.config.getoption("--chaos")
    virtual = Ticker()
    timer, ticker = (None, time.monotonic) if real else (virtual, virtual.time)
    async with _running(database, clock, timer, ticker) as bot:
        virtual.busy = lambda: _under_way(bot) > 0
        asking = asyncio.create_task(_ask_now_and_then(bot, times(gate=0, chaos=100)))
        await bot.news(NEWS)
        waits = await asking
        traffic, calls = bot.telegram.traffic, bot.telegram.calls("sendMessage")
        took = calls[-1].at - calls[0].at
        shortest = (len(chats) - STRICT.a_second) / STRICT.a_second
        assert await _unsent(bot) == 0
        assert all(len(bot.telegram.messages(chat)) == 1 for chat in chats)
        assert (traffic.flooded, traffic.busiest_second() <= 30) == (0, True)
        assert all(traffic.closest(chat) >= 1 for chat in chats)
        if not real:
            assert took <= 1.15 * (shortest + 1)  # the start is spread over a second, which weighs more in a short run
            return
        p99 = sorted(waits)[int(0.99 * len(waits))]
        assert took <= 1.15 * (len(calls) - STRICT.a_second) / STRICT.a_second
        assert p99 <= 2
        tally.prove(
            "limits",
            f"{len(calls)} messages: 0 × 429, at most {traffic.busiest_second()} in any second, "
            f"{took:.1f} s (shortest {(len(calls) - 30) / 30:.1f} s), answers p99 {p99:.2f} s",
        )


async def _ask_now_and_then(bot: Bot, questions: int) -> list[float]:
    """Seconds that each of so many people waited for an answer."""
    waits = []
    for person in range(questions):
        asked = time.monotonic()
        await bot.ask("/status alpha-beta", chat=50_000 + person)
        waits.append(time.monotonic() - asked)
        await asyncio.sleep(0.1)
    return waits


async def test_a_group_gets_twenty_a_minute(bot: Bot, ticker: Ticker) -> None:
    """A group that follows much gets what Telegram allows, and holds up nobody else."""
    await _follow_everything(bot.database, bot.clock, [GROUP])
    await _much_happens(bot, 47)
    await bot.program.courier.deliver()
    assert len(bot.telegram.messages(GROUP)) == 20
    await _follow_everything(bot.database, bot.clock, [ANNA])
    await bot.news(NEWS)
    assert (len(bot.telegram.messages(ANNA)), await _unsent(bot)) == (1, 28)
    for _ in range(2):
        ticker.advance(60)
        await bot.program.courier.deliver()
    assert (await _unsent(bot), bot.telegram.traffic.flooded) == (0, 0)
    assert bot.telegram.traffic.busiest_minute(GROUP) == 20


async def _much_happens(bot: Bot, count: int) -> None:
    """So many deals come to talks."""
    async with bot.database.write() as session:
        for number in range(count):
            deal = await track(session, a_deal(f"deal-{number}"))
            change = Change(
                deal_id=deal.id, at=bot.clock(), kind=ChangeKind.STATUS, stage=Stage.TALKS, confirmed=False, sources=1,
                contested=False, quiet=False, claims=[],
            )  # fmt: skip
            session.add(change)
            await session.flush()
            await outbox.post_change(session, change, deal, Moves.STATUS)


@pytest.mark.chaos
async def test_no_latency_breaks_the_limits(dice: random.Random, times: Callable[..., int]) -> None:
    """Whatever moment between its start and its answer Telegram counts a message at, the limits hold."""
    for _ in range(times(gate=10, chaos=100)):
        ticker, spans = Ticker(), defaultdict[int, list[tuple[float, float]]](list)
        pacer = Pacer(TELEGRAM, ticker)
        chats = dice.choices([-1, -2, *range(1, 40)], k=200)
        await asyncio.gather(*(_send(pacer, chat, ticker, dice, spans[chat]) for chat in chats))
        _assert_limit([span for of_chat in spans.values() for span in of_chat], 30, 1)
        for chat, of_chat in spans.items():
            _assert_limit(of_chat, 1, 1)
            _assert_limit(of_chat, 20 if chat < 0 else len(chats), 60)


async def _send(pacer: Pacer, chat: int, ticker: Ticker, dice: random.Random, spans: list[tuple[float, float]]) -> None:
    await pacer.start(chat, urgent=dice.random() < 0.3)
    began = ticker.time()
    await pacer.sleep(dice.choice([0, 0.01, 0.3, 2.5]) * dice.random())
    spans.append((began, ticker.time()))
    pacer.end(chat)


def _assert_limit(spans: list[tuple[float, float]], count: int, seconds: float) -> None:
    """At no start are ``count`` earlier messages under way, or answered less than so many seconds ago."""
    for start, _ in spans:
        recent = [answer for began, answer in spans if began < start and answer > start - seconds + 1e-9]
        assert len(recent) < count


async def test_a_turn_given_up_is_given_to_the_next() -> None:
    """Who stops waiting, before its turn or in the very moment of it, holds up nobody."""
    ticker = Ticker()
    pacer = Pacer(Limits(per_second=1), ticker)
    ticker.busy = lambda: True  # time passes when this test says so
    await pacer.start(1)
    pacer.end(1)
    second, third, fourth = (asyncio.create_task(pacer.start(chat)) for chat in (2, 3, 4))
    await asyncio.sleep(0)
    third.cancel()
    ticker.advance(1)  # the second is granted its turn now
    second.cancel()
    await asyncio.gather(second, third, return_exceptions=True)
    ticker.advance(1)
    await fourth
    assert (second.cancelled(), third.cancelled()) == (True, True)


async def test_a_turn_comes_to_nobody_who_is_leaving() -> None:
    """Who is being cancelled when the turn comes does not take it."""
    ticker = Ticker()
    pacer = Pacer(Limits(per_second=1), ticker)
    ticker.busy = lambda: True
    await pacer.start(1)
    pacer.end(1)
    leaving, staying = (asyncio.create_task(pacer.start(chat)) for chat in (2, 3))
    await asyncio.sleep(0)
    leaving.cancel()
    ticker.advance(1)
    await staying
    assert leaving.cancelled()


async def test_chats_are_forgotten() -> None:
    """A chat that was written to costs nothing once its limits are over."""
    ticker = Ticker()
    pacer = Pacer(TELEGRAM, ticker)
    for chat in itertools.chain(range(1, 200), range(-200, 0)):
        await pacer.start(chat)
        pacer.end(chat)
    ticker.advance(60)
    await pacer.start(1)
    pacer.end(1)
    assert len(pacer._chats) <= 1


# Answers first -------------------------------------------------------------------------------------------------------


async def test_answers_go_first() -> None:
    """The next turn goes to who asked something, however many letters wait, and then in their order."""
    ticker = Ticker()
    pacer = Pacer(TELEGRAM, ticker)
    ticker.busy = lambda: True  # time passes when this test says so
    served: list[int] = []

    async def send(chat: int, *, urgent: bool) -> None:
        await pacer.start(chat, urgent=urgent)
        served.append(chat)

    letters = [asyncio.create_task(send(chat, urgent=False)) for chat in range(1, 11)]
    answer = asyncio.create_task(send(99, urgent=True))
    await asyncio.sleep(0)
    for _ in range(11):
        ticker.advance(1 / 30)
        await asyncio.sleep(0)
    await asyncio.gather(answer, *letters)
    assert served == [1, 99, *range(2, 11)]


async def test_answers_starve_no_letter() -> None:
    """However many people ask, letters get every other turn once they have waited for long."""
    ticker = Ticker()
    pacer = Pacer(TELEGRAM, ticker)
    ticker.busy = lambda: True  # time passes when this test says so
    told: list[int] = []

    async def ask(chat: int) -> None:
        while True:
            await pacer.start(chat)
            pacer.end(chat)

    async def tell(chat: int) -> None:
        await pacer.start(chat, urgent=False)
        pacer.end(chat)
        told.append(chat)

    asking = [asyncio.create_task(ask(chat)) for chat in range(100, 140)]
    telling = [asyncio.create_task(tell(chat)) for chat in range(50)]
    for _ in range(30 * 10):
        ticker.advance(1 / 30)
        await asyncio.sleep(0)
    assert len(told) == 50
    for task in (*asking, *telling):
        task.cancel()


async def test_one_who_asks_too_much_holds_up_nobody(bot: Bot, ticker: Ticker) -> None:
    """Ten commands in one chat are answered one a second, and somebody else at once."""
    ticker.busy = lambda: True  # time passes when this test says so
    for _ in range(10):
        await bot.telegram.user_sends(ANNA, "/help")
    await bot.telegram.user_sends(ANNA + 1, "/help")
    while not bot.telegram.messages(ANNA + 1):
        await _pass(ticker, 0.001)
    assert len(bot.telegram.messages(ANNA)) == 1
    while len(bot.telegram.messages(ANNA)) < 10:
        await _pass(ticker, 0.1)
    assert bot.telegram.traffic.closest(ANNA) >= 1


async def _pass(ticker: Ticker, seconds: float) -> None:
    """Let time pass, and let the bot and Telegram talk meanwhile."""
    ticker.advance(seconds)
    await asyncio.sleep(0.001)


async def test_a_stop_waits_for_no_limit(bot: Bot) -> None:
    """Letters that wait for their turn stay for the next start."""
    await _follow_everything(bot.database, bot.clock, list(range(10_001, 10_051)))
    delivering = asyncio.create_task(bot.news(NEWS))
    await bot.telegram.called("sendMessage", 5)
    bot.program.courier.stop()
    await delivering
    sent = len(bot.telegram.calls("sendMessage"))
    assert sent < 50
    assert await _unsent(bot) == 50 - sent


# Pauses --------------------------------------------------------------------------------------------------------------


@pytest.mark.chaos
async def test_a_pause_is_kept(bot: Bot, times: Callable[..., int], dice: random.Random, tally: Tally) -> None:
    """After a 429 nothing is sent to anybody until the time that Telegram named, and then not all at once."""
    pauses = times(gate=5, chaos=100)
    chats = list(range(10_001, 10_001 + 3 * pauses))
    await _follow_everything(bot.database, bot.clock, chats)
    floods = [flooded(dice.randint(1, 300)) for _ in range(pauses)]
    script = [fault for flood in floods for fault in (flood, None, None)]
    dice.shuffle(script)
    bot.telegram.fail("sendMessage", *script)
    await bot.news(NEWS)
    calls = bot.telegram.calls("sendMessage")
    refused = [call for call in calls if call.fault]
    assert len(refused) == pauses
    for flood in refused:
        assert isinstance(flood.fault, type(floods[0]))
        over = flood.answered_at + (flood.fault.parameters or {})["retry_after"]
        assert not [call for call in calls if flood.answered_at < call.at < over - 1e-9]
        assert len([call for call in calls if over <= call.at < over + 0.5]) <= 16
    assert [len(bot.telegram.messages(chat)) for chat in chats] == [1] * len(chats)
    tally.fault("429", pauses)
    tally.prove("pauses", f"{pauses} pauses: 0 requests within them, at most 16 in the half second after")


async def test_a_pause_holds_answers_too(bot: Bot, ticker: Ticker) -> None:
    """What Telegram asks of the bot it asks of all its messages; the answer comes when the pause is over."""
    bot.telegram.fail("sendMessage", flooded(30))
    await bot.ask("/help")
    refused, answered = bot.telegram.calls("sendMessage")
    assert answered.at - refused.answered_at >= 30
    assert ticker.time() < 60


async def test_a_pause_of_unsaid_length_is_kept(bot: Bot) -> None:
    """A 429 that does not say how long, in its parameters or in words, is answered by a minute's silence."""
    bot.telegram.fail("sendMessage", flooded(None))
    await bot.ask("/help")
    refused, answered = bot.telegram.calls("sendMessage")
    assert math.isclose(answered.at - refused.answered_at, 60)
