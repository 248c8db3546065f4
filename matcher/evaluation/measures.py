"""What is measured, and the figures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean


class Measure(StrEnum):
    """What is measured. Of alarms, swaps and the pushes per deal fewer are better; of all else more."""

    MACRO_F1 = "macro-F1"
    """The mean of the four F1; a status that neither occurs nor is said counts as 1."""
    F1_RUMORED = "F1 of rumored"
    F1_DENIED = "F1 of denied"
    F1_FINALIZED = "F1 of finalized"
    F1_NONE = "F1 of none"
    FALSE_ALARMS = "false alarms on none items"
    SWAPPED = "denied and finalized swapped"
    LINKED = "linked to the deal"
    """The item was found to name the deal, whatever was said."""
    STAGE = "stage right"
    """Counted, as the origin is, where the status was said as labelled."""
    ORIGIN = "origin right"

    CAUGHT = "events caught"
    """Statuses of the timeline that the deal had at some time from a day before to three days after they began."""
    WRONG = "wrong pushes per deal"
    """Pushes of a status that the timeline had at no time from three days before to one day after."""
    EXTRA = "extra pushes per deal"
    """Pushes beyond the wrong ones and the moves of the timeline."""
    FINAL = "final status right"
    COMPLETIONS = "completions noticed"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and the number of cases that it rests on; the value is None where there was no case."""

    value: float | None
    of: int


Scores = Mapping[Measure, Figure]


@dataclass(frozen=True, slots=True)
class Spread:
    """The lowest and the highest value among groups."""

    lowest: float
    highest: float


def mean(values: Iterable[float | None]) -> Figure:
    """The mean of the values that are there; of truths it is their share."""
    counted = [value for value in values if value is not None]
    return Figure(fmean(counted) if counted else None, len(counted))


def spread(parts: Iterable[Scores]) -> dict[Measure, Spread]:
    """The lowest and the highest value of each measure among the parts that have a case for it."""
    values: dict[Measure, list[float]] = {}
    for scores in parts:
        for measure, figure in scores.items():
            if figure.value is not None:
                values.setdefault(measure, []).append(figure.value)
    return {measure: Spread(min(found), max(found)) for measure, found in values.items()}
