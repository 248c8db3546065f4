"""Scores the matcher on labelled sets: each is replayed in a throw-away database, and compared with its labels."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table

from bot.labelled import NO_CLAIM, LabelledSet, read_set
from bot.replay import prepared
from feeds.archive import replay
from feeds.intake import Taken
from matcher.evaluation import GROUPS, Evaluation, evaluate
from matcher.evaluation.items import F1_OF, Band, Judged, Label, confusion, reliability
from matcher.evaluation.measures import Measure
from matcher.evaluation.timelines import Move
from matcher.vocabulary import Claim, Reading, Status
from models.change import Change


async def run_evaluation(folders: Sequence[Path], out: Console, err: Console, *, errors: int, as_json: bool) -> None:
    """Score every set and print it, with up to ``errors`` mistakes of each.

    Progress goes to ``err`` if it is a terminal and the result is for people. All sets are read before the first is
    replayed. Raises :class:`bot.labelled.LabelledSetError` for a malformed one.
    """
    for labelled in [read_set(folder) for folder in folders]:
        evaluation = await _evaluate(labelled, err, silent=as_json or not err.is_terminal)
        mistakes = _mistakes(evaluation.judged)[:errors]
        titles = {article.id: article.title for article in labelled.articles}
        if as_json:
            row = _row(labelled, evaluation, [_mistake_row(mistake, titles) for mistake in mistakes])
            out.file.write(json.dumps(row, ensure_ascii=False) + "\n")
        else:
            _show(labelled, evaluation, out)
            for mistake in mistakes:
                out.print(_mistake_text(mistake, titles), markup=False, soft_wrap=True, highlight=False)


async def _evaluate(labelled: LabelledSet, err: Console, *, silent: bool) -> Evaluation:
    taken = Taken()
    async with prepared(None, labelled.deals) as database:
        with Progress(console=err, transient=True, disable=silent) as progress:
            articles = progress.track(labelled.articles, description=f"Replay of {labelled.folder.name}")
            async for batch in replay(database, articles):
                taken += batch
    return evaluate(labelled.labels, _readings(taken), labelled.timelines, _moves(taken.changes))


def _readings(taken: Taken) -> dict[str, Reading]:
    claims, mentions = defaultdict[str, list[Claim]](list), defaultdict[str, list[str]](list)
    for claim in taken.claims:
        claims[claim.article.ref].append(replace(claim.report().claim, stage=taken.named[claim]))
    for mention in taken.mentions:
        mentions[mention.article.ref].append(mention.deal.slug)
    return {item: Reading(tuple(claims[item]), tuple(mentions[item])) for item in {*claims, *mentions}}


def _moves(changes: Iterable[Change]) -> dict[str, list[Move]]:
    moves = defaultdict[str, list[Move]](list)
    for change in changes:
        if change.stage:  # always: nobody corrects a replay
            moves[change.deal.slug].append(Move(change.at, change.from_status, change.stage))
    return moves


def _mistakes(judged: Iterable[Judged]) -> list[Judged]:
    wrong = (one for one in judged if not one.faultless)
    return sorted(wrong, key=lambda one: (one.label.deal, one.label.item))


# To read -------------------------------------------------------------------------------------------------------------


def _show(labelled: LabelledSet, evaluation: Evaluation, out: Console) -> None:
    deals = len({label.deal for label in labelled.labels})
    out.rule(f"{labelled.folder}: {len(labelled.labels)} items about {deals} deals")
    out.print(_figures(evaluation), _confusion(evaluation.judged), _certainty(evaluation.judged))


def _figures(evaluation: Evaluation) -> Table:
    spread = f"lowest–highest of {GROUPS} groups"
    table = Table("measure", Column("value", justify="right"), Column("cases", justify="right"), spread)
    for measure, figure in evaluation.scores.items():
        groups = evaluation.spread.get(measure)
        value = "–" if figure.value is None else f"{figure.value:.3f}"
        table.add_row(measure, value, str(figure.of), f"{groups.lowest:.3f}–{groups.highest:.3f}" if groups else "")
    return table


def _confusion(judged: Iterable[Judged]) -> Table:
    pairs = confusion(judged)
    said = [Column(f"said {_word(status)}", justify="right") for status in F1_OF]
    table = Table("truth", *said, caption="An accepted alternative that was said counts as the truth.")
    for truth in F1_OF:
        table.add_row(_word(truth), *(str(pairs[truth, status]) for status in F1_OF))
    return table


def _certainty(judged: Iterable[Judged]) -> Table:
    share = "right status (calibrated: inside the band)"
    table = Table("certainty", Column("claims", justify="right"), Column(share, justify="right"))
    for band in reliability(judged):
        table.add_row(_bounds(band), str(band.claims), f"{band.right / band.claims:.3f}" if band.claims else "–")
    return table


def _bounds(band: Band) -> str:
    if not band.low:
        return f"< {band.high}"
    return f"{band.low}–{band.high}" if band.high < 1 else f"≥ {band.low}"


def _mistake_text(mistake: Judged, titles: Mapping[str, str]) -> str:
    label, claim = mistake.label, mistake.claim
    said = f"{claim.status} · {claim.stage} · {_speaker(claim)}, by rule {claim.rule}" if claim else NO_CLAIM
    return f"{label.deal}, item {label.item}\n  readers: {_readers(label)}\n  said: {said}\n  {_words(mistake, titles)}"


def _readers(label: Label) -> str:
    origins = "/".join(origin or "no attribution" for origin in label.origins)
    said = " · ".join([_word(label.status), *(["/".join(sorted(label.stages))] if label.stages else []), origins])
    return f"{said} (or {', '.join(sorted(map(_word, label.also)))})" if label.also else said


def _speaker(claim: Claim) -> str:
    return f"{claim.speaker} ({claim.origin})" if claim.origin else claim.speaker


def _words(mistake: Judged, titles: Mapping[str, str]) -> str:
    """The words that the claim rests on, in one line; the title where nothing was claimed."""
    words = mistake.claim.quote if mistake.claim else titles[mistake.label.item]
    return " ".join(words.split())


def _word(status: Status | None) -> str:
    return status or NO_CLAIM


# To compare by machine -----------------------------------------------------------------------------------------------


def _row(labelled: LabelledSet, evaluation: Evaluation, mistakes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    pairs = confusion(evaluation.judged)
    return {
        "set": str(labelled.folder),
        "items": len(labelled.labels),
        "figures": {measure.name.lower(): _figure_row(evaluation, measure) for measure in evaluation.scores},
        "confusion": {_word(truth): {_word(said): pairs[truth, said] for said in F1_OF} for truth in F1_OF},
        "certainty": [
            {"from": band.low, "to": band.high, "claims": band.claims, "right": band.right}
            for band in reliability(evaluation.judged)
        ],
        "mistakes": mistakes,
    }


def _figure_row(evaluation: Evaluation, measure: Measure) -> dict[str, float | None]:
    figure, groups = evaluation.scores[measure], evaluation.spread.get(measure)
    return {
        "value": figure.value,
        "cases": figure.of,
        "lowest": groups.lowest if groups else None,
        "highest": groups.highest if groups else None,
    }


def _mistake_row(mistake: Judged, titles: Mapping[str, str]) -> dict[str, Any]:
    label, claim = mistake.label, mistake.claim
    return {
        "item": label.item,
        "deal": label.deal,
        "label": _word(label.status),
        "stages": sorted(label.stages),
        "also": sorted(map(_word, label.also)),
        "origins": label.origins,
        "said": _word(mistake.said),
        "stage": claim and claim.stage,
        "speaker": claim and claim.speaker,
        "origin": claim and claim.origin,
        "rule": claim and claim.rule,
        "words": _words(mistake, titles),
    }
