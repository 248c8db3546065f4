"""Finding feeds for their owner: at an address, or on a page that offers several."""

from hashlib import sha256

from bot.language import gettext as _
from bot.language import said
from bot.messages.frame import (
    LONGEST_ADDRESS,
    LONGEST_ITEM,
    LONGEST_REASON,
    LONGEST_TEXT,
    Button,
    Message,
    cut,
    escaped,
    label,
    visible_length,
)
from feeds.adding import Choice
from models.wording import Wording


def looking(address: str) -> Message:
    """An address is being looked at."""
    code = f"<code>{cut(address, LONGEST_ADDRESS)}</code>"
    return Message(_("Looking at {address} … That may take a minute.", address=code))


def no_feed(reason: Wording) -> Message:
    """No feed was found; ``reason`` says why and what to do."""
    return Message(_("Not added. {reason}", reason=cut(said(reason), LONGEST_REASON)))


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
