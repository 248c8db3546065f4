"""Updates in: stored before they are confirmed, handled once, one by one.

PTB's own Updater confirms updates before they are handled, and stops for good at one that it cannot parse. So updates
are fetched as plain JSON, kept in the database, and only then confirmed (by asking for the next offset). What was kept
but not handled when the process died is handled at the next start. How an update came makes no difference from
:meth:`Inbox.keep` on.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from telegram import ChatMember, Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.ext import Application, ExtBot

from bot import messages
from bot.pauses import flood_pause
from bot.replies import reply
from models import inbox, outbox
from models import subscriber as subscribers
from models.database import Database
from models.inbox import IncomingUpdate
from models.outbox import Missed
from models.subscriber import Wire

logger = logging.getLogger(__name__)

LONG_POLL_SECONDS = 50
"""Telegram holds a request for updates open for at most this long."""
LONGEST_WAIT_SECONDS = 60
"""Between two attempts to reach Telegram."""
KINDS = ["message", "callback_query", "my_chat_member"]
"""The updates that are asked for: what some handler takes, and whether a chat takes messages."""
GONE = frozenset({ChatMember.LEFT, ChatMember.BANNED})
"""What the bot is in a chat that blocked it or threw it out."""


class RawBot(ExtBot[None]):
    """A bot whose updates come as plain JSON."""

    async def raw_updates(self, offset: int | None) -> list[dict[str, Any]]:
        """The waiting updates from ``offset`` on; asking for an offset confirms everything before it."""
        data = {"offset": offset, "timeout": LONG_POLL_SECONDS, "allowed_updates": KINDS}
        given = {key: value for key, value in data.items() if value is not None}
        updates: list[dict[str, Any]] = await self._post("getUpdates", given, read_timeout=LONG_POLL_SECONDS + 10)
        return updates


class Inbox:
    """The way of every update, from Telegram to its handler."""

    def __init__(
        self,
        database: Database,
        application: Application[Any, Any, Any, Any, Any, Any],
        wire: Wire,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._application = application
        self._wire = wire
        self._clock = clock

    async def receive(self, bot: RawBot) -> None:
        """Handle what a former run left, then poll until cancelled. Raises InvalidToken; waits out everything else."""
        offset, failures = None, 0
        while True:
            try:
                await self.handle()
                updates = await bot.raw_updates(offset)
                await self.keep(updates)
            except InvalidToken:
                raise
            except TelegramError as error:
                failures += 1
                await asyncio.sleep(_wait(error, failures))
            except Exception:  # a broken answer, a full disk: nothing was confirmed, so ask again
                failures += 1
                logger.exception("updates could not be taken; trying again")
                await asyncio.sleep(_backoff(failures))
            else:
                failures = 0
                offset = max((update["update_id"] + 1 for update in updates), default=offset)

    async def keep(self, updates: Sequence[dict[str, Any]]) -> None:
        """Store updates as they came; after this they may be confirmed."""
        if updates:
            async with self._database.write() as session:
                await inbox.store(session, self._wire, updates, self._clock())

    async def handle(self) -> None:
        """Handle every stored update that was not handled yet."""
        async with self._database.read() as session:
            waiting = await inbox.waiting(session, self._wire)
        for incoming in waiting:
            error = await self._handle_one(incoming)
            async with self._database.write() as session:
                row = await session.get_one(IncomingUpdate, (incoming.update_id, incoming.wire))
                row.handled_at, row.error = self._clock(), error
                if error is None:
                    row.payload = {}  # the id is enough to know it again; what people write is not kept

    async def _handle_one(self, incoming: IncomingUpdate) -> str | None:
        """Why the update could not be read, or None."""
        try:
            update = Update.de_json(incoming.payload, self._application.bot)
        except Exception as error:  # whatever PTB stumbles over, it must not stumble over it again at every poll
            logger.exception("update cannot be read; set aside", extra={"update": incoming.update_id})
            return f"{type(error).__name__}: {error}"
        missed = await self._note_chat(update)
        await self._application.process_update(update)
        if missed:
            await _offer(update, missed)
        return None

    async def _note_chat(self, update: Update) -> Sequence[Missed]:
        """Retire or revive the chat by what it does; for one that is back, the deals it was not told of.

        Its backlog is folded in the transaction that revives it, so the courier never sees the burst.
        """
        chat, now = update.effective_chat, self._clock()
        if chat is None:
            return ()
        async with self._database.write() as session:
            if update.my_chat_member and update.my_chat_member.new_chat_member.status in GONE:
                await subscribers.retire(session, chat.id, now)
                return ()
            if not await subscribers.revive(session, chat.id):
                return ()
            await outbox.fold(session, now, chat.id)
            return [missed for missed in await outbox.missed(session, chat.id) if missed.untold]


async def _offer(update: Update, missed: Sequence[Missed]) -> None:
    """Greet a chat that is back. If that fails, nothing is lost: what waits is sent anyway, the rest is in /missed."""
    try:
        await reply(update, messages.welcome_back(missed), fresh=True)
    except TelegramError as error:
        logger.warning("what was missed could not be offered", extra={"reason": str(error)})


def _wait(error: TelegramError, failures: int) -> float:
    if isinstance(error, RetryAfter):
        return flood_pause(error).total_seconds()
    if isinstance(error, Conflict):
        logger.error("another program polls with the same token; stop one of the two", extra={"reason": str(error)})
    elif failures == 1:
        logger.warning("Telegram cannot be reached; trying again", extra={"reason": str(error)})
    return _backoff(failures)


def _backoff(failures: int) -> float:
    return float(min(2**failures, LONGEST_WAIT_SECONDS))
