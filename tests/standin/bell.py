"""Waiting for something that another task does."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


class Bell:
    """Wakes those who wait for a condition each time it rings; costs nothing while nobody waits."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def ring(self) -> None:
        """Something has changed: whoever waits looks again."""
        woken, self._waiting = self._waiting, []
        for future in woken:
            if not future.done():
                future.set_result(None)

    async def until(self, condition: Callable[[], _T]) -> _T:
        """What the condition says, once it says something true."""
        while not (truth := condition()):
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
        return truth
