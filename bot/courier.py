"""Outbox → Telegram: each letter sent, put off, given up, or its chat retired.

The Bot API has no idempotency key, so a letter whose fate is unknown (the connection broke after it was sent) is sent
again: better one message twice than none. A letter is marked sent, with its message id, right after Telegram took it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from telegram import Bot
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot import messages
from bot.pauses import flood_pause
from bot.replies import NO_PREVIEW, keyboard
from models import outbox
from models import subscriber as subscribers
from models.database import Database
from models.outbox import Letter
from models.subscriber import Wire

logger = logging.getLogger(__name__)

LONGEST_WAIT = timedelta(hours=1)
"""Between two attempts at one letter."""
TOKEN_PAUSE = timedelta(minutes=1)
"""While the token is refused, nothing can be sent to anybody."""
MOST_ATTEMPTS = 10
"""At a letter whose error nobody has a name for."""
GAP_SECONDS = 1 / 25
"""Between two messages: Telegram allows about 30 a second in all (Bots FAQ)."""


class Fate(StrEnum):
    """What an error means for the letter."""

    LATER = "later"
    """Try again after a while."""
    PAUSE = "pause"
    """Telegram asks everyone to wait."""
    PLAIN = "plain"
    """Telegram cannot read the markup: send it without."""
    MOVED = "moved"
    """The chat has a new id."""
    RETIRED = "retired"
    """The chat does not take messages any more."""
    ABANDONED = "abandoned"
    """This letter can never be sent."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The fate of a letter, with what it needs: how long to wait, or where the chat went."""

    fate: Fate
    wait: timedelta = timedelta()
    chat_id: int = 0


def judge(error: TelegramError, attempts: int) -> Verdict:
    """Name the fate of a letter after a failed attempt (the ``attempts``-th).

    BadRequest and TimedOut are NetworkErrors in python-telegram-bot, so they are asked for first. A token that Telegram
    does not know keeps the letter: the owner can mend the token.
    """
    backoff = min(timedelta(seconds=2**attempts), LONGEST_WAIT)
    match error:
        case RetryAfter():
            return Verdict(Fate.PAUSE, flood_pause(error))
        case ChatMigrated():
            return Verdict(Fate.MOVED, chat_id=error.new_chat_id)
        case Forbidden():
            return Verdict(Fate.RETIRED)
        case BadRequest() if "chat not found" in error.message.casefold():
            return Verdict(Fate.RETIRED)
        case BadRequest() if "parse entities" in error.message.casefold():
            return Verdict(Fate.PLAIN)
        case InvalidToken() | Conflict():
            return Verdict(Fate.PAUSE, TOKEN_PAUSE)
        case BadRequest():
            return Verdict(Fate.ABANDONED)
        case NetworkError():
            return Verdict(Fate.LATER, backoff)
    return _unknown(attempts)


def _unknown(attempts: int) -> Verdict:
    """The fate after an error that nobody has a name for."""
    if attempts >= MOST_ATTEMPTS:
        return Verdict(Fate.ABANDONED)
    return Verdict(Fate.LATER, min(timedelta(seconds=2**attempts), LONGEST_WAIT))


class Courier:
    """Delivers the letters of one wire."""

    def __init__(self, database: Database, bot: Bot, wire: Wire, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._bot = bot
        self._wire = wire
        self._clock = clock
        self._paused_until: datetime | None = None
        self._turn = asyncio.Lock()
        self._stopping = False

    def stop(self) -> None:
        """Send no further letter: what is left goes out at the next start."""
        self._stopping = True

    async def deliver(self) -> None:
        """Send every letter that is due, in order for each chat."""
        async with self._turn:
            while not self._idle():
                async with self._database.read() as session:
                    letters = await outbox.due(session, self._wire, self._clock())
                if not letters:
                    return
                if await self._folded(letters):
                    continue
                for letter in letters:
                    if not self._idle():
                        await self._attempt(letter)
                        await asyncio.sleep(GAP_SECONDS)

    async def _folded(self, letters: Sequence[Letter]) -> bool:
        """Whether letters were folded, after an outage: what is due is another letter then."""
        now = self._clock()
        if not any(outbox.is_stale(letter, now) for letter in letters):
            return False
        async with self._database.write() as session:
            return await outbox.fold(session, now) > 0

    def _idle(self) -> bool:
        paused = self._paused_until is not None and self._clock() < self._paused_until
        return paused or self._stopping

    async def _attempt(self, letter: Letter, *, plain: bool = False) -> None:
        try:
            message_id = await self._send(letter, plain=plain)
        except TelegramError as error:
            verdict = judge(error, letter.attempts + 1)
            if verdict.fate is Fate.PLAIN and not plain:
                await self._attempt(letter, plain=True)
            else:
                await self._failed(letter, verdict, str(error))
            return
        except Exception as error:  # such as PTB's KeyError on an answer without a result; the other chats go on
            logger.exception("letter could not be sent", extra={"letter": letter.id})
            await self._failed(letter, _unknown(letter.attempts + 1), f"{type(error).__name__}: {error}")
            return
        async with self._database.write() as session:
            row = await session.get(Letter, letter.id)
            if row:  # what it was about may have been removed meanwhile
                row.sent_at, row.message_id, row.attempts, row.error = self._clock(), message_id, row.attempts + 1, None

    async def _send(self, letter: Letter, *, plain: bool) -> int:
        message = _words(letter)
        sent = await self._bot.send_message(
            letter.subscriber.chat_id,
            messages.without_markup(message.text) if plain else message.text,
            parse_mode=None if plain else ParseMode.HTML,
            reply_markup=keyboard(message),
            link_preview_options=NO_PREVIEW,
        )
        return sent.message_id

    async def _failed(self, letter: Letter, verdict: Verdict, reason: str) -> None:
        now = self._clock()
        logger.warning("letter not sent", extra={"letter": letter.id, "fate": verdict.fate, "reason": reason})
        async with self._database.write() as session:
            row = await session.get(Letter, letter.id)
            if row is None:  # what it was about was removed meanwhile
                return
            row.attempts, row.error = row.attempts + 1, reason
            match verdict.fate:
                case Fate.LATER:
                    row.due_at = now + verdict.wait
                case Fate.PAUSE:
                    self._paused_until = now + verdict.wait
                case Fate.RETIRED:
                    await subscribers.retire(session, letter.subscriber.chat_id, now)
                case Fate.MOVED:
                    await subscribers.migrate(session, letter.subscriber.chat_id, verdict.chat_id)
                case Fate.ABANDONED | Fate.PLAIN:
                    row.abandoned_at = now


def _words(letter: Letter) -> messages.Message:
    if letter.change:
        return messages.changed(letter.change, letter.change.deal, letter.earlier or 0)
    if letter.claim:
        return messages.held(letter.claim, letter.claim.deal)
    if letter.notice:
        return messages.trouble(letter.notice)
    raise ValueError(f"letter {letter.id} is about nothing")  # the table's check constraint forbids it
