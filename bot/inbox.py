"""Updates in: stored, then handled once, those of one chat in their order.

What was stored but not handled when the process died is handled at the next start. It may have been handled but for its
mark, so every handler must leave the same state behind when it runs again. How an update came makes no difference from
:meth:`Inbox.keep` on.

Chats are served side by side: one whose answers must wait for Telegram's limits holds up nobody else.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from telegram import ChatMember, Update
from telegram.error import TelegramError
from telegram.ext import Application

from bot.language import best_language, speaking
from bot.messages import push
from bot.replies import reply
from bot.storing import STORE_AGAIN_SECONDS, insist
from models import inbox, outbox, people
from models import subscriber as subscribers
from models.database import Database
from models.inbox import IncomingUpdate
from models.outbox import Missed
from models.subscriber import Wire

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")

CHATS_AT_ONCE = 1000
"""Whose updates are handled at the same time: many, since most of them wait for Telegram's limits."""
GRACE_SECONDS = 5.0
"""For what is being handled when the program stops."""
GONE = frozenset({ChatMember.LEFT, ChatMember.BANNED})
"""What the bot is in a chat that blocked it or threw it out."""


@dataclass(frozen=True, slots=True)
class _Received:
    """A stored update as PTB reads it, or the reason why nobody can."""

    update_id: int
    update: Update | None
    error: str | None = None

    @property
    def chat(self) -> int | None:
        """The chat it belongs to; None where it belongs to none."""
        chat = self.update.effective_chat if self.update else None
        return chat.id if chat else None

    @property
    def lane(self) -> int | None:
        """What it is handled in order with: whatever comes from its chat or, without one, from its user."""
        user = self.update.effective_user if self.update else None
        return self.chat if self.chat is not None or user is None else user.id


class Inbox:
    """The way of every update, from its arrival to its handler."""

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
        self._queues: dict[int | None, deque[_Received]] = {}
        self._serving = set[asyncio.Task[None]]()
        self._hands = asyncio.Semaphore(CHATS_AT_ONCE)
        self._stopping = False

    async def keep(self, updates: Sequence[dict[str, Any]]) -> None:
        """Store updates as they came, and have those handled that are new. After this they may be confirmed."""
        async with self._database.write() as session:
            new = await inbox.store(session, self._wire, updates, self._clock())
        self._hand_out(new)

    async def resume(self) -> None:
        """Have handled what a former run left."""
        async with self._database.read() as session:
            left = await inbox.waiting(session, self._wire)
        self._hand_out(left)

    async def idle(self) -> None:
        """Wait until everything that was kept is handled."""
        while self._serving:
            await asyncio.wait(self._serving)

    async def stop(self) -> None:
        """Let end what is being handled, for a while; the rest is handled at the next start."""
        self._stopping = True
        if self._serving:
            await asyncio.wait(self._serving, timeout=GRACE_SECONDS)
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _hand_out(self, kept: Sequence[IncomingUpdate]) -> None:
        for incoming in kept:
            received = self._read(incoming)
            if received.lane in self._queues:
                self._queues[received.lane].append(received)
            else:
                self._queues[received.lane] = deque([received])
                task = asyncio.create_task(self._serve(received.lane))
                self._serving.add(task)
                task.add_done_callback(self._serving.discard)

    def _read(self, incoming: IncomingUpdate) -> _Received:
        try:
            update = Update.de_json(incoming.payload, self._application.bot)
        except Exception as error:  # whatever PTB stumbles over, it must not stumble over it again at every start
            logger.exception("update cannot be read; set aside", extra={"update": incoming.update_id})
            return _Received(incoming.update_id, None, f"{type(error).__name__}: {error}")
        received = _Received(incoming.update_id, update)
        if type(received.lane) not in (int, type(None)):  # PTB takes whatever stands there
            logger.error("update of no chat; set aside", extra={"update": incoming.update_id})
            return _Received(incoming.update_id, None, "the chat's id is no number")
        return received

    async def _serve(self, lane: int | None) -> None:
        """Handle what comes from a chat, one after the other, until nothing is left."""
        queue = self._queues[lane]
        try:
            while queue and not self._stopping:
                async with self._hands:
                    await self._handle(queue[0])
                queue.popleft()
        finally:
            del self._queues[lane]

    async def _handle(self, received: _Received) -> None:
        error, language = received.error, ""
        if received.update:
            try:
                language = await self._language(received.update)
                with speaking(language):
                    await self._react(received.update)
            except Exception as fault:  # a fault of ours: it must not stop what comes after it
                logger.exception("update cannot be handled; set aside", extra={"update": received.update_id})
                error = f"{type(fault).__name__}: {fault}"
        await self._insist(lambda: self._mark(received, language, error))

    async def _language(self, update: Update) -> str:
        """The chat's own language, or else that of the app of who writes."""
        chat, user = update.effective_chat, update.effective_user
        async with self._database.read() as session:
            chosen = await subscribers.language_of(session, chat.id) if chat else ""
        return chosen or best_language(user.language_code if user else None)

    async def _react(self, update: Update) -> None:
        missed = await self._insist(lambda: self._note_chat(update))
        await self._application.process_update(update)
        if missed and not _is_channel(update):  # nothing is asked in a channel, so nothing is answered there
            await _offer(update, missed)

    async def _mark(self, received: _Received, language: str, error: str | None) -> None:
        async with self._database.write() as session:
            row = await session.get_one(IncomingUpdate, (received.update_id, self._wire))
            row.handled_at, row.error = self._clock(), error
            if error is None:
                row.payload = {}  # the id is enough to know it again; what people write is not kept
            if received.chat is not None and language:
                await subscribers.speak(session, received.chat, language)

    async def _insist(self, write: Callable[[], Awaitable[_Result]]) -> _Result:
        return await insist(write, lambda: asyncio.sleep(STORE_AGAIN_SECONDS))

    async def _note_chat(self, update: Update) -> Sequence[Missed]:
        """Retire or revive the chat by what it does; for one that is back, the deals it was not told of.

        Who may not use the bot revives nothing: whoever was barred must not be told of deals for having unblocked it.
        Its backlog is folded in the transaction that revives it, so the courier never sees the burst.
        """
        chat, user, now = update.effective_chat, update.effective_user, self._clock()
        if chat is None:
            return ()
        async with self._database.write() as session:
            if update.my_chat_member and update.my_chat_member.new_chat_member.status in GONE:
                await subscribers.retire(session, chat.id, now)
                return ()
            if not await people.admits(session, user.id if user else None, chat.id):
                return ()
            if not await subscribers.revive(session, chat.id):
                return ()
            await outbox.fold(session, now, chat.id)
            return [missed for missed in await outbox.missed(session, chat.id) if missed.untold]


def _is_channel(update: Update) -> bool:
    chat = update.effective_chat
    return chat is not None and chat.type == chat.CHANNEL


async def _offer(update: Update, missed: Sequence[Missed]) -> None:
    """Greet a chat that is back. If that fails, nothing is lost: what waits is sent anyway, the rest is in /missed."""
    try:
        await reply(update, push.welcome_back(missed), fresh=True)
    except TelegramError as error:
        logger.warning("what was missed could not be offered", extra={"reason": str(error)})
