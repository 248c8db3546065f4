"""Chats and what they follow."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Select,
    UniqueConstraint,
    delete,
    exists,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, joinedload, mapped_column, relationship

from models.base import Base
from models.deal import Deal, Party, Spelling, spelling_key


class Wire(StrEnum):
    """How a chat is reached. Each process delivers only to the chats of its own wire."""

    TELEGRAM = "telegram"
    TERMINAL = "terminal"


class Subscriber(Base):
    """A chat that Hearsay talks with."""

    __tablename__ = "subscriber"

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    wire: Mapped[Wire]
    joined_at: Mapped[datetime]
    retired_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the chat stopped taking messages (blocked, deleted). What it follows is kept for its return."""


class Subscription(Base):
    """Something a chat follows: a deal, a party (all its deals, future ones too), or, with neither, everything."""

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "deal_id", "party_key"),
        CheckConstraint("deal_id IS NULL OR party_key = ''", name="one_target"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id", ondelete="CASCADE"), index=True)
    party_key: Mapped[str] = mapped_column(default="")
    """The spelling key of the party's name; empty for a deal and for everything."""
    party_name: Mapped[str] = mapped_column(default="")
    since: Mapped[datetime]

    deal: Mapped[Deal | None] = relationship(lazy="raise")


async def meet(session: AsyncSession, chat_id: int, wire: Wire, now: datetime) -> Subscriber:
    """The subscriber of this chat, made or woken where needed."""
    subscriber = await session.scalar(select(Subscriber).where(Subscriber.chat_id == chat_id))
    if subscriber is None:
        subscriber = Subscriber(chat_id=chat_id, wire=wire, joined_at=now)
        session.add(subscriber)
        await session.flush()
    subscriber.retired_at = None
    return subscriber


async def revive(session: AsyncSession, chat_id: int) -> bool:
    """Whoever talks to the bot takes its messages again. Whether the chat had been retired."""
    back = update(Subscriber).where(Subscriber.chat_id == chat_id, Subscriber.retired_at.is_not(None))
    return await session.scalar(back.values(retired_at=None).returning(Subscriber.id)) is not None


async def retire(session: AsyncSession, chat_id: int, now: datetime) -> None:
    """Stop sending to a chat that refuses messages. What it follows is kept; retired before, it stays so since then."""
    leaving = update(Subscriber).where(Subscriber.chat_id == chat_id, Subscriber.retired_at.is_(None))
    await session.execute(leaving.values(retired_at=now))


async def migrate(session: AsyncSession, old: int, new: int) -> None:
    """A group became a supergroup: everything it has goes on under the new id.

    If Hearsay met the new id already, what the old one followed and had waiting is added to it.
    """
    if old == new:
        return
    target = await session.scalar(select(Subscriber).where(Subscriber.chat_id == new))
    if target is None:
        await session.execute(update(Subscriber).where(Subscriber.chat_id == old).values(chat_id=new))
        return
    source = await session.scalar(select(Subscriber).where(Subscriber.chat_id == old))
    if source is None:
        return
    had = aliased(Subscription)
    both_follow = exists().where(
        had.subscriber_id == target.id,
        had.deal_id.is_not_distinct_from(Subscription.deal_id),
        had.party_key == Subscription.party_key,
    )
    outbox = Base.metadata.tables["outbox"]  # the module stands above this one
    moves = (
        update(Subscription).where(Subscription.subscriber_id == source.id, ~both_follow),
        update(outbox).where(outbox.c.subscriber_id == source.id).prefix_with("OR IGNORE"),  # both may have it
    )
    for move in moves:
        await session.execute(move.values(subscriber_id=target.id))
    await session.delete(source)


async def follow(
    session: AsyncSession,
    subscriber: Subscriber,
    now: datetime,
    *,
    deal: Deal | None = None,
    party: str | None = None,
) -> bool:
    """Follow a deal, a party by its name, or (with neither) everything. False if it was followed already."""
    if await _subscription(session, subscriber.chat_id, deal, party):
        return False
    session.add(
        Subscription(
            subscriber_id=subscriber.id,
            deal_id=deal.id if deal else None,
            party_key=spelling_key(party or ""),
            party_name=party or "",
            since=now,
        )
    )
    await session.flush()
    return True


async def unfollow(session: AsyncSession, chat_id: int, *, deal: Deal | None = None, party: str | None = None) -> bool:
    """Stop following a deal, a party, or (with neither) the subscription to everything. False if there was none."""
    subscription = await _subscription(session, chat_id, deal, party)
    if subscription:
        await session.delete(subscription)
    return subscription is not None


async def unfollow_all(session: AsyncSession, chat_id: int) -> int:
    """Drop every subscription of a chat; return how many there were."""
    subscriptions = await followed(session, chat_id)
    await session.execute(delete(Subscription).where(Subscription.id.in_([s.id for s in subscriptions])))
    return len(subscriptions)


async def followed(session: AsyncSession, chat_id: int) -> Sequence[Subscription]:
    """What a chat follows, in the order of its choosing."""
    query = (
        select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.chat_id == chat_id)
        .options(joinedload(Subscription.deal))
        .order_by(Subscription.id)
    )
    return (await session.scalars(query)).all()


async def follows(session: AsyncSession, chat_id: int, deal: Deal) -> bool:
    """Whether the chat gets the changes of this deal, by whichever subscription."""
    return await session.scalar(followers(deal).where(Subscriber.chat_id == chat_id)) is not None


def followers(deal: Deal) -> Select[int]:
    """The query for the ids of the subscribers who follow a deal: it, one of its parties, or everything.

    A retired chat is among them: it may come back and ask what it missed.
    """
    spellings = select(Spelling.key).join(Party, Party.id == Spelling.party_id).where(Party.deal_id == deal.id)
    everything = Subscription.deal_id.is_(None) & (Subscription.party_key == "")
    return (
        select(Subscriber.id)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(or_(Subscription.deal_id == deal.id, Subscription.party_key.in_(spellings), everything))
        .distinct()
    )


async def _subscription(
    session: AsyncSession, chat_id: int, deal: Deal | None, party: str | None
) -> Subscription | None:
    same_deal = Subscription.deal_id == deal.id if deal else Subscription.deal_id.is_(None)
    return await session.scalar(
        select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.chat_id == chat_id, same_deal, Subscription.party_key == spelling_key(party or ""))
    )
