"""What waits to be told to whom. Rows cross the gap between the news and Telegram; words are made when they leave.

A row is written in the transaction of its change and marked sent after Telegram took it: a crash in between sends one
message twice at most, and loses none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    UniqueConstraint,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import (
    InstrumentedAttribute,
    Mapped,
    aliased,
    joinedload,
    mapped_column,
    query_expression,
    relationship,
    selectinload,
    with_expression,
)
from sqlalchemy.sql.base import ExecutableOption

from matcher.decide import Outcome
from matcher.vocabulary import ChangeKind, Status
from models import hours, subscription
from models.article import Claim
from models.base import Base
from models.card import Card
from models.change import Change
from models.deal import Deal
from models.feed import Feed, Trouble
from models.feedback import Complaint, Feedback, with_the_change
from models.notice import Notice
from models.owner import owner_id
from models.people import Invitation, editors
from models.proposal import Proposal
from models.proposal import waiting as proposals_waiting
from models.subscriber import Subscriber, Wire
from models.subscription import AT_ONCE, Moves, Subscription, passes

_Id = ColumnElement[int] | InstrumentedAttribute[int]

STALE = timedelta(days=1)
"""What a chat could not be told for longer than this is folded into one message per deal: see :func:`fold`."""
FOLDED = "told by a later message"
"""The ``error`` of a letter that was folded. It has ``abandoned_at``, too, but nothing was lost."""
WITHDRAWN = "taken back before it was told"
"""The ``error`` of a letter whose change was taken back before it was sent. It has ``abandoned_at``, too."""
SHOWN = "shown on request"
"""The ``error`` of a letter that was given up or folded, once the chat was shown where the deal stands."""


class Letter(Base):
    """One message that one chat should get.

    About a change or a further report; or, to the owner, about a held claim, a feed or feedback; or, to the admins,
    about a proposal. Those who gave feedback or proposed something hear what came of it, and the owner who came by an
    invitation.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "change_id"),
        UniqueConstraint("subscriber_id", "claim_id"),
        UniqueConstraint("subscriber_id", "notice_id"),
        UniqueConstraint("subscriber_id", "report_id"),
        UniqueConstraint("subscriber_id", "feedback_id"),
        UniqueConstraint("subscriber_id", "proposal_id"),
        UniqueConstraint("subscriber_id", "invitation_hash"),
        CheckConstraint(
            "(change_id IS NOT NULL) + (claim_id IS NOT NULL) + (notice_id IS NOT NULL) + (report_id IS NOT NULL)"
            " + (feedback_id IS NOT NULL) + (proposal_id IS NOT NULL) + (invitation_hash IS NOT NULL) = 1",
            name="one_subject",
        ),
        Index("ix_outbox_change_id", "change_id"),
        Index(
            "ix_outbox_waiting", "subscriber_id", "id", sqlite_where=text("sent_at IS NULL AND abandoned_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    change_id: Mapped[int | None] = mapped_column(ForeignKey("change.id", ondelete="CASCADE"))
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id", ondelete="CASCADE"))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"))
    report_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id", ondelete="CASCADE"))
    feedback_id: Mapped[int | None] = mapped_column(ForeignKey("feedback.id", ondelete="CASCADE"))
    proposal_id: Mapped[int | None] = mapped_column(ForeignKey("proposal.id", ondelete="CASCADE"))
    invitation_hash: Mapped[str | None] = mapped_column(ForeignKey("invitation.code_hash", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    """Those that were the letter's own: not while Telegram asked for a pause or could not be reached."""
    uncertain: Mapped[int] = mapped_column(default=0, server_default="0")
    """Attempts whose answer got lost: each may have arrived, and be a copy of the one that counts."""
    held: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Kept for the end of the chat's quiet hours, or for its digest: it is told together with others then."""
    silent: Mapped[bool] = mapped_column(default=False, server_default=false())
    topic_id: Mapped[int | None] = mapped_column(default=None)
    """The forum topic it goes to."""
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    message_id: Mapped[int | None] = mapped_column(default=None)
    """Telegram's id of the message, once sent."""
    abandoned_at: Mapped[datetime | None] = mapped_column(default=None)
    """When it was given up, because trying again cannot help, or folded into a later one (:func:`fold`)."""
    error: Mapped[str | None] = mapped_column(default=None)
    """Why the last attempt failed; or :data:`FOLDED` or :data:`SHOWN`."""
    earlier: Mapped[int | None] = query_expression()
    """How many letters about the same deal were folded into this one. Only :func:`due` and the trails know."""
    answers: Mapped[int | None] = query_expression()
    """The message it replies to: what it takes back, or the deal's card. Only :func:`due` and the trails know."""

    subscriber: Mapped[Subscriber] = relationship(lazy="raise")
    change: Mapped[Change | None] = relationship(lazy="raise")
    claim: Mapped[Claim | None] = relationship(lazy="raise", foreign_keys=claim_id)
    report: Mapped[Claim | None] = relationship(lazy="raise", foreign_keys=report_id)
    notice: Mapped[Notice | None] = relationship(lazy="raise")
    feedback: Mapped[Feedback | None] = relationship(lazy="raise")
    proposal: Mapped[Proposal | None] = relationship(lazy="raise")
    invitation: Mapped[Invitation | None] = relationship(lazy="raise")


async def post_change(session: AsyncSession, change: Change, deal: Deal, moves: Moves) -> None:
    """One letter for each chat that follows the deal and wants to hear of such ``moves``."""
    urgent = change.kind is ChangeKind.STATUS and change.status is not Status.RUMORED
    texts = [text for claim in change.claims for text in (claim.article.title, claim.article.summary, claim.quote)]
    listeners = await subscription.listeners(session, deal, change.at, moves)
    told = [listener for listener in listeners if not texts or passes(listener.words, texts)]
    for first in range(0, len(told), AT_ONCE):
        some = [_letter_to(listener, change.at, urgent=urgent) for listener in told[first : first + AT_ONCE]]
        await session.execute(insert(Letter).values(change_id=change.id), some)
    if urgent:
        await _overtake(session, change)


async def post_report(session: AsyncSession, claim: Claim, deal: Deal, at: datetime) -> None:
    """A further independent report, for the chats that want every one."""
    texts = [claim.article.title, claim.article.summary, claim.quote]
    for listener in await subscription.listeners(session, deal, at, Moves.REPORTS):
        if passes(listener.words, texts):
            session.add(Letter(**_letter_to(listener, at, urgent=False), report_id=claim.id))


async def _overtake(session: AsyncSession, change: Change) -> None:
    """What is held back about a deal is old news in the chats that are told of this change at once."""
    told_now = select(Letter.subscriber_id).where(Letter.change_id == change.id, Letter.held.is_(False))
    # Not "change_id IN": SQLite would look up every earlier change of the deal for each of the chats.
    before = exists().where(Change.id == Letter.change_id, Change.deal_id == change.deal_id, Change.id < change.id)
    overtaken = update(Letter).where(_waits(), Letter.held, before, Letter.subscriber_id.in_(told_now))
    folding = overtaken.values(abandoned_at=change.at, error=FOLDED)
    await session.execute(folding.execution_options(synchronize_session=False))


def _letter_to(listener: Subscription, at: datetime, *, urgent: bool) -> dict[str, Any]:
    """The columns of a letter that do not tell its subject."""
    chat = listener.subscriber
    held = None if urgent and chat.breaks_through else hours.held_until(chat, at)
    return {
        "subscriber_id": chat.id,
        "created_at": at,
        "due_at": held or at,
        "held": held is not None,
        "silent": listener.silent,
        "topic_id": listener.topic_id,
    }


async def post_correction(session: AsyncSession, change: Change, undone: Change) -> None:
    """Tell of a correction exactly the chats that were told what it takes back; what was not told yet is withdrawn.

    What may have arrived counts as told. Something wrong must not stand until the chat's quiet hours are over, nor
    until its digest; so it is put right at once, without a sound.
    """
    may_stand = or_(Letter.sent_at.is_not(None), Letter.uncertain > 0)
    told = select(Letter).where(Letter.change_id == undone.id, may_stand).options(joinedload(Letter.subscriber))
    for letter in (await session.scalars(told)).all():
        session.add(_correction_of(letter, change, change.at))
    untold = update(Letter).where(Letter.change_id == undone.id, Letter.sent_at.is_(None))
    await session.execute(untold.values(abandoned_at=change.at, error=WITHDRAWN))


def _correction_of(letter: Letter, change: Change, now: datetime) -> Letter:
    return Letter(
        subscriber_id=letter.subscriber_id,
        change_id=change.id,
        created_at=now,
        due_at=now,
        silent=letter.silent or hours.held_until(letter.subscriber, now) is not None,
        topic_id=letter.topic_id,
    )


async def correct_late(session: AsyncSession, letter: Letter, now: datetime) -> None:
    """The letter was under way when its change was taken back, and arrived: now its chat must hear of that, too.

    Needs the letter's subscriber loaded.
    """
    correction = await session.scalar(select(Change).where(Change.undoes_id == letter.change_id))
    if correction:
        session.add(_correction_of(letter, correction, now))


async def still_wait(session: AsyncSession, letters: Sequence[Letter]) -> bool:
    """Whether all of the letters are to be sent still."""
    query = select(func.count(Letter.id)).where(Letter.id.in_([letter.id for letter in letters]), _waits())
    return await session.scalar(query) == len(letters)


async def reschedule(session: AsyncSession, chat: Subscriber, now: datetime) -> None:
    """The chat wants to be told at other hours: what is held back for it goes when those say, or now."""
    held = update(Letter).where(Letter.subscriber_id == chat.id, Letter.held, _waits())
    due_at = hours.held_until(chat, now) or now
    await session.execute(held.values(due_at=due_at).execution_options(synchronize_session=False))


async def withdraw(session: AsyncSession, change: Change) -> None:
    """Take back the letters about a change that was recorded in this very transaction, and mark it as quiet."""
    change.quiet = True
    await session.execute(delete(Letter).where(Letter.change_id == change.id))


async def post_held(session: AsyncSession, claim: Claim, now: datetime) -> None:
    """Ask the owner about a held claim; without an owner it waits until there is one."""
    chat = await _owners_chat(session, now)
    if chat:
        session.add(Letter(subscriber_id=chat.id, claim=claim, created_at=now, due_at=now))


async def post_notice(session: AsyncSession, notice: Notice, now: datetime) -> None:
    """Keep a notice about a feed and tell the owner; without an owner it waits until there is one."""
    session.add(notice)
    await session.flush()
    chat = await _owners_chat(session, now)
    if chat:
        session.add(Letter(subscriber_id=chat.id, notice_id=notice.id, created_at=now, due_at=now))


async def post_feedback(session: AsyncSession, feedback: Feedback, now: datetime) -> None:
    """Ask the owner about a change that people say is wrong, once; without an owner it waits until there is one."""
    chat = await _owners_chat(session, now)
    if chat:
        asking = insert(Letter).values(subscriber_id=chat.id, feedback_id=feedback.id, created_at=now, due_at=now)
        await session.execute(asking.on_conflict_do_nothing())


async def post_verdict(session: AsyncSession, feedback: Feedback, now: datetime) -> None:
    """Tell those who gave feedback what came of it, unless a correction says so; the owner need not be asked any more.

    Doing it twice is doing it once.
    """
    unasked = delete(Letter).where(Letter.feedback_id == feedback.id, Letter.sent_at.is_(None))
    await session.execute(unasked)
    corrected = select(Letter.subscriber_id).join(Change, Change.id == Letter.change_id)
    corrected = corrected.where(Change.undoes_id == feedback.change_id)
    chats = select(Subscriber.id).where(
        Subscriber.id.in_(select(Complaint.subscriber_id).where(Complaint.feedback_id == feedback.id)),
        Subscriber.id.not_in(corrected),
    )
    for chat_id in (await session.scalars(chats)).all():
        telling = insert(Letter).values(subscriber_id=chat_id, feedback_id=feedback.id, created_at=now, due_at=now)
        await session.execute(telling.on_conflict_do_nothing())


async def post_proposal(session: AsyncSession, proposal: Proposal, now: datetime) -> None:
    """Ask all who may decide about a proposal, once; without any it waits until there is one."""
    for user_id in await editors(session):
        chat = await _private_chat(session, user_id, now)
        await _tell_of(session, proposal, chat.id, now)


async def post_answer(session: AsyncSession, proposal: Proposal, now: datetime) -> None:
    """Tell the chat that proposed it what came of it; nobody need be asked any more. Done twice, it is done once."""
    unasked = delete(Letter).where(Letter.proposal_id == proposal.id, Letter.sent_at.is_(None))
    await session.execute(unasked)
    if proposal.subscriber_id:
        await _tell_of(session, proposal, proposal.subscriber_id, now)


async def _tell_of(session: AsyncSession, proposal: Proposal, subscriber_id: int, now: datetime) -> None:
    telling = insert(Letter).values(subscriber_id=subscriber_id, proposal_id=proposal.id, created_at=now, due_at=now)
    await session.execute(telling.on_conflict_do_nothing())


async def post_joined(session: AsyncSession, invitation: Invitation, now: datetime) -> None:
    """Tell the owner, once, who used an invitation."""
    chat = await _owners_chat(session, now)
    if chat:
        telling = insert(Letter).values(
            subscriber_id=chat.id, invitation_hash=invitation.code_hash, created_at=now, due_at=now
        )
        await session.execute(telling.on_conflict_do_nothing())


async def told(session: AsyncSession, change: Change) -> int:
    """How many chats are told of a change, or were."""
    return await session.scalar(select(func.count(Letter.id)).where(Letter.change_id == change.id)) or 0


async def post_waiting(session: AsyncSession, now: datetime) -> None:
    """Give the owner what waited for one: held claims, feedback, proposals, and the latest notice of each feed."""
    for feedback in (await session.scalars(select(Feedback).where(Feedback.verdict.is_(None)))).all():
        await post_feedback(session, feedback, now)
    for proposal in await proposals_waiting(session):
        await post_proposal(session, proposal, now)
    asked = select(Letter.claim_id).where(Letter.claim_id.is_not(None))
    for claim in await session.scalars(select(Claim).where(Claim.outcome == Outcome.HELD, Claim.id.not_in(asked))):
        await post_held(session, claim, now)
    told = select(Letter.notice_id).where(Letter.notice_id.is_not(None))
    latest = select(func.max(Notice.id)).group_by(Notice.feed_id)
    lasting = or_(Feed.told == Notice.trouble, and_(Feed.silence_told, Notice.trouble == Trouble.SILENT))
    waiting = select(Notice).join(Feed, Feed.id == Notice.feed_id).where(lasting, Notice.id.in_(latest))
    for notice in await session.scalars(waiting.where(Notice.id.not_in(told))):
        await post_notice(session, notice, now)


async def _owners_chat(session: AsyncSession, now: datetime) -> Subscriber | None:
    """The private chat with the owner, met or not."""
    user_id = await owner_id(session)
    return None if user_id is None else await _private_chat(session, user_id, now)


async def _private_chat(session: AsyncSession, user_id: int, now: datetime) -> Subscriber:
    """The chat with a user who may not have talked to the bot yet, as an owner from the settings."""
    chat = await session.scalar(select(Subscriber).where(Subscriber.chat_id == user_id))
    if chat is None:
        chat = Subscriber(chat_id=user_id, wire=Wire.TELEGRAM, joined_at=now)
        session.add(chat)
        await session.flush()
    return chat


async def due(
    session: AsyncSession,
    wire: Wire,
    now: datetime,
    most: int | None = None,
    *,
    held: Sequence[int] = (),
    crowded: Sequence[int | str] = (),
) -> Sequence[Letter]:
    """The next unsent letters of this wire's chats whose time has come, with all that their words need.

    Only the first of a chat, so that the order in a chat is kept whatever happens to one of them; and none of the
    subscribers ``held`` (by id), who have one on its way, and of the chats ``crowded`` (by chat id).
    """
    first = (
        select(func.min(Letter.id))
        .join(Subscriber, Subscriber.id == Letter.subscriber_id)
        .where(
            Letter.sent_at.is_(None),
            Letter.abandoned_at.is_(None),
            or_(Letter.held.is_(False), Letter.due_at <= now),  # what is held back holds up nothing that is not
            Subscriber.wire == wire,
            Subscriber.retired_at.is_(None),
            Letter.subscriber_id.not_in(held),
            Subscriber.chat_id.not_in(crowded),
        )
        .group_by(Letter.subscriber_id)
    )
    query = (
        select(Letter)
        .where(Letter.id.in_(first), Letter.due_at <= now)
        .options(*_with_its_subject())
        .order_by(Letter.id)
        .limit(most)
    )
    return (await session.scalars(query)).all()


async def digest(session: AsyncSession, letter: Letter, now: datetime) -> Sequence[Letter]:
    """All that was held back for the chat and topic of this letter and is due, oldest first: it is one message."""
    query = (
        select(Letter)
        .where(
            Letter.subscriber_id == letter.subscriber_id,
            Letter.topic_id.is_not_distinct_from(letter.topic_id),
            Letter.held,
            Letter.due_at <= now,
            _waits(),
        )
        .options(*_with_its_subject())
        .order_by(Letter.id)
    )
    return (await session.scalars(query)).all()


def _with_its_subject() -> tuple[ExecutableOption, ...]:
    return (
        joinedload(Letter.subscriber),
        joinedload(Letter.change).joinedload(Change.deal),
        joinedload(Letter.change).selectinload(Change.claims).joinedload(Claim.article),
        joinedload(Letter.claim).joinedload(Claim.article),
        joinedload(Letter.claim).joinedload(Claim.deal),
        joinedload(Letter.report).joinedload(Claim.article),
        joinedload(Letter.report).joinedload(Claim.deal),
        joinedload(Letter.notice).joinedload(Notice.feed),
        selectinload(Letter.feedback).options(*with_the_change()),  # seldom any: no join for every other letter
        selectinload(Letter.proposal).joinedload(Proposal.deal),
        selectinload(Letter.invitation),
        with_expression(Letter.earlier, _folded_into_this()),
        with_expression(Letter.answers, _answered()),
    )


# After an outage: one message per deal -------------------------------------------------------------------------------


def is_stale(letter: Letter, now: datetime) -> bool:
    """Whether the letter has waited so long that its chat's backlog must be folded before it is sent.

    What is held back as the chat wants has not waited until it is due.
    """
    return now - (letter.due_at if letter.held else letter.created_at) > STALE


async def fold(session: AsyncSession, now: datetime, chat_id: int | None = None) -> int:
    """Spare a chat the burst: of each deal whose backlog is stale, only the latest letter stays. How many were folded.

    A backlog is stale if its oldest letter has waited for more than :data:`STALE`; newer letters of the same deal are
    folded with it, so that one message per deal remains; what is held back for its hours is a backlog of its own, so
    that nothing waits for it. The others are marked with ``abandoned_at`` and
    :data:`FOLDED` in ``error``: a column of its own would say no more. Questions and notices to the owner are never
    folded. ``chat_id`` limits it to one chat. Folding twice is folding once.
    """
    about = [Letter.subscriber_id, Change.deal_id, Letter.held]
    since = case((Letter.held, Letter.due_at), else_=Letter.created_at)
    backlog = (
        select(
            Letter.id,
            func.min(since).over(partition_by=about).label("oldest"),
            func.max(Letter.id).over(partition_by=about).label("latest"),
        )
        .join(Change, Change.id == Letter.change_id)
        .where(_waits())
    )
    if chat_id is not None:
        backlog = backlog.where(Letter.subscriber_id == _subscriber_of(chat_id))
    row = backlog.subquery()
    superseded = select(row.c.id).where(row.c.oldest < now - STALE, row.c.id < row.c.latest)
    folding = update(Letter).where(Letter.id.in_(superseded)).values(abandoned_at=now, error=FOLDED)
    return len((await session.scalars(folding.returning(Letter.id))).all())


async def forget_folded(session: AsyncSession, before: datetime) -> None:
    """Drop what was folded before this time: a later message has told it, and counting it costs more and more."""
    await session.execute(delete(Letter).where(Letter.error == FOLDED, Letter.abandoned_at < before))


@dataclass(frozen=True, slots=True)
class Missed:
    """A deal of which a chat was not told every change."""

    deal: Deal
    waiting: int
    """Letters that are on their way."""
    untold: int
    """Letters that were given up or folded, with no later message about the deal."""


async def missed(session: AsyncSession, chat_id: int) -> Sequence[Missed]:
    """The deals that moved without this chat being told, the one that moved last at the end.

    A later message about a deal says where it stands, so it ends what was missed.
    """
    waiting = func.sum(case((Letter.abandoned_at.is_(None), 1), else_=0))
    untold = func.sum(case((Letter.abandoned_at.is_not(None), 1), else_=0))
    query = (
        select(Deal, waiting, untold)
        .join(Change, Change.deal_id == Deal.id)
        .join(Letter, Letter.change_id == Change.id)
        .where(
            Letter.subscriber_id == _subscriber_of(chat_id),
            Letter.sent_at.is_(None),
            func.coalesce(Letter.error, "").not_in([SHOWN, WITHDRAWN]),
            Letter.id > _last_sent(Letter.subscriber_id, Change.deal_id),
        )
        .group_by(Deal.id)
        .order_by(func.max(Letter.id))
    )
    return [Missed(*row) for row in await session.execute(query)]


async def show_missed(session: AsyncSession, chat_id: int, deal: Deal) -> None:
    """The chat was shown where the deal stands: what it was not told of it is missed no longer."""
    about = select(Change.id).where(Change.deal_id == deal.id)
    showing = update(Letter).where(
        Letter.subscriber_id == _subscriber_of(chat_id),
        Letter.change_id.in_(about),
        Letter.abandoned_at.is_not(None),
    )
    await session.execute(showing.values(error=SHOWN).execution_options(synchronize_session=False))


# For the owner: what waits, what was given up, where a message comes from --------------------------------------------


@dataclass(frozen=True, slots=True)
class Queue:
    """What one chat has not got."""

    chat: Subscriber
    waiting: int
    given_up: int
    first: Letter | None
    """The letter that goes first; None if nothing waits."""


async def queues(session: AsyncSession) -> Sequence[Queue]:
    """Every chat that something waits for or was given up for, the one that waits longest first."""
    waiting = func.sum(case((_waits(), 1), else_=0))
    given_up = func.sum(case((_is_given_up(), 1), else_=0))
    counted = (
        select(
            Letter.subscriber_id,
            waiting.label("waiting"),
            given_up.label("given_up"),
            func.min(case((_waits(), Letter.id))).label("first"),
        )
        .where(_waits() | _is_given_up())
        .group_by(Letter.subscriber_id)
        .subquery()
    )
    first = aliased(Letter)
    query = (
        select(Subscriber, counted.c.waiting, counted.c.given_up, first)
        .join(counted, counted.c.subscriber_id == Subscriber.id)
        .outerjoin(first, first.id == counted.c.first)
        .order_by(first.id.is_(None), first.created_at, Subscriber.id)
    )
    return [Queue(*row) for row in await session.execute(query)]


@dataclass(frozen=True, slots=True)
class Backlog:
    """What all chats together have not got, in letters and chats."""

    waiting: int
    chats: int
    retired_waiting: int
    """Letters among those waiting whose chats take no messages now."""
    retired_chats: int
    given_up: int
    oldest: datetime | None
    """Since when the oldest waits."""

    @classmethod
    def of(cls, found: Sequence[Queue]) -> "Backlog":
        """The sum of the queues."""
        waits = [queue for queue in found if queue.first]
        retired = [queue for queue in waits if queue.chat.retired_at]
        return cls(
            waiting=sum(queue.waiting for queue in waits),
            chats=len(waits),
            retired_waiting=sum(queue.waiting for queue in retired),
            retired_chats=len(retired),
            given_up=sum(queue.given_up for queue in found),
            oldest=min((queue.first.created_at for queue in waits if queue.first), default=None),
        )


async def given_up(session: AsyncSession, limit: int | None) -> Sequence[Letter]:
    """The letters that were given up, the latest first, with their chats and deals; None for all of them."""
    query = (
        select(Letter)
        .where(_is_given_up())
        .options(*_with_its_subject())
        .order_by(Letter.abandoned_at.desc(), Letter.id)
    )
    return (await session.scalars(query.limit(limit))).all()


async def trail_of_message(session: AsyncSession, chat_id: int, message_id: int) -> Sequence[Letter]:
    """The letters that became this message, with all that led to them.

    There is one, or none if the message answers a command. A group that became a supergroup counts its messages anew,
    so there it may be two.
    """
    query = select(Letter).where(Letter.subscriber_id == _subscriber_of(chat_id), Letter.message_id == message_id)
    return await _trails(session, query)


async def trail_of_letter(session: AsyncSession, letter_id: int) -> Letter | None:
    """One letter with all that led to it."""
    return next(iter(await _trails(session, select(Letter).where(Letter.id == letter_id))), None)


async def _trails(session: AsyncSession, query: Select[Letter]) -> Sequence[Letter]:
    return (await session.scalars(query.options(*_with_its_subject()).order_by(Letter.id))).all()


# Conditions ----------------------------------------------------------------------------------------------------------


def _waits() -> ColumnElement[bool]:
    return Letter.sent_at.is_(None) & Letter.abandoned_at.is_(None)


def _is_given_up() -> ColumnElement[bool]:
    return Letter.abandoned_at.is_not(None) & func.coalesce(Letter.error, "").not_in([FOLDED, SHOWN, WITHDRAWN])


def _subscriber_of(chat_id: int) -> ColumnElement[int]:
    return select(Subscriber.id).where(Subscriber.chat_id == chat_id).scalar_subquery()


def _last_sent(subscriber_id: _Id, deal_id: _Id, before: _Id | None = None) -> ColumnElement[int]:
    """The id of the last letter that this chat got about this deal; 0 if there is none."""
    sent, about = aliased(Letter), aliased(Change)
    last = (
        select(func.max(sent.id))
        .join(about, about.id == sent.change_id)
        .where(sent.subscriber_id == subscriber_id, about.deal_id == deal_id, sent.sent_at.is_not(None))
        .correlate_except(sent, about)
    )
    return func.coalesce((last if before is None else last.where(sent.id < before)).scalar_subquery(), 0)


def _answered() -> ColumnElement[int | None]:
    """The message that a letter about a change replies to; to be asked beside a letter."""
    told, this, shown = aliased(Letter), aliased(Change), aliased(Card)
    taken_back = (
        select(told.message_id)
        .join(this, this.undoes_id == told.change_id)
        .where(this.id == Letter.change_id, told.subscriber_id == Letter.subscriber_id)
        .correlate_except(told, this)
    )
    on_card = (
        select(shown.message_id)
        .join(this, this.deal_id == shown.deal_id)
        .where(this.id == Letter.change_id, shown.subscriber_id == Letter.subscriber_id)
        .correlate_except(shown, this)
    )
    return func.coalesce(taken_back.scalar_subquery(), on_card.scalar_subquery())


def _folded_into_this() -> ColumnElement[int]:
    """How many letters about the same deal were folded since the last that was sent; to be asked beside a letter."""
    folded, about, this = aliased(Letter), aliased(Change), aliased(Change)
    deal_id = select(this.deal_id).where(this.id == Letter.change_id).correlate_except(this).scalar_subquery()
    count = (
        select(func.count(folded.id))
        .join(about, about.id == folded.change_id)
        .where(
            about.deal_id == deal_id,
            folded.subscriber_id == Letter.subscriber_id,
            folded.error == FOLDED,
            folded.id < Letter.id,
            folded.id > _last_sent(Letter.subscriber_id, deal_id, before=Letter.id),
        )
        .correlate_except(folded, about)
    )
    return count.scalar_subquery()
