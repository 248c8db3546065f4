"""The chat that is acted on: the one in which something is said, or the channel that is set up from there.

What is typed in a private chat is about the channel that this chat is setting up (``Subscriber.speaks_for``), if there
is one. A button is about the chat that it was made for, whatever is set up meanwhile: one for a channel carries the
channel's id behind an ``@``, any other acts on the chat in which it stands. Telegram is asked each time whether the
user is an admin of the channel, so a forged id opens nothing.
"""

import logging
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from telegram import ChatFullInfo, Update
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.commands import ADMINS, chat_id, is_private, made_for, require_chat_admin
from bot.errors import Refusal
from bot.failures import is_telegrams_own, reason
from bot.messages import channels as messages
from bot.messages.frame import Message
from bot.messages.help import gone
from bot.messages.settings import rights_unknown
from bot.replies import topic_id
from models import subscriber as subscribers
from models.database import Database

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Place:
    """A chat, and the forum topic in it. ``channel`` is the name of a channel; empty for the chat itself."""

    chat_id: int
    topic_id: int | None = None
    channel: str = ""

    def answer(self, message: Message) -> Message:
        """What is said about this chat; about a channel it says so."""
        return messages.for_channel(message, self.chat_id, self.channel) if self.channel else message

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Around what may be refused: that is about this chat, too."""
        try:
            yield
        except Refusal as refusal:
            raise Refusal(self.answer(refusal.answer)) from refusal


async def addressed(database: Database, update: Update) -> Place:
    """The chat that is asked about. It asks Telegram, so it belongs outside of a transaction.

    Raises a :class:`Refusal` if that is a channel of which the user is no admin (any more).
    """
    channel_id = await _channel(database, update)
    if channel_id is None:
        return Place(chat_id(update), topic_id(update))
    channel = await ask(update.get_bot().get_chat(channel_id))
    if channel is None or channel.type != channel.CHANNEL or not await is_admin(channel, update):
        async with database.write() as session:
            await subscribers.let_go(session, chat_id(update), channel_id)
        raise Refusal(messages.lost())
    return Place(channel_id, channel=name_of(channel))


async def governed(database: Database, update: Update) -> Place:
    """The chat that shall change. Raises a :class:`Refusal` unless whoever sent or pressed this decides for it."""
    place = await addressed(database, update)
    if not place.channel:
        await require_chat_admin(update)
    return place


async def _channel(database: Database, update: Update) -> int | None:
    if update.callback_query:
        channel_id = made_for(update)
        if channel_id is not None and not is_private(update):  # such buttons stand in private chats only
            raise Refusal(gone())
        return channel_id
    if not is_private(update):
        return None
    async with database.read() as session:
        return await subscribers.channel_of(session, chat_id(update))


async def is_admin(channel: ChatFullInfo, update: Update) -> bool:
    """Whether Telegram says that the user is an admin of a channel, which it tells the channel's admins only."""
    user = update.effective_user
    member = await ask(channel.get_member(user.id)) if user else None
    return member is not None and member.status in ADMINS


def name_of(channel: ChatFullInfo) -> str:
    """``@name`` of a public channel, the title of a private one."""
    return f"@{channel.username}" if channel.username else channel.title or str(channel.id)


async def ask(question: Awaitable[_Result]) -> _Result | None:
    """What Telegram answers; None where it does not tell the bot. A :class:`Refusal` if it does not answer."""
    try:
        return await question
    except TelegramError as error:
        logger.info("a channel cannot be asked about", extra={"reason": reason(error)})
        if isinstance(error, BadRequest | Forbidden) and is_telegrams_own(error):
            return None
        raise Refusal(rights_unknown()) from error
