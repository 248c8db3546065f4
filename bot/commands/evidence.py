"""Why a deal stands where it does."""

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, argument, pressed, wants_new_message
from bot.commands.deals import one_deal, pressed_deal
from bot.errors import Refusal
from bot.messages import evidence as messages
from bot.messages.evidence import WHY
from bot.messages.frame import Message
from bot.messages.help import gone
from bot.replies import reply
from models import evidence
from models.database import Database
from models.deal import Deal


class EvidenceCommands:
    """/why, and the buttons that lead there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("why", self.why),
            CallbackQueryHandler(self.why_pressed, r"^why:\d{1,18}(:\d{1,6})?(:new)?\Z"),
        ]

    async def why(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/why DEAL."""
        async with self._database.read() as session:
            answer = await _page(session, await one_deal(session, argument(context), "why"), 0)
        await reply(update, answer)

    async def why_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The evidence for a chosen deal, or another page of it."""
        number = next((int(part) for part in pressed(update)[2:] if part != "new"), 0)
        async with self._database.read() as session:
            answer = await _page(session, await pressed_deal(session, update), number)
        await reply(update, answer, fresh=wants_new_message(update))


async def _page(session: AsyncSession, deal: Deal, number: int) -> Message:
    pieces = await evidence.page(session, deal, number * WHY, WHY)
    if number and not pieces:
        raise Refusal(gone())
    sides = await evidence.sides(session, deal) if deal.contested and not number else ()
    decision = await evidence.decision(session, deal)
    return messages.why(deal, await evidence.total(session, deal), pieces, number, sides, decision)
