from datetime import timedelta

from builders import DAY, HOUR, NOON
from sqlalchemy.ext.asyncio import AsyncSession

from matcher.vocabulary import NEVER, Trust
from models import feed as feeds
from models.database import Database
from models.feed import PROGRESS, Feed, Trouble

URL = "https://news.example/"
MINUTE = timedelta(minutes=1)
OWNERS = {"id", "url", "title", "trust", "pace", "full_text"}


async def add(session: AsyncSession, url: str = URL, **more: object) -> Feed:
    assert await feeds.add(session, url, "News", Trust.TRUSTED)
    row = await feeds.by_url(session, url)
    assert row
    for column, value in more.items():
        setattr(row, column, value)
    await session.flush()
    return row


def test_every_column_is_the_owner_s_or_the_poller_s() -> None:
    """What polling writes and what the owner sets never overwrite each other."""
    assert OWNERS | set(PROGRESS) == set(Feed.__table__.columns.keys())
    assert not OWNERS & set(PROGRESS)


async def test_progress_leaves_the_owner_s_settings_alone(database: Database) -> None:
    """What the owner set while the feed was being polled stays set."""
    async with database.write() as session:
        row = await add(session)
    async with database.read() as session:
        (polled,) = await feeds.all_feeds(session)
    async with database.write() as session:
        mine = await session.get_one(Feed, row.id)
        mine.title, mine.pace, mine.full_text, mine.trust = "Mine", MINUTE, True, Trust.OFFICIAL
    polled.etag, polled.failures, polled.checked_at = '"1"', 2, NOON
    async with database.write() as session:
        await feeds.save(session, [polled])
    async with database.read() as session:
        row = await session.get_one(Feed, row.id)
        assert (row.title, row.pace, row.full_text, row.trust) == ("Mine", MINUTE, True, Trust.OFFICIAL)
        assert (row.etag, row.failures, row.checked_at) == ('"1"', 2, NOON)


async def test_progress_of_a_removed_feed_is_dropped(database: Database) -> None:
    """It does not bring the feed back, and the others are stored."""
    async with database.write() as session:
        gone, stays = await add(session), await add(session, "https://other.example/")
        assert await feeds.remove(session, URL)
    gone.failures = stays.failures = 3
    async with database.write() as session:
        await feeds.save(session, [gone, stays])
        await feeds.save(session, [])
    async with database.read() as session:
        assert [(row.url, row.failures) for row in await feeds.all_feeds(session)] == [("https://other.example/", 3)]


async def test_what_is_due_comes_in_order(database: Database) -> None:
    """Feeds that answered last time come first, the longest overdue before the others; stopped ones never."""
    async with database.write() as session:
        for name, more in {
            "failing": {"next_check_at": NOON - DAY, "failures": 1},
            "late": {"next_check_at": NOON - HOUR},
            "later": {"next_check_at": NOON - DAY},
            "now": {"next_check_at": NOON},
            "not yet": {"next_check_at": NOON + timedelta(seconds=1)},
            "stopped": {"next_check_at": NOON - DAY, "stopped_at": NOON - DAY},
            "new": {},
        }.items():
            await add(session, name, **more)
        assert [url for _, url in await feeds.due(session, NOON)] == ["new", "later", "late", "now", "failing"]


async def test_adding_twice_changes_nothing(database: Database) -> None:
    """Only a feed that had ended is polled again, as the owner says now; what is known of it is kept."""
    async with database.write() as session:
        row = await add(session, etag='"1"', succeeded_at=NOON)
        assert not await feeds.add(session, URL, "Another title", Trust.OFFICIAL)
        assert (row.title, row.trust) == ("News", Trust.TRUSTED)
        row.stopped_at, row.told = NOON, Trouble.ENDED
        assert await feeds.add(session, URL, "Another title", Trust.OFFICIAL, not_before=NOON + MINUTE)
        assert (row.stopped_at, row.told, row.next_check_at) == (None, None, NOON + MINUTE)
        assert (row.etag, row.title, row.trust) == ('"1"', "Another title", Trust.OFFICIAL)
        assert not await feeds.remove(session, "https://nowhere.example/")


async def test_a_feed_is_not_renamed_to_one_that_is_there(database: Database) -> None:
    """Two rows with one address would be polled twice."""
    async with database.write() as session:
        row = await add(session)
        await add(session, "https://other.example/")
        assert not await feeds.rename(session, row, "https://other.example/")
        assert await feeds.rename(session, row, "https://new.example/")
    async with database.read() as session:
        assert [row.url for row in await feeds.all_feeds(session)] == ["https://new.example/", "https://other.example/"]


async def test_the_clock_is_mended_only_where_it_was_wrong(database: Database) -> None:
    """A check in the future cannot have been; one in the past stands, with all that was planned after it."""
    async with database.write() as session:
        wrong = await add(session, checked_at=NOON + 9 * DAY, next_check_at=NOON + 9 * DAY + HOUR)
        right = await add(session, "right", checked_at=NOON, next_check_at=NOON + 30 * DAY)
        new = await add(session, "new")
        await feeds.mend_clock(session, NOON)
        assert (wrong.checked_at, wrong.next_check_at) == (NOON, NOON + HOUR)
        assert (right.checked_at, right.next_check_at) == (NOON, NOON + 30 * DAY)
        assert (new.checked_at, new.next_check_at) == (None, NEVER)
