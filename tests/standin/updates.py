"""The queue behind ``getUpdates``."""

import asyncio
import contextlib
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from standin.faults import ApiError

_ONLY_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


class UpdateQueue:
    """Keeps updates until they are confirmed, and hands them out again until then."""

    def __init__(self) -> None:
        self._updates: list[dict[str, Any]] = []
        self._ids = itertools.count(700_001)
        self._allowed: Sequence[str] = ()
        self._latest_poll = 0
        self._changed = asyncio.Condition()

    async def put(self, kind: str, content: Mapping[str, Any]) -> int:
        """Queue one update, unless the bot has asked for other kinds only. Returns its id."""
        update_id = next(self._ids)
        if kind in self._allowed or (not self._allowed and kind not in _ONLY_ON_REQUEST):
            self._updates.append({"update_id": update_id, kind: content})
        await self._notify()
        return update_id

    async def get(
        self, offset: int = 0, limit: int = 100, wait: float = 0, allowed: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Confirm what lies before ``offset``, then wait up to ``wait`` seconds for the next updates.

        A negative offset keeps only the last so many. A newer poll ends this one with :class:`ApiError` (409).
        """
        self._latest_poll += 1
        poll = self._latest_poll
        self._allowed = self._allowed if allowed is None else allowed
        self._updates = [update for update in self._updates[min(offset, 0) :] if update["update_id"] >= offset]
        await self._notify()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait), self._changed:
                await self._changed.wait_for(lambda: self._updates or poll != self._latest_poll)
        if poll != self._latest_poll:
            raise ApiError(409, "Conflict: terminated by other getUpdates request")
        return self._updates[:limit]

    async def forget(self) -> None:
        """Drop everything that waits."""
        self._updates = []
        await self._notify()

    async def confirmed(self) -> None:
        """Wait until nothing waits any more."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._updates)

    async def polled(self) -> None:
        """Wait until somebody has asked for updates."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._latest_poll)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
