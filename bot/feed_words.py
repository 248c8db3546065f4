"""A feed in plain words, without markup: what the command line prints and what messages are made from."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median, quantiles

from feeds import rhythm
from feeds.rhythm import Reason
from models.feed import Feed
from models.feed_yield import Yield

_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))
_REASONS = {
    Reason.USUAL: "the usual",
    Reason.BUSY: "it is busy",
    Reason.RARE: "it seldom has anything new",
    Reason.UNCONDITIONAL: "its server cannot say “nothing new”",
    Reason.PUBLISHER: "its publisher asks for that",
    Reason.FAILING: "it cannot be read",
}


def span(length: timedelta) -> str:
    """A length of time in its largest unit of which there are at least two: ``90 minutes``, ``2 hours``, ``60 s``."""
    for unit, name in _UNITS:
        if length >= 2 * unit or (length == unit and unit > timedelta(minutes=1)):
            number = round(length / unit)
            return f"{number} {name}{'s' if number != 1 else ''}"
    return f"{max(round(length.total_seconds()), 0)} s"


def every(length: timedelta) -> str:
    """``every hour``, ``every 90 minutes``."""
    return f"every {span(length)}".replace("every 1 ", "every ")


def day(moment: datetime) -> str:
    """``8 Jan 2018``."""
    return f"{moment.day} {moment:%b %Y}"


def moment(moment: datetime) -> str:
    """``8 Jan 2018, 12:00 UTC``."""
    return f"{day(moment)}, {moment:%H:%M} UTC"


def name(feed: Feed) -> str:
    """The feed's title, or its address if it has none."""
    return feed.title or feed.url


def state(feed: Feed) -> str:
    """Whether the feed does well."""
    if feed.stopped_at:
        return f"ended by its publisher on {day(feed.stopped_at)}"
    if feed.failures:
        return f"failing since {moment(feed.succeeded_at)}" if feed.succeeded_at else "failing, never read so far"
    if feed.silence_told and feed.new_entry_at:
        return f"silent since {day(feed.new_entry_at)}"
    return "ok" if feed.succeeded_at else "new, not read yet"


def last_success(feed: Feed, now: datetime) -> str:
    """When the feed was last read."""
    return f"{span(now - feed.succeeded_at)} ago ({moment(feed.succeeded_at)})" if feed.succeeded_at else "never"


def next_look(feed: Feed, now: datetime) -> str:
    """When the feed is looked at next."""
    if feed.stopped_at:
        return "none"
    if feed.next_check_at <= now:
        return "now, while the bot runs"
    return f"in {span(feed.next_check_at - now)} ({moment(feed.next_check_at)})"


def publishes(feed: Feed, now: datetime) -> str:
    """The feed's own rhythm."""
    return frequency(rhythm.rate(feed, now)) if feed.new_entry_at else "not known yet"


def frequency(rate: float) -> str:
    """So many new entries a day, in a unit that gives a number to imagine."""
    if rate >= 1:
        return f"about {rate:.0f} a day"
    if rate * 7 >= 1:
        return f"about {rate * 7:.0f} a week"
    return f"about {rate * 30:.0f} a month" if rate * 30 >= 1 else "less than one a month"


def looks(feed: Feed, floor: timedelta, now: datetime) -> str:
    """How often the feed is looked at, and why. ``floor`` is the usual time between two looks."""
    if feed.stopped_at:
        return "not any more"
    if feed.checked_at is None:
        return "not yet"
    time, reason = rhythm.looks(feed, floor, now)
    lane = "fast lane, your pace" if time < floor else "your pace"
    return f"{every(time)}: {_REASONS.get(reason, lane)}"


def pace(feed: Feed, floor: timedelta) -> str:
    """What the owner set."""
    if feed.pace is None:
        return "usual"
    return f"fast lane, {every(feed.pace)}" if feed.pace < floor else every(feed.pace)


def good_for(feed: Feed, brought: Yield) -> str:
    """What came of the feed."""
    entries = f"{feed.entries_seen:,} {'entry' if feed.entries_seen == 1 else 'entries'} seen"
    articles = f"{brought.articles:,} article{'s' if brought.articles != 1 else ''} about your deals"
    return f"{entries}, {articles}"


def delay(delays: Sequence[timedelta]) -> str:
    """From published to pushed: the median, and what the slowest tenth exceeds."""
    if not delays:
        return "no push yet"
    if len(delays) == 1:
        return f"{span(delays[0])} (1 push)"
    seconds = [length.total_seconds() for length in delays]
    half, most = median(seconds), quantiles(seconds, n=10, method="inclusive")[-1]
    return (
        f"half within {span(timedelta(seconds=half))}, nine in ten within {span(timedelta(seconds=most))} "
        f"(last {len(delays)} pushes)"
    )


def problem(feed: Feed) -> str:
    """What is wrong, in plain words with what to do; empty if nothing is."""
    if feed.error or feed.stopped_at:
        return feed.error or "Its publisher ended it."
    if feed.silence_told and feed.new_entry_at:
        return f"Nothing new since {day(feed.new_entry_at)}. See whether its website still publishes there."
    return ""
