"""``python -m training``: learn the classifier's weights anew and write them where the matcher finds them.

Multinomial logistic regression with an L2 penalty, from scikit-learn; the lines are read in order, the solver starts at
zero, and weights are rounded, so that the same lines give the same file.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import logit
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_predict

from matcher.classifier import NOTHING
from matcher.vocabulary import Stage
from training.examples import Example, digest, examples

WEIGHTS = Path(__file__).parent.parent / "matcher" / "cues" / "en.weights.tsv"
PENALTY = 0.5
"""Inverse strength of the L2 penalty. 0.3 to 1.2 did equally well on deals that were left out."""
LEAST_LINES = 2
"""A feature that stands in fewer lines is a name or a whim, and left out."""
SMALLEST = 0.05
"""Weights nearer to zero are not written: they never decide, and there are many."""
FOLDS = 5


class Trained(NamedTuple):
    """What was learned."""

    calibration: Sequence[float]
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
    model = LogisticRegression(C=PENALTY, max_iter=5_000).fit(table, outcomes)
    folds = KFold(FOLDS, shuffle=True, random_state=0)
    unseen = cross_val_predict(model, table, outcomes, cv=folds, method="predict_proba")
    features = [name for name, keep in zip(vectorizer.feature_names_, common, strict=True) if keep]
    weights = np.vstack([model.intercept_, model.coef_.T])
    return Trained(calibrate(lines, list(model.classes_), unseen), list(model.classes_), features, weights)


def calibrate(lines: Sequence[Example], outcomes: Sequence[str], unseen: np.ndarray) -> list[float]:
    """How the certainty of a rule and the weight of the words together tell how often the rule is right.

    ``unseen`` are the probabilities that the classifier gives to lines it was not trained on.
    """
    evidence, right = [], []
    for line, shares in zip(lines, unseen, strict=True):
        if line.ruled:
            status = line.ruled.status
            words = sum(s for o, s in zip(outcomes, shares, strict=True) if o != NOTHING and Stage(o).status is status)
            evidence.append([line.certainty, words])
            right.append(line.outcome != NOTHING and Stage(line.outcome).status is status)
    fit = LogisticRegression(C=np.inf).fit(logit(np.clip(evidence, 0.001, 0.999)), right)
    return [*fit.intercept_, *fit.coef_[0]]


def write(trained: Trained, path: Path) -> None:
    """Write the weights file; see :func:`matcher.classifier.parse_weights`."""
    rows = zip(trained.features, map(_fields, trained.weights[1:]), strict=True)
    lines = [
        [f"made by python -m training from lines with the digest {digest()}"],
        ["calibration", *(f"{number:.3f}" for number in trained.calibration)],
        ["outcomes", *trained.outcomes],
        ["bias", *_fields(trained.weights[0])],
        *([feature, *fields] for feature, fields in rows if any(fields)),
    ]
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")


def _fields(weights: Iterable[float]) -> list[str]:
    return [f"{weight:.2f}" if abs(weight) >= SMALLEST else "" for weight in weights]


if __name__ == "__main__":
    write(train(list(examples())), WEIGHTS)
