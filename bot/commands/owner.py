"""What the owner and admins may do to a deal's status, and how one becomes the owner."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rapidfuzz import process
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, argument, pressed, require_editor
from bot.commands.deals import decided_deal, one_deal, pressed_deal
from bot.errors import Refusal
from bot.messages import archiving, push
from bot.messages import owner as messages
from bot.messages.help import gone, missing
from bot.replies import reply
from matcher.vocabulary import Stage, Status
from models import decisions, ledger, outbox, owner
from models import subscriber as subscribers
from models.article import Claim
from models.change import Change
from models.database import Database
from models.deal import Deal, spelling_key
from models.subscriber import Wire

_STAGES = {spelling_key(stage): stage for stage in Stage} | {
    Status.RUMORED: Stage.TALKS,
    "rumoured": Stage.TALKS,
    Status.FINALIZED: Stage.AGREED,
}
"""What may be typed for a stage; a status stands for its plainest stage (``denied`` is both)."""


class OwnerCommands:
    """/claim, /set and /undo, and the buttons under them and under a held claim."""

    def __init__(self, database: Database, wire: Wire, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._wire = wire
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        stages = "|".join(Stage)
        return [
            CommandHandler("claim", self.claim),
            CommandHandler("set", self.set_stage),
            CommandHandler("undo", self.undo),
            CallbackQueryHandler(self.release_pressed, r"^release:\d{1,18}\Z"),
            CallbackQueryHandler(self.set_pressed, rf"^set:\d{{1,18}}:({stages}):\d{{1,18}}\Z"),
            CallbackQueryHandler(self.undo_offered, r"^undo:\d{1,18}\Z"),
            CallbackQueryHandler(self.undo_asked, r"^undo-ask:\d{1,18}\Z"),
            CallbackQueryHandler(self.undo_pressed, r"^undo-do:\d{1,18}\Z"),
        ]

    async def claim(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/claim CODE."""
        chat, user = update.effective_chat, update.effective_user
        if chat is None or user is None or chat.type != chat.PRIVATE:
            async with self._database.write() as session:
                voided = await owner.void_code(session, argument(context))
            raise Refusal(messages.claim_in_private(voided=voided))
        if not context.args:
            raise Refusal(missing("claim"))
        async with self._database.write() as session:
            success = await owner.claim(session, argument(context), user.id)
            if success:
                await subscribers.meet(session, chat.id, self._wire, self._clock())
                await outbox.post_waiting(session, self._clock())
        await reply(update, messages.claimed(success=success))

    async def release_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Let a held claim through."""
        async with self._database.write() as session:
            await require_editor(session, update)
            options = [joinedload(Claim.deal), joinedload(Claim.article)]
            claim = await session.get(Claim, int(pressed(update)[1]), options=options)
            if claim is None:
                raise Refusal(gone())
            if claim.deal.archived_at:
                raise Refusal(archiving.not_released(claim.deal))
            change = await ledger.release(session, claim, self._clock())
        await reply(update, push.released(claim.deal, change))

    async def set_stage(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/set DEAL STAGE REASON: show what would be done, and to how many chats it would be told."""
        async with self._database.read() as session:
            await require_editor(session, update)
            wish = _wish(context.args or [])
            deal = await one_deal(session, wish.deal, "set")
            _require_followed(deal)
            if deal.stage is wish.stage:
                raise Refusal(messages.stands_so(deal))
            told = await decisions.audience(session, deal, wish.stage, self._clock())
            latest = await decisions.latest(session, deal)
        await reply(update, messages.ask_to_set(deal, wish.stage, wish.reason, latest, told))

    async def set_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Let a deal stand as the owner said, if it still stands as it was shown."""
        async with self._database.write() as session:
            await require_editor(session, update)
            deal = await decided_deal(session, update)
            _require_followed(deal)
            change = await self._settle(session, update, deal)
            if change is None:
                raise Refusal(messages.moved_meanwhile(deal))
            told = await outbox.told(session, change)
        await reply(update, messages.decided(deal, change, told))

    async def _settle(self, session: AsyncSession, update: Update, deal: Deal) -> Change | None:
        """The change that the pressed button makes, or made before; None if the deal moved otherwise meanwhile."""
        shown, user = update.effective_message, update.effective_user
        _action, _deal, stage, seen = pressed(update)
        moves = await decisions.since(session, deal, int(seen))
        if len(moves) == 1 and moves[0].by and moves[0].stage is Stage(stage):
            return moves[0]
        if moves or shown is None or user is None:
            return None
        reason = messages.reason_asked(shown.text or "")
        return await ledger.settle(session, deal, Stage(stage), user.id, reason, self._clock())

    async def undo(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/undo DEAL: what can be taken back."""
        async with self._database.read() as session:
            await require_editor(session, update)
            deal = await one_deal(session, argument(context), "undo")
            answer = messages.undoable(deal, await decisions.undoable(session, deal, messages.UNDOABLE))
        await reply(update, answer)

    async def undo_offered(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """What can be taken back of a chosen deal."""
        async with self._database.read() as session:
            await require_editor(session, update)
            deal = await pressed_deal(session, update)
            answer = messages.undoable(deal, await decisions.undoable(session, deal, messages.UNDOABLE))
        await reply(update, answer)

    async def undo_asked(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Ask before a change is taken back."""
        async with self._database.read() as session:
            await require_editor(session, update)
            change = await pressed_change(session, update)
            if await decisions.correction_of(session, change):
                raise Refusal(messages.taken_back_already())
            told = await decisions.was_told(session, change)
        await reply(update, messages.ask_to_undo(change, told))

    async def undo_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Take a change back."""
        user = update.effective_user
        async with self._database.write() as session:
            await require_editor(session, update)
            change = await pressed_change(session, update)
            correction = await decisions.take_back(session, change, user.id if user else 0, self._clock())
            told = await outbox.told(session, correction) if correction else 0
        await reply(update, messages.undone(change, change.deal, told))


def _require_followed(deal: Deal) -> None:
    """Refuse to decide about an archived deal: its followers would be told after all."""
    if deal.archived_at:
        raise Refusal(archiving.no_decision(deal))


async def pressed_change(session: AsyncSession, update: Update) -> Change:
    """The change a button stands for, with its deal and claims."""
    change = await decisions.find_change(session, int(pressed(update)[1]))
    if change is None:
        raise Refusal(gone())
    return change


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was typed after /set."""

    deal: str
    stage: Stage
    reason: str


def _wish(words: Sequence[str]) -> _Wish:
    """Read ``DEAL STAGE REASON``: the first word, or pair of words, that names a stage parts the other two."""
    for place in range(1, len(words)):
        for length in (2, 1):
            stage = _STAGES.get(spelling_key("".join(words[place : place + length])))
            if stage:
                return _with_reason(words[:place], stage, words[place + length :])
    if len(words) < 2:
        raise Refusal(missing("set"))
    raise Refusal(messages.unknown_stage(_nearest(words[1:])))


def _with_reason(deal: Sequence[str], stage: Stage, reason: Sequence[str]) -> _Wish:
    if not reason:
        raise Refusal(messages.no_reason())
    return _Wish(" ".join(deal), stage, " ".join(reason))


def _nearest(words: Sequence[str]) -> Sequence[str]:
    """The word for a stage that looks most like one of those typed, if any does."""
    known = {spelling_key(name): name for name in [*Stage, *Status]}
    found = [process.extractOne(spelling_key(word), list(known), score_cutoff=70) for word in words]
    best = sorted((match for match in found if match), key=lambda match: -match[1])
    return [known[match[0]] for match in best]
