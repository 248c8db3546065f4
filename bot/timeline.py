"""A deal's timeline as a picture: its stages as steps, the reports as dots by origin.

Made for a phone: 1080 by 1080 pixels, few and large letters. Telegram turns pictures into JPEG, which has no
transparency, so the ground is a grey that suits light and dark themes. Matplotlib is imported only where a picture is
drawn, in a process that ends with it: it takes 58 MB that the bot would never get back.
"""

import asyncio
import io
import multiprocessing
from collections.abc import Sequence
from datetime import datetime, timedelta
from textwrap import fill
from typing import TYPE_CHECKING, Any

from pebble import ProcessPool

from bot.language import day, speaking
from bot.messages.timeline import by_origin, others, stage_label
from matcher.vocabulary import Stage, Status
from models.timeline import Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INCHES, DOTS_PER_INCH = 7.2, 150
MARGIN = timedelta(days=1)
"""Of time, on both sides; a deal of a single day needs some width."""
MOST_DAYS = 4
"""Dates under the picture that do not run into each other."""
LONGEST_ORIGIN = 18
"""Characters of an origin's name in the legend."""

GROUND, INK, FAINT = "#e9ecef", "#212529", "#ced4da"
STATUS_COLOURS = {Status.RUMORED: "#b26a00", Status.DENIED: "#c1121f", Status.FINALIZED: "#2b7a3d"}
ORIGIN_COLOURS = ("#0072b2", "#e69f00", "#cc79a7", "#009e73", "#56b4e9", "#d55e00")
"""Okabe and Ito's palette, which the colour-blind can tell apart."""
OTHERS_COLOUR = "#6c757d"
DOT, CROWDED_DOT, CROWD = 90, 40, 100
"""The area of a dot, in square points; where there are more reports than a crowd, they are smaller."""
LIFT = 0.025
"""Of a dot above its stage, as a part of the picture."""
LABEL_WIDTH = 14
"""Characters of a stage's name on one line."""
LADDER = (
    *(Stage.TERMINATED, Stage.BLOCKED, Stage.CALLED_OFF, Stage.REJECTED, Stage.DENIED),
    *(Stage.QUIET, Stage.SPECULATION, Stage.TALKS, Stage.OFFER, Stage.NEAR, Stage.AGREED, Stage.COMPLETED),
)
"""The stages from the bottom up."""


DEADLINE = timedelta(minutes=1)
"""For one picture, which takes a second or two with the start of the process."""

_spawn = multiprocessing.get_context("spawn")  # a fork would copy the locks of the program's threads


async def drawn(timeline: Timeline, now: datetime, language: str) -> bytes:
    """As :func:`draw`, in a process of its own, in this language.

    Raises :class:`TimeoutError`, and ProcessExpired or :class:`RuntimeError` where the process cannot live.
    """
    # The start waits until the process has read its arguments: a third of a second in which nobody else must wait.
    return await asyncio.to_thread(_draw_apart, timeline, now, language)


def _draw_apart(*what: Any) -> bytes:
    # not pebble's concurrent.process: 5.2 forks whatever context it is given
    pool = ProcessPool(1, context=_spawn)
    try:
        # The pool's own deadline would begin with the work, and a process that hangs at its start never comes to it.
        picture: bytes = pool.schedule(_draw_in, args=what).result(timeout=DEADLINE.total_seconds())
        return picture
    finally:
        pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves its return type out
        pool.join()


def _draw_in(timeline: Timeline, now: datetime, language: str) -> bytes:
    with speaking(language):
        return draw(timeline, now)


def draw(timeline: Timeline, now: datetime) -> bytes:
    """The picture as PNG. Takes a tenth of a second of CPU."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(INCHES, INCHES), dpi=DOTS_PER_INCH, facecolor=GROUND, layout="constrained")
    axes = figure.add_subplot(facecolor=GROUND)
    height = {stage: step for step, stage in enumerate(_stages(timeline))}
    begin, end = _span(timeline, now)
    _dress(axes, height, begin, end)
    _draw_moves(axes, timeline, height, end)
    _draw_evidence(axes, timeline, height)
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_png(picture)  # type: ignore[no-untyped-call]
    return picture.getvalue()


def _stages(timeline: Timeline) -> list[Stage]:
    seen = {move.stage for move in timeline.moves} | {report.stage for report in timeline.evidence}
    return [stage for stage in LADDER if stage in seen]


def _span(timeline: Timeline, now: datetime) -> tuple[datetime, datetime]:
    times = [*(move.at for move in timeline.moves), *(report.at for report in timeline.evidence)]
    first, last = min(times), max(*times, now)
    margin = max(MARGIN, (last - first) / 30)
    return first - margin, last + margin


def _dress(axes: "Axes", height: dict[Stage, int], begin: datetime, end: datetime) -> None:
    """Dates below, the names of the stages on the left, in the colours of their statuses."""
    from matplotlib.dates import AutoDateLocator, num2date

    axes.set_xlim(begin, end)  # type: ignore[arg-type] # it takes datetimes
    axes.set_ylim(-0.6, len(height) - 0.4)
    days = AutoDateLocator(minticks=2, maxticks=MOST_DAYS, interval_multiples=False)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(days)
    axes.xaxis.set_major_formatter(lambda number, _: day(num2date(number)))  # type: ignore[no-untyped-call]
    axes.set_yticks(list(height.values()), [fill(stage_label(stage), LABEL_WIDTH) for stage in height])
    for label, stage in zip(axes.get_yticklabels(), height, strict=True):
        label.set_color(STATUS_COLOURS[stage.status])
    axes.tick_params(labelsize=13, length=0, labelcolor=INK, axis="x")
    axes.tick_params(labelsize=13, length=0, axis="y")
    axes.grid(visible=True, axis="y", color=FAINT, linewidth=1)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_moves(axes: "Axes", timeline: Timeline, height: dict[Stage, int], now: datetime) -> None:
    """A bar for each stage as long as it lasted, the last until now, and a line to the next."""
    ends = [*(move.at for move in timeline.moves[1:]), now]
    for number, (move, end) in enumerate(zip(timeline.moves, ends, strict=True)):
        if move.stage is None:
            continue
        level, colour = height[move.stage], STATUS_COLOURS[move.stage.status]
        _line(axes, [move.at, end], [level, level], colour, 6)
        before = timeline.moves[number - 1].stage if number else None
        if before is not None:
            _line(axes, [move.at, move.at], [height[before], level], colour, 2)


def _line(axes: "Axes", times: Sequence[datetime], levels: Sequence[int], colour: str, width: int) -> None:
    axes.plot(times, levels, color=colour, linewidth=width, solid_capstyle="round")  # type: ignore[arg-type]


def _draw_evidence(axes: "Axes", timeline: Timeline, height: dict[Stage, int]) -> None:
    """A dot for each report, a little above its stage, those of one origin in one colour."""
    origins = by_origin(timeline.evidence)
    colours = dict(zip(origins, ORIGIN_COLOURS, strict=False))
    lift, size = LIFT * len(height), CROWDED_DOT if len(timeline.evidence) > CROWD else DOT
    for number, origin in enumerate([*colours, None] if len(origins) > len(colours) else colours):
        reports = [r for r in timeline.evidence if (r.origin == origin if origin else r.origin not in colours)]
        label = f"{number + 1}  {drawable(origin)}" if origin else others(len(origins) - len(colours))
        axes.scatter(
            [report.at for report in reports],  # type: ignore[arg-type]
            [height[report.stage] + lift for report in reports],
            color=colours.get(origin or "", OTHERS_COLOUR),
            label=label,
            s=size,
            edgecolors=GROUND,
            linewidths=1,
            zorder=4 if origin else 3,
        )
    if origins:
        legend = axes.figure.legend(loc="outside lower center", ncols=2, fontsize=12, frameon=False, labelcolor=INK)
        for text in legend.get_texts():
            text.set_parse_math(False)


def drawable(text: str) -> str:
    """What the font has letters for, shortened; the caption has the whole. A ``$`` would begin a formula elsewhere."""
    letters = "".join(character for character in text if ord(character) in _font()).strip()
    return letters if len(letters) <= LONGEST_ORIGIN else letters[: LONGEST_ORIGIN - 1] + "…"


def _font() -> dict[int, Any]:
    """The characters of the font that is drawn with, which comes with Matplotlib."""
    from matplotlib.font_manager import findfont, get_font

    return get_font(findfont("DejaVu Sans")).get_charmap()
