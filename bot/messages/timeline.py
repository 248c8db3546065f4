"""A deal's timeline in words: the caption of the picture, which says the same."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from bot.language import day, ngettext, pgettext
from bot.language import gettext as _
from bot.messages.frame import LONGEST_TITLE, Button, Message, cut, visible_length
from bot.messages.standing import STAGE_WORDS, standing_words
from matcher.vocabulary import Stage
from models.deal import Deal
from models.timeline import Evidence, Move, Timeline

LONGEST_CAPTION = 1000
"""UTF-16 units that are filled of the 1024 Telegram allows (Bot API: sendPhoto)."""
MOVES, ORIGINS, LONGEST_ORIGIN = 8, 6, 30
"""What the caption names of each, and UTF-16 units of an origin's name."""


def by_origin(evidence: Iterable[Evidence]) -> dict[str, int]:
    """How many reports each origin has, most first."""
    return dict(Counter(report.origin for report in evidence).most_common())


def others(count: int) -> str:
    """So many origins that are not named."""
    return ngettext("{count} other", "{count} others", count)


def stage_label(stage: Stage) -> str:
    """A stage's name beside the picture: what comes before its explanation."""
    return _(STAGE_WORDS[stage]).partition(",")[0]


def timeline(deal: Deal, timeline: Timeline) -> Message:
    """The caption; without any move, the answer that there is nothing to show."""
    title = f"<b>{cut(deal.title, LONGEST_TITLE)}</b>"
    buttons = (
        (
            Button(pgettext("button", "Status"), f"status:{deal.id}:new"),
            Button(pgettext("button", "History"), f"history:{deal.id}:new"),
        ),
    )
    if not timeline.moves:
        return Message("\n".join([title, _("No reports yet.")]), buttons)
    return Message("\n".join(_fitting([title, *_moves(timeline.moves)], _evidence(timeline.evidence))), buttons)


def _fitting(lines: list[str], last: list[str]) -> list[str]:
    """As many of the lines as fit before the last ones."""
    while visible_length([*lines, *last]) > LONGEST_CAPTION:
        lines = lines[:-1]
    return [*lines, *last]


def _moves(moves: Sequence[Move]) -> list[str]:
    """The latest moves, newest first. Of several in a row to the same stage the first one counts."""
    turns = [move for before, move in pairwise([None, *moves]) if move and (not before or before.stage != move.stage)]
    lines = [_("{day}: {standing}", day=day(move.at), standing=standing_words(move.stage)) for move in turns]
    earlier = len(lines) - MOVES
    more = [ngettext("{count} earlier move", "{count} earlier moves", earlier)] if earlier > 0 else []
    return [*reversed(lines[-MOVES:]), *more]


def _evidence(evidence: Sequence[Evidence]) -> list[str]:
    """Who reported it, in the order of the picture's numbers."""
    origins = by_origin(evidence)
    if not origins:
        return []
    reports = ngettext("{count} report", "{count} reports", len(evidence))
    sources = ngettext("{count} source", "{count} sources", len(origins))
    named = [f"{n}. {cut(name, LONGEST_ORIGIN) or '…'} ({count})" for n, (name, count) in enumerate(origins.items(), 1)]
    rest = [others(len(origins) - ORIGINS)] if len(origins) > ORIGINS else []
    return ["", _("{reports}, {sources}:", reports=reports, sources=sources), ", ".join([*named[:ORIGINS], *rest])]
