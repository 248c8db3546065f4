"""A feed in plain words, without markup: what the command line prints and what messages are made from."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median, quantiles

from bot.language import N_, ago, ahead, day, every, moment, ngettext, pgettext, said, span
from bot.language import gettext as _
from feeds import rhythm
from feeds.rhythm import Reason
from feeds.schedule import FASTEST
from matcher.vocabulary import Trust
from models.feed import Feed
from models.feed_yield import Yield

_REASONS = {
    Reason.USUAL: N_("the usual"),
    Reason.BUSY: N_("it is busy"),
    Reason.RARE: N_("it seldom has anything new"),
    Reason.UNCONDITIONAL: N_("its server cannot say “nothing new”"),
    Reason.PUBLISHER: N_("its publisher asks for that"),
    Reason.FAILING: N_("it cannot be read"),
}
TRUST_WORDS = {
    Trust.OFFICIAL: N_("official"),
    Trust.TRUSTED: N_("trusted"),
    Trust.UNVETTED: N_("unvetted"),
}


def name(feed: Feed) -> str:
    """The feed's title, or its address if it has none."""
    return feed.title or feed.url


def trust(tier: Trust) -> str:
    """How far a feed is believed."""
    return _(TRUST_WORDS[tier])


def switch(*, on: bool) -> str:
    """Whether something is done."""
    return pgettext("switch", "on") if on else pgettext("switch", "off")


def state(feed: Feed) -> str:
    """Whether the feed does well."""
    if feed.stopped_at:
        return _("ended by its publisher on {day}", day=day(feed.stopped_at))
    if feed.failures and feed.succeeded_at:
        return _("failing since {moment}", moment=moment(feed.succeeded_at))
    if feed.failures:
        return _("failing, never read so far")
    if feed.silence_told and feed.new_entry_at:
        return _("silent since {day}", day=day(feed.new_entry_at))
    return pgettext("feed", "ok") if feed.succeeded_at else pgettext("feed", "new, not read yet")


def read(feed: Feed, now: datetime) -> str:
    """How long ago the feed was last read."""
    return ago(now - feed.succeeded_at) if feed.succeeded_at else _("never")


def last_success(feed: Feed, now: datetime) -> str:
    """When the feed was last read."""
    return f"{read(feed, now)} ({moment(feed.succeeded_at)})" if feed.succeeded_at else read(feed, now)


def next_look(feed: Feed, now: datetime) -> str:
    """When the feed is looked at next."""
    if feed.stopped_at:
        return pgettext("next look", "none")
    if feed.next_check_at <= now:
        return _("now, while the bot runs")
    return f"{ahead(feed.next_check_at - now)} ({moment(feed.next_check_at)})"


def publishes(feed: Feed, now: datetime) -> str:
    """The feed's own rhythm."""
    return frequency(rhythm.rate(feed, now)) if feed.new_entry_at else _("not known yet")


def frequency(rate: float) -> str:
    """So many new entries a day, in a unit that gives a number to imagine."""
    if rate >= 1:
        return ngettext("about {count} a day", "about {count} a day", round(rate))
    if rate * 7 >= 1:
        return ngettext("about {count} a week", "about {count} a week", round(rate * 7))
    if rate * 30 >= 1:
        return ngettext("about {count} a month", "about {count} a month", round(rate * 30))
    return _("less than one a month")


def looks(feed: Feed, floor: timedelta, now: datetime) -> str:
    """How often the feed is looked at, and why. ``floor`` is the usual time between two looks."""
    if feed.stopped_at:
        return _("not any more")
    if feed.checked_at is None:
        return pgettext("looked at", "not yet")
    time, reason = rhythm.looks(feed, floor, now)
    return _("{every}: {reason}", every=every(time), reason=_why(reason, fast=time < floor))


def _why(reason: Reason, *, fast: bool) -> str:
    if reason is Reason.PACE:
        return _("fast lane, your pace") if fast else _("your pace")
    return _(_REASONS[reason])


def pace(feed: Feed, floor: timedelta) -> str:
    """What the owner set."""
    if feed.pace is None:
        return pgettext("pace", "usual")
    return _("fast lane, {every}", every=every(feed.pace)) if feed.pace < floor else every(feed.pace)


def pace_set(feed: Feed, floor: timedelta, now: datetime) -> str:
    """What became of a new pace, if it does not simply rule; at most 200 characters, for a toast."""
    time, reason = rhythm.looks(feed, floor, now)
    if feed.succeeded_at is None or feed.pace is None or reason is not Reason.UNCONDITIONAL:
        return ""
    return pgettext(
        "toast", "This server cannot say “nothing new”, so the feed is still looked at {every}.", every=every(time)
    )


def hastened(feed: Feed, soonest: datetime | None) -> str:
    """Whether the feed is looked at out of turn, or from when on it may be; at most 200 characters, for a toast."""
    if feed.stopped_at:
        return pgettext("toast", "Its publisher ended this feed. Add its address again to see whether it is back.")
    if soonest is None:
        return pgettext("toast", "It is looked at within seconds, while the bot runs.")
    after = moment(soonest, seconds=True)
    if feed.checked_at is None or soonest > feed.checked_at + FASTEST:
        return pgettext("toast", "Its publisher asks for more time. Try again after {moment}.", moment=after)
    return pgettext("toast", "It was looked at less than a minute ago. Try again after {moment}.", moment=after)


def good_for(feed: Feed, brought: Yield) -> str:
    """What came of the feed."""
    entries = ngettext("{count} entry seen", "{count} entries seen", feed.entries_seen)
    articles = ngettext("{count} article about your deals", "{count} articles about your deals", brought.articles)
    return f"{entries}, {articles}"


def delay(delays: Sequence[timedelta]) -> str:
    """From published to pushed: the median, and what the slowest tenth exceeds."""
    if not delays:
        return _("no push yet")
    if len(delays) == 1:
        return _("{length} (1 push)", length=span(delays[0]))
    seconds = [length.total_seconds() for length in delays]
    half, most = median(seconds), quantiles(seconds, n=10, method="inclusive")[-1]
    return ngettext(
        "half within {half}, nine in ten within {most} (last {count} push)",
        "half within {half}, nine in ten within {most} (last {count} pushes)",
        len(delays),
        half=span(timedelta(seconds=half)),
        most=span(timedelta(seconds=most)),
    )


def problem(feed: Feed) -> str:
    """What is wrong, in plain words with what to do; empty if nothing is."""
    if feed.error or feed.stopped_at:
        return said(feed.error) if feed.error else _("Its publisher ended it.")
    if feed.silence_told and feed.new_entry_at:
        since = day(feed.new_entry_at)
        return _("Nothing new since {day}. See whether its website still publishes there.", day=since)
    return ""
