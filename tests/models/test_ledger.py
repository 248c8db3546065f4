from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from builders import DAY, HOUR, NOON, a_chat, a_deal, a_follower, a_report, track, write_article, write_claim
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from matcher.decide import QUIET_AFTER, Outcome
from matcher.vocabulary import ChangeKind, Report, Speaker, Stage, Status, Trust
from models import change, deal, ledger, outbox, owner
from models import subscription as subscriptions
from models.article import Claim
from models.change import Change
from models.database import Database
from models.deal import Deal
from models.outbox import Letter
from models.subscriber import Wire
from models.subscription import EVERYTHING, Target

TALKS = a_report(Stage.TALKS)
CALLED_OFF = a_report(Stage.CALLED_OFF, NOON + HOUR, origin="Reuters")
HELD = a_report(Stage.AGREED, NOON + 2 * HOUR, origin="Blog", trust=Trust.UNVETTED)


async def hear(session: AsyncSession, row: Deal, report: Report, at: datetime | None = None) -> Change | None:
    return await ledger.hear(session, write_claim(row, report), at or report.moment)


async def letters(session: AsyncSession) -> Sequence[Letter]:
    query = select(Letter).options(joinedload(Letter.subscriber), joinedload(Letter.change)).order_by(Letter.id)
    return (await session.scalars(query)).all()


async def claims(session: AsyncSession) -> Sequence[Claim]:
    query = select(Claim).options(joinedload(Claim.article), joinedload(Claim.deal)).order_by(Claim.id)
    return (await session.scalars(query)).all()


async def test_a_move_is_the_deal_its_history_and_its_letters(database: Database) -> None:
    """One transaction holds the new standing, the change with its claims, and one letter per follower, due at once."""
    async with database.write() as session:
        row = await track(session)
        await a_follower(session, 1, row)
        await a_follower(session, 2, row)
        await hear(session, row, TALKS, at=NOON + HOUR)

    async with database.read() as session:
        found = await deal.by_slug(session, "alpha-beta")
        assert found
        (moved,) = await change.history(session, found, limit=9)
        assert (found.stage, found.status, found.origins) == (Stage.TALKS, Status.RUMORED, ["bloomberg"])
        assert (moved.kind, moved.from_stage, moved.stage) == (ChangeKind.STATUS, None, Stage.TALKS)
        assert (moved.at, moved.confirmed, moved.sources, moved.quiet) == (NOON + HOUR, False, 1, False)
        assert [claim.article.ref for claim in moved.claims] == [TALKS.article]
        assert [claim.outcome for claim in await claims(session)] == [Outcome.MOVED]
        posted = await letters(session)
        assert [letter.subscriber.chat_id for letter in posted] == [1, 2]
        assert {(letter.change_id, letter.due_at, letter.attempts) for letter in posted} == {(moved.id, NOON + HOUR, 0)}


async def test_a_move_is_rolled_back_as_a_whole(database: Database) -> None:
    """When the transaction fails, neither the standing nor the history nor a letter remains."""
    async with database.write() as session:
        await a_follower(session, 1, await track(session))

    async def fail() -> None:
        async with database.write() as session:
            await hear(session, (await session.scalars(select(Deal))).one(), TALKS)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.read() as session:
        assert (await session.scalars(select(Deal))).one().stage is None
        for table in (Change, Letter, Claim):
            assert await session.scalar(select(func.count()).select_from(table)) == 0


async def test_whoever_follows_in_several_ways_gets_one_letter(database: Database) -> None:
    """A chat that follows the deal, a party and everything hears of a change once."""
    async with database.write() as session:
        row = await track(session)
        chat = await a_follower(session, 1, row)
        for party in ("Alpha", "Beta"):
            await subscriptions.follow(session, chat, Target(party=party), NOON)
        await subscriptions.follow(session, chat, EVERYTHING, NOON)
        await hear(session, row, TALKS)

        assert len(await letters(session)) == 1


@pytest.mark.parametrize(
    ("target", "told"),
    [
        pytest.param({"deal": "alpha-beta"}, True, id="the deal"),
        pytest.param({"deal": "alpha-gamma"}, False, id="another deal"),
        pytest.param({"party": "Alpha"}, True, id="a party"),
        pytest.param({"party": "b.e.t.a"}, True, id="a party, spelled differently"),
        pytest.param({"party": "Gamma"}, False, id="another party"),
        pytest.param({}, True, id="everything"),
    ],
)
async def test_followers_of_a_deal_a_party_or_everything_are_told(
    database: Database, target: dict[str, str], told: bool
) -> None:
    """Each subscription gets exactly the changes it is for."""
    async with database.write() as session:
        rows = {slug: await track(session, a_deal(slug)) for slug in ("alpha-beta", "alpha-gamma")}
        chat = await a_chat(session, 1)
        followed = rows[target["deal"]] if "deal" in target else None
        await subscriptions.follow(session, chat, Target(followed, target.get("party") or ""), NOON)
        await hear(session, rows["alpha-beta"], TALKS)

        assert len(await letters(session)) == int(told)


async def test_a_party_is_followed_into_its_future_deals(database: Database) -> None:
    """A deal that is tracked only after someone followed its party is followed too."""
    async with database.write() as session:
        await subscriptions.follow(session, await a_chat(session, 1), Target(party="Beta"), NOON)
        await hear(session, await track(session), TALKS)

        assert len(await letters(session)) == 1


async def test_small_steps_are_recorded_without_a_letter(database: Database) -> None:
    """A second source, or a step that is no key move, is history and nothing more."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, a_report(Stage.SPECULATION))
        await a_follower(session, 1, row)
        talks = await hear(session, row, a_report(Stage.TALKS, NOON + HOUR))
        second = await hear(session, row, a_report(Stage.TALKS, NOON + 2 * HOUR, origin="Reuters"))

        assert talks
        assert second
        assert (talks.quiet, second.quiet) == (True, True)
        assert (second.kind, second.sources) == (ChangeKind.CONFIRMATION, 2)
        assert await letters(session) == []


async def test_a_change_can_be_recorded_quietly(database: Database) -> None:
    """A caller that knows the news to be old moves the deal without telling anyone."""
    async with database.write() as session:
        row = await track(session)
        await a_follower(session, 1, row)
        claim = write_claim(row, TALKS)
        moved = await ledger.hear(session, claim, NOON, quietly=True)

        assert moved
        assert moved.quiet
        assert row.stage is Stage.TALKS
        assert await letters(session) == []


async def test_history_is_newest_first_and_names_its_claims(database: Database) -> None:
    """Every change leads to the articles that made it; a confirmation by two names the one that made the difference."""
    async with database.write() as session:
        row = await track(session)
        for report in (TALKS, CALLED_OFF):
            await hear(session, row, report)

    async with database.read() as session:
        found = (await session.scalars(select(Deal))).one()
        newest, first = await change.history(session, found, limit=9)
        assert [c.article.ref for c in newest.claims] == [CALLED_OFF.article]
        assert [c.article.ref for c in first.claims] == [TALKS.article]
        assert len(await change.history(session, found, limit=1)) == 1


async def test_what_was_heard_earlier_counts(database: Database) -> None:
    """A copy of an earlier report is known as one, also within one transaction."""
    async with database.write() as session:
        row = await track(session)
        for report in (TALKS, CALLED_OFF):
            await hear(session, row, report)
        moved = await hear(session, row, a_report(Stage.TALKS, NOON + DAY, outlet="Daily Planet"))

        assert moved is None
        assert row.stage is Stage.CALLED_OFF
        assert [claim.outcome for claim in await claims(session)] == [Outcome.MOVED, Outcome.MOVED, Outcome.COPY]


@pytest.mark.parametrize(
    "earlier",
    [
        pytest.param(a_report(Stage.TALKS, background=True), id="told as background"),
        pytest.param(a_report(Stage.TALKS, settled=True), id="told as settled"),
        pytest.param(a_report(Stage.TALKS, NOON - 15 * DAY), id="told long ago"),
    ],
)
async def test_what_was_no_report_of_these_days_cannot_be_copied(database: Database, earlier: Report) -> None:
    """Only live reports of the last fourteen days make another outlet's report a copy."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, a_report(Stage.CALLED_OFF, NOON - 20 * DAY, origin="Reuters"))
        await hear(session, row, earlier)
        await hear(session, row, a_report(Stage.CALLED_OFF, NOON - 14 * DAY, origin="Reuters"))
        await hear(session, row, a_report(Stage.TALKS, NOON + HOUR, outlet="Daily Planet"))

        assert row.stage is Stage.TALKS


async def test_an_outlet_is_the_same_under_its_short_name(database: Database) -> None:
    """WSJ's second report is fresh news by The Wall Street Journal, and no copy of its first."""
    async with database.write() as session:
        row = await track(session)
        wsj = {"origin": "The Wall Street Journal", "outlet": "WSJ"}
        await hear(session, row, a_report(Stage.TALKS, **wsj))  # type: ignore[arg-type]  # keyword arguments
        await hear(session, row, CALLED_OFF)
        await hear(session, row, a_report(Stage.TALKS, NOON + DAY, **wsj))  # type: ignore[arg-type]

        assert row.stage is Stage.TALKS


async def test_an_agency_s_next_story_is_no_copy_of_its_first(database: Database) -> None:
    """Who prints an agency's stories brings what it reports, not what was said of its reports."""
    refusals = [
        a_report(Stage.REJECTED, NOON + at, origin="Reuters", outlet="Daily Planet", speaker=Speaker.PARTY, quote=words)
        for at, words in ((HOUR, "Beta rejects Alpha"), (5 * DAY, "Beta turns down the raised offer"))
    ]
    async with database.write() as session:
        row = await track(session)
        for report in (refusals[0], a_report(Stage.OFFER, NOON + 3 * DAY), refusals[1]):
            article = write_article(report)
            article.body = f"LONDON (Reuters) - {report.claim.quote}."
            await ledger.hear(session, write_claim(row, report, article=article), NOON)

        assert row.stage is Stage.REJECTED


async def test_an_article_that_speaks_of_itself_twice_is_one_origin(database: Database) -> None:
    """Two claims of one article on one deal act one after the other."""
    async with database.write() as session:
        row = await track(session)
        article = write_article(TALKS)
        for stage in (Stage.TALKS, Stage.OFFER):
            claim = write_claim(row, a_report(stage), article=article)
            await ledger.hear(session, claim, NOON)

        assert (row.stage, row.origins) == (Stage.OFFER, ["bloomberg"])


# Held claims ---------------------------------------------------------------------------------------------------------


async def test_the_owner_is_asked_about_a_held_claim(database: Database) -> None:
    """The deal stays where it is, its followers hear nothing, and the owner gets the claim to decide upon."""
    async with database.write() as session:
        row = await track(session)
        await a_follower(session, 1, row)
        await a_chat(session, 42)
        await owner.appoint(session, 42)
        assert await hear(session, row, HELD) is None

    async with database.read() as session:
        (letter,) = await letters(session)
        (claim,) = await claims(session)
        assert (letter.subscriber.chat_id, letter.claim_id, letter.change_id) == (42, claim.id, None)
        assert claim.outcome is Outcome.HELD


async def test_a_held_claim_waits_for_an_owner(database: Database) -> None:
    """Without an owner nothing is lost: whoever becomes one is asked about everything that is held, once."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, HELD)
        assert await letters(session) == []

        await a_chat(session, 42)
        await owner.appoint(session, 42)
        await outbox.post_waiting(session, NOON)
        await outbox.post_waiting(session, NOON)

        assert [letter.subscriber.chat_id for letter in await letters(session)] == [42]


async def test_two_held_claims_of_one_transaction_agree(database: Database) -> None:
    """Two unvetted feeds with different origins move the deal together, also when they come in one batch."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, HELD)
        moved = await hear(session, row, a_report(Stage.AGREED, NOON + DAY, origin="Forum", trust=Trust.UNVETTED))

        assert moved
        assert (moved.stage, moved.sources, len(moved.claims)) == (Stage.AGREED, 2, 2)


async def test_a_person_releases_a_held_claim_once(database: Database) -> None:
    """The tap moves the deal and tells its followers; a second tap does nothing."""
    async with database.write() as session:
        row = await track(session)
        await a_follower(session, 1, row)
        await hear(session, row, HELD)

    async with database.write() as session:
        (held,) = await claims(session)
        moved = await ledger.release(session, held, NOON + DAY)
        assert moved
        assert (moved.stage, moved.at, moved.claims) == (Stage.AGREED, NOON + DAY, [held])
        assert await ledger.release(session, held, NOON + DAY) is None
        assert len(await letters(session)) == 1


async def test_what_another_origin_released_is_not_held_any_longer(database: Database) -> None:
    """A late tap on a claim that moved the deal together with another one does not move it again."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, HELD)
        await hear(session, row, a_report(Stage.AGREED, NOON + DAY, origin="Reuters"))

        held, _ = await claims(session)
        assert held.outcome is Outcome.MOVED
        assert await ledger.release(session, held, NOON + 2 * DAY) is None


# The timer -----------------------------------------------------------------------------------------------------------


async def test_silence_makes_a_rumor_quiet_and_any_claim_wakes_it(database: Database) -> None:
    """After a year without a claim the rumor is quiet, untold; the next report wakes it, and the followers hear so."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, a_report(Stage.NEAR))
        await a_follower(session, 1, row)

        assert await ledger.mark_quiet(session, NOON + QUIET_AFTER - timedelta(seconds=1)) == []
        (fallen,) = await ledger.mark_quiet(session, NOON + QUIET_AFTER)
        assert await ledger.mark_quiet(session, NOON + QUIET_AFTER) == []
        assert (fallen.from_stage, fallen.stage, fallen.quiet) == (Stage.NEAR, Stage.QUIET, True)
        assert await letters(session) == []

        await hear(session, row, a_report(Stage.TALKS, NOON + 2 * QUIET_AFTER))
        (letter,) = await letters(session)
        assert letter.change
        assert (letter.change.from_stage, letter.change.stage) == (Stage.QUIET, Stage.TALKS)


@pytest.mark.parametrize("report", [a_report(Stage.CALLED_OFF), a_report(Stage.COMPLETED)])
async def test_only_rumors_fall_quiet(database: Database, report: Report) -> None:
    """What is decided stays decided."""
    async with database.write() as session:
        await hear(session, await track(session), report)

        assert await ledger.mark_quiet(session, NOON + 2 * QUIET_AFTER) == []


# A starting point ----------------------------------------------------------------------------------------------------


async def test_a_starting_point_is_history_but_no_news(database: Database) -> None:
    """It says where the deal stood and since when; nobody is told."""
    async with database.write() as session:
        row = await track(session)
        await a_follower(session, 1, row)
        begun = await ledger.begin(session, row, Stage.AGREED, NOON - DAY)

        assert begun
        assert (begun.at, begun.from_stage, begun.stage, begun.quiet) == (NOON - DAY, None, Stage.AGREED, True)
        assert (row.stage, row.moment, row.last_heard) == (Stage.AGREED, NOON - DAY, NOON - DAY)
        assert await letters(session) == []


async def test_a_starting_point_does_not_replace_what_is_known(database: Database) -> None:
    """A deal that has a status keeps it."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS)

        assert await ledger.begin(session, row, Stage.AGREED, NOON) is None
        assert row.stage is Stage.TALKS


async def test_a_starting_point_gives_way_to_newer_reports_only(database: Database) -> None:
    """It competes like a claim of its own time."""
    async with database.write() as session:
        row = await track(session)
        await ledger.begin(session, row, Stage.TALKS, NOON)

        assert await hear(session, row, a_report(Stage.CALLED_OFF, NOON - HOUR)) is None
        assert await hear(session, row, a_report(Stage.CALLED_OFF, NOON + HOUR, speaker=Speaker.PARTY))


async def test_chats_of_every_wire_are_told(database: Database) -> None:
    """The ledger writes for all; who delivers is another matter."""
    async with database.write() as session:
        row = await track(session)
        for chat_id, wire in ((1, Wire.TELEGRAM), (2, Wire.TERMINAL)):
            await subscriptions.follow(session, await a_chat(session, chat_id, wire), EVERYTHING, NOON)
        await hear(session, row, TALKS)

        assert len(await letters(session)) == 2


async def test_a_text_in_twenty_outlets_is_one_report(database: Database) -> None:
    """Outlets that carry the same text without credit add no source and push nothing; their origin is the first."""
    text = "Alpha has approached Beta about a merger, said two people who were told of the plan on Monday evening."
    async with database.write() as session:
        row = await track(session)
        await a_follower(session, 1, row)
        for number in range(20):
            report = a_report(Stage.TALKS, NOON + number * HOUR / 4, origin=f"Gazette {number}")
            claim = write_claim(row, report)
            claim.article.summary = text
            await ledger.hear(session, claim, report.moment)

    async with database.read() as session:
        found = await deal.by_slug(session, "alpha-beta")
        assert found
        assert found.origins == ["gazette 0"]
        assert {claim.origin for claim in await claims(session)} == {"Gazette 0"}
        assert [claim.outcome for claim in await claims(session)] == [Outcome.MOVED, *[Outcome.COPY] * 19]
        assert len(await letters(session)) == 1


GAZETTE = a_report(Stage.TALKS, origin="Gazette")
SHARED_TEXT = "Alpha has approached Beta about a merger, said two people who were told of the plan on Monday evening."


async def carry(session: AsyncSession, row: Deal, *reports: Report) -> list[str]:
    """Hear reports in articles that share one text; the origins that their claims come to have."""
    for report in reports:
        claim = write_claim(row, report)
        claim.article.summary = SHARED_TEXT
        await ledger.hear(session, claim, report.moment)
    return [claim.origin for claim in await claims(session)]


@pytest.mark.parametrize(("stage", "origin"), [(Stage.TALKS, "Gazette"), (Stage.OFFER, "Planet")])
async def test_only_a_claim_of_the_same_stage_gives_its_origin(database: Database, stage: Stage, origin: str) -> None:
    """Who reads something else in a text did not take that from its first carrier."""
    async with database.write() as session:
        planet = a_report(stage, NOON + HOUR, origin="Planet")
        assert await carry(session, await track(session), GAZETTE, planet) == ["Gazette", origin]


async def test_a_copy_published_later_never_names_an_earlier_original(database: Database) -> None:
    """Whose feed was fetched first does not matter: the earliest took nothing, and the next took it from there."""
    async with database.write() as session:
        planet, bugle = (
            a_report(Stage.TALKS, NOON + n * HOUR, origin=name) for n, name in ((1, "Planet"), (2, "Bugle"))
        )
        origins = await carry(session, await track(session), planet, GAZETTE, bugle)
        assert origins == ["Planet", "Gazette", "Gazette"]


async def test_a_credit_given_by_name_stands(database: Database) -> None:
    """Where an article says from whom it has its news, the likeness of its text says nothing against that."""
    async with database.write() as session:
        credited = a_report(Stage.TALKS, NOON + HOUR, origin="Reuters", outlet="Planet")
        assert await carry(session, await track(session), GAZETTE, credited) == ["Gazette", "Reuters"]
