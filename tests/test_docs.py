"""The documents say what the program does."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bot.messages import help as messages
from bot.messages.standing import STAGE_WORDS
from models.watchlist import read_watchlist

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FILES = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")


def _shell_lines() -> list[str]:
    return [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


@pytest.mark.parametrize("command", messages.COMMANDS)
def test_every_command_stands_in_help_and_readme(command: str) -> None:
    """A command of the bot is in /help and in the README's table."""
    assert f"/{command} " in messages.help_().text
    assert f"| `/{command}" in README


def test_the_readme_names_no_command_that_does_not_exist() -> None:
    """Every `/command` of the README is one of the bot's (or BotFather's, or the terminal's)."""
    named = set(re.findall(r"`/(\w+)", README))
    assert named <= {*messages.COMMANDS, "newbot", "quit", "setinline"}


def test_the_readme_session_runs_as_printed(tmp_path: Path) -> None:
    """The command-line examples work one after the other, in the printed order, on a new database."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for line in _shell_lines():
        program, *arguments = shlex.split(line)
        if program == ".venv/bin/hearsay" and arguments != ["demo"]:
            done = subprocess.run(  # noqa: S603 (our own program)
                [sys.executable, "-c", "from bot.cli import main; main()", *arguments],
                cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            assert done.returncode == 0, (line, done.stderr)


def test_every_make_target_of_the_readme_exists() -> None:
    """`make something` is never a dead end."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make (\w+)", " ".join(_shell_lines()))) | {"install", "bench"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_watchlist_example_is_valid() -> None:
    """The documented watchlist can be imported as printed."""
    (example,) = re.findall(r"```toml\n(.*?)```", FILES, re.DOTALL)
    assert [entry.deal.slug for entry in read_watchlist(example)] == ["huawei-att"]


def test_the_documents_name_every_stage() -> None:
    """The table of stages is complete."""
    for stage in STAGE_WORDS:
        assert f"`{stage}`" in FILES
