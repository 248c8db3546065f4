"""Reading the news of a deal no more, and again."""

from collections.abc import Callable
from datetime import datetime

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, argument, pressed, require_editor
from bot.commands.deals import card, decided_deal, one_deal, pressed_deal
from bot.errors import Refusal
from bot.messages import archiving as messages
from bot.messages.frame import PAGE, Message
from bot.messages.help import gone
from bot.replies import reply
from models import archiving
from models.database import Database


class ArchivingCommands:
    """/archive, for the owner and admins. Each button says what shall hold, so that it may be handled twice."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("archive", self.archive),
            CallbackQueryHandler(self.archive_offered, r"^archive:\d{1,18}\Z"),
            CallbackQueryHandler(self.archive_pressed, r"^archive-do:\d{1,18}\Z"),
            CallbackQueryHandler(self.bring_back_pressed, r"^bring-back:\d{1,18}\Z"),
            CallbackQueryHandler(self.page_turned, r"^archived:\d{1,6}\Z"),
        ]

    async def archive(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/archive DEAL: ask; alone, what is archived."""
        query = argument(context)
        if not query:
            await reply(update, await self._page(update, 0))
            return
        async with self._database.read() as session:
            await require_editor(session, update)
            deal = await one_deal(session, query, "archive")
            followers = await archiving.followers(session, deal)
        await reply(update, messages.archived(deal) if deal.archived_at else messages.ask_to_archive(deal, followers))

    async def archive_offered(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Ask about a chosen deal."""
        async with self._database.read() as session:
            await require_editor(session, update)
            deal = await pressed_deal(session, update)
            answer = messages.ask_to_archive(deal, await archiving.followers(session, deal))
        await reply(update, answer)

    async def archive_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Read its news no more."""
        async with self._database.write() as session:
            await require_editor(session, update)
            deal = await decided_deal(session, update)
            await archiving.archive(session, deal, self._clock())
        await reply(update, messages.archived(deal))

    async def bring_back_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Read its news again, and show its card."""
        async with self._database.write() as session:
            await require_editor(session, update)
            deal = await decided_deal(session, update)
            await archiving.bring_back(session, deal, self._clock())
            answer = await card(session, update, deal, messages.brought_back())
        await reply(update, answer)

    async def page_turned(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Another page of what is archived."""
        await reply(update, await self._page(update, int(pressed(update)[1])))

    async def _page(self, update: Update, number: int) -> Message:
        async with self._database.read() as session:
            await require_editor(session, update)
            page, total = await archiving.archived(session, number * PAGE, PAGE)
        if number and not page:
            raise Refusal(gone())
        return messages.all_archived(page, number, -(-total // PAGE))
