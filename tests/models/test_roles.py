"""Roles and invitations: who may do what, and how one comes to it."""

from datetime import timedelta

import pytest
from builders import NOON

from models import people, subscriber
from models.database import Database
from models.owner import appoint
from models.people import INVITATION, INVITATION_LASTS, Role
from models.subscriber import Wire

OWNER, ANNA, BORIS, CARLA, GROUP = 1, 11, 12, 13, -5


async def _give(database: Database, user: int, role: Role | None) -> None:
    async with database.write() as session:
        if role is Role.OWNER:
            await appoint(session, user)
        elif role:
            await people.give(session, user, role, NOON, f"User {user}")


async def _accepted(
    database: Database, invited_as: Role, user: int = ANNA, after: timedelta = timedelta(0)
) -> tuple[Role | None, Role | None]:
    """What opening a new invitation gives the user, and then what opening the same link gives another one."""
    async with database.write() as session:
        code = await people.invite(session, invited_as, NOON)
    assert INVITATION.fullmatch(code)
    async with database.write() as session:
        first = await people.accept(session, code, user, "Anna", NOON + after)
    async with database.write() as session:
        return first, await people.accept(session, code, BORIS, "Boris", NOON + after)


@pytest.mark.parametrize(
    ("present", "invited_as", "then"),
    [(None, Role.USER, Role.USER), (None, Role.ADMIN, Role.ADMIN), (Role.USER, Role.ADMIN, Role.ADMIN)],
)
async def test_an_invitation_is_good_for_one(
    database: Database, present: Role | None, invited_as: Role, then: Role
) -> None:
    """The first who opens it gets its role; the next one nothing."""
    await _give(database, ANNA, present)
    assert await _accepted(database, invited_as) == (then, None)
    async with database.read() as session:
        assert await people.role_of(session, ANNA) is then


@pytest.mark.parametrize("present", [Role.OWNER, Role.ADMIN, Role.USER, Role.BARRED])
async def test_who_has_a_role_leaves_an_invitation_to_others(database: Database, present: Role) -> None:
    """It takes no right away, lets nobody back in who was barred, and is not used up by either."""
    await _give(database, ANNA, present)
    first, next_one = await _accepted(database, Role.USER)
    assert (first, next_one) == (None if present is Role.BARRED else present, Role.USER)
    async with database.read() as session:
        assert await people.role_of(session, ANNA) is present


async def test_opening_a_used_invitation_again_takes_nothing_away(database: Database) -> None:
    """It gives back the role that came of it; nothing to the barred, though it was theirs."""
    async with database.write() as session:
        code = await people.invite(session, Role.ADMIN, NOON)
    for role in (Role.ADMIN, Role.ADMIN):
        async with database.write() as session:
            assert await people.accept(session, code, ANNA, "Anna", NOON) is role
    await _give(database, ANNA, Role.BARRED)
    async with database.write() as session:
        assert await people.accept(session, code, ANNA, "Anna", NOON) is None


async def test_an_invitation_lasts_seven_days(database: Database) -> None:
    """A second before their end it is good, at their end it is not."""
    second = timedelta(seconds=1)
    assert (await _accepted(database, Role.USER, after=INVITATION_LASTS - second))[0] is Role.USER
    assert (await _accepted(database, Role.ADMIN, CARLA, after=INVITATION_LASTS))[0] is None


async def test_closing_keeps_who_is_there(database: Database) -> None:
    """Private chats that take messages stay, but for the barred; a group stays open to all who are in it."""
    await _give(database, OWNER, Role.OWNER)
    await _give(database, CARLA, Role.BARRED)
    async with database.write() as session:
        for chat in (OWNER, ANNA, BORIS, GROUP):
            await subscriber.meet(session, chat, Wire.TELEGRAM, NOON)
        await subscriber.meet(session, 99, Wire.TERMINAL, NOON)
        await subscriber.retire(session, BORIS, NOON)
        assert await people.close(session, NOON) == 1
    async with database.read() as session:
        admitted = [user for user in (OWNER, ANNA, BORIS, CARLA, 99) if await people.admits(session, user, user)]
        in_the_group = [user for user in (ANNA, BORIS, CARLA, None) if await people.admits(session, user, GROUP)]
        assert (admitted, in_the_group) == ([OWNER, ANNA], [ANNA, BORIS, None])
        assert not await people.admits(session, BORIS, GROUP - 1)
    async with database.write() as session:
        await people.open_to_all(session)
        assert [user for user in (BORIS, CARLA) if await people.admits(session, user, user)] == [BORIS]


async def test_an_admin_who_became_the_owner_counts_once(database: Database) -> None:
    """Among those who decide, the owner comes first and once; the list of roles leaves the owner out."""
    await _give(database, BORIS, Role.ADMIN)
    await _give(database, ANNA, Role.ADMIN)
    await _give(database, ANNA, Role.OWNER)
    async with database.read() as session:
        assert await people.editors(session) == [ANNA, BORIS]
        listed, total = await people.page(session, 0, 10)
    assert ([person.user_id for person in listed], total) == ([BORIS], 1)
