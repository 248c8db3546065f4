"""Two deals become one: what moves, what is kept once, and where the deal stands then."""

from collections.abc import Sequence
from datetime import timedelta

from builders import DAY, HOUR, NOON, a_chat, a_deal, a_follower, a_report, track, write_article, write_claim
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from matcher.vocabulary import Deal as DealValue
from matcher.vocabulary import Kind, Party, Report, Speaker, Stage, Status
from models import card as cards
from models import change as changes
from models import deal as deals
from models import feedback, ledger, merging, subscription
from models.article import Article, Claim, Mention
from models.base import Base
from models.card import Card
from models.change import Change
from models.database import Database
from models.deal import Deal
from models.feedback import Complaint, Fault
from models.outbox import WITHDRAWN, Letter
from models.recount import recount
from models.subscriber import Subscriber
from models.subscription import Moves, Mute, Subscription, Target

TALKS = a_report(Stage.TALKS)
NEAR = a_report(Stage.NEAR, NOON + HOUR, origin="Reuters")
OFF = a_report(Stage.CALLED_OFF, NOON + 2 * HOUR, origin="Beta", speaker=Speaker.PARTY)
OWNER, ANNA, BORIS, CLARA, DORA = 42, 1, 2, 3, 4


async def merged(session: AsyncSession) -> Change | None:
    """Merge beta-alpha into alpha-beta, as the bot does."""
    session.expunge_all()
    source, target = [
        await deals.described(session, (await the_deal(session, s)).id) for s in ("beta-alpha", "alpha-beta")
    ]
    assert source
    assert target
    return await merging.merge(session, source, target, OWNER, "merged with beta-alpha", NOON + DAY)


async def the_deal(session: AsyncSession, slug: str = "alpha-beta") -> Deal:
    deal = await deals.by_slug(session, slug)
    assert deal
    return deal


async def hear(session: AsyncSession, row: Deal, *reports: Report, article: Article | None = None) -> None:
    for report in reports:
        await ledger.hear(session, write_claim(row, report, article=article), report.moment)


async def count(session: AsyncSession, table: type[Base]) -> int:
    return await session.scalar(select(func.count()).select_from(table)) or 0


async def of(session: AsyncSession, table: type[Claim | Mention | Change | Card]) -> set[int]:
    """The deals that the rows of a table belong to."""
    return set(await session.scalars(select(table.deal_id)))


async def followers(session: AsyncSession) -> list[int]:
    query = select(Subscriber.chat_id).join(Subscription).where(Subscription.deal_id == (await the_deal(session)).id)
    return list(await session.scalars(query.order_by(Subscriber.chat_id)))


async def letters(session: AsyncSession) -> Sequence[tuple[int, Stage | None, bool]]:
    """To which chat, about which stage, and whether it was sent."""
    query = select(Letter).options(joinedload(Letter.subscriber), joinedload(Letter.change)).order_by(Letter.id)
    found = (await session.scalars(query)).all()
    return [(x.subscriber.chat_id, x.change.stage if x.change else None, x.sent_at is not None) for x in found]


async def test_everything_moves_and_nothing_is_lost(database: Database) -> None:
    """Claims, mentions, history, complaints, cards and followers of both are those of one deal, in order of time."""
    async with database.write() as session:
        source, target = await track(session, a_deal("beta-alpha")), await track(session)
        for chat, deal in ((ANNA, source), (BORIS, target), (CLARA, source), (CLARA, target)):
            await a_follower(session, chat, deal)
        await hear(session, target, TALKS)
        await hear(session, source, NEAR)
        await hear(session, target, a_report(Stage.OFFER, NOON + 3 * HOUR, origin="FT"))
        both = write_article(a_report(Stage.TALKS, NOON - DAY))
        session.add_all([Mention(article=both, deal=source), Mention(article=both, deal=target)])
        session.add(Mention(article=write_article(a_report(Stage.TALKS, NOON - 2 * DAY)), deal=source))
        await session.flush()
        (wrong,) = await changes.history(session, source, 9)
        await feedback.complain(session, wrong, 7, await a_chat(session, ANNA), Fault.WRONG_STATUS, NOON)
        await cards.lay(session, (await a_chat(session, ANNA)).id, wrong, 5)
        found = await merging.belongings(session, source)
        assert (found.claims, found.articles, found.mentions, found.changes) == (1, 3, 2, 1)
        assert (found.subscriptions, found.mutes, found.complaints) == (2, 0, 1)

        await merged(session)

    async with database.read() as session:
        row = await the_deal(session)
        assert await deals.by_slug(session, "beta-alpha") is row
        assert [await count(session, table) for table in (Claim, Mention, Complaint)] == [3, 2, 1]
        for table in (Claim, Mention, Change, Card):
            assert await of(session, table) == {row.id}
        assert await followers(session) == [ANNA, BORIS, CLARA]
        history = await changes.history(session, row, 9)
        assert [change.at for change in history] == sorted((change.at for change in history), reverse=True)
        assert [(change.stage, change.quiet) for change in history[1:]] == [
            (Stage.OFFER, False),
            (Stage.NEAR, True),
            (Stage.TALKS, False),
        ]


async def test_the_deal_stands_where_all_claims_leave_it(database: Database) -> None:
    """If that is elsewhere, the history says who merged what, nobody is told, and the cards are to be edited."""
    async with database.write() as session:
        source, target = await track(session, a_deal("beta-alpha")), await track(session)
        await a_follower(session, BORIS, target)
        await hear(session, target, TALKS)
        (told,) = await changes.history(session, target, 9)
        await cards.lay(session, (await a_chat(session, BORIS)).id, told, 5)
        await hear(session, source, OFF)
        before = await letters(session)
        change = await merged(session)

        row = await the_deal(session)
        assert (row.stage, row.confirmed, row.origins) == (Stage.CALLED_OFF, True, ["beta"])
        assert change
        assert (change.from_stage, change.stage, change.quiet) == (Stage.TALKS, Stage.CALLED_OFF, True)
        assert (change.by, change.reason, change.at) == (OWNER, "merged with beta-alpha", NOON + DAY)
        assert await letters(session) == before
        shown = (await session.scalars(select(Card))).one()
        assert shown.moved > shown.shown
        # The change rests on the claims, and is no decision that would outlast them.
        query = select(Claim).where(Claim.origin == "Beta").options(joinedload(Claim.deal), joinedload(Claim.article))
        wrong = (await session.scalars(query)).one()
        await ledger.strike(session, wrong, OWNER, "misread", NOON + 2 * DAY)
        assert (await the_deal(session)).stage is Stage.TALKS


async def test_a_merger_that_moves_nothing_leaves_no_line(database: Database) -> None:
    """The deal stands as before, and as all claims together say."""
    async with database.write() as session:
        source, target = await track(session, a_deal("beta-alpha")), await track(session)
        await hear(session, target, TALKS)
        await hear(session, source, a_report(Stage.TALKS, NOON + timedelta(minutes=1), origin="Reuters"))
        newest = (await deals.watchlist_version(session))[1]
        assert await merged(session) is None

        row = await the_deal(session)
        assert row.revision > newest  # or else no running matcher would hear that there is a deal less
        assert (row.stage, row.origins) == (Stage.TALKS, ["bloomberg", "reuters"])
        assert await recount(session, row) == row.standing


async def test_what_one_article_says_of_both_is_kept_once(database: Database) -> None:
    """The history of the deal that went rests on the claim that stays; what a chat was told goes on being told."""
    async with database.write() as session:
        source, target = await track(session, a_deal("beta-alpha")), await track(session)
        await a_follower(session, CLARA, target)
        article = write_article(TALKS)
        await hear(session, target, TALKS, article=article)
        for letter in await session.scalars(select(Letter)):
            letter.sent_at = NOON
        await a_follower(session, CLARA, source)
        await a_follower(session, ANNA, source)
        await hear(session, source, TALKS, article=article)
        assert len(await letters(session)) == 3
        await merged(session)

    async with database.read() as session:
        assert await count(session, Claim) == 1
        assert [len(c.claims) for c in await changes.history(session, await the_deal(session), 9)] == [1, 1]
        assert [letter for letter in await letters(session) if letter[-1]] == [(CLARA, Stage.TALKS, True)]


async def test_what_waits_about_the_deal_that_goes_is_not_told(database: Database) -> None:
    """Of the deal that stays it may be untrue; and what waits to be told of that one still is."""
    async with database.write() as session:
        source, target = await track(session, a_deal("beta-alpha")), await track(session)
        for deal in (source, target):
            await a_follower(session, ANNA, deal)
        await hear(session, source, OFF)
        for subscribed in await session.scalars(select(Subscription)):
            subscribed.moves = Moves.REPORTS
        await hear(session, source, a_report(Stage.CALLED_OFF, NOON + 3 * HOUR, origin="Reuters"))
        await hear(session, target, a_report(Stage.AGREED, NOON + 4 * HOUR, origin="Alpha", speaker=Speaker.PARTY))
        assert await count(session, Letter) == 3
        await merged(session)

        assert (await the_deal(session)).status is Status.FINALIZED
        query = select(Letter).order_by(Letter.id).options(joinedload(Letter.change))
        found = (await session.scalars(query)).all()
        assert [(x.error, x.abandoned_at, x.change and x.change.stage) for x in found] == [
            (WITHDRAWN, NOON + DAY, Stage.CALLED_OFF),
            (WITHDRAWN, NOON + DAY, None),
            (None, None, Stage.AGREED),
        ]


async def test_a_mute_moves_unless_it_would_silence_the_other_deal(database: Database) -> None:
    """Who followed only the one that went hears nothing still; who hears of the other by any subscription goes on."""
    async with database.write() as session:
        source, target = await track(session, a_deal("beta-alpha")), await track(session)
        for chat in (ANNA, CLARA, DORA):
            await subscription.mute(session, await a_follower(session, chat, source), source, NOON + 2 * DAY)
        await a_follower(session, CLARA, target)
        for number, everything in enumerate((Target(party="Beta"), Target(kind=source.kind), Target()), 5):
            chat = await a_chat(session, number)
            await subscription.follow(session, chat, everything, NOON)
            await subscription.mute(session, chat, source, NOON + 2 * DAY)
        await subscription.mute(session, await a_chat(session, 8), source, NOON + 2 * DAY)  # follows nothing any more
        await subscription.follow(session, await a_chat(session, DORA), Target(), NOON)
        await merged(session)

        row = await the_deal(session)
        heard = await subscription.listeners(session, row, NOON + DAY)
        assert {listener.subscriber.chat_id for listener in heard} == {CLARA, DORA, 5, 6, 7}
        assert await count(session, Mute) == 1


async def merged_words(session: AsyncSession, source: DealValue, target: DealValue) -> tuple[Sequence[str], DealValue]:
    """The names that the question says are lost, and the deal that is left."""
    rows = [await track(session, value) for value in (source, target)]
    lost = await merging.lost_names(session, rows[0], rows[1])
    await merged(session)
    (row,) = await deals.all_deals(session)
    return lost, row.value


def between(slug: str, *parties: Party, keywords: tuple[str, ...] = ()) -> DealValue:
    return DealValue(slug, "About it", Kind.MERGER, parties, keywords)


async def test_names_of_the_same_company_are_added(database: Database) -> None:
    """The deal goes by the names of both, the one party that is left on each side, too; and by all keywords."""
    beta, gamma = Party("Beta Inc", ("Beta", "B. Group"), ticker="BB", excludes=("Beta Max",)), Party("Gamma")
    source = between("beta-alpha", beta, gamma, keywords=("jet", "Alpha"))
    target = between("alpha-beta", Party("Alpha", ticker="A"), Party("Beta"), keywords=("bid",))
    async with database.write() as session:
        lost, words = await merged_words(session, source, target)

        assert words.parties == (
            Party("Alpha", ("Gamma",), ticker="A"),
            Party("Beta", ("Beta Inc", "B. Group"), ticker="BB", excludes=("Beta Max",)),
        )
        assert (lost, words.keywords) == ([], ("bid", "jet"))
        assert await deals.find_party(session, "b group") == "Beta"
        assert await deals.find_party(session, "gamma") == "Alpha"


async def test_names_that_would_count_where_they_did_not_are_lost(database: Database) -> None:
    """Those that need a word beside them, unless it is asked for anyway, and those of who knows which company."""
    needy = Party("Apple", ("Apple Inc", "AAPL"), ticker="AAPL", requires=("iPhone", "Mac"))
    source = between("beta-alpha", needy, Party("Gamma"), Party("Delta"))
    for requires, lost_of_apple in (
        ((), ["Apple Inc", "AAPL"]),
        (("mac",), []),
        (("orchard", "Mac"), ["Apple Inc", "AAPL"]),
    ):
        target = between("alpha-beta", Party("Apple", requires=requires), Party("Beta"), Party("Epsilon"))
        async with database.write() as session:
            lost, words = await merged_words(session, source, target)
            assert lost == [*lost_of_apple, "Gamma", "Delta"]
            assert words.parties[0].requires == requires
            assert words.parties[0].ticker == (None if lost_of_apple else "AAPL")
            assert words.parties[1:] == target.parties[1:]
            await session.delete(await the_deal(session))


async def test_what_waits_about_the_deal_that_stays_is_not_told_if_it_is_untrue_now(database: Database) -> None:
    """Changes and reports that say something else than where the merger leaves the deal; what says less still is."""
    waiting = select(Letter.error).order_by(Letter.id)
    async with database.write() as session:
        source, target = await track(session, a_deal("beta-alpha")), await track(session)
        await a_follower(session, ANNA, target)
        for subscribed in await session.scalars(select(Subscription)):
            subscribed.moves = Moves.REPORTS
        for hours, origin in enumerate(("Bloomberg", "Reuters", "Wire")):
            await hear(session, target, a_report(Stage.TALKS, NOON + hours * HOUR, origin=origin))
        assert await session.scalar(select(func.count(Letter.report_id))) == 1
        await hear(session, target, a_report(Stage.AGREED, NOON + 3 * HOUR, origin="FT"))
        assert list(await session.scalars(waiting)) == [None, None, None, None]
        await hear(session, source, a_report(Stage.AGREED, NOON + 4 * HOUR, origin="Beta", speaker=Speaker.PARTY))
        assert await merged(session)
        assert list(await session.scalars(waiting)) == [WITHDRAWN, WITHDRAWN, WITHDRAWN, None]


async def test_a_merger_that_moves_nothing_withdraws_nothing(database: Database) -> None:
    """How the deal came where it stands is told as it would have been."""
    async with database.write() as session:
        source, target = await track(session, a_deal("beta-alpha")), await track(session)
        await a_follower(session, ANNA, target)
        await hear(session, target, TALKS, a_report(Stage.AGREED, NOON + HOUR, origin="FT"))
        await hear(session, source, a_report(Stage.TALKS, NOON - DAY, origin="Reuters"))
        assert await merged(session) is None
        assert set(await session.scalars(select(Letter.error))) == {None}


async def test_a_message_under_way_becomes_a_card_of_the_deal_that_stays(database: Database) -> None:
    """It was sent before the merger, and stored after it; it is to be edited, though the deal stands as it says."""
    async with database.write() as session:
        source, _ = await track(session, a_deal("beta-alpha")), await track(session)
        chat = await a_follower(session, ANNA, source)
        await hear(session, source, TALKS)
        (told,) = await changes.history(session, source, 9)
        await merged(session)
    async with database.write() as session:
        await cards.lay(session, chat.id, told, 5)
        (laid,) = await session.scalars(select(Card))
        assert (laid.deal_id, laid.message_id) == ((await the_deal(session)).id, 5)
        assert laid.moved > laid.shown
