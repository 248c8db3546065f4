"""Single items: what readers take from each, and what the matcher said."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from matcher.attribution import outlet_name
from matcher.evaluation.measures import Figure, Measure, Scores, mean
from matcher.vocabulary import Claim, Reading, Speaker, Stage, Status, fold_name

F1_OF: dict[Status | None, Measure] = {
    Status.RUMORED: Measure.F1_RUMORED,
    Status.DENIED: Measure.F1_DENIED,
    Status.FINALIZED: Measure.F1_FINALIZED,
    None: Measure.F1_NONE,
}
"""The measure of each status that an item can give a deal; None is no claim on its status."""

UNNAMED_OUTLETS = frozenset(("blog", "magazine", "media", "newspaper", "paper", "report", "reports", "tv", "website"))
"""Readers' words for an outlet that the item credits but does not name."""

BANDS = (0.0, 0.5, 0.7, 0.8, 0.9, 1.0)
"""The bounds of the bands of certainty. A bound belongs to the band above it, 1 to the last."""


@dataclass(frozen=True, slots=True)
class Label:
    """What careful readers take from one item about one deal."""

    item: str
    """The id of the article."""
    deal: str
    status: Status | None
    """None: the item makes no claim on the deal's status."""
    stages: frozenset[Stage] = frozenset()
    """Any of them is right; empty where the readers named none."""
    also: frozenset[Status | None] = frozenset()
    """Other statuses that a careful reader could defend."""
    origins: tuple[str | None, ...] = (None,)
    """Whom the item credits, any of which is right: ``party``, ``authority``, ``sources``, an outlet's name or one of
    :data:`UNNAMED_OUTLETS`; None where no attribution is visible."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A label beside what the matcher said."""

    label: Label
    claims: tuple[Claim, ...]
    """The live ones: history retold says nothing of today."""
    linked: bool
    """Whether the matcher found the item to name the deal."""

    @property
    def claim(self) -> Claim | None:
        """What was said: the most certain claim."""
        return max(self.claims, key=lambda claim: claim.certainty, default=None)

    @property
    def said(self) -> Status | None:
        """The status that was said."""
        return self.claim.status if self.claim else None

    @property
    def truth(self) -> Status | None:
        """The labelled status, or an accepted alternative to it if that was said."""
        return self.said if self.right else self.label.status

    @property
    def right(self) -> bool:
        """Whether readers accept the status that was said."""
        return self.accepts(self.said)

    @property
    def stage_right(self) -> bool | None:
        """Whether the stage is as labelled; None where the labelled status was not said or no stage is labelled."""
        claim = self._as_labelled
        return claim.stage in self.label.stages if claim and self.label.stages else None

    @property
    def origin_right(self) -> bool | None:
        """Whether speaker and origin are as labelled; None where the labelled status was not said."""
        claim = self._as_labelled
        return any(_credits(claim, origin) for origin in self.label.origins) if claim else None

    @property
    def faultless(self) -> bool:
        """Whether nothing that was said is wrong."""
        return self.right and self.stage_right is not False and self.origin_right is not False

    def accepts(self, status: Status | None) -> bool:
        """Whether a careful reader could take this status from the item."""
        return status == self.label.status or status in self.label.also

    @property
    def _as_labelled(self) -> Claim | None:
        return self.claim if self.said == self.label.status else None


def _credits(claim: Claim, origin: str | None) -> bool:
    match origin:
        case None:
            return claim.speaker in (Speaker.OUTLET, Speaker.PARTY, Speaker.FILING)
        case Speaker.PARTY:
            return claim.speaker in (Speaker.PARTY, Speaker.FILING)
        case Speaker.SOURCES | Speaker.AUTHORITY:
            return claim.speaker == origin
        case _ if origin in UNNAMED_OUTLETS:
            return claim.speaker in (Speaker.OUTLET, Speaker.SOURCES)
        case _:
            return _known_as(claim.origin) == _known_as(origin)


def _known_as(outlet: str) -> str:
    return fold_name(outlet_name(outlet))


def judge(labels: Iterable[Label], readings: Mapping[str, Reading]) -> tuple[Judged, ...]:
    """Put each label beside the reading of its item; an item without one was not found to name any deal."""
    return tuple(_judge(label, readings.get(label.item, Reading())) for label in labels)


def _judge(label: Label, reading: Reading) -> Judged:
    claims = [claim for claim in reading.claims if claim.deal == label.deal]
    live = tuple(claim for claim in claims if not claim.background)
    return Judged(label, live, linked=bool(claims) or label.deal in reading.mentions)


def score_items(judged: Sequence[Judged]) -> Scores:
    """The measures that labelled items give."""
    pairs = confusion(judged)
    f1 = {measure: _f1(pairs, status) for status, measure in F1_OF.items()}
    macro = fmean(1.0 if figure.value is None else figure.value for figure in f1.values())
    opposites = {Status.DENIED, Status.FINALIZED}
    return {
        Measure.MACRO_F1: Figure(macro, len(judged)),
        **f1,
        Measure.FALSE_ALARMS: mean(not one.right for one in judged if one.label.status is None),
        Measure.SWAPPED: mean({one.truth, one.said} == opposites for one in judged),
        Measure.LINKED: mean(one.linked for one in judged),
        Measure.STAGE: mean(one.stage_right for one in judged),
        Measure.ORIGIN: mean(one.origin_right for one in judged),
    }


Pairs = Counter[tuple[Status | None, Status | None]]


def confusion(judged: Iterable[Judged]) -> Pairs:
    """How often each pair of truth and said occurred; an accepted alternative that was said counts as the truth."""
    return Counter((one.truth, one.said) for one in judged)


def _f1(pairs: Pairs, status: Status | None) -> Figure:
    cases = sum(count for pair, count in pairs.items() if status in pair)
    hits = pairs[status, status]
    return Figure(2 * hits / (cases + hits) if cases else None, cases)


@dataclass(frozen=True, slots=True)
class Band:
    """The claims with a certainty from ``low`` to ``high``, and how many of them have a status that readers accept."""

    low: float
    high: float
    claims: int
    right: int


def reliability(judged: Iterable[Judged]) -> list[Band]:
    """The live claims by their certainty. Where the matcher is calibrated, a band's share lies inside the band."""
    outcomes = [(claim.certainty, one.accepts(claim.status)) for one in judged for claim in one.claims]

    def band(low: float, high: float) -> Band:
        inside = [right for certainty, right in outcomes if low <= certainty < high or certainty == high == BANDS[-1]]
        return Band(low, high, len(inside), sum(inside))

    return [band(low, high) for low, high in pairwise(BANDS)]
