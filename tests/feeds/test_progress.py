"""What outcomes of polls make of a feed's row: pure, so weeks pass in no time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from builders import DAY, HOUR, NOON
from hypothesis import given
from hypothesis import strategies as st

from feeds import progress
from feeds.fetch import FetchError, Gone, NotModified, ServerTrouble, TooMany, Validators
from feeds.progress import PROVEN_MOVES, TELL_AFTER, Read, Times
from matcher.vocabulary import Trust
from models.feed import Feed, Trouble
from models.wording import Wording

URL, HOME = "https://news.example/feed", "https://new.example/feed"
MINUTE = timedelta(minutes=1)

WHY = Wording(".")


def a_feed(**more: object) -> Feed:
    plain = {"failures": 0, "rate": 0.0, "arrivals": 0, "entries_seen": 0, "moved_times": 0}
    return Feed(url=URL, title="News", trust=Trust.TRUSTED, **{**plain, **more})


def an_answer(etag: str | None = '"1"', moved_to: str | None = None, **more: object) -> NotModified:
    asked = {"fresh_for": None, "retry_after": None, **more}
    return NotModified(moved_to or URL, Validators(etag), moved_to=moved_to, **asked)  # type: ignore[arg-type]


def at(now: datetime) -> Times:
    return Times(now, HOUR, 0.0)


def succeed(feed: Feed, now: datetime, new: int | None = None, dates: Sequence[datetime] = ()) -> Trouble | None:
    """The feed is read; None: nothing changed in it."""
    read = None if new is None else Read(f"{now}", None, new, dates)
    return progress.succeeded(feed, an_answer(), read, at(now))


def live(feed: Feed, start: datetime, days: int, brings: Sequence[int] = (1,) * 7, hour: int = 9) -> list[datetime]:
    """Read the feed every hour; each day of the week it brings so many entries. When the owner was told of silence."""
    alarms = []
    for hours in range(days * 24):
        now = start + hours * HOUR
        new = brings[now.weekday()] if now.hour == hour else None
        if succeed(feed, now, new or None) is Trouble.SILENT:
            alarms.append(now)
    return alarms


# Success and failure -------------------------------------------------------------------------------------------------


def test_a_success_forgives_the_failures_before_it() -> None:
    """Once the feed answers, its error is gone, and it is checked as usual."""
    feed = a_feed(failures=4, error="The server has trouble.", told=Trouble.FAILING)
    succeed(feed, NOON)
    assert (feed.failures, feed.error, feed.told, feed.next_check_at) == (0, None, None, NOON + HOUR)


def test_a_failure_leaves_what_was_known() -> None:
    """Validators, digest and the last success stay as they are, whatever the error."""
    feed = a_feed(etag='"1"', last_modified="Mon", digest="abc", succeeded_at=NOON)
    for error in (FetchError(WHY), Gone(WHY), ServerTrouble(WHY, DAY), ValueError()):
        progress.failed(feed, error, WHY, at(NOON + DAY))
    assert (feed.etag, feed.last_modified, feed.digest, feed.succeeded_at) == ('"1"', "Mon", "abc", NOON)


def test_an_outage_is_told_once() -> None:
    """After some failed checks in a row, not before, and not again while it lasts; the next outage is told anew."""
    feed, told = a_feed(), []
    for _ in range(2):
        told.append([progress.failed(feed, FetchError(WHY), WHY, at(NOON)) for _ in range(2 * TELL_AFTER)])
        succeed(feed, NOON)
    assert told == [[None] * (TELL_AFTER - 1) + [Trouble.FAILING] + [None] * TELL_AFTER] * 2


def test_a_feed_whose_publisher_ended_it_stops() -> None:
    """410 is told at once, and once."""
    feed = a_feed()
    assert progress.failed(feed, Gone(WHY), Wording("It ended."), at(NOON)) is Trouble.ENDED
    assert (feed.stopped_at, feed.error) == (NOON, Wording("It ended."))
    assert progress.failed(feed, Gone(WHY), WHY, at(NOON)) is None


# Moves ---------------------------------------------------------------------------------------------------------------


def moves(targets: Sequence[str | None], gap: timedelta = 12 * HOUR, *, is_feed: bool = True) -> list[str | None]:
    feed = a_feed()
    return [
        progress.proven_move(feed, an_answer(moved_to=target), is_feed=is_feed, now=NOON + number * gap)
        for number, target in enumerate(targets)
    ]


def test_a_move_must_prove_itself() -> None:
    """Three checks over a day that lead to the same https address, and the first of them to a feed."""
    assert moves([HOME] * PROVEN_MOVES) == [None, None, HOME]


@pytest.mark.parametrize(
    "targets",
    [
        pytest.param([HOME, HOME, None, HOME, HOME], id="the old address answered in between"),
        pytest.param([HOME, "https://portal.example/feed"] * 5, id="taking turns"),
        pytest.param(["http://new.example/feed"] * 9, id="not https"),
        pytest.param([f"https://new.example/{number}" for number in range(9)], id="a new one each time"),
    ],
)
def test_a_move_that_wavers_is_not_believed(targets: list[str | None]) -> None:
    """What is not the same all the time proves nothing."""
    assert set(moves(targets)) == {None}


def test_a_move_takes_its_time() -> None:
    """A hundred checks within an hour prove nothing: a hotel's portal lasts an evening."""
    assert set(moves([HOME] * 100, gap=timedelta(seconds=36))) == {None}


def test_a_move_to_what_never_was_a_feed_is_not_believed() -> None:
    """Nobody has seen a feed at the new address yet."""
    assert set(moves([HOME] * 9, is_feed=False)) == {None}


# Silence -------------------------------------------------------------------------------------------------------------


def test_a_daily_feed_that_falls_silent_raises_one_alarm() -> None:
    """Two days without news, of a feed that never paused for more than one, are told once."""
    feed = a_feed()
    assert live(feed, NOON, 30) == []
    silence = live(feed, NOON + 30 * DAY, 60, brings=[0] * 7)
    assert len(silence) == 1
    assert 2 * DAY - HOUR <= silence[0] - feed.new_entry_at <= 2 * DAY + HOUR


def test_a_feed_that_speaks_again_may_fall_silent_again() -> None:
    """Each silence is told once; the second must be longer than twice the first."""
    feed = a_feed()
    live(feed, NOON, 30)
    assert len(live(feed, NOON + 30 * DAY, 4, brings=[0] * 7)) == 1
    live(feed, NOON + 34 * DAY, 5)
    assert live(feed, NOON + 39 * DAY, 6, brings=[0] * 7) == []
    assert len(live(feed, NOON + 45 * DAY, 20, brings=[0] * 7)) == 1


@pytest.mark.parametrize(
    ("brings", "days"),
    [
        pytest.param([5, 5, 5, 5, 5, 0, 0], 90, id="no weekends"),
        pytest.param([1, 0, 0, 0, 0, 0, 0], 180, id="once a week"),
        pytest.param([3, 0, 0, 1, 0, 0, 0], 90, id="twice a week"),
        pytest.param([0] * 7, 90, id="nothing ever came"),
    ],
)
def test_the_usual_pauses_raise_no_alarm(brings: list[int], days: int) -> None:
    """A feed is measured by its own rhythm."""
    assert live(a_feed(), NOON, days, brings) == []


def test_a_weekend_pause_that_goes_on_is_silence() -> None:
    """Even so, a feed that works on weekdays and stops is noticed within a week."""
    feed = a_feed()
    live(feed, NOON, 60, brings=[5, 5, 5, 5, 5, 0, 0])
    assert len(live(feed, NOON + 60 * DAY, 8, brings=[0] * 7)) == 1


def test_a_young_feed_raises_no_alarm() -> None:
    """Before two weeks and ten arrivals its rhythm is unknown."""
    feed = a_feed()
    live(feed, NOON, 5)
    assert live(feed, NOON + 5 * DAY, 60, brings=[0] * 7) == []


def test_a_long_pause_is_forgotten_in_time() -> None:
    """A summer break does not make a feed's silence pass unnoticed for ever."""
    feed = a_feed()
    live(feed, NOON, 30)
    live(feed, NOON + 30 * DAY, 40, brings=[0] * 7)
    live(feed, NOON + 70 * DAY, 360)
    assert len(live(feed, NOON + 430 * DAY, 10, brings=[0] * 7)) == 1


def test_the_time_in_which_nobody_looked_is_no_pause() -> None:
    """After two weeks in which the bot was off, a daily feed's silence is noticed as soon as before."""
    feed = a_feed()
    live(feed, NOON, 30)
    succeed(feed, NOON + 44 * DAY - HOUR, 14)
    live(feed, NOON + 44 * DAY, 10)
    assert feed.longest_gap is not None
    assert feed.longest_gap <= DAY
    assert len(live(feed, NOON + 54 * DAY, 3, brings=[0] * 7)) == 1


def test_an_outage_makes_no_second_silence() -> None:
    """A silence in which checks fail for a while is still the one that was told."""
    feed = a_feed()
    live(feed, NOON, 30)
    assert len(live(feed, NOON + 30 * DAY, 4, brings=[0] * 7)) == 1
    for hours in range(2 * TELL_AFTER):
        progress.failed(feed, FetchError(WHY), WHY, at(NOON + 34 * DAY + hours * HOUR))
    assert live(feed, NOON + 35 * DAY, 10, brings=[0] * 7) == []


def test_a_server_that_wants_fewer_visits_gets_the_usual_rest() -> None:
    """A 429 without Retry-After puts even a fast feed off for the usual time; a longer wish is obeyed."""
    for asked, wait in ((None, HOUR), (MINUTE, HOUR), (DAY, DAY)):
        feed = a_feed(etag='"1"', pace=MINUTE)
        progress.failed(feed, TooMany(WHY, asked), WHY, at(NOON))
        assert feed.next_check_at == feed.not_before == NOON + wait


# Clocks and odd courses ----------------------------------------------------------------------------------------------

steps = st.lists(
    st.tuples(
        st.timedeltas(min_value=timedelta(days=-8000), max_value=timedelta(days=8000)), st.none() | st.integers(0, 50)
    ),
    max_size=30,
)


@given(steps)
def test_no_course_of_time_breaks_a_feed(steps: list[tuple[timedelta, int | None]]) -> None:
    """The clock may jump by years, back and forth: each check plans the next one, within a day and a tenth."""
    feed, now = a_feed(), NOON
    for jump, new in steps:
        now = min(max(now + jump, NOON - 9000 * DAY), NOON + 90_000 * DAY)
        succeed(feed, now, new, [now - HOUR, now, now + DAY])
        assert MINUTE <= feed.next_check_at - now <= 1.1 * DAY
        assert feed.longest_gap is None or feed.longest_gap >= timedelta(0)


@given(st.lists(st.one_of(st.just(None), st.integers(0, 9)), min_size=1, max_size=30))
def test_whatever_happens_the_feed_is_checked_again(course: list[int | None]) -> None:
    """After any course of successes and failures (None), the next check lies ahead, within a day and a tenth."""
    feed, now = a_feed(), NOON
    for new in course:
        if new is None:
            progress.failed(feed, FetchError(WHY), WHY, at(now))
        else:
            succeed(feed, now, new)
        assert now < feed.next_check_at <= now + 1.1 * DAY
        now = feed.next_check_at
