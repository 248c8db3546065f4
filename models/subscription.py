"""What a chat follows, how much of it, and who is to be told of a change."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ForeignKey,
    Select,
    UniqueConstraint,
    delete,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, contains_eager, joinedload, mapped_column, relationship

from matcher.vocabulary import Kind
from models.base import Base
from models.deal import Deal, Party, Spelling, spelling_key
from models.subscriber import Subscriber


class Moves(StrEnum):
    """Which moves of a deal a chat wants to hear of; each includes those before it."""

    STATUS = "status"
    """Moves between rumored, denied and finalized only."""
    KEY = "key"
    """The steps that matter, too: "What is pushed by default" on the domain page."""
    ALL = "all"
    """Every step."""
    REPORTS = "reports"
    """Every new independent report, too, whether or not it moves the deal."""

    @property
    def rank(self) -> int:
        """The more, the higher."""
        return list(Moves).index(self)


@dataclass(frozen=True, slots=True)
class Target:
    """What can be followed: a deal, a party (all its deals, future ones too), a kind of deal, or everything."""

    deal: Deal | None = None
    party: str = ""
    kind: Kind | None = None

    @property
    def key(self) -> str:
        """The same for the same target, however it was spelled."""
        if self.deal:
            return f"deal:{self.deal.id}"
        if self.party:
            return f"party:{spelling_key(self.party)}"
        return f"kind:{self.kind}" if self.kind else "everything"


EVERYTHING = Target()


class Subscription(Base):
    """Something a chat follows. Of several that cover one deal, the most specific one rules."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("subscriber_id", "target"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    target: Mapped[str]
    """:attr:`Target.key`."""
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deal.id", ondelete="CASCADE"), index=True)
    party_key: Mapped[str] = mapped_column(default="")
    """The spelling key of the party's name; empty for any other target."""
    party_name: Mapped[str] = mapped_column(default="")
    kind: Mapped[Kind | None] = mapped_column(default=None)
    since: Mapped[datetime]
    moves: Mapped[Moves] = mapped_column(default=Moves.KEY)
    silent: Mapped[bool] = mapped_column(default=False)
    """Messages arrive without a sound."""
    words: Mapped[str] = mapped_column(default="")
    """A filter: see :func:`passes`."""
    muted_until: Mapped[datetime | None] = mapped_column(default=None)
    topic_id: Mapped[int | None] = mapped_column(default=None)
    """The forum topic in which it was set up; None for a chat without topics."""

    deal: Mapped[Deal | None] = relationship(lazy="raise")
    subscriber: Mapped[Subscriber] = relationship(lazy="raise")

    @property
    def rank(self) -> int:
        """How specific it is: a deal before a party, a party before a kind, a kind before everything."""
        if self.deal_id is not None:
            return 3
        return 2 if self.party_key else int(self.kind is not None)


class Mute(Base):
    """A deal of which a chat wants to hear nothing for a while, by whichever subscription it follows it."""

    __tablename__ = "mute"

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id", ondelete="CASCADE"), primary_key=True)
    until: Mapped[datetime]


async def follow(session: AsyncSession, subscriber: Subscriber, target: Target, now: datetime) -> bool:
    """Follow something. False if it was followed already."""
    if await _subscription(session, subscriber.chat_id, target):
        return False
    session.add(
        Subscription(
            subscriber_id=subscriber.id,
            target=target.key,
            deal_id=target.deal.id if target.deal else None,
            party_key=spelling_key(target.party),
            party_name=target.party,
            kind=target.kind,
            since=now,
        )
    )
    await session.flush()
    return True


async def unfollow(session: AsyncSession, chat_id: int, target: Target) -> bool:
    """Stop following something. False if it was not followed."""
    subscription = await _subscription(session, chat_id, target)
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
    """Whether the chat follows this deal, by whichever subscription."""
    return await session.scalar(_covering(deal).where(Subscriber.chat_id == chat_id).limit(1)) is not None


async def listeners(session: AsyncSession, deal: Deal, now: datetime) -> Sequence[Subscription]:
    """For each chat that follows the deal the subscription that rules, with its subscriber; without the muted ones.

    A retired chat is among them: it may come back and ask what it missed.
    """
    muted = select(Mute.subscriber_id).where(Mute.deal_id == deal.id, Mute.until > now)
    query = (
        _covering(deal).where(Subscription.subscriber_id.not_in(muted)).options(contains_eager(Subscription.subscriber))
    )
    ruling: dict[int, Subscription] = {}
    for subscription in await session.scalars(query):
        present = ruling.get(subscription.subscriber_id)
        if present is None or subscription.rank > present.rank:
            ruling[subscription.subscriber_id] = subscription
    return [s for s in ruling.values() if s.muted_until is None or s.muted_until <= now]


def _covering(deal: Deal) -> Select[Subscription]:
    """The subscriptions to a deal: to it, one of its parties, its kind, or everything."""
    spellings = select(Spelling.key).join(Party, Party.id == Spelling.party_id).where(Party.deal_id == deal.id)
    return (
        select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            or_(
                Subscription.deal_id == deal.id,
                Subscription.party_key.in_(spellings),
                Subscription.kind == deal.kind,
                Subscription.target == EVERYTHING.key,
            )
        )
        .order_by(Subscription.id)
    )


async def leave_topic(session: AsyncSession, subscriber_id: int, topic_id: int) -> None:
    """A topic was closed or deleted: what was set up there goes into the chat itself from now on."""
    there = (Subscription.subscriber_id == subscriber_id, Subscription.topic_id == topic_id)
    await session.execute(update(Subscription).where(*there).values(topic_id=None))


async def mute(session: AsyncSession, subscriber: Subscriber, deal: Deal, until: datetime) -> None:
    """Tell the chat nothing of this deal until then."""
    await session.merge(Mute(subscriber_id=subscriber.id, deal_id=deal.id, until=until))


async def unmute(session: AsyncSession, subscriber: Subscriber, deal: Deal) -> None:
    """Tell the chat of this deal again."""
    await session.execute(delete(Mute).where(Mute.subscriber_id == subscriber.id, Mute.deal_id == deal.id))


async def muted_until(session: AsyncSession, chat_id: int, deal: Deal, now: datetime) -> datetime | None:
    """Until when the chat wants to hear nothing of this deal; None if it does."""
    return await session.scalar(
        select(Mute.until)
        .join(Subscriber, Subscriber.id == Mute.subscriber_id)
        .where(Subscriber.chat_id == chat_id, Mute.deal_id == deal.id, Mute.until > now)
    )


def passes(words: str, texts: Iterable[str]) -> bool:
    """Whether news passes a filter: one of its words occurs, if it has any, and none of those with a minus does.

    ``"price raised" bid -analyst``: words in quotes belong together. Case does not matter; a word is a whole word.
    """
    wanted, unwanted = filter_words(words)
    text = " ".join(texts).casefold()
    return (not wanted or any(_occurs(word, text) for word in wanted)) and not any(
        _occurs(word, text) for word in unwanted
    )


def filter_words(words: str) -> tuple[list[str], list[str]]:
    """The words that a filter asks for, and those that it refuses."""
    found = [(minus, quoted or plain) for minus, quoted, plain in re.findall(r'(-?)(?:"([^"]+)"|(\S+))', words)]
    wanted = [word.casefold() for minus, word in found if not minus and word.strip()]
    return wanted, [word.casefold() for minus, word in found if minus and word.strip()]


def _occurs(word: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


async def _subscription(session: AsyncSession, chat_id: int, target: Target) -> Subscription | None:
    return await session.scalar(
        select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.chat_id == chat_id, Subscription.target == target.key)
    )
