"""A labelled set: a folder with a watchlist, an archive, and what careful readers take from it.

::

    deals.toml, archive.jsonl → gold.tsv → events.tsv (optional)     each checked against what came before
"""

import csv
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from feeds.archive import EARLIEST_YEAR, BadLine, read_lines
from matcher.evaluation.items import Label
from matcher.evaluation.timelines import Event, Timeline
from matcher.vocabulary import Article, Stage, Status
from models.watchlist import WatchlistDeal, WatchlistError, read_watchlist_file

GOLD = ("item", "deal", "status", "stages", "also", "origins")
EVENTS = ("deal", "day", "status", "stage", "item", "kind")
"""The columns. In events ``item`` and ``kind`` are for people: what reports the move, and whether the status moved."""
KINDS = ("status", "stage")
FINAL = "FINAL"
"""Stands for the day in the line that says where a deal is in the end."""
NOTHING = "-"
NO_CLAIM = "none"
LATEST_YEAR = 2200
"""Anything after is a mistake, and too near to the end of the calendar to reckon with."""
NEEDED = ("deals.toml", "archive.jsonl", "gold.tsv")
"""The files of a set; it may have events.tsv as well."""


class LabelledSetError(Exception):
    """The set cannot be used; the message names the file and the line, and what to do."""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """News with what careful readers take from it."""

    folder: Path
    deals: list[WatchlistDeal]
    articles: list[Article]
    labels: list[Label]
    timelines: list[Timeline]


def sets_in(folder: Path) -> list[Path]:
    """The folder itself if it is meant as a labelled set, else those in it.

    Raises :class:`LabelledSetError` if there is none.
    """
    if not folder.is_dir():
        raise LabelledSetError(f"{folder} is no folder. Name one that holds {', '.join(NEEDED)}.")
    if any((folder / name).exists() for name in NEEDED):
        return [folder]
    found = sorted(gold.parent for gold in folder.glob("*/gold.tsv"))
    if not found:
        raise LabelledSetError(f"There is no labelled set in {folder}. A set is a folder with {', '.join(NEEDED)}.")
    return found


def read_set(folder: Path) -> LabelledSet:
    """Read and check a set. Raises :class:`LabelledSetError` for the first thing that is wrong in it."""
    for name in NEEDED:
        if not (folder / name).is_file():
            raise LabelledSetError(f"{folder} holds no {name}. A labelled set needs one; see docs/files.md.")
    deals = _deals(folder / "deals.toml")
    articles = list(_articles(folder / "archive.jsonl"))
    known = _Known({entry.deal.slug for entry in deals}, {article.id for article in articles})
    labels = list(_labels(folder / "gold.tsv", known))
    if not labels:
        raise LabelledSetError(f"{folder / 'gold.tsv'} is empty. Label at least one item.")
    events = folder / "events.tsv"
    return LabelledSet(folder, deals, articles, labels, _timelines(events, known) if events.exists() else [])


def _deals(path: Path) -> list[WatchlistDeal]:
    try:
        return read_watchlist_file(path)
    except WatchlistError as error:
        raise LabelledSetError(f"{error.problems[0]}.") from error


def _articles(path: Path) -> Iterator[Article]:
    number, known = 0, set[str]()

    def counted(lines: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal number
        for number, line in enumerate(lines, 1):  # noqa: B007 (it is the place of what is wrong)
            yield line

    with path.open("rb") as lines:
        for line in read_lines(counted(lines)):
            if isinstance(line, BadLine):
                raise LabelledSetError(f"{path}, line {line.number}: {line.reason}.")
            if line.id in known:
                raise LabelledSetError(f'{path}, line {number}: the id "{line.id}" is there already; give it another.')
            if line.first_seen.year > LATEST_YEAR:
                raise LabelledSetError(f"{path}, line {number}: published is after {LATEST_YEAR}; correct it.")
            known.add(line.id)
            yield line


@dataclass(frozen=True, slots=True)
class _Known:
    deals: Container[str]
    items: Container[str]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a table, and the ways to read its cells."""

    place: str
    cells: Mapping[str, str]
    known: _Known

    def error(self, reason: str) -> LabelledSetError:
        return LabelledSetError(f"{self.place}: {reason}.")

    def values(self, column: str) -> list[str]:
        """The values that the cell gives to choose from."""
        return [] if self.cells[column] == NOTHING else self.cells[column].split("/")

    @property
    def deal(self) -> str:
        if self.cells["deal"] not in self.known.deals:
            raise self.error(f'deals.toml has no deal "{self.cells["deal"]}"; correct the slug or add the deal')
        return self.cells["deal"]

    @property
    def item(self) -> str:
        return self.read_item(self.cells["item"])

    def read_item(self, item: str) -> str:
        if item not in self.known.items:
            raise self.error(f'archive.jsonl has no item "{item}"; correct the id or add the item')
        return item

    @property
    def status(self) -> Status | None:
        return self.read_status(self.cells["status"])

    def read_status(self, word: str) -> Status | None:
        if word == NO_CLAIM:
            return None
        if word not in list(Status):
            raise self.error(f'"{word}" is no status; write {", ".join(Status)} or {NO_CLAIM}')
        return Status(word)

    def read_stage(self, word: str) -> Stage:
        stages = [stage for stage in Stage if stage.status == self.status]
        if word not in stages:
            choice = f"write {', '.join(stages)}" if stages else f"write {NOTHING}"
            raise self.error(f'"{word}" is no stage of {self.cells["status"]}; {choice}')
        return Stage(word)

    @property
    def day(self) -> date:
        try:
            day = date.fromisoformat(self.cells["day"])
        except ValueError as error:
            raise self.error(f'"{self.cells["day"]}" is no day; write one such as 2018-01-08, or {FINAL}') from error
        if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            raise self.error(f"{day} is not between the years {EARLIEST_YEAR} and {LATEST_YEAR}; correct it")
        return day


def _lines(path: Path, columns: Sequence[str], known: _Known) -> Iterator[_Line]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            rows = csv.reader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
            for cells in filter(None, rows):
                place = f"{path}, line {rows.line_num}"
                if len(cells) != len(columns):
                    raise LabelledSetError(
                        f"{place}: it has {len(cells)} columns instead of {len(columns)}; write {', '.join(columns)} "
                        f"with tabs between, and {NOTHING} for nothing."
                    )
                yield _Line(place, dict(zip(columns, cells, strict=True)), known)
    except UnicodeDecodeError as error:
        raise LabelledSetError(f"{path} is not UTF-8 text. Save it as UTF-8.") from error
    except csv.Error as error:
        raise LabelledSetError(f"{path}, line {rows.line_num}: {error}. Shorten the cell or remove it.") from error


def _labels(path: Path, known: _Known) -> Iterator[Label]:
    labelled = set[tuple[str, str]]()
    for line in _lines(path, GOLD, known):
        label = _label(line)
        if (label.item, label.deal) in labelled:
            raise line.error(f"item {label.item} has a label for {label.deal} already; keep one line")
        labelled.add((label.item, label.deal))
        yield label


def _label(line: _Line) -> Label:
    origins = line.values("origins") or [NOTHING]
    return Label(
        line.item,
        line.deal,
        line.status,
        stages=frozenset(map(line.read_stage, line.values("stages"))),
        also=frozenset(map(line.read_status, line.values("also"))),
        origins=tuple(None if origin == NOTHING else origin for origin in origins),
    )


def _timelines(path: Path, known: _Known) -> list[Timeline]:
    events, final = defaultdict[str, list[Event]](list), dict[str, Status | None]()
    for line in _lines(path, EVENTS, known):
        _check_for_people(line)
        if line.cells["day"] == FINAL:
            if line.deal in final:
                raise line.error(f"{line.deal} has a line with {FINAL} already; keep one")
            final[line.deal] = line.status
        else:
            events[line.deal].append(_event(line))
    _check_all_end(path, events, final)
    return [Timeline(deal, tuple(events[deal]), status) for deal, status in final.items()]


def _check_for_people(line: _Line) -> None:
    """What no figure rests on: a slip there shows that the line is not what was meant."""
    item, kind = line.cells["item"], line.cells["kind"]
    if item != NOTHING:
        line.read_item(item)
    if kind not in (*KINDS, NOTHING):
        raise line.error(f'"{kind}" is no kind of move; write {", ".join(KINDS)} or {NOTHING}')


def _event(line: _Line) -> Event:
    if line.status is None:
        raise line.error(f"a move needs a status; only {FINAL} may have {NO_CLAIM}")
    return Event(line.day, line.read_stage(line.cells["stage"]))


def _check_all_end(path: Path, events: Iterable[str], final: Container[str]) -> None:
    for deal in events:
        if deal not in final:
            raise LabelledSetError(f"{path}: {deal} has no line with {FINAL}; add where the deal stands in the end.")
