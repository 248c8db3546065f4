"""One small class per subject; each returns its Telegram handlers."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.ext import BaseHandler, ContextTypes

from bot.errors import Refusal
from bot.messages.owner import only_in_private, only_the_owner, stranger
from models.owner import owner_id

Handler = BaseHandler[Update, ContextTypes.DEFAULT_TYPE, Any]


def argument(context: ContextTypes.DEFAULT_TYPE) -> str:
    """What was typed after the command."""
    return " ".join(context.args or ())


def wants_new_message(update: Update) -> bool:
    """Whether the pressed button stands under a push, which must not be edited away."""
    return pressed(update)[-1] == "new"


def pressed(update: Update) -> list[str]:
    """The parts of a pressed button's data. The handler's pattern has checked their form."""
    data = update.callback_query.data if update.callback_query else None
    return (data or "").split(":")


async def require_owner(session: AsyncSession, update: Update) -> None:
    """Raise a :class:`Refusal` unless the owner sent or pressed this."""
    user = update.effective_user
    if user is None or user.id != await owner_id(session):
        raise Refusal(stranger() if update.callback_query else only_the_owner())


async def require_owner_in_private(session: AsyncSession, update: Update) -> None:
    """As :func:`require_owner`, and where nobody else reads along."""
    await require_owner(session, update)
    chat = update.effective_chat
    if chat is None or chat.type != chat.PRIVATE:
        raise Refusal(only_in_private())
