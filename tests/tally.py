"""The books of a run with ``--chaos``: the faults that were injected, and what was measured of each guarantee."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from guarantees import GUARANTEES, KEYS, Guarantee, Tier

LEAST_FAULTS, LEAST_KINDS = 500, 20
"""What a whole run has to inject to prove anything."""


@dataclass
class Tally:
    """What the tests of one run report."""

    tier: Tier
    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    figures: dict[str, str] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    """The tests that failed, by node id without parameters."""

    def fault(self, kind: str, times: int = 1) -> None:
        """So many faults of a kind were injected."""
        self.faults[kind] += times

    def prove(self, key: str, figure: str) -> None:
        """The figure that was measured of a guarantee, in words for the page."""
        if key not in KEYS:
            raise ValueError(f"there is no guarantee {key!r}; tests/guarantees.py lists them")
        if set(figure) & {"|", "\n"}:
            raise ValueError(f"a figure is one cell of a table: {figure!r}")
        self.figures[key] = figure

    def fail(self, test: str) -> None:
        """A test of the run failed."""
        self.failed.add(test.partition("[")[0])

    def books(self) -> dict[str, Any]:
        """All of it in plain values, for another process to :meth:`add`."""
        return {"faults": dict(self.faults), "figures": self.figures, "failed": sorted(self.failed)}

    def add(self, books: Mapping[str, Any]) -> None:
        """Take over what another process kept the books of."""
        self.faults.update(books["faults"])
        self.figures.update(books["figures"])
        self.failed.update(books["failed"])

    def to_publish(self) -> dict[str, str]:
        """The figures that count for the page, by test: measured at full count, and without a failure."""
        return {row.test: self.figures[row.key] for row in self._due() if self._outcome(row) == "kept"}

    def shortcomings(self) -> Iterator[str]:
        """Why a run of all chaos tests proves too little, one sentence each."""
        if self.faults.total() < LEAST_FAULTS:
            yield f"{self.faults.total()} faults were injected, not {LEAST_FAULTS}."
        if len(self.faults) < LEAST_KINDS:
            yield f"The faults were of {len(self.faults)} kinds, not {LEAST_KINDS}."
        for row in self._due():
            if (outcome := self._outcome(row)) != "kept":
                yield f"{row.key}: {outcome}."

    def lines(self) -> Iterator[str]:
        """The tables."""
        again = "chaos-full" if self.tier is Tier.FULL else "chaos"
        yield f"seed {self.seed}; the same run again: make {again} SEED={self.seed}"
        yield ""
        for kind, times in self.faults.most_common():
            yield f"{times:>9,}  {kind}"
        yield f"{self.faults.total():>9,}  faults of {len(self.faults)} kinds"
        yield ""
        for row in GUARANTEES:
            yield f"{row.key:<11} {self._outcome(row):<22} {self.figures.get(row.key, '-')}"

    def _due(self) -> Iterator[Guarantee]:
        return (row for row in GUARANTEES if row.tier <= self.tier)

    def _outcome(self, row: Guarantee) -> str:
        if row.test in self.failed:
            return "BROKEN"
        if row.key not in self.figures:
            return "not shown"
        return "kept" if row.tier <= self.tier else "kept, smaller count"
