"""Polling, delivery and housekeeping on the scheduler.

PTB's JobQueue (APScheduler underneath) is used rather than a scheduler of our own, because it lets a running job finish
when the program stops. The jobs are mere ticks: what is due stands in rows and is judged by the clock, so a restart
changes nothing, and a story's fast clock drives the same jobs.
"""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from telegram.ext import JobQueue

from bot.cards import CardKeeper
from bot.courier import Courier
from feeds.poll import Poller
from models import entry, feed, inbox, ledger, outbox, search
from models.database import Database

KEEP_UPDATES = timedelta(days=7)
"""How long a handled update is remembered, so that it is not handled again: Telegram repeats none after 24 hours."""
KEEP_FOLDED = timedelta(days=30)
"""How long a letter is remembered that a later one told."""
SETTLED = 60.0
"""Seconds after which a program has loaded what it keeps: its modules, the cues, the names of all deals."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Real seconds between two looks at what is due."""

    poll: float = 5.0
    deliver: float = 0.5
    tidy: float = 3600.0


class Jobs:
    """What the scheduler runs."""

    def __init__(
        self,
        database: Database,
        poller: Poller | None,
        courier: Courier,
        cards: CardKeeper | None,
        clock: Callable[[], datetime],
        keep: timedelta,
    ) -> None:
        self._database = database
        self._poller = poller
        self._courier = courier
        self._cards = cards
        self._clock = clock
        self._keep = keep

    def schedule(self, queue: JobQueue[Any], pace: Pace) -> None:
        """Start the ticks. A late tick is not dropped, and missed ones are made up by one."""
        ticks = (
            (self.poll, pace.poll, 0.0),
            (self.deliver, pace.deliver, 0.0),
            (self.refresh, pace.deliver, 0.0),
            (self.index, pace.poll, 0.0),
            (self.tidy, pace.tidy, 0.0),
            (self.settle, pace.tidy, SETTLED),
        )
        for job, seconds, first in ticks:
            options = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
            queue.run_repeating(job, seconds, first=first, job_kwargs=options)

    async def poll(self, _: object = None) -> None:
        """Start to poll the feeds that are due: a slow one must not hold up the others."""
        if self._poller:
            await self._poller.start_due()

    async def deliver(self, _: object = None) -> None:
        """Send the letters that are due."""
        await self._courier.deliver()

    async def refresh(self, _: object = None) -> None:
        """Edit the cards that are out of date."""
        if self._cards:
            await self._cards.refresh()

    async def index(self, _: object = None) -> None:
        """Let searches find what came."""
        await search.catch_up(self._database)

    async def tidy(self, _: object = None) -> None:
        """Mark rumors that went quiet, and forget what need not be kept."""
        now = self._clock()
        async with self._database.write() as session:
            await ledger.mark_quiet(session, now)
            await entry.forget(session, now - self._keep)
            await feed.mend_clock(session, now)
            await inbox.forget(session, now - KEEP_UPDATES)
            await outbox.forget_folded(session, now - KEEP_FOLDED)

    async def settle(self, _: object = None) -> None:
        """Spare the garbage collector what stays: it took 130 ms to look through it, and everybody waited meanwhile."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
