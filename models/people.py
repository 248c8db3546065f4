"""Who may use this Hearsay, and for what: the owner, admins, users, and those who are shut out."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, delete, false, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.owner import owner_id
from models.subscriber import Subscriber, Wire, retire

_ONLY_ROW = 1
INVITATION = re.compile(r"join-[0-9a-f]{24}")
"""The code of an invitation: 96 random bits, of the letters that a deep link takes (Bot API: deep linking)."""
INVITATION_LASTS = timedelta(days=7)
KEY_LENGTH = 16
"""Hexadecimal digits of a hash that stand for an invitation: 64 bits, which no two of them share."""
MOST_SUBSCRIPTIONS = 200
"""Of one chat, unless the owner says otherwise."""
MOST_PROPOSALS = 3
"""Of one user that wait for an answer at the same time."""


class Role(StrEnum):
    """What a person may do. Who has none may use the bot as long as it is open to everyone."""

    OWNER = "owner"
    ADMIN = "admin"
    """Decides about deals."""
    USER = "user"
    """Invited: may use the bot when it is not open to everyone."""
    BARRED = "barred"
    """May not use it at all."""


EDITORS = frozenset({Role.OWNER, Role.ADMIN})
"""Those who decide about deals."""


class Person(Base):
    """A user whom the owner gave a role. The owner is not among them: see :class:`~models.owner.Owner`."""

    __tablename__ = "person"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    role: Mapped[Role]
    name: Mapped[str] = mapped_column(default="")
    """As Telegram told it at that time; empty if it did not."""
    since: Mapped[datetime]


class Invitation(Base):
    """A link that gives a role to the first who opens it. Only the hash is stored, as of the owner's code.

    Once used it stays, and says who came by it.
    """

    __tablename__ = "invitation"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[Role]
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None] = mapped_column(default=None)
    used_by: Mapped[int | None] = mapped_column(BigInteger, default=None)
    name: Mapped[str] = mapped_column(default="", server_default="")
    """The user's who came by it, as of :class:`Person`."""

    @property
    def key(self) -> str:
        """What a button calls it, which has no room for the whole hash."""
        return self.code_hash[:KEY_LENGTH]

    @property
    def until(self) -> datetime:
        """When it ends, if nobody uses it."""
        return self.made_at + INVITATION_LASTS


class Access(Base):
    """What the owner decided for all. A single row; without it, the defaults hold."""

    __tablename__ = "access"

    id: Mapped[int] = mapped_column(primary_key=True)
    invited_only: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether nobody new may come in but by an invitation."""
    most_subscriptions: Mapped[int] = mapped_column(default=MOST_SUBSCRIPTIONS, server_default=str(MOST_SUBSCRIPTIONS))
    """How much one chat may follow."""


async def access(session: AsyncSession) -> Access:
    """What the owner decided for all."""
    return await session.get(Access, _ONLY_ROW) or Access(
        id=_ONLY_ROW, invited_only=False, most_subscriptions=MOST_SUBSCRIPTIONS
    )


async def role_of(session: AsyncSession, user_id: int) -> Role | None:
    """The role of a user; None for whom the owner has not given any."""
    if user_id == await owner_id(session):
        return Role.OWNER
    person = await session.get(Person, user_id)
    return person.role if person else None


async def editors(session: AsyncSession) -> Sequence[int]:
    """The users who decide about deals, the owner first. A user's id is also that of the private chat."""
    owner = await owner_id(session)
    admins = await session.scalars(select(Person.user_id).where(Person.role == Role.ADMIN).order_by(Person.since))
    return [user for user in dict.fromkeys([owner, *admins]) if user is not None]  # an admin may have become the owner


async def admits(session: AsyncSession, user_id: int | None, chat_id: int | None) -> bool:
    """Whether the bot serves this user in this chat.

    When only the invited may come in, everybody may ask in a group that one of them set up.
    """
    role = None if user_id is None else await role_of(session, user_id)
    if role is Role.BARRED:
        return False
    if role or not (await access(session)).invited_only:
        return True
    return chat_id is not None and chat_id != user_id and await _is_met(session, chat_id)


async def close(session: AsyncSession, now: datetime) -> int:
    """Let nobody new in but by an invitation. Whose private chat was met stays; how many those are.

    A chat that only asked was never met: see :func:`~models.subscriber.meet`.
    """
    private = (Subscriber.chat_id > 0, Subscriber.wire == Wire.TELEGRAM)
    staying = select(Subscriber.chat_id).where(*private, Subscriber.retired_at.is_(None))
    owner = await owner_id(session)
    users = [user for user in await session.scalars(staying) if user != owner]
    for user in users:
        listed = insert(Person).values(user_id=user, role=Role.USER, name="", since=now)
        await session.execute(listed.on_conflict_do_nothing())
    (await _decided(session)).invited_only = True
    return len(users)


async def open_to_all(session: AsyncSession) -> None:
    """Let everybody in who is not barred."""
    (await _decided(session)).invited_only = False


async def limit_subscriptions(session: AsyncSession, most: int) -> None:
    """Let one chat follow so much; what is followed beyond that stays."""
    (await _decided(session)).most_subscriptions = most


async def give(session: AsyncSession, user_id: int, role: Role, now: datetime, name: str = "") -> None:
    """Give a role to a user; to the owner none. Who is barred gets no messages any more."""
    if user_id == await owner_id(session):
        return
    person = await session.get(Person, user_id) or Person(user_id=user_id)
    if person.role is not role:
        person.role, person.since = role, now
    person.name = name or person.name or ""
    session.add(person)
    if role is Role.BARRED:
        await retire(session, user_id, now)


async def invite(session: AsyncSession, role: Role, now: datetime) -> str:
    """The code of a new invitation, an :data:`INVITATION`, which is good for :data:`INVITATION_LASTS`."""
    expired = (Invitation.used_at.is_(None), Invitation.made_at <= now - INVITATION_LASTS)
    await session.execute(delete(Invitation).where(*expired))
    code = f"join-{secrets.token_hex(12)}"
    session.add(Invitation(code_hash=_digest(code), role=role, made_at=now))
    return code


async def invitations(session: AsyncSession, now: datetime) -> Sequence[Invitation]:
    """Those that somebody may still use, the latest first."""
    is_open = (Invitation.used_at.is_(None), Invitation.made_at > now - INVITATION_LASTS)
    return (await session.scalars(select(Invitation).where(*is_open).order_by(Invitation.made_at.desc()))).all()


async def revoke(session: AsyncSession, key: str) -> bool:
    """Let an invitation, of which the :attr:`Invitation.key` is given, let nobody in. False if somebody used it."""
    its = func.substr(Invitation.code_hash, 1, KEY_LENGTH) == key
    await session.execute(delete(Invitation).where(its, Invitation.used_at.is_(None)))
    return await session.scalar(select(Invitation).where(its)) is None


async def invitation(session: AsyncSession, code: str) -> Invitation | None:
    """The invitation with this code, used or not."""
    return await session.get(Invitation, _digest(code))


async def accept(session: AsyncSession, code: str, user_id: int, name: str, now: datetime) -> Role | None:
    """Give the user the role of this invitation; the role that the user has then.

    None if that is nothing: the invitation is not valid, or the owner has barred the user. It is used up by the first
    whom it gives something: an admin who opens one for users stays an admin, and leaves it to others. Whoever opens a
    used one keeps the role, which may have come of it.
    """
    invited, present = await invitation(session, code), await role_of(session, user_id)
    if present is Role.BARRED:
        return None
    if invited is None or invited.used_at or invited.until <= now:
        return present
    if present in EDITORS or present is invited.role:
        return present
    invited.used_at, invited.used_by, invited.name = now, user_id, name
    await give(session, user_id, invited.role, now, name)
    return invited.role


async def find(session: AsyncSession, user_id: int) -> Person | None:
    """Somebody who has a role."""
    return await session.get(Person, user_id)


async def page(session: AsyncSession, offset: int, limit: int) -> tuple[Sequence[Person], int]:
    """Some of those who have a role, the latest of admins, then of the barred, then of users; how many in all."""
    listed = select(Person).where(Person.user_id.is_distinct_from(await owner_id(session)))
    total = await session.scalar(select(func.count()).select_from(listed.subquery())) or 0
    ordered = listed.order_by(Person.role, Person.since.desc(), Person.user_id).offset(offset).limit(limit)
    return (await session.scalars(ordered)).all(), total


async def _decided(session: AsyncSession) -> Access:
    return await session.merge(await access(session))


async def _is_met(session: AsyncSession, chat_id: int) -> bool:
    return await session.scalar(select(Subscriber.id).where(Subscriber.chat_id == chat_id)) is not None


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()  # 96 random bits need no salt and no slow hash
