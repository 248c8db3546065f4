"""How often a feed is looked at and why, as its row tells; and how soon its owner may have it looked at."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto

from feeds.schedule import FASTEST, SPREAD, Wishes, faded, interval
from models.feed import Feed


class Reason(Enum):
    """Why a feed is looked at as often as it is."""

    USUAL = auto()
    BUSY = auto()
    """It publishes several times an hour."""
    RARE = auto()
    """It hardly ever publishes."""
    PACE = auto()
    """The owner set its pace."""
    UNCONDITIONAL = auto()
    """Its server cannot be asked whether anything is new, so more often than usual would be rude."""
    PUBLISHER = auto()
    """Its publisher asks for more time."""
    FAILING = auto()
    """It cannot be read."""


def rate(feed: Feed, now: datetime) -> float:
    """New entries a day, as of ``now``."""
    return faded(feed.rate, feed.new_entry_at, now) if feed.new_entry_at else 0.0


def looks(feed: Feed, floor: timedelta, now: datetime) -> tuple[timedelta, Reason]:
    """The time between two looks, as of the last one, and the reason for it. ``floor`` is the usual time.

    A feed that is due may have been hurried, by its owner or a new pace: its row tells nothing of its publisher then.
    """
    known = wishes(feed, floor, feed.checked_at or now)
    own, planned = interval(known), _planned(feed)
    if feed.failures:
        return planned, Reason.FAILING
    if feed.next_check_at > now and planned > own * (1 + SPREAD):
        return planned, Reason.PUBLISHER
    if own > interval(replace(known, conditional=True)):
        return own, Reason.UNCONDITIONAL
    if feed.pace:
        return own, Reason.PACE
    if own == floor:
        return own, Reason.USUAL
    return own, Reason.BUSY if own < floor else Reason.RARE


def hasten(feed: Feed, now: datetime) -> datetime | None:
    """Have the feed looked at now. None, or the time before which that would be too soon, and then nothing changed.

    Too soon is less than a minute after the last look, and while publisher or server ask to be left alone.
    """
    soonest = max(feed.not_before, feed.checked_at + FASTEST) if feed.checked_at else feed.not_before
    if feed.stopped_at or soonest > now:
        return soonest
    feed.next_check_at = now
    return None


def set_pace(feed: Feed, pace: timedelta | None, floor: timedelta, now: datetime) -> None:
    """Let the owner set the time between two looks, counted from the last one; None: as Hearsay finds it.

    Publisher and server still rule, and so does the pause that a failure brought.
    """
    feed.pace = pace
    if feed.checked_at and not feed.failures:
        feed.next_check_at = max(feed.not_before, feed.checked_at + interval(wishes(feed, floor, now)))


def wishes(
    feed: Feed,
    floor: timedelta,
    now: datetime,
    *,
    fresh_for: timedelta | None = None,
    retry_after: timedelta | None = None,
) -> Wishes:
    """What the row knows of how often to look at the feed, with what the last answer asked for."""
    return Wishes(
        floor=floor,
        pace=feed.pace,
        rate=rate(feed, now),
        conditional=feed.etag is not None or feed.last_modified is not None,
        fresh_for=fresh_for,
        update_every=feed.update_every,
        retry_after=retry_after,
    )


def _planned(feed: Feed) -> timedelta:
    return feed.next_check_at - feed.checked_at if feed.checked_at else timedelta(0)
