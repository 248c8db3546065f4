"""Proposing deals, and deciding about what is proposed."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update, User
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, chat_id, pressed, require_editor
from bot.commands.tracking import look, may_track, offer, read_line, refuse_if_tracked, shown_line
from bot.errors import Refusal
from bot.messages import proposals as messages
from bot.messages.help import gone
from bot.replies import reply
from models import archiving, outbox, tracking
from models import proposal as proposals
from models import subscriber as subscribers
from models.database import Database
from models.people import MOST_PROPOSALS
from models.proposal import DECLINED_FOR, Answer, Proposal
from models.subscriber import Wire
from models.tracking import apart, approve, namesakes, take_up, the_same


class ProposalCommands:
    """The button that proposes a deal, /proposals, and the buttons that decide. Only the first answer counts."""

    def __init__(self, database: Database, wire: Wire, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._wire = wire
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("proposals", self.proposals),
            CallbackQueryHandler(self.propose_pressed, r"^propose\Z"),
            CallbackQueryHandler(self.opened, r"^proposal:\d{1,18}\Z"),
            CallbackQueryHandler(self.look_pressed, r"^proposal:\d{1,18}:look\Z"),
            CallbackQueryHandler(self.approve_pressed, rf"^proposal:\d{{1,18}}:{Answer.APPROVED}\Z"),
            CallbackQueryHandler(self.decline_pressed, rf"^proposal:\d{{1,18}}:{Answer.DECLINED}\Z"),
        ]

    async def propose_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Keep the proposal that a preview shows, and ask those who decide."""
        line, user, now = shown_line(update), _user(update), self._clock()
        async with self._database.read() as session:
            await _check(session, update, line, now)
        found = await look(self._database, read_line(line).deal)
        async with self._database.write() as session:
            await _check(session, update, line, now)
            chat = await subscribers.meet(session, chat_id(update), self._wire, now)
            count = len(found.findings)
            proposal = await proposals.propose(session, user.id, user.full_name, chat, line, now, count)
            await outbox.post_proposal(session, proposal, now)
        await reply(update, messages.proposed(proposal))

    async def proposals(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """/proposals: what waits for an answer."""
        async with self._database.read() as session:
            await require_editor(session, update)
            answer = messages.proposals(await proposals.waiting(session))
        await reply(update, answer)

    async def opened(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """One of those that wait."""
        async with self._database.read() as session:
            proposal = await _open_proposal(session, update)
        await reply(update, messages.question(proposal))

    async def look_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The preview of what is proposed: it may be changed there, and tracked."""
        async with self._database.read() as session:
            proposal = await _open_proposal(session, update)
        await reply(update, await offer(self._database, update, proposal.typed), fresh=True)

    async def approve_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Track what is proposed; whoever proposed it follows it."""
        now = self._clock()
        async with self._database.read() as session:
            proposal = await _open_proposal(session, update)
        deal = read_line(proposal.typed).deal
        found = await look(self._database, deal)
        async with self._database.write() as session:
            proposal = await _open_proposal(session, update)
            others = await namesakes(session, deal)
            tracked = the_same(deal, others) or await take_up(session, apart(deal, others), found)
            await archiving.bring_back(session, tracked, now)
            await approve(session, proposal, tracked, _user(update).id, now)
            answer = messages.settled(proposal, before=False)
        await reply(update, answer)

    async def decline_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Leave it untracked."""
        now = self._clock()
        async with self._database.write() as session:
            proposal = await _open_proposal(session, update)
            proposals.close(proposal, Answer.DECLINED, _user(update).id, None, now)
            await outbox.post_answer(session, proposal, now)
            answer = messages.settled(proposal, before=False)
        await reply(update, answer)


async def _check(session: AsyncSession, update: Update, line: str, now: datetime) -> None:
    """Raise :class:`Refusal` if this deal need not, or may not, be proposed by this user now."""
    await may_track(session, update)
    user, deal = _user(update), read_line(line).deal
    await refuse_if_tracked(session, update, deal)
    waiting = await proposals.waiting(session, user.id)
    if line in [proposal.typed for proposal in waiting]:
        return
    declined = await tracking.declined(session, user.id, deal, now)
    if declined:
        raise Refusal(messages.declined_lately(declined + DECLINED_FOR))
    if len(waiting) >= MOST_PROPOSALS:
        raise Refusal(messages.too_many())


async def _open_proposal(session: AsyncSession, update: Update) -> Proposal:
    """The proposal that a button stands for, for those who decide.

    Raises :class:`Refusal` to others, and with what came of it if it was answered.
    """
    await require_editor(session, update)
    proposal = await proposals.find(session, int(pressed(update)[1]))
    if proposal is None:
        raise Refusal(gone())
    if proposal.answer:
        raise Refusal(messages.settled(proposal, before=True))
    return proposal


def _user(update: Update) -> User:
    if update.effective_user is None:  # nobody but a user presses a button
        raise ValueError("a button was pressed by nobody")
    return update.effective_user
