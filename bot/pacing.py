"""How fast messages may leave: Telegram's limits kept on this side, and answers before broadcasts.

Telegram takes about 30 messages a second in all, one a second in one chat and 20 a minute in a group, and answers what
is beyond with a 429 and a pause (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).

A limit is counted from the *answer* to one request to the start of a later one. Telegram took the first somewhere
before its answer, and takes the later one somewhere after its start: so at Telegram's end, too, they are that far
apart, however long either was on its way. All starts are spread evenly, so that an answer to a user never waits for a
burst to pass, and none follows a pause.
"""

import asyncio
import math
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from telegram.error import TelegramError
from telegram.ext import BaseRateLimiter

from bot.failures import flood_pause

Chat = int | str
"""A chat as the Bot API names it: by its id, or a channel by its @name."""


LONGEST_PATIENCE = 5.0
"""Seconds after which a letter does not stand back for every answer any more."""
LONG_SECONDS = 2.0
"""A wait that is worth serving other chats meanwhile."""


class Alarm(Protocol):
    """What will ring."""

    def cancel(self) -> None:
        """Let it not ring."""


class Timer(Protocol):
    """What the pacer needs of an event loop: seconds of a clock that is never set, and a way to be woken."""

    def time(self) -> float:
        """Seconds since some moment."""

    def call_later(self, delay: float, callback: Callable[[], None], /) -> Alarm:
        """Call back after so many seconds."""


class Turn(Enum):
    """What a request says of its turn."""

    HELD = auto()
    """The sender has waited for it itself, by :meth:`Pacer.start`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many messages Telegram takes."""

    per_second: int = 30
    per_second_in_chat: int = 1
    per_minute_in_group: int = 20


TELEGRAM = Limits()


class _Window:
    """At most ``count`` within any ``seconds``: those on their way, and those answered not longer ago."""

    def __init__(self, count: int, seconds: float) -> None:
        self._count = count
        self._seconds = seconds
        self._under_way = 0
        self._answered = deque[float]()

    def wait(self, now: float) -> float:
        """Seconds until one more may start; infinite if only an answer can say."""
        while self._answered and self._answered[0] + self._seconds <= now:
            self._answered.popleft()
        if self._under_way + len(self._answered) < self._count:
            return 0.0
        return self._answered[0] + self._seconds - now if self._answered else math.inf

    def start(self) -> None:
        """One starts."""
        self._under_way += 1

    def end(self, now: float) -> None:
        """One was answered, or never will be."""
        self._under_way -= 1
        self._answered.append(now)

    def is_idle(self, now: float) -> bool:
        """Whether nothing is counted any more."""
        return self.wait(now) == 0 and not self._under_way and not self._answered


@dataclass(slots=True, eq=False)
class _Waiter:
    chat: Chat | None
    since: float
    granted: asyncio.Future[None]


class Pacer(BaseRateLimiter[Turn]):
    """Gives every request its turn. ``limits`` of None: none are kept, as in the terminal; a pause still is."""

    def __init__(self, limits: Limits | None, timer: Timer) -> None:
        self._limits = limits
        self._timer = timer
        self._overall = _Window(limits.per_second, 1.0) if limits else None
        self._gap = 1 / limits.per_second if limits else 0.0
        self._next_start = self._paused_until = -math.inf
        self._chats = OrderedDict[Chat, list[_Window]]()
        self._urgent = deque[_Waiter]()
        self._patient = deque[_Waiter]()
        self._patient_was_last = False
        self._alarm: Alarm | None = None

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Turn | None,
    ) -> Any:
        """Send a request of the bot when it is its turn. Raises what the request raises."""
        if rate_limit_args is Turn.HELD:
            return await self._heeding(callback(*args, **kwargs))
        async with self.turn(data.get("chat_id") if _is_message(endpoint) else None):
            return await self._heeding(callback(*args, **kwargs))

    @asynccontextmanager
    async def turn(self, chat: Chat | None) -> AsyncIterator[None]:
        """An urgent turn: :meth:`start` on entering, :meth:`end` on leaving."""
        await self.start(chat)
        try:
            yield
        finally:
            self.end(chat)

    async def start(self, chat: Chat | None, *, urgent: bool = True) -> None:
        """Wait until a message may be sent to the chat; from then on it is counted.

        None is for what is no message: it waits for the end of a pause only.
        """
        waiter = _Waiter(chat, self._timer.time(), asyncio.get_running_loop().create_future())
        queue = self._urgent if urgent else self._patient
        queue.append(waiter)
        self._grant()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if waiter.granted.cancelled():
                queue.remove(waiter)
            else:  # granted in this very moment
                self.end(chat)
            raise

    def end(self, chat: Chat | None) -> None:
        """The message was answered, or never will be."""
        now = self._timer.time()
        for window in self._windows(chat):
            window.end(now)
        self._forget(now)
        self._grant()

    def crowded(self) -> list[Chat]:
        """The chats that must wait long, such as groups that got their 20: no letter to them should be taken up."""
        now = self._timer.time()
        waits = {chat: max(window.wait(now) for window in windows) for chat, windows in self._chats.items()}
        return [chat for chat, wait in waits.items() if LONG_SECONDS < wait < math.inf]

    async def sleep(self, seconds: float) -> None:
        """Wait by the pacer's timer."""
        over = asyncio.Event()
        alarm = self._timer.call_later(seconds, over.set)
        try:
            await over.wait()
        finally:
            alarm.cancel()

    async def _heeding(self, request: Coroutine[Any, Any, Any]) -> Any:
        """Send, and pause everything for as long as Telegram asks."""
        try:
            return await request
        except TelegramError as error:
            pause = flood_pause(error)
            if pause is not None:
                self._paused_until = max(self._paused_until, self._timer.time() + pause.total_seconds())
            raise

    def _grant(self) -> None:
        """Give every turn that can be given now, and come back when the next can."""
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        now = self._timer.time()
        soonest = min([self._serve(queue, now) for queue in self._by_precedence(now)])
        if soonest < math.inf:
            self._alarm = self._timer.call_later(soonest, self._grant)

    def _by_precedence(self, now: float) -> tuple[deque[_Waiter], deque[_Waiter]]:
        """Answers first; but while a letter has waited for long, every other turn goes to the letters."""
        overdue = bool(self._patient) and now - self._patient[0].since > LONGEST_PATIENCE
        if overdue and not self._patient_was_last:
            return self._patient, self._urgent
        return self._urgent, self._patient

    def _serve(self, queue: deque[_Waiter], now: float) -> float:
        """Give the turns of one queue, in their order; seconds until the next of it, as far as is known."""
        soonest = math.inf
        for waiter in [waiter for waiter in queue if not waiter.granted.cancelled()]:
            wait = self._wait(waiter.chat, now)
            if wait <= 0:
                queue.remove(waiter)
                self._patient_was_last = queue is self._patient
                self._start(waiter, now)
            else:
                soonest = min(soonest, wait)
        return soonest

    def _wait(self, chat: Chat | None, now: float) -> float:
        pause = self._paused_until - now
        if chat is None or self._overall is None:
            return pause
        windows = self._chats.get(chat, ())
        return max(pause, self._next_start - now, self._overall.wait(now), *(window.wait(now) for window in windows))

    def _start(self, waiter: _Waiter, now: float) -> None:
        for window in self._windows(waiter.chat):
            window.start()
        if waiter.chat is not None:
            self._next_start = now + self._gap
        waiter.granted.set_result(None)

    def _windows(self, chat: Chat | None) -> Iterator[_Window]:
        if chat is None or self._limits is None or self._overall is None:
            return
        if chat not in self._chats:
            self._chats[chat] = [_Window(self._limits.per_second_in_chat, 1.0)]
            if _is_group(chat):
                self._chats[chat].append(_Window(self._limits.per_minute_in_group, 60.0))
        self._chats.move_to_end(chat)
        yield self._overall
        yield from self._chats[chat]

    def _forget(self, now: float) -> None:
        """Drop the chats that were written to longest ago, as long as nothing is counted of them."""
        while self._chats:
            chat, windows = next(iter(self._chats.items()))
            if not all(window.is_idle(now) for window in windows):
                return
            del self._chats[chat]


def _is_message(endpoint: str) -> bool:
    """Whether a method puts a message into a chat, or changes one: that is what the limits are about."""
    return endpoint.startswith(("send", "edit", "forward", "copy")) and endpoint != "sendChatAction"


def _is_group(chat: Chat) -> bool:
    """Groups and channels have negative ids, or names."""
    return isinstance(chat, str) or chat < 0
