"""What a chat follows, how much of it, and who is to be told of a change."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ForeignKey,
    Select,
    UniqueConstraint,
    and_,
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
        return _RANKS[self]


_RANKS = {moves: rank for rank, moves in enumerate(Moves)}


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
AT_ONCE = 500
"""Listeners that are read, and written to, in one go: others get their answers in between."""

_QUOTES = str.maketrans({**dict.fromkeys("“”„‟«»", '"'), **dict.fromkeys("–—−", "-")})
"""What the keyboards of phones make of a quotation mark and of a minus."""
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Scripts that put no space between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""


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

    def is_heard(self, now: datetime) -> bool:
        """Whether it is not muted."""
        return self.muted_until is None or self.muted_until <= now


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


async def listeners(
    session: AsyncSession, deal: Deal, now: datetime, least: Moves = Moves.STATUS
) -> Sequence[Subscription]:
    """For each chat that follows the deal the subscription that rules, with its subscriber; without the muted ones.

    Of two that are as specific, as to both parties, that which tells more. A retired chat is among them: it may come
    back and ask what it missed. Only subscriptions that ask for the ``least`` of moves, or for more.
    """
    muted = select(Mute.subscriber_id).where(Mute.deal_id == deal.id, Mute.until > now)
    covering = _covering(deal)
    query = covering.where(Subscription.subscriber_id.not_in(muted)).options(contains_eager(Subscription.subscriber))
    if least is not Moves.STATUS:  # spares reading the others, which may be thousands
        asking = [moves for moves in Moves if moves.rank >= least.rank]
        chats = covering.where(Subscription.moves.in_(asking)).with_only_columns(Subscription.subscriber_id)
        query = query.where(Subscription.subscriber_id.in_(chats.order_by(None)))
    some_at_once = query.execution_options(yield_per=AT_ONCE)
    found = [subscription async for subscription in await session.stream_scalars(some_at_once)]
    by_weight = sorted(found, key=lambda s: (s.rank, s.is_heard(now), s.moves.rank))
    ruling = {subscription.subscriber_id: subscription for subscription in by_weight}
    return [s for s in ruling.values() if s.is_heard(now) and s.moves.rank >= least.rank]


def _covering(deal: Deal) -> Select[Subscription]:
    """The subscriptions to a deal: to it, one of its parties, its kind, or everything."""
    spellings = select(Spelling.key).join(Party, Party.id == Spelling.party_id).where(Party.deal_id == deal.id)
    return (
        select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(
            or_(
                Subscription.deal_id == deal.id,
                and_(Subscription.party_key != "", Subscription.party_key.in_(spellings)),
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

    ``"price raised" bid -analyst``: words in quotes belong together. Case does not matter; a word is a whole word,
    where words are written with spaces.
    """
    if not words:
        return True
    wanted, unwanted = filter_words(words)
    text = _folded(" ".join(texts))
    return (not wanted or any(_occurs(word, text) for word in wanted)) and not any(
        _occurs(word, text) for word in unwanted
    )


def filter_words(words: str) -> tuple[list[str], list[str]]:
    """The words that a filter asks for, and those that it refuses."""
    typed = re.findall(r'(-?)(?:"([^"]*)"|([^\s"]+))', _folded(words.translate(_QUOTES)))
    found = [(minus, (quoted or plain).strip()) for minus, quoted, plain in typed]
    said = [(minus, word) for minus, word in found if any(c.isalnum() for c in word)]
    return [word for minus, word in said if not minus], [word for minus, word in said if minus]


def _folded(text: str) -> str:
    """A text as filters compare it: case, the ways to write an accent, and the width of spaces do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _occurs(word: str, text: str) -> bool:
    before = "" if _UNSPACED.match(word[0]) else r"(?<!\w)"
    after = "" if _UNSPACED.match(word[-1]) else r"(?!\w)"
    return re.search(before + re.escape(word) + after, text) is not None


async def _subscription(session: AsyncSession, chat_id: int, target: Target) -> Subscription | None:
    return await session.scalar(
        select(Subscription)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .where(Subscriber.chat_id == chat_id, Subscription.target == target.key)
    )
