"""``python -m training``: learn the classifier's weights anew and write them where the matcher finds them.

Multinomial logistic regression with an L2 penalty, from scikit-learn; the lines are read in order, the solver starts at
zero, and weights are rounded, so that the same lines give the same file.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression

from matcher.classifier import NOTHING
from matcher.vocabulary import Stage, Status
from training.examples import Example, digest, examples, known_words

WEIGHTS = Path(__file__).parent.parent / "matcher" / "cues" / "en.weights.tsv"
PENALTY = 0.5
"""Inverse strength of the L2 penalty. 0.3 to 1.2 did equally well on deals that were left out."""
SHARES = {NOTHING: 0.55, Status.RUMORED: 0.18, Status.FINALIZED: 0.15, Status.DENIED: 0.12}
"""What the lines of each status count for together, in each sort of deal, however many there are: about what they are
in labelled news. Most items about a deal claim nothing, while we write more lines of what is harder to read."""
LEAST_LINES = 2
"""A feature that stands in fewer lines is a name or a whim, and left out."""
SMALLEST = 0.05
"""Weights nearer to zero are not written: they never decide, and there are many."""


class Trained(NamedTuple):
    """What was learned."""

    outcomes: Sequence[str]
    features: Sequence[str]
    weights: np.ndarray
    """A row for each feature, a column for each outcome; the first row is the bias."""


def train(lines: Sequence[Example]) -> Trained:
    """Learn from all lines."""
    vectorizer = DictVectorizer()
    table = vectorizer.fit_transform(dict.fromkeys(line.features, 1) for line in lines)
    common = np.asarray((table > 0).sum(axis=0)).ravel() >= LEAST_LINES
    table, outcomes = table[:, common], np.array([line.outcome for line in lines])
    model = LogisticRegression(C=PENALTY, max_iter=5_000).fit(table, outcomes, sample_weight=_counting(lines))
    features = [name for name, keep in zip(vectorizer.feature_names_, common, strict=True) if keep]
    weights = np.vstack([model.intercept_, model.coef_.T])
    return Trained(list(model.classes_), features, weights)


def _counting(lines: Sequence[Example]) -> np.ndarray:
    """How much each line counts, so that the shares are those of news."""
    groups = [(line.sort, line.outcome if line.outcome == NOTHING else Stage(line.outcome).status) for line in lines]
    written, in_all = Counter(groups), Counter(line.sort for line in lines)
    return np.array([SHARES[status] * in_all[sort] / written[sort, status] for sort, status in groups])


def write(trained: Trained, path: Path) -> None:
    """Write the weights file; see :func:`matcher.classifier.parse_weights`."""
    rows = zip(trained.features, map(_fields, trained.weights[1:]), strict=True)
    known = known_words()
    lines = [
        [f"made by python -m training from lines with the digest {digest()}"],
        ["outcomes", *trained.outcomes],
        ["bias", *_fields(trained.weights[0])],
        *([feature, *fields] for feature, fields in rows if any(fields) or feature in known),
    ]
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")


def _fields(weights: Iterable[float]) -> list[str]:
    return [f"{weight:.2f}" if abs(weight) >= SMALLEST else "" for weight in weights]


if __name__ == "__main__":
    write(train([line for line in examples() if line.features]), WEIGHTS)
