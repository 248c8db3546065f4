"""From the moment an article stands in a feed to the moment its push leaves.

The whole program runs: scheduler, poller, parser process, matcher, ledger, courier. Only the wire to Telegram is the
terminal's. The feed may be checked every second, and the gap between two visits to its host is lifted, so that what is
waited for is the next look at what is due. Real time, since waiting is what it is about.
"""

import asyncio
import io
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks import newsroom
from benchmarks.prepared import database_with
from benchmarks.tables import figures
from bot.app import Program, Surroundings, utc_now
from bot.jobs import Pace
from bot.settings import Settings
from bot.terminal import CHAT, TOKEN, TerminalWire
from matcher.vocabulary import Deal
from models import feed as feeds
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.database import Database
from models.subscriber import Wire
from models.subscription import EVERYTHING

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from standin.feeds import FeedServer

DEALS = 100
PUSHES = 12
PACE = Pace(poll=1.0)
"""Everything as in the live program, but a look at what is due every second rather than every five."""
TARGET_SECONDS = 2
"""The most that our own work may take."""
PATIENCE_SECONDS = 20
FEED = "ledger"


@dataclass(frozen=True)
class Push:
    """Seconds that one article took."""

    waiting: float
    """Until the feed was asked."""
    work: float
    """From asking to the push at the wire: all of it ours, with the courier's own waiting."""

    @property
    def in_all(self) -> float:
        """From feed to wire."""
        return self.waiting + self.work


class WatchedWire(TerminalWire):
    """Telegram's place, with nobody there: notes when messages come."""

    def __init__(self) -> None:
        super().__init__(Console(file=io.StringIO()), time.time, first_update=1)
        self.pushed = asyncio.Queue[float]()

    async def do_request(self, url: str, *rest: Any, **options: Any) -> tuple[int, bytes]:
        """As the terminal does."""
        if url.endswith("/sendMessage"):
            self.pushed.put_nowait(time.perf_counter())
        return await super().do_request(url, *rest, **options)


class WatchedWeb(httpx.AsyncHTTPTransport):
    """The network, with a note of when the last request left that brought something new."""

    asked = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As httpx does."""
        now = time.perf_counter()
        response = await super().handle_async_request(request)
        if response.status_code == httpx.codes.OK:
            self.asked = now
        return response


def measure(step: Callable[[str], None]) -> Table:
    """The way of an article in two parts; ``step`` is told what is being measured."""
    pushes = asyncio.run(_pushes(step))
    table = figures(f"Freshness: seconds from feed to push ({PUSHES} articles)", "part", "median", "slowest", "target")
    table.add_row(f"waiting for the poll (a look every {PACE.poll:g} s)", *_figures([push.waiting for push in pushes]))
    own = f"our own work (deliveries every {PACE.deliver:g} s)"
    table.add_row(own, *_figures([push.work for push in pushes]), f"≤ {TARGET_SECONDS}")
    table.add_row("from feed to push", *_figures([push.in_all for push in pushes]))
    return table


def _figures(seconds: Sequence[float]) -> tuple[str, str]:
    return f"{median(seconds):.2f}", f"{max(seconds):.2f}"


async def _pushes(step: Callable[[str], None]) -> list[Push]:
    deals = newsroom.deals(DEALS)
    async with FeedServer() as server, database_with(deals, server.url(FEED)) as database:
        await _follow_everything(database)
        await _hurry(database, server.url(FEED))
        wire, web = WatchedWire(), WatchedWeb()
        around = Surroundings(wire=Wire.TERMINAL, telegram=wire, web=web, gap=timedelta(0), pace=PACE)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(Program(Settings.model_construct(), TOKEN, database, around).run())
            pushes = []
            for number, deal in enumerate(deals[: PUSHES + 1]):
                step(f"freshness: article {number} of {PUSHES}")
                await asyncio.sleep(PACE.poll * number / PUSHES)  # so that articles come at every phase of the ticks
                pushes.append(await _push(deal, server, wire, web))
            serving.cancel()
    return pushes[1:]  # the first one warmed up


async def _push(deal: Deal, server: FeedServer, wire: WatchedWire, web: WatchedWeb) -> Push:
    published = time.perf_counter()
    server.publish(FEED, newsroom.first_report(deal))
    try:
        pushed = await asyncio.wait_for(wire.pushed.get(), PATIENCE_SECONDS)
    except TimeoutError as error:
        raise RuntimeError(f"nothing was pushed about {deal.slug} within {PATIENCE_SECONDS} seconds") from error
    return Push(web.asked - published, pushed - web.asked)


async def _follow_everything(database: Database) -> None:
    async with database.write() as session:
        subscriber = await subscribers.meet(session, CHAT, Wire.TERMINAL, utc_now())
        await subscriptions.follow(session, subscriber, EVERYTHING, utc_now())


async def _hurry(database: Database, address: str) -> None:
    async with database.write() as session:
        feed = await feeds.by_url(session, address)
        if feed:
            feed.pace = timedelta(seconds=PACE.poll)  # people may not ask for less than a minute
