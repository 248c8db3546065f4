"""The bot in a process that can be killed again and again, and what Telegram and the database know at each death."""

import asyncio
import os
import random
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto
from pathlib import Path

from sqlalchemy import select
from standin.faults import Drop, Fault, Slow
from standin.telegram import Telegram

from models.article import Article, Claim
from models.change import change_claim
from models.database import Database
from models.outbox import Letter
from models.subscriber import Subscriber

SCRIPT = Path(__file__).with_name("courier_process.py")
PATIENCE_SECONDS = 60.0
START_SECONDS, WRITE_SECONDS = 0.3, 0.03
"""About as long as a start takes, and a few transactions: a kill within them can hit any step of theirs."""

_QUOTED = re.compile("“(.*)”")

Copy = tuple[int, str]
"""What a letter becomes: the chat, and the headline that the message quotes."""


def settings_for(database: Database, telegram: Telegram) -> dict[str, str]:
    """The environment of a bot over this database."""
    return os.environ | {
        "HEARSAY_TOKEN": telegram.token,
        "HEARSAY_DATABASE": str(database.path),
        "HEARSAY_TELEGRAM_URL": telegram.base_url.removesuffix("/bot"),
        "HEARSAY_LOG_LEVEL": "ERROR",
    }


class Doomed:
    """A bot that is started and killed as often as a test likes."""

    def __init__(self, process: Process) -> None:
        assert process.stdin
        assert process.stdout
        self._input, self._output = process.stdin, process.stdout
        self._pid, self._lives = 0, False

    @classmethod
    @asynccontextmanager
    async def over(cls, database: Database, telegram: Telegram, articles: int) -> AsyncIterator["Doomed"]:
        """The bot, ready to start; it will take in so many articles."""
        search = os.pathsep.join(filter(None, (str(SCRIPT.parents[1]), str(Path.cwd()), os.environ.get("PYTHONPATH"))))
        # Here is no certificate to load: that takes most of a start, and nothing is encrypted on loopback.
        process = await asyncio.create_subprocess_exec(
            sys.executable, SCRIPT, str(articles), stdin=PIPE, stdout=PIPE,
            env=settings_for(database, telegram) | {"PYTHONPATH": search, "SSL_CERT_DIR": str(SCRIPT.parent)},
        )  # fmt: skip
        doomed = cls(process)
        try:
            yield doomed
        finally:
            await doomed.kill()
            doomed._input.close()
            await process.wait()

    async def begin(self) -> None:
        """Start it."""
        self._input.write(b"go\n")
        self._pid, self._lives = int(await self._line()), True

    async def takes_in(self, documents: int) -> None:
        """Wait until it has committed so many documents of the feed."""
        for _ in range(documents):
            assert await self._line() == "taken"

    def strike(self) -> None:
        """End it without warning, in this very moment."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._pid = 0  # from now on it may be another's

    async def kill(self) -> None:
        """The same, and wait until it is dead."""
        self.strike()
        while self._lives:
            await self._line()

    async def _line(self) -> str:
        async with asyncio.timeout(PATIENCE_SECONDS):
            line = (await self._output.readline()).decode().strip()
        if line in ("dead", ""):
            self._pid, self._lives = 0, False
        return line


class Moment(Enum):
    """When a process is killed."""

    STARTING = auto()
    """While it starts, or soon after."""
    ARRIVED = auto()
    """When a message of it has arrived, and Telegram does not take it."""
    TAKEN = auto()
    """When Telegram has taken a message, before it answers."""
    ANSWERED = auto()
    """About when the answer comes, and the letter is marked."""


class Death:
    """One death of a bot, at a moment that the dice choose; :meth:`meets` says what its messages meet at Telegram.

    Telegram takes at most so many of them: later lives shall have something to send, too.
    """

    def __init__(self, doomed: Doomed, dice: random.Random, most: int) -> None:
        self._doomed = doomed
        self._most = most
        self._moment, self._nth = dice.choice(list(Moment)), dice.randint(1, most)
        longest = {Moment.STARTING: START_SECONDS, Moment.ANSWERED: WRITE_SECONDS}.get(self._moment, 0.0)
        self._seconds = dice.uniform(0, longest)
        self._arrivals: list[float] = []
        self._reached = asyncio.Event()

    async def comes(self) -> float:
        """Start the bot and kill it; the seconds until its first message, 0 if it sent none."""
        began = time.monotonic()
        await self._doomed.begin()
        if self._moment is not Moment.STARTING:
            await asyncio.wait_for(self._reached.wait(), PATIENCE_SECONDS)
        await asyncio.sleep(self._seconds)
        self._doomed.strike()
        return self._arrivals[0] - began if self._arrivals else 0.0

    def meets(self, method: str, _: object) -> Fault | None:
        """A request arrives."""
        if method != "sendMessage":
            return None
        self._arrivals.append(time.monotonic())
        if len(self._arrivals) > self._most:
            return Slow(before=PATIENCE_SECONDS)
        return self._reach() if len(self._arrivals) == self._nth else None

    def _reach(self) -> Fault | None:
        self._reached.set()
        if self._moment in (Moment.ARRIVED, Moment.TAKEN):
            self._doomed.strike()
        return Drop.BEFORE_APPLYING if self._moment is Moment.ARRIVED else None


class Autopsy:
    """What was in flight at each death: Telegram had taken it, and the database did not have it marked."""

    def __init__(self, database: Database, telegram: Telegram) -> None:
        self.in_flight = Counter[Copy]()
        self._database = database
        self._telegram = telegram
        self._before = Counter[Copy]()

    async def of(self, doomed: Doomed) -> int:
        """Look at one that was killed, once nothing that it sent can arrive any more; how many letters are not marked.

        The connections are cut at once, so what Telegram had not read by then is lost, as with a machine's death.
        """
        await doomed.kill()
        async with self._telegram.down():
            outbox = await letters(self._database)
        unmarked = [copy for copy, sent in outbox if not sent]
        now = Counter(copy for chat in {chat for (chat, _), _ in outbox} for copy in copies(self._telegram, chat))
        self.in_flight.update(copy for copy in unmarked if now[copy] > self._before[copy])
        self._before = now
        return len(unmarked)


def copies(telegram: Telegram, chat: int) -> list[Copy]:
    """What arrived in a chat, in its order."""
    return [(chat, _QUOTED.findall(message.first_text)[0]) for message in telegram.messages(chat)]


async def letters(database: Database) -> list[tuple[Copy, bool]]:
    """The outbox in its order: what each letter becomes, and whether it is marked as sent."""
    query = (
        select(Subscriber.chat_id, Article.title, Letter.sent_at.is_not(None))
        .join_from(Letter, Subscriber, Subscriber.id == Letter.subscriber_id)
        .join(change_claim, change_claim.c.change_id == Letter.change_id)
        .join(Claim, Claim.id == change_claim.c.claim_id)
        .join(Article, Article.id == Claim.article_id)
        .order_by(Letter.id)
    )
    async with database.read() as session:
        return [((chat, title), sent) for chat, title, sent in await session.execute(query)]


async def until_all_are_marked(database: Database) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if all(sent for _, sent in await letters(database)):
                return
            await asyncio.sleep(0.05)
