from collections.abc import Sequence
from datetime import timedelta

import pytest
from builders import DAY, HOUR, NOON, a_chat, a_deal, a_report, track, write_claim
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from matcher.decide import QUIET_AFTER
from matcher.vocabulary import Kind, Report, Speaker, Stage, Trust
from models import ledger, outbox
from models import subscription as subscriptions
from models.database import Database
from models.deal import Deal
from models.outbox import Letter
from models.subscription import EVERYTHING, Moves, Subscription, Target, passes

TALKS = a_report(Stage.TALKS)


async def follow(session: AsyncSession, target: Target, chat: int = 1, **settings: object) -> Subscription:
    """Let a chat follow something, with these settings of the subscription."""
    await subscriptions.follow(session, await a_chat(session, chat), target, NOON)
    subscription = (await session.scalars(select(Subscription).order_by(Subscription.id.desc()).limit(1))).one()
    for name, value in settings.items():
        setattr(subscription, name, value)
    await session.flush()
    return subscription


async def hear(session: AsyncSession, row: Deal, *reports: Report) -> None:
    for report in reports:
        await ledger.hear(session, write_claim(row, report), report.moment)
    await session.flush()


async def letters(session: AsyncSession) -> Sequence[Letter]:
    return (await session.scalars(select(Letter).order_by(Letter.id))).all()


# Which subscription rules --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 2, 3, 4])
async def test_the_most_specific_subscription_rules(database: Database, most: int) -> None:
    """Deal before party before kind before everything, in whatever order they came: one letter, as that one says."""
    async with database.write() as session:
        row = await track(session)
        targets = [EVERYTHING, Target(kind=Kind.ACQUISITION), Target(party="Alpha"), Target(row)]
        for topic, target in reversed(list(enumerate(targets[:most], 1))):
            await follow(session, target, topic_id=topic, silent=topic == most)
        await hear(session, row, TALKS)

        assert [(letter.topic_id, letter.silent) for letter in await letters(session)] == [(most, True)]


async def test_what_the_ruling_one_refuses_no_other_lets_through(database: Database) -> None:
    """Who follows everything with a filter for one deal hears of that deal only what passes."""
    async with database.write() as session:
        row = await track(session)
        await follow(session, EVERYTHING)
        await follow(session, Target(row), words="antitrust")
        await hear(session, row, TALKS)

        assert await letters(session) == []


async def test_who_wants_less_of_one_deal_hears_no_further_report_of_it(database: Database) -> None:
    """However much the chat wants to hear of everything else."""
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, TALKS, a_report(Stage.TALKS, NOON + HOUR, origin="FT"))
        await follow(session, EVERYTHING, moves=Moves.REPORTS)
        await follow(session, Target(row), moves=Moves.KEY)
        wants_all = await follow(session, EVERYTHING, chat=2, moves=Moves.REPORTS)
        await hear(session, row, a_report(Stage.TALKS, NOON + HOUR, origin="WSJ"))

        assert [letter.subscriber_id for letter in await letters(session)] == [wants_all.subscriber_id]


@pytest.mark.parametrize("chats", [1, 4, 5])
async def test_all_of_many_followers_are_told_once(
    database: Database, monkeypatch: pytest.MonkeyPatch, chats: int
) -> None:
    """They are read and written to some at a time."""
    monkeypatch.setattr(subscriptions, "AT_ONCE", 2)
    monkeypatch.setattr(outbox, "AT_ONCE", 2)
    async with database.write() as session:
        row = await track(session)
        for chat in range(chats):
            await follow(session, Target(row), chat=chat + 1)
        await hear(session, row, TALKS)

        assert [letter.subscriber_id for letter in await letters(session)] == list(range(1, chats + 1))


@pytest.mark.parametrize("first", ["Alpha", "Beta"])
async def test_of_two_parties_that_rules_which_tells_more(database: Database, first: str) -> None:
    """Muting one party of a deal does not silence the other, whichever was followed first."""
    async with database.write() as session:
        row = await track(session)
        for party in (first, "Beta" if first == "Alpha" else "Alpha"):
            await follow(session, Target(party=party), muted_until=NOON + DAY if party == "Alpha" else None)
        await hear(session, row, TALKS)

        assert len(await letters(session)) == 1


async def test_other_deals_parties_and_kinds_are_none_of_it(database: Database) -> None:
    """Nobody hears of a deal that none of the subscriptions covers, even if a party has a name without a letter."""
    async with database.write() as session:
        row = await track(session, a_deal("odd", "Alpha", "***"))
        other = await track(session, a_deal("gamma-delta"))
        for chat, target in enumerate([Target(other), Target(party="Gamma"), Target(kind=Kind.STAKE)], 1):
            await follow(session, target, chat)
        await hear(session, row, TALKS)

        assert await letters(session) == []


# Which moves ---------------------------------------------------------------------------------------------------------

AGREED = a_report(Stage.AGREED, NOON + HOUR)
STORIES = {
    "a status": ([TALKS, AGREED], "status key all reports"),
    "a key stage": ([TALKS, a_report(Stage.OFFER, NOON + HOUR)], "key all reports"),
    "a small stage": ([a_report(Stage.SPECULATION), a_report(Stage.TALKS, NOON + HOUR)], "all reports"),
    "a confirmation": ([TALKS, a_report(Stage.TALKS, NOON + HOUR, speaker=Speaker.PARTY)], "key all reports"),
    "a second source": ([TALKS, a_report(Stage.TALKS, NOON + HOUR, origin="FT")], "all reports"),
    "waking from quiet": ([TALKS, a_report(Stage.TALKS, NOON + 2 * QUIET_AFTER + HOUR)], "key all reports"),
    "a third source": (
        [TALKS, *(a_report(Stage.TALKS, NOON + HOUR, origin=name) for name in ("FT", "WSJ"))],
        "reports",
    ),
    "the same outlet again": ([TALKS, a_report(Stage.TALKS, NOON + HOUR)], ""),
    "a copy": ([TALKS, a_report(Stage.TALKS, NOON + HOUR, outlet="Daily Planet")], ""),
    "a settled fact": ([a_report(Stage.COMPLETED, settled=True)], ""),
    "an analyst": ([TALKS, a_report(Stage.AGREED, NOON + HOUR, speaker=Speaker.ANALYST)], ""),
    "an unvetted feed": ([TALKS, a_report(Stage.AGREED, NOON + HOUR, origin="Blog", trust=Trust.UNVETTED)], ""),
}


@pytest.mark.parametrize(("story", "hearing"), STORIES.values(), ids=STORIES)
async def test_each_chat_hears_of_the_moves_it_asked_for(
    database: Database, story: Sequence[Report], hearing: str
) -> None:
    """Status only, key moves, all moves, every new independent report: each includes those before it."""
    *before, last = story
    async with database.write() as session:
        row = await track(session)
        await hear(session, row, *before)
        if last.moment > NOON + QUIET_AFTER:
            await ledger.mark_quiet(session, NOON + QUIET_AFTER)
        asked = {(await follow(session, EVERYTHING, n, moves=m)).subscriber_id: m for n, m in enumerate(Moves, 1)}
        await hear(session, row, last)

        assert " ".join(asked[letter.subscriber_id] for letter in await letters(session)) == hearing


# Muting --------------------------------------------------------------------------------------------------------------


async def test_a_muted_deal_is_silent_by_whichever_subscription(database: Database) -> None:
    """Until the time is over, or the chat unmutes it; other chats and other deals are not concerned."""
    async with database.write() as session:
        row, other = await track(session), await track(session, a_deal("gamma-delta"))
        for chat in (1, 2):
            await follow(session, EVERYTHING, chat)
        muting = await a_chat(session, 1)
        await subscriptions.mute(session, muting, row, NOON + HOUR)
        await subscriptions.mute(session, muting, row, NOON + DAY)
        await hear(session, row, TALKS)
        await hear(session, other, a_report(Stage.NEAR))
        assert [letter.subscriber_id for letter in await letters(session)] == [2, 1, 2]

        assert await subscriptions.muted_until(session, 1, row, NOON) == NOON + DAY
        assert await subscriptions.muted_until(session, 1, row, NOON + DAY) is None
        await hear(session, row, a_report(Stage.OFFER, NOON + DAY))
        assert len(await letters(session)) == 5
        await subscriptions.mute(session, muting, row, NOON + 9 * DAY)
        await subscriptions.unmute(session, muting, row)
        await hear(session, row, a_report(Stage.NEAR, NOON + 2 * DAY))
        assert len(await letters(session)) == 7


async def test_a_muted_subscription_is_silent_until_its_time_is_over(database: Database) -> None:
    """And as the most specific one it silences the deal."""
    async with database.write() as session:
        row = await track(session)
        await follow(session, EVERYTHING)
        await follow(session, Target(row), muted_until=NOON + timedelta(minutes=1))
        await hear(session, row, TALKS)
        assert await letters(session) == []

        await hear(session, row, a_report(Stage.OFFER, NOON + timedelta(minutes=1)))
        assert len(await letters(session)) == 1


async def test_a_persons_decision_passes_every_filter(database: Database) -> None:
    """It has no words that a filter could look at."""
    async with database.write() as session:
        row = await track(session)
        await follow(session, EVERYTHING, words="antitrust")
        await ledger.settle(session, row, Stage.AGREED, 42, "I know", NOON)

        assert len(await letters(session)) == 1


# Filters -------------------------------------------------------------------------------------------------------------

TEXT = ["Alpha raises its price for Beta", "The  price raised on Monday, an analyst said, is a final bid."]


@pytest.mark.parametrize(
    ("words", "passing"),
    [
        ("", True),
        ("  ", True),
        ("bid", True),
        ("BID", True),
        ("bi", False),
        ("talks bid", True),
        ("talks", False),
        ("-talks", True),
        ("-analyst", False),
        ("bid -analyst", False),
        ("bid -talks", True),
        ('"price raised"', True),
        ('"price for Beta"', True),
        ('"raised price"', False),
        ('-"final bid"', False),
        ("“final bid”", True),
        ("„price raised“ –analyst", False),
        ('"final bid', True),
        ('bid"', True),
        ('""', True),
        ("-", True),
        ("- bid", True),
        ("*", True),
        ("b.d", False),
        ("(bid", False),
        ("\\", True),
    ],
)
def test_a_filter_lets_through_what_it_asks_for(words: str, passing: bool) -> None:
    """Any of the words, none with a minus; quotes join words; signs alone say nothing."""
    assert passes(words, TEXT) is passing


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("übernahme", "ÜBERNAHME von Beta"),
        ("u\u0308bernahme", "Die Übernahme"),
        ("СДЕЛКА", "Крупная сделка на рынке"),
        ("收购", "阿尔法公司收购贝塔"),
        ("買収", "アルファがベータを買収へ"),
        ("합병", "알파 합병 추진"),
        ("استحواذ", "صفقة استحواذ كبيرة"),
        ("strasse", "Alpha kauft Straße"),
        ("AT&T", "Huawei and AT&T"),
        ("joint-venture", "a joint-venture with Beta"),
    ],
)
def test_a_filter_reads_every_script(words: str, text: str) -> None:
    """Case and accents as Unicode has them; scripts without spaces between words are searched through."""
    assert passes(words, [text])
    assert not passes(f"-{words}", [text])


def test_a_word_is_a_whole_word_in_other_scripts_too() -> None:
    """As long as they write words with spaces."""
    assert not passes("сделк", ["Крупная сделка"])


@given(st.text(max_size=200), st.lists(st.text(max_size=50), max_size=3))
def test_no_filter_fails(words: str, texts: list[str]) -> None:
    """Whatever was typed, it is a filter; and a word that is asked for and refused lets nothing through."""
    assert passes(words, texts) in (True, False)
    assert not passes(f"{words} -zebra", [*texts, " zebra "]) or "zebra" not in words
