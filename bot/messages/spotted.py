"""Deals in the news that nobody tracks yet."""

from hashlib import sha256

from bot.language import day, ngettext, pgettext
from bot.language import gettext as _
from bot.messages.frame import LONGEST_NAME, LONGEST_TITLE, Button, Message, cut, label, link, page_line, turns
from bot.messages.standing import standing_words
from models.spotted import RECENT, Spotted, Survey

SHOWN = 5
"""Deals on one page."""

_BEHIND_NAMES = " · "


def spotted(survey: Survey, number: int) -> Message:
    """One page (``number`` from 0) of what was found, and among how much."""
    if not survey.found:
        return Message(" ".join([_("No deal was found that nobody tracks yet."), _looked(survey)]))
    page = survey.found[number * SHOWN : (number + 1) * SHOWN]
    pages = -(-len(survey.found) // SHOWN)
    count = ngettext(
        "{count} possible deal that nobody tracks yet:", "{count} possible deals that nobody tracks yet:",
        len(survey.found),
    )  # fmt: skip
    lines = [count, "", *(line for deal in page for line in _lines(deal)), _looked(survey), *page_line(number, pages)]
    return Message("\n".join(lines), (*((_track(deal),) for deal in page), *turns(number, pages, "spotted:{}")))


def _lines(deal: Spotted) -> list[str]:
    articles = ngettext("{count} article", "{count} articles", deal.articles)
    sources = ngettext("{count} source", "{count} sources", deal.origins)
    latest = deal.latest
    title, outlet = cut(latest.title, LONGEST_TITLE), cut(latest.outlet, LONGEST_NAME) or _("an outlet without a name")
    weight = _("{articles}, {sources}", articles=articles, sources=sources)
    return [
        _BEHIND_NAMES.join([f"<b>{cut(_names(deal), LONGEST_TITLE)}</b>", standing_words(deal.standing.stage), weight]),
        f"{link(latest.url, title)} – {outlet}, {day(latest.moment)}",
        "",
    ]


def _looked(survey: Survey) -> str:
    if survey.since is None:
        return _("There is no headline of the last {days} days.", days=RECENT.days)
    return ngettext(
        "Looked through {count} headline, since {day}.",
        "Looked through {count} headlines, since {day}.",
        survey.headlines,
        day=day(survey.since),
    )


def _names(deal: Spotted) -> str:
    return " + ".join(deal.names)


def _track(deal: Spotted) -> Button:
    words = pgettext("button", "Track: {names}", names=_names(deal))
    return Button(label(words), f"spot:{deal.kind}:{_digest(_names(deal))}")


def names_under(text: str, digest: str) -> str | None:
    """The names that a pressed button of :func:`spotted` stands for, by the text of its message.

    They may be too long for the button's own data, and the message keeps them even when the news has moved on.
    """
    names = (line.partition(_BEHIND_NAMES)[0] for line in text.splitlines())
    return next((words for words in names if _digest(words) == digest), None)


def _digest(names: str) -> str:
    return sha256(names.encode()).hexdigest()[:16]
