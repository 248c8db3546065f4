"""What a search found."""

from bot.language import day, ngettext
from bot.language import gettext as _
from bot.messages.frame import LONGEST_NAME, LONGEST_TITLE, PAGE, Message, cut, escaped, link, page_line, turns
from models.search import Found, Hit

LONGEST_WORDS = 200
"""UTF-16 units of what is searched for."""


def repeated(command: str, words: str) -> str:
    """The first line of a list of several pages: the command that brings it. The buttons read it from there."""
    return f"<code>/{command} {escaped(words)}</code>"


def found(words: str, found: Found, page: int) -> Message:
    """One page (from 0) of what was found, and what was searched."""
    lines = [repeated("search", words), _found_in_words(found), "", *map(_line, found.hits)]
    pages = -(-found.total // PAGE)
    lines += [""] * bool(found.hits) + [_searched(found), *page_line(page, pages)]
    return Message("\n".join(lines), turns(page, pages, "search:{}"))


def no_words() -> Message:
    """Answer to a search that names nothing to look for, such as only words that must not occur."""
    return Message(
        _(
            "Give at least one word to look for. For example: {examples}",
            examples='<code>/search "merger talks" acqui* -shares</code>',
        )
    )


def _found_in_words(found: Found) -> str:
    if not found.total:
        return _("Nothing found. All words must occur; try fewer, or only a beginning such as <code>acqui*</code>.")
    if found.more:
        return ngettext(
            "More than {count} found. The newest first:", "More than {count} found. The newest first:", found.total
        )
    return ngettext("{count} found.", "{count} found, the newest first:", found.total)


def _line(hit: Hit) -> str:
    title = cut(hit.title, LONGEST_TITLE) or "…"
    outlet = cut(hit.outlet, LONGEST_NAME) or _("an outlet without a name")
    return f"• {link(hit.url, title)} – {outlet}, {day(hit.at)}"


def _searched(found: Found) -> str:
    return _(
        "Searched: the full texts of {articles} articles about followed deals, and {headlines} headlines of all feeds.",
        articles=found.articles,
        headlines=found.headlines,
    )
