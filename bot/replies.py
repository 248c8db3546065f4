"""A message of ours as Telegram takes it, and how an update is answered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import telegram
from telegram import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    ReplyParameters,
    Update,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, NetworkError, RetryAfter

from bot.failures import flood_pause, reason
from bot.messages.channels import Link
from bot.messages.frame import Button, Message, without_markup

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
ATTEMPTS = 5
"""At one answer, a second or more apart: a user who waits longer has asked again."""


def keyboard(message: Message) -> InlineKeyboardMarkup | None:
    """The buttons under a message."""
    rows = [[_pressable(button) for button in row] for row in message.buttons]
    return InlineKeyboardMarkup(rows) if rows else None


def _pressable(button: Button) -> InlineKeyboardButton:
    if isinstance(button, Link):
        return InlineKeyboardButton(button.label, url=button.data)
    return InlineKeyboardButton(button.label, callback_data=button.data)


async def reply(
    update: Update, message: Message, *, fresh: bool = False, quoting: bool = False
) -> telegram.Message | None:
    """Answer a command with a new message, and a pressed button by editing the message it stands under.

    ``fresh`` answers a button with a new message, too; ``quoting`` ties a new message to the one that it answers, which
    then comes along when a button under it is pressed (Bot API: Message.reply_to_message). Returns the message in which
    the answer stands. Raises TelegramError when Telegram refuses, or cannot be reached for :data:`ATTEMPTS` attempts.
    """
    if update.callback_query:
        await _acknowledge(update.callback_query, message.notice)
        under = _message_of(update.callback_query)
        if not message.text:
            return under
        if under and not fresh and await _edit(under, message):
            return under
    return await _send(update, message, quoting=quoting)


async def reply_later(update: Update, meanwhile: Message, answer: Awaitable[Message]) -> None:
    """Say ``meanwhile`` at once, and the answer in its place when it is there. Raises as :func:`reply` and it do."""
    shown = await reply(update, meanwhile)
    final = await answer
    if shown is None or not await _edit(shown, final):
        await _send(update, final)


async def send_file(update: Update, name: str, content: bytes, caption: str) -> None:
    """Answer with a file, in the topic of the question. Raises TelegramError as :func:`reply` does."""
    chat, topic = update.effective_chat, topic_id(update)
    if chat:
        await _patiently(lambda: chat.send_document(content, caption=caption, filename=name, message_thread_id=topic))


async def send_photo(update: Update, png: bytes, caption: Message) -> None:
    """Answer with a picture, in the topic of the question. Raises TelegramError as :func:`reply` does."""
    chat, topic = update.effective_chat, topic_id(update)
    if chat:
        await _patiently(
            lambda: chat.send_photo(
                png,
                caption=caption.text,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard(caption),
                message_thread_id=topic,
            )
        )


def topic_id(update: Update) -> int | None:
    """The forum topic in which it was sent or pressed; None for a chat without topics, and for its general one."""
    message = update.callback_query.message if update.callback_query else update.message
    return message.message_thread_id if isinstance(message, telegram.Message) and message.is_topic_message else None


async def _send(update: Update, message: Message, *, quoting: bool = False) -> telegram.Message | None:
    chat, topic, answered = update.effective_chat, topic_id(update), update.effective_message
    if chat is None:
        return None
    quoted = ReplyParameters(answered.message_id, allow_sending_without_reply=True) if quoting and answered else None

    async def send(text: str, parse_mode: ParseMode | None) -> telegram.Message:
        return await chat.send_message(
            text,
            parse_mode=parse_mode,
            reply_markup=keyboard(message),
            link_preview_options=NO_PREVIEW,
            message_thread_id=topic,
            reply_parameters=quoted,
        )

    try:
        return await _patiently(lambda: send(message.text, ParseMode.HTML))
    except BadRequest as error:
        if "parse entities" not in error.message.casefold():
            raise
    return await _patiently(lambda: send(without_markup(message.text), None))


async def _acknowledge(query: CallbackQuery, notice: str) -> None:
    """Stop the button's waiting sign. Whatever comes of that, the answer itself is still to be shown."""
    try:
        await _patiently(lambda: query.answer(notice or None))
    except BadRequest as error:
        # A press that waited through a restart cannot be acknowledged any more; its answer still can be shown.
        if "query" not in error.message.casefold():
            raise
    except (NetworkError, RetryAfter) as error:
        logger.warning("a pressed button was not acknowledged", extra={"reason": reason(error)})


def _message_of(query: CallbackQuery) -> telegram.Message | None:
    """The message that the button stands under; None if it was deleted, or is too old to be edited."""
    return query.message if isinstance(query.message, telegram.Message) else None


async def _edit(shown: telegram.Message, message: Message) -> bool:
    """Whether the message could be edited."""
    try:
        await _patiently(
            lambda: shown.edit_text(
                message.text, parse_mode=ParseMode.HTML, reply_markup=keyboard(message), link_preview_options=NO_PREVIEW
            )
        )
    except BadRequest as error:
        # Pressed twice, the message says so already.
        return "not modified" in error.message.casefold()
    return True


async def _patiently(call: Callable[[], Awaitable[_Result]]) -> _Result:
    """Try again where Telegram asks for a pause, or cannot be reached. BadRequest is a NetworkError, too, but final.

    The pacer holds the next attempt back until a pause is over.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return await call()
        except BadRequest:
            raise
        except (NetworkError, RetryAfter) as error:
            logger.warning("answer not sent yet", extra={"attempt": attempt, "reason": reason(error)})
            if flood_pause(error) is None:
                await asyncio.sleep(attempt)
    return await call()
