"""One small class per subject; each returns its Telegram handlers."""

import logging
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Chat, ChatMember, Message, Update, User
from telegram.error import TelegramError
from telegram.ext import BaseHandler, ContextTypes

from bot.errors import Refusal
from bot.failures import reason
from bot.messages.owner import no_editor, only_editors, only_in_private, only_the_owner, stranger
from bot.messages.settings import no_admin, only_admins, rights_unknown
from models.owner import owner_id
from models.people import EDITORS, role_of

logger = logging.getLogger(__name__)

Handler = BaseHandler[Update, ContextTypes.DEFAULT_TYPE, Any]

FOR_CHANNEL = r"(@-\d{1,18})?\Z"
"""How the data of a button ends that may be made for a channel: see :func:`made_for`."""
ADMINS = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR})
"""What those are in a group who decide for it."""


def argument(context: ContextTypes.DEFAULT_TYPE) -> str:
    """What was typed after the command."""
    return " ".join(context.args or ())


def wants_new_message(update: Update) -> bool:
    """Whether the pressed button stands under a push, which must not be edited away."""
    return pressed(update)[-1] == "new"


def pressed(update: Update) -> list[str]:
    """The parts of a pressed button's data. The handler's pattern has checked their form."""
    return _data(update).partition("@")[0].split(":")


def made_for(update: Update) -> int | None:
    """The channel that the pressed button was made for; None for the chat that it stands in."""
    channel = _data(update).partition("@")[2]
    return int(channel) if channel else None


def _data(update: Update) -> str:
    data = update.callback_query.data if update.callback_query else None
    return data or ""


async def require_owner(session: AsyncSession, update: Update) -> None:
    """Raise a :class:`Refusal` unless the owner sent or pressed this."""
    user = update.effective_user
    if user is None or user.id != await owner_id(session):
        raise Refusal(stranger() if update.callback_query else only_the_owner())


async def require_owner_in_private(session: AsyncSession, update: Update) -> None:
    """As :func:`require_owner`, and where nobody else reads along."""
    await require_owner(session, update)
    if not is_private(update):
        raise Refusal(only_in_private())


def is_private(update: Update) -> bool:
    """Whether nobody but the user and the bot reads along."""
    chat = update.effective_chat
    return chat is not None and chat.type == chat.PRIVATE


async def require_editor(session: AsyncSession, update: Update) -> None:
    """Raise a :class:`Refusal` unless the owner or an admin of this Hearsay sent or pressed this."""
    user = update.effective_user
    if user is None or await role_of(session, user.id) not in EDITORS:
        raise Refusal(no_editor() if update.callback_query else only_editors())


async def require_chat_admin(update: Update) -> None:
    """Raise a :class:`Refusal` unless whoever sent or pressed this decides for the chat.

    In a private chat that is its user; else its admins, of which Telegram is asked each time. That is a request, so it
    belongs outside of a transaction.
    """
    chat, user = update.effective_chat, update.effective_user
    if chat is None or user is None:
        raise ValueError("an update without a chat or a user reached a handler that changes something")
    if chat.type != chat.PRIVATE and not _speaks_for(chat, update.message) and not await _is_admin(chat, user):
        raise Refusal(no_admin() if update.callback_query else only_admins())


def _speaks_for(chat: Chat, message: Message | None) -> bool:
    """Whether it was sent in the name of the group itself, as its anonymous admins do (Bot API: Message.sender_chat).

    Not so a pressed button: the message that it stands under is the bot's.
    """
    return message is not None and message.sender_chat == chat


async def _is_admin(chat: Chat, user: User) -> bool:
    try:
        return (await chat.get_member(user.id)).status in ADMINS
    except TelegramError as error:
        logger.warning("nobody knows who is an admin", extra={"reason": reason(error)})
        raise Refusal(rights_unknown()) from error


def chat_id(update: Update) -> int:
    """The chat it came from."""
    if update.effective_chat is None:  # no command or button comes without a chat
        raise ValueError("an update without a chat reached a handler that needs one")
    return update.effective_chat.id
