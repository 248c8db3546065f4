import pytest
from sqlalchemy import select

from models.database import Database
from models.owner import Owner, appoint, claim, offer_code, owner_id


async def offered(database: Database) -> str:
    async with database.write() as session:
        code = await offer_code(session)
    assert code
    return code


async def claimed(database: Database, code: str, user_id: int) -> bool:
    async with database.write() as session:
        return await claim(session, code, user_id)


async def current(database: Database) -> int | None:
    async with database.read() as session:
        return await owner_id(session)


async def test_the_code_makes_an_owner_once(database: Database) -> None:
    """Whoever types the code first is the owner; after that it is worth nothing."""
    code = await offered(database)

    assert await current(database) is None
    assert await claimed(database, f" {code.upper()} ", 42)
    assert not await claimed(database, code, 43)
    assert await current(database) == 42


@pytest.mark.parametrize("wrong", ["", "0" * 16, "é", "x" * 5000])
async def test_a_wrong_code_is_refused(database: Database, wrong: str) -> None:
    """And the right one still counts afterwards."""
    code = await offered(database)

    assert not await claimed(database, wrong, 42)
    assert await claimed(database, code, 42)


async def test_without_an_offer_nothing_can_be_claimed(database: Database) -> None:
    """Not even with an empty code."""
    assert not await claimed(database, "", 42)


async def test_a_new_code_voids_the_one_before(database: Database) -> None:
    """Every start prints its own; only the last counts."""
    first, second = await offered(database), await offered(database)

    assert first != second
    assert not await claimed(database, first, 42)
    assert await claimed(database, second, 42)


async def test_an_owned_hearsay_offers_no_code(database: Database) -> None:
    """An appointed owner voids an open code, and no other is offered."""
    code = await offered(database)
    async with database.write() as session:
        await appoint(session, 42)

    async with database.write() as session:
        assert await offer_code(session) is None
    assert not await claimed(database, code, 43)
    assert await current(database) == 42


async def test_the_code_is_not_stored(database: Database) -> None:
    """Who reads the file cannot claim with it."""
    code = await offered(database)

    async with database.read() as session:
        stored = (await session.scalars(select(Owner))).one()
    assert stored.code_hash
    assert code not in stored.code_hash
    assert len(code) >= 16
