"""What a chat was not told: given up, or folded into one message per deal after an outage."""

from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import FOR_CHANNEL, Handler, wants_new_message
from bot.commands.deals import card_in, pressed_deal
from bot.commands.places import Place, addressed
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
            CallbackQueryHandler(self.offer_pressed, "^missed:new" + FOR_CHANNEL),
            CallbackQueryHandler(self.deal_pressed, r"^missed:\d{1,18}" + FOR_CHANNEL),
        ]

    async def missed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """/missed."""
        await reply(update, await self._answer(await addressed(self._database, update)))

    async def offer_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button of the offer that greets a chat that is back."""
        answer = await self._answer(await addressed(self._database, update))
        await reply(update, answer, fresh=wants_new_message(update))

    async def deal_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Show where a deal stands, in a message of its own: with that, its changes are told."""
        place = await addressed(self._database, update)
        async with self._database.write() as session:
            deal = await pressed_deal(session, update)
            answer = await card_in(session, update, place, deal)
            await outbox.show_missed(session, place.chat_id, deal)
        await reply(update, place.answer(answer), fresh=True)

    async def _answer(self, place: Place) -> Message:
        async with self._database.read() as session:
            found = await outbox.missed(session, place.chat_id)
            owners = place.chat_id == await owner_id(session)
            return place.answer(push.missed(found, Backlog.of(await outbox.queues(session)) if owners else None))
