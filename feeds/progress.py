"""What the outcome of a poll means for its feed: the row's new state, and what the owner must be told.

Pure: a row goes in and is changed; the clock and the dice are arguments.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.fetch import Answer, FetchError, Gone, TooMany
from feeds.rhythm import wishes
from feeds.schedule import Wishes, next_check, not_before, rate_of, rate_with
from models.feed import Feed, Trouble
from models.wording import Wording

TELL_AFTER = 5
"""Failed checks in a row before the owner is told: some fifteen hours for a feed that is checked hourly."""

PROVEN_MOVES, PROVEN_TIME = 3, timedelta(days=1)
"""Checks in a row, and the time they span, that must be redirected for good to one place before it is believed."""

SILENT_FACTOR = 2
"""A feed is silent once nothing came for so many times its longest pause so far."""

LEAST_SILENCE, OBSERVATION, OBSERVED_ARRIVALS = timedelta(days=1), timedelta(days=14), 10
"""No shorter pause is called silence, and nothing is before two weekends and ten arrivals were seen."""

FORGET_GAPS = timedelta(days=90)
"""Time in which a pause that was unusually long counts for half of its length."""


@dataclass(frozen=True, slots=True)
class Read:
    """A document that was read: the new entries in it, and the dates of all of them."""

    digest: str
    update_every: timedelta | None
    new: int
    dates: Collection[datetime]


@dataclass(frozen=True, slots=True)
class Times:
    """The present time, the least time between two checks, and a random number from 0 to 1."""

    now: datetime
    floor: timedelta
    chance: float


def succeeded(feed: Feed, answer: Answer, document: Read | None, times: Times) -> Trouble | None:
    """The feed answered, with a document unless nothing had changed. Returns the trouble to tell the owner of."""
    feed.etag, feed.last_modified = answer.validators.etag, answer.validators.last_modified
    if document:
        _note_arrivals(feed, document, times.now)
        feed.digest, feed.update_every = document.digest, document.update_every
    feed.checked_at = feed.succeeded_at = times.now
    feed.failures, feed.error, feed.told = 0, None, None
    known = wishes(feed, times.floor, times.now, fresh_for=answer.fresh_for, retry_after=answer.retry_after)
    _plan(feed, known, times)
    if feed.silence_told or not is_silent(feed, times.now):
        return None
    feed.silence_told = True
    return Trouble.SILENT


def failed(feed: Feed, error: Exception, reason: Wording, times: Times) -> Trouble | None:
    """The check failed. Validators stay as they are. Returns the trouble to tell the owner of."""
    feed.checked_at, feed.error = times.now, reason
    feed.failures += 1
    feed.moved_to, feed.moved_since, feed.moved_times = None, None, 0
    _plan(feed, wishes(feed, times.floor, times.now, retry_after=_retry_after(error, times)), times)
    if isinstance(error, Gone):
        return ended(feed, times.now)
    return _tell_once(feed, Trouble.FAILING) if feed.failures >= TELL_AFTER else None


def ended(feed: Feed, now: datetime) -> Trouble | None:
    """The feed is not to be polled any more; ``feed.error`` says why. Returns the trouble to tell the owner of."""
    feed.stopped_at = now
    return _tell_once(feed, Trouble.ENDED)


def proven_move(feed: Feed, answer: Answer, *, is_feed: bool, now: datetime) -> str | None:
    """The feed's new address, once enough checks were redirected there for good and found a feed.

    A captive portal redirects, too: so the new address must be https, must itself have given a feed (``is_feed``: this
    answer did, or said that the feed it gave before is unchanged), and must stay the same for a day.
    """
    target = answer.moved_to
    if target is None or not target.startswith("https://"):
        feed.moved_to, feed.moved_since, feed.moved_times = None, None, 0
        return None
    if target != feed.moved_to:
        if is_feed:
            feed.moved_to, feed.moved_since, feed.moved_times = target, now, 1
        return None
    feed.moved_times += 1
    proven = feed.moved_times >= PROVEN_MOVES and feed.moved_since and now - feed.moved_since >= PROVEN_TIME
    return target if proven else None


def is_silent(feed: Feed, now: datetime) -> bool:
    """Whether nothing came for much longer than ever before, as far as the feed was observed long enough."""
    if feed.read_since is None or feed.new_entry_at is None or feed.longest_gap is None:
        return False
    observed = feed.arrivals >= OBSERVED_ARRIVALS and now - feed.read_since >= OBSERVATION
    return observed and now - feed.new_entry_at > max(LEAST_SILENCE, SILENT_FACTOR * feed.longest_gap)


def _note_arrivals(feed: Feed, document: Read, now: datetime) -> None:
    feed.entries_seen += document.new
    if feed.new_entry_at is None:
        feed.rate, feed.new_entry_at, feed.read_since = rate_of(document.dates, now), now, now
    elif document.new:
        # Up to the last look at which nothing had come: while nobody looked, nobody knows. (A clock may go back.)
        gap = max((feed.succeeded_at or now) - feed.new_entry_at, timedelta(0))
        feed.rate = rate_with(feed.rate, feed.new_entry_at, document.new, now)
        feed.longest_gap = max(gap, (feed.longest_gap or gap) * 0.5 ** (gap / FORGET_GAPS))
        feed.new_entry_at = now
        feed.arrivals += 1
        feed.silence_told = False


def _plan(feed: Feed, known: Wishes, times: Times) -> None:
    feed.not_before = not_before(times.now, known)
    feed.next_check_at = next_check(times.now, known, failures=feed.failures, chance=times.chance)


def _retry_after(error: Exception, times: Times) -> timedelta | None:
    """What the server asked for. One that asks for fewer visits without saying how few gets the usual rest at least."""
    if not isinstance(error, FetchError):
        return None
    return max(error.retry_after or times.floor, times.floor) if isinstance(error, TooMany) else error.retry_after


def _tell_once(feed: Feed, trouble: Trouble) -> Trouble | None:
    if feed.told is trouble:
        return None
    feed.told = trouble
    return trouble
