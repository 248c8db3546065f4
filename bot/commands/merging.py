"""Making one deal of two that are the same."""

import json
import re
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, argument, pressed, require_editor
from bot.errors import Refusal
from bot.messages import merging as messages
from bot.messages.deals import CHOICES
from bot.messages.frame import Message
from bot.messages.help import gone, missing
from bot.replay import in_time_order
from bot.replies import reply, send_file
from feeds.intake import Taken
from models import deal as deals
from models import imports, merging
from models.database import Database
from models.deal import Deal


class MergingCommands:
    """/merge, for the owner and admins: a look first, then files with what goes, then the merger.

    A button names both deals, and the revision of the one that goes: what was changed meanwhile is looked at again.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("merge", self.merge),
            CallbackQueryHandler(self.turned_round, r"^merge:\d{1,18}:\d{1,18}\Z"),
            CallbackQueryHandler(self.merge_pressed, r"^merge-do:\d{1,18}:\d{1,18}:\d{1,18}\Z"),
        ]

    async def merge(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/merge FROM into INTO."""
        async with self._database.read() as session:
            await require_editor(session, update)
            source, target = [await _only(session, query) for query in _sides(argument(context))]
            answer = await _question(session, source, target)
        await reply(update, answer)

    async def turned_round(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Let the other one stay."""
        async with self._database.read() as session:
            await require_editor(session, update)
            source, target = await _pressed_deals(session, update)
            answer = messages.merged(target) if source is target else await _question(session, source, target)
        await reply(update, answer)

    async def merge_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Send what goes as files, then merge. Nothing is deleted that could not be sent."""
        async with self._database.read() as session:
            await require_editor(session, update)
            source, target = await _pressed_deals(session, update)
            files = await _files(session, source) if source is not target else []
        for name, content, caption in files:
            await send_file(update, name, content, caption)
        async with self._database.write() as session:
            await require_editor(session, update)
            source, target = await _pressed_deals(session, update)
            if source is not target:
                by = update.effective_user.id if update.effective_user else 0
                await merging.merge(session, source, target, by, messages.reason(source), self._clock())
        await reply(update, messages.merged(target))


def _sides(typed: str) -> list[str]:
    """The two names: with the word "into" between them, or of one word each."""
    sides = re.split(r"\s+into\s+", typed, flags=re.IGNORECASE)
    if len(sides) == 1:
        sides = typed.split()
    if len(sides) != 2:
        raise Refusal(missing("merge"))
    return sides


async def _only(session: AsyncSession, query: str) -> Deal:
    """The one deal that is found by this name."""
    found = await deals.find(session, query)
    if len(found.deals) != 1:
        raise Refusal(messages.which(query, (found.deals or found.suggestions)[:CHOICES]))
    return found.deals[0]


async def _question(session: AsyncSession, source: Deal, target: Deal) -> Message:
    _check(source, target)
    lost = await merging.lost_names(session, source, target)
    return messages.ask_to_merge(source, target, await merging.belongings(session, source), lost)


def _check(source: Deal, target: Deal) -> None:
    if source.id == target.id:
        raise Refusal(messages.one_and_the_same(target))
    if target.archived_at:
        raise Refusal(messages.is_archived(target))


async def _pressed_deals(session: AsyncSession, update: Update) -> tuple[Deal, Deal]:
    """The deal that goes, and the one that stays; twice the same, if they are one by now."""
    _action, source_id, target_id, *revision = pressed(update)
    source, target = [await _going_on(session, int(number)) for number in (source_id, target_id)]
    if source is not target:
        _check(source, target)
        if revision and (int(revision[0]), int(target_id)) != (source.revision, target.id):
            raise Refusal(messages.changed_meanwhile())
    return source, target


async def _going_on(session: AsyncSession, deal_id: int) -> Deal:
    """The deal of this id, or the one that it was merged into, with all that a merger needs."""
    found = await deals.by_id(session, deal_id)
    deal = await deals.described(session, found.id) if found else None
    if deal is None:
        raise Refusal(gone())
    return deal


async def _files(session: AsyncSession, deal: Deal) -> list[tuple[str, bytes, str]]:
    """Name, content and caption of each file that a deal is written to before it goes."""
    learned = await merging.record(session, deal)
    stages = {claim: claim.stage for claim in learned.claims}
    rows = in_time_order(Taken(learned.claims, learned.mentions, learned.changes, stages))
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    files = [
        (f"{deal.slug}.toml", imports.export_deals([deal]), messages.words_exported(deal)),
        (f"{deal.slug}.jsonl", lines.encode(), messages.history_exported(deal)),
    ]
    return [file for file in files if file[1]]  # Telegram refuses an empty one
