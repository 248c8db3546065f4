"""What is taken back: changes that a person undoes, claims that are struck, and where the deal stands then."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

import pytest
from builders import DAY, HOUR, NOON, a_chat, a_deal, a_follower, a_report, track, write_article, write_claim
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from matcher.decide import QUIET_AFTER, Outcome
from matcher.vocabulary import Kind, Report, Speaker, Stage, Trust
from models import change as changes
from models import ledger, outbox
from models.article import Claim
from models.change import Change
from models.database import Database
from models.deal import Deal
from models.outbox import Letter
from models.recount import recount

TALKS = a_report(Stage.TALKS)
OFF = a_report(Stage.CALLED_OFF, NOON + HOUR, origin="Reuters")
UNVETTED = a_report(Stage.AGREED, NOON + 2 * HOUR, origin="Blog", trust=Trust.UNVETTED)
OWNER = 42


async def hear(session: AsyncSession, row: Deal, *reports: Report) -> Change | None:
    """Let reports act, each when it was first seen; the change that the last one made."""
    moved = None
    for report in reports:
        moved = await ledger.hear(session, write_claim(row, report), report.moment)
    return moved


async def the_change(session: AsyncSession, number: int) -> Change:
    """One of all changes, by its place, with all that undoing it needs."""
    query = select(Change).options(joinedload(Change.deal), selectinload(Change.claims).joinedload(Claim.article))
    return (await session.scalars(query.order_by(Change.id))).all()[number]


async def the_claim(session: AsyncSession, number: int) -> Claim:
    query = select(Claim).options(joinedload(Claim.deal), joinedload(Claim.article)).order_by(Claim.id)
    return (await session.scalars(query)).all()[number]


async def undo(session: AsyncSession, number: int, at: timedelta = DAY) -> Change | None:
    return await ledger.undo(session, await the_change(session, number), OWNER, "misread", NOON + at)


async def strike(session: AsyncSession, number: int) -> list[Change]:
    return await ledger.strike(session, await the_claim(session, number), OWNER, "another deal", NOON + DAY)


async def letters(session: AsyncSession) -> Sequence[Letter]:
    return (await session.scalars(select(Letter).options(joinedload(Letter.change)).order_by(Letter.id))).all()


async def send_all(session: AsyncSession) -> None:
    """Everything posted so far arrives."""
    for number, letter in enumerate(await letters(session), 1):
        letter.sent_at, letter.message_id = NOON, number
    await session.flush()


# Taking a change back ------------------------------------------------------------------------------------------------


async def test_the_latest_change_is_undone(database: Database) -> None:
    """The deal stands where the earlier reports leave it; the history names who took what back, and why."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS, OFF)
        correction = await undo(session, -1)

        assert (row.stage, row.origins, row.moment) == (Stage.TALKS, ["bloomberg"], TALKS.moment)
        newest, wrong, _ = await changes.history(session, row, 9)
        assert newest is correction
        assert (newest.undoes_id, newest.by, newest.reason) == (wrong.id, OWNER, "misread")
        assert (newest.from_stage, newest.stage, newest.at) == (Stage.CALLED_OFF, Stage.TALKS, NOON + DAY)


async def test_an_older_change_is_undone(database: Database) -> None:
    """What came after it stays."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS, OFF)
        assert await undo(session, 0)

        assert (row.stage, row.origins) == (Stage.CALLED_OFF, ["reuters"])


@pytest.mark.parametrize("quiet", [False, True], ids=["fresh", "fallen quiet since"])
async def test_undoing_all_there_was_leaves_no_report(database: Database, *, quiet: bool) -> None:
    """A deal whose only report was wrong has none again, also when silence has moved it since."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS)
        if quiet:
            assert await ledger.mark_quiet(session, NOON + QUIET_AFTER)
        correction = await undo(session, 0, 2 * QUIET_AFTER)

        assert correction
        assert (correction.stage, correction.status, row.stage, row.origins) == (None, None, None, [])


async def test_a_persons_decision_is_undone(database: Database) -> None:
    """The deal stands again as the reports say."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS)
        assert await ledger.settle(session, row, Stage.DENIED, OWNER, "they told me", NOON + HOUR)
        assert await undo(session, -1)

        assert (row.stage, row.confirmed, row.origins) == (Stage.TALKS, False, ["bloomberg"])


async def test_a_persons_decision_outlasts_an_undo(database: Database) -> None:
    """Taking back what the reports said before does not move what a person set."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS)
        await ledger.settle(session, row, Stage.DENIED, OWNER, "they told me", NOON + HOUR)
        assert await undo(session, 0)

        assert (row.stage, row.confirmed, row.moment) == (Stage.DENIED, True, NOON + HOUR)


async def test_what_a_person_let_through_is_undone(database: Database) -> None:
    """A claim that was released by mistake counts no more."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS, UNVETTED)
        await ledger.release(session, await the_claim(session, -1), NOON + 3 * HOUR)
        assert row.stage is Stage.AGREED
        assert await undo(session, -1)

        assert row.stage is Stage.TALKS


async def test_what_a_person_let_through_outlasts_the_undoing_of_something_else(database: Database) -> None:
    """The released claim keeps its say, and from the time of its release."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS, UNVETTED)
        await ledger.release(session, await the_claim(session, -1), NOON + 3 * HOUR)
        stood = row.standing
        assert await undo(session, 0)

        assert (row.standing, row.moment) == (stood, NOON + 3 * HOUR)


async def test_undoing_twice_is_undoing_once(database: Database) -> None:
    """The second time nothing happens."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS, OFF)
        assert await undo(session, 1)
        assert await undo(session, 1) is None

        assert row.stage is Stage.TALKS
        assert len(await changes.history(session, row, 9)) == 3


async def test_a_fresh_report_moves_the_deal_again(database: Database) -> None:
    """What was taken back is no copy of what is said anew."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS, OFF)
        await undo(session, -1)
        moved = await hear(session, row, a_report(Stage.CALLED_OFF, NOON + 2 * DAY, origin="Reuters"))

        assert moved
        assert row.stage is Stage.CALLED_OFF


@pytest.mark.parametrize("outlet", ["Daily Planet", "Reuters"])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
async def test_a_copy_does_not_bring_back_what_was_undone(database: Database, outlet: str, *, late: bool) -> None:
    """Who repeats the wrong report, or puts it out again, before or after the undo, does not move the deal with it."""
    repeated = a_report(Stage.CALLED_OFF, NOON + 3 * HOUR, origin="Reuters", outlet=outlet)
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS, OFF)
        if not late:
            await hear(session, row, repeated)
        await undo(session, -1)
        if late:
            assert await hear(session, row, repeated) is None

        assert row.stage is Stage.TALKS
        assert (await the_claim(session, -1)).outcome is Outcome.STRUCK


@pytest.mark.parametrize(
    "anew",
    [
        a_report(Stage.CALLED_OFF, NOON + 3 * HOUR, origin="Daily Planet"),
        a_report(Stage.CALLED_OFF, NOON + 3 * HOUR, origin="Reuters", speaker=Speaker.PARTY),
        a_report(Stage.CALLED_OFF, NOON + 3 * HOUR, origin="Reuters", quote="Alpha ends talks with Beta"),
    ],
    ids=["another outlet", "a party", "other words"],
)
async def test_what_is_said_anew_is_no_copy_of_what_was_struck(database: Database, anew: Report) -> None:
    """Another outlet's own report, a party's word and other words count."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS, OFF)
        await undo(session, -1)
        assert await hear(session, row, anew)

        assert row.stage is Stage.CALLED_OFF


async def test_a_copy_of_a_much_later_report_is_none_of_what_was_struck(database: Database) -> None:
    """The same outlet may report another end of the same deal a month later, and others repeat that."""
    anew = a_report(Stage.CALLED_OFF, NOON + 30 * DAY, origin="Reuters")
    repeated = a_report(Stage.CALLED_OFF, NOON + 31 * DAY, origin="Reuters", outlet="Daily Planet")
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS, OFF, a_report(Stage.TALKS, NOON + 20 * DAY), anew, repeated)
        await strike(session, 1)

        assert (await the_claim(session, -1)).outcome is Outcome.COPY


async def test_only_the_step_itself_is_undone(database: Database) -> None:
    """Of an article that made two steps the second is undone without the first."""
    async with database.write() as session:
        row = await track(session)
        article = write_article(TALKS)
        for stage in (Stage.TALKS, Stage.OFFER):
            await ledger.hear(session, write_claim(row, a_report(stage), article=article), NOON)
        assert await undo(session, -1)

        assert row.stage is Stage.TALKS


# Striking a claim ----------------------------------------------------------------------------------------------------


async def test_a_claim_that_alone_made_a_change_takes_it_along(database: Database) -> None:
    """The change is corrected, as if it had been undone."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS, OFF)
        (correction,) = await strike(session, -1)

        assert (row.stage, correction.stage, correction.reason) == (Stage.TALKS, Stage.TALKS, "another deal")


async def test_a_claim_that_only_supported_is_struck_quietly(database: Database) -> None:
    """The deal has a source less; nobody was told anything wrong."""
    async with database.write() as session:
        row = await track(session)
        more = [a_report(Stage.TALKS, NOON + HOUR, origin=name) for name in ("Reuters", "FT")]
        await hear(session, row, TALKS, *more)
        assert await strike(session, -1) == []

        assert (row.stage, row.origins) == (Stage.TALKS, ["bloomberg", "reuters"])
        assert len(await changes.history(session, row, 9)) == 2


async def test_a_change_that_needed_the_claim_falls_with_it(database: Database) -> None:
    """Two unvetted origins moved the deal together; without one of them it does not stand there, and that is told."""
    async with database.write() as session:
        row = await track(session)
        await a_follower(session, 1, row)
        other = a_report(Stage.AGREED, NOON + DAY, origin="Forum", trust=Trust.UNVETTED)
        await hear(session, row, TALKS, UNVETTED, other)
        await send_all(session)
        assert row.stage is Stage.AGREED
        (correction,) = await strike(session, -1)

        assert (row.stage, correction.from_stage, correction.stage) == (Stage.TALKS, Stage.AGREED, Stage.TALKS)
        assert (await letters(session))[-1].change is correction


# Who is told ---------------------------------------------------------------------------------------------------------


async def test_exactly_those_are_corrected_who_were_told(database: Database) -> None:
    """Who got the wrong push, or may have, gets one correction; for whom it waited, it waits no more."""
    async with database.write() as session:
        row = await track(session)
        for chat_id in (1, 2, 3, 4):
            await a_follower(session, chat_id, row)
        await hear(session, row, TALKS)
        told, waiting, lost, given_up = await letters(session)
        told.sent_at, told.message_id = NOON, 7
        lost.uncertain, given_up.abandoned_at = 1, NOON
        await session.flush()
        correction = await undo(session, -1)

        assert correction
        withdrawn = {x.subscriber_id for x in await letters(session) if x.error == outbox.WITHDRAWN}
        assert withdrawn == {waiting.subscriber_id, lost.subscriber_id, given_up.subscriber_id}
        assert [(x.subscriber_id, x.change_id) for x in await letters(session) if x.error is None] == [
            (told.subscriber_id, told.change_id),
            (told.subscriber_id, correction.id),
            (lost.subscriber_id, correction.id),
        ]
        assert [x.answers for x in await outbox.due(session, (await a_chat(session, 1)).wire, NOON + DAY)] == [7, None]
        assert waiting.subscriber_id == 2


async def test_a_correction_makes_no_sound_at_night(database: Database) -> None:
    """A wrong message is put right at once; in the chat's quiet hours without a sound."""
    async with database.write() as session:
        row = await track(session)
        for chat_id in (1, 2):
            await a_follower(session, chat_id, row)
        await hear(session, row, TALKS)
        await send_all(session)
        chat = await a_chat(session, 2)
        chat.quiet_from, chat.quiet_until = 0, 23 * 60
        await undo(session, -1)

        day, night = (await letters(session))[-2:]
        assert (day.silent, night.silent) == (False, True)
        assert [letter.held for letter in (day, night)] == [False, False]


# Counting again ------------------------------------------------------------------------------------------------------

ORIGINS = ("Bloomberg", "Reuters", "Blog")
REPORTS = st.builds(
    a_report,
    st.sampled_from([stage for stage in Stage if stage is not Stage.QUIET]),
    st.integers(0, 40 * 24).map(lambda hours: NOON + hours * HOUR),
    speaker=st.sampled_from([Speaker.OUTLET, Speaker.PARTY, Speaker.SOURCES, Speaker.ANALYST]),
    origin=st.sampled_from(ORIGINS),
    outlet=st.sampled_from([None, "Daily Planet"]),
    trust=st.sampled_from([Trust.TRUSTED, Trust.TRUSTED, Trust.UNVETTED, Trust.OFFICIAL]),
    day_only=st.booleans(),
    background=st.integers(0, 9).map(lambda n: n == 0),
    settled=st.integers(0, 9).map(lambda n: n == 0),
    certainty=st.sampled_from([1.0, 1.0, 0.85, 0.75, 0.6, 0.4]),
)
DEEDS = st.one_of(
    REPORTS,
    REPORTS,
    REPORTS,
    st.just("release"),
    st.just("a year passes"),
    st.sampled_from([Stage.DENIED, Stage.OFFER]),
)
"""What can happen to a deal: a report, a held claim let through, a year of silence, a person's decision."""


@asynccontextmanager
async def _opened(migrated: Path) -> AsyncIterator[Database]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "hearsay.db"
        copy(migrated, path)
        async with Database(path) as database:
            yield database


async def _live(session: AsyncSession, row: Deal, deeds: Sequence[Report | str | Stage]) -> None:
    """Let all this happen to a deal, each a minute after what came before, and no report before it is published."""
    now, numbers = NOON, count()
    for deed in deeds:
        now += HOUR / 60
        match deed:
            case Report():
                now = max(now, deed.moment)
                claim = write_claim(row, deed)
                claim.article.ref, claim.article.first_seen_at = f"{row.slug} {next(numbers)}", now
                claim.article.title = claim.article.ref  # no two have the same text
                await ledger.hear(session, claim, now)
            case "release":
                await _release(session, row, now)
            case Stage():
                await ledger.settle(session, row, deed, OWNER, "", now)
            case _:
                now += QUIET_AFTER
                await ledger.mark_quiet(session, now)
        await session.flush()


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(
            [
                a_report(Stage.REJECTED, origin="Reuters"),
                a_report(Stage.DENIED, NOON + HOUR, origin="Blog", trust=Trust.UNVETTED),
            ],
            id="an unvetted second source of a lesser stage",
        ),
        pytest.param(
            [
                TALKS,
                OFF,
                a_report(Stage.TALKS, NOON + 2 * HOUR, origin="WSJ", speaker=Speaker.ANALYST),
                a_report(Stage.TALKS, NOON + 3 * HOUR, origin="WSJ", outlet="Daily Planet"),
            ],
            id="who repeats an analyst",
        ),
    ],
)
async def test_counting_again_knows(database: Database, story: Sequence[Report]) -> None:
    """Histories that were once counted wrong."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, *story)

        assert await recount(session, row) == row.standing


async def _release(session: AsyncSession, row: Deal, now: datetime) -> None:
    """A person lets the last held claim through, if there is one."""
    held = select(Claim).where(Claim.deal_id == row.id, Claim.outcome == Outcome.HELD)
    with_its_words = held.options(joinedload(Claim.deal), joinedload(Claim.article))
    claim = await session.scalar(with_its_words.order_by(Claim.id.desc()).limit(1))
    if claim:
        await ledger.release(session, claim, now)


@pytest.mark.chaos
def test_counting_again_comes_to_the_same(migrated: Path, times: Callable[..., int]) -> None:
    """Whatever was heard, released, decided and timed: with nothing struck, counting again changes nothing."""
    examples = times(gate=60, chaos=2000)

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(Kind), st.lists(DEEDS, max_size=12))
    def check(kind: Kind, deeds: Sequence[Report | str | Stage]) -> None:
        async def live() -> None:
            async with database.write() as session:
                row = await track(session, a_deal(f"deal-{next(numbers)}", "Alpha", "Beta", kind=kind))
                await _live(session, row, deeds)
                assert await recount(session, row) == row.standing
                await session.rollback()

        runner.run(live())

    numbers = count()
    with asyncio.Runner() as runner:
        opening = _opened(migrated)
        database = runner.run(opening.__aenter__())
        try:
            check()
        finally:
            runner.run(opening.__aexit__(None, None, None))
