"""One request at a time per host, and a pause between two: many feeds may live on one small server."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import takewhile
from weakref import WeakValueDictionary

GAP = timedelta(seconds=2)
"""The least time between the end of one request to a host and the start of the next."""


class Hosts:
    """Who is at which host. ``clock`` counts seconds from anywhere, and never backwards."""

    def __init__(
        self,
        gap: timedelta,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._gap = gap.total_seconds()
        self._clock = clock
        self._sleep = sleep
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # alive while somebody is there
        self._resting: dict[str, float] = {}  # host → when its gap is over, the earliest first

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait until nobody is at ``host`` and its gap is over, in order of arrival, and be there alone."""
        lock = self._locks.get(host) or self._locks.setdefault(host, asyncio.Lock())
        async with lock:
            while (wait := self._resting.get(host, -math.inf) - self._clock()) > 0:
                await self._sleep(wait)
            try:
                yield
            finally:
                self._rest(host)

    def _rest(self, host: str) -> None:
        """Begin the host's gap, and forget the hosts whose gap is over."""
        now = self._clock()
        self._resting.pop(host, None)
        self._resting[host] = now + self._gap
        for rested in list(takewhile(lambda name: self._resting[name] <= now, self._resting)):
            del self._resting[rested]
