"""The classifier's weights: made from the lines that lie here, and every line readable."""

from importlib import resources
from pathlib import Path

import pytest

from matcher.classifier import NOTHING, WeightsError, parse_weights
from matcher.vocabulary import Stage
from training import examples as lines

WEIGHTS = (resources.files("matcher") / "cues" / "en.weights.tsv").read_text(encoding="utf-8")


def test_the_weights_are_those_of_the_lines() -> None:
    """Whoever changes a training line runs ``make train`` too."""
    assert lines.digest() in WEIGHTS.partition("\n")[0]


def test_every_line_teaches_something() -> None:
    """Every line can be read: two parties, a known label, features; and every outcome is taught by a hundred lines."""
    taught = [example.outcome for example in lines.examples() if example.features]
    assert len(taught) > 10_000
    assert all(taught.count(outcome) >= 100 for outcome in (NOTHING, *Stage) if outcome is not Stage.QUIET)


@pytest.mark.parametrize(
    "line",
    [
        "rumored\ttalks\tacquisition\t[Telvara] in talks",
        "rumored\ttalks\tacquisition\t[Telvara] in talks with [Northgate] and [Quorum]",
        "rumored\tchat\tacquisition\t[Telvara] in talks with [Northgate]",
        "rumored\ttalks\t[Telvara] in talks with [Northgate]",
    ],
    ids=["one party", "three parties", "no stage of ours", "a column is missing"],
)
def test_a_bad_line_is_named(line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A line that cannot be trained on is named with its file and number, and what to do."""
    file = tmp_path / "headlines.tsv"
    file.write_text(f"none\t-\tstake\t[Telvara] sues [Northgate]\n{line}\n", encoding="utf-8")
    monkeypatch.setattr(lines, "FILES", [file])
    with pytest.raises(lines.ExampleError, match=r"headlines\.tsv, line 2: .* Mend the line"):
        list(lines.examples())


@pytest.mark.parametrize("text", ["", "note\noutcomes\tsold\nbias\t1\n", WEIGHTS.replace("\t", " ", 9)])
def test_damaged_weights_are_refused(text: str) -> None:
    """A file that is no weights file is refused with what to do."""
    with pytest.raises(WeightsError, match="make train"):
        parse_weights(text)
