"""What can go wrong with one message, as it really comes over the wire, and what becomes of the message then."""

import asyncio
import io
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import pytest
from rich.console import Console
from running_bot import ANNA, BORIS, Bot
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from standin.faults import (
    ApiError,
    Drop,
    Fault,
    Garbled,
    Page,
    Reset,
    Slow,
    blocked,
    button_data_invalid,
    chat_not_found,
    conflict,
    deactivated,
    flooded,
    gateway,
    group_deactivated,
    group_deleted,
    kicked,
    markup_too_long,
    may_not_send,
    may_not_send_text,
    migrated,
    never_started,
    not_a_member,
    not_found,
    peer_id_invalid,
    text_empty,
    thread_not_found,
    too_long,
    topic_closed,
    unauthorized,
    unavailable,
    unparsable,
)
from standin.telegram import BotMessage, Call
from tally import Tally
from ticker import Ticker

from bot import app, trace
from bot.courier import LONGEST_WAIT, MOST_ATTEMPTS, MOST_UNCERTAIN
from bot.pacing import TELEGRAM, Pacer
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.deal import Deal
from models.outbox import STALE, Letter
from models.subscriber import Wire
from models.subscription import Target

TALKS, OFF = "Alpha in talks to buy Beta, Bloomberg reports", "Alpha ends talks to buy Beta, Bloomberg reports"
AGREED = "Alpha agrees to buy Beta"
NEWS = {
    "alpha-beta": TALKS,
    "huawei-att": "AT&T agrees to sell Huawei phones",
    "huawei-verizon": "Verizon in talks to sell Huawei phones, <b>sources</b> say",
}
"""What is written of each deal."""
PATIENCE_SECONDS = 1.0
"""After which the bot gives up an answer here; real seconds."""


class End(Enum):
    """What becomes of a message that met an error once."""

    AGAIN = auto()
    """The same words are sent once more."""
    PLAIN = auto()
    """It is sent once more, without markup."""
    FOLLOWS = auto()
    """It is sent once more, to the chat's new id."""
    WAITS = auto()
    """Its chat is retired; it is sent when the chat is back."""
    GIVEN_UP = auto()
    """It is never sent, and the owner can see that."""


@dataclass(frozen=True)
class Row:
    """One error of the matrix. ``kind`` names it in the table of faults."""

    kind: str
    fault: Fault
    end: End


ROWS = (
    Row("429", flooded(3), End.AGAIN),
    Row("429", flooded(None), End.AGAIN),
    Row("429", ApiError(429, "Too Many Requests: retry after 4"), End.AGAIN),
    Row("403", blocked(), End.WAITS),
    Row("403", deactivated(), End.WAITS),
    Row("403", never_started(), End.WAITS),
    Row("403", kicked("group"), End.WAITS),
    Row("403", kicked("supergroup"), End.WAITS),
    Row("403", kicked("channel"), End.WAITS),
    Row("403", not_a_member("channel"), End.WAITS),
    Row("403", group_deleted(), End.WAITS),
    Row("400", group_deactivated(), End.WAITS),
    Row("400", chat_not_found(), End.WAITS),
    Row("400", peer_id_invalid(), End.WAITS),
    Row("400", may_not_send_text(), End.WAITS),
    Row("400", may_not_send(), End.WAITS),
    Row("400", topic_closed(), End.GIVEN_UP),
    Row("400", thread_not_found(), End.GIVEN_UP),
    Row("400", too_long(), End.GIVEN_UP),
    Row("400", text_empty(), End.GIVEN_UP),
    Row("400", button_data_invalid(), End.GIVEN_UP),
    Row("400", markup_too_long(), End.GIVEN_UP),
    Row("413", ApiError(413, "Request Entity Too Large"), End.GIVEN_UP),
    Row("400", unparsable(), End.PLAIN),
    Row("chat migrated", migrated(0), End.FOLLOWS),
    Row("401", unauthorized(), End.AGAIN),
    Row("404", not_found(), End.AGAIN),
    Row("409", conflict(), End.AGAIN),
    Row("5xx", unavailable(500), End.AGAIN),
    Row("5xx", unavailable(502), End.AGAIN),
    Row("5xx", unavailable(503), End.AGAIN),
    Row("5xx", gateway(502), End.AGAIN),
    Row("5xx", gateway(504), End.AGAIN),
    Row("a proxy's page", Page(403, "Forbidden"), End.AGAIN),
    Row("a proxy's page", Page(404, "Not Found"), End.AGAIN),
    Row("a proxy's page", Page(401, "Unauthorized"), End.AGAIN),
    Row("a proxy's page", Page(429, "Too Many Requests"), End.AGAIN),
    Row("connection dropped before", Drop.BEFORE_APPLYING, End.AGAIN),
    Row("connection dropped after", Drop.AFTER_APPLYING, End.AGAIN),
    Row("connection reset before", Reset.BEFORE_APPLYING, End.AGAIN),
    Row("connection reset after", Reset.AFTER_APPLYING, End.AGAIN),
    Row("half an answer", Garbled.HALF_BODY, End.AGAIN),
    Row("answer that is no JSON", Garbled.NOT_JSON, End.AGAIN),
    Row("answer without a result", Garbled.WITHOUT_RESULT, End.AGAIN),
    Row("latency", Slow(after=1.5 * PATIENCE_SECONDS), End.AGAIN),
)
KINDS = {row.fault: row.kind for row in ROWS}


@dataclass(frozen=True)
class Case:
    """A chat whose message meets an error, or none."""

    chat: int
    row: Row | None = None

    @property
    def home(self) -> int:
        """Where the chat is in the end."""
        return _new_id(self.chat) if self.row and self.row.end is End.FOLLOWS else self.chat

    def fault(self) -> Fault | None:
        if self.row and self.row.end is End.FOLLOWS:
            return migrated(self.home)
        return self.row.fault if self.row else None


def _new_id(chat: int) -> int:
    return chat - 1_000_000_000_000


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot waits less long for answers than it does in earnest."""
    monkeypatch.setattr(app, "ANSWER_SECONDS", PATIENCE_SECONDS)


# What a test asks ----------------------------------------------------------------------------------------------------


async def _letters(bot: Bot) -> Mapping[int, Letter]:
    """The first letter of each chat, by the chat's id."""
    async with bot.database.read() as session:
        query = select(Letter).options(joinedload(Letter.subscriber)).order_by(Letter.id.desc())
        return {letter.subscriber.chat_id: letter for letter in await session.scalars(query)}


async def _all_letters(bot: Bot) -> Sequence[Letter]:
    async with bot.database.read() as session:
        return (await session.scalars(select(Letter).order_by(Letter.id))).all()


async def _outbox(bot: Bot) -> str:
    """What `hearsay outbox --all` prints."""
    page = io.StringIO()
    await trace.show_outbox(bot.database, Console(file=page, width=80), bot.clock(), limit=None)
    return page.getvalue()


def _news(messages: Iterable[BotMessage]) -> list[str]:
    """The headlines among a chat's messages."""
    return [message.text.splitlines()[0] for message in messages if "History" in [b.text for b in message.buttons]]


def _attempts(bot: Bot, *chats: int) -> list[Call]:
    """The requests that were to bring news to these chats."""
    return [
        call for call in bot.telegram.calls("sendMessage") if call.parameters["chat_id"] in chats and _is_news(call)
    ]


def _is_news(call: Call) -> bool:
    return "history:" in str(call.parameters.get("reply_markup"))


def _meet(bot: Bot, faults: Mapping[int, Fault | None]) -> None:
    """The next news to each of these chats meets its fault, once."""
    left = dict(faults)

    def script(method: str, parameters: Mapping[str, Any]) -> Fault | None:
        return left.pop(parameters["chat_id"], None) if method == "sendMessage" else None

    bot.telegram.fail_when(script)


def _meet_always(bot: Bot, faults: Mapping[int, Fault]) -> None:
    """All news to each of these chats meets its fault."""

    def script(method: str, parameters: Mapping[str, Any]) -> Fault | None:
        return faults.get(parameters["chat_id"]) if method == "sendMessage" else None

    bot.telegram.fail_when(script)


async def _wait(bot: Bot, **time: float) -> None:
    """Time goes by, and what is due then is delivered."""
    bot.clock.advance(**time)
    await bot.program.courier.deliver()


async def _follow(bot: Bot, *chats: int, deal: Deal | None = None) -> None:
    """Chats follow a deal, or everything, without having been asked."""
    async with bot.database.write() as session:
        for chat in chats:
            subscriber = await subscribers.meet(session, chat, Wire.TELEGRAM, bot.clock())
            await subscriptions.follow(session, subscriber, Target(deal), bot.clock())


async def _say(bot: Bot, text: str, chats: Iterable[int]) -> None:
    """Users in all these chats say something, and are answered."""
    for chat in chats:
        await bot.telegram.user_sends(chat, text)
    await bot.settled()


# The matrix ----------------------------------------------------------------------------------------------------------


@pytest.mark.chaos
@pytest.mark.usefixtures("impatient")
async def test_every_error_is_classified(
    bot: Bot, dice: random.Random, times: Callable[..., int], tally: Tally
) -> None:
    """Each error is met by some messages among many: each of them ends as it should, and no other is touched."""
    count = times(gate=1, chaos=20)
    cases = _deal_out(dice, count)
    _meet(bot, {case.chat: case.fault() for case in cases})
    await _tell(bot, cases, dice)
    await _wait(bot, seconds=30)  # longer than any first wait
    await bot.telegram.until(lambda: _late_answers(bot) == count)
    await _check(bot, cases)
    await _wait(bot, days=3)
    await _check(bot, cases)  # time changes nothing
    await _check_what_was_given_up(bot, _ending(cases, End.GIVEN_UP))
    await _check_return(bot, _ending(cases, End.WAITS))
    for case in cases:
        if case.row:
            tally.fault(case.row.kind)
    tally.prove("errors", f"{len(ROWS)} kinds × {count}: all read right, 0 of {len(cases)} messages lost or untraced")


def _late_answers(bot: Bot) -> int:
    """So many late answers have left, too late: only then do their requests stand in the transcript."""
    return sum(isinstance(call.fault, Slow) for call in bot.telegram.calls("sendMessage"))


def _deal_out(dice: random.Random, times: int) -> list[Case]:
    """Every row so often, mixed with chats to which nothing happens."""
    rows: list[Row | None] = [*ROWS * times, *[None] * dice.randint(10, 10 + 5 * times)]
    dice.shuffle(rows)
    return [Case(_chat(number, row, dice), row) for number, row in enumerate(rows, 10_000)]


def _chat(number: int, row: Row | None, dice: random.Random) -> int:
    """A private chat or a group. Only a group can migrate."""
    is_group = (row and row.end is End.FOLLOWS) or dice.random() < 0.3
    return -number if is_group else number


def _ending(cases: Sequence[Case], end: End) -> list[Case]:
    return [case for case in cases if case.row and case.row.end is end]


async def _tell(bot: Bot, cases: Sequence[Case], dice: random.Random) -> None:
    """There is news of several deals; each chat follows one of them."""
    for case in cases:
        await _follow(bot, case.chat, deal=await bot.deal(dice.choice(list(NEWS))))
    for title in NEWS.values():
        await bot.news(title)


async def _check(bot: Bot, cases: Sequence[Case]) -> None:
    letters = await _letters(bot)
    wrong = {
        case.row: found for case in cases if (found := _found(bot, case, letters[case.home])) != _expected(case.row)
    }
    assert not wrong
    neighbours = [letters[case.home] for case in cases if case.row is None]
    assert all(letter.sent_at == letter.created_at for letter in neighbours), "somebody had to wait for others"


@dataclass(frozen=True)
class Found:
    """What became of a message so far."""

    sent: bool
    retired: bool
    given_up: bool
    requests: int
    copies: int


def _found(bot: Bot, case: Case, letter: Letter) -> Found:
    return Found(
        sent=letter.sent_at is not None,
        retired=letter.subscriber.retired_at is not None,
        given_up=letter.abandoned_at is not None,
        requests=len(_attempts(bot, *{case.chat, case.home})),
        copies=len(_news(bot.telegram.messages(case.home))),
    )


def _expected(row: Row | None) -> Found:
    if row is None:
        return Found(sent=True, retired=False, given_up=False, requests=1, copies=1)
    if row.end in (End.WAITS, End.GIVEN_UP):
        waits = row.end is End.WAITS
        return Found(sent=False, retired=waits, given_up=not waits, requests=1, copies=0)
    return Found(sent=True, retired=False, given_up=False, requests=2, copies=1 + row.fault.applies)


async def _check_what_was_given_up(bot: Bot, cases: Sequence[Case]) -> None:
    """Its chat can ask for it, and the owner sees it with a reason."""
    await _say(bot, "/missed", [case.chat for case in cases])
    assert all("1 change not told" in bot.telegram.messages(case.chat)[-1].text for case in cases)
    shown = await _outbox(bot)
    assert f"Given up: {len(cases)} letters" in shown
    for case in cases:
        assert re.search(rf"chat +{case.chat} *\n.*\n  given up +.* after 1 attempt *\n  reason +\w", shown), case


async def _check_return(bot: Bot, cases: Sequence[Case]) -> None:
    """What waited for a chat is sent when it is back."""
    shown = await _outbox(bot)
    assert f"Waiting for chats that take no messages: {len(cases)} chats" in shown
    assert all(f"chat {case.chat}\n" in shown for case in cases)
    await _say(bot, "/start", [case.chat for case in cases])
    await bot.program.courier.deliver()
    letters = await _letters(bot)
    back = Found(sent=True, retired=False, given_up=False, requests=2, copies=1)
    assert {_found(bot, case, letters[case.chat]) for case in cases} == {back}


async def test_a_refused_connection_costs_nothing(bot: Bot) -> None:
    """Whoever could not even be called was certainly sent nothing: everybody gets the message once."""
    await _follow(bot, *range(1, 41))
    async with bot.telegram.down():
        await bot.news(TALKS)
        assert "Waiting: 40 chats" in await _outbox(bot)
    await _wait(bot, seconds=30)
    assert all(len(_news(bot.telegram.messages(chat))) == 1 for chat in range(1, 41))
    assert {letter.attempts for letter in await _all_letters(bot)} == {1}


# For ever ------------------------------------------------------------------------------------------------------------

FAILS = (unavailable(500), Page(403, "Forbidden"))
UNCERTAIN = (*Drop, *Reset, *Garbled)


async def test_nothing_is_tried_for_ever(bot: Bot) -> None:
    """An error that never ends: tried for a day if it did no harm, a few times if each may have been a copy."""
    faults = dict(enumerate([*FAILS, *UNCERTAIN], 1))
    await _follow(bot, *faults)
    _meet_always(bot, faults)
    await bot.news(TALKS)
    started = bot.clock()
    while bot.clock() - started <= STALE + 3 * LONGEST_WAIT:
        await _wait(bot, minutes=25)
    letters = await _letters(bot)
    requests = {chat: len(_attempts(bot, chat)) for chat in faults}
    for chat, fault in faults.items():
        letter = letters[chat]
        assert letter.abandoned_at, fault
        assert letter.attempts == requests[chat]
        if fault in FAILS:
            assert letter.abandoned_at - letter.created_at > STALE
            assert MOST_ATTEMPTS <= letter.attempts <= STALE / LONGEST_WAIT + MOST_ATTEMPTS
        else:
            assert letter.attempts == MOST_UNCERTAIN
            assert len(bot.telegram.messages(chat)) == MOST_UNCERTAIN * fault.applies
    await _wait(bot, days=30)
    assert requests == {chat: len(_attempts(bot, chat)) for chat in faults}
    await _check_that_it_is_seen(bot, faults)


async def _check_that_it_is_seen(bot: Bot, chats: Iterable[int]) -> None:
    """What was given up is shown to the chat that asks, and to the owner."""
    chats = list(chats)
    bot.telegram.fail_when(None)
    await _say(bot, "/missed", chats)
    assert all("1 change not told" in bot.telegram.messages(chat)[-1].text for chat in chats)
    assert f"Given up: {len(chats)} letter" in await _outbox(bot)


async def test_a_letter_that_was_given_up_holds_up_no_other(bot: Bot) -> None:
    """The next news of the same chat is sent."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", *[Drop.BEFORE_APPLYING] * MOST_UNCERTAIN)
    await bot.news(TALKS)
    for _ in range(MOST_UNCERTAIN):
        await _wait(bot, minutes=10)
    await bot.news(OFF)
    assert _news(bot.telegram.messages(ANNA)) == ["RUMORED → DENIED · called off"]


@pytest.mark.parametrize("fault", [unauthorized(), flooded(3600), flooded(None)], ids=lambda fault: fault.kind)
async def test_a_refused_token_or_a_pause_is_not_the_letters_fault(bot: Bot, fault: Fault) -> None:
    """Met more often than a letter may be tried, they cost it no attempt: it goes out once they are over."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", *[fault] * 2 * MOST_ATTEMPTS)
    await bot.news(TALKS)
    await _wait(bot, days=3)
    assert len(_news(bot.telegram.messages(ANNA))) == 1
    assert [letter.attempts for letter in await _all_letters(bot)] == [1]


DAYS = 4


async def test_days_without_a_network_lose_nothing(bot: Bot) -> None:
    """While nothing can be reached, time alone gives no letter up."""
    await bot.ask("/subscribe everything")
    async with bot.telegram.down():
        await bot.news(TALKS)
        for _ in range(DAYS * 24):
            await _wait(bot, hours=1)
    await _wait(bot, minutes=1)
    assert len(_news(bot.telegram.messages(ANNA))) == 1
    assert [letter.attempts for letter in await _all_letters(bot)] == [1]


async def test_days_with_a_wrong_token_lose_nothing(bot: Bot) -> None:
    """The owner takes the weekend to mend the token: then all goes out, once, and each chat was tried once at most."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail_when(lambda method, _: unauthorized() if method in ("sendMessage", "getMe") else None)
    await bot.news(TALKS)
    for _ in range(DAYS * 24):
        await _wait(bot, hours=1)
    assert len(_attempts(bot, ANNA)) == 1
    bot.telegram.fail_when(None)
    await _wait(bot, minutes=1)
    assert len(_news(bot.telegram.messages(ANNA))) == 1
    assert [letter.attempts for letter in await _all_letters(bot)] == [1]


# Lost answers --------------------------------------------------------------------------------------------------------


@pytest.mark.chaos
async def test_an_uncertain_letter_is_doubled_once_each(bot: Bot, dice: random.Random, tally: Tally) -> None:
    """An answer that got lost makes one extra copy, if Telegram had done what it was asked; five copies are the most.

    Every number of lost answers, up to the last attempt.
    """
    lost = {chat: dice.choices(UNCERTAIN, k=chat % (MOST_UNCERTAIN + 1)) for chat in range(60, 90)}
    left = {chat: list(faults) for chat, faults in lost.items()}
    await _follow(bot, *lost)
    bot.telegram.fail_when(
        lambda method, p: left[p["chat_id"]].pop() if method == "sendMessage" and left[p["chat_id"]] else None
    )
    await bot.news(TALKS)
    for _ in range(MOST_UNCERTAIN):
        await _wait(bot, minutes=10)
    copies = {chat: len(_news(bot.telegram.messages(chat))) for chat in lost}
    letters = await _letters(bot)
    for chat, faults in lost.items():
        at_last = len(faults) < MOST_UNCERTAIN
        assert copies[chat] == sum(fault.applies for fault in faults) + at_last
        assert len(_attempts(bot, chat)) == len(faults) + at_last
        assert (letters[chat].sent_at is None) != at_last
    for fault in (fault for faults in lost.values() for fault in faults):
        tally.fault(KINDS[fault])
    extra = sum(max(count - 1, 0) for count in copies.values())
    answers = sum(len(faults) for faults in lost.values())
    tally.prove("uncertain", f"{extra} extra copies for {answers} lost answers, at most {max(copies.values())} of one")


# An outage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [unavailable(502), gateway(504), *Drop, *Garbled, unauthorized()], ids=str)
async def test_telegram_is_asked_before_the_next_letter_is_risked(bot: Bot, ticker: Ticker, fault: Fault) -> None:
    """After a failure nothing is sent until Telegram has answered a question that harms nobody."""
    _stand_still_meanwhile(ticker, bot.program.courier._pacer)
    await _follow(bot, *range(1, 11))
    bot.telegram.fail("sendMessage", None, None, fault)
    asked = len(bot.telegram.calls("getMe"))
    await bot.news(TALKS)
    bot.clock.advance(seconds=30)
    await bot.program.courier.deliver()
    methods = [call.method for call in bot.telegram.transcript if call.method in ("getMe", "sendMessage")][asked:]
    assert methods == ["sendMessage"] * 3 + ["getMe"] + ["sendMessage"] * 8


@pytest.mark.parametrize("fault", [unavailable(502), Drop.AFTER_APPLYING, Garbled.NOT_JSON], ids=str)
async def test_an_outage_is_met_by_one_letter(bot: Bot, ticker: Ticker, fault: Fault) -> None:
    """However long Telegram fails, one letter finds out, and no other is risked, not even by a growing queue."""
    _stand_still_meanwhile(ticker, bot.program.courier._pacer)
    await _follow(bot, *range(1, 11))
    bot.telegram.fail_when(lambda method, _: fault if method in ("sendMessage", "getMe") else None)
    for title in (TALKS, OFF):
        await bot.news(title)
    for _ in range(24):
        await _wait(bot, hours=0.2)
    assert len(bot.telegram.calls("sendMessage")) == 1
    bot.telegram.fail_when(None)
    await _wait(bot, minutes=10)
    copies = Counter(len(_news(bot.telegram.messages(chat))) for chat in range(1, 11))
    assert copies == ({2: 9, 3: 1} if fault.applies else {2: 10})


def _stand_still_meanwhile(ticker: Ticker, pacer: Pacer) -> None:
    """The limits' time stands while a message is under way, so that none leaves before that is answered."""
    overall = pacer._overall
    assert overall
    ticker.busy = lambda: overall._under_way > 0


# A chat that moves, goes, or cannot be written to in our markup ------------------------------------------------------


TOLD = [
    "RUMORED · in talks",
    "RUMORED → DENIED · called off",
    "DENIED → FINALIZED · agreed",
    "FINALIZED · completed",
]


async def _pile_up(bot: Bot, chat: int) -> int:
    """Three messages wait for a chat, as Telegram is out of order. How many requests that took."""
    before = len(_attempts(bot, chat))
    _meet_always(bot, {chat: unavailable()})
    for title in (TALKS, OFF, AGREED):
        await bot.news(title)
    return len(_attempts(bot, chat)) - before


def _take_some(bot: Bot, chat: int, count: int, refusal: ApiError) -> None:
    """So many messages get to a chat, and then none."""
    answers: list[Fault | None] = [None] * count

    def script(method: str, parameters: Mapping[str, Any]) -> Fault | None:
        refuses = method == "sendMessage" and parameters["chat_id"] == chat
        return (answers.pop() if answers else refusal) if refuses else None

    bot.telegram.fail_when(script)


@pytest.mark.parametrize("told", range(3))
@pytest.mark.parametrize("known", [False, True], ids=["new", "known already"])
async def test_a_queue_follows_its_group(bot: Bot, told: int, *, known: bool) -> None:
    """A group moves while three messages wait: what had not arrived gets to the new id, in order, and so does news."""
    old, new = -5, _new_id(-5)
    await _follow(bot, old)
    tried = await _pile_up(bot, old)
    if known:
        await _follow(bot, new)
    _take_some(bot, old, told, migrated(new))
    await _wait(bot, minutes=10)
    assert len(_attempts(bot, old)) == tried + told + 1
    await bot.news("Alpha completes purchase of Beta")
    assert _news(bot.telegram.messages(old)) == TOLD[:told]
    assert _news(bot.telegram.messages(new)) == TOLD[told:]
    assert len(_attempts(bot, old)) == tried + told + 1


@pytest.mark.parametrize("told", range(3))
async def test_a_queue_waits_for_a_chat_that_left(bot: Bot, told: int) -> None:
    """A user blocks the bot while three messages wait: the rest comes on return, in order, with what came meanwhile."""
    await bot.ask("/subscribe everything")
    tried = await _pile_up(bot, ANNA)
    _take_some(bot, ANNA, told, blocked())
    await _wait(bot, minutes=10)
    await bot.news("Alpha completes purchase of Beta")
    assert len(_attempts(bot, ANNA)) == tried + told + 1
    assert _news(bot.telegram.messages(ANNA)) == TOLD[:told]
    bot.telegram.fail_when(None)
    assert "everything" in (await bot.ask("/subscriptions")).text
    await bot.program.courier.deliver()
    assert _news(bot.telegram.messages(ANNA)) == TOLD


async def test_unreadable_markup_is_sent_as_the_same_words(bot: Bot) -> None:
    """Where Telegram cannot read the markup, the chat gets once what all others read, only without the dress."""
    await _follow(bot, ANNA, BORIS)
    _meet(bot, {ANNA: unparsable()})
    await bot.news(TALKS)
    await _wait(bot, days=3)
    (plain,), (dressed,) = bot.telegram.messages(ANNA), bot.telegram.messages(BORIS)
    assert plain.text.split() == dressed.text.split()
    assert plain.buttons == dressed.buttons
    assert (plain.entities, bool(dressed.entities)) == ([], True)
    assert len(_attempts(bot, ANNA)) == 2


async def test_words_that_cannot_be_read_at_all_are_given_up(bot: Bot) -> None:
    """Telegram complains of markup where there is none: that is not tried a third time."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", unparsable(), unparsable())
    await bot.news(TALKS)
    await _wait(bot, days=3)
    assert len(_attempts(bot, ANNA)) == 2
    await _check_that_it_is_seen(bot, [ANNA])


# Answers -------------------------------------------------------------------------------------------------------------

ONCE, TWICE, NEVER, SORRY = ["answer"], ["answer", "answer"], [], ["sorry"]
ANSWERS: Sequence[tuple[Fault, list[str]]] = (
    (unavailable(500), ONCE),
    (unavailable(502), ONCE),
    (gateway(504), ONCE),
    (flooded(2), ONCE),
    (flooded(None), ONCE),
    (Drop.BEFORE_APPLYING, ONCE),
    (Reset.BEFORE_APPLYING, ONCE),
    (Garbled.NOT_JSON, ONCE),
    (Drop.AFTER_APPLYING, TWICE),
    (Reset.AFTER_APPLYING, TWICE),
    (Garbled.HALF_BODY, TWICE),
    (blocked(), NEVER),
    (unauthorized(), NEVER),
    (too_long(), SORRY),
)
"""What a user sees of an answer that met an error once. A copy is better than silence."""


async def test_an_answer_gets_through(bot: Bot, dice: random.Random) -> None:
    """Each user is answered, or told that it did not work, and nobody waits for ever."""
    rows = dict(enumerate(dice.sample(ANSWERS, k=len(ANSWERS)), 1))
    _meet(bot, {chat: fault for chat, (fault, _) in rows.items()})
    await _say(bot, "/deals", rows)
    seen = {chat: [_kind_of(message) for message in bot.telegram.messages(chat)] for chat in rows}
    assert seen == {chat: expected for chat, (_, expected) in rows.items()}


def _kind_of(message: BotMessage) -> str:
    return "sorry" if message.text.startswith("That did not work") else "answer"


async def test_a_question_that_comes_twice_is_answered_once(bot: Bot) -> None:
    """Telegram hands out an update again; whoever asked sees one answer."""
    update = await bot.telegram.user_sends(ANNA, "/deals")
    await bot.settled()
    bot.telegram.redeliver(update)
    await bot.ask("/help")
    await bot.settled()
    assert len(bot.telegram.messages(ANNA)) == 2


async def test_an_answer_passes_the_letters_in_line() -> None:
    """Whoever asks in the middle of a broadcast gets one of the next turns, whoever stood in line before."""
    ticker = Ticker()
    pacer = Pacer(TELEGRAM, ticker)
    _stand_still_meanwhile(ticker, pacer)
    turns = []

    async def take_turn(chat: int, *, urgent: bool) -> None:
        await pacer.start(chat, urgent=urgent)
        turns.append(chat)
        pacer.end(chat)

    letters = [asyncio.create_task(take_turn(chat, urgent=False)) for chat in range(1, 21)]
    await asyncio.sleep(0)
    await asyncio.gather(take_turn(ANNA, urgent=True), *letters)
    assert turns.index(ANNA) <= 2
