"""A message of ours as Telegram takes it, and how an update is answered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest, NetworkError, RetryAfter

from bot.messages import Message
from bot.pauses import flood_pause

logger = logging.getLogger(__name__)

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
ATTEMPTS = 5
"""At one answer, a second or more apart: a user who waits longer has asked again."""


def keyboard(message: Message) -> InlineKeyboardMarkup | None:
    """The buttons under a message."""
    rows = [[InlineKeyboardButton(b.label, callback_data=b.data) for b in row] for row in message.buttons]
    return InlineKeyboardMarkup(rows) if rows else None


async def reply(update: Update, message: Message, *, fresh: bool = False) -> None:
    """Answer a command with a new message, and a pressed button by editing the message it stands under.

    ``fresh`` answers a button with a new message, too. Raises TelegramError when Telegram refuses, or cannot be reached
    for :data:`ATTEMPTS` attempts.
    """
    if update.callback_query:
        await _acknowledge(update.callback_query, message.notice)
        if not message.text or (not fresh and await _edit(update.callback_query, message)):
            return
    await _send(update, message)


async def _send(update: Update, message: Message) -> None:
    chat, asked = update.effective_chat, update.message
    if chat is None:
        return
    topic = asked.message_thread_id if asked and asked.is_topic_message else None

    async def send() -> None:
        await chat.send_message(
            message.text,
            parse_mode=ParseMode.HTML,
            reply_markup=keyboard(message),
            link_preview_options=NO_PREVIEW,
            message_thread_id=topic,
        )

    await _patiently(send)


async def _acknowledge(query: CallbackQuery, notice: str) -> None:
    try:
        await query.answer(notice or None)
    except BadRequest as error:
        # A press that waited through a restart cannot be acknowledged any more; its answer still can be shown.
        if "query" not in error.message.casefold():
            raise


async def _edit(query: CallbackQuery, message: Message) -> bool:
    """Whether the message could be edited. One that was deleted, or is too old, cannot."""
    if query.message is None or not query.message.is_accessible:
        return False

    async def edit() -> None:
        await query.edit_message_text(
            message.text, parse_mode=ParseMode.HTML, reply_markup=keyboard(message), link_preview_options=NO_PREVIEW
        )

    try:
        await _patiently(edit)
    except BadRequest as error:
        # Pressed twice, the message says so already.
        return "not modified" in error.message.casefold()
    return True


async def _patiently(call: Callable[[], Awaitable[None]]) -> None:
    """Try again where Telegram asks for a pause, or cannot be reached. BadRequest is a NetworkError, too, but final."""
    for attempt in range(1, ATTEMPTS):
        try:
            return await call()
        except BadRequest:
            raise
        except RetryAfter as error:
            await asyncio.sleep(flood_pause(error).total_seconds())
        except NetworkError as error:
            logger.warning("answer not sent yet", extra={"attempt": attempt, "reason": str(error)})
            await asyncio.sleep(attempt)
    return await call()
