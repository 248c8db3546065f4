"""The page of guarantees says what the tests show, and a run with --chaos tells the truth about itself."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from guarantees import GUARANTEES, UNMEASURED, Guarantee, Tier, figures_in, table, with_figures
from tally import LEAST_FAULTS, LEAST_KINDS, Tally

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_the_page_is_what_its_source_says() -> None:
    """Nobody has changed a row in the page alone."""
    assert table(figures_in(PAGE)) in PAGE
    assert figures_in(PAGE).keys() == {row.test for row in GUARANTEES}


def test_the_page_is_short() -> None:
    """At most twelve rows, each of its own key and its own test."""
    assert len({row.key for row in GUARANTEES}) == len({row.test for row in GUARANTEES}) == len(GUARANTEES) <= 12


def test_every_guarantee_was_measured() -> None:
    """No row without a figure."""
    assert UNMEASURED not in figures_in(PAGE).values()


@pytest.mark.parametrize("row", GUARANTEES, ids=lambda row: row.key)
def test_every_named_test_exists(row: Guarantee) -> None:
    """It runs in `make chaos`, hands in the row's figure, and has a count for the last tier if the row says so."""
    file, _, name = row.test.partition("::")
    functions = [node for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))) if _is_function(node)]
    (found,) = [node for node in functions if node.name == name]
    assert any(ast.unparse(mark).startswith("pytest.mark.chaos") for mark in found.decorator_list)
    assert f"tally.prove('{row.key}'" in ast.unparse(found)
    assert ("full=" in ast.unparse(found)) == (row.tier is Tier.FULL)


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def test_a_partial_run_changes_its_own_rows_only() -> None:
    """The other figures stay, and so does the text around the table."""
    first, second = GUARANTEES[0].test, GUARANTEES[1].test
    page = with_figures(f"before\n\n{table({first: '1 of 1', second: '2 of 2'})}\nafter\n", {second: r"3 of \1"})
    assert page == f"before\n\n{table({first: '1 of 1', second: '3 of ' + chr(92) + '1'})}\nafter\n"


def test_a_figure_is_one_cell() -> None:
    """What would break the table, or is no guarantee, is refused."""
    with pytest.raises(ValueError, match="one cell"):
        Tally(Tier.CHAOS, 1).prove("alone", "0 | 1")
    with pytest.raises(ValueError, match="no guarantee 'none'"):
        Tally(Tier.CHAOS, 1).prove("none", "0")


def test_dice_are_the_test_s_own(dice: Random, seed: int, request: pytest.FixtureRequest) -> None:
    """The seed and the test decide how they fall, and nothing else."""
    assert dice.random() == Random(f"{seed} {request.node.nodeid}").random()  # noqa: S311 (no secret)


# The books ------------------------------------------------------------------------------------------------------------


def a_tally(tier: Tier = Tier.CHAOS) -> Tally:
    """Of a run that proves everything."""
    tally = Tally(tier, seed=7)
    for kind in range(LEAST_KINDS):
        tally.fault(f"kind {kind}", LEAST_FAULTS // LEAST_KINDS)
    for row in GUARANTEES:
        tally.prove(row.key, f"{row.key} is fine")
    return tally


def test_a_run_that_proves_everything_lacks_nothing() -> None:
    """Its figures are published, but for those of a count that it did not reach."""
    chaos, full = a_tally(), a_tally(Tier.FULL)
    assert list(chaos.shortcomings()) == list(full.shortcomings()) == []
    assert chaos.to_publish().keys() == {row.test for row in GUARANTEES if row.tier is not Tier.FULL}
    assert full.to_publish() == {row.test: f"{row.key} is fine" for row in GUARANTEES}
    assert "letters     kept, smaller count    letters is fine" in list(chaos.lines())


def test_too_few_faults_prove_nothing() -> None:
    """Neither few of many kinds, nor many of few."""
    few = a_tally()
    few.faults["kind 3"] -= 1
    plain = a_tally()
    plain.fault("kind 3", plain.faults.pop("kind 4"))
    assert list(few.shortcomings()) == ["499 faults were injected, not 500."]
    assert list(plain.shortcomings()) == ["The faults were of 19 kinds, not 20."]


def test_what_failed_or_is_not_shown_is_named() -> None:
    """And its figure is not published, in whichever order the test failed and handed it in."""
    tally = a_tally()
    del tally.figures["backup"]
    tally.fail("tests/models/test_database.py::test_kill_9_loses_nothing_that_was_acknowledged[twice]")
    assert list(tally.shortcomings()) == ["database: BROKEN.", "backup: not shown."]
    assert not [test for test in tally.to_publish() if "/models/" in test]


# Runs of pytest -------------------------------------------------------------------------------------------------------

PROVING = f"""
import pytest
from leaks import TOKEN

@pytest.mark.chaos
@pytest.mark.parametrize("key", {sorted(row.key for row in GUARANTEES)})
def test_everything(key, tally, times):
    for kind in range({LEAST_KINDS}):
        tally.fault(f"kind {{kind}}", {LEAST_FAULTS // LEAST_KINDS})
    tally.prove(key, f"{{times(gate=1, chaos=2, full=3)}} times")

@pytest.mark.chaos
def test_dice(dice):
    print("dice:", dice.random())

@pytest.mark.chaos(full=True)
def test_that_takes_long():
    print("it took long")
"""

LEAKING = """
import logging, os, urllib.parse
from leaks import TOKEN

def test_prints(): print(TOKEN)
def test_prints_an_address(): os.write(2, urllib.parse.quote(TOKEN).encode())
def test_logs(): logging.error(TOKEN[7:])
def test_writes(tmp_path): (tmp_path / "hearsay.db").write_bytes(b"..." + TOKEN.encode())
def test_keeps_it(tmp_path): (tmp_path / "hearsay.db").write_bytes(TOKEN[:-1].encode())
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """pytest, with our conftest, on a project of its own that makes the same promises."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "docs" / "guarantees.md", tmp_path / "docs")

    def run(test: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "tests" / "test_it.py").write_text(test, encoding="utf-8")
        settings = ["-p", "conftest", "-p", "no:cacheprovider", "--rootdir", tmp_path, "-c", ROOT / "pyproject.toml"]
        return subprocess.run(  # noqa: S603 (our own)
            [sys.executable, "-m", "pytest", "-rP", *settings, *arguments],
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def figures(tmp_path: Path) -> Callable[[], set[str]]:
    """What stands in the last column of that project's page."""
    return lambda: set(figures_in((tmp_path / "docs" / "guarantees.md").read_text(encoding="utf-8")).values())


def test_a_whole_run_prints_its_books_and_writes_the_page(run: Run, figures: Callable[[], set[str]]) -> None:
    """New dice for each run, the seed says which; the tier of long counts runs what the other leaves out."""
    chaos, full = run(PROVING, "--chaos", "-m", "chaos"), run(PROVING, "--chaos-full", "-m", "chaos", "--seed", "1")
    assert (chaos.returncode, full.returncode) == (0, 0), chaos.stdout
    assert figures() == {"3 times"}
    assert "6,000  faults of 20 kinds" in chaos.stdout
    assert ("it took long" in chaos.stdout, "it took long" in full.stdout) == (False, True)
    assert set(re.findall(r"(?:SEED=|seed:? )(\d+)", chaos.stdout)) != {"1"}
    assert set(re.findall(r"(?:SEED=|seed:? )(\d+)", full.stdout)) == {"1"}
    assert len({*re.findall("dice: .*", chaos.stdout), *re.findall("dice: .*", full.stdout)}) == 2


def test_several_processes_keep_one_set_of_books(run: Run, figures: Callable[[], set[str]]) -> None:
    """They roll the dice of one seed, and what each of them measured and looked through counts."""
    whole = run(PROVING, "--chaos", "-m", "chaos", "--numprocesses", "2")
    (seed,) = {*re.findall(r"(?:SEED=|seed:? )(\d+)", whole.stdout)}
    alone = run(PROVING, "--chaos", "-k", "test_dice", "--seed", seed)
    assert whole.returncode == 0, whole.stdout
    assert re.findall("dice: .*", whole.stdout) == re.findall("dice: .*", alone.stdout) != []
    assert figures() >= {"2 times"}
    assert "6,000  faults of 20 kinds" in whole.stdout
    assert "The token was looked for in 1 outputs" in whole.stdout


def test_a_failure_in_another_process_counts() -> None:
    """The row of a test that failed there is broken in the books of the run, which otherwise has all figures."""
    tally, there = a_tally(), Tally(Tier.CHAOS, 1)
    there.fail("tests/models/test_backup.py::test_a_backup_under_load_restores")
    tally.add(there.books())
    assert list(tally.shortcomings()) == ["backup: BROKEN."]


def test_the_gate_rolls_the_same_dice_and_writes_nothing(run: Run, figures: Callable[[], set[str]]) -> None:
    """Whoever runs `make test` changes no file, and can count on the outcome."""
    before = figures()
    gate, again = run(PROVING), run(PROVING, "--chaos", "--seed", "1", "-k", "test_dice")
    assert (gate.returncode, figures()) == (0, before)
    assert "tier: gate, seed: 1" in gate.stdout
    assert "= guarantees =" not in gate.stdout
    assert re.findall("dice: .*", gate.stdout) == re.findall("dice: .*", again.stdout) != []


def test_a_whole_run_that_proves_too_little_fails(run: Run) -> None:
    """A part of it does not: it was asked for no more."""
    little = PROVING.replace("tally.prove(", "lambda *_: (")
    whole, part = run(little, "--chaos", "-m", "chaos"), run(little, "--chaos", "tests/test_it.py")
    assert (whole.returncode, part.returncode) == (1, 0)
    assert "FAILED outbox: not shown." in whole.stdout
    assert "FAILED" not in part.stdout


def test_a_test_that_gives_the_token_away_fails(run: Run) -> None:
    """By printing, in a process of its own or not, by logging, or by writing it into a file."""
    done = run(LEAKING, "--chaos")
    leaks = set(re.findall(r"ERROR at teardown of (\w+)", done.stdout))
    assert done.returncode == 1
    assert leaks == {"test_prints", "test_prints_an_address", "test_logs", "test_writes"}
    assert done.stdout.count("The bot's token stands in ") == 4
    assert "5 passed, 4 errors" in done.stdout
    assert "and 2 files" in done.stdout
