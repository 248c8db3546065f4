"""Who may use the bot at all, before any command sees what they send."""

import re

from telegram import Update
from telegram.ext import ApplicationHandlerStop, ContextTypes, TypeHandler, filters

from bot.commands import Handler
from bot.errors import Refusal
from bot.messages import people as messages
from bot.replies import reply
from models import people
from models.database import Database
from models.people import INVITATION, Role

INVITED = filters.ChatType.PRIVATE & filters.Regex(rf"^/start\s+{INVITATION.pattern}\Z")
"""What a user sends by opening the link of an invitation."""
_KNOCKS = INVITED | (filters.ChatType.PRIVATE & filters.Regex(re.compile(r"^/claim\b", re.IGNORECASE)))
"""How one comes in who has not been admitted."""


class Gate:
    """Stops every update of a user who is not admitted. It belongs into a group of handlers before all others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [TypeHandler(Update, self.check)]

    async def check(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Let it pass, or turn it away. After an error PTB would go on to the commands, so the gate stays shut then."""
        try:
            if _KNOCKS.check_update(update) or await self._admits(update):
                return
            await self._turn_away(update)
        except Exception as error:  # noqa: BLE001 (whoever cannot be told apart is not let in)
            await context.application.process_error(update, error)
        raise ApplicationHandlerStop

    async def _admits(self, update: Update) -> bool:
        user, chat = update.effective_user, update.effective_chat
        async with self._database.read() as session:
            return await people.admits(session, user.id if user else None, chat.id if chat else None)

    async def _turn_away(self, update: Update) -> None:
        """Say so over a button and in a private chat; elsewhere it would be noise for others."""
        user, message = update.effective_user, update.message
        if user is None:
            return
        async with self._database.read() as session:
            barred = await people.role_of(session, user.id) is Role.BARRED
        if update.callback_query:
            raise Refusal(messages.not_for_you(barred=barred))
        if message and message.chat.type == message.chat.PRIVATE:
            await reply(update, messages.turned_away(barred=barred))
