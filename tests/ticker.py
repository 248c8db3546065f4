"""A timer whose time stands, and jumps to the next alarm when nobody is busy."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True)
class _Alarm:
    at: float
    order: int
    callback: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        self.callback = None


class Ticker:
    """Stands in for the event loop as the pacer's timer, and tells the stand-in Telegram the same time.

    While ``busy()``, time stands, so that a request takes no time at all however slow the machine is.
    """

    def __init__(self) -> None:
        self.busy: Callable[[], bool] = lambda: False
        self._now = 0.0
        self._alarms: list[_Alarm] = []
        self._order = itertools.count()

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Callable[[], None], /) -> _Alarm:
        alarm = _Alarm(self._now + max(delay, 0.0), next(self._order), callback)
        heapq.heappush(self._alarms, alarm)
        asyncio.get_running_loop().call_soon(self._ring)
        return alarm

    def advance(self, seconds: float) -> None:
        """Let time pass. What was to ring meanwhile rings at its own time."""
        until = self._now + seconds
        while self._alarms and self._alarms[0].at <= until:
            self._next()
        self._now = max(self._now, until)

    def _ring(self) -> None:
        while self._alarms and self._alarms[0].callback is None:
            heapq.heappop(self._alarms)
        if not self._alarms:
            return
        if self.busy():
            asyncio.get_running_loop().call_later(0.001, self._ring)
        else:
            self._next()

    def _next(self) -> None:
        alarm = heapq.heappop(self._alarms)
        if alarm.callback:
            self._now = max(self._now, alarm.at)
            alarm.callback()
