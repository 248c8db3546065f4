"""When to look at a feed again. Pure: the clock and the dice are arguments.

::

    the feed's own rhythm, or the owner's pace      how often looking is worth while
    max-age, Expires (HTTP) · ttl, sy:… (document)  how long the publisher says that nothing changes
    failures in a row                               doubled each time
      → the longest of these, at most a day
    Retry-After                                     obeyed up to a month
      → plus up to a tenth, so that feeds spread out
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp

FLOOR = timedelta(hours=1)
"""The usual time between two looks at a feed. Rachel Kroll's feed-reader test asks for an hour."""

BUSIEST = timedelta(minutes=10)
"""Between two looks at a feed that publishes several times an hour."""

SLOWEST = timedelta(hours=3)
"""Between two looks at a feed that hardly ever publishes: a rare piece of news is news all the same."""

FASTEST = timedelta(seconds=60)
"""The least pace that an owner may set."""

CEILING = timedelta(days=1)
"""A feed that fails, or asks to be cached for longer, is still looked at daily."""

LONGEST_PAUSE = timedelta(days=30)
"""``Retry-After`` is obeyed up to here. A longer one is a mistake or a ban; one look a month harms nobody."""

SPREAD = 0.1
"""The part of a wait by which chance may lengthen it."""

MEMORY = timedelta(days=3)
"""Time in which the weight of old entries in a feed's rate falls to 1/e."""

LOOKS_PER_ENTRY = 12
"""Looks at a slow feed in the mean time between two entries: news waits a twelfth of that at most."""

DAY = timedelta(days=1)
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the owner, the publisher and the feed's rhythm ask for."""

    floor: timedelta = FLOOR
    pace: timedelta | None = None
    """The owner's own time between two checks; None: by the rate."""
    rate: float = 0.0
    """New entries a day."""
    conditional: bool = False
    """Whether the feed can be asked conditionally. Only then is it looked at more often than at the floor."""
    fresh_for: timedelta | None = None
    """How long the answer stays fresh, by HTTP."""
    update_every: timedelta | None = None
    """How often the document says that it changes."""
    retry_after: timedelta | None = None
    """How long the server asked to be left alone."""


def next_check(now: datetime, wishes: Wishes, *, failures: int = 0, chance: float = 0.0) -> datetime:
    """The time of the next look, aware UTC like ``now``.

    ``failures`` counts the looks that failed in a row, the present one included (0: this one went well); ``chance``
    is a random number from 0 to 1. Never earlier than anybody asked for.
    """
    own = interval(wishes)
    wait = max(_backoff(own, failures) if failures else own, not_before(now, wishes) - now)
    return now + wait * (1 + SPREAD * chance)


def not_before(now: datetime, wishes: Wishes) -> datetime:
    """Until when the publisher and the server ask to be left alone; ``now`` if they do not."""
    said = max(wishes.fresh_for or _NOTHING, wishes.update_every or _NOTHING)
    return now + max(min(said, CEILING), min(wishes.retry_after or _NOTHING, LONGEST_PAUSE))


def interval(wishes: Wishes) -> timedelta:
    """How often the feed is worth looking at, whatever its publisher says."""
    fastest = wishes.pace or _by_rate(wishes.rate, wishes.floor)
    return fastest if wishes.conditional else max(fastest, wishes.floor)


def _by_rate(rate: float, floor: timedelta) -> timedelta:
    if rate <= 0:
        return floor
    gap = DAY / max(rate, 1 / LOOKS_PER_ENTRY)  # what faded to nearly nothing would make it longer than time
    if gap <= floor / 2:
        return max(gap, min(BUSIEST, floor))
    return max(floor, min(gap / LOOKS_PER_ENTRY, SLOWEST))


def faded(rate: float, since: datetime, now: datetime) -> float:
    """What is left at ``now`` of a rate that was measured at ``since``, if nothing came meanwhile."""
    return rate * exp(-max((now - since) / MEMORY, 0.0))


def rate_with(rate: float, since: datetime, entries: int, now: datetime) -> float:
    """The rate once so many new entries came: entries a day, as an exponentially weighted count."""
    return faded(rate, since, now) + entries / (MEMORY / DAY)


def rate_of(dates: Collection[datetime], now: datetime) -> float:
    """The rate that the dates of a first document tell; 0 if they tell none."""
    past = sorted(date for date in dates if date <= now)
    if len(past) < 3 or past[0] == past[-1]:
        return 0.0
    return faded((len(past) - 1) / ((past[-1] - past[0]) / DAY), past[-1], now)


def _backoff(own: timedelta, failures: int) -> timedelta:
    """The feed's own interval, doubled with each further failure up to a day."""
    doublings = min(failures - 1, 20)  # enough to climb from a second past a day; without a limit it would overflow
    return max(own, min(own * (1 << doublings), CEILING))
