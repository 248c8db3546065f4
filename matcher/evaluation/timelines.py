"""Whole deals: the moves that a follower should have been told of, and the moves that were recorded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise
from operator import itemgetter

from matcher.evaluation.measures import Measure, Scores, mean
from matcher.vocabulary import Stage, Status

EARLY, LATE = timedelta(days=1), timedelta(days=3)
"""How far a push may come before and after the day on which the timeline moves."""


@dataclass(frozen=True, slots=True)
class Event:
    """A move of which a follower should have been told on this day (UTC)."""

    day: date
    stage: Stage


@dataclass(frozen=True, slots=True)
class Timeline:
    """Every decisive move of a deal, those of one day in their order, and the status at the end."""

    deal: str
    events: tuple[Event, ...]
    final: Status | None


@dataclass(frozen=True, slots=True)
class Move:
    """A recorded change of a deal."""

    at: datetime
    """Aware UTC."""
    before: Status | None
    stage: Stage

    @property
    def after(self) -> Status:
        """The status from then on."""
        return self.stage.status


def score_timelines(timelines: Iterable[Timeline], moves: Mapping[str, Sequence[Move]]) -> Scores:
    """The measures that timelines give; ``moves`` are by deal, and a deal of which nothing was heard has none."""
    followed = [_follow(timeline, moves.get(timeline.deal, ())) for timeline in timelines]
    return {
        Measure.CAUGHT: mean(caught for one in followed for caught in one.caught),
        Measure.WRONG: mean(one.wrong for one in followed),
        Measure.EXTRA: mean(one.extra for one in followed),
        Measure.FINAL: mean(one.final_right for one in followed),
        Measure.COMPLETIONS: mean(one.completion_noticed for one in followed),
    }


@dataclass(frozen=True, slots=True)
class _Followed:
    caught: list[bool]
    wrong: int
    extra: int
    final_right: bool
    completion_noticed: bool | None
    """None where the timeline has no completion."""


_History = Sequence[tuple[date, Status]]
"""The statuses with the days on which they were set, in order; the last one of a day stays."""


def _follow(timeline: Timeline, moves: Iterable[Move]) -> _Followed:
    moves = sorted(moves, key=lambda move: move.at)
    pushes = [(move.at.date(), move.after) for move in moves if move.before != move.after]
    truth = sorted(((event.day, event.stage.status) for event in timeline.events), key=itemgetter(0))
    caught = _caught(truth, pushes)
    wrong = sum(status not in _held(truth, day - LATE, day + EARLY) for day, status in pushes)
    return _Followed(
        caught,
        wrong,
        extra=max(0, len(pushes) - wrong - len(caught)),
        final_right=(pushes[-1][1] if pushes else None) == timeline.final,
        completion_noticed=_completion_noticed(timeline, moves),
    )


def _caught(truth: _History, pushes: _History) -> list[bool]:
    """Whether the deal had each status of the timeline in time. A day counts with the status in which it ends."""
    evenings = dict(truth).items()
    began = [next(run) for _, run in groupby(evenings, key=itemgetter(1))]
    return [
        status in _held(pushes, day - EARLY, min(day + LATE, following))
        for (day, status), (following, _) in pairwise([*began, (date.max, None)])
    ]


def _held(history: _History, first: date, last: date) -> set[Status]:
    """The status on the evening of ``first`` and every one set from ``first`` to ``last``, both days included."""
    until_first = [status for day, status in history if day <= first]
    return {status for day, status in history if first <= day <= last} | set(until_first[-1:])


def _completion_noticed(timeline: Timeline, moves: Iterable[Move]) -> bool | None:
    days = [event.day for event in timeline.events if event.stage is Stage.COMPLETED]
    if not days:
        return None
    return any(move.stage is Stage.COMPLETED and abs(move.at.date() - days[-1]) <= LATE for move in moves)
