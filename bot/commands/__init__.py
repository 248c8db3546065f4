"""One small class per subject; each returns its Telegram handlers."""

from typing import Any

from telegram import Update
from telegram.ext import BaseHandler, ContextTypes

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
