"""Greetings, help, and the answer to commands that do not exist."""

from collections.abc import Callable
from datetime import datetime

from rapidfuzz import process
from telegram import BotCommand, Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.commands import Handler, argument, chat_id
from bot.commands.deals import card_in
from bot.commands.places import governed
from bot.commands.subscriptions import follow
from bot.errors import Refusal
from bot.language import gettext as _
from bot.messages import help as messages
from bot.messages.frame import Message
from bot.messages.subscriptions import subscribed
from bot.replies import reply
from models import deal as deals
from models import subscriber as subscribers
from models.database import Database
from models.deal import Deal
from models.subscriber import Wire
from models.subscription import Target


class HelpCommands:
    """/start, /help, and whatever no other handler takes. Its handlers come last."""

    def __init__(self, database: Database, wire: Wire, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._wire = wire
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("start", self.start),
            CommandHandler("help", self.help),
            MessageHandler(filters.COMMAND & filters.UpdateType.MESSAGE, self.unknown),
            CallbackQueryHandler(self.stale),
        ]

    async def start(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/start. It also brings back a chat that had blocked the bot; the link ``t.me/bot?start=SLUG`` follows one."""
        async with self._database.write() as session:
            await subscribers.meet(session, chat_id(update), self._wire, self._clock())
            wanted = await deals.by_slug(session, argument(context).casefold())
        await reply(update, await (self._follow(update, wanted) if wanted else self._greet(argument(context))))

    async def _greet(self, unknown: str) -> Message:
        async with self._database.read() as session:
            first = (await deals.page(session, None, 0, 1))[0]
        return messages.start(first[0].slug if first else "", unknown)

    async def _follow(self, update: Update, deal: Deal) -> Message:
        place = await governed(self._database, update)
        async with self._database.write() as session:
            new = await follow(session, update, Target(deal), self._wire, self._clock(), place)
            shown = await card_in(session, update, place, deal)
        return place.answer(Message(f"{subscribed(deal.title, new=new).text}\n\n{shown.text}", shown.buttons))

    async def help(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """/help."""
        await reply(update, messages.help_())

    async def unknown(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """A command that does not exist: in a group it may be meant for another bot, so only a private chat is told."""
        message = update.effective_message
        if message and message.text and message.chat.type == message.chat.PRIVATE:
            name = message.text.split()[0]
            near = process.extractOne(name.lstrip("/").casefold(), list(messages.COMMANDS), score_cutoff=60)
            raise Refusal(messages.unknown_command(name, near[0] if near else ""))

    async def stale(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """A button of a form that is no longer known."""
        await reply(update, messages.gone())


def menu() -> list[BotCommand]:
    """Telegram's command menu in the language that is spoken, from the same list as /help."""
    return [BotCommand(name, _(command.purpose)) for name, command in messages.COMMANDS.items()]
