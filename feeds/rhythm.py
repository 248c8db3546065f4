"""How often a feed is looked at and why, as its row tells; and how soon its owner may have it looked at."""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto

from feeds.schedule import CEILING, FASTEST, SPREAD, Wishes, faded, interval, next_check
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
    wishes = _wishes(feed, floor)
    own, planned = interval(wishes), _planned(feed)
    if feed.failures:
        return planned, Reason.FAILING
    if feed.next_check_at > now and planned > own * (1 + SPREAD):
        return planned, Reason.PUBLISHER
    if own > interval(replace(wishes, conditional=True)):
        return own, Reason.UNCONDITIONAL
    if feed.pace:
        return own, Reason.PACE
    if own == floor:
        return own, Reason.USUAL
    return own, Reason.BUSY if own < floor else Reason.RARE


def hasten(feed: Feed, floor: timedelta, now: datetime) -> datetime | None:
    """Have the feed looked at now. None, or the time before which that would be too soon, and then nothing changed.

    Too soon is less than a minute after the last look, and while the server asks to be left alone (``Retry-After``).
    """
    soonest = _soonest(feed, floor)
    if feed.stopped_at or (soonest and soonest > now):
        return soonest
    feed.next_check_at = now
    return None


def _soonest(feed: Feed, floor: timedelta) -> datetime | None:
    """``Retry-After`` has no column: it is what put a check off for longer than all other reasons together could."""
    if feed.checked_at is None:
        return None
    wishes = replace(_wishes(feed, floor), fresh_for=CEILING)
    latest = next_check(feed.checked_at, wishes, failures=feed.failures, chance=1.0)
    return feed.next_check_at if feed.next_check_at > latest else feed.checked_at + FASTEST


def _wishes(feed: Feed, floor: timedelta) -> Wishes:
    """What the row knows of the wishes at the last look; how long HTTP said that the answer stays fresh is not kept."""
    return Wishes(
        floor=floor,
        pace=feed.pace,
        rate=rate(feed, feed.checked_at) if feed.checked_at else 0.0,
        conditional=feed.etag is not None or feed.last_modified is not None,
        update_every=feed.update_every,
    )


def _planned(feed: Feed) -> timedelta:
    return feed.next_check_at - feed.checked_at if feed.checked_at else timedelta(0)
