"""Every language says what English says, writes dates and numbers its own way, and stays in its own chat."""

import ast
import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po
from standin.markup import read_html, utf16_length

import bot
import feeds
import models
from bot import language
from bot.commands.help import menu
from bot.language import gettext as _
from bot.language import languages, ngettext, pgettext, speaking

CODE = [Path(package.__file__).parent for package in (bot, feeds, models)]
OTHERS = languages()[1:]
NEW_YEAR = datetime(2018, 1, 8, 12, 0, 5, tzinfo=UTC)
LONG = "W" * 60
"""Longer than any value that a toast is filled with."""
DU = re.compile(
    r"\b(du|dein(e[mnrs]?)?|dir|dich|bist|hast|kannst|musst|willst|darfst|sollst|wirst|möchtest|brauchst"
    r"|antworte|drücke|gib|nimm|öffne|schicke|schreibe|sende|tippe|versuche|wähle)\b",
    re.IGNORECASE,
)
"""The familiar address in German, and what buttons and commands are asked for in it."""
KEYWORDS = {**DEFAULT_KEYWORDS, "Wording": None}
MARKING = {"_", "gettext", "ngettext", "pgettext", "N_", "Wording"}

Key = tuple[str | None, str | tuple[str, ...]]


def _catalogue(name: str) -> Catalog:
    with (language.LOCALE_DIR / name).open("rb") as file:
        return read_po(file)


def _key(message: Message) -> Key:
    return message.context, message.id


def _entries(catalogue: Catalog) -> dict[Key, Message]:
    return {_key(message): message for message in catalogue if message.id}


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text),)


def _all_entries() -> list[object]:
    catalogues = [(name, _catalogue(f"{name}.po")) for name in OTHERS]
    return [
        pytest.param(message, catalogue.num_plurals, id=f"{name}: {_forms(message.id)[0][:40]}")
        for name, catalogue in catalogues
        for message in _entries(catalogue).values()
    ]


# The catalogues ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["hearsay.pot", *(f"{name}.po" for name in OTHERS)])
def test_every_text_of_the_code_is_in_every_catalogue(file: str) -> None:
    """No text is missing, and none is left of former code; `make words` brings them up to date."""
    texts = chain.from_iterable(extract_from_dir(folder, keywords=KEYWORDS) for folder in CODE)
    found = {(context, text) for *_place, text, _comments, context in texts}
    assert _entries(_catalogue(file)).keys() == found


@pytest.mark.parametrize(("message", "plurals"), _all_entries())
def test_every_text_is_translated(message: Message, plurals: int) -> None:
    """Every form of it, for good, with the same places for values and the same markup."""
    assert not message.fuzzy
    translated, source = _forms(message.string), _forms(message.id)
    assert len(translated) == (plurals if message.pluralizable else 1)
    for form in translated:
        assert form.strip()
        assert _places(form) == _places(source[-1]) or (form is translated[0] and _places(form) == _places(source[0]))
        assert _tags(form) == _tags(source[-1])
        assert _commands(form) == _commands(source[-1])
        read_html(form)


def _places(text: str) -> set[str]:
    return set(re.findall(r"{\w*}", text))


def _tags(text: str) -> list[str]:
    return sorted(re.findall(r"<[^>]*>", text))


def _commands(text: str) -> list[str]:
    return sorted(re.findall(r"(?<!\w)/[a-z]+", re.sub(r"<[^>]*>", "", text)))


def test_german_keeps_its_distance() -> None:
    """It says "Sie" throughout: no "du", and no verb in its form."""
    for message in _entries(_catalogue("de.po")).values():
        for form in _forms(message.string):
            assert not DU.search(form), form


@pytest.mark.parametrize("name", languages())
def test_what_telegram_limits_is_short_enough(name: str) -> None:
    """Toasts have at most 200 characters, descriptions of commands 256."""
    entries = _entries(_catalogue("hearsay.pot"))
    with speaking(name):
        for context, text in entries:
            if context == "toast":
                filled = re.sub(r"{\w*}", LONG, pgettext(context, str(text)))
                assert utf16_length(filled) <= 200, filled
        assert all(1 <= utf16_length(command.description) <= 256 for command in menu())


def test_no_text_hides_from_the_catalogues() -> None:
    """Babel finds no literal that stands inside an f-string, and none that is one."""
    for path in chain.from_iterable(folder.rglob("*.py") for folder in CODE):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
        assert not [text for node in formatted for text in _marked(node) if isinstance(text, ast.Constant)], path
        assert not [text for text in _marked(tree) if isinstance(text, ast.JoinedStr)], path


def _marked(tree: ast.AST) -> Iterator[ast.expr]:
    """What is handed to gettext's functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKING:
            yield from node.args


@pytest.fixture
def own_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of catalogues of the test's own."""
    caches = (language.languages, language.best_language, language._translations)
    monkeypatch.setattr(language, "LOCALE_DIR", tmp_path)
    for cached in caches:
        cached.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    for cached in caches:
        cached.cache_clear()


def test_a_language_is_one_file(own_locale: Path) -> None:
    """A catalogue in the folder is a language; what it does not know for sure is said in English."""
    (own_locale / "pt_BR.po").write_text(
        'msgid "never"\nmsgstr "nunca"\n\n#, fuzzy\nmsgid "official"\nmsgstr "talvez"\n', encoding="utf-8"
    )
    assert languages() == ("en", "pt_BR")
    with speaking("pt-br"):
        assert (_("never"), _("official"), _("trusted")) == ("nunca", "official", "trusted")


# Choosing ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "best"),
    [("de", "de"), ("de-AT", "de"), ("DE", "de"), ("en-GB", "en"), ("xx", "en"), ("zh-hans", "en"), ("", "en"),
     (None, "en"), ("d e", "en"), ("../de", "en")],
)  # fmt: skip
def test_the_nearest_language_is_chosen(code: str | None, best: str) -> None:
    """By the language of the user's Telegram; English where none fits."""
    with speaking(code):
        assert language.spoken() == best


async def test_no_chat_hears_the_language_of_another() -> None:
    """Served side by side, each of 100 chats is spoken to in its own language, in tasks that it starts, too."""
    started = asyncio.Barrier(100)

    async def serve(number: int) -> bool:
        with speaking("de" if number % 2 else "en"):
            await started.wait()
            said = await asyncio.create_task(asyncio.to_thread(lambda: _("never")))
        return said == ("nie" if number % 2 else "never") and language.spoken() == "en"

    assert all(await asyncio.gather(*(serve(number) for number in range(100))))


def test_outside_of_a_chat_english_is_spoken() -> None:
    """The command line is the owner's, and ends of chats are kept."""
    with speaking("de"), pytest.raises(ZeroDivisionError), speaking("en"):
        raise ZeroDivisionError
    assert language.spoken() == "en"


# Words and numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "forms"),
    [
        ("en", ["0 changes", "1 change", "2 changes", "1,234 changes"]),
        ("de", ["0 Änderungen", "1 Änderung", "2 Änderungen", "1.234 Änderungen"]),
    ],
)
def test_plurals_and_numbers(code: str, forms: list[str]) -> None:
    """A number is written as the language writes it, with the form it asks for."""
    with speaking(code):
        assert [ngettext("{count} change", "{count} changes", count) for count in (0, 1, 2, 1234)] == forms


def test_values_are_not_read_as_places() -> None:
    """Braces in foreign text stay what they are."""
    assert _("Not added. {reason}", reason="{reason.__class__}") == "Not added. {reason.__class__}"


@pytest.mark.parametrize(
    ("code", "day", "moment", "items"),
    [
        ("en", "8 Jan 2018", "8 Jan 2018, 12:00 UTC", "a, b or c"),
        ("de", "8. Jan. 2018", "8. Jan. 2018, 12:00 UTC", "a, b oder c"),
    ],
)
def test_dates_and_lists(code: str, day: str, moment: str, items: str) -> None:
    """As the language writes them, in UTC, which is said."""
    with speaking(code):
        assert (language.day(NEW_YEAR), language.moment(NEW_YEAR)) == (day, moment)
        assert language.moment(NEW_YEAR, seconds=True) == moment.replace("12:00", "12:00:05")
        assert language.any_of(["a", "b", "c"]) == items


def test_another_time_zone() -> None:
    """The same moment is another day elsewhere, and the zone is named."""
    zone = timezone(timedelta(hours=13))
    assert language.day(NEW_YEAR, zone) == "9 Jan 2018"
    assert language.moment(NEW_YEAR, zone).startswith("9 Jan 2018, 01:00 ")
    assert "UTC" not in language.moment(NEW_YEAR, zone).replace("UTC+13", "")


@pytest.mark.parametrize(
    ("length", "english", "german"),
    [
        (timedelta(0), ("0 s", "every 0 s", "1 second ago"), ("0 s", "alle 0 s", "vor 1 Sekunde")),
        (timedelta(minutes=1), ("60 s", "every 60 s", "in 60 seconds"), ("60 s", "alle 60 s", "in 60 Sekunden")),
        (
            timedelta(minutes=90),
            ("90 minutes", "every 90 minutes", "90 minutes ago"),
            ("90 Minuten", "alle 90 Minuten", "vor 90 Minuten"),
        ),
        (timedelta(hours=1), ("1 hour", "every hour", "1 hour ago"), ("1 Stunde", "jede Stunde", "vor 1 Stunde")),
        (timedelta(days=1), ("1 day", "every day", "in 1 day"), ("1 Tag", "jeden Tag", "in 1 Tag")),
        (timedelta(days=3), ("3 days", "every 3 days", "3 days ago"), ("3 Tage", "alle 3 Tage", "vor 3 Tagen")),
    ],
)
def test_lengths_of_time(length: timedelta, english: tuple[str, ...], german: tuple[str, ...]) -> None:
    """In the largest unit of which there are two, in the case that the sentence asks for."""
    for code, (span, every, directed) in (("en", english), ("de", german)):
        with speaking(code):
            assert (language.span(length), language.every(length)) == (span, every)
            assert directed in (language.ago(length), language.ahead(length))
