"""Foreign documents are read in processes of their own, so that none can stall the event loop or eat the machine."""

import asyncio
import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Any, Self, TypeVar, TypeVarTuple

from pebble import ProcessExpired, ProcessPool

from feeds.discovery import FeedLink, find_feeds
from feeds.language import language
from feeds.pages import read_page
from feeds.parse import ParsedFeed, TooHard, parse
from feeds.sandbox import attempt, confine
from models.wording import Wording

DEADLINE = timedelta(seconds=10)
"""For one document. An honest feed of 5 MB takes a second and a half."""

MAX_MEMORY = 512 * 1024 * 1024
"""Bytes of address space for a process. An honest feed of 5 MB needs 80 MB, the model of languages 200 MB."""

_NONE_STARTS = Wording("No parser could be started, maybe for lack of memory; free some.")
_TOO_LONG = Wording("The document takes too long to read; choose a shorter one.")
_DIED = Wording("The parser died on the document, maybe for lack of memory; choose a shorter one.")

_Arguments = TypeVarTuple("_Arguments")
_Result = TypeVar("_Result")


class ParserProcess:
    """Reads documents in ``workers`` processes, and what needs large libraries in one more that starts when needed.

    A document that runs out of time or memory takes its process down with it; the next one gets a new process. Use as
    an async context manager. Leaving it kills the processes: whoever still waits for a document is cancelled.
    """

    def __init__(self, workers: int = 1, *, deadline: timedelta = DEADLINE, max_memory: int = MAX_MEMORY) -> None:
        self._light = _Workers(workers, deadline, max_memory)
        self._heavy = _Workers(1, deadline, max_memory)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(self._light.close(), self._heavy.close())

    async def parse(self, body: bytes, content_type: str, url: str = "") -> ParsedFeed:
        """As :func:`feeds.parse.parse`. Raises :class:`ParseError`."""
        return await self._light.run(parse, body, content_type, url)

    async def find_feeds(self, body: bytes, content_type: str, url: str) -> list[FeedLink]:
        """As :func:`feeds.discovery.find_feeds`. Raises :class:`TooHard`."""
        return await self._light.run(find_feeds, body, content_type, url)

    async def read_page(self, body: bytes, content_type: str, url: str) -> str:
        """As :func:`feeds.pages.read_page`. Raises :class:`TooHard`."""
        return await self._heavy.run(read_page, body, content_type, url)

    async def language(self, text: str) -> str:
        """As :func:`feeds.language.language`. Raises :class:`TooHard`."""
        return await self._heavy.run(language, text)


class _Workers:
    """Processes that take one call after the other. They start with the first call."""

    def __init__(self, number: int, deadline: timedelta, max_memory: int) -> None:
        self._number = number
        self._deadline = deadline
        self._max_memory = max_memory
        self._pool = self._new_pool()
        self._awaited: set[asyncio.Future[Any]] = set()
        self._closed = False

    async def run(self, function: Callable[[*_Arguments], _Result], *args: *_Arguments) -> _Result:
        """What the function returns for these arguments, in one of the processes. Raises :class:`ParseError`."""
        pool = self._pool
        try:
            return await self._run_in(pool, function, *args)
        except RuntimeError:  # the pool is broken, which happens when its process is killed while it is idle
            if self._closed:
                raise
            await self._replace(pool)
        try:
            return await self._run_in(self._pool, function, *args)
        except RuntimeError as error:
            raise TooHard(_NONE_STARTS) from error

    async def close(self) -> None:
        """Kill the processes; who waits for one is cancelled, for pebble would leave them waiting."""
        self._closed = True
        for result in tuple(self._awaited):
            result.cancel()
        await asyncio.to_thread(_kill, self._pool)

    async def _run_in(
        self, pool: ProcessPool, function: Callable[[*_Arguments], _Result], *args: *_Arguments
    ) -> _Result:
        task = pool.schedule(attempt, args=(function, *args), timeout=self._deadline.total_seconds())
        result: asyncio.Future[_Result] = asyncio.wrap_future(task)
        self._awaited.add(result)
        try:
            return await result
        except TimeoutError as error:
            raise TooHard(_TOO_LONG) from error
        except ProcessExpired as error:
            raise TooHard(_DIED) from error
        finally:
            self._awaited.discard(result)

    async def _replace(self, broken: ProcessPool) -> None:
        if self._pool is broken:
            self._pool = self._new_pool()
            await asyncio.to_thread(_kill, broken)

    def _new_pool(self) -> ProcessPool:
        spawn = multiprocessing.get_context("spawn")  # a fork would copy the locks of the program's other threads
        return ProcessPool(self._number, initializer=confine, initargs=(self._max_memory,), context=spawn)


def _kill(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves its return type out
    pool.join()
