"""Finding feeds for their owner: at an address, and in lists of feeds from other readers."""

from hashlib import sha256

from bot.language import gettext as _
from bot.language import ngettext
from bot.messages.feeds import all_feeds
from bot.messages.frame import (
    LONGEST_ADDRESS,
    LONGEST_ITEM,
    LONGEST_NAME,
    LONGEST_REASON,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Button,
    Message,
    cut,
    escaped,
    label,
    visible_length,
)
from feeds.adding import Choice
from feeds.opml import MAX_BYTES, Imported, Unusable

UNUSABLE = 6
"""Unusable lines of an imported list that are named."""
EXPORTED = "hearsay-feeds.opml"
"""The name of the file that ``/export`` sends."""


def looking(address: str) -> Message:
    """An address is being looked at."""
    code = f"<code>{cut(address, LONGEST_ADDRESS)}</code>"
    return Message(_("Looking at {address} … That may take a minute.", address=code))


def no_feed(reason: str) -> Message:
    """No feed was found; ``reason`` says why and what to do."""
    return Message(_("Not added. {reason}", reason=cut(reason, LONGEST_REASON)))


def choose_feed(offer: Choice) -> Message:
    """A page offers several feeds. Each address stands on a line of its own: see :func:`offered_feed`."""
    lines, rows = [_("This page offers several feeds. Which one?")], []
    more = "\n" + _("It has more than can be shown. Send /addfeed with the address of the feed itself.")
    for number, link in enumerate(offer.links, 1):
        block = [f"\n{number}. {cut(link.title, LONGEST_ITEM)}".rstrip(), f"<code>{escaped(link.url)}</code>"]
        if visible_length([*lines, *block, more]) > LONGEST_TEXT:
            lines.append(more)
            break
        lines += block
        rows.append((Button(f"{number}. {label(link.title or link.url)}", f"offer:{_digest(link.url)}"),))
    return Message("\n".join(lines), tuple(rows))


def offered_feed(text: str, data: str) -> str | None:
    """The address that a pressed button of :func:`choose_feed` stands for, by the text of its message.

    The message itself keeps the addresses, so nothing needs to be stored, and an old button cannot mean another feed.
    """
    return next((line for line in text.splitlines() if _digest(line) == data), None)


def _digest(url: str) -> str:
    return sha256(url.encode()).hexdigest()[:32]


def imported_feeds(result: Imported) -> Message:
    """What became of a list of feeds."""
    if not (result.added or result.known or result.unusable):
        return bad_list(_("This list holds no feeds; export it again from a feed reader."))
    sums = _(
        "Added {added}, known already {known}, not usable {unusable}.",
        added=len(result.added),
        known=len(result.known),
        unusable=len(result.unusable),
    )
    lines = [sums, *map(_unusable, result.unusable[:UNUSABLE])]
    more = len(result.unusable) - UNUSABLE
    if more > 0:
        lines.append(ngettext("… and {count} more.", "… and {count} more.", more))
    return Message("\n".join(lines), ((all_feeds(),),))


def _unusable(line: Unusable) -> str:
    return f"• {cut(line.reason, LONGEST_TITLE + LONGEST_NAME)}: <code>{cut(line.url, LONGEST_NAME) or '-'}</code>"


def bad_list(reason: str) -> Message:
    """A file cannot be imported."""
    return Message(_("Nothing was imported. {reason}", reason=cut(reason, LONGEST_REASON)))


def large_list() -> Message:
    """A file is too large to be a list of feeds."""
    return bad_list(_("The file is larger than {count} bytes; split it into several.", count=MAX_BYTES))


def not_downloaded() -> Message:
    """Telegram did not hand out a file."""
    return bad_list(_("The file could not be had from Telegram; send it again."))


def exported_feeds(count: int) -> str:
    """The words under the file that ``/export`` sends."""
    return ngettext(
        "{count} feed. Send such a file here to import it.", "{count} feeds. Send such a file here to import it.", count
    )
