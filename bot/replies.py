"""A message of ours as Telegram takes it, and how an update is answered."""

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest

from bot.messages import Message

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def keyboard(message: Message) -> InlineKeyboardMarkup | None:
    """The buttons under a message."""
    rows = [[InlineKeyboardButton(b.label, callback_data=b.data) for b in row] for row in message.buttons]
    return InlineKeyboardMarkup(rows) if rows else None


async def reply(update: Update, message: Message) -> None:
    """Answer a command with a new message, and a pressed button by editing the message it stands under."""
    if update.callback_query:
        await _acknowledge(update.callback_query, message.notice)
        await _edit(update.callback_query, message)
    elif update.effective_chat:
        await update.effective_chat.send_message(
            message.text, parse_mode=ParseMode.HTML, reply_markup=keyboard(message), link_preview_options=NO_PREVIEW
        )


async def _acknowledge(query: CallbackQuery, notice: str) -> None:
    try:
        await query.answer(notice or None)
    except BadRequest as error:
        # A press that waited through a restart cannot be acknowledged any more; its answer still can be shown.
        if "query" not in error.message.casefold():
            raise


async def _edit(query: CallbackQuery, message: Message) -> None:
    if not message.text:
        return
    try:
        await query.edit_message_text(
            message.text, parse_mode=ParseMode.HTML, reply_markup=keyboard(message), link_preview_options=NO_PREVIEW
        )
    except BadRequest as error:
        if "not modified" not in error.message.casefold():  # pressed twice: the message says so already
            raise
