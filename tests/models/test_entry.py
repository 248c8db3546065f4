from collections.abc import Sequence

import pytest
from builders import DAY, HOUR, NOON
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher.vocabulary import Trust
from models import entry as entries
from models.database import Database
from models.entry import Entry, Marks
from models.feed import Feed

LARGEST = 2**63 - 1
BARE = Marks(None, None, None, None, None)


def marks(number: int) -> Marks:
    return Marks(number, number + 1, -number, LARGEST - number, NOON)


async def a_feed(session: AsyncSession, name: str = "news") -> Feed:
    feed = Feed(url=f"https://{name}.example/", title=name, trust=Trust.TRUSTED)
    session.add(feed)
    await session.flush()
    return feed


async def remember(session: AsyncSession, feed: Feed, *found: Marks) -> Sequence[int]:
    return await entries.remember(session, feed.id, [("A title", one) for one in found], NOON)


async def test_marks_come_back_as_they_were_kept(database: Database) -> None:
    """64 signed bits, a date, or nothing at all; the row ids are in the order of the entries."""
    kept = (marks(1), BARE, Marks(-LARGEST - 1, None, LARGEST, 0, NOON + HOUR), marks(7))
    async with database.write() as session:
        feed = await a_feed(session)
        rows = await remember(session, feed, *kept)
    async with database.read() as session:
        assert await entries.present(session, feed.id) == dict(zip(rows, kept, strict=True))
        assert await entries.departed(session, feed.id, kept) == {}


async def test_each_feed_has_its_own_entries(database: Database) -> None:
    """The same entry in two feeds is two rows, and neither feed sees the other's."""
    async with database.write() as session:
        one, other = await a_feed(session), await a_feed(session, "other")
        (row,) = await remember(session, one, marks(1))
        assert await remember(session, one) == []
        await entries.mark(session, [row], NOON)
        assert await entries.present(session, other.id) == {}
        assert await entries.departed(session, other.id, [marks(1)]) == {}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        pytest.param(Marks(1, None, None, None, None), True, id="the guid"),
        pytest.param(Marks(None, 2, None, None, None), True, id="the address"),
        pytest.param(Marks(None, None, -1, None, None), True, id="the title"),
        pytest.param(Marks(None, None, None, LARGEST - 1, NOON), False, id="text and date alone"),
        pytest.param(Marks(2, 1, -2, None, None), False, id="marks of another kind"),
        pytest.param(BARE, False, id="nothing"),
    ],
)
async def test_departed_entries_are_found_by_any_of_three_marks(database: Database, wanted: Marks, found: bool) -> None:
    """Guid, address or title; what both lack is nothing in common."""
    async with database.write() as session:
        feed = await a_feed(session)
        left, bare = await remember(session, feed, marks(1), BARE)
        await entries.mark(session, [left, bare], NOON)
        assert await entries.departed(session, feed.id, [marks(50), wanted]) == ({left: marks(1)} if found else {})
        assert await entries.present(session, feed.id) == {}


async def test_entries_leave_and_come_back(database: Database) -> None:
    """What stands in the feed is present; the rest has departed."""
    async with database.write() as session:
        feed = await a_feed(session)
        first, second = await remember(session, feed, marks(1), marks(10))
        await entries.mark(session, [first], NOON)
        assert list(await entries.present(session, feed.id)) == [second]
        await entries.mark(session, [first], None)
        assert list(await entries.present(session, feed.id)) == [first, second]


async def test_an_edited_entry_keeps_its_row(database: Database) -> None:
    """Its new title and marks take the place of the old ones; when it was first seen stays."""
    async with database.write() as session:
        feed = await a_feed(session)
        first, second = await remember(session, feed, marks(1), marks(10))
        await entries.revise(session, {first: ("New title", marks(20))})
        await entries.revise(session, {})
    async with database.read() as session:
        assert await entries.present(session, feed.id) == {first: marks(20), second: marks(10)}
        row = await session.get_one(Entry, first)
        assert (row.title, row.first_seen_at) == ("New title", NOON)


async def test_what_left_long_ago_is_forgotten(database: Database) -> None:
    """What still stands in its feed is kept, however old."""
    async with database.write() as session:
        feed = await a_feed(session)
        old, recent, present = await remember(session, feed, marks(1), marks(10), marks(20))
        await entries.mark(session, [old], NOON - 30 * DAY)
        await entries.mark(session, [recent], NOON - DAY)
        await entries.forget(session, NOON - 10 * DAY)
        assert list(await session.scalars(select(Entry.id).order_by(Entry.id))) == [recent, present]


async def test_feeds_may_have_more_entries_than_a_statement_has_variables(database: Database) -> None:
    """Eleven thousand come, leave, are looked for, and come back."""
    many = [marks(3 * number) for number in range(11_000)]
    async with database.write() as session:
        feed = await a_feed(session)
        rows = await remember(session, feed, *many)
        await entries.mark(session, rows, NOON)
        assert len(await entries.departed(session, feed.id, many)) == 11_000
        await entries.mark(session, rows, None)
        assert await entries.present(session, feed.id) == dict(zip(rows, many, strict=True))


async def test_entries_go_with_their_feed(database: Database) -> None:
    """A removed feed leaves none behind."""
    async with database.write() as session:
        feed = await a_feed(session)
        await remember(session, feed, marks(1))
        await session.delete(feed)
    async with database.read() as session:
        assert (await session.scalars(select(Entry))).all() == []
