"""How Hearsay is, for its owner, in a few lines."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.language import ago, ngettext, number, span
from bot.language import gettext as _
from bot.messages.frame import Message
from models.health import Health

LATE = timedelta(minutes=5)
"""A poller that is later than this with a feed does not keep up."""
LITTLE_SPACE = 500_000_000
"""Bytes of free disk below which the owner must act."""
LONG_SILENCE = timedelta(days=3)
"""Without a claim about any deal, something may be wrong with the feeds or the watchlist."""


@dataclass(frozen=True, slots=True)
class Disk:
    """The database file and the space beside it, in bytes."""

    used: int
    free: int


def health(found: Health, disk: Disk, now: datetime) -> Message:
    """What the owner must know: first what needs a hand, then how things go."""
    warnings = _warnings(found, disk, now)
    lines = [_("<b>Needs a hand</b>"), *(f"⚠️ {warning}" for warning in warnings), ""] if warnings else []
    lines += [_("<b>All is well</b>")] if not warnings else [_("<b>How things go</b>")]
    return Message("\n".join([*lines, *_facts(found, disk, now)]))


def _warnings(found: Health, disk: Disk, now: datetime) -> list[str]:
    return [
        warning
        for condition, warning in (
            (not found.feeds, _("No feed is polled: add one with /addfeed.")),
            (found.failing, _failing(found.failing)),
            (found.overdue and found.overdue > LATE, _late(found.overdue)),
            (found.claimed_at and now - found.claimed_at > LONG_SILENCE, _silent(found.claimed_at, now)),
            (found.backlog.given_up, _given_up(found.backlog.given_up)),
            (found.unreadable, _unreadable(found.unreadable)),
            (found.proposals, _proposals(found.proposals)),
            (disk.free < LITTLE_SPACE, _("Little space is left on the disk: {size}.", size=_megabytes(disk.free))),
        )
        if condition
    ]


def _failing(count: int) -> str:
    return ngettext("{count} feed cannot be read: /feeds", "{count} feeds cannot be read: /feeds", count)


def _late(overdue: timedelta | None) -> str:
    return _("The poller is late by {time}.", time=span(overdue or timedelta()))


def _silent(claimed_at: datetime | None, now: datetime) -> str:
    return _("No news about any deal for {time}.", time=span(now - (claimed_at or now)))


def _given_up(count: int) -> str:
    return ngettext("{count} message was given up: /missed", "{count} messages were given up: /missed", count)


def _unreadable(count: int) -> str:
    return ngettext(
        "{count} update from Telegram could not be handled; the log says why.",
        "{count} updates from Telegram could not be handled; the log says why.",
        count,
    )


def _proposals(count: int) -> str:
    return ngettext(
        "{count} proposed deal waits for an answer: /proposals",
        "{count} proposed deals wait for an answer: /proposals",
        count,
    )


def _facts(found: Health, disk: Disk, now: datetime) -> list[str]:
    read = ago(now - found.read_at) if found.read_at else _("never")
    return [
        _("Feeds: {count}, last read {when}", count=found.feeds, when=read),
        _(
            "Last 24 hours: {entries} headlines, {articles} about your deals, {claims} claims, {changes} changes",
            entries=number(found.entries),
            articles=number(found.articles),
            claims=number(found.claims),
            changes=number(found.changes),
        ),
        _(
            "Deals: {deals}. Chats: {chats}, and {retired} that left",
            deals=found.deals,
            chats=found.chats,
            retired=found.retired,
        ),
        _("Messages waiting: {waiting}", waiting=number(found.backlog.waiting)),
        _("Database: {size}; free on the disk: {free}", size=_megabytes(disk.used), free=_megabytes(disk.free)),
    ]


def _megabytes(size: int) -> str:
    return f"{number(round(size / 1_000_000))} MB"
