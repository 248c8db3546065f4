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

from feeds.archive import BadLine, read_lines
from matcher.evaluation.items import Label
from matcher.evaluation.timelines import Event, Timeline
from matcher.vocabulary import Article, Stage, Status
from models.watchlist import WatchlistDeal, WatchlistError, read_watchlist_file

GOLD = ("item", "deal", "status", "stages", "also", "origins")
EVENTS = ("deal", "day", "status", "stage", "item", "kind")
"""The columns. In events ``item`` and ``kind`` are for people: what reports the move, and whether the status moved."""
FINAL = "FINAL"
"""Stands for the day in the line that says where a deal is in the end."""
NOTHING = "-"
NO_CLAIM = "none"


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
    """The labelled sets of a folder. Raises :class:`LabelledSetError` if it has none."""
    found = sorted(gold.parent for gold in folder.glob("*/gold.tsv"))
    if not found:
        raise LabelledSetError(f"There is no labelled set in {folder}. Name a folder: hearsay evaluate FOLDER")
    return found


def read_set(folder: Path) -> LabelledSet:
    """Read and check a set. Raises :class:`LabelledSetError` for the first thing that is wrong in it."""
    if not folder.is_dir():
        raise LabelledSetError(f"There is no folder {folder}. Name one that holds deals.toml, archive.jsonl, gold.tsv.")
    for name in ("deals.toml", "archive.jsonl", "gold.tsv"):
        if not (folder / name).is_file():
            raise LabelledSetError(f"{folder} holds no {name}. A labelled set needs one; see docs/files.md.")
    deals = _deals(folder / "deals.toml")
    articles = list(_articles(folder / "archive.jsonl"))
    known = _Known({entry.deal.slug for entry in deals}, {article.id for article in articles})
    labels = [_label(line) for line in _lines(folder / "gold.tsv", GOLD, known)]
    if not labels:
        raise LabelledSetError(f"{folder / 'gold.tsv'} is empty. Label at least one item.")
    events = folder / "events.tsv"
    return LabelledSet(folder, deals, articles, labels, _timelines(events, known) if events.exists() else [])


def _deals(path: Path) -> list[WatchlistDeal]:
    try:
        return read_watchlist_file(path)
    except WatchlistError as error:
        raise LabelledSetError(f"{path}: {error.problems[0]}.") from error


def _articles(path: Path) -> Iterator[Article]:
    with path.open("rb") as lines:
        for line in read_lines(lines):
            if isinstance(line, BadLine):
                raise LabelledSetError(f"{path}, line {line.number}: {line.reason}.")
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
        if self.cells["item"] not in self.known.items:
            raise self.error(f'archive.jsonl has no item "{self.cells["item"]}"; correct the id or add the item')
        return self.cells["item"]

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
            return date.fromisoformat(self.cells["day"])
        except ValueError as error:
            raise self.error(f'"{self.cells["day"]}" is no day; write one such as 2018-01-08, or {FINAL}') from error


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
        if line.cells["day"] == FINAL:
            final[line.deal] = line.status
        else:
            events[line.deal].append(_event(line))
    _check_all_end(path, events, final)
    return [Timeline(deal, tuple(events[deal]), status) for deal, status in final.items()]


def _event(line: _Line) -> Event:
    if line.status is None:
        raise line.error(f"a move needs a status; only {FINAL} may have {NO_CLAIM}")
    return Event(line.day, line.read_stage(line.cells["stage"]))


def _check_all_end(path: Path, events: Iterable[str], final: Container[str]) -> None:
    for deal in events:
        if deal not in final:
            raise LabelledSetError(f"{path}: {deal} has no line with {FINAL}; add where the deal stands in the end.")
