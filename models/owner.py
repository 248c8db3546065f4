"""Who owns this Hearsay: named in the settings, or the first to type a one-time code."""

import hashlib
import hmac
import secrets

from sqlalchemy import BigInteger
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

_ONLY_ROW = 1


class Owner(Base):
    """The one person who may do everything. A single row: who it is, or the hash of the code that claims it."""

    __tablename__ = "owner"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(BigInteger, default=None)
    code_hash: Mapped[str | None] = mapped_column(default=None)


async def owner_id(session: AsyncSession) -> int | None:
    """The owner's Telegram user id, which is also the id of the private chat with the owner."""
    owner = await session.get(Owner, _ONLY_ROW)
    return owner.user_id if owner else None


async def appoint(session: AsyncSession, user_id: int) -> None:
    """Make this user the owner; an open code is void from now on."""
    await session.merge(Owner(id=_ONLY_ROW, user_id=user_id, code_hash=None))


async def offer_code(session: AsyncSession) -> str | None:
    """A fresh one-time code for ``/claim``; None when there is an owner. An earlier code is void.

    Only the hash is stored: whoever reads the file or a backup cannot claim with it.
    """
    if await owner_id(session) is not None:
        return None
    code = secrets.token_hex(8)
    await session.merge(Owner(id=_ONLY_ROW, user_id=None, code_hash=_digest(code)))
    return code


async def claim(session: AsyncSession, code: str, user_id: int) -> bool:
    """Make the user the owner if the code is right and still open. Whether the user is the owner now."""
    owner = await session.get(Owner, _ONLY_ROW)
    if owner is None or not _opens(owner, code):
        return owner is not None and owner.user_id == user_id
    await appoint(session, user_id)
    return True


async def void_code(session: AsyncSession, code: str) -> bool:
    """Close the open code, if this is it: others have seen it. Whether it was."""
    owner = await session.get(Owner, _ONLY_ROW)
    if owner is None or not _opens(owner, code):
        return False
    owner.code_hash = None
    return True


def _opens(owner: Owner, code: str) -> bool:
    if owner.user_id is not None or owner.code_hash is None:
        return False
    return hmac.compare_digest(owner.code_hash, _digest(code))


def _digest(code: str) -> str:
    # 64 random bits need no salt and no slow hash.
    return hashlib.sha256(code.strip().casefold().encode()).hexdigest()
