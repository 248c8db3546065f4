"""How much Telegram lets a bot send, and a record of how much it sent.

The numbers are those of https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from standin.faults import flooded

GRACE = 1e-6
"""Seconds by which a time may fall short: sums of binary fractions are not exact."""


@dataclass(frozen=True)
class Limits:
    """How many messages may come within any sliding window."""

    a_second: int = 30
    """To all chats together."""
    a_second_in_a_chat: int = 1
    a_minute_in_a_group: int = 20
    """Groups are the chats with a negative id."""


STRICT = Limits()


class Traffic:
    """The messages that Telegram took, each with the ticker's seconds at that moment."""

    def __init__(self, limits: Limits | None, ticker: Callable[[], float]) -> None:
        self.flooded = 0
        """How many requests the limits refused."""
        self._limits = limits
        self._ticker = ticker
        self._times: list[float] = []
        self._times_in: defaultdict[int, list[float]] = defaultdict(list)

    def admit(self, chat_id: int) -> None:
        """Let one more message pass, or refuse it with the 429 that says how long to wait. Does not count it yet."""
        wait = self._wait(chat_id) if self._limits else 0
        if wait > GRACE:
            self.flooded += 1
            raise flooded(max(1, math.ceil(wait - GRACE)))

    def count(self, chat_id: int) -> None:
        """A message was taken now."""
        now = self._ticker()
        self._times.append(now)
        self._times_in[chat_id].append(now)

    def busiest_second(self) -> int:
        """The most messages taken within any sliding second."""
        return _most(self._times, 1)

    def busiest_minute(self, chat_id: int) -> int:
        """The most messages that one chat got within any sliding minute."""
        return _most(self._times_in[chat_id], 60)

    def closest(self, chat_id: int) -> float:
        """The fewest seconds between two messages to one chat, to the microsecond; infinite for fewer than two."""
        times = self._times_in[chat_id]
        return min((round(later - earlier, 6) for earlier, later in pairwise(times)), default=math.inf)

    def _wait(self, chat_id: int) -> float:
        in_chat = self._times_in[chat_id]
        ends = [_end(self._times, self._limits.a_second, 1), _end(in_chat, self._limits.a_second_in_a_chat, 1)]
        if chat_id < 0:
            ends.append(_end(in_chat, self._limits.a_minute_in_a_group, 60))
        return max(ends) - self._ticker()


def _end(times: Sequence[float], count: int, seconds: float) -> float:
    """When a window that holds ``count`` messages lets the next one in."""
    return times[-count] + seconds if len(times) >= count else -math.inf


def _most(times: Sequence[float], seconds: float) -> int:
    return max((at - bisect_right(times, time - seconds + GRACE) + 1 for at, time in enumerate(times)), default=0)
