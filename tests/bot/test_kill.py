"""kill -9 at any moment: what is in the outbox goes out at the next start, and twice only what was in flight."""

import asyncio
import itertools
import random
import sys
from asyncio.subprocess import Process
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

import pytest
from builders import NOON, a_chat, track
from courier_process import MOVES, NEW, a_deal_in_the_news, article, take_in, title
from killing import (
    START_SECONDS,
    WRITE_SECONDS,
    Autopsy,
    Copy,
    Death,
    Doomed,
    copies,
    letters,
    settings_for,
    until_all_are_marked,
)
from sqlalchemy import select
from standin.telegram import Telegram
from tally import Tally

from bot.app import utc_now
from feeds.intake import Intake
from models import milestone
from models import subscription as subscriptions
from models.article import Article, Claim
from models.change import Change, change_claim
from models.database import Database
from models.outbox import Letter
from models.subscriber import Subscriber
from models.subscription import EVERYTHING

Times = Callable[..., int]


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    """Without limits, as the bots of this module: there is much to send."""
    async with Telegram(limits=None) as telegram:
        yield telegram


@pytest.mark.chaos
async def test_nothing_is_lost_by_kill_9(
    database: Database, telegram: Telegram, dice: random.Random, times: Times, tally: Tally
) -> None:
    """Killed at random points of delivery: every letter arrives, in its order, and again only if it was in flight."""
    kills, articles, chats = times(gate=6, chaos=30, full=200), times(gate=15, chaos=75, full=500), range(1, 11)
    await _track_the_deals(database, articles)
    await _let_follow(database, chats)
    await take_in(database, Intake(), [article(number, utc_now()) for number in range(articles)])
    waiting, autopsy, restarts = articles * len(chats), Autopsy(database, telegram), list[float]()
    async with Doomed.over(database, telegram, articles) as doomed:
        for left in range(kills, 0, -1):
            death = Death(doomed, dice, waiting // left)
            telegram.fail_when(death.meets)
            restarts.append(await death.comes())
            waiting = await autopsy.of(doomed)
        telegram.fail_when(None)
        await doomed.begin()
        await until_all_are_marked(database)

    arrived = await _arrived_as_they_should(autopsy, database, telegram)
    assert arrived.keys() == {(chat, title(number)) for chat in chats for number in range(articles)}
    tally.fault("kill -9", kills)
    tally.prove(
        "letters",
        f"{kills} kills: 0 of {len(arrived):,} lost, {arrived.total() - len(arrived):,} doubled of "
        f"{autopsy.in_flight.total():,} in flight, sending again within {max(restarts):.1f} s",
    )


@pytest.mark.chaos
async def test_no_change_without_its_letters(
    database: Database, telegram: Telegram, dice: random.Random, times: Times, tally: Tally
) -> None:
    """Killed while news is taken in and sent: each article counts once, and each change has its followers' letters."""
    kills = times(gate=5, chaos=60)
    articles, chats = kills * 6, range(1, 6)
    await _track_the_deals(database, articles)
    await _let_follow(database, chats)
    autopsy, following, told = Autopsy(database, telegram), set(chats), dict[str, set[int]]()
    async with Doomed.over(database, telegram, articles) as doomed:
        for left in range(kills, 0, -1):
            documents = dice.randint(0, (articles - len(told)) // NEW // left)
            await doomed.begin()
            await doomed.takes_in(documents)
            await asyncio.sleep(dice.uniform(0, WRITE_SECONDS if documents else START_SECONDS))
            await autopsy.of(doomed)
            changes = await _changes(database)
            told |= {headline: set(following) for headline in changes if headline not in told}
            assert changes == told
            await _follow_or_stop(database, dice.choice(chats), following)
        await doomed.begin()
        await doomed.takes_in((articles - len(told)) // NEW)
        told |= {title(number): following for number in range(articles) if title(number) not in told}
        await until_all_are_marked(database)

    assert await _changes(database) == told
    assert await _counted(database) == [(title(number), 1) for number in range(articles)]
    arrived = await _arrived_as_they_should(autopsy, database, telegram)
    assert arrived.keys() == {(chat, headline) for headline, chats in told.items() for chat in chats}
    tally.fault("kill -9", kills)
    tally.prove(
        "outbox",
        f"{kills} kills: {len(told):,} changes and {len(arrived):,} messages, 0 without the other, 0 articles twice",
    )


async def test_a_command_survives_kill_9(database: Database, telegram: Telegram) -> None:
    """A command that was sent while the bot lay dead is answered at the next start."""
    async with _running(database, telegram):
        await telegram.until_polled()
    await telegram.user_sends(1, "/help")
    async with _running(database, telegram):
        assert "all commands" in (await telegram.sent(1))[0].text


async def test_sigterm_ends_in_order(database: Database, telegram: Telegram) -> None:
    """Asked to stop, as a service manager asks, the bot ends by itself and calls it no error."""
    process = await _start(database, telegram)
    await telegram.until_polled()
    process.terminate()
    async with asyncio.timeout(20):
        assert await process.wait() == 0


# The bot as it is started in earnest ----------------------------------------------------------------------------------


@asynccontextmanager
async def _running(database: Database, telegram: Telegram) -> AsyncIterator[None]:
    """The bot as a process of its own, killed without warning on leaving."""
    process = await _start(database, telegram)
    try:
        yield
    finally:
        process.kill()
        await process.wait()


@pytest.fixture(autouse=True)
async def _without_starters(database: Database) -> None:
    """A bot that is no longer new: it must not go out to poll the public feeds of the starter list."""
    async with database.write() as session:
        await milestone.reach(session, milestone.STARTERS)


async def _start(database: Database, telegram: Telegram) -> Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", env=settings_for(database, telegram))


# Who follows what ----------------------------------------------------------------------------------------------------


async def _track_the_deals(database: Database, articles: int) -> None:
    async with database.write() as session:
        for number in range(-(-articles // len(MOVES))):
            await track(session, a_deal_in_the_news(number))


async def _let_follow(database: Database, chats: Collection[int]) -> None:
    """These chats follow everything."""
    async with database.write() as session:
        for chat in chats:
            await subscriptions.follow(session, await a_chat(session, chat), EVERYTHING, NOON)


async def _follow_or_stop(database: Database, chat: int, following: set[int]) -> None:
    """The chat follows everything, or no longer if it did."""
    following ^= {chat}
    if chat in following:
        await _let_follow(database, [chat])
    else:
        async with database.write() as session:
            await subscriptions.unfollow(session, chat, EVERYTHING)


# What is in the database, and what arrived ---------------------------------------------------------------------------


async def _changes(database: Database) -> dict[str, set[int]]:
    """Every change, by the headline behind it, with the chats that have a letter about it."""
    query = (
        select(Article.title, Subscriber.chat_id)
        .select_from(Change)
        .outerjoin(Letter, Letter.change_id == Change.id)
        .outerjoin(Subscriber, Subscriber.id == Letter.subscriber_id)
        .join(change_claim, change_claim.c.change_id == Change.id)
        .join(Claim, Claim.id == change_claim.c.claim_id)
        .join(Article, Article.id == Claim.article_id)
    )
    chats = defaultdict[str, set[int]](set)
    async with database.read() as session:
        for headline, chat in await session.execute(query):
            chats[headline] |= {chat} - {None}
    return dict(chats)


async def _counted(database: Database) -> list[tuple[str, int]]:
    """The headline behind each claim, with the number of independent sources that its change has."""
    query = (
        select(Article.title, Change.sources)
        .join_from(Article, Claim, Claim.article_id == Article.id)
        .outerjoin(change_claim, change_claim.c.claim_id == Claim.id)
        .outerjoin(Change, Change.id == change_claim.c.change_id)
        .order_by(Article.id, Claim.id, Change.id)
    )
    async with database.read() as session:
        return [(headline, sources) for headline, sources in await session.execute(query)]


async def _arrived_as_they_should(autopsy: Autopsy, database: Database, telegram: Telegram) -> Counter[Copy]:
    """All that arrived, compared with the outbox: every letter, in the order of each chat, and no copy unexplained."""
    wanted = defaultdict[int, list[Copy]](list)
    for copy, _ in await letters(database):
        wanted[copy[0]].append(copy)
    arrived = {chat: copies(telegram, chat) for chat in wanted}
    assert {chat: [copy for copy, _ in itertools.groupby(arrived[chat])] for chat in wanted} == wanted
    counted = Counter(itertools.chain.from_iterable(arrived.values()))
    assert counted == Counter(itertools.chain.from_iterable(wanted.values())) + autopsy.in_flight
    return counted
