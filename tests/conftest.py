import asyncio
import os
import random
import shutil
from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path
from typing import Any

import guarantees
import pytest
import uvloop
from guarantees import Tier
from leaks import TOKEN, Scan, spellings
from tally import Tally

from models import migration
from models.database import Database

GATE_SEED = 1
_TALLY, _SCAN = pytest.StashKey[Tally](), pytest.StashKey[Scan]()
_BOOKS, _SEED = "hearsay_books", "hearsay_seed"
"""Under which xdist's processes hand each other what they know."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos", action="store_true", help="count as far as the promises say, not as far as the gate")
    parser.addoption("--chaos-full", action="store_true", help="the same, with what takes longer than `make chaos` may")
    parser.addoption("--write-transcripts", action="store_true", help="write docs/conversations anew; no comparison")
    parser.addoption("--seed", type=int, help="roll the dice of an earlier run; without it, --chaos rolls new ones")


def pytest_configure(config: pytest.Config) -> None:
    tier = Tier.FULL if config.option.chaos_full else Tier.CHAOS if config.option.chaos else Tier.GATE
    config.option.chaos = tier > Tier.GATE
    new = random.SystemRandom().randrange(1_000_000) if config.option.chaos else GATE_SEED
    given = getattr(config, "workerinput", {}).get(_SEED, config.option.seed)
    config.stash[_TALLY] = Tally(tier, new if given is None else given)
    config.stash[_SCAN] = Scan(spellings(TOKEN))


def pytest_report_header(config: pytest.Config) -> str:
    return f"tier: {config.stash[_TALLY].tier}, seed: {config.stash[_TALLY].seed}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked ``chaos(full=True)``, but in the tier that has the time."""
    if config.stash[_TALLY].tier is Tier.FULL:
        return
    left_out = [item for item in items if any(mark.kwargs.get("full") for mark in item.iter_markers("chaos"))]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, object]:  # noqa: ARG001
    """The loop that the program runs on; asyncio's own where a test turns the loop's clock."""
    turns_clock = "skip" in getattr(item, "fixturenames", ())
    return {"loop": asyncio.new_event_loop if turns_clock else uvloop.new_event_loop}


# The books of the run ------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that gave the token away has failed; so much is known when all of it is over."""
    report = yield
    if call.when == "teardown" and (places := _leaks(item, report)):
        report.outcome, report.longrepr = "failed", f"The bot's token stands in {', '.join(places)}."
    if report.failed:
        item.config.stash[_TALLY].fail(report.nodeid)
    return report


def _leaks(item: pytest.Function, report: pytest.TestReport) -> list[str]:
    scan, folder = item.config.stash[_SCAN], item.funcargs.get("tmp_path")
    leaking = [name for name, content in report.sections if scan.in_text(content)]
    return leaking + [str(file) for file in (scan.in_folder(folder) if folder else ())]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """All processes of a run roll the same dice."""
    node.workerinput[_SEED] = node.config.stash[_TALLY].seed


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """One of several processes is done: its books go to those of the run."""
    books = getattr(node, "workeroutput", {}).get(_BOOKS)  # one that died has none
    if books:
        node.config.stash[_TALLY].add(books["tally"])
        node.config.stash[_SCAN].add(books["seen"])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Publish what was measured; a whole run that proves too little has failed."""
    tally = session.config.stash[_TALLY]
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_BOOKS] = {"tally": tally.books(), "seen": session.config.stash[_SCAN].seen()}
        return
    if tally.tier is Tier.GATE:
        return
    guarantees.write_figures(session.config.rootpath / "docs" / "guarantees.md", tally.to_publish())
    if _is_whole(session.config) and session.exitstatus == pytest.ExitCode.OK and any(tally.shortcomings()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _is_whole(config: pytest.Config) -> bool:
    """Whether all chaos tests were asked for, not some by name."""
    named = config.args_source is pytest.Config.ArgsSource.ARGS or config.option.keyword or config.option.deselect
    return not named and config.option.markexpr in ("", "chaos")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    tally = config.stash[_TALLY]
    if tally.tier is Tier.GATE:
        return
    terminalreporter.write_sep("=", "guarantees")
    for line in tally.lines():
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"\nThe token was looked for in {config.stash[_SCAN]}.")
    for shortcoming in tally.shortcomings() if _is_whole(config) else ():
        terminalreporter.write_line(f"FAILED {shortcoming}", red=True)


# Fixtures ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tally(pytestconfig: pytest.Config) -> Tally:
    """Where a test tells which faults it injected, and what it measured of a guarantee."""
    return pytestconfig.stash[_TALLY]


@pytest.fixture
def seed(tally: Tally) -> int:
    """What decides all chance of the run: the same in every run of the gate, another in each of ``make chaos``."""
    return tally.seed


@pytest.fixture
def dice(seed: int, request: pytest.FixtureRequest) -> random.Random:
    """Dice of the test's own: a run with the same seed rolls the same, whatever other tests there are."""
    return random.Random(f"{seed} {request.node.nodeid}")  # noqa: S311 (no secret)


@pytest.fixture
def times(tally: Tally) -> Callable[..., int]:
    """How often to do something: a part in the gate, all in ``make chaos``, or only in ``make chaos-full``."""

    def choose(*, gate: int, chaos: int, full: int | None = None) -> int:
        return (gate, chaos, chaos if full is None else full)[tally.tier]

    return choose


@pytest.fixture
def corpus() -> Path:
    """Material by others that may not lie in the repository: labelled news, feeds, the founding article."""
    place = os.environ.get("HEARSAY_CORPUS")
    if not place:
        pytest.skip("HEARSAY_CORPUS does not say where the material by others is that may not lie in the repository")
    return Path(place)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("database") / "migrated.db"
    migration.upgrade(path)
    return path


@pytest.fixture
async def database(migrated: Path, tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "hearsay.db"
    shutil.copy(migrated, path)
    async with Database(path) as database:
        yield database
