"""Cards to share in any chat: ``@bot huawei``."""

from collections.abc import Sequence

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    Update,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest
from telegram.ext import ContextTypes, InlineQueryHandler

from bot.commands import Handler
from bot.messages import inline as messages
from bot.replies import NO_PREVIEW
from models import change as changes
from models import search
from models.change import Change
from models.database import Database
from models.deal import Deal

CARDS = 10
"""That are offered at once."""
CACHED_SECONDS = 30
"""For so long Telegram gives the same user the same answer: a deal may move meanwhile."""


class InlineCommands:
    """Inline mode. The owner turns it on with BotFather's /setinline."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [InlineQueryHandler(self.offer)]

    async def offer(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Offer the deals that the words fit, or without words those heard of last."""
        query = update.inline_query
        if query is None:
            return
        async with self._database.read() as session:
            found = await search.heard_last(session, query.query, CARDS)
            latest = [(deal, await changes.history(session, deal, 1)) for deal in found]
        cards = [_card(deal, change, context.bot.username) for deal, change in latest]
        try:
            await query.answer(cards, cache_time=CACHED_SECONDS, is_personal=True)  # in the language of the user
        except BadRequest as error:
            if "query" not in error.message.casefold():  # too old: the user has typed on, or the bot was away
                raise


def _card(deal: Deal, latest: Sequence[Change], bot: str) -> InlineQueryResultArticle:
    text = messages.shared(deal, latest[0] if latest else None).text
    link = messages.follow_link(deal, bot)
    return InlineQueryResultArticle(
        id=str(deal.id),
        title=messages.title(deal),
        description=messages.description(deal),
        input_message_content=InputTextMessageContent(text, ParseMode.HTML, link_preview_options=NO_PREVIEW),
        reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton(link.label, url=link.data)]]) if link else None,
    )
