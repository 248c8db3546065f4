"""The deals, where each stands, and how it came there."""

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.cards import card_for
from bot.commands import FOR_CHANNEL, Handler, argument, pressed, wants_new_message
from bot.commands.places import Place, addressed
from bot.commands.search import repeated_words
from bot.errors import Refusal
from bot.messages import deals as messages
from bot.messages.frame import PAGE, Message, plain
from bot.messages.help import gone, missing
from bot.messages.merging import merged_meanwhile
from bot.messages.search import LONGEST_WORDS
from bot.replies import reply
from matcher.vocabulary import Status
from models import change as changes
from models import deal as deals
from models.database import Database
from models.deal import Deal
from models.people import EDITORS, role_of
from models.search import about


class DealCommands:
    """/deals, /status, /history, and a plain text in a private chat, which is taken as /status."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("deals", self.deals),
            CommandHandler("status", self.status),
            CommandHandler("history", self.history),
            CallbackQueryHandler(self.turn_page, r"^deals:\d{1,6}\Z"),
            CallbackQueryHandler(self.status_pressed, r"^status:\d{1,18}(:new)?" + FOR_CHANNEL),
            CallbackQueryHandler(self.history_pressed, r"^history:\d{1,18}(:new)?\Z"),
            MessageHandler(filters.TEXT & ~filters.COMMAND & filters.ChatType.PRIVATE, self.asked),
        ]

    async def deals(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/deals [words] [status]."""
        await reply(update, await self._page(0, plain(argument(context), LONGEST_WORDS)))

    async def turn_page(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Another page of /deals."""
        await reply(update, await self._page(int(pressed(update)[1]), repeated_words(update, "deals")))

    async def status(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/status DEAL."""
        await self._answer_status(update, argument(context))

    async def asked(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """A text without a command."""
        text = update.effective_message.text if update.effective_message else None
        await self._answer_status(update, text or "")

    async def status_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The card of a chosen deal."""
        place = await addressed(self._database, update)
        async with self._database.read() as session:
            answer = await card_in(session, update, place, await pressed_deal(session, update))
        await reply(update, place.answer(answer), fresh=wants_new_message(update))

    async def history(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/history DEAL."""
        async with self._database.read() as session:
            deal = await one_deal(session, argument(context), "history")
            answer = messages.history(deal, await changes.history(session, deal, messages.HISTORY))
        await reply(update, answer)

    async def history_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The history of a chosen deal."""
        async with self._database.read() as session:
            deal = await pressed_deal(session, update)
            answer = messages.history(deal, await changes.history(session, deal, messages.HISTORY))
        await reply(update, answer, fresh=wants_new_message(update))

    async def _answer_status(self, update: Update, query: str) -> None:
        place = await addressed(self._database, update)
        with place.refusing():
            async with self._database.read() as session:
                answer = await card_in(session, update, place, await one_deal(session, query, "status"))
        await reply(update, place.answer(answer))

    async def _page(self, number: int, asked: str) -> Message:
        words, status = _words_and_status(asked)
        async with self._database.read() as session:
            page, total = await deals.page(session, status, number * PAGE, PAGE, about(words))
        if number and not page:
            raise Refusal(gone())
        return messages.deals(page, number, -(-total // PAGE), asked, words, status)


def _words_and_status(asked: str) -> tuple[str, Status | None]:
    """What was typed after /deals: words, and at their end perhaps a status."""
    words, _, last = asked.rpartition(" ")
    return (words, Status(last.casefold())) if last.casefold() in list(Status) else (asked, None)


async def card(session: AsyncSession, update: Update, deal: Deal, notice: str = "") -> Message:
    """The deal's card as this chat sees it; who may bring an archived deal back is offered to."""
    chat, user = update.effective_chat, update.effective_user
    shown = await card_for(session, chat.id if chat else None, deal, notice)
    if deal.archived_at and user and await role_of(session, user.id) in EDITORS:
        return messages.returnable(shown, deal)
    return shown


async def card_in(session: AsyncSession, update: Update, place: Place, deal: Deal, notice: str = "") -> Message:
    """The deal's card as the chat sees it that is acted on."""
    if place.channel:
        return await card_for(session, place.chat_id, deal, notice)
    return await card(session, update, deal, notice)


async def one_deal(session: AsyncSession, query: str, command: str) -> Deal:
    """The deal that was typed; a :class:`Refusal` that helps on where none or several fit."""
    if not query:
        raise Refusal(missing(command))
    found = await deals.find(session, query)
    if not found.deals:
        raise Refusal(messages.not_found(query, found.suggestions, _BUTTON_OF[command]))
    if len(found.deals) > 1:
        raise Refusal(messages.choose(found.deals, _BUTTON_OF[command]))
    return found.deals[0]


async def pressed_deal(session: AsyncSession, update: Update) -> Deal:
    """The deal a button stands for; if it was merged, the one that goes on."""
    deal = await deals.by_id(session, int(pressed(update)[1]))
    if deal is None:
        raise Refusal(gone())
    return deal


async def decided_deal(session: AsyncSession, update: Update) -> Deal:
    """The deal that a button decides about. A :class:`Refusal` if it was merged: nobody decided about the other one."""
    deal = await pressed_deal(session, update)
    if deal.id != int(pressed(update)[1]):
        raise Refusal(merged_meanwhile(deal))
    return deal


_BUTTON_OF = {
    "status": "status",
    "history": "history",
    "timeline": "timeline",
    "subscribe": "follow",
    "unsubscribe": "unfollow",
    "why": "why",
    "undo": "undo",
    "set": "status",
    "archive": "archive",
    "edit": "edit",
}
