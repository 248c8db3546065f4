"""What a chat was not told: given up, or folded into one message per deal after an outage."""

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, wants_new_message
from bot.commands.deals import card, pressed_deal
from bot.messages import push
from bot.messages.frame import Message
from bot.replies import reply
from models import outbox
from models.database import Database
from models.outbox import Backlog
from models.owner import owner_id


class MissedCommands:
    """/missed, and the buttons under it. The owner's private chat sees the sum of all chats, too."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("missed", self.missed),
            CallbackQueryHandler(self.offer_pressed, r"^missed:new$"),
            CallbackQueryHandler(self.deal_pressed, r"^missed:\d{1,18}$"),
        ]

    async def missed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """/missed."""
        await reply(update, await self._answer(update))

    async def offer_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button of the offer that greets a chat that is back."""
        await reply(update, await self._answer(update), fresh=wants_new_message(update))

    async def deal_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Show where a deal stands, in a message of its own: with that, its changes are told."""
        chat = update.effective_chat
        async with self._database.write() as session:
            deal = await pressed_deal(session, update)
            answer = await card(session, update, deal)
            if chat:
                await outbox.show_missed(session, chat.id, deal)
        await reply(update, answer, fresh=True)

    async def _answer(self, update: Update) -> Message:
        chat = update.effective_chat
        async with self._database.read() as session:
            found = await outbox.missed(session, chat.id) if chat else ()
            owners = chat is not None and chat.id == await owner_id(session)
            return push.missed(found, Backlog.of(await outbox.queues(session)) if owners else None)
