"""Taking up a deal in the conversation."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import telegram
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.commands import Handler, argument, pressed, require_editor
from bot.commands.deals import card
from bot.errors import Refusal
from bot.messages import tracking as messages
from bot.messages.frame import Message
from bot.messages.help import gone, missing
from bot.messages.owner import no_editor
from bot.replies import reply
from matcher import vocabulary
from matcher.vocabulary import Kind
from models import shorthand
from models.ambiguity import Ambiguity, ambiguities
from models.database import Database
from models.people import EDITORS, role_of
from models.preview import Preview, latest, preview
from models.shorthand import IncompleteError
from models.tracking import apart, approve_all, completed, namesakes, take_up, the_same
from models.watchlist import WatchlistDeal, WatchlistError


class _Answer(filters.MessageFilter):
    """A reply to one of the bot's questions for a deal."""

    def filter(self, message: telegram.Message) -> bool:
        return _asked(message) is not None


class TrackingCommands:
    """/track: a preview first, to which names can be added, then one press.

    Whoever may not decide about deals gets the same preview with a button that proposes it. Nothing of the conversation
    is kept: each message says what it is about, in the words in which it could be typed (:mod:`models.shorthand`).
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("track", self.track),
            MessageHandler(filters.TEXT & ~filters.COMMAND & _Answer(), self.answered),
            CallbackQueryHandler(self.track_pressed, r"^track\Z"),
            CallbackQueryHandler(self.kind_pressed, rf"^track:({'|'.join(Kind)})\Z"),
            CallbackQueryHandler(self.name_asked, r"^track:name\Z"),
        ]

    async def track(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/track HUAWEI + AT&T [KIND]; alone, it asks for them."""
        typed = argument(context)
        if typed:
            await self._show(update, typed)
            return
        async with self._database.read() as session:
            await may_track(session, update)
        await reply(update, messages.ask_parties())

    async def answered(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """A deal, or a name for the deal that the question is about."""
        if update.message and update.message.text:
            async with self._database.read() as session:
                await may_track(session, update)
            question, typed = _asked(update.message) or "", " ".join(update.message.text.split())
            await self._show(update, _answer(question, typed))

    async def kind_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Another kind, or the way back from a question: the preview of the same deal as that kind."""
        deal = read_line(shown_line(update)).deal
        line = shorthand.write(replace(deal, kind=Kind(pressed(update)[1])))
        await reply(update, await offer(self._database, update, line))

    async def name_asked(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Ask for another name."""
        async with self._database.read() as session:
            await may_track(session, update)
        line = shown_line(update)
        await reply(update, messages.ask_name(line, read_line(line).deal))

    async def track_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button under a preview. Pressed twice, it has been done."""
        async with self._database.read() as session:
            await require_editor(session, update)
        deal = read_line(shown_line(update)).deal
        found = await look(self._database, deal)
        async with self._database.write() as session:
            await require_editor(session, update)
            await refuse_if_tracked(session, update, deal)
            row = await take_up(session, apart(deal, await namesakes(session, deal)), found)
            await approve_all(session, row, update.effective_user.id if update.effective_user else 0, self._clock())
            answer = messages.tracked(row.slug, found, await card(session, update, row))
        await reply(update, answer)

    async def _show(self, update: Update, typed: str) -> None:
        await reply(update, await offer(self._database, update, typed, complete=True))


async def offer(database: Database, update: Update, line: str, *, complete: bool = False) -> Message:
    """The preview of a deal, for this user; ``complete`` adds what other deals know of its parties.

    Raises :class:`Refusal` if it is tracked already or would be no deal, or to whoever may not ask here.
    """
    async with database.read() as session:
        editor = await may_track(session, update)
        entry = read_line(line)
        await refuse_if_tracked(session, update, entry.deal)
        rows = await namesakes(session, entry.deal)
        others = [row.value for row in rows]
    deal = apart((completed(entry, others) if complete else entry).deal, rows)
    found = await look(database, deal)
    doubts = await asyncio.to_thread(_doubts, deal, others)
    return messages.preview(shorthand.write(deal), deal, found, doubts, editor=editor)


async def look(database: Database, deal: vocabulary.Deal) -> Preview:
    """What is stored about a deal."""
    async with database.read() as session:
        kept = await latest(session)
    return await asyncio.to_thread(preview, deal, kept)


def _doubts(deal: vocabulary.Deal, others: Sequence[vocabulary.Deal]) -> Sequence[Ambiguity]:
    return list(ambiguities([deal, *others], about={deal.slug}))


async def may_track(session: AsyncSession, update: Update) -> bool:
    """Whether this user decides about deals; others may propose some, each in the private chat with the bot.

    Raises :class:`Refusal` to others elsewhere.
    """
    chat, user = update.effective_chat, update.effective_user
    if user and await role_of(session, user.id) in EDITORS:
        return True
    if user and chat and chat.id == user.id:  # so it is a private chat, and with this user
        return False
    raise Refusal(no_editor() if update.callback_query else messages.propose_in_private())


async def refuse_if_tracked(session: AsyncSession, update: Update, deal: vocabulary.Deal) -> None:
    """Raise a :class:`Refusal` with the deal's card if it is tracked already: an import would describe it anew."""
    known = the_same(deal, await namesakes(session, deal))
    if known:
        shown = await card(session, update, known)
        if deal.slug != known.slug and deal.slug in [merged.slug for merged in known.merged]:
            raise Refusal(messages.merged(deal.slug, known.slug, shown))
        raise Refusal((messages.archived if known.archived_at else messages.already_tracked)(known.slug, shown))


def read_line(line: str) -> WatchlistDeal:
    """The deal that was typed. Raises :class:`Refusal` if it is none."""
    try:
        return shorthand.read(line)
    except IncompleteError as error:
        raise Refusal(missing("track")) from error
    except WatchlistError as error:
        raise Refusal(messages.cannot_track(error.problems)) from error


def shown_line(update: Update) -> str:
    """The deal that the message under the pressed button is about. Raises :class:`Refusal` if it is about none."""
    under = update.callback_query.message if update.callback_query else None
    line = messages.line_of(under.text or "") if isinstance(under, telegram.Message) else ""
    if not line:
        raise Refusal(gone())
    return line


def _answer(question: str, typed: str) -> str:
    """The deal with the answer to a question about it. Raises :class:`Refusal` that asks again if it would be none."""
    try:
        line = _with_name(question, typed) if question else typed
        read_line(line)
    except Refusal as refusal:
        raise Refusal(messages.asked_again(refusal.answer, question)) from refusal
    return line


def _with_name(line: str, typed: str) -> str:
    """The deal with what was typed as ``PARTY: NAME`` behind its party."""
    deal = read_line(line).deal
    found = shorthand.addressed(deal.parties, typed)
    if found is None or not found[1]:
        raise Refusal(messages.whose_name(deal))
    place, pieces = found
    parties = list(deal.parties)
    try:
        parties[place] = shorthand.with_pieces(parties[place], pieces)
    except WatchlistError as error:
        raise Refusal(messages.cannot_track(error.problems)) from error
    return shorthand.write(replace(deal, parties=tuple(parties)))


def _asked(message: telegram.Message) -> str | None:
    """What the bot asks about in the message that this one replies to: a deal, or empty for a new one; else None.

    A preview asks, too, for ``PARTY: NAME``.
    """
    question = message.reply_to_message
    if question is None or question.from_user is None or question.from_user.id != message.get_bot().id:
        return None
    text = question.text or ""
    return (messages.previewed(text) if ":" in (message.text or "") else None) or messages.asked(text)
