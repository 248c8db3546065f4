"""Searching everything that is stored."""

import telegram
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, argument, pressed
from bot.errors import Refusal
from bot.messages import search as messages
from bot.messages.frame import PAGE, Message, plain
from bot.messages.help import gone, missing
from bot.replies import reply
from models import search
from models.database import Database


class SearchCommands:
    """/search and its pages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("search", self.search),
            CallbackQueryHandler(self.turn_page, r"^search:\d{1,6}\Z"),
        ]

    async def search(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/search WORDS."""
        words = plain(argument(context), messages.LONGEST_WORDS)
        if not words:
            raise Refusal(missing("search"))
        if not search.expression(words):
            raise Refusal(messages.no_words())
        await reply(update, await self._page(words, 0))

    async def turn_page(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Another page of what was found."""
        words = repeated_words(update, "search")
        if not search.expression(words):
            raise Refusal(gone())
        await reply(update, await self._page(words, int(pressed(update)[1])))

    async def _page(self, words: str, number: int) -> Message:
        async with self._database.read() as session:
            found = await search.search(session, words, number * PAGE, PAGE)
        if number and not found.hits:
            raise Refusal(gone())
        return messages.found(words, found, number)


def repeated_words(update: Update, command: str) -> str:
    """What was typed after the command, as the message under the pressed button repeats it in its first line.

    A button's own data, of 64 bytes, would not hold it.
    """
    under = update.callback_query.message if update.callback_query else None
    if not isinstance(under, telegram.Message) or not under.text:
        return ""
    first, _, words = under.text.splitlines()[0].partition(" ")
    return words if first == f"/{command}" else ""
