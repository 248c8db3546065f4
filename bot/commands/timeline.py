"""A deal's timeline as a picture."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot import timeline as picture
from bot.commands import Handler, argument
from bot.commands.deals import one_deal, pressed_deal
from bot.language import spoken
from bot.messages import timeline as messages
from bot.messages.frame import Message
from bot.replies import reply, send_photo
from models import timeline as timelines
from models.database import Database
from models.deal import Deal
from models.timeline import Timeline


class TimelineCommands:
    """/timeline and its button."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._pen = asyncio.Lock()
        """One picture at a time: each takes a process while it is drawn."""

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("timeline", self.timeline),
            CallbackQueryHandler(self.timeline_pressed, r"^timeline:\d{1,18}\Z"),
        ]

    async def timeline(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/timeline DEAL."""
        async with self._database.read() as session:
            deal = await one_deal(session, argument(context), "timeline")
            told = await timelines.timeline(session, deal)
        await self._answer(update, deal, told)

    async def timeline_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button of a deal's card, and the deal that was chosen of several."""
        async with self._database.read() as session:
            deal = await pressed_deal(session, update)
            told = await timelines.timeline(session, deal)
        await self._answer(update, deal, told)

    async def _answer(self, update: Update, deal: Deal, told: Timeline) -> None:
        answer = messages.timeline(deal, told)
        if not told.moves:
            await reply(update, answer, fresh=True)
            return
        if update.callback_query:
            await reply(update, Message(""))  # the waiting sign of the button ends before the picture is drawn
        async with self._pen:
            png = await picture.drawn(told, self._clock(), spoken())
        await send_photo(update, png, answer)
