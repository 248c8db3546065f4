"""The watchlist as a TOML file: what a person writes, checked with care and read into the project's own words.

    text → tomllib → _File (pydantic) → WatchlistDeal

Nothing is half-read: either every deal is returned, or :class:`WatchlistError` names every problem with its place.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import reduce
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self

import tomlkit
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process

from matcher.vocabulary import Deal, Kind, Party, Role, Stage, Status
from models.deal import spelling_key
from models.wording import Wording

SLUG_LENGTH = 48
"""The longest slug, in characters. Telegram allows 64 bytes for a button's data and 64 characters for a deep link;
the rest is for the word that says what the button does."""

TITLE_LENGTH = 200
"""The longest title, in characters, so that a list of deals fits a message."""

MOST_PROBLEMS = 1_000
"""A file with more of them is no watchlist, and to name each would take hundreds of megabytes."""

_KEY_PART = r"""(?:[\w-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_LONG_KEY = re.compile(rf"^[ \t\[]*(?:{_KEY_PART}[ \t]*\.[ \t]*){{8}}", re.MULTILINE)
"""More parts between dots than any key of a watchlist has: what tomllib needs for them grows with their square, in time
and in memory (40 KB took 6 s and 1.6 GB)."""

_FIRST_STAGE = {
    Status.RUMORED: Stage.SPECULATION,
    Status.DENIED: Stage.DENIED,
    Status.FINALIZED: Stage.AGREED,
}


@dataclass(frozen=True, slots=True)
class WatchlistDeal:
    """A deal to track, and where it is known to stand already.

    ``stage`` is the known starting point, None when there is none. ``since`` says from when it holds: a ``datetime``
    in UTC, or a plain ``date`` when only the day is known.
    """

    deal: Deal
    stage: Stage | None = None
    since: date | None = None

    @property
    def status(self) -> Status | None:
        """The status of the starting point."""
        return self.stage.status if self.stage else None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a watchlist: where, and why, and what to do."""

    place: Wording
    """In the file, in its words."""
    reason: Wording
    key: str = ""
    """What the file calls it; empty for the whole of a deal or a party."""
    party: str = ""
    """The name of the party that it belongs to, if there is one."""
    plainly: Wording | None = None
    """The reason for people who see no file, if ``reason`` speaks of one."""

    def __str__(self) -> str:
        return _visible(f"{self.place}: {self.reason}")


def _visible(text: str) -> str:
    """What is wrong may be a character that steers a terminal: it is shown, not obeyed."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


class WatchlistError(Exception):
    """The watchlist was refused as a whole. ``problems`` lists everything that has to be mended."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def read_watchlist(text: str) -> list[WatchlistDeal]:
    """The deals of a TOML watchlist, in the order of the file.

    Raises :class:`WatchlistError` with every problem found.
    """
    document = _parse(text.removeprefix("\ufeff"))
    problems = _duplicates(document)
    try:
        file = _File.model_validate(document)
    except ValidationError as error:
        if error.error_count() > MOST_PROBLEMS:
            raise WatchlistError([Problem(_FILE, _too_many_problems())]) from error
        problems += [_problem(details, document) for details in error.errors()]
    if problems:
        raise WatchlistError(problems)
    return [entry.to_watchlist_deal() for entry in file.deal]


def read_watchlist_file(path: Path) -> list[WatchlistDeal]:
    """As :func:`read_watchlist`, from a file in UTF-8; every problem names the file, too."""
    try:
        return read_watchlist(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        not_utf8 = Wording("it is not UTF-8 text; save it as UTF-8")
        raise WatchlistError([Problem(Wording(str(path)), not_utf8)]) from error
    except WatchlistError as error:
        raise WatchlistError([_in_file(path, found) for found in error.problems]) from error


def _in_file(path: Path, problem: Problem) -> Problem:
    return replace(problem, place=Wording("{file}: {place}", {"file": str(path), "place": problem.place}))


def write_watchlist(deals: Iterable[WatchlistDeal]) -> str:
    """The deals as a TOML watchlist that :func:`read_watchlist` reads back as the same values."""
    document = tomlkit.document()
    tables = tomlkit.aot()
    for entry in deals:
        tables.append(_deal_table(entry))
    if tables:
        document.append("deal", tables)
    return tomlkit.dumps(document)


# What a file may say -------------------------------------------------------------------------------------------------


def _one_line(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


def _printable(value: str) -> str:
    if not value.isprintable():
        shown = {"value": _visible(value)}
        raise ValueError(Wording('"{value}" has characters that cannot be printed; remove them', shown))
    return value


def _slug(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", value):
        raise ValueError(
            Wording(
                '"{value}" is not a slug; use lower-case letters, digits and hyphens, such as "huawei-att"',
                {"value": value},
            )
        )
    if len(value) > SLUG_LENGTH:
        raise ValueError(_too_long(value, SLUG_LENGTH))
    return value


def _title(value: str) -> str:
    if not value:
        raise ValueError(Wording("it is empty; write what the deal is about"))
    if len(value) > TITLE_LENGTH:
        raise ValueError(_too_long(value, TITLE_LENGTH))
    return value


def _too_long(value: str, most: int) -> Wording:
    return Wording("it has {count} characters; shorten it to at most {most}", {"count": len(value), "most": most})


def _name(value: str, party: ValidationInfo) -> str:
    letters = sum(map(str.isalnum, value))
    if not letters or (letters < 2 and not party.data.get("requires")):
        raise ValueError(
            Wording(
                '"{value}" has fewer than two letters or digits and would be found everywhere; use a longer name, '
                "`ticker` for a one-letter ticker, or `requires` for words that must stand beside it",
                {"value": value},
            ),
            Wording(
                '"{value}" has fewer than two letters or digits and would be found everywhere; use a longer name, '
                "set it as the ticker if it is one, or say first which words must stand beside it",
                {"value": value},
            ),
        )
    return value


def _word(value: str) -> str:
    if not value:
        raise ValueError(Wording("one of the words is empty; write it or remove it"))
    return value


def _ticker(value: str) -> str:
    if not re.fullmatch(r"[A-Z0-9][A-Za-z0-9]{0,9}([.-][A-Za-z0-9]{1,4})?", value):
        raise ValueError(
            Wording(
                '"{value}" is not a ticker; write the bare symbol, such as "T", without "$" or the exchange',
                {"value": value},
            )
        )
    return value


def _moment(value: object) -> date:
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(
            Wording("the time has no offset; add one, such as 2018-01-08T14:00:00Z, or write the day alone")
        )
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, date):
        return value
    raise ValueError(Wording("it must be a date without quotes, such as 2018-01-08"))


_Line = Annotated[str, BeforeValidator(_one_line), AfterValidator(_printable)]
_Name = Annotated[_Line, AfterValidator(_name)]
_Word = Annotated[_Line, AfterValidator(_word)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Party(_Table):
    requires: tuple[_Word, ...] = ()
    """Comes first: the names are judged by it."""
    name: _Name
    aliases: tuple[_Name, ...] = ()
    ticker: Annotated[str, AfterValidator(_ticker)] | None = None
    role: Role | None = None
    excludes: tuple[_Word, ...] = Field(default=(), alias="not")

    def to_party(self) -> Party:
        return Party(self.name, self.aliases, self.ticker, self.role, self.requires, self.excludes)


def _parties(value: tuple[_Party, ...]) -> tuple[_Party, ...]:
    if not value:
        raise ValueError(_NONE)
    bearers: dict[str, _Party] = {}
    for party in value:
        for name in (party.name, *party.aliases):
            bearer = bearers.setdefault(spelling_key(name), party)
            if bearer is not party:
                raise ValueError(
                    Wording(
                        '"{name}" is a name of "{first}" and of "{second}", so the two cannot be told apart; '
                        "give each party names of its own",
                        {"name": name, "first": bearer.name, "second": party.name},
                    )
                )
    return value


class _Deal(_Table):
    slug: Annotated[str, AfterValidator(_slug)]
    title: Annotated[_Line, AfterValidator(_title)]
    kind: Kind
    keywords: tuple[_Word, ...] = ()
    status: Status | None = None
    stage: Stage | None = None
    since: Annotated[date, PlainValidator(_moment)] | None = None
    party: Annotated[tuple[_Party, ...], AfterValidator(_parties)]

    @model_validator(mode="after")
    def _starting_point_is_coherent(self) -> Self:
        if self.stage and self.status not in (None, self.stage.status):
            raise ValueError(
                Wording(
                    'stage "{stage}" belongs to status "{right}", not to "{wrong}"; change one',
                    {"stage": self.stage, "right": self.stage.status, "wrong": str(self.status)},
                )
            )
        if self.since and not (self.stage or self.status):
            raise ValueError(Wording("`since` says from when a status holds; add `status` or remove `since`"))
        return self

    def to_watchlist_deal(self) -> WatchlistDeal:
        parties = tuple(party.to_party() for party in self.party)
        stage = self.stage or (_FIRST_STAGE[self.status] if self.status else None)
        return WatchlistDeal(Deal(self.slug, self.title, self.kind, parties, self.keywords), stage, self.since)


class _File(_Table):
    deal: tuple[_Deal, ...] = ()


# What is wrong with it -----------------------------------------------------------------------------------------------

_FILE = Wording("the file")
_NONE = Wording("there is none; add at least one")
_MISSING = Wording("it is missing; add it")
_LINE_AND_COLUMN = re.compile(r"line (\d+), column (\d+)")


def _parse(text: str) -> dict[str, Any]:
    if found := _LONG_KEY.search(text):
        line = Wording("line {line}", {"line": str(text.count("\n", 0, found.start()) + 1)})
        too_long = Wording("it has a key of too many parts between dots; remove it")
        raise WatchlistError([Problem(line, too_long)])
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WatchlistError([_no_toml(error)]) from error
    except (RecursionError, ValueError) as error:
        reason = Wording("it has brackets nested too deep or a number too long to be a watchlist; remove them")
        raise WatchlistError([Problem(_FILE, reason)]) from error


def _no_toml(error: tomllib.TOMLDecodeError) -> Problem:
    """What tomllib says, in its own English: ``Invalid value (at line 3, column 9)``, or ``(at end of document)``."""
    why, _, where = str(error).rstrip(")").rpartition(" (at ")
    found = _LINE_AND_COLUMN.fullmatch(where)
    place = Wording("end of document")
    if found:
        place = Wording("line {line}, column {column}", {"line": found[1], "column": found[2]})
    return Problem(place, Wording("this is not valid TOML: {reason}; correct it there", {"reason": why}))


def _too_many_problems() -> Wording:
    return Wording(
        "more than {count} things in it are wrong, so it is no watchlist; choose another file", {"count": MOST_PROBLEMS}
    )


def _duplicates(document: dict[str, Any]) -> list[Problem]:
    deals = document.get("deal")
    problems: list[Problem] = []
    first: dict[object, int] = {}
    for index, deal in enumerate(deals if isinstance(deals, list) else []):
        slug = deal.get("slug") if isinstance(deal, dict) else None
        if isinstance(slug, str) and first.setdefault(slug, index) != index:
            same = Wording("deal {number} has the same slug; give each deal its own", {"number": str(first[slug] + 1)})
            problems.append(Problem(_within(_deal_label(index, deal), "slug"), same, "slug"))
    return problems


def _problem(details: ErrorDetails, document: dict[str, Any]) -> Problem:
    table, party, rest = _table_of(details["loc"], document)
    keys = [step for step in rest if isinstance(step, str)]
    reason, *plainly = _reasons(details)
    return Problem(reduce(_within, keys, table), reason, keys[-1] if keys else "", party, *plainly)


def _table_of(steps: tuple[int | str, ...], document: dict[str, Any]) -> tuple[Wording, str, Sequence[int | str]]:
    """The table that the steps lead into, the party's name if it is one of a party, and the steps inside."""
    match steps:
        case ("deal", int(d), "party", int(p), *rest):
            deal = document["deal"][d]
            name = _text_of(deal["party"][p], "name")
            return _within(_deal_label(d, deal), _party_label(p, name)), name, rest
        case ("deal", int(d), *rest):
            return _deal_label(d, document["deal"][d]), "", rest
    return _FILE, "", steps


def _within(outer: Wording, inner: Wording | str) -> Wording:
    return Wording("{outer}, {inner}", {"outer": outer, "inner": inner})


def _text_of(table: Any, key: str) -> str:
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, str) else ""


def _deal_label(index: int, deal: Any) -> Wording:
    number, slug = str(index + 1), _text_of(deal, "slug")
    if slug:
        return Wording("deal {number} ({slug})", {"number": number, "slug": slug})
    return Wording("deal {number}", {"number": number})


def _party_label(index: int, name: str) -> Wording:
    if name:
        return Wording('party {number} "{name}"', {"number": str(index + 1), "name": name})
    return Wording("party {number}", {"number": str(index + 1)})


def _reasons(details: ErrorDetails) -> tuple[Wording, ...]:
    """The reason; behind it the one for people who see no file, where it is another one."""
    if details["type"] == "value_error":
        reasons: tuple[Wording, ...] = details["ctx"]["error"].args
        return reasons
    return (_reason(details),)


def _reason(details: ErrorDetails) -> Wording:
    match details["type"]:
        case "missing":
            return _NONE if details["loc"][-1] == "party" else _MISSING
        case "extra_forbidden":
            return _unknown_key(details["loc"])
        case "enum":
            return _unknown_value(str(details["input"]), details["ctx"]["expected"])
        case "string_type":
            return Wording("it must be text in quotes")
        case "tuple_type" if details["loc"][-1] in ("deal", "party"):
            return Wording(
                "it must be a list of tables; write its header with two brackets, as in [[deal]] and [[deal.party]]"
            )
        case "tuple_type":
            return Wording('it must be a list of texts, such as ["one", "two"]')
        case "model_type":
            return Wording("it must be a table; write it under a header as in [[deal]] and [[deal.party]]")
        case _:
            return Wording("{reason}; correct it", {"reason": details["msg"]})


def _unknown_value(value: str, expected: str) -> Wording:
    """``expected`` is pydantic's list, such as ``'one', 'two' or 'three'``."""
    others, _, last = expected.rpartition(" or ")
    return Wording(
        '"{value}" is not known here; choose {others} or {last}', {"value": value, "others": others, "last": last}
    )


def _unknown_key(steps: tuple[int | str, ...]) -> Wording:
    nearest = process.extractOne(str(steps[-1]), _known_keys(steps), scorer=fuzz.ratio, score_cutoff=60)
    if nearest:
        return Wording('this key is not known; maybe "{key}" is meant', {"key": nearest[0]})
    return Wording("this key is not known; remove it")


def _known_keys(steps: tuple[int | str, ...]) -> list[str]:
    match steps:
        case ("deal", _, "party", _, _):
            fields = _Party.model_fields
        case ("deal", _, _):
            fields = _Deal.model_fields
        case _:
            fields = _File.model_fields
    return [field.alias or name for name, field in fields.items()]


# How it is written ---------------------------------------------------------------------------------------------------


def _deal_table(entry: WatchlistDeal) -> tomlkit.items.Table:
    deal = entry.deal
    table = _table(
        slug=deal.slug,
        title=deal.title,
        kind=deal.kind,
        keywords=deal.keywords,
        status=entry.status,
        stage=entry.stage,
        since=entry.since,
    )
    parties = tomlkit.aot()
    for party in deal.parties:
        parties.append(_party_table(party))
    table.append("party", parties)
    return table


def _party_table(party: Party) -> tomlkit.items.Table:
    words = {"requires": party.requires, "not": party.excludes}
    return _table(name=party.name, aliases=party.aliases, ticker=party.ticker, role=party.role, **words)


def _table(**entries: str | tuple[str, ...] | date | None) -> tomlkit.items.Table:
    table = tomlkit.table()
    for key, value in entries.items():
        if value:
            table.append(key, value)
    return table


def new_deal(
    names: Sequence[str],
    kind: Kind,
    *,
    slug: str = "",
    title: str = "",
    aliases: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> WatchlistDeal:
    """A deal between the parties of these names; slug and title are made from them where they are left out.

    Raises :class:`WatchlistError` where a watchlist with it would be refused.
    """
    deal = Deal(
        slug=slug or "-".join(spelling_key(name) for name in names),
        title=title or " – ".join(names),
        kind=kind,
        parties=tuple(Party(name, aliases=tuple(aliases.get(name, ()))) for name in names),
    )
    return WatchlistDeal(checked(deal))


def checked(deal: Deal) -> Deal:
    """The deal as a watchlist would have it. Raises :class:`WatchlistError` where one with it would be refused."""
    # Through the file format and back: one place knows what a valid deal is.
    (entry,) = read_watchlist(write_watchlist([WatchlistDeal(deal)]))
    return entry.deal
