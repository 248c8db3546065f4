"""The language in which the chat being served is spoken to: its words, and how it writes dates and numbers.

English is the language of the sources. ``bot/locale/<language>.po`` holds another one: adding a language is adding that
file. Which language is meant is a context variable, as in web frameworks: every task has its own, so the texts need not
be handed it, and chats that are served side by side do not disturb each other. Outside of :func:`speaking`, such as on
the command line, it is English.
"""

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from babel import Locale, dates, lists, negotiate_locale, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from models.wording import Wording

SOURCE = "en"
"""The language of the texts in the code."""
LOCALE_DIR = Path(__file__).parent / "locale"

_language: ContextVar[str] = ContextVar("language", default=SOURCE)


@contextmanager
def speaking(code: str | None) -> Iterator[None]:
    """Speak the :func:`best_language` for a code."""
    token = _language.set(best_language(code))
    try:
        yield
    finally:
        _language.reset(token)


def spoken() -> str:
    """The language that is spoken now, one of :func:`languages`."""
    return _language.get()


@cache
def languages() -> tuple[str, ...]:
    """The languages that Hearsay speaks, English first."""
    return (SOURCE, *sorted(path.stem for path in LOCALE_DIR.glob("*.po")))


@cache
def best_language(code: str | None) -> str:
    """The language for an IETF tag such as ``de-AT`` (a user's ``language_code``); English if none fits."""
    if not code:
        return SOURCE
    names = {name.casefold(): name for name in languages()}
    found = negotiate_locale([code.casefold().replace("-", "_")], names)
    return names[found.casefold()] if found else SOURCE


# The words -----------------------------------------------------------------------------------------------------------


def gettext(text: str, /, **values: str | int) -> str:
    """The translation, with the values in their places. Whole numbers are written as the language writes them.

    Translations are Telegram's HTML and trusted; whatever comes from elsewhere must be escaped.
    """
    return _filled(_translations(spoken()).gettext(text), values)


def ngettext(one: str, many: str, count: int, /, **values: str | int) -> str:
    """As :func:`gettext`, in the form for ``count``, which is a value, too."""
    return _filled(_translations(spoken()).ngettext(one, many, count), values | {"count": count})


def pgettext(context: str, text: str, /, **values: str | int) -> str:
    """As :func:`gettext`, for a text that means different things in different places."""
    return _filled(_translations(spoken()).pgettext(context, text), values)


def said(wording: Wording) -> str:
    """What another layer has to say, translated: without markup, so that it must be escaped like any foreign text."""
    values = {name: said(v) if isinstance(v, Wording) else v for name, v in wording.values.items()}
    return gettext(wording.words, **values) if wording.words else ""  # the empty text is a catalogue's own header


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for it)
    """Mark a text that is translated when it is used."""
    return text


def _filled(text: str, values: dict[str, str | int]) -> str:
    if not values:
        return text
    return text.format_map({name: number(v) if isinstance(v, int) else v for name, v in values.items()})


@cache
def _translations(language: str) -> NullTranslations:
    if language == SOURCE:
        return NullTranslations()
    compiled = io.BytesIO()
    with (LOCALE_DIR / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))  # leaves out what is marked as fuzzy
    compiled.seek(0)
    return GNUTranslations(compiled)


# Dates, times and numbers --------------------------------------------------------------------------------------------


@cache
def _locale(language: str) -> Locale:
    """The rules of writing. English is that of no country: the day before the month, 24 hours."""
    return Locale.parse("en_001" if language == SOURCE else language)


def _here() -> Locale:
    return _locale(spoken())


def number(count: int) -> str:
    """``1,234``."""
    return numbers.format_decimal(count, locale=_here())


def any_of(items: Sequence[str]) -> str:
    """``one, another or a third``."""
    return lists.format_list(items, style="or", locale=_here())


def day(moment: datetime, zone: tzinfo = UTC) -> str:
    """``8 Jan 2018``, as it is in the time zone."""
    return _dated(moment, zone, "{1}")


def moment(moment: datetime, zone: tzinfo = UTC, *, seconds: bool = False) -> str:
    """``8 Jan 2018, 12:00 UTC``; the time zone is always named."""
    return _dated(moment, zone, _here().datetime_formats["medium"], "Hms" if seconds else "Hm")


def _dated(moment: datetime, zone: tzinfo, order: str, time: str = "Hm") -> str:
    """The day in the place of {1}, the time in the place of {0} (CLDR's own numbers)."""
    skeletons = _here().datetime_skeletons
    pattern = order.replace("{1}", skeletons["yMMMd"].pattern).replace("{0}", f"{skeletons[time].pattern} z")
    return dates.format_datetime(moment, pattern, zone, locale=_here())


_UNITS = {"day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}


def span(length: timedelta) -> str:
    """A length of time in its largest unit of which there are at least two: ``90 minutes``, ``2 hours``, ``60 s``."""
    unit, count = _measured(length)
    return f"{number(count)} s" if unit == "second" else _timedelta(length, unit)  # the SI's symbol, in every language


def ago(length: timedelta) -> str:
    """``90 minutes ago``; at least a second, for no time at all has no direction."""
    return _timedelta(-max(length, timedelta(seconds=1)), _measured(length)[0], directed=True)


def ahead(length: timedelta) -> str:
    """``in 90 minutes``."""
    return _timedelta(length, _measured(length)[0], directed=True)


def every(length: timedelta) -> str:
    """``every hour``, ``every 90 minutes``."""
    unit, count = _measured(length)
    match unit:
        case "day":
            return ngettext("every day", "every {count} days", count)
        case "hour":
            return ngettext("every hour", "every {count} hours", count)
        case "minute":
            return ngettext("every minute", "every {count} minutes", count)
    return gettext("every {length}", length=span(length))


def _measured(length: timedelta) -> tuple[str, int]:
    for name, unit in _UNITS.items():
        if length >= 2 * unit or (length == unit and name != "minute"):
            return name, round(length / unit)
    return "second", max(round(length.total_seconds()), 0)


def _timedelta(length: timedelta, unit: str, *, directed: bool = False) -> str:
    """``length`` in exactly this unit; ``directed`` from now, where before now is negative."""
    return dates.format_timedelta(
        length,
        granularity=unit,  # type: ignore[arg-type] # one of those that _measured names
        threshold=math.inf,
        add_direction=directed,
        locale=_here(),
    )
