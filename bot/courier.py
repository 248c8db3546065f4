"""Outbox → Telegram: each letter sent, put off, given up, or its chat retired.

The Bot API has no idempotency key, so what becomes of a letter whose answer got lost is a choice: it is sent again, at
most :data:`MOST_UNCERTAIN` times in all, because a copy too many is better than news that never came. To keep that
rare, the courier first asks Telegram something harmless after any failure, and sends letters only when that is
answered. A letter is marked sent, with its message id, right after Telegram took it; as long as the database does not
take the mark, nothing else is sent.

Of each chat only the first letter is taken in hand, so its order is kept; the chats are served side by side, each at
its turn (:mod:`bot.pacing`).
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import ReplyParameters
from telegram.constants import ParseMode
from telegram.error import ChatMigrated
from telegram.ext import ExtBot

from bot.failures import backoff, reason
from bot.fates import Fate, judge
from bot.language import speaking
from bot.messages import feedback, feeds, people, proposals, push
from bot.messages.frame import Message, without_markup
from bot.pacing import Pacer, Turn
from bot.replies import NO_PREVIEW, keyboard
from bot.storing import STORE_AGAIN_SECONDS, insist
from models import card, outbox, subscription
from models import subscriber as subscribers
from models.database import Database
from models.outbox import Letter
from models.subscriber import Wire

logger = logging.getLogger(__name__)

IN_HAND = 60
"""Letters that wait for their turn or their answer: two seconds' worth of Telegram's limit."""
LONGEST_WAIT = timedelta(minutes=10)
"""Between two attempts at one letter; those of unknown fate count twice, so that copies come further apart."""
LONGEST_SILENCE = timedelta(seconds=30)
"""Between two questions whether Telegram is back, so that it is noticed within a minute."""
MOST_ATTEMPTS = 10
"""At a letter that Telegram answers with a fault of its own. It is given up then, if it is older than a day as well."""
MOST_UNCERTAIN = 5
"""Attempts after which a letter whose fate is still unknown is given up: each of them may have been a copy."""
LOOK_AGAIN_SECONDS = 1.0
"""While a slow answer is waited for, other chats may get news."""

_TROUBLE = frozenset({Fate.KEPT, Fate.LATER, Fate.UNCERTAIN})
"""After these it is not known whether Telegram can be reached at all."""
_FINAL = frozenset({Fate.ABANDONED, Fate.PLAIN, Fate.TOPICLESS})


@dataclass(frozen=True, slots=True)
class Sent:
    """Telegram took the letter."""

    message_id: int
    topic_is_gone: bool = False
    """It went into the chat itself, because its topic is closed or deleted."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Telegram did not take it, as far as is known."""

    fate: Fate
    reason: str
    new_chat_id: int
    """Where the chat went, if it moved."""


Outcome = Sent | Failed


class Courier:
    """Delivers the letters of one wire."""

    def __init__(
        self, database: Database, bot: ExtBot[Turn], pacer: Pacer, wire: Wire, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._bot = bot
        self._pacer = pacer
        self._wire = wire
        self._clock = clock
        self._delivering = asyncio.Lock()
        self._in_hand: dict[asyncio.Task[None], Letter] = {}
        self._waiting = set[asyncio.Task[Any]]()
        self._refused = set[int]()
        self._failures = 0
        self._ask_at: datetime | None = None
        self._stopping = False

    def stop(self) -> None:
        """Send no further letter: what is left goes out at the next start. Those being sent are ended in order."""
        self._stopping = True
        for task in self._waiting:
            task.cancel()

    async def deliver(self) -> None:
        """Send every letter that is due, and whose chat can take one within a second."""
        async with self._delivering:
            try:
                while await self._take_up():
                    await self._until_half_are_done()
            finally:
                if self._in_hand:
                    await asyncio.wait(self._in_hand)
                    self._put_down()

    async def _take_up(self) -> bool:
        """Take up letters until the hands are full; whether there is anything in hand."""
        if await self._can_send():
            letters = await self._due()
            if await self._folded(letters):
                letters = await self._due()
            for letter in [] if self._stopping else letters:
                self._in_hand[asyncio.create_task(self._carry(letter))] = letter
        return bool(self._in_hand)

    async def _due(self) -> Sequence[Letter]:
        held = [letter.subscriber_id for letter in self._in_hand.values()]
        async with self._database.read() as session:
            return await outbox.due(
                session, self._wire, self._clock(), IN_HAND - len(held), held=held, crowded=self._pacer.crowded()
            )

    async def _until_half_are_done(self) -> None:
        """Wait until there is room for as many letters as a query is worth, or news may have come meanwhile."""
        while True:
            done, _ = await asyncio.wait(self._in_hand, timeout=LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            self._put_down()
            if not done or len(self._in_hand) <= IN_HAND // 2:
                return

    def _put_down(self) -> None:
        for task in [task for task in self._in_hand if task.done()]:
            del self._in_hand[task]
            if not task.cancelled():
                task.result()

    async def _folded(self, letters: Iterable[Letter]) -> bool:
        """Whether letters were folded, after an outage: what is due is another letter then."""
        now = self._clock()
        if not any(outbox.is_stale(letter, now) for letter in letters):
            return False
        async with self._database.write() as session:
            return await outbox.fold(session, now) > 0

    async def _can_send(self) -> bool:
        """Whether letters may be sent; after a failure, only once Telegram has answered something harmless."""
        if self._ask_at and not self._stopping:
            await self._ask(self._ask_at)
        return self._may_send()

    def _may_send(self) -> bool:
        return not (self._stopping or self._ask_at or self._refused)

    async def _ask(self, ask_at: datetime) -> None:
        """Ask whether Telegram is back, if it is time to."""
        now = self._clock()
        if timedelta() < ask_at - now <= LONGEST_SILENCE:  # further away only if the clock was set back
            return
        asking = asyncio.create_task(self._bot.get_me())
        self._waiting.add(asking)  # a pause may hold it up
        try:
            await asking
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        except Exception as error:  # noqa: BLE001 (an outage has many faces, answers that PTB cannot read among them)
            self._failures += 1
            self._ask_at = now + backoff(self._failures, LONGEST_SILENCE)
            if self._failures == 1:
                logger.warning("Telegram cannot be reached; letters wait", extra={"reason": reason(error)})
        else:
            if self._failures:
                logger.info("Telegram is back", extra={"asked": self._failures + 1})
            self._failures, self._ask_at = 0, None
        finally:
            self._waiting.discard(asking)

    async def _carry(self, letter: Letter) -> None:
        """Wait for the chat's turn, send the letter, and store what became of it.

        What was held back for the chat goes with it, in one message.
        """
        parcel = [letter] if not letter.held else await self._gathered(letter)
        outcome = await self._attempt_in_turn(parcel)
        if outcome:
            await self._store(parcel, outcome)

    async def _gathered(self, letter: Letter) -> Sequence[Letter]:
        async with self._database.read() as session:
            return push.fitting(await outbox.digest(session, letter, self._clock())) or [letter]

    async def _attempt_in_turn(self, parcel: Sequence[Letter]) -> Outcome | None:
        """What became of the letters; None if they may not be sent after all, when their turn has come."""
        chat_id = parcel[0].subscriber.chat_id
        with self._breaking_off_at_stop():
            await self._pacer.start(chat_id, urgent=False)
        try:
            return await self._attempt(parcel) if self._may_send() and await self._still_wait(parcel) else None
        finally:
            self._pacer.end(chat_id)

    async def _still_wait(self, parcel: Sequence[Letter]) -> bool:
        """Whether nobody took back what the letters tell, while they stood in line."""
        async with self._database.read() as session:
            return await outbox.still_wait(session, parcel)

    @contextmanager
    def _breaking_off_at_stop(self) -> Iterator[None]:
        """Around what may be cancelled: nothing is under way that Telegram could have taken."""
        task = asyncio.current_task()
        if task:
            self._waiting.add(task)
            if self._stopping:
                task.cancel()
        try:
            yield
        finally:
            self._waiting -= {task}

    async def _attempt(self, parcel: Sequence[Letter], *, plain: bool = False, topic: bool = True) -> Outcome:
        letter = parcel[0]
        try:
            return Sent(await self._send(parcel, plain=plain, topic=topic), topic_is_gone=not topic)
        except Exception as error:  # noqa: BLE001 (such as PTB's KeyError on an answer without a result)
            fate = judge(error)
            if fate is Fate.PLAIN and not plain:
                return await self._attempt(parcel, plain=True, topic=topic)
            if fate is Fate.TOPICLESS and topic and letter.topic_id:
                return await self._attempt(parcel, plain=plain, topic=False)
            why = reason(error)
            logger.warning("letter not sent", extra={"letter": letter.id, "fate": fate, "reason": why})
            if fate in _TROUBLE:
                self._ask_at = self._ask_at or self._clock()
            return Failed(fate, why, error.new_chat_id if isinstance(error, ChatMigrated) else 0)

    async def _send(self, parcel: Sequence[Letter], *, plain: bool, topic: bool) -> int:
        letter = parcel[0]
        with speaking(letter.subscriber.language):
            message = _words(letter) if len(parcel) == 1 else push.digest(parcel)
        if letter.subscriber.is_channel:
            message = push.in_channel(message, self._bot.username)
        sent = await self._bot.send_message(
            letter.subscriber.chat_id,
            without_markup(message.text) if plain else message.text,
            parse_mode=None if plain else ParseMode.HTML,
            reply_markup=keyboard(message),
            link_preview_options=NO_PREVIEW,
            disable_notification=all(letter.silent for letter in parcel) or None,
            message_thread_id=letter.topic_id if topic else None,
            reply_parameters=_answering(letter.answers) if len(parcel) == 1 else None,
            rate_limit_args=Turn.HELD,
        )
        return sent.message_id

    async def _store(self, parcel: Sequence[Letter], outcome: Outcome) -> None:
        """Store what became of letters, however long the database refuses: else they would be sent again."""
        letter = parcel[0]
        try:
            await insist(lambda: self._write(parcel, outcome), lambda: self._wait_to_store(letter))
        finally:
            self._refused.discard(letter.id)

    async def _wait_to_store(self, letter: Letter) -> None:
        self._refused.add(letter.id)
        with self._breaking_off_at_stop():
            await self._pacer.sleep(STORE_AGAIN_SECONDS)

    async def _write(self, parcel: Sequence[Letter], outcome: Outcome) -> None:
        now, chat = self._clock(), parcel[0].subscriber
        async with self._database.write() as session:
            for letter in parcel:
                row = await session.get(Letter, letter.id)
                if row is None:  # what it was about was removed meanwhile
                    continue
                match outcome:
                    case Sent(message_id):
                        if row.error == outbox.WITHDRAWN:
                            await outbox.correct_late(session, letter, now)
                        row.sent_at, row.message_id = now, message_id
                        row.attempts, row.error, row.abandoned_at = row.attempts + 1, None, None
                    case Failed():
                        await self._put_off(session, row, chat.chat_id, outcome, now)
            if isinstance(outcome, Sent):
                await _settle_in(session, parcel, outcome)

    async def _put_off(self, session: AsyncSession, row: Letter, chat_id: int, failed: Failed, now: datetime) -> None:
        row.error = failed.reason
        row.attempts += failed.fate not in (Fate.KEPT, Fate.FLOODED)
        row.uncertain += failed.fate is Fate.UNCERTAIN
        match failed.fate:
            case Fate.LATER | Fate.UNCERTAIN:
                row.due_at = now + backoff(row.attempts + row.uncertain, LONGEST_WAIT)
            case Fate.RETIRED:
                await subscribers.retire(session, chat_id, now)
            case Fate.MOVED:
                row.due_at = now if row.attempts == 1 else now + backoff(row.attempts + row.uncertain, LONGEST_WAIT)
                await subscribers.migrate(session, chat_id, failed.new_chat_id)
        if failed.fate in _FINAL or _is_hopeless(row, now):
            row.abandoned_at = now


async def _settle_in(session: AsyncSession, parcel: Sequence[Letter], sent: Sent) -> None:
    """The message is the deal's card in this chat from now on, unless there is one; a topic that is gone is left."""
    letter = parcel[0]
    if sent.topic_is_gone and letter.topic_id:
        await subscription.leave_topic(session, letter.subscriber_id, letter.topic_id)
    if len(parcel) == 1 and letter.change and letter.answers is None:
        await card.lay(session, letter.subscriber_id, letter.change, sent.message_id)


def _answering(message_id: int | None) -> ReplyParameters | None:
    """A reply to an earlier message, which may have been deleted meanwhile."""
    return ReplyParameters(message_id, allow_sending_without_reply=True) if message_id else None


def _is_hopeless(row: Letter, now: datetime) -> bool:
    """Whether trying again would only make more copies, or can hardly help."""
    tried_long = row.attempts >= MOST_ATTEMPTS and outbox.is_stale(row, now)
    return row.uncertain >= MOST_UNCERTAIN or tried_long


def _words(letter: Letter) -> Message:
    if letter.change:
        return push.changed(letter.change, letter.change.deal, letter.earlier or 0, compact=letter.subscriber.compact)
    if letter.report:
        return push.report(letter.report, letter.report.deal)
    if letter.claim:
        return push.held(letter.claim)
    if letter.notice:
        return feeds.trouble(letter.notice)
    if letter.feedback:
        return feedback.told(letter.feedback)
    if letter.proposal:
        return proposals.told(letter.proposal)
    if letter.invitation:
        return people.joined(letter.invitation)
    raise ValueError(f"letter {letter.id} is about nothing")  # the table's check constraint forbids it
