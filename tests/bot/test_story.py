"""The whole program, from feed bytes to messages: the bundled story as the terminal shows it."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.demo import LINGER, StoryClock


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What ``hearsay demo`` prints with standard input closed."""
    return _demo(tmp_path_factory.mktemp("story"), stdin="", seconds=12).stdout


def _demo(folder: Path, stdin: str, seconds: int = 3) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from bot.cli import main; main()", "demo", "--seconds", str(seconds)]
    environment = {**os.environ, "COLUMNS": "200"} | {"HEARSAY_TOKEN": ""}
    done = subprocess.run(  # noqa: S603 (our own program)
        program, input=stdin, capture_output=True, text=True, timeout=120, cwd=folder, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done


def _pushes(story: str, deal: str) -> list[tuple[str, str]]:
    """What changed and how much stands behind it, for each push about a deal."""
    return re.findall(rf"^  (\S.*?)\s*\n  {re.escape(deal)}\s*\n  (\S.*?)\s*$", story, re.MULTILINE)


def test_huawei_att_becomes_rumored_then_denied_then_confirmed(story: str) -> None:
    """Copies, a "no comment", an analyst and a share story push nothing; three things really change."""
    assert _pushes(story, "Huawei phones on AT&T") == [
        ("RUMORED · in talks", "reported · 1 source"),
        ("RUMORED → DENIED · called off", "reported · 1 source"),
        ("Confirmed: DENIED · called off", "confirmed"),
    ]


def test_huawei_verizon_is_called_off_three_weeks_later(story: str) -> None:
    """Verizon's turn comes by its own report."""
    assert _pushes(story, "Huawei phones on Verizon") == [
        ("RUMORED · in talks", "reported · 1 source"),
        ("RUMORED → DENIED · called off", "reported · 1 source"),
    ]


@pytest.mark.parametrize("deal", ["Xiaomi phones on AT&T", "Xiaomi phones on Verizon"])
def test_xiaomi_stays_rumored(story: str, deal: str) -> None:
    """What happens to Huawei's deals says nothing about Xiaomi's."""
    assert _pushes(story, deal) == [("RUMORED · in talks", "reported · 1 source")]


def test_quote_and_origin_stand_in_the_push(story: str) -> None:
    """The report of the end is quoted, and credited to its first reporter rather than to the outlet that carries it."""
    push = story[story.index("RUMORED → DENIED · called off") :][:600]
    assert "“AT&T walks away from deal to sell Huawei phones" in push
    assert "unnamed sources, first reported by Wall Street Journal" in push


def test_commands_are_answered_while_the_story_plays(tmp_path: Path) -> None:
    """Piped commands are answered by the same handlers as Telegram's, and a number presses the button."""
    output = _demo(tmp_path, stdin="/status huawei-att\n1\n/nonsense\n").stdout
    assert "Huawei phones on AT&T" in output
    assert "(This chat still follows it through a party or everything" in output
    assert "There is no command /nonsense" in output


def test_quit_ends_at_once(tmp_path: Path) -> None:
    """/quit leaves before the story is over."""
    assert "The story is over" not in _demo(tmp_path, stdin="/quit\n").stdout


class TestStoryClock:
    """One clock drives everything."""

    MOMENTS = (
        datetime(2017, 12, 15, tzinfo=UTC),
        datetime(2017, 12, 15, 1, tzinfo=UTC),
        datetime(2018, 1, 8, tzinfo=UTC),
    )

    def test_it_never_goes_back(self) -> None:
        """Story time only grows, from before the first article to after the last."""
        real = [0.0]
        clock = StoryClock(self.MOMENTS, 30, lambda: real[0])
        seen = []
        for tick in range(500):
            real[0] = tick / 10
            seen.append(clock())
        assert seen == sorted(seen)
        assert seen[0] == self.MOMENTS[0] - LINGER
        assert seen[-1] > clock.end

    def test_every_article_gets_the_same_real_time(self) -> None:
        """A pause of three weeks takes no longer than one of an hour."""
        real = [0.0]
        clock = StoryClock(self.MOMENTS, 30, lambda: real[0])
        for number, moment in enumerate(self.MOMENTS, 1):
            real[0] = number * 10.0
            assert abs(clock() - moment) < timedelta(seconds=1)
