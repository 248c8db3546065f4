from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import DAY, HOUR, NOON, a_chat, a_deal, a_follower, a_report, track, write_claim
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher.vocabulary import Stage, Trust
from models import feed as feeds
from models import ledger, outbox, owner
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.database import Database
from models.deal import Deal
from models.feed import Trouble
from models.notice import Notice
from models.outbox import Backlog, Letter, Missed
from models.subscriber import Subscriber, Wire
from models.subscription import EVERYTHING, Target
from models.wording import Wording

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
        assert len(await subscriptions.followed(session, 1)) == 1


async def test_wires_are_kept_apart(database: Database) -> None:
    """Each process sees the letters of its own chats only."""
    async with database.write() as session:
        row = await track(session)
        for chat_id, wire in ((1, Wire.TELEGRAM), (2, Wire.TERMINAL)):
            await subscriptions.follow(session, await a_chat(session, chat_id, wire), EVERYTHING, NOON)
        await tell(session, row)

        assert stages(await due(session)) == [(1, Stage.TALKS)]
        assert stages(await due(session, wire=Wire.TERMINAL)) == [(2, Stage.TALKS)]


# Chats and what they follow ------------------------------------------------------------------------------------------


async def test_following_twice_is_following_once(database: Database) -> None:
    """Every kind of subscription knows that it exists, and can be dropped."""
    async with database.write() as session:
        row = await track(session)
        chat = await a_chat(session, 1)
        assert [await subscriptions.follow(session, chat, Target(row), NOON) for _ in range(2)] == [True, False]
        for party in ("Alpha", ""):
            assert [await subscriptions.follow(session, chat, Target(party=party), NOON) for _ in range(2)] == [
                True,
                False,
            ]
        assert [(s.deal, s.party_name) for s in await subscriptions.followed(session, 1)] == [
            (row, ""),
            (None, "Alpha"),
            (None, ""),
        ]
        assert await subscriptions.follows(session, 1, row)

        assert [await subscriptions.unfollow(session, 1, Target(row)) for _ in range(2)] == [True, False]
        assert [await subscriptions.unfollow(session, 1, Target(party="ALPHA")) for _ in range(2)] == [True, False]
        assert await subscriptions.follows(session, 1, row)
        assert await subscriptions.unfollow_all(session, 1) == 1
        assert not await subscriptions.follows(session, 1, row)


async def test_dropping_everything_leaves_others_alone(database: Database) -> None:
    """A chat drops its own subscriptions only."""
    async with database.write() as session:
        row = await track(session)
        for chat_id in (1, 2):
            await a_follower(session, chat_id, row)
        await subscriptions.unfollow_all(session, 1)

        assert [s.deal_id for s in await subscriptions.followed(session, 2)] == [row.id]


async def test_a_group_keeps_everything_under_its_new_id(database: Database) -> None:
    """When a group becomes a supergroup, what it follows and what waits for it goes along."""
    async with database.write() as session:
        row = await track(session)
        await a_follower(session, -1, row)
        await tell(session, row)
        await subscribers.migrate(session, -1, -100)

    async with database.read() as session:
        assert stages(await due(session)) == [(-100, Stage.TALKS)]
        assert len(await subscriptions.followed(session, -100)) == 1
        assert await subscriptions.followed(session, -1) == []


async def test_a_group_that_is_known_by_both_ids_becomes_one(database: Database) -> None:
    """Subscriptions and letters of both are joined, and what both had is there once."""
    async with database.write() as session:
        row, other = await track(session), await track(session, a_deal("gamma-delta"))
        old, new = await a_follower(session, -1, row), await a_follower(session, -100, row)
        for chat in (old, new):
            await subscriptions.follow(session, chat, EVERYTHING, NOON)
            await subscriptions.follow(session, chat, Target(party="Alpha"), NOON)
        await subscriptions.follow(session, old, Target(other), NOON)
        await tell(session, row)

    async with database.write() as session:
        await subscribers.migrate(session, -1, -100)

    async with database.read() as session:
        chats = (await session.scalars(select(Subscriber.chat_id))).all()
        letters = (await session.scalars(select(Letter))).all()
        followed = [(s.deal_id, s.party_key) for s in await subscriptions.followed(session, -100)]
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
    feed.told, feed.silence_told = trouble, trouble is Trouble.SILENT
    return Notice(feed_id=feed.id, at=NOON, trouble=trouble, reason=Wording("It is broken; look."))


async def test_a_notice_goes_to_the_owner_alone(database: Database) -> None:
    """One letter, with the feed that its words need; followers of everything get none."""
    async with database.write() as session:
        await subscriptions.follow(session, await a_chat(session, 1), EVERYTHING, NOON)
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


# After an outage -----------------------------------------------------------------------------------------------------


async def backlog(session: AsyncSession, *slugs: str, chat_id: int = 1) -> list[Deal]:
    """A chat that follows these deals; each of them moved three times within two hours from noon on."""
    rows = [await track(session, a_deal(slug)) for slug in slugs]
    for row in rows:
        await a_follower(session, chat_id, row)
        for report in STORY:
            of_its_own = replace(report, article=f"{row.slug}, {report.article}")
            await ledger.hear(session, write_claim(row, of_its_own), report.moment)
    return rows


async def all_letters(session: AsyncSession) -> Sequence[Letter]:
    return (await session.scalars(select(Letter).order_by(Letter.id).execution_options(populate_existing=True))).all()


async def test_a_stale_backlog_becomes_one_letter_per_deal(database: Database) -> None:
    """What waited for more than a day is folded into the latest of each deal, whose letter says of how many."""
    async with database.write() as session:
        await backlog(session, "alpha-beta", "gamma-delta")
        assert await outbox.fold(session, NOON + DAY) == 0
        assert await outbox.fold(session, NOON + DAY + HOUR) == 4
        assert await outbox.fold(session, NOON + 2 * DAY) == 0

        (first,) = await due(session, hours=25)
        assert (first.change.stage if first.change else None, first.earlier) == (Stage.CALLED_OFF, 2)
        first.sent_at = NOON + 2 * DAY
        (second,) = await due(session, hours=25)
        assert (second.change.stage if second.change else None, second.earlier) == (Stage.CALLED_OFF, 2)
        assert second.id > first.id
        folded = [letter for letter in await all_letters(session) if letter.abandoned_at]
        assert {(letter.abandoned_at, letter.error) for letter in folded} == {(NOON + DAY + HOUR, outbox.FOLDED)}
        assert await outbox.given_up(session, None) == []


async def test_newer_letters_of_a_stale_deal_are_folded_with_it(database: Database) -> None:
    """One message per deal: the oldest letter of a deal decides, and what was folded before counts on."""
    async with database.write() as session:
        (row,) = await backlog(session, "alpha-beta")
        await outbox.fold(session, NOON + 2 * DAY)
        agreed = a_report(Stage.AGREED, NOON + 2 * DAY, origin="FT")
        await ledger.hear(session, write_claim(row, agreed), agreed.moment)
        assert await outbox.fold(session, NOON + 2 * DAY) == 1
        (letter,) = await due(session, hours=48)
        assert (letter.change.stage if letter.change else None, letter.earlier) == (Stage.AGREED, 3)


async def test_what_was_sent_is_not_counted_again(database: Database) -> None:
    """After a catch-up the next letter about the deal is an ordinary one."""
    async with database.write() as session:
        (row,) = await backlog(session, "alpha-beta")
        await outbox.fold(session, NOON + 2 * DAY)
        (await due(session))[0].sent_at = NOON + 2 * DAY
        agreed = a_report(Stage.AGREED, NOON + 3 * DAY, origin="FT")
        await ledger.hear(session, write_claim(row, agreed), agreed.moment)
        (letter,) = await due(session, hours=72)
        assert letter.earlier == 0


async def test_folding_touches_one_chat_and_no_questions(database: Database) -> None:
    """The other chats keep their letters, and the owner every notice about a feed."""
    async with database.write() as session:
        row = await track(session)
        for chat_id in (1, 2):
            await a_follower(session, chat_id, row)
        await tell(session, row)
        await owner.appoint(session, 1)
        for trouble in (Trouble.FAILING, Trouble.ENDED):
            await outbox.post_notice(session, await a_notice(session, trouble), NOON)
        assert await outbox.fold(session, NOON + 9 * DAY, chat_id=1) == 2
        left = [letter for letter in await all_letters(session) if not letter.abandoned_at]
        assert [letter.subscriber_id for letter in left if letter.change_id] == [2, 2, 1, 2]
        assert sum(letter.notice_id is not None for letter in left) == 2


async def test_a_letter_is_stale_after_a_day(database: Database) -> None:
    """A day old is not stale; a moment more is."""
    async with database.write() as session:
        await backlog(session, "alpha-beta")
        (letter,) = await due(session)
        assert not outbox.is_stale(letter, NOON + DAY)
        assert outbox.is_stale(letter, NOON + DAY + timedelta(microseconds=1))


async def test_missed_is_what_no_later_message_told(database: Database) -> None:
    """Given up, folded and waiting letters count until a later one about the deal is sent, or its card is shown."""
    async with database.write() as session:
        alpha, gamma = await backlog(session, "alpha-beta", "gamma-delta")
        letters = await all_letters(session)
        letters[0].abandoned_at, letters[0].error = NOON, "Message is too long"
        letters[3].abandoned_at, letters[3].error = NOON, "Message is too long"
        await session.flush()
        assert await outbox.missed(session, 1) == [Missed(alpha, 2, 1), Missed(gamma, 2, 1)]
        letters[1].sent_at = NOON
        await outbox.show_missed(session, 1, gamma)
        assert await outbox.missed(session, 1) == [Missed(alpha, 1, 0), Missed(gamma, 2, 0)]
        assert await outbox.missed(session, 2) == []
    async with database.read() as session:
        shown = [letter.id for letter in await all_letters(session) if letter.error == outbox.SHOWN]
        assert shown == [letters[3].id]


# For the owner -------------------------------------------------------------------------------------------------------


async def test_the_queues_tell_waiting_from_given_up(database: Database) -> None:
    """One line per chat, the one that waits longest first; a chat that got everything has none."""
    async with database.write() as session:
        (row,) = await backlog(session, "alpha-beta", chat_id=1)
        for chat_id in (2, 3, 4):
            await a_follower(session, chat_id, row)
        agreed = a_report(Stage.AGREED, NOON + DAY, origin="FT")
        await ledger.hear(session, write_claim(row, agreed), agreed.moment)
        letters = {letter.subscriber_id: letter for letter in await all_letters(session)}
        letters[3].abandoned_at = NOON + 2 * DAY
        letters[4].sent_at = NOON + DAY
        await subscribers.retire(session, 2, NOON)
        await session.flush()

        found = await outbox.queues(session)
        lost = await outbox.given_up(session, 5)

    assert [(q.chat.chat_id, q.waiting, q.given_up) for q in found] == [(1, 4, 0), (2, 1, 0), (3, 0, 1)]
    assert [q.first.created_at if q.first else None for q in found] == [NOON, NOON + DAY, None]
    assert Backlog.of(found) == Backlog(
        waiting=5, chats=2, retired_waiting=1, retired_chats=1, given_up=1, oldest=NOON
    )  # fmt: skip
    assert [letter.subscriber.chat_id for letter in lost] == [3]


async def test_a_message_leads_to_its_letter(database: Database) -> None:
    """The same number in another chat, or another number, is another message."""
    async with database.write() as session:
        await backlog(session, "alpha-beta")
        letter = (await all_letters(session))[1]
        letter.sent_at, letter.message_id = NOON, 77
        await a_chat(session, 2)
    async with database.read() as session:
        (found,) = await outbox.trail_of_message(session, 1, 77)
        assert found.id == letter.id
        assert found.change
        assert [claim.article.outlet for claim in found.change.claims] == ["Reuters"]
        assert await outbox.trail_of_message(session, 2, 77) == []
        assert await outbox.trail_of_message(session, 1, 78) == []
        assert (await outbox.trail_of_letter(session, letter.id)) is found
        assert await outbox.trail_of_letter(session, 999) is None


async def test_a_chat_that_is_retired_twice_is_gone_since_the_first_time(database: Database) -> None:
    """Being back is told once: by the first revival."""
    async with database.write() as session:
        await a_chat(session, 1)
        for hours in (1, 2):
            await subscribers.retire(session, 1, NOON + hours * HOUR)
        assert await session.scalar(select(Subscriber.retired_at)) == NOON + HOUR
        assert [await subscribers.revive(session, 1) for _ in range(2)] == [True, False]
