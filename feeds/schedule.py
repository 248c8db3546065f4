"""When to look at a feed again. Pure: the clock is an argument."""

from datetime import datetime, timedelta

FLOOR = timedelta(hours=1)
"""The least time between two looks at a feed. Rachel Kroll's feed-reader test asks for an hour."""

CEILING = timedelta(days=1)
"""A feed that fails, or asks to be cached for longer, is still looked at daily."""

LONGEST_PAUSE = timedelta(days=30)
"""``Retry-After`` is obeyed up to here. A longer one is a mistake or a ban; one look a month harms nobody."""


def next_check(
    now: datetime,
    *,
    floor: timedelta = FLOOR,
    max_age: timedelta | None = None,
    retry_after: timedelta | None = None,
    failures: int = 0,
) -> datetime:
    """The time of the next look, aware UTC like ``now``.

    ``floor`` is the feed's own least interval, ``max_age`` and ``retry_after`` are what the server asked for, and
    ``failures`` counts the looks that failed in a row, the present one included (0: this one went well).
    """
    wait = _backoff(floor, failures) if failures else max(floor, min(max_age or floor, CEILING))
    return now + max(wait, min(retry_after or wait, LONGEST_PAUSE))


def _backoff(floor: timedelta, failures: int) -> timedelta:
    """The floor, doubled with each further failure up to a day."""
    doublings = min(failures - 1, 20)  # enough to climb from a second past a day; without a limit it would overflow
    return max(floor, min(floor * (1 << doublings), CEILING))
