"""A labelled set, from its files to the figures."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.labelled import LabelledSetError, read_set, sets_in
from matcher.evaluation.measures import Measure
from matcher.vocabulary import Stage, Status

PROGRAM = (sys.executable, "-c", "from bot.cli import main; main()")
WATCHLIST = """
[[deal]]
slug = "alpha-beta"
title = "Alpha and Beta"
kind = "acquisition"
party = [{ name = "Alpha" }, { name = "Beta" }]

[[deal]]
slug = "gamma-delta"
title = "Gamma and Delta"
kind = "acquisition"
party = [{ name = "Gamma" }, { name = "Delta" }]
"""
TITLES = {
    "1": "Alpha in talks to buy Beta, sources say",
    "2": "Alpha and Beta open a museum",
    "3": "Alpha agrees to buy Beta for $5 billion",
    "4": "Gamma in talks to buy Delta",
}
GOLD = """\
1	alpha-beta	rumored	talks	-	sources
2	alpha-beta	none	-	-	-
3	alpha-beta	finalized	agreed/completed	rumored/none	-/party
4	gamma-delta	denied	rejected	-	FT
1	gamma-delta	none	-	-	-
"""
EVENTS = """\
alpha-beta	2017-12-01	rumored	talks	1	status
alpha-beta	2017-12-03	finalized	agreed	3	status
alpha-beta	FINAL	finalized	agreed	-	-
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A set of four articles, five labels and one timeline; the fourth article is labelled against its words."""
    path = tmp_path / "museum"
    path.mkdir()
    articles = [
        {"id": item, "published": f"2017-12-0{item}T10:00:00Z", "outlet": "Carrier Wire", "title": title}
        for item, title in TITLES.items()
    ]
    (path / "archive.jsonl").write_text("".join(json.dumps(article) + "\n" for article in articles), encoding="utf-8")
    (path / "deals.toml").write_text(WATCHLIST, encoding="utf-8")
    (path / "gold.tsv").write_text(GOLD, encoding="utf-8")
    (path / "events.tsv").write_text(EVENTS, encoding="utf-8")
    return path


def hearsay(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own program)
        [*PROGRAM, *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False, env={"COLUMNS": "200"},
    )  # fmt: skip


def evaluated(*arguments: object) -> list[dict[str, Any]]:
    done = hearsay("evaluate", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_set_is_read_as_labelled(folder: Path) -> None:
    """Slashes separate what is right as well; a dash is nothing, and as an origin no visible attribution."""
    labelled = read_set(folder)
    third = labelled.labels[2]
    assert (third.item, third.deal, third.status) == ("3", "alpha-beta", Status.FINALIZED)
    assert third.stages == {Stage.AGREED, Stage.COMPLETED}
    assert third.also == {Status.RUMORED, None}
    assert third.origins == (None, "party")
    assert labelled.labels[1].status is None
    assert labelled.labels[1].origins == (None,)
    (timeline,) = labelled.timelines
    assert [(event.day.isoformat(), event.stage) for event in timeline.events] == [
        ("2017-12-01", Stage.TALKS),
        ("2017-12-03", Stage.AGREED),
    ]
    assert timeline.final == Status.FINALIZED


def test_evaluate_prints_tables_and_mistakes(folder: Path) -> None:
    """Figures with their cases, the confusion, the certainty, and each mistake with the rule and the words."""
    done = hearsay("evaluate", folder, "--errors", 5)
    assert done.returncode == 0, done.stderr
    lines = [" ".join(re.sub("[│┃]", " ", line).split()) for line in done.stdout.splitlines()]
    assert "false alarms on none items 0.000 2" in lines
    assert "events caught 1.000 2" in lines
    assert "linked to the deal 0.800 5" in lines
    assert "denied 1 0 0 0" in lines
    mistake = lines.index("gamma-delta, item 4")
    assert lines[mistake + 1 : mistake + 4] == [
        "readers: denied · rejected · FT",
        "said: rumored · talks · outlet (Carrier Wire), by rule talks",
        TITLES["4"],
    ]


def test_each_set_is_one_json_object(folder: Path) -> None:
    """In the order of the arguments; a set without events.tsv has no figures about timelines."""
    first, second = evaluated(folder, _without_events(folder))
    assert first["set"] == str(folder)
    assert first["items"] == second["items"] == 5
    assert first["figures"].keys() == {measure.name.lower() for measure in Measure}
    assert first["figures"]["final"] == {"value": 1.0, "cases": 1, "lowest": None, "highest": None}
    assert first["confusion"]["denied"] == {"rumored": 1, "denied": 0, "finalized": 0, "none": 0}
    assert sum(band["claims"] for band in first["certainty"]) == 3
    assert "final" not in second["figures"]


def _without_events(folder: Path) -> Path:
    other = folder.with_name("plain")
    other.mkdir()
    for name in ("deals.toml", "archive.jsonl", "gold.tsv"):
        (other / name).write_bytes((folder / name).read_bytes())
    return other


def test_mistakes_come_by_deal_and_item(folder: Path) -> None:
    """As many as asked for, the first by deal and item, whatever the order of the labels."""
    labels = ["1\tgamma-delta\tdenied", "3\talpha-beta\tdenied", "2\talpha-beta\tdenied"]
    (folder / "gold.tsv").write_text("".join(f"{label}\t-\t-\t-\n" for label in labels), encoding="utf-8")
    ((two,), (none,)) = evaluated(folder, "--errors", 2), evaluated(folder)
    assert [(mistake["deal"], mistake["item"]) for mistake in two["mistakes"]] == [
        ("alpha-beta", "2"),
        ("alpha-beta", "3"),
    ]
    assert two["mistakes"][0]["words"] == TITLES["2"]
    assert none["mistakes"] == []


def test_the_documented_set_is_valid(tmp_path: Path) -> None:
    """The watchlist, the article and the lines of docs/files.md make a set."""
    text = (Path(__file__).parents[2] / "docs" / "files.md").read_text(encoding="utf-8")
    names = {"deals.toml": "toml", "archive.jsonl": "json", "gold.tsv": "tsv", "events.tsv": "tsv"}
    blocks = {kind: iter(re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)) for kind in names.values()}
    for name, kind in names.items():
        (tmp_path / name).write_text(next(blocks[kind]), encoding="utf-8")
    labelled = read_set(tmp_path)
    assert [label.deal for label in labelled.labels] == ["huawei-att"]
    assert [timeline.final for timeline in labelled.timelines] == [Status.DENIED]


@pytest.mark.parametrize(
    ("name", "line", "sentence"),
    [
        ("gold.tsv", "2\talpha-beta\tnone\t-\t-", "line 4: it has 5 columns instead of 6"),
        ("gold.tsv", "2\talpha-beta\tmaybe\t-\t-\t-", 'line 4: "maybe" is no status; write rumored, denied'),
        ("gold.tsv", "2\talpha-beta\tnone\t-\tmaybe\t-", 'line 4: "maybe" is no status'),
        ("gold.tsv", "2\talpha-beta\trumored\tagreed\t-\t-", 'line 4: "agreed" is no stage of rumored; write spec'),
        ("gold.tsv", "2\talpha-beta\tnone\ttalks\t-\t-", 'line 4: "talks" is no stage of none; write -.'),
        ("gold.tsv", "2\tbeta-alpha\tnone\t-\t-\t-", 'line 4: deals.toml has no deal "beta-alpha"'),
        ("gold.tsv", "22\talpha-beta\tnone\t-\t-\t-", 'line 4: archive.jsonl has no item "22"'),
        ("events.tsv", "alpha-beta\t2017-12-32\tdenied\tdenied\t-\t-", 'line 4: "2017-12-32" is no day'),
        ("events.tsv", "alpha-beta\t2017-12-09\tnone\t-\t-\tstatus", "line 4: a move needs a status"),
        ("events.tsv", "alpha-beta\t2017-12-09\tdenied\t-\t-\tstatus", 'line 4: "-" is no stage of denied'),
        ("events.tsv", "gamma-delta\t2017-12-09\tdenied\tdenied\t4\tstatus", "gamma-delta has no line with FINAL"),
        ("events.tsv", "alpha-beta\t9999-12-31\tdenied\tdenied\t-\t-", "line 4: 9999-12-31 is not between the years"),
        ("events.tsv", "alpha-beta\t0001-01-01\tdenied\tdenied\t-\t-", "line 4: 0001-01-01 is not between the years"),
        ("events.tsv", "alpha-beta\tFINAL\tdenied\tdenied\t-\t-", "line 5: alpha-beta has a line with FINAL already"),
        ("events.tsv", "alpha-beta\t2017-12-09\tdenied\tdenied\t22\t-", 'line 4: archive.jsonl has no item "22"'),
        ("events.tsv", "alpha-beta\t2017-12-09\tdenied\tdenied\t-\tmove", 'line 4: "move" is no kind of move; write'),
        ("gold.tsv", "2\talpha-beta\trumored\t-\t-\t-", "line 4: item 2 has a label for alpha-beta already"),
        ("gold.tsv", "2\tgamma-delta\tnone\t-\t-\t" + "x" * 200_000, "line 4: field larger than field limit"),
        ("archive.jsonl", "{not json", "line 4: it is not JSON."),
        ("archive.jsonl", '{"id": 2, "published": "2017-12-02", "title": "x"}', 'line 4: the id "2" is there already'),
        ("archive.jsonl", '{"published": "9999-12-31", "title": "x"}', "line 4: published is after 2200; correct it."),
        ("deals.toml", "[[deal]", "this is not valid TOML"),
    ],
)
def test_a_malformed_set_is_refused(folder: Path, name: str, line: str, sentence: str) -> None:
    """The sentence names the file, the line (blank ones count), and what to do."""
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    (folder / name).write_text("\n".join([*lines[:2], "", line, *lines[2:]]), encoding="utf-8")
    with pytest.raises(LabelledSetError) as refused:
        read_set(folder)
    assert str(refused.value).count(str(folder / name)) == 1
    assert sentence in str(refused.value)
    assert str(refused.value).endswith(".")


def _remove(folder: Path) -> None:
    (folder / "gold.tsv").unlink()


def _empty(folder: Path) -> None:
    (folder / "gold.tsv").write_text("\n", encoding="utf-8")


def _garble(folder: Path) -> None:
    (folder / "gold.tsv").write_bytes(GOLD.replace("FT", "Zürich Post").encode("latin-1"))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [(_remove, "holds no gold.tsv"), (_empty, "gold.tsv is empty"), (_garble, "gold.tsv is not UTF-8 text")],
)
def test_a_set_needs_labels(folder: Path, spoil: Callable[[Path], None], sentence: str) -> None:
    """Without a readable gold.tsv there is nothing to compare with."""
    spoil(folder)
    with pytest.raises(LabelledSetError, match=sentence):
        read_set(folder)


def test_an_unreadable_watchlist_is_named_once(folder: Path) -> None:
    """The file, and what to do."""
    (folder / "deals.toml").write_bytes(b"\xff")
    with pytest.raises(LabelledSetError) as refused:
        read_set(folder)
    assert str(refused.value) == f"{folder / 'deals.toml'}: it is not UTF-8 text; save it as UTF-8."


def test_the_command_refuses_in_one_sentence(folder: Path) -> None:
    """A malformed set stops the command before any replay, with the exit code of an error."""
    for nothing in (folder / "nowhere", folder / "gold.tsv"):
        done = hearsay("evaluate", folder, nothing)
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr.startswith(f"Error: {nothing} is no folder. Name one that holds deals.toml")
        assert len(done.stderr.splitlines()) == 1


def test_the_sets_of_a_folder_are_found_by_their_labels(folder: Path) -> None:
    """In the order of their names; a set stands for itself, and a folder that has none says what is missing."""
    other, unlabelled = _without_events(folder), folder.with_name("unlabelled")
    unlabelled.mkdir()
    assert sets_in(folder.parent) == [folder, other]
    assert sets_in(folder) == [folder]
    with pytest.raises(LabelledSetError, match=r"There is no labelled set in .*\. A set is a folder with deals.toml"):
        sets_in(unlabelled)


def test_a_folder_of_sets_is_scored_set_by_set(folder: Path) -> None:
    """One object for each, and with --json standard error stays empty for whoever reads it by machine."""
    other = _without_events(folder)
    done = hearsay("evaluate", "--json", folder.parent)
    assert [json.loads(line)["set"] for line in done.stdout.splitlines()] == [str(folder), str(other)]
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["takeovers-america", "takeovers-world", "partnerships", "articles"])
def test_the_sets_that_come_with_hearsay_are_valid(name: str) -> None:
    """Each passes every check."""
    assert read_set(Path(__file__).parents[2] / "examples" / "labelled" / name).labels


# What score.py of the corpus prints, and the measure it is.
PRINTED = {
    "macro-F1": Measure.MACRO_F1,
    "rumored": Measure.F1_RUMORED,
    "denied": Measure.F1_DENIED,
    "finalized": Measure.F1_FINALIZED,
    "none": Measure.F1_NONE,
    "false alarms on none items": Measure.FALSE_ALARMS,
    "denied/finalized swapped": Measure.SWAPPED,
    "linked": Measure.LINKED,
    "stage": Measure.STAGE,
    "caught within 3 days": Measure.CAUGHT,
    "wrong status pushes per deal": Measure.WRONG,
    "extra per deal": Measure.EXTRA,
    "final status right": Measure.FINAL,
    "completions noticed": Measure.COMPLETIONS,
}


def test_the_figures_are_those_of_the_reference(corpus: Path, tmp_path: Path) -> None:
    """On the corpus' partnerships, every figure is the one that its own script prints for the same replay.

    Origins are left out: which spellings mean one outlet is known better here.
    """
    folder, output = corpus / "bench/dev/partnerships", tmp_path / "output.jsonl"
    replayed = hearsay("replay", "--json", "--deals", folder / "deals.toml", folder / "archive.jsonl")
    output.write_text(replayed.stdout, encoding="utf-8")
    gold, events = folder / "gold.tsv", folder / "events.tsv"
    printed = subprocess.run(  # noqa: S603 (the corpus' own script)
        [sys.executable, folder.parents[1] / "score.py", output, "--gold", gold, "--events", events,
         "--archive", folder / "archive.jsonl"],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    (row,) = evaluated(folder)
    for words, measure in PRINTED.items():
        (number,) = re.findall(rf"(?:^| ){words} (\d+\.(\d+))", printed, re.MULTILINE)
        assert f"{row['figures'][measure.name.lower()]['value']:.{len(number[1])}f}" == number[0], words
