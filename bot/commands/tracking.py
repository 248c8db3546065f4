"""Taking up a deal in the conversation."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import telegram
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, argument, require_editor
from bot.errors import Refusal
from bot.messages import tracking as messages
from bot.messages.help import gone, missing
from bot.replies import reply
from matcher.vocabulary import Deal, Kind
from models import ambiguity, imports
from models import deal as deals
from models.database import Database
from models.preview import latest_headlines, preview
from models.watchlist import WatchlistDeal, WatchlistError, new_deal


class TrackingCommands:
    """/track, for the owner and admins: a preview first, then one press."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [CommandHandler("track", self.track), CallbackQueryHandler(self.track_pressed, r"^track\Z")]

    async def track(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/track HUAWEI + AT&T [KIND]."""
        typed = argument(context)
        async with self._database.read() as session:
            await require_editor(session, update)
            entry = _entry(typed)
            if await deals.by_slug(session, entry.deal.slug):
                raise Refusal(messages.already_tracked(entry.deal.slug))
            known, headlines = await deals.all_deals(session), await latest_headlines(session)
        others = [row.value for row in known]
        found = await asyncio.to_thread(preview, entry.deal, headlines)
        warnings = await asyncio.to_thread(_warnings, entry, others)
        await reply(update, messages.preview(f"{messages.COMMAND}{typed}", entry.deal, found, warnings))

    async def track_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button under a preview. Pressed twice, it has been done."""
        async with self._database.write() as session:
            await require_editor(session, update)
            under = update.callback_query.message if update.callback_query else None
            if not isinstance(under, telegram.Message) or not under.text:
                raise Refusal(gone())
            entry = _entry(messages.command_of(under.text))
            if await deals.by_slug(session, entry.deal.slug):  # an import would describe it anew
                raise Refusal(messages.already_tracked(entry.deal.slug))
            await imports.import_deals(session, [entry], self._clock())
        await reply(update, messages.tracked(entry.deal.slug))


def _entry(typed: str) -> WatchlistDeal:
    """The deal that was typed: parties joined by plus signs, then perhaps its kind."""
    names = [name.strip() for name in typed.split("+")]
    if len(names) < 2 or not all(names):
        raise Refusal(missing("track"))
    kind = Kind.ACQUISITION
    *last, word = names[-1].split()
    if last and word.casefold() in list(Kind):
        kind, names[-1] = Kind(word.casefold()), " ".join(last)
    try:
        return new_deal(names, kind)
    except WatchlistError as error:
        raise Refusal(messages.cannot_track(str(error))) from error


def _warnings(entry: WatchlistDeal, others: list[Deal]) -> list[str]:
    return list(ambiguity.warnings([*others, entry.deal], about={entry.deal.slug}))
