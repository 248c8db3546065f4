"""What people say is wrong, and what the owner does about it."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.ext import CallbackQueryHandler, ContextTypes

from bot.commands import Handler, pressed, require_editor
from bot.commands.owner import pressed_change
from bot.errors import Refusal
from bot.messages import feedback as messages
from bot.messages.frame import Message
from bot.messages.help import gone
from bot.messages.owner import taken_back_already
from bot.replies import reply
from models import decisions, outbox
from models import feedback as feedbacks
from models import subscriber as subscribers
from models.change import Change
from models.database import Database
from models.feedback import Fault, Feedback, Verdict
from models.subscriber import Wire


class FeedbackCommands:
    """The button Wrong under pushes and cards, and those with which the owner decides."""

    def __init__(self, database: Database, wire: Wire, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._wire = wire
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        faults = "|".join(Fault)
        return [
            CallbackQueryHandler(self.wrong_pressed, r"^wrong:\d{1,18}\Z"),
            CallbackQueryHandler(self.fault_pressed, rf"^wrong:\d{{1,18}}:({faults})\Z"),
            CallbackQueryHandler(self.strike_pressed, r"^strike:\d{1,18}:\d{1,18}\Z"),
            CallbackQueryHandler(self.undo_pressed, rf"^feedback:\d{{1,18}}:{Verdict.UNDONE}\Z"),
            CallbackQueryHandler(self.dismiss_pressed, rf"^feedback:\d{{1,18}}:{Verdict.DISMISSED}\Z"),
        ]

    async def wrong_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Ask what is wrong with a change."""
        async with self._database.read() as session:
            change = await self._questionable(session, update)
            if await feedbacks.has_complained(session, change, _user_id(update)):
                raise Refusal(messages.said_already())
        await reply(update, messages.ask_whats_wrong(change), fresh=True)

    async def fault_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Keep the complaint, and ask the owner."""
        fault, now = Fault(pressed(update)[2]), self._clock()
        async with self._database.write() as session:
            change = await self._questionable(session, update)
            if update.effective_chat is None:
                raise Refusal(gone())
            chat = await subscribers.meet(session, update.effective_chat.id, self._wire, now)
            await feedbacks.complain(session, change, _user_id(update), chat, fault, now)
            opened = await feedbacks.about(session, change)
            if opened:
                await outbox.post_feedback(session, opened, now)
        await reply(update, messages.thanks(change))

    async def strike_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Let a report count no more."""
        async with self._database.write() as session:
            feedback = await _pressed_feedback(session, update)
            claim = next((c for c in feedback.change.claims if c.id == int(pressed(update)[2])), None)
            if claim is None:
                raise Refusal(gone())
            await decisions.strike(session, feedback, claim, _user_id(update), self._clock())
            answer = await _settled(session, feedback)
        await reply(update, answer)

    async def undo_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Take the change back."""
        async with self._database.write() as session:
            feedback = await _pressed_feedback(session, update)
            if feedback.verdict is None:
                await decisions.take_back(session, feedback.change, _user_id(update), self._clock())
            answer = await _settled(session, feedback)
        await reply(update, answer)

    async def dismiss_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Leave the change as it is."""
        async with self._database.write() as session:
            feedback = await _pressed_feedback(session, update)
            await decisions.dismiss(session, feedback, self._clock())
            answer = await _settled(session, feedback)
        await reply(update, answer)

    async def _questionable(self, session: AsyncSession, update: Update) -> Change:
        """The change a button stands for, if this user may still say that it is wrong."""
        change = await pressed_change(session, update)
        feedback = await feedbacks.about(session, change)
        if feedback and feedback.verdict:
            raise Refusal(messages.decided_already())
        if await decisions.correction_of(session, change):
            raise Refusal(taken_back_already())
        new = not await feedbacks.has_complained(session, change, _user_id(update))
        if new and await feedbacks.has_said_enough(session, _user_id(update), self._clock()):
            raise Refusal(messages.said_enough())
        return change


async def _pressed_feedback(session: AsyncSession, update: Update) -> Feedback:
    """The feedback a button stands for; the owner and admins decide about it."""
    await require_editor(session, update)
    feedback = await feedbacks.find(session, int(pressed(update)[1]))
    if feedback is None:
        raise Refusal(gone())
    return feedback


async def _settled(session: AsyncSession, feedback: Feedback) -> Message:
    correction = await decisions.correction_of(session, feedback.change)
    return messages.settled(feedback, await outbox.told(session, correction) if correction else 0)


def _user_id(update: Update) -> int:
    if update.effective_user is None:  # nobody but a user presses a button
        raise ValueError("a button was pressed by nobody")
    return update.effective_user.id
