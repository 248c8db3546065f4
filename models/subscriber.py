"""Chats, and how each wants to be told."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, delete, false, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Wire(StrEnum):
    """How a chat is reached. Each process delivers only to the chats of its own wire."""

    TELEGRAM = "telegram"
    TERMINAL = "terminal"


class Digest(StrEnum):
    """Whether messages are gathered into one."""

    OFF = "off"
    DAILY = "daily"
    WEEKLY = "weekly"
    """On Mondays."""


class Subscriber(Base):
    """A chat that Hearsay talks with."""

    __tablename__ = "subscriber"

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    wire: Mapped[Wire]
    joined_at: Mapped[datetime]
    retired_at: Mapped[datetime | None] = mapped_column(default=None)
    """When the chat stopped taking messages (blocked, deleted). What it follows is kept for its return."""
    language: Mapped[str] = mapped_column(default="", server_default="")
    """As in BCP 47; empty for the product's own."""
    time_zone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    """The IANA name, for the hours below and the times that are shown."""
    quiet_from: Mapped[int | None] = mapped_column(default=None)
    """From when on messages are held back, in minutes after local midnight; None for no quiet hours."""
    quiet_until: Mapped[int | None] = mapped_column(default=None)
    breaks_through: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether ``denied`` and ``finalized`` are told at once whatever the hour."""
    digest: Mapped[Digest] = mapped_column(default=Digest.OFF, server_default=Digest.OFF)
    digest_at: Mapped[int] = mapped_column(default=8 * 60, server_default=str(8 * 60))
    """When the digest is sent, in minutes after local midnight."""
    compact: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether cards are kept to their first lines."""
    speaks_for: Mapped[int | None] = mapped_column(BigInteger, default=None)
    """The channel that is being set up from this private chat, by its chat id: what is set here holds there.

    A channel speaks for itself. By its id alone it could be a supergroup, too.
    """

    @property
    def is_channel(self) -> bool:
        """Whether it is a channel, where readers cannot be answered."""
        return self.speaks_for == self.chat_id


_BELONGINGS = ("subscription", "mute", "outbox", "complaint", "proposal")
"""The tables with what a chat has."""


async def meet(session: AsyncSession, chat_id: int, wire: Wire, now: datetime) -> Subscriber:
    """The subscriber of this chat, made or woken where needed."""
    subscriber = await session.scalar(select(Subscriber).where(Subscriber.chat_id == chat_id))
    if subscriber is None:
        subscriber = Subscriber(chat_id=chat_id, wire=wire, joined_at=now)
        session.add(subscriber)
        await session.flush()
    subscriber.retired_at = None
    return subscriber


async def channel_of(session: AsyncSession, chat_id: int) -> int | None:
    """The channel that is being set up from a private chat, by its chat id."""
    return await session.scalar(select(Subscriber.speaks_for).where(Subscriber.chat_id == chat_id))


def set_up(chat: Subscriber, channel: Subscriber) -> None:
    """From now on what is set in the private chat holds for the channel."""
    channel.speaks_for = chat.speaks_for = channel.chat_id


async def let_go(session: AsyncSession, chat_id: int, channel_id: int) -> None:
    """What is set in the private chat holds for itself again, unless another channel is set up there meanwhile."""
    speaking = (Subscriber.chat_id == chat_id, Subscriber.speaks_for == channel_id)
    await session.execute(update(Subscriber).where(*speaking).values(speaks_for=None))


async def revive(session: AsyncSession, chat_id: int) -> bool:
    """Whoever talks to the bot takes its messages again. Whether the chat had been retired."""
    back = update(Subscriber).where(Subscriber.chat_id == chat_id, Subscriber.retired_at.is_not(None))
    return await session.scalar(back.values(retired_at=None).returning(Subscriber.id)) is not None


async def language_of(session: AsyncSession, chat_id: int) -> str:
    """The chat's language; empty if it was not met, or not asked."""
    return await session.scalar(select(Subscriber.language).where(Subscriber.chat_id == chat_id)) or ""


async def speak(session: AsyncSession, chat_id: int, language: str) -> None:
    """Talk to the chat in this language, unless it has chosen one."""
    unasked = update(Subscriber).where(Subscriber.chat_id == chat_id, Subscriber.language == "")
    await session.execute(unasked.values(language=language))


async def is_compact(session: AsyncSession, chat_id: int) -> bool:
    """Whether the chat wants its cards short; not if it was not met."""
    return await session.scalar(select(Subscriber.compact).where(Subscriber.chat_id == chat_id)) or False


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
    source = await session.scalar(select(Subscriber).where(Subscriber.chat_id == old))
    if source is None:
        return
    for name in ("card", "last_edit"):  # messages are counted anew there
        table = Base.metadata.tables[name]
        await session.execute(delete(table).where(table.c.subscriber_id == source.id))
    if target is None:
        source.chat_id = new
        return
    for name in _BELONGINGS:
        table = Base.metadata.tables[name]  # these modules stand above this one
        moving = update(table).where(table.c.subscriber_id == source.id).prefix_with("OR IGNORE")  # both may have it
        await session.execute(moving.values(subscriber_id=target.id))
    await session.delete(source)
