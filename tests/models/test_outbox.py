from collections.abc import Sequence

import pytest
from builders import DAY, HOUR, NOON, a_chat, a_deal, a_follower, a_report, track, write_claim
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher.vocabulary import Stage, Trust
from models import feed as feeds
from models import ledger, outbox, owner
from models import subscriber as subscribers
from models.database import Database
from models.deal import Deal
from models.feed import Trouble
from models.notice import Notice
from models.outbox import Letter
from models.subscriber import Subscriber, Wire

STORY = [
    a_report(Stage.TALKS),
    a_report(Stage.NEAR, NOON + HOUR, origin="Reuters"),
    a_report(Stage.CALLED_OFF, NOON + 2 * HOUR, origin="WSJ"),
]


async def tell(session: AsyncSession, row: Deal) -> None:
    """Three changes, an hour apart."""
    for report in STORY:
        await ledger.hear(session, write_claim(row, report), report.moment)


async def due(session: AsyncSession, hours: int = 9, wire: Wire = Wire.TELEGRAM) -> Sequence[Letter]:
    return await outbox.due(session, wire, NOON + hours * HOUR)


def stages(letters: Sequence[Letter]) -> list[tuple[int, Stage]]:
    return [(letter.subscriber.chat_id, letter.change.stage) for letter in letters if letter.change]


async def test_each_chat_gets_its_letters_in_order(database: Database) -> None:
    """Only the first unsent letter of a chat is due; the next one follows when it is sent or abandoned."""
    async with database.write() as session:
        row = await track(session)
        for chat_id in (1, 2):
            await a_follower(session, chat_id, row)
        await tell(session, row)

        first, other = await due(session)
        assert stages([first, other]) == [(1, Stage.TALKS), (2, Stage.TALKS)]
        first.sent_at = NOON
        assert stages(await due(session)) == [(2, Stage.TALKS), (1, Stage.NEAR)]
        other.abandoned_at = NOON
        assert stages(await due(session)) == [(1, Stage.NEAR), (2, Stage.NEAR)]


async def test_a_letter_waits_for_its_time_and_holds_up_those_behind_it(database: Database) -> None:
    """A letter that is to be tried again later keeps its place, for its chat alone."""
    async with database.write() as session:
        row = await track(session)
        for chat_id in (1, 2):
            await a_follower(session, chat_id, row)
        await tell(session, row)
        (await due(session))[0].due_at = NOON + DAY

        assert stages(await due(session)) == [(2, Stage.TALKS)]
        assert stages(await due(session, hours=24)) == [(1, Stage.TALKS), (2, Stage.TALKS)]
        assert await due(session, hours=-1) == []


async def test_a_letter_comes_with_all_that_its_words_need(database: Database) -> None:
    """Deal, claims and articles are there without another query."""
    async with database.write() as session:
        row = await track(session)
        await a_follower(session, 1, row)
        await tell(session, row)

    async with database.read() as session:
        (letter,) = await due(session)

    assert letter.change
    assert letter.change.deal.slug == "alpha-beta"
    assert [claim.article.outlet for claim in letter.change.claims] == ["Bloomberg"]


async def test_a_retired_chat_waits(database: Database) -> None:
    """Nothing goes to a chat that refuses messages; when it returns, everything that it missed is due."""
    async with database.write() as session:
        row = await track(session)
        await a_follower(session, 1, row)
        await subscribers.retire(session, 1, NOON)
        await tell(session, row)
        assert await due(session) == []

        await a_chat(session, 1)
        assert stages(await due(session)) == [(1, Stage.TALKS)]
        assert len(await subscribers.followed(session, 1)) == 1


async def test_wires_are_kept_apart(database: Database) -> None:
    """Each process sees the letters of its own chats only."""
    async with database.write() as session:
        row = await track(session)
        for chat_id, wire in ((1, Wire.TELEGRAM), (2, Wire.TERMINAL)):
            await subscribers.follow(session, await a_chat(session, chat_id, wire), NOON)
        await tell(session, row)

        assert stages(await due(session)) == [(1, Stage.TALKS)]
        assert stages(await due(session, wire=Wire.TERMINAL)) == [(2, Stage.TALKS)]


# Chats and what they follow ------------------------------------------------------------------------------------------


async def test_following_twice_is_following_once(database: Database) -> None:
    """Every kind of subscription knows that it exists, and can be dropped."""
    async with database.write() as session:
        row = await track(session)
        chat = await a_chat(session, 1)
        assert [await subscribers.follow(session, chat, NOON, deal=row) for _ in range(2)] == [True, False]
        for party in ("Alpha", None):
            assert [await subscribers.follow(session, chat, NOON, party=party) for _ in range(2)] == [True, False]
        assert [(s.deal, s.party_name) for s in await subscribers.followed(session, 1)] == [
            (row, ""),
            (None, "Alpha"),
            (None, ""),
        ]
        assert await subscribers.follows(session, 1, row)

        assert [await subscribers.unfollow(session, 1, deal=row) for _ in range(2)] == [True, False]
        assert [await subscribers.unfollow(session, 1, party="ALPHA") for _ in range(2)] == [True, False]
        assert await subscribers.follows(session, 1, row)
        assert await subscribers.unfollow_all(session, 1) == 1
        assert not await subscribers.follows(session, 1, row)


async def test_dropping_everything_leaves_others_alone(database: Database) -> None:
    """A chat drops its own subscriptions only."""
    async with database.write() as session:
        row = await track(session)
        for chat_id in (1, 2):
            await a_follower(session, chat_id, row)
        await subscribers.unfollow_all(session, 1)

        assert [s.deal_id for s in await subscribers.followed(session, 2)] == [row.id]


async def test_a_group_keeps_everything_under_its_new_id(database: Database) -> None:
    """When a group becomes a supergroup, what it follows and what waits for it goes along."""
    async with database.write() as session:
        row = await track(session)
        await a_follower(session, -1, row)
        await tell(session, row)
        await subscribers.migrate(session, -1, -100)

    async with database.read() as session:
        assert stages(await due(session)) == [(-100, Stage.TALKS)]
        assert len(await subscribers.followed(session, -100)) == 1
        assert await subscribers.followed(session, -1) == []


async def test_a_group_that_is_known_by_both_ids_becomes_one(database: Database) -> None:
    """Subscriptions and letters of both are joined, and what both had is there once."""
    async with database.write() as session:
        row, other = await track(session), await track(session, a_deal("gamma-delta"))
        old, new = await a_follower(session, -1, row), await a_follower(session, -100, row)
        for chat in (old, new):
            await subscribers.follow(session, chat, NOON)
            await subscribers.follow(session, chat, NOON, party="Alpha")
        await subscribers.follow(session, old, NOON, deal=other)
        await tell(session, row)

    async with database.write() as session:
        await subscribers.migrate(session, -1, -100)

    async with database.read() as session:
        chats = (await session.scalars(select(Subscriber.chat_id))).all()
        letters = (await session.scalars(select(Letter))).all()
        followed = [(s.deal_id, s.party_key) for s in await subscribers.followed(session, -100)]
    assert chats == [-100]
    assert len(letters) == len(STORY)
    assert sorted(followed, key=repr) == sorted([(row.id, ""), (None, ""), (None, "alpha"), (other.id, "")], key=repr)


@pytest.mark.parametrize("known", [[], [-100]])
async def test_an_unknown_group_migrates_into_nothing(database: Database, known: list[int]) -> None:
    """A migration of a chat that was never met changes nothing, and can be repeated."""
    async with database.write() as session:
        for chat_id in known:
            await a_chat(session, chat_id)
        await subscribers.migrate(session, -1, -100)

        assert (await session.scalars(select(Subscriber.chat_id))).all() == known


# Notices to the owner ------------------------------------------------------------------------------------------------


async def a_notice(
    session: AsyncSession, trouble: Trouble = Trouble.FAILING, url: str = "https://a.example/"
) -> Notice:
    await feeds.add(session, url, "A", Trust.TRUSTED)
    feed = await feeds.by_url(session, url)
    assert feed
    return Notice(feed_id=feed.id, at=NOON, trouble=trouble, reason="It is broken; look.")


async def test_a_notice_goes_to_the_owner_alone(database: Database) -> None:
    """One letter, with the feed that its words need; followers of everything get none."""
    async with database.write() as session:
        await subscribers.follow(session, await a_chat(session, 1), NOON)
        await owner.appoint(session, 9)
        await outbox.post_notice(session, await a_notice(session), NOON)
    async with database.read() as session:
        (letter,) = await due(session)
    assert letter.notice
    assert (letter.subscriber.chat_id, letter.notice.feed.title, letter.notice.trouble) == (9, "A", Trouble.FAILING)


async def test_notices_wait_for_an_owner(database: Database) -> None:
    """Whoever becomes the owner hears of each feed's latest trouble, once."""
    async with database.write() as session:
        for trouble, url in (
            (Trouble.FAILING, "https://a.example/"),
            (Trouble.ENDED, "https://a.example/"),
            (Trouble.SILENT, "https://b.example/"),
        ):
            await outbox.post_notice(session, await a_notice(session, trouble, url), NOON)
        assert (await session.scalars(select(Letter))).all() == []
        await owner.appoint(session, 9)
        for _ in range(2):
            await outbox.post_waiting(session, NOON)
    async with database.read() as session:
        query = select(Notice.trouble).join(Letter, Letter.notice_id == Notice.id).order_by(Letter.id)
        assert list(await session.scalars(query)) == [Trouble.ENDED, Trouble.SILENT]


async def test_a_feed_takes_its_notices_with_it(database: Database) -> None:
    """A letter about a feed that was removed is not sent any more."""
    async with database.write() as session:
        await owner.appoint(session, 9)
        await outbox.post_notice(session, await a_notice(session), NOON)
        await feeds.remove(session, "https://a.example/")
    async with database.read() as session:
        assert (await session.scalars(select(Notice))).all() == []
        assert await due(session) == []
