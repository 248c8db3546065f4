"""A linear classifier: what the words around the parties speak for, and how far a rule that fires is to be believed.

It is a softmax over stages (multinomial logistic regression) whose features are words and short word sequences of the
masked sentence, and the rules that fire in it, so that every decision can be read off as a sum of weights. The weights
are plain numbers in ``cues/<language>.weights.tsv``, made by ``python -m training`` from headlines of our own.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import groupby, islice

from matcher.attribution import Credit
from matcher.cues import Fired, Rule
from matcher.phrases import OTHER, PARTIES
from matcher.vocabulary import Kind, Stage, Status

NOTHING = "none"
"""The outcome that nothing is claimed."""

_LONGEST_SEQUENCE = 3
_IN_ORDER = "XYZ"
_BETWEEN, _BEFORE, _BEHIND = "=", "<", ">"
_RULE = "@rule {}"


class WeightsError(ValueError):
    """A weights file that cannot be used."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the words of a sentence speak for: the likeliest stage of the likeliest status."""

    stage: Stage
    probability: float
    """Of the stage's status, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The probabilities of what a sentence may claim; together they are 1."""

    nothing: float
    stages: Mapping[Stage, float]

    def of(self, status: Status) -> float:
        """The probability of a status: that of its stages together."""
        return sum(share for stage, share in self.stages.items() if stage.status is status)

    @property
    def verdict(self) -> Verdict:
        """The likeliest status with its likeliest stage, however unlikely both are."""
        status = max(dict.fromkeys(stage.status for stage in self.stages), key=self.of)
        stage = max((s for s in self.stages if s.status is status), key=self.stages.__getitem__)
        return Verdict(stage, self.of(status))


def features(masked: str, kind: Kind, credit: Credit, form: str, fired: Fired, names: Collection[str]) -> Iterator[str]:
    """What the classifier sees of a masked sentence.

    Words and sequences of up to three, with the parties as X and Y in the order in which they are named, and all other
    ``names`` as O: who else bids or is bid for matters, not what it is called; each word once
    more by where it stands (``<`` before both parties, ``=`` between them, ``>`` behind), and once more by whether the
    deal is for ownership or a partnership: a "first" that launches a phone tells nothing of a takeover (Daumé 2007,
    "Frustratingly Easy Domain Adaptation"); who is credited behind a headline; which rules fire, and what they say.
    """
    words = ["^", *_without_names(_in_order_of_mention(masked), names), "$"]
    for length in range(1, _LONGEST_SEQUENCE + 1):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])
    yield from _by_place(words)
    yield f"@kind {sort(kind)}"
    yield from (f"@{sort(kind)} {word}" for word in words[1:-1])
    yield f"@part {form}"
    if credit.speaker or credit.outlet:
        yield f"@credit {credit.speaker or 'outlet'}"
    if fired.main:
        yield _RULE.format(fired.main.id)
        yield f"@says {fired.main.stage or NOTHING}"
    if fired.aside:
        yield f"@aside {fired.aside.id}"


def sort(kind: Kind) -> str:
    """``acquisition`` for deals for ownership, ``partnership`` for the others: each sort has words of its own."""
    return "partnership" if kind in (Kind.PARTNERSHIP, Kind.JOINT_VENTURE) else "acquisition"


def _in_order_of_mention(masked: str) -> Iterator[str]:
    letters: dict[str, str] = {}
    for word in masked.split():
        if len(word) == 1 and word in PARTIES:
            yield letters.setdefault(word, _IN_ORDER[min(len(letters), 2)])
        else:
            yield word


def _without_names(words: Iterable[str], names: Collection[str]) -> Iterator[str]:
    """The words with one O for each name, however many words it has."""
    signs = (OTHER if word in names else word for word in words)
    for word, same in groupby(signs):
        yield from (word,) if word == OTHER else same


def _by_place(words: list[str]) -> Iterator[str]:
    places = iter((_BETWEEN, _BEHIND))
    place, seen = _BEFORE, set[str]()
    for word in words[1:-1]:
        if word in _IN_ORDER and word not in seen:
            seen.add(word)
            place = next(places, _BEHIND)
        elif word not in _IN_ORDER:
            yield place + word


class Classifier:
    """The weights of one language, ready to weigh sentences."""

    def __init__(self, weights: Mapping[str, Mapping[str, float]], bias: Mapping[str, float]) -> None:
        """``weights``: for each feature, the outcomes it speaks for or against; ``bias``: where to begin."""
        self._weights = weights
        self._bias = bias

    def weigh(self, found: Iterable[str]) -> Weighed:
        """The probability of each stage, and of nothing, given the features."""
        scores = defaultdict(float, self._bias)
        for feature in dict.fromkeys(found):  # in order: sums of the same numbers are the same
            if weights := self._weights.get(feature):
                for outcome, weight in weights.items():
                    scores[outcome] += weight
        highest = max(scores.values())
        shares = {outcome: math.exp(score - highest) for outcome, score in scores.items()}
        total = sum(shares.values())
        stages = {stage: shares[stage] / total for stage in Stage if stage in shares}
        return Weighed(shares.get(NOTHING, 0.0) / total, stages)

    def knows(self, word: str) -> bool:
        """Whether the word stood in enough lines; of a word joined by hyphens, whether all its parts did."""
        return all(part in self._weights for part in word.split("-"))

    def has_learned(self, rule: Rule) -> bool:
        """Whether the rule was there when the weights were made, and fired."""
        return _RULE.format(rule.id) in self._weights

    def reasons(self, found: Iterable[str], outcome: str) -> list[tuple[str, float]]:
        """The features that speak for or against an outcome, the weightiest first."""
        weights = ((feature, self._weights.get(feature, {}).get(outcome, 0.0)) for feature in dict.fromkeys(found))
        return sorted((reason for reason in weights if reason[1]), key=lambda reason: (-abs(reason[1]), reason[0]))


def parse_weights(text: str) -> Classifier:
    """Read a weights file. Raises :class:`WeightsError` where it is malformed.

    Tab separated; an empty field is 0. The first line is the note of where the weights come from; then come the
    outcomes, the bias, and a line for each feature with its weights.
    """
    try:
        lines = iter(text.splitlines())
        _, (_, *names), bias = (line.split("\t") for line in islice(lines, 3))
        outcomes = [name if name == NOTHING else Stage(name) for name in names]
        rows = (line.partition("\t") for line in lines)
        # Half of the features have weights that another has, too; together with the numbers this saves 30 MB.
        shared = cache(lambda fields: _weights(fields.split("\t"), outcomes))
        return Classifier(
            {feature: shared(fields) for feature, _, fields in rows},
            _weights(bias[1:], outcomes),
        )
    except (TypeError, ValueError) as error:
        raise WeightsError(f"The weights cannot be read: {error}. Make them anew: make train") from error


def _weights(fields: Iterable[str], outcomes: Iterable[str]) -> dict[str, float]:
    return {outcome: _number(field) for outcome, field in zip(outcomes, fields, strict=True) if field}


_number = cache(float)
"""Weights have two decimals: a few hundred numbers, said hundreds of thousands of times."""


@cache
def bundled_classifier() -> Classifier:
    """The classifier that comes with Hearsay."""
    return parse_weights((resources.files("matcher") / "cues" / "en.weights.tsv").read_text(encoding="utf-8"))
