"""The one message about a deal in each chat that is kept up to date."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, ForeignKey, delete, exists, func, literal, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, selectinload

from matcher.decide import Outcome
from models.article import Claim
from models.base import Base
from models.change import Change
from models.deal import Deal, Merged, by_id
from models.subscriber import Subscriber, Wire


class Card(Base):
    """The message that shows where a deal stands. Changes are told in replies to it."""

    __tablename__ = "card"

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True)
    deal_id: Mapped[int] = mapped_column(ForeignKey("deal.id", ondelete="CASCADE"), primary_key=True, index=True)
    message_id: Mapped[int]
    moved: Mapped[int] = mapped_column(default=0)
    """Grows whenever the deal does not stand any more as the message says."""
    shown: Mapped[int] = mapped_column(default=0)
    """:attr:`moved`, as of the message's last edit."""

    subscriber: Mapped[Subscriber] = relationship(lazy="raise")
    deal: Mapped[Deal] = relationship(lazy="raise")


class LastEdit(Base):
    """The card of a deal that was merged, in a chat that has one of the deal that goes on: it is to say so, once."""

    __tablename__ = "last_edit"

    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[int] = mapped_column(primary_key=True)
    merged_id: Mapped[int] = mapped_column(ForeignKey("merged.deal_id", ondelete="CASCADE"), index=True)

    subscriber: Mapped[Subscriber] = relationship(lazy="raise")
    merged: Mapped[Merged] = relationship(lazy="raise")


async def lay(session: AsyncSession, subscriber_id: int, change: Change, message_id: int) -> None:
    """Let the message that told a change be the deal's card in this chat, unless there is one.

    If the deal was merged while the message was under way, it is a card of the one that goes on.
    """
    deal = await by_id(session, change.deal_id)
    if deal is None:
        return
    stands = (deal.id, deal.stage, deal.confirmed, len(deal.origins), deal.contested)
    told = (change.deal_id, change.stage, change.confirmed, change.sources, change.contested)
    laying = insert(Card).values(
        subscriber_id=subscriber_id, deal_id=deal.id, message_id=message_id, moved=int(stands != told), shown=0
    )
    await session.execute(laying.on_conflict_do_nothing())


async def outdate(session: AsyncSession, deal: Deal) -> None:
    """The deal stands elsewhere now: every card of it must be edited."""
    await session.execute(update(Card).where(Card.deal_id == deal.id).values(moved=Card.moved + 1))


async def outdated(
    session: AsyncSession, wire: Wire, most: int, *, crowded: Sequence[int | str] = ()
) -> Sequence[Card]:
    """Cards to be edited, with their deals and chats: those whose chat has been told of the change before.

    None of the chats ``crowded`` (by chat id), and in any order, so that none that cannot be edited holds up the rest.
    What is held back for the chat's hours does not keep the card back: an edit makes no sound.
    """
    waits = Base.metadata.tables["outbox"]  # the module stands above this one
    changes = Base.metadata.tables["change"]
    untold = exists(
        select(waits.c.id)
        .join(changes, changes.c.id == waits.c.change_id)
        .where(
            waits.c.subscriber_id == Card.subscriber_id,
            changes.c.deal_id == Card.deal_id,
            waits.c.sent_at.is_(None),
            waits.c.abandoned_at.is_(None),
            waits.c.held.is_(False),
        )
    )
    query = (
        select(Card)
        .join(Card.subscriber)
        .where(Card.moved > Card.shown, Subscriber.wire == wire, Subscriber.retired_at.is_(None), ~untold)
        .where(Subscriber.chat_id.not_in(crowded))
        .options(joinedload(Card.subscriber), joinedload(Card.deal))
        .order_by(func.random())
        .limit(most)
    )
    return (await session.scalars(query)).all()


async def show(session: AsyncSession, shown: Card) -> None:
    """The message says what it was meant to say when ``shown`` was read."""
    await session.execute(update(Card).where(*_is(shown)).values(shown=shown.moved))


async def drop(session: AsyncSession, gone: Card) -> None:
    """The message is gone: the next one about the deal becomes its card."""
    await session.execute(delete(Card).where(*_is(gone)))


async def retire(session: AsyncSession, merged: Merged) -> None:
    """The cards that a deal has left, now that it was merged, are to be edited a last time. They go with the deal."""
    left = select(Card.subscriber_id, Card.message_id, literal(merged.deal_id)).where(Card.deal_id == merged.deal_id)
    await session.execute(insert(LastEdit).from_select(["subscriber_id", "message_id", "merged_id"], left))


async def last_edits(
    session: AsyncSession, wire: Wire, most: int, *, crowded: Sequence[int | str] = ()
) -> Sequence[LastEdit]:
    """Last edits to be made, with the deals that go on; as for :func:`outdated`."""
    query = (
        select(LastEdit)
        .join(LastEdit.subscriber)
        .where(Subscriber.wire == wire, Subscriber.retired_at.is_(None), Subscriber.chat_id.not_in(crowded))
        .options(joinedload(LastEdit.subscriber), joinedload(LastEdit.merged).joinedload(Merged.into))
        .order_by(func.random())
        .limit(most)
    )
    return (await session.scalars(query)).all()


async def finish(session: AsyncSession, made: LastEdit) -> None:
    """The last edit was made, or the message is gone."""
    this = (LastEdit.subscriber_id == made.subscriber_id, LastEdit.message_id == made.message_id)
    await session.execute(delete(LastEdit).where(*this))


async def evident(session: AsyncSession, deal: Deal) -> Change | None:
    """The change whose claims show why the deal stands where it does; None if a person decided, or nothing is left.

    What was taken back shows nothing, and a deal that fell quiet shows its last news.
    """
    undone = select(Change.undoes_id).where(Change.undoes_id.is_not(None))
    query = (
        select(Change)
        .where(
            Change.deal_id == deal.id,
            Change.undoes_id.is_(None),
            Change.id.not_in(undone),
            or_(Change.by.is_not(None), Change.claims.any(Claim.outcome != Outcome.STRUCK)),
        )
        .options(selectinload(Change.claims).joinedload(Claim.article))
        .order_by(Change.id.desc())
        .limit(1)
    )
    return await session.scalar(query)


def _is(card: Card) -> tuple[ColumnElement[bool], ...]:
    """The very card that was read, and none that took its place."""
    return (
        Card.subscriber_id == card.subscriber_id,
        Card.deal_id == card.deal_id,
        Card.message_id == card.message_id,
    )
