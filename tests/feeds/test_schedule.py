from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.schedule import (
    BUSIEST,
    CEILING,
    LONGEST_PAUSE,
    SLOWEST,
    SPREAD,
    Wishes,
    faded,
    interval,
    next_check,
    rate_of,
    rate_with,
)

NOW = datetime(2018, 1, 8, 20, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
spans = st.none() | st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=100_000))
floors = st.timedeltas(min_value=MINUTE, max_value=3 * HOUR)
paces = st.none() | st.timedeltas(min_value=MINUTE, max_value=timedelta(days=3))
rates = st.floats(min_value=0, max_value=1e9)
wishes = st.builds(
    Wishes,
    floor=floors,
    pace=paces,
    rate=rates,
    conditional=st.booleans(),
    fresh_for=spans,
    update_every=spans,
    retry_after=spans,
)
failures = st.integers(min_value=0, max_value=10**9)
chances = st.floats(min_value=0, max_value=1)


def wait(*, failures: int = 0, chance: float = 0.0, **asked: object) -> timedelta:
    return next_check(NOW, Wishes(**asked), failures=failures, chance=chance) - NOW  # type: ignore[arg-type]


# What each party asks for --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({}, HOUR, id="nobody asks for anything"),
        pytest.param({"floor": 3 * HOUR}, 3 * HOUR, id="the usual time is the owner's to set"),
        pytest.param({"pace": MINUTE, "conditional": True}, MINUTE, id="a fast lane"),
        pytest.param({"pace": MINUTE}, HOUR, id="no fast lane without validators"),
        pytest.param({"pace": 2 * DAY}, 2 * DAY, id="a slow lane"),
        pytest.param({"rate": 1.0, "conditional": True}, 2 * HOUR, id="one entry a day: a twelfth of that"),
        pytest.param({"rate": 2.0, "conditional": True}, HOUR, id="two entries a day"),
        pytest.param({"rate": 30.0, "conditional": True}, HOUR, id="not yet several times an hour"),
        pytest.param({"rate": 72.0, "conditional": True}, 20 * MINUTE, id="three entries an hour"),
        pytest.param({"rate": 1e6, "conditional": True}, BUSIEST, id="as busy as can be"),
        pytest.param({"rate": 1e6}, HOUR, id="busy, but never unconditional"),
        pytest.param({"rate": 0.1, "conditional": True}, SLOWEST, id="a rare feed"),
        pytest.param({"rate": 1e-60, "conditional": True}, SLOWEST, id="a feed that died a year ago"),
        pytest.param({"fresh_for": 5 * HOUR}, 5 * HOUR, id="max-age or Expires"),
        pytest.param({"fresh_for": MINUTE}, HOUR, id="a max-age below the floor"),
        pytest.param({"fresh_for": 365 * DAY}, CEILING, id="an absurd max-age"),
        pytest.param({"update_every": 6 * HOUR}, 6 * HOUR, id="ttl"),
        pytest.param({"update_every": 30 * DAY}, CEILING, id="an absurd ttl"),
        pytest.param({"retry_after": 3 * DAY}, 3 * DAY, id="Retry-After on a redirect"),
        pytest.param({"retry_after": 3 * DAY, "failures": 1}, 3 * DAY, id="Retry-After outlasts the ceiling"),
        pytest.param({"retry_after": 999 * DAY, "failures": 1}, LONGEST_PAUSE, id="an absurd Retry-After"),
        pytest.param({"retry_after": MINUTE, "failures": 1}, HOUR, id="a Retry-After below the floor"),
        pytest.param({"retry_after": timedelta(0)}, HOUR, id="Retry-After: 0"),
        pytest.param({"pace": MINUTE, "conditional": True, "failures": 3}, 4 * MINUTE, id="a fast lane that fails"),
        pytest.param({"pace": 2 * DAY, "failures": 9}, 2 * DAY, id="a slow lane that fails"),
        pytest.param({"fresh_for": 5 * HOUR, "pace": MINUTE, "conditional": True}, 5 * HOUR, id="max-age beats a pace"),
    ],
)
def test_each_party_is_heard_alone(asked: dict[str, object], expected: timedelta) -> None:
    """The next look comes as late as the one who asked for something wanted, within reason."""
    assert wait(**asked) == expected  # type: ignore[arg-type]


def test_the_longest_wish_rules() -> None:
    """Of all that is asked for, the longest wait counts."""
    spans = {"floor": 2 * HOUR, "fresh_for": 3 * HOUR, "update_every": 4 * HOUR, "retry_after": 5 * HOUR}
    for longest in (5, 4, 3, 2):
        assert wait(**spans) == longest * HOUR
        spans.popitem()


def test_failures_double_the_rest_up_to_a_day() -> None:
    """The first failure waits as long as a success, each further one twice as long, none longer than a day."""
    assert [wait(failures=failures) for failures in range(1, 8)] == [
        HOUR,
        2 * HOUR,
        4 * HOUR,
        8 * HOUR,
        16 * HOUR,
        DAY,
        DAY,
    ]


def test_chance_only_lengthens_a_rest() -> None:
    """Feeds spread out by up to a tenth of their wait, and none comes early for it."""
    assert [wait(chance=chance) / HOUR for chance in (0.0, 0.5, 1.0)] == [1.0, 1 + SPREAD / 2, 1 + SPREAD]


# Whatever they ask for -----------------------------------------------------------------------------------------------


@given(wishes, failures, chances)
def test_no_look_comes_too_early_or_never(asked: Wishes, failures: int, chance: float) -> None:
    """The next look is never earlier than anybody asked for within the caps, and comes within a month or so."""
    rest = next_check(NOW, asked, failures=failures, chance=chance) - NOW
    said = () if failures else (asked.fresh_for, asked.update_every)
    assert rest >= interval(asked)
    assert all(rest >= min(span, CEILING) for span in said if span)
    assert rest >= min(asked.retry_after or rest, LONGEST_PAUSE)
    assert rest <= max(LONGEST_PAUSE, asked.pace or LONGEST_PAUSE) * (1 + SPREAD)


@given(floors, rates, st.booleans())
def test_a_rhythm_keeps_its_bounds(floor: timedelta, rate: float, conditional: bool) -> None:
    """However often a feed publishes, it is looked at every three hours at least, every ten minutes at most."""
    own = interval(Wishes(floor=floor, rate=rate, conditional=conditional))
    assert own >= (min(BUSIEST, floor) if conditional else floor)
    assert own <= max(SLOWEST, floor)


@given(wishes, st.integers(min_value=1, max_value=10_000))
def test_more_failures_never_mean_an_earlier_look(asked: Wishes, failures: int) -> None:
    """The rest only grows with the failures in a row."""
    assert next_check(NOW, asked, failures=failures) <= next_check(NOW, asked, failures=failures + 1)


# Rates ---------------------------------------------------------------------------------------------------------------


def test_a_rate_settles_at_what_a_feed_publishes() -> None:
    """Two entries an hour for a month are 48 a day, give or take a tenth."""
    rate, at = 0.0, NOW
    for _ in range(30 * 24):
        rate, at = rate_with(rate, at, 2, at + HOUR), at + HOUR
    assert 43 < rate < 53


def test_a_rate_fades_in_silence() -> None:
    """After three days without an entry a bit more than a third is left; the clock going back changes nothing."""
    assert faded(100, NOW, NOW + 3 * DAY) == pytest.approx(36.8, abs=0.1)
    assert faded(100, NOW, NOW - 3 * DAY) == 100


@pytest.mark.parametrize(
    ("hours_ago", "rate"),
    [
        pytest.param([0, 6, 12, 18, 24], 4.0, id="every six hours"),
        pytest.param([0, 24], 0.0, id="two dates tell nothing"),
        pytest.param([5, 5, 5], 0.0, id="one date for all"),
        pytest.param([-10, 0, 24, 48], 1.0, id="dates in the future are not believed"),
        pytest.param([], 0.0, id="no dates"),
    ],
)
def test_the_first_document_tells_a_rate(hours_ago: list[int], rate: float) -> None:
    """The dates in it say how often the feed published so far."""
    assert rate_of([NOW - hours * HOUR for hours in hours_ago], NOW) == pytest.approx(rate)


@given(st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))))  # noqa: DTZ001
def test_whatever_dates_a_feed_has_it_gets_a_rhythm(dates: list[datetime]) -> None:
    """No list of dates breaks the reckoning, however odd they are."""
    interval(Wishes(rate=rate_of(dates, NOW), conditional=True))


@given(rates, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36_500)))
def test_however_long_a_feed_is_silent_it_keeps_a_rhythm(rate: float, silence: timedelta) -> None:
    """A rate that faded to nearly nothing is a rate."""
    assert interval(Wishes(rate=faded(rate, NOW, NOW + silence), conditional=True)) <= SLOWEST
