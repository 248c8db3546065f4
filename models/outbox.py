"""What waits to be told to whom. Rows cross the gap between the news and Telegram; words are made when they leave.

A row is written in the transaction of its change and marked sent after Telegram took it: a crash in between sends one
message twice at most, and loses none.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, delete, func, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from matcher.decide import Outcome
from models.article import Claim
from models.base import Base
from models.change import Change
from models.deal import Deal
from models.notice import Notice
from models.owner import owner_id
from models.subscriber import Subscriber, Wire, followers


class Letter(Base):
    """One message that one chat should get: about a change, or (to the owner) about a held claim or a feed."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "change_id"),
        UniqueConstraint("subscriber_id", "claim_id"),
        UniqueConstraint("subscriber_id", "notice_id"),
        CheckConstraint(
            "(change_id IS NOT NULL) + (claim_id IS NOT NULL) + (notice_id IS NOT NULL) = 1", name="one_subject"
        ),
        Index(
            "ix_outbox_waiting", "subscriber_id", "id", sqlite_where=text("sent_at IS NULL AND abandoned_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    change_id: Mapped[int | None] = mapped_column(ForeignKey("change.id", ondelete="CASCADE"))
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("claim.id", ondelete="CASCADE"))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None] = mapped_column(default=None)
    message_id: Mapped[int | None] = mapped_column(default=None)
    """Telegram's id of the message, once sent."""
    abandoned_at: Mapped[datetime | None] = mapped_column(default=None)
    """When it was given up, because trying again cannot help."""
    error: Mapped[str | None] = mapped_column(default=None)
    """Why the last attempt failed."""

    subscriber: Mapped[Subscriber] = relationship(lazy="raise")
    change: Mapped[Change | None] = relationship(lazy="raise")
    claim: Mapped[Claim | None] = relationship(lazy="raise")
    notice: Mapped[Notice | None] = relationship(lazy="raise")


async def post_change(session: AsyncSession, change: Change, deal: Deal) -> None:
    """One row per follower of the deal."""
    columns = [Letter.subscriber_id, Letter.change_id, Letter.created_at, Letter.due_at, Letter.attempts]
    rows = followers(deal).add_columns(
        literal(change.id), literal(change.at, Change.at.type), literal(change.at, Change.at.type), literal(0)
    )
    await session.execute(insert(Letter).from_select([c.key for c in columns], rows))


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


async def post_waiting(session: AsyncSession, now: datetime) -> None:
    """Give the owner what waited for one: the held claims, and the latest notice of each feed."""
    asked = select(Letter.claim_id).where(Letter.claim_id.is_not(None))
    for claim in await session.scalars(select(Claim).where(Claim.outcome == Outcome.HELD, Claim.id.not_in(asked))):
        await post_held(session, claim, now)
    told = select(Letter.notice_id).where(Letter.notice_id.is_not(None))
    latest = select(func.max(Notice.id)).group_by(Notice.feed_id)
    for notice in await session.scalars(select(Notice).where(Notice.id.in_(latest), Notice.id.not_in(told))):
        await post_notice(session, notice, now)


async def _owners_chat(session: AsyncSession, now: datetime) -> Subscriber | None:
    """The private chat with the owner, met or not."""
    user_id = await owner_id(session)
    if user_id is None:
        return None
    chat = await session.scalar(select(Subscriber).where(Subscriber.chat_id == user_id))
    if chat is None:  # an owner from the settings who has not talked to the bot yet
        chat = Subscriber(chat_id=user_id, wire=Wire.TELEGRAM, joined_at=now)
        session.add(chat)
        await session.flush()
    return chat


async def due(session: AsyncSession, wire: Wire, now: datetime) -> Sequence[Letter]:
    """The next unsent letter of every chat of this wire whose time has come, with all that its words need.

    Only the first of a chat, so that the order in a chat is kept whatever happens to one of them.
    """
    first = (
        select(func.min(Letter.id))
        .join(Subscriber, Subscriber.id == Letter.subscriber_id)
        .where(
            Letter.sent_at.is_(None),
            Letter.abandoned_at.is_(None),
            Subscriber.wire == wire,
            Subscriber.retired_at.is_(None),
        )
        .group_by(Letter.subscriber_id)
    )
    query = (
        select(Letter)
        .where(Letter.id.in_(first), Letter.due_at <= now)
        .options(
            joinedload(Letter.subscriber),
            joinedload(Letter.change).joinedload(Change.deal),
            joinedload(Letter.change).selectinload(Change.claims).joinedload(Claim.article),
            joinedload(Letter.claim).joinedload(Claim.article),
            joinedload(Letter.claim).joinedload(Claim.deal),
            joinedload(Letter.notice).joinedload(Notice.feed),
        )
        .order_by(Letter.id)
    )
    return (await session.scalars(query)).all()
