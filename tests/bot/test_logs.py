"""What is logged, and that the token never is."""

import logging
import os
import subprocess
import sys
from urllib.parse import quote

import pytest

from bot.logs import _Line

TOKEN = "123456789:AAsecret-half_of-a-token-0123456789"  # noqa: S105 (made up)
HALF = TOKEN.partition(":")[2]

PRELUDE = f"""
import asyncio, gc, logging, threading, warnings
from bot import logs
logs.configure("DEBUG", [{TOKEN!r}])
address = "https://telegram.example/bot{TOKEN}/getMe"

class Broken:
    def __del__(self):
        raise OSError(address)

def crash():
    raise OSError(address)

async def crash_in_a_task():
    asyncio.create_task(asyncio.sleep(0, crash)).add_done_callback(lambda task: task.result()())
    await asyncio.sleep(0.01)
"""


def a_line(message: str, *arguments: object, secrets: tuple[str, ...] = (TOKEN,), **fields: object) -> str:
    record = logging.LogRecord("test", logging.INFO, __file__, 1, message, arguments, None)
    vars(record).update(fields)
    return _Line(secrets).format(record)


def test_an_event_is_one_line() -> None:
    """The fields follow the event, as Python writes them."""
    assert a_line("letter %s not sent", 7, reason="no answer", tries=2).endswith(
        " INFO letter 7 not sent reason='no answer' tries=2"
    )


@pytest.mark.parametrize(
    "spelling",
    [
        TOKEN,
        HALF,
        quote(TOKEN),
        quote(TOKEN).lower(),
        quote(HALF),
        "".join(f"%{byte:02x}" for byte in TOKEN.encode()),
    ],
)
def test_the_token_is_masked_in_every_spelling(spelling: str) -> None:
    """Whole or its secret half, plain or percent-encoded: in the event, its arguments and its fields."""
    line = a_line(f"asks /bot{spelling}/getMe", url=f"/bot{spelling}/", secrets=(TOKEN,))
    assert line.endswith(" INFO asks /bot[token]/getMe url='/bot[token]/'")
    assert a_line("asks %s", spelling).endswith(" INFO asks [token]")


@pytest.mark.parametrize(("token", "line"), [("no-colon", "a [token] 1: b"), ("1:", "a no-colon [token] b"), ("", "")])
def test_what_is_no_token_is_masked_as_it_stands(token: str, line: str) -> None:
    """A setting that is no token may still be a secret; an empty one masks nothing."""
    assert a_line("a no-colon 1: b", secrets=(token,)).endswith(line or "a no-colon 1: b")


def test_tracebacks_are_masked() -> None:
    """Also what an error says of its cause, and what it notes."""
    error = RuntimeError(quote(TOKEN))
    error.__cause__ = OSError(TOKEN)
    error.add_note(HALF)
    record = logging.LogRecord("test", logging.ERROR, __file__, 1, "failed", (), (RuntimeError, error, None))
    shown = _Line([TOKEN]).format(record)
    assert shown.count("[token]") == 3
    assert HALF not in shown


@pytest.mark.parametrize(
    ("end", "code", "event"),
    [
        ("crash()", 1, "CRITICAL stopped by an error; please report it"),
        ("asyncio.run(crash_in_a_task())", 0, "ERROR Exception in callback"),
        ("threading.Thread(target=crash).start()", 0, "CRITICAL a thread broke off; please report it"),
        ("Broken(); gc.collect()", 0, "ERROR an object could not be cleared away"),
        ("warnings.warn(address, stacklevel=1)", 0, "WARNING "),
        ('logging.getLogger("telegram").debug("asks", exc_info=OSError(address))', 0, "DEBUG asks"),
    ],
)
def test_what_nobody_caught_is_logged_and_masked(end: str, code: int, event: str) -> None:
    """A crash, a broken thread, a warning …: what Python would print itself goes through the log."""
    done = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", PRELUDE + end], env={**os.environ, "PYTHONWARNINGS": "always"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert event in done.stderr
    assert "/bot[token]/getMe" in done.stderr
    assert HALF not in done.stdout + done.stderr
