"""The only place where the program is put together.

Telegram, the web and the clock come in as arguments: the live bot, the terminal conversation, the demo and the tests
differ in nothing else.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any, Self

import httpx
from telegram.error import InvalidToken
from telegram.ext import Application, ApplicationBuilder, JobQueue
from telegram.request import BaseRequest, HTTPXRequest

from bot.cards import CardKeeper
from bot.commands.access import Gate
from bot.commands.archiving import ArchivingCommands
from bot.commands.channels import ChannelCommands
from bot.commands.deals import DealCommands
from bot.commands.editing import EditingCommands
from bot.commands.evidence import EvidenceCommands
from bot.commands.feedback import FeedbackCommands
from bot.commands.feeds import FeedCommands
from bot.commands.files import FileCommands
from bot.commands.health import HealthCommands
from bot.commands.help import HelpCommands, menu
from bot.commands.inline import InlineCommands
from bot.commands.merging import MergingCommands
from bot.commands.missed import MissedCommands
from bot.commands.owner import OwnerCommands
from bot.commands.people import PeopleCommands
from bot.commands.proposals import ProposalCommands
from bot.commands.search import SearchCommands
from bot.commands.settings import SettingsCommands
from bot.commands.spotted import SpottedCommands
from bot.commands.subscriptions import SubscriptionCommands
from bot.commands.timeline import TimelineCommands
from bot.commands.tracking import TrackingCommands
from bot.courier import Courier
from bot.errors import on_error
from bot.failures import is_telegrams_own, reason
from bot.inbox import Inbox
from bot.jobs import Jobs, Pace
from bot.language import SOURCE, languages, speaking
from bot.pacing import TELEGRAM, Limits, Pacer, Timer
from bot.polling import Polling, RawBot
from bot.settings import Settings
from feeds.adding import Adder
from feeds.addresses import PrivateHosts
from feeds.fetch import Fetcher, make_client
from feeds.hosts import GAP, Hosts
from feeds.poll import LINGER, Poller
from feeds.worker import ParserProcess
from models.database import Database
from models.subscriber import Wire

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
RETRY_SECONDS = 15.0
"""Between two attempts to reach Telegram at the start."""
CONNECTIONS = 64
"""To Telegram at the same time: a second's worth of messages, and as many answers to pressed buttons."""
ANSWER_SECONDS = 20.0
"""For Telegram to answer: whoever gives up sooner sends twice more often."""
MOST_PARSERS = 4
"""Processes that parse feeds, on machines with so many processors: each takes some 50 MB."""


def utc_now() -> datetime:
    """The clock of the live program."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the program stands in: the real world, unless told otherwise."""

    wire: Wire = Wire.TELEGRAM
    telegram: BaseRequest | None = None
    """Carries the Bot API's calls; None for Telegram over the network."""
    web: httpx.AsyncBaseTransport | None = None
    """Carries the fetching of feeds; None for the network."""
    private: PrivateHosts | None = None
    """Private addresses that may be fetched from; None for those that the settings name."""
    gap: timedelta = GAP
    """Between two requests to one host."""
    clock: Clock = utc_now
    limits: Limits | None = TELEGRAM
    """How many messages Telegram takes; None for no limits."""
    timer: Timer | None = None
    """By which the limits are kept; None for the event loop's."""
    pace: Pace = field(default_factory=Pace)
    edits: bool = True
    """Whether messages can be changed after they were sent: not in a terminal."""
    polls: bool = True
    """Whether this process polls the feeds."""


class Newsroom:
    """What reads feeds, put together. Use as an async context manager."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        around: Surroundings,
        quiet: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """``quiet`` returns when nobody is being answered."""
        self._open = AsyncExitStack()
        private = settings.private if around.private is None else around.private
        self._client = make_client(_user_agent(settings), private, around.web)
        self._parser = ParserProcess(workers=min(os.cpu_count() or 1, MOST_PARSERS))
        fetcher = Fetcher(
            self._client, deadline=settings.fetch_time, max_bytes=settings.fetch_bytes, hosts=Hosts(around.gap)
        )
        self.poller = Poller(
            database, fetcher, self._parser, around.clock, floor=settings.check_every, linger=LINGER, quiet=quiet
        )
        self.adder = Adder(database, fetcher, self._parser, self.poller, around.clock)

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self._client)
        await self._open.enter_async_context(self._parser)
        self._open.push_async_callback(self.poller.stop)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()


class Program:
    """The assembled program over an open database. :meth:`run` until cancelled."""

    def __init__(self, settings: Settings, token: str, database: Database, around: Surroundings) -> None:
        self._around = around
        pacer = Pacer(around.limits, around.timer or asyncio.get_running_loop())
        self._requests = (
            around.telegram or HTTPXRequest(CONNECTIONS, read_timeout=ANSWER_SECONDS),
            around.telegram or HTTPXRequest(connection_pool_size=1),
        )
        self._bot = RawBot(
            token,
            base_url=f"{str(settings.telegram_url).rstrip('/')}/bot",
            base_file_url=f"{str(settings.telegram_url).rstrip('/')}/file/bot",
            request=self._requests[0],
            get_updates_request=self._requests[1],
            rate_limiter=pacer,
        )
        self._application: Application[Any, Any, Any, Any, Any, Any] = (
            ApplicationBuilder().bot(self._bot).updater(None).build()
        )
        self.inbox = Inbox(database, self._application, around.wire, around.clock)
        self._newsroom = Newsroom(settings, database, around, self.inbox.idle)
        self.poller, self.adder = self._newsroom.poller, self._newsroom.adder
        self.courier = Courier(database, self._bot, pacer, around.wire, around.clock)
        self.cards = CardKeeper(database, self._bot, pacer, around.wire)
        self.jobs = Jobs(
            database,
            self.poller if around.polls else None,
            self.courier,
            self.cards if around.edits else None,
            around.clock,
            settings.keep,
        )
        self._polling = Polling(self._bot, self.inbox, around.clock)
        self._add_handlers(database, settings.check_every)

    async def run(self) -> None:
        """Serve until cancelled.

        Raises InvalidToken if Telegram does not know the token, AlreadyRunningError if another process polls with it.
        """
        async with self._newsroom:
            try:
                await self._queue.start()  # news is collected whether or not Telegram can be reached
                self.jobs.schedule(self._queue, self._around.pace)
                await self._connect()
                await self._application.start()
                logger.info("started", extra={"bot": self._bot.username, "polls": self._around.polls})
                await self.inbox.resume()
                await self._polling.run()
            finally:
                await self._stop()

    async def _stop(self) -> None:
        """End what is under way in order, and begin nothing more."""
        scheduler = self._queue.scheduler
        if scheduler.running:
            scheduler.pause()  # JobQueue.stop() cancels, loudly, what begins while it waits for what runs
        self.courier.stop()
        self.cards.stop()
        self.adder.stop()
        await self.inbox.stop()
        if self._application.running:
            await self._application.stop()
        else:
            await self._queue.stop()
        await self._application.shutdown()
        for request in self._requests:  # PTB closes them only if it got so far as to initialize the bot
            await request.shutdown()

    @property
    def _queue(self) -> JobQueue[Any]:
        queue = self._application.job_queue
        if queue is None:
            raise RuntimeError("python-telegram-bot was installed without its job-queue extra; run: make install")
        return queue

    def _add_handlers(self, database: Database, floor: timedelta) -> None:
        wire, clock = self._around.wire, self._around.clock
        subjects = (
            ChannelCommands(database, wire, clock),  # takes what is pressed in channels before anything answers there
            SubscriptionCommands(database, wire, clock),  # takes its replies before a text is taken as /status
            TrackingCommands(database, clock),  # as these do
            EditingCommands(database),  # takes its replies, too
            DealCommands(database),
            SettingsCommands(database, wire, clock),
            OwnerCommands(database, wire, clock),
            EvidenceCommands(database),
            FeedbackCommands(database, wire, clock),
            FeedCommands(database, self.adder, clock, floor),
            FileCommands(database, clock),
            SearchCommands(database),
            SpottedCommands(database, clock),
            TimelineCommands(database, clock),
            MergingCommands(database, clock),
            ArchivingCommands(database, clock),
            InlineCommands(database),
            MissedCommands(database),
            HealthCommands(database, clock),
            ProposalCommands(database, wire, clock),
            PeopleCommands(database, wire, clock),  # takes invitations before they are taken as a deal's link
            HelpCommands(database, wire, clock),  # takes what no other took
        )
        for subject in subjects:
            self._application.add_handlers(subject.handlers())
        if wire is Wire.TELEGRAM:  # whoever sits at the terminal has the database before them, too
            self._application.add_handlers(Gate(database).handlers(), group=-1)
        self._application.add_error_handler(on_error)

    async def _connect(self) -> None:
        """Reach Telegram, however long it takes."""
        while True:
            try:
                await self._application.initialize()
                await self._bot.delete_webhook()  # while one is set, Telegram refuses long polling
                await self._offer_menus()
            except Exception as error:
                if isinstance(error, InvalidToken) and is_telegrams_own(error):
                    raise
                logger.warning("Telegram cannot be reached; trying again", extra={"reason": reason(error)})
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _offer_menus(self) -> None:
        """Telegram shows each user the commands in the language of the app, or else those without one."""
        for language in languages():
            with speaking(language):
                code = None if language == SOURCE else language[:2]
                await self._bot.set_my_commands(menu(), language_code=code)


def _user_agent(settings: Settings) -> str:
    contact = f"; {settings.contact}" if settings.contact else ""
    return f"Hearsay/{version('hearsay')} (deal news for subscribers{contact})"
