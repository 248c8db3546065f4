"""`hearsay explain`: what a person who adds a cue sees."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest

from matcher import claims, decide
from matcher.vocabulary import Status

ROOT = Path(__file__).parents[2]
WATCHLIST = """
[[deal]]
slug = "telvara-northgate"
title = "Telvara and Northgate"
kind = "acquisition"
party = [{ name = "Telvara", ticker = "TLV" }, { name = "Northgate", aliases = ["Northgate Pumps"] }]
"""
SECOND = """
[[deal]]
slug = "quorum-atlas"
title = "Quorum and Atlas"
kind = "merger"
status = "finalized"
stage = "completed"
since = 2019-05-01
party = [{ name = "Quorum" }, { name = "Atlas", requires = ["shipping", "freight"] }]
"""

Explain = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def explain(tmp_path: Path) -> Explain:
    """The command in a folder of its own, with two watchlists beside it."""
    (tmp_path / "one.toml").write_text(WATCHLIST, encoding="utf-8")
    (tmp_path / "two.toml").write_text(WATCHLIST + SECOND, encoding="utf-8")
    (tmp_path / "none.toml").write_text("", encoding="utf-8")
    (tmp_path / "bad.toml").write_text(WATCHLIST.replace('slug = "telvara-northgate"', ""), encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-c", "from bot.cli import main; main()", "explain", *arguments]
        return subprocess.run(  # noqa: S603 (our own program)
            program, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False, env={"COLUMNS": "1000"}
        )

    return run


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, list[str]]:
    """What stands behind each label, in order."""
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        label, _, text = line.partition("  ")
        found.setdefault(label.strip(), []).append(text.strip())
    return found


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one plain sentence of an error."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_a_headline_is_explained_step_by_step(explain: Explain) -> None:
    """Names, the sentence as the rules see it, the rule with its words, the claim, and what it would do, in order."""
    done = explain("Telvara in talks to buy Northgate -sources", "--deals", "one.toml", "--outlet", "Daily Ledger")
    shown = rows(done)
    sections = [line for line in done.stdout.splitlines() if line[:2] in ("1.", "2.", "3.", "4.")]
    assert [section[3:9] for section in sections] == ["Names", "Senten", "Claims", "What i"]
    assert shown["read as B"] == ["“Northgate” in the title: Northgate"]
    assert shown["as rules see it"] == ["A in talks to buy B"]
    assert shown["letters"] == ["A Telvara, B Northgate"]
    assert shown["credited"] == ["sources by “-sources” behind the headline"]
    assert shown["rule"] == ["talks: rumored · talks", "talks"]
    assert shown["phrase"][0].startswith("X .. (in|")
    assert shown["words"] == ["A in talks to buy B"]
    assert shown["also fits"][0].startswith("further down: loose-talks: rumored · talks, by")
    assert shown["claim"] == ["rumored · talks"]
    assert (shown["speaker"], shown["origin"]) == (["sources"], ["Daily Ledger"])
    assert shown["rumored · talks"] == ["The deal moves: no reports yet → rumored · talks, reported."]
    assert "It is pushed to the deal's followers." in done.stdout


def test_a_dateline_is_shown_with_who_filed_the_text(explain: Explain) -> None:
    """Else nobody would know why another outlet than the article's is the origin."""
    body = "LONDON (Reuters) - Telvara is in talks to buy Northgate."
    shown = rows(explain("Pump makers in the news", "--deals", "one.toml", "--body", body, "--outlet", "Daily Ledger"))
    assert shown["dateline"] == ["“LONDON (Reuters) -” in the body is no news; the text comes from Reuters"]
    assert shown["origin"] == ["Reuters"]
    assert "dateline" not in rows(
        explain("LONDON (Reuters) - Telvara in talks to buy Northgate", "--deals", "one.toml")
    )


def test_a_word_less_changes_the_rule(explain: Explain) -> None:
    """Without "talks" another rule decides, and the one before is seen no more."""
    shown = rows(explain("Telvara in to buy Northgate -sources", "--deals", "one.toml"))
    assert not any(rule.startswith("talks:") for rule in shown["rule"])


def test_where_no_rule_fits_the_classifier_is_shown(explain: Explain) -> None:
    """Its probabilities, and its reasons for and against in words."""
    shown = rows(explain("Telvara and Northgate open a museum", "--deals", "one.toml"))
    assert shown["rule"] == ["none fits"]
    assert "; nothing " in shown["classifier"][0]
    assert re.search(r"[-+]\d\.\d\d", shown["against"][0])
    assert shown["none"] == ["A mention only: no sentence says anything that counts."]
    assert shown["then"] == ["Nothing moves: there is no claim."]


def test_what_is_missing_is_named(explain: Explain) -> None:
    """Which party, by which names it would be found, and which word an ambiguous name requires."""
    shown = rows(explain("Telvara in talks to buy Quorum", "--deals", "two.toml", "--deal", "telvara-northgate"))
    assert shown["missing"] == ["Northgate; it would be found as: Northgate, Northgate Pumps"]
    assert shown["other names"] == ["Quorum"]
    shown = rows(explain("Quorum to buy Atlas", "--deals", "two.toml", "--deal", "quorum-atlas"))
    assert shown["refused"][0].endswith("for Atlas: it needs one of these words in the article: shipping, freight")


def test_a_deal_stands_where_the_watchlist_says(explain: Explain) -> None:
    """The starting point of the watchlist decides what a claim can do; an article before it does nothing."""
    told = ("Quorum in talks to buy freight firm Atlas", "--deals", "two.toml", "--deal", "quorum-atlas")
    assert rows(explain(*told))["stands at"] == ["finalized · completed, confirmed"]
    assert "the present status may not be left" in explain(*told).stdout
    before = explain(*told, "--published", "2018-03-01T10:00+02:00")
    assert "published 2018-03-01 08:00 UTC" in before.stdout
    assert "the article is older" in before.stdout


def test_a_deal_of_the_database_is_explained(explain: Explain) -> None:
    """Without a watchlist the deal stands as the database has it; years are past as the article's own year says."""
    phones = ("AT&T dropped Huawei in 2018.", "--published", "2019-01-08")
    shown = rows(explain("News of phones", "--deal", "huawei-att", "--body", *phones))
    assert shown["as rules see it"][0].endswith("in #past .")
    assert len(shown["stands at"]) == 1


def test_markup_is_printed_as_it_came(explain: Explain) -> None:
    """Neither rich's markup nor a terminal's control characters in a headline have any effect."""
    done = explain("Telvara [bold]buys[/bold] :smile: Northgate[/] \x1b[31mred", "--deals", "one.toml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Telvara [bold]buys[/bold] :smile: Northgate[/] [31mred")
    assert "\x1b" not in done.stdout


def test_a_huge_headline_is_cut(explain: Explain) -> None:
    """A hundred thousand characters are read like any others, and shown in part."""
    done = explain("Telvara talks with Northgate " * 3_400, "--deals", "one.toml")
    assert done.returncode == 0, done.stderr
    assert "more characters)" in done.stdout
    assert len(done.stdout) < 20_000


def test_a_text_is_read_as_an_archive_has_it(explain: Explain) -> None:
    """Entities are the characters that they stand for, wherever they stand, and none of them steers the terminal."""
    title, body = "Telvara &#27;[31mto buy Northgate &amp; sons", "Telvara met Northgate&#39;s owners."
    done = explain(title, "--body", body, "--outlet", "Pump &amp; Pipe", "--deals", "one.toml")
    shown = rows(done)
    assert done.stdout.startswith("Telvara [31mto buy Northgate & sons")
    assert shown["body"] == ["Telvara met Northgate's owners."]
    assert "by Pump & Pipe" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["x", "--deals", "none.toml"], "The watchlist is empty. Add a deal, for example: hearsay deals add"),
        (["x", "--deals", "none.toml", "--deal", "telvara-northgate"], "The watchlist is empty."),
        (["x", "--deals", "bad.toml"], "bad.toml: deal 1, slug: it is missing; add it"),
        (["x", "--deals", "two.toml", "--deal", "telvara-nortgate"], "Did you mean telvara-northgate"),
        (["x", "--deals", "two.toml"], "There are 2 deals. Name one: --deal SLUG"),
        (["  ", "--deals", "one.toml"], "The headline is empty."),
        (["x", "--deals", "one.toml", "--published", "yesterday"], "is no date and time. Write it as"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(explain: Explain, arguments: list[str], reason: str) -> None:
    """One plain sentence, with what to do."""
    assert reason in sentence(explain(*arguments))


def test_the_documented_explanations_run_as_printed(explain: Explain, tmp_path: Path) -> None:
    """Each `hearsay explain` of the documents shows a headline that is read surely and moves a deal."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    pages = [(ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "docs/matcher.md")]
    commands = [re.findall(r"^\.venv/bin/hearsay explain (.*)$", page, re.MULTILINE) for page in pages]
    assert all(commands)
    for command in chain(*commands):
        done = explain(*shlex.split(command))
        assert float(rows(done)["certainty"][-1]) > 0.8
        assert "The deal moves" in done.stdout


def test_the_documented_thresholds_are_in_force() -> None:
    """How sure a reading must be stands in docs/matcher.md as it stands in the rules, in the same order."""
    page = (ROOT / "docs" / "matcher.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| .* \| (0\.\d+) \|$", page, re.MULTILINE)
    moving = (decide.SURE[status] for status in (Status.RUMORED, Status.DENIED, Status.FINALIZED))
    reading = (*claims.SURE.values(), claims.OUTVOTED, claims.ABOUT_ELSE, claims.LEAST)
    assert [*map(float, documented)] == [*reading, decide.LIKELY, *moving]


def test_the_documented_cue_changes_a_reading(explain: Explain, tmp_path: Path) -> None:
    """The headline beside it is read as the document says, without the rule and with it."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    page = (ROOT / "docs" / "matcher.md").read_text(encoding="utf-8")
    documented = re.search(r'"([^"\n]+)"\. With this rule it is an offer:\n\n```toml\n(.*?)```', page, re.DOTALL)
    assert documented
    headline, rule = documented.groups()
    arguments = (headline, "--deal", "shell-bp", "--deals", "examples/watchlist.toml")
    assert "claim" not in rows(explain(*arguments))
    edited = shutil.copytree(ROOT / "matcher", tmp_path / "matcher", ignore=shutil.ignore_patterns("__pycache__"))
    with (edited / "cues" / "en.toml").open("a", encoding="utf-8") as cues:
        cues.write(f"\n{rule}")
    assert rows(explain(*arguments))["claim"] == ["rumored · offer"]
