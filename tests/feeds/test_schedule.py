from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from feeds.schedule import LONGEST_PAUSE, next_check

NOW = datetime(2018, 1, 8, 20, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
spans = st.none() | st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=100_000))
floors = st.timedeltas(min_value=MINUTE, max_value=timedelta(days=3))


def test_a_feed_rests_for_an_hour() -> None:
    """Unless somebody asks otherwise a feed is looked at once an hour."""
    assert next_check(NOW) == NOW + HOUR


def test_a_feed_may_have_its_own_rhythm() -> None:
    """The owner can set a shorter or longer interval."""
    assert next_check(NOW, floor=MINUTE) == NOW + MINUTE
    assert next_check(NOW, floor=3 * DAY) == NOW + 3 * DAY


def test_max_age_lengthens_the_rest_up_to_a_day() -> None:
    """A server may ask for more time, not for less than the floor, and not for more than a day."""
    assert next_check(NOW, max_age=5 * HOUR) == NOW + 5 * HOUR
    assert next_check(NOW, max_age=MINUTE) == NOW + HOUR
    assert next_check(NOW, max_age=365 * DAY) == NOW + DAY


def test_failures_double_the_rest_up_to_a_day() -> None:
    """The first failure waits for the floor, each further one twice as long, none longer than a day."""
    waits = [next_check(NOW, failures=failures) - NOW for failures in range(1, 8)]
    assert waits == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 16 * HOUR, DAY, DAY]


def test_retry_after_is_obeyed_up_to_a_month() -> None:
    """A pause that the server demands outlasts floor and ceiling; an absurd one ends after a month."""
    assert next_check(NOW, retry_after=3 * DAY, failures=1) == NOW + 3 * DAY
    assert next_check(NOW, retry_after=999 * DAY, failures=1) == NOW + LONGEST_PAUSE
    assert next_check(NOW, retry_after=MINUTE, failures=1) == NOW + HOUR


@given(floors, spans, spans, st.integers(min_value=0, max_value=10**9))
def test_no_look_comes_too_early_or_never(
    floor: timedelta, max_age: timedelta | None, retry_after: timedelta | None, failures: int
) -> None:
    """Whatever a server says, the next look keeps the floor and comes within a month."""
    wait = next_check(NOW, floor=floor, max_age=max_age, retry_after=retry_after, failures=failures) - NOW
    assert wait >= max(floor, min(retry_after or floor, LONGEST_PAUSE))
    assert wait <= max(floor, LONGEST_PAUSE)


@given(floors, st.integers(min_value=1, max_value=10_000))
def test_more_failures_never_mean_an_earlier_look(floor: timedelta, failures: int) -> None:
    """The rest only grows with the failures in a row."""
    earlier = next_check(NOW, floor=floor, failures=failures)
    assert earlier <= next_check(NOW, floor=floor, failures=failures + 1)
