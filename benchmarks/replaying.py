"""What a replay costs: every line of an archive is read, matched and forgotten, but for those that name a deal.

It runs in a process of its own, so that the peak of its memory is not another figure's. Memory that grew with the
archive would show between the beginning of a replay and its end.
"""

import asyncio
import multiprocessing
import re
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from rich.table import Table

from benchmarks import newsroom
from benchmarks.prepared import database_with
from benchmarks.tables import figures
from feeds.archive import BATCH, BadLine, read_lines, replay
from models.database import Database

DEALS = 10_000
LENGTHS = (20_000, 80_000)
"""Headlines after which the peak of memory is read."""
HISTORY = 8_500_000
"""Headlines in some twelve years of a busy wire."""
TARGET_MINUTES = 4
ARCHIVES = {"none": LENGTHS[-1] + 1, "1 in 200": 200}
"""Every how many headlines one is about a deal: of a wire's whole output hardly any is."""


@dataclass(frozen=True)
class Mark:
    """Where the replay stood after a batch."""

    seconds: float
    """CPU time."""
    peak: str
    """Of memory, in MB, since the first batch."""


def measure(step: Callable[[str], None]) -> Table:
    """One line per archive; ``step`` is told what is being measured."""
    peaks = [f"peak MB after {length:,}" for length in LENGTHS]
    headings = ("per second", "µs each", f"minutes for {HISTORY / 1e6:g} million", "target", *peaks)
    table = figures(f"Replay of headlines against {DEALS:,} deals (CPU)", "about a deal", *headings)
    step(f"replay: {len(ARCHIVES)} archives of {LENGTHS[-1]:,} headlines")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        for name, marks in process.submit(_measured).result().items():
            table.add_row(name, *_figures(marks))
    return table


def _figures(marks: Sequence[Mark]) -> list[str]:
    cost = (marks[-1].seconds - marks[0].seconds) / (len(marks) - 1) / BATCH
    peaks = (marks[length // BATCH - 1].peak for length in LENGTHS)
    minutes = f"{cost * HISTORY / 60:.1f}"
    return [f"{1 / cost:,.0f}", f"{cost * 1e6:.1f}", minutes, f"≤ {TARGET_MINUTES}", *peaks]


def _measured() -> dict[str, Sequence[Mark]]:
    return asyncio.run(_marks())


async def _marks() -> dict[str, Sequence[Mark]]:
    async with database_with(newsroom.deals(DEALS)) as database:
        return {name: await _replayed(database, on_deals_every) for name, on_deals_every in ARCHIVES.items()}


async def _replayed(database: Database, on_deals_every: int) -> Sequence[Mark]:
    """A mark for each batch. The first is no measure of the others: the matcher is built in it."""
    marks = []
    with TemporaryFile() as lines:
        lines.writelines(newsroom.archive(LENGTHS[-1], DEALS, on_deals_every))
        lines.seek(0)
        articles = (line for line in read_lines(lines) if not isinstance(line, BadLine))
        async for _ in replay(database, articles):
            if not marks:
                _forget_peak()
            marks.append(Mark(time.process_time(), _peak()))
    return marks


def _forget_peak() -> None:
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")  # proc(5): sets the peak back to what is in use


def _peak() -> str:
    """Not from ``getrusage``: on Linux a new process takes over the peak of the one that started it."""
    if sys.platform != "linux":
        return "–"
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return f"{int(found[1]) / 1024:.0f}" if found else "–"
