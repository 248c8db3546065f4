"""What every message is made of: its text and buttons, and what keeps foreign text within Telegram's limits.

A message has at most 4096 characters after its tags are read, a button's data at most 64 bytes (Bot API: sendMessage,
InlineKeyboardButton).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

import html_text

from bot.language import gettext as _
from bot.language import pgettext

PAGE = 10
"""Deals on one page of ``/deals``, feeds on one of ``/feeds``."""
LONGEST_TEXT = 4000
"""UTF-16 units that are filled of the 4096 Telegram allows."""
LONGEST_LINK = 2000
"""Longer addresses are not linked: browsers do not take them either."""
LONGEST_TITLE, LONGEST_QUOTE, LONGEST_NAME, LONGEST_ITEM = 120, 280, 80, 60
LONGEST_REASON, LONGEST_ADDRESS = 500, 1000
"""UTF-16 units of foreign text, as Telegram counts a message's."""

_DIRECTING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that turn the direction of what follows, beyond the end of the text that holds them (UAX #9)."""
_CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if not chr(code).isspace()]
_REMOVED = dict.fromkeys(map(ord, [*_DIRECTING, *_CONTROLS]))
_UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"}
"""Unicode's categories of characters that show nothing by themselves."""

Rows = tuple[tuple["Button", ...], ...]


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button. ``data`` comes back when it is pressed."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Message:
    """A text with its rows of buttons. ``notice`` is the short toast over a pressed button: no HTML, 200 characters."""

    text: str
    buttons: Rows = ()
    notice: str = ""


def cut(text: str, longest: int) -> str:
    """Foreign text for a message: on one line, within its length, escaped."""
    return escape(plain(text, longest), quote=False)


def escaped(text: str) -> str:
    """Foreign text to the letter, escaped."""
    return escape(text, quote=False)


def plain(text: str, longest: int) -> str:
    """Foreign text for a button or a toast, which have no markup: on one line and within its length in UTF-16 units."""
    line = " ".join(_whole(text[: 4 * longest]).translate(_REMOVED).split())
    units = line.encode("utf-16-le")
    if len(units) <= 2 * longest:
        return line
    return units[: 2 * (longest - 1)].decode("utf-16-le", "ignore").rstrip() + "…"  # no half of a character is left


def label(text: str, longest: int = LONGEST_ITEM) -> str:
    """Foreign text on a button, which must not be empty to the eye."""
    line = plain(text, longest)
    return line if any(unicodedata.category(character) not in _UNSEEN for character in line) else "…"


def _whole(text: str) -> str:
    """The text without halves of characters, which no encoding can carry."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def link(url: str, words: str) -> str:
    """The words (already escaped), linked if Telegram and browsers take the address."""
    return f'<a href="{escape(url)}">{words}</a>' if _is_linkable(url) else words


def _is_linkable(url: str) -> bool:
    if len(url) > LONGEST_LINK or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:  # such as a bracket that never closes
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def visible_length(lines: Iterable[str]) -> int:
    """The length as Telegram counts it: UTF-16 units without tags. Escaped text has no angle bracket of its own."""
    words = re.sub(r"<[^>]*>", "", "\n".join(lines))
    return len(words.encode("utf-16-le")) // 2


def page_line(number: int, pages: int) -> list[str]:
    """Which page this is (``number`` from 0), if there are several."""
    return ["", _("Page {number} of {pages}", number=number + 1, pages=pages)] if pages > 1 else []


def turns(number: int, pages: int, data: str) -> Rows:
    """Buttons to the pages before and after; ``data`` has a place for their number."""
    row = []
    if number > 0:
        row.append(Button(pgettext("button", "← Previous"), data.format(number - 1)))
    if number + 1 < pages:
        row.append(Button(pgettext("button", "Next →"), data.format(number + 1)))
    return (tuple(row),) if row else ()


def without_markup(text: str) -> str:
    """The words of a message without its tags, for when Telegram refuses the tags."""
    return html_text.extract_text(text.replace("\n", "<br>"))
