"""Headlines of our own, each with the claim that it means. A test shows that the matcher reads each one so."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from matcher.vocabulary import Kind, Stage, Status

STATED = "stated"
"""A party or an authority says so itself; else it is ``reported``."""
SUMMARY = "Our staff will add to this report during the day."
"""Under every headline: plainly English, and too short to tell a copy by."""
NOTHING_SAID = (
    "{a} and {b} to speak at trade fair in Oslo",
    "{a} and {b} both report higher quarterly sales",
    "{a} sues {b} over patents",
    "Shares of {a} and {b} rise",
    "Analyst: {a} should agree to buy {b}",
    "{a} could buy {b}, analyst says",
)
"""They name both parties, and move no deal: mentions, and analysts."""
CREDITS = ("Bloomberg", "Reuters")
"""Agencies that no feed of the invented press belongs to: whoever carries their news credits them."""


@dataclass(frozen=True, slots=True)
class Headline:
    """A pattern for the names of two parties, and what it claims."""

    stage: Stage
    confirms: bool
    pattern: str

    @property
    def can_credit(self) -> bool:
        """Whether ", Bloomberg reports" may follow: an agreement that an agency reports is read as close to one."""
        return not self.confirms and " say" not in self.pattern and self.stage.status is not Status.FINALIZED


@cache
def headlines() -> dict[Kind, dict[Stage, list[Headline]]]:
    """Every pattern, by the kind of deal and the stage that it claims."""
    found: dict[Kind, dict[Stage, list[Headline]]] = defaultdict(lambda: defaultdict(list))
    for line in Path(__file__).with_name("headlines.tsv").read_text(encoding="utf-8").splitlines():
        kind, stage, voice, pattern = line.split("\t")
        found[Kind(kind)][Stage(stage)].append(Headline(Stage(stage), voice == STATED, pattern))
    return found
