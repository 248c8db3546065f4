"""What people say is wrong, as rows; and what the owner's decision about it leaves behind."""

from builders import DAY, HOUR, NOON, a_chat, a_follower, a_report, track, write_claim
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher.decide import Outcome
from matcher.vocabulary import Stage
from models import decisions, ledger, outbox, owner
from models import feedback as feedbacks
from models import subscriber as subscribers
from models.article import Claim
from models.change import Change
from models.database import Database
from models.deal import Deal
from models.feedback import MOST_A_DAY, Complaint, Fault, Feedback, Verdict
from models.outbox import Letter
from models.subscriber import Subscriber, Wire

OWNER = 1009


async def _moved(session: AsyncSession, deal: Deal, stage: Stage = Stage.TALKS, hours: int = 0) -> Change:
    """The deal moves, and who follows it has been told."""
    report = a_report(stage, NOON + hours * HOUR, origin=f"Wire {hours}")
    change = await ledger.hear(session, write_claim(deal, report), report.moment)
    assert change
    for letter in await session.scalars(select(Letter).where(Letter.change_id == change.id)):
        letter.sent_at = NOON + hours * HOUR
    await session.flush()
    return change


async def _complain(session: AsyncSession, change: Change, chat: Subscriber, user: int | None = None) -> Feedback:
    await feedbacks.complain(session, change, user or chat.chat_id, chat, Fault.OTHER_DEAL, NOON + HOUR)
    feedback = await feedbacks.about(session, change)
    assert feedback
    await outbox.post_feedback(session, feedback, NOON + HOUR)
    return feedback


async def _letters(session: AsyncSession, feedback: Feedback) -> list[int]:
    """The chats that get a message about the feedback."""
    about = select(Subscriber.chat_id).join(Letter, Letter.subscriber_id == Subscriber.id)
    return list(await session.scalars(about.where(Letter.feedback_id == feedback.id).order_by(Letter.id)))


async def test_the_first_word_of_a_user_counts(database: Database) -> None:
    """One complaint per user and change; one question per change, and one letter to the owner."""
    async with database.write() as session:
        await owner.appoint(session, OWNER)
        change = await _moved(session, await track(session))
        chat = await a_chat(session, 1)
        for user in (1, 1, 2):
            feedback = await _complain(session, change, chat, user)
        await feedbacks.complain(session, change, 1, chat, Fault.WRONG_STATUS, NOON + 2 * HOUR)
        again = await feedbacks.about(session, change)

        assert again is feedback
        assert again.faults == {Fault.OTHER_DEAL: 2}
        assert await _letters(session, feedback) == [OWNER]


async def test_a_day_ends_the_patience_and_renews_it(database: Database) -> None:
    """The limit counts the complaints of the last 24 hours, of one user."""
    async with database.write() as session:
        deal, chat = await track(session), await a_chat(session, 1)
        stages = (Stage.TALKS, Stage.AGREED, Stage.TERMINATED, Stage.OFFER, Stage.CALLED_OFF)
        for hours, stage in enumerate(stages):
            assert not await feedbacks.has_said_enough(session, 1, NOON + HOUR)
            await _complain(session, await _moved(session, deal, stage, hours), chat)

        assert len(stages) == MOST_A_DAY
        assert await feedbacks.has_said_enough(session, 1, NOON + HOUR)
        assert not await feedbacks.has_said_enough(session, 2, NOON + HOUR)
        assert not await feedbacks.has_said_enough(session, 1, NOON + HOUR + DAY)


async def test_the_verdict_reaches_each_chat_once(database: Database) -> None:
    """Whoever complained hears of it, the one who is corrected does not hear it twice, and the first verdict stands."""
    async with database.write() as session:
        await owner.appoint(session, OWNER)
        deal = await track(session)
        told, untold = await a_follower(session, 1, deal), await a_chat(session, 2)
        change = await _moved(session, deal)
        for chat in (told, untold):
            feedback = await _complain(session, change, chat)
        for _ in range(2):
            await decisions.take_back(session, change, OWNER, NOON + 2 * HOUR)
            await decisions.dismiss(session, feedback, NOON + 3 * HOUR)

        assert (feedback.verdict, feedback.closed_at) == (Verdict.UNDONE, NOON + 2 * HOUR)
        assert await _letters(session, feedback) == [2]  # the owner was not asked yet, and need not be any more
        correction = await decisions.correction_of(session, change)
        assert correction
        assert await outbox.told(session, correction) == 1


async def test_a_question_that_was_asked_stays(database: Database) -> None:
    """The letter that the owner has got is kept when it is answered."""
    async with database.write() as session:
        await owner.appoint(session, OWNER)
        change = await _moved(session, await track(session))
        feedback = await _complain(session, change, await a_chat(session, 1))
        asked = (await session.scalars(select(Letter).where(Letter.feedback_id == feedback.id))).one()
        asked.sent_at = NOON + HOUR
        await decisions.dismiss(session, feedback, NOON + 2 * HOUR)

        assert await _letters(session, feedback) == [OWNER, 1]


async def test_one_strike_answers_every_question_that_it_settles(database: Database) -> None:
    """A report behind two changes takes both back; those who complained about either hear of it."""
    async with database.write() as session:
        await owner.appoint(session, OWNER)
        deal = await track(session)
        change = await _moved(session, deal)
        claim = (await session.scalars(select(Claim))).one()
        other = Change(
            deal=deal, at=NOON + HOUR, kind=change.kind, from_stage=None, stage=Stage.TALKS, confirmed=False,
            sources=1, contested=False, quiet=False, claims=[claim],
        )  # fmt: skip
        session.add(other)
        await session.flush()
        first, second = [await _complain(session, c, await a_chat(session, n)) for n, c in ((1, change), (2, other))]
        for _ in range(2):
            await decisions.strike(session, first, claim, OWNER, NOON + 2 * HOUR)

        assert claim.outcome is Outcome.STRUCK
        assert (first.verdict, second.verdict) == (Verdict.STRUCK, Verdict.UNDONE)
        assert (await _letters(session, first), await _letters(session, second)) == ([1], [2])


async def test_a_report_beside_others_is_struck_alone(database: Database) -> None:
    """What the others say stands, and nobody is corrected."""
    async with database.write() as session:
        await owner.appoint(session, OWNER)
        deal = await track(session)
        await a_follower(session, 1, deal)
        await _moved(session, deal)
        change = await _moved(session, deal, Stage.TALKS, hours=1)  # the second source
        (claim,) = change.claims
        feedback = await _complain(session, change, await a_chat(session, 2))
        await decisions.strike(session, feedback, claim, OWNER, NOON + 2 * HOUR)

        assert (deal.stage, deal.origins) == (Stage.TALKS, ["wire 0"])


async def test_a_complaint_outlives_the_chat_it_came_from(database: Database) -> None:
    """A chat that became another one takes nothing back."""
    async with database.write() as session:
        change = await _moved(session, await track(session))
        chat = await a_chat(session, -1)
        await _complain(session, change, chat, user=7)
        await subscribers.meet(session, -2, Wire.TELEGRAM, NOON)
        await subscribers.migrate(session, -1, -2)

    async with database.read() as session:
        assert len((await session.scalars(select(Complaint))).all()) == 1


async def test_an_audience_is_who_would_be_told(database: Database) -> None:
    """The number that a decision announces is the number of letters that it writes, for every stage."""
    for stage in Stage:
        async with database.write() as session:
            trial = await session.begin_nested()
            deal = await track(session)
            await ledger.begin(session, deal, Stage.SPECULATION, NOON)
            await a_follower(session, 1, deal)
            expected = await decisions.audience(session, deal, stage, NOON + HOUR)
            change = await ledger.settle(session, deal, stage, OWNER, "So it is", NOON + HOUR)
            assert change is None or await outbox.told(session, change) == expected
            await trial.rollback()
