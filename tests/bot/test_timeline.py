"""/timeline: the picture, its caption, and where Matplotlib is imported."""

import struct
import subprocess
import sys
from datetime import timedelta
from itertools import cycle, islice

import pytest
from builders import DAY, HOUR, NOON
from running_bot import BORIS, Bot
from standin.faults import flooded

from bot import timeline as picture
from bot.language import speaking
from bot.messages import timeline as messages
from bot.messages.frame import visible_length
from matcher.vocabulary import Kind, Stage
from models.deal import Deal
from models.timeline import Evidence, Move, Timeline

SIDE = 1080


def size(png: bytes) -> tuple[int, int]:
    """Width and height, which stand in the first chunk (PNG specification, 11.2.2)."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def many(moves: int, reports: int, origins: int) -> Timeline:
    """Moves through all stages over ten years, and reports of so many origins."""
    step = timedelta(days=3650) / max(moves, 1)
    stages = list(islice(cycle([*Stage, None]), moves))
    return Timeline(
        [Move(NOON + n * step, stage) for n, stage in enumerate(stages)],
        [Evidence(NOON + n * HOUR, Stage.TALKS, f"Origin {n % origins}") for n in range(reports)],
    )


async def test_a_deal_is_shown_as_a_picture_with_words(bot: Bot) -> None:
    """/timeline answers with a square PNG; its caption names the moves, newest first, and the origins."""
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    bot.clock.advance(days=3)
    await bot.news("Alpha ends talks to buy Beta, says Alpha", outlet="Handset Herald")
    answer = await bot.ask("/timeline alpha beta")
    assert answer.document
    assert size(answer.document.content) == (SIDE, SIDE)
    lines = answer.text.splitlines()
    assert lines[:3] == [
        "Alpha <Holdings> & Beta",
        "11 Jan 2018: DENIED · called off",
        "8 Jan 2018: RUMORED · in talks",
    ]
    assert lines[-2:] == ["2 reports, 2 sources:", "1. Bloomberg (1), 2. Handset Herald (1)"]


async def test_the_card_has_a_button_for_it(bot: Bot) -> None:
    """The picture comes as a message of its own; its buttons leave it as it is."""
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    card = await bot.ask("/status alpha-beta", chat=BORIS)
    assert (await bot.press(card, "Timeline")).text == card.text
    shown = bot.telegram.messages(BORIS)[-1]
    assert shown.document
    assert (await bot.press(shown, "Status")).document
    assert bot.telegram.messages(BORIS)[-1].text == card.text


async def test_the_picture_is_sent_again_after_a_failure(bot: Bot) -> None:
    """A flood limit is waited out, as with any other answer."""
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    bot.telegram.fail("sendPhoto", flooded(0))
    assert (await bot.ask("/timeline alpha-beta")).document


async def test_without_reports_there_is_no_picture(bot: Bot) -> None:
    """A deal that nobody has spoken of yet is answered in words."""
    answer = await bot.ask("/timeline huawei-att")
    assert answer.text.splitlines() == ["Huawei phones on AT&T", "No reports yet."]
    assert answer.document is None


async def test_of_several_deals_one_is_chosen(bot: Bot) -> None:
    """Where several deals fit, a button brings the timeline of the one that was meant."""
    answer = await bot.ask("/timeline huawei")
    await bot.press(answer, "Huawei phones on AT&T")
    assert bot.telegram.messages(answer.chat_id)[-1].text.endswith("No reports yet.")


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    "timeline",
    [
        Timeline([Move(NOON, Stage.AGREED)], []),
        Timeline([Move(NOON, None)], [Evidence(NOON - 9 * DAY, Stage.NEAR, "Bloomberg")]),
        Timeline(
            [Move(NOON, Stage.TALKS)],
            [
                Evidence(NOON, Stage.TALKS, origin)
                for origin in (
                    "a $x^{2$",
                    "$\\frac$",
                    "😀🚀",
                    "新华社",
                    "عكاظ",
                    "\u202e\ud800\x00",
                    "",
                    "_under",
                    "x" * 5000,
                )
            ],
        ),
        many(500, 800, 40),
    ],
    ids=["one move", "nothing stands", "hostile origins", "500 moves"],
)
def test_any_timeline_can_be_drawn(timeline: Timeline, language: str) -> None:
    """Nothing that is stored breaks the picture, or makes Matplotlib warn; the caption stays within its limit."""
    deal = Deal(id=1, title="$\\alpha$ <b> 😀 \u202e" * 500, slug="a-b", kind=Kind.MERGER)
    with speaking(language):
        assert size(picture.draw(timeline, NOON + DAY)) == (SIDE, SIDE)
        assert visible_length([messages.timeline(deal, timeline).text]) <= messages.LONGEST_CAPTION


def test_the_caption_names_the_latest_moves_and_the_main_origins() -> None:
    """What there is no room for is counted."""
    deal = Deal(id=1, title="Alpha & Beta", slug="a-b", kind=Kind.MERGER)
    lines = messages.timeline(deal, many(20, 80, 40)).text.splitlines()
    assert lines[-4] == "12 earlier moves"
    assert lines[-1].startswith("1. Origin 0 (2), 2. Origin 1 (2)")
    assert lines[-1].endswith(", 34 others")


def test_the_program_itself_never_imports_matplotlib() -> None:
    """Not at its start, and not when a picture is drawn: that memory would be gone for good."""
    code = """
import asyncio, sys
from datetime import UTC, datetime
from bot import cli, timeline
from matcher.vocabulary import Stage
from models.timeline import Move, Timeline

async def picture():
    noon = datetime(2018, 1, 8, 12, tzinfo=UTC)
    return await timeline.drawn(Timeline([Move(noon, Stage.AGREED)], []), noon, "de")

sys.stdout.buffer.write(asyncio.run(picture()))
sys.exit('matplotlib' in sys.modules or 'numpy' in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True)  # noqa: S603 (our own)
    assert size(ended.stdout) == (SIDE, SIDE)


async def test_the_drawing_process_inherits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork would take the program's memory along, with the locks that its threads hold at that moment."""
    monkeypatch.setattr(picture, "draw", lambda *_: b"of the program's memory")
    assert size(await picture.drawn(Timeline([Move(NOON, Stage.AGREED)], []), NOON, "en")) == (SIDE, SIDE)
