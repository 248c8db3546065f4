"""How fast many feeds are polled: beside lemon24/reader, and beside the least that anybody has to do.

All poll the same feeds of one local server, each feed at a host of its own, one program after the other and each in a
process of its own. CPU is that of the process and of those that it started. Every program is warm before it is
measured: it has polled some other feeds.
"""

import gc
import multiprocessing
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

from benchmarks.contenders import Bare, Contender, Hearsay, Reader
from benchmarks.newsstand import CHANGING, ENTRIES, Newsstand, newsstand
from benchmarks.processes import cpu_time
from benchmarks.tables import figures
from feeds.hosts import GAP

FEEDS = 1_000
WARM_UP = 20
"""Feeds."""
ROUNDS = 2
STEADY_ROUNDS = 3
FRESH = 2
THREADS = (10, 20)
"""Of reader: the best is taken."""
TRIAL = 100
"""Feeds on which that is found out."""

FIRST, STEADY, CHANGED = "first fetch", "all answer 304", f"1 in {CHANGING} has {FRESH} fresh entries"
PHASES = (FIRST, STEADY, CHANGED)


@dataclass(frozen=True)
class Cost:
    """What it took to poll all feeds once."""

    feeds: int
    wall: float
    cpu: float
    """Seconds."""
    peak: float
    """Of memory so far, in MB: of the process itself."""
    peak_in_all: float
    """With the processes that it started."""

    @property
    def per_second(self) -> float:
        """Feeds."""
        return self.feeds / self.wall

    @property
    def milliseconds(self) -> float:
        """Of CPU for each feed."""
        return self.cpu / self.feeds * 1000


Costs = dict[str, list[Cost]]
"""By phase."""


def measure(step: Callable[[str], None]) -> Table:
    """One line per program and phase; ``step`` is told what is being measured."""
    table = figures(
        f"Polling {FEEDS:,} feeds of {ENTRIES} entries (medians of {ROUNDS} rounds)",
        "program",
        *("feeds per second", "ms of CPU each", "peak MB", "with its processes", "Hearsay is faster by", "target"),
    )
    if sys.platform != "linux":
        table.add_row("needs Linux, for its many loopback addresses")
        return table
    costs = _costs(step)
    for phase in PHASES:
        table.add_section()
        for name in costs:
            table.add_row(f"{name}, {phase}", *_figures(costs, name, phase))
    return table


def _figures(costs: Mapping[str, Costs], name: str, phase: str) -> list[str]:
    measured, ours = costs[name][phase], costs["Hearsay"][phase]
    speed, peak, peak_in_all = _speed(measured), max(c.peak for c in measured), max(c.peak_in_all for c in measured)
    ratio = "" if measured is ours else f"{_speed(ours) / speed:.2f}"
    milliseconds = median(cost.milliseconds for cost in measured)
    return [f"{speed:,.0f}", f"{milliseconds:.2f}", f"{peak:.0f}", f"{peak_in_all:.0f}", ratio, _target(name, phase)]


def _speed(costs: Sequence[Cost]) -> float:
    return median(cost.per_second for cost in costs)


def _target(name: str, phase: str) -> str:
    targets = {("reader", FIRST): "≥ 1.5", ("reader", STEADY): "≥ 2", ("httpx + feedparser", STEADY): "≤ 1.5 × its CPU"}
    return targets.get((name.partition(",")[0], phase), "")


def _costs(step: Callable[[str], None]) -> Mapping[str, Costs]:
    """By program."""
    with newsstand(FEEDS) as stand:
        step("readers: how many threads serve reader best")
        threads = max(THREADS, key=lambda number: _trial(stand, number))
        contenders: dict[str, Callable[[], Contender]] = {
            "Hearsay": Hearsay,
            f"reader, {threads} threads": _Threaded(threads),
            "httpx + feedparser": Bare,
        }
        costs: dict[str, Costs] = {name: defaultdict(list) for name in contenders}
        for number in range(ROUNDS):
            for name, start in contenders.items():
                step(f"readers: {name}, round {number + 1} of {ROUNDS}")
                for phase, measured in _in_a_process(_polled, start, stand, FEEDS).items():
                    costs[name][phase] += measured
    return costs


@dataclass(frozen=True)
class _Threaded:
    """Starts reader with so many threads, in whatever process."""

    threads: int

    def __call__(self) -> Contender:
        return Reader(self.threads)


def _trial(stand: Newsstand, threads: int) -> float:
    costs = _in_a_process(_polled, _Threaded(threads), stand, TRIAL)
    return TRIAL / sum(costs[phase][0].wall for phase in (FIRST, STEADY))


def _in_a_process(
    function: Callable[[Callable[[], Contender], Newsstand, int], Costs],
    start: Callable[[], Contender],
    stand: Newsstand,
    feeds: int,
) -> Costs:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(function, start, stand, feeds).result()


def _polled(start: Callable[[], Contender], stand: Newsstand, feeds: int) -> Costs:
    """Poll everything in every way."""
    with start() as contender:
        contender.add([stand.url(number) for number in range(FEEDS, FEEDS + WARM_UP)])
        contender.update()
        contender.add([stand.url(number) for number in range(feeds)])
        costs = {FIRST: [_cost(contender, feeds)], STEADY: [_cost(contender, feeds) for _ in range(STEADY_ROUNDS)]}
        stand.publish(FRESH)
        return {**costs, CHANGED: [_cost(contender, feeds)]}


def _cost(contender: Contender, feeds: int) -> Cost:
    """Polls once, when every host may be visited again."""
    gc.collect()
    time.sleep(GAP.total_seconds())
    wall, cpu = time.perf_counter(), cpu_time()
    contender.update()
    wall, cpu = time.perf_counter() - wall, cpu_time() - cpu
    return Cost(feeds + WARM_UP, wall, cpu, *_peaks())


def _peaks() -> tuple[float, float]:
    """Not from ``getrusage``: on Linux a new process takes over the peak of the one that started it."""
    own = _peak("self")
    return own, own + sum(_peak(str(child.pid)) for child in multiprocessing.active_children())


def _peak(process: str) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0
