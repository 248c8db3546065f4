"""Deals in the news that nobody tracks yet, found when somebody asks."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import telegram
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, pressed, require_editor
from bot.commands.tracking import offer
from bot.errors import Refusal
from bot.messages import spotted as messages
from bot.messages.frame import Message
from bot.messages.help import gone
from bot.replies import reply
from matcher.vocabulary import Kind
from models import spotted
from models.database import Database
from models.preview import latest


class SpottedCommands:
    """/spotted, for the owner and admins. Nothing that was found is kept: each page is a new look."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("spotted", self.spotted),
            CallbackQueryHandler(self.turn_page, r"^spotted:\d{1,6}\Z"),
            CallbackQueryHandler(self.track_pressed, rf"^spot:({'|'.join(Kind)}):[0-9a-f]{{16}}\Z"),
        ]

    async def spotted(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """/spotted."""
        await reply(update, await self._page(update, 0))

    async def turn_page(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Another page of /spotted."""
        await reply(update, await self._page(update, int(pressed(update)[1])))

    async def track_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """What /track would show of the chosen deal."""
        async with self._database.read() as session:
            await require_editor(session, update)
        kind, digest = pressed(update)[1:]
        under = update.callback_query.message if update.callback_query else None
        text = under.text if isinstance(under, telegram.Message) else None
        names = messages.names_under(text or "", digest)
        if names is None:
            raise Refusal(gone())
        await reply(update, await offer(self._database, update, f"{names} {kind}", complete=True), fresh=True)

    async def _page(self, update: Update, number: int) -> Message:
        async with self._database.read() as session:
            await require_editor(session, update)
            known, kept = await spotted.known_deals(session), await latest(session)
        survey = await asyncio.to_thread(spotted.survey, [stored.article for stored in kept], known, self._clock())
        if number and number * messages.SHOWN >= len(survey.found):
            raise Refusal(gone())
        return messages.spotted(survey, number)
