"""The queue behind ``getUpdates``.

Telegram keeps its queue by id. An offset inside the queue, or at its end, confirms all that lies before it. Ids start
anywhere after a quiet week, so that a bot may come with an offset far beyond the end: Telegram's public server then
hands out from the head (and forgets everything if the offset is at most 10 beyond). The stand-in takes the harsher
reading: such an offset confirms nothing of the new numbering, and nothing of it is handed out until the bot asks lower.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from standin.bell import Bell
from standin.faults import conflict, webhook_active, webhook_set

KEPT_FOR = timedelta(hours=24)
"""How long Telegram keeps an update (Bot API: getting updates)."""

LONGEST_WAIT = 50
"""The longest timeout that the public server takes, in seconds; more is cut to it."""

_ONLY_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})


@dataclass(frozen=True)
class _Queued:
    json: dict[str, Any]
    numbering: int
    until: datetime

    @property
    def id(self) -> int:
        return self.json["update_id"]


class UpdateQueue:
    """Keeps updates until they are confirmed, at most 24 hours, and hands them out again until then."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._queue: list[_Queued] = []
        self._again: list[dict[str, Any]] = []
        self._known: dict[int, dict[str, Any]] = {}
        self._next_id = 700_001
        self._numbering = 0
        self._allowed: Sequence[str] = ()
        self._latest_poll = 0
        self._webhook = ""
        self._bell = Bell()

    @property
    def webhook(self) -> str:
        """Where updates go instead, or "" for a bot that polls. Setting it ends a waiting poll."""
        return self._webhook

    @webhook.setter
    def webhook(self, url: str) -> None:
        self._webhook = url
        self._bell.ring()

    @property
    def pending(self) -> int:
        """How many updates wait for their confirmation."""
        self._expire()
        return len(self._queue)

    def put(self, kind: str, content: Mapping[str, Any]) -> int:
        """Queue one update, unless the bot has asked for other kinds only. Returns its id."""
        update = {"update_id": self._next_id, kind: content}
        self._next_id += 1
        if kind in self._allowed or (not self._allowed and kind not in _ONLY_ON_REQUEST):
            self._known[update["update_id"]] = update
            self._queue.append(_Queued(update, self._numbering, self._clock() + KEPT_FOR))
        self._bell.ring()
        return update["update_id"]

    def restart_ids(self, at: int) -> None:
        """Number the next updates from here, as Telegram does from a random number after a quiet week."""
        self._next_id = at
        self._numbering += 1

    def redeliver(self, *update_ids: int) -> None:
        """Hand updates out once more with the next answer that arrives, whatever its offset, though confirmed."""
        self._again += [self._known[update_id] for update_id in update_ids]
        self._bell.ring()

    async def get(
        self, offset: int = 0, limit: int = 100, wait: float = 0, allowed: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """Confirm what lies before ``offset``, then wait up to ``wait`` seconds for the next updates.

        A negative offset keeps only the last so many. A newer poll, or a webhook, ends this one with
        :class:`ApiError` (409).
        """
        self._latest_poll += 1
        poll = self._latest_poll
        self._check(poll)
        self._allowed = self._allowed if allowed is None else allowed
        self._confirm(offset)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(wait, LONGEST_WAIT)):
                await self._bell.until(lambda: self._webhook or poll != self._latest_poll or self._ready(offset))
        self._check(poll, waited=True)
        return self._ready(offset)[: min(max(limit, 1), 100)]

    def delivered(self, updates: Sequence[dict[str, Any]]) -> None:
        """An answer has reached the bot: what it redelivered needs no further turn."""
        self._again = [update for update in self._again if update not in updates]
        self._bell.ring()

    def forget(self) -> None:
        """Drop everything that waits."""
        self._queue = []
        self._bell.ring()

    async def confirmed(self) -> None:
        """Wait until nothing waits any more."""
        await self._bell.until(lambda: not self._queue and not self._again)

    async def polled(self) -> None:
        """Wait until somebody has asked for updates."""
        await self._bell.until(lambda: self._latest_poll)

    def _check(self, poll: int, *, waited: bool = False) -> None:
        if self._webhook:
            raise webhook_set() if waited else webhook_active()
        if poll != self._latest_poll:
            raise conflict()

    def _confirm(self, offset: int) -> None:
        self._expire()
        last = self._queue[min(offset, 0) :]
        self._queue = [update for update in last if not self._is_confirmed(update, offset)]
        self._bell.ring()

    def _is_confirmed(self, update: _Queued, offset: int) -> bool:
        beyond_the_end = update.numbering == self._numbering and offset > self._next_id
        return update.id < offset and not beyond_the_end

    def _expire(self) -> None:
        now = self._clock()
        if self._queue and self._queue[0].until <= now:
            self._queue = [update for update in self._queue if update.until > now]

    def _ready(self, offset: int) -> list[dict[str, Any]]:
        return self._again + [update.json for update in self._queue if update.id >= offset]
