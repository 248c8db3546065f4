"""Updates from Telegram by long polling: fetched as plain JSON, kept, and only then confirmed.

PTB's own Updater confirms updates before they are handled, and stops for good at one that it cannot parse. Here an
update is confirmed, by asking for the next offset, when the inbox has it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from telegram.error import Conflict, InvalidToken, TelegramError
from telegram.ext import ExtBot

from bot.errors import AlreadyRunningError
from bot.failures import backoff, flood_pause, is_telegrams_own, reason
from bot.inbox import Inbox
from bot.pacing import Turn

logger = logging.getLogger(__name__)

LONG_POLL_SECONDS = 20
"""Telegram holds a request for updates open for so long, if there are none. It takes up to 50."""
OVERDUE_SECONDS = 5.0
"""After so much more time no answer will come: the connection died without a word."""
LONGEST_WAIT = timedelta(seconds=30)
"""Between two attempts to reach Telegram.

All three together are less than a minute, so that within one it is noticed that Telegram is back.
"""
NEWCOMER = timedelta(seconds=30)
"""For so long after its first poll a process gives way to another one that polls with its token."""
CONFLICT_SECONDS = 0.5
"""After a conflict the one who was first polls again soon, so that the newcomer sees at once that it is not alone."""
CONFLICTS_A_WARNING = 60
KINDS = ["message", "callback_query", "inline_query", "my_chat_member"]
"""The updates that are asked for: what some handler takes, and whether a chat takes messages."""


class RawBot(ExtBot[Turn]):
    """A bot whose updates come as plain JSON."""

    async def raw_updates(self, offset: int | None) -> list[dict[str, Any]]:
        """The waiting updates from ``offset`` on; asking for an offset confirms everything before it."""
        data = {"offset": offset, "timeout": LONG_POLL_SECONDS, "allowed_updates": KINDS}
        given = {key: value for key, value in data.items() if value is not None}
        patience = LONG_POLL_SECONDS + OVERDUE_SECONDS
        updates: list[dict[str, Any]] = await self._post("getUpdates", given, read_timeout=patience)
        return updates


class Polling:
    """Long polling into an inbox."""

    def __init__(self, bot: RawBot, inbox: Inbox, clock: Callable[[], datetime]) -> None:
        self._bot = bot
        self._inbox = inbox
        self._clock = clock
        self._offset: int | None = None
        self._failures = self._conflicts = 0

    async def run(self) -> None:
        """Poll until cancelled.

        Raises InvalidToken, and :class:`AlreadyRunningError` where another process polls with the same token; waits out
        everything else.
        """
        began = self._clock()
        while True:
            try:
                updates = await self._bot.raw_updates(self._offset)
                self._offset = await self._kept(updates)
                self._failures = 0
            except Conflict as error:
                await asyncio.sleep(self._after_conflict(error, newcomer=self._clock() - began < NEWCOMER))
            except Exception as error:  # noqa: BLE001 (a broken answer, a full disk: nothing was confirmed, so ask again)
                await asyncio.sleep(self._after_failure(error))

    async def _kept(self, updates: Sequence[dict[str, Any]]) -> int | None:
        """Keep updates; the offset that confirms them. None when there were none: then everything is confirmed.

        Without an offset Telegram gives whatever is not confirmed. That matters after a quiet week, when the ids go on
        at a random number, maybe a lower one (Bot API: Update.update_id).
        """
        readable = [update for update in updates if _has_id(update)]
        if len(readable) < len(updates):
            logger.error("an update without an id cannot be kept", extra={"count": len(updates) - len(readable)})
        if updates and not readable:
            raise ValueError("no update has an id")
        if readable:
            await self._inbox.keep(readable)
        return max((update["update_id"] + 1 for update in readable), default=None)

    def _after_conflict(self, error: Conflict, *, newcomer: bool) -> float:
        """Seconds to wait. The first conflict is passed over: Telegram may have held a former run's request open."""
        self._conflicts += 1
        if newcomer and self._conflicts > 1 and "other getUpdates" in error.message:
            raise AlreadyRunningError(
                "Another program polls Telegram with this token. Stop it first, or use the token of another bot."
            ) from error
        if self._conflicts % CONFLICTS_A_WARNING == 2:
            logger.error("another program polls with the same token; stop it", extra={"reason": reason(error)})
        return 0.0 if self._conflicts == 1 else CONFLICT_SECONDS

    def _after_failure(self, error: Exception) -> float:
        """Seconds to wait."""
        if isinstance(error, InvalidToken) and is_telegrams_own(error):
            raise error
        self._failures += 1
        if isinstance(error, TelegramError) and (pause := flood_pause(error)):
            return pause.total_seconds()
        if not isinstance(error, TelegramError):
            logger.error("updates could not be taken; trying again", exc_info=error)
        elif self._failures == 1:
            logger.warning("Telegram cannot be reached; trying again", extra={"reason": reason(error)})
        return backoff(self._failures, LONGEST_WAIT).total_seconds()


def _has_id(update: object) -> bool:
    """Whether it is an update that can be kept: by an id, and one that the database takes, of 64 bits at most."""
    return isinstance(update, dict) and isinstance(number := update.get("update_id"), int) and number.bit_length() < 64
