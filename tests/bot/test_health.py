"""What the owner learns of how Hearsay is."""

import pytest
from running_bot import ANNA, OWNER, Bot
from sqlalchemy import select
from standin.faults import too_long

from bot.messages import health as messages
from bot.messages.health import Disk
from matcher.vocabulary import Trust
from models import feed, health
from models.feed import Feed

TALKS = "Alpha in talks to buy Beta, Bloomberg reports"
ROOM = Disk(used=5_000_000, free=50_000_000_000)


async def test_a_healthy_hearsay_says_so(bot: Bot) -> None:
    """With a feed that is read and news about a deal there is nothing to do; the numbers of a day are told."""
    await bot.own()
    await _a_feed(bot)
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    text = await _health(bot)
    assert text.startswith("All is well")
    assert "Feeds: 1, last read" in text
    assert "1 about your deals, 1 claims, 1 changes" in text
    assert "Messages waiting: 0" in text


async def test_what_needs_a_hand_stands_first(bot: Bot) -> None:
    """A failing feed, a late poller, silence and a message that was given up are named with what to do."""
    await bot.own()
    await _a_feed(bot, failures=3)
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", too_long())
    await bot.news(TALKS)
    bot.clock.advance(days=4)
    text = await _health(bot)
    assert text.startswith("Needs a hand")
    for warning in (
        "1 feed cannot be read: /feeds",
        "The poller is late by 4 days",
        "No news about any deal for 4 days",
        "1 message was given up: /missed",
    ):
        assert warning in text


async def test_little_space_is_a_warning(bot: Bot) -> None:
    """A disk that fills up is named before it is full."""
    async with bot.database.read() as session:
        found = await health.look(session, bot.clock())
    assert (
        "Little space is left on the disk: 100 MB"
        in messages.health(found, Disk(used=1, free=100_000_000), bot.clock()).text
    )
    assert "Little space" not in messages.health(found, ROOM, bot.clock()).text


async def test_without_a_feed_nothing_can_come(bot: Bot) -> None:
    """A Hearsay without feeds says what to do."""
    await bot.own()
    assert "No feed is polled: add one with /addfeed." in await _health(bot)


@pytest.mark.parametrize(("chat", "user"), [(ANNA, ANNA), (-2001, OWNER)])
async def test_health_is_the_owners(bot: Bot, chat: int, user: int) -> None:
    """Neither strangers nor a group learn how Hearsay is."""
    await bot.own()
    assert "Feeds" not in (await bot.ask("/health", chat=chat, user=user)).text


async def _health(bot: Bot) -> str:
    return (await bot.ask("/health", chat=OWNER)).text


async def _a_feed(bot: Bot, failures: int = 0) -> None:
    async with bot.database.write() as session:
        await feed.add(session, "https://news.example/feed", "News", Trust.TRUSTED)
        row = (await session.scalars(select(Feed))).one()
        row.checked_at = row.succeeded_at = row.next_check_at = bot.clock()
        row.failures = failures
