"""How well the matcher does on labelled news.

::

    labels + readings  → Judged → score_items      ┐
    timelines + moves           → score_timelines  ┴ for the whole set, and for groups of its deals: the spread
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matcher.evaluation.items import Judged, Label, judge, score_items
from matcher.evaluation.measures import Measure, Scores, Spread, spread
from matcher.evaluation.timelines import Move, Timeline, score_timelines
from matcher.vocabulary import Reading

GROUPS = 5
"""Groups of deals between which the spread of a figure is taken."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One labelled set with its scores; no spread where there are too few deals."""

    judged: tuple[Judged, ...]
    scores: Scores
    spread: Mapping[Measure, Spread]


def evaluate(
    labels: Iterable[Label],
    readings: Mapping[str, Reading],
    timelines: Sequence[Timeline] = (),
    moves: Mapping[str, Sequence[Move]] | None = None,
) -> Evaluation:
    """Score a set: ``readings`` are what the matcher said by item, ``moves`` what was recorded by deal."""
    judged = judge(labels, readings)

    def scores(judged: Sequence[Judged], timelines: Sequence[Timeline]) -> Scores:
        items = score_items(judged) if judged else {}
        return {**items, **(score_timelines(timelines, moves or {}) if timelines else {})}

    sizes = {**dict.fromkeys((one.deal for one in timelines), 0), **Counter(one.label.deal for one in judged)}
    parts = [
        scores([one for one in judged if one.label.deal in group], [one for one in timelines if one.deal in group])
        for group in groups_of_deals(sizes)
    ]
    return Evaluation(judged, scores(judged, timelines), spread(parts))


def groups_of_deals(items: Mapping[str, int]) -> tuple[frozenset[str], ...]:
    """Share the deals out among groups with about as many items each; no group where the deals are too few.

    ``items`` is the number of items of each deal. A deal is never split: its items resemble each other.
    """
    if len(items) < GROUPS:
        return ()
    groups: list[set[str]] = [set() for _ in range(GROUPS)]
    for deal in sorted(items, key=lambda deal: (-items[deal], deal)):
        min(groups, key=lambda group: (sum(items[other] for other in group), len(group))).add(deal)
    return tuple(map(frozenset, groups))
