"""How Hearsay is."""

import shutil
from collections.abc import Callable
from datetime import datetime

from telegram import Update
from telegram.ext import CommandHandler, ContextTypes

from bot.commands import Handler, require_owner_in_private
from bot.messages import health as messages
from bot.messages.health import Disk
from bot.replies import reply
from models import health
from models.database import Database


class HealthCommands:
    """/health, for the owner."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [CommandHandler("health", self.health)]

    async def health(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """/health."""
        now = self._clock()
        async with self._database.read() as session:
            await require_owner_in_private(session, update)
            found = await health.look(session, now)
        await reply(update, messages.health(found, self._disk(), now))

    def _disk(self) -> Disk:
        path = self._database.path
        return Disk(used=path.stat().st_size, free=shutil.disk_usage(path.parent).free)
