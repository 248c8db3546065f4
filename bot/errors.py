"""What can go wrong in a conversation, and at the start.

::

    Exception
    ├── Refusal               the request cannot be done; its text is written for the user and safe to show
    └── AlreadyRunningError   another process does this one's work; its text is written for the owner

Anything else that a handler raises is a fault of ours: it is logged in full, and the user is told that it happened.
"""

import logging

from telegram import Update
from telegram.error import BadRequest, TelegramError
from telegram.ext import ContextTypes

from bot.messages.frame import Message
from bot.messages.help import broken
from bot.replies import reply

logger = logging.getLogger(__name__)


class Refusal(Exception):
    """A request that cannot be done. Carries the answer for the user."""

    def __init__(self, answer: Message) -> None:
        super().__init__(answer.text)
        self.answer = answer


class AlreadyRunningError(Exception):
    """Another process does the same work, on the same database or with the same token."""


async def on_error(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Answer whoever asked, as long as Telegram takes answers; never leave a traceback."""
    error = context.error
    if isinstance(error, Refusal):
        answer = error.answer
    elif isinstance(error, TelegramError) and not isinstance(error, BadRequest):
        # The answer itself could not be sent, however often it was tried: another one would fare no better.
        logger.warning("answer not sent", extra={"reason": str(error)})
        return
    else:
        logger.error("handler failed", exc_info=error)
        answer = broken()
    if isinstance(update, Update) and update.effective_chat:
        try:
            await reply(update, answer)
        except TelegramError as second:
            logger.warning("the answer about an error could not be sent", extra={"reason": str(second)})
