"""Channels: set up from the private chat of one of their admins. Nothing is answered in a channel itself."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import telegram
from telegram import ChatFullInfo, ChatMember, ChatMemberAdministrator, MessageOriginChannel, Update
from telegram.error import BadRequest, Forbidden, TelegramError
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.commands import Handler, argument, chat_id, is_private, made_for
from bot.commands.deals import DealCommands
from bot.commands.evidence import EvidenceCommands
from bot.commands.places import Place, addressed, ask, governed, is_admin, name_of
from bot.errors import Refusal
from bot.failures import is_telegrams_own, reason
from bot.language import spoken
from bot.messages import channels as messages
from bot.messages.frame import Message
from bot.replies import reply
from models import deal as deals
from models import subscriber as subscribers
from models.database import Database
from models.subscriber import Wire

_NAME = re.compile(r"(?:(?:https?://)?t\.me/|@)?([a-z]\w{3,31})(?:/\d+)?", re.ASCII | re.IGNORECASE)
"""A public channel's name, alone or in the address of one of its posts."""
_NUMBER = re.compile(r"-100\d{1,15}", re.ASCII)


class _InChannel(BaseHandler[Update, ContextTypes.DEFAULT_TYPE, None]):
    """Takes every button that is pressed in a channel."""

    def check_update(self, update: object) -> bool:
        """Whether it is one."""
        chat = update.effective_chat if isinstance(update, Update) and update.callback_query else None
        return chat is not None and chat.type == chat.CHANNEL


class _ChannelPost(filters.MessageFilter):
    """A forwarded post that says from which channel it comes."""

    def filter(self, message: telegram.Message) -> bool:
        return isinstance(message.forward_origin, MessageOriginChannel)


class ChannelCommands:
    """/channel, its buttons, and the links under a channel's posts. Its handlers come first."""

    def __init__(self, database: Database, wire: Wire, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._wire = wire
        self._clock = clock
        cards = DealCommands(database)
        self._answers: dict[str, Callable[[Update, ContextTypes.DEFAULT_TYPE], Any]] = {
            "status": cards.status,
            "history": cards.history,
            "why": EvidenceCommands(database).why,
        }

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        questions = "|".join(self._answers)
        post = filters.ChatType.PRIVATE & _ChannelPost() & ~filters.Document.ALL  # a file is for an import
        return [
            _InChannel(self.pressed_in_channel),
            CommandHandler("channel", self.channel),
            CommandHandler("start", self.asked_from_channel, filters.Regex(rf"^/start ({questions})_\d{{1,18}}\Z")),
            MessageHandler(post, self.post_forwarded),
            CallbackQueryHandler(self.trial_pressed, r"^channel:test@-\d{1,18}\Z"),
            CallbackQueryHandler(self.done_pressed, r"^channel:done@-\d{1,18}\Z"),
        ]

    async def channel(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/channel NAME begins, /channel done ends; alone, it says what is set up and how to."""
        if not is_private(update):
            raise Refusal(messages.only_in_private())
        match argument(context):
            case "":
                await self._show(update)
            case "done":
                await self._let_go(update, (await addressed(self._database, update)).chat_id)
            case typed:
                await self._set_up(update, _channel_typed(typed))

    async def post_forwarded(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """A post of the channel that shall be set up."""
        origin = update.message.forward_origin if update.message else None
        if isinstance(origin, MessageOriginChannel):
            await self._set_up(update, origin.chat.id)

    async def trial_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Post something, and delete it again."""
        place = await governed(self._database, update)
        await reply(update, place.answer(await _tested(update.get_bot(), place.chat_id)), fresh=True)

    async def done_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Leave the channel as it is."""
        await self._let_go(update, made_for(update) or 0)

    async def pressed_in_channel(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """A button under a post, such as one from before: an answer would be a post, too."""
        await reply(update, messages.not_here(update.get_bot().username))

    async def asked_from_channel(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """A link under a channel's post, ``t.me/bot?start=why_12``: answered in the reader's private chat."""
        question, _, number = argument(context).partition("_")
        async with self._database.read() as session:
            deal = await deals.by_id(session, int(number))
        if deal is None:
            raise Refusal(messages.no_such_deal())
        context.args = [deal.slug]
        await self._answers[question](update, context)

    async def _show(self, update: Update) -> None:
        place = await addressed(self._database, update)
        how_to = messages.how_to(update.get_bot().username)
        await reply(update, place.answer(messages.menu()) if place.channel else how_to)

    async def _set_up(self, update: Update, wanted: str | int) -> None:
        channel = await _examined(update, wanted)
        now = self._clock()
        async with self._database.write() as session:
            there = await subscribers.meet(session, channel.id, self._wire, now)
            subscribers.set_up(await subscribers.meet(session, chat_id(update), self._wire, now), there)
            await subscribers.speak(session, channel.id, spoken())
        await reply(update, Place(channel.id, channel=name_of(channel)).answer(messages.menu()))

    async def _let_go(self, update: Update, channel_id: int) -> None:
        async with self._database.write() as session:
            await subscribers.let_go(session, chat_id(update), channel_id)
        await reply(update, messages.let_go())


def _channel_typed(typed: str) -> str | int:
    """What names the channel to Telegram: ``@name``, or its id."""
    if _NUMBER.fullmatch(typed):
        return int(typed)
    if found := _NAME.fullmatch(typed):
        return f"@{found[1]}"
    raise Refusal(messages.no_name(typed))


async def _examined(update: Update, wanted: str | int) -> ChatFullInfo:
    """The channel, if it can be set up by this user; else a :class:`Refusal` that says what is missing.

    The bot's own right comes first: only an admin of the channel is told who else is one (Bot API: getChatMember).
    """
    bot = update.get_bot()
    channel = await ask(bot.get_chat(wanted))
    if channel is None:
        raise Refusal(messages.unseen(str(wanted), bot.username))
    if channel.type != channel.CHANNEL:
        raise Refusal(messages.no_channel(name_of(channel)))
    itself = await ask(channel.get_member(bot.id))
    again = f"@{channel.username}" if channel.username else str(channel.id)
    if itself is None or itself.status != ChatMember.ADMINISTRATOR:
        raise Refusal(messages.bot_is_no_admin(name_of(channel), bot.username, again))
    if isinstance(itself, ChatMemberAdministrator) and not itself.can_post_messages:
        raise Refusal(messages.bot_may_not_post(name_of(channel), bot.username, again))
    if not await is_admin(channel, update):
        raise Refusal(messages.you_are_no_admin(name_of(channel)))
    return channel


async def _tested(bot: telegram.Bot, channel_id: int) -> Message:
    """What became of a test message. It is tried once: a second attempt might post a second one."""
    try:
        post = await bot.send_message(channel_id, messages.test_post(), disable_notification=True)
    except (BadRequest, Forbidden) as error:
        return messages.refused(reason(error)) if is_telegrams_own(error) else messages.unanswered()
    except TelegramError:
        return messages.unanswered()
    try:
        await bot.delete_message(channel_id, post.message_id)
    except TelegramError:
        return messages.left_standing()
    return messages.tested()
