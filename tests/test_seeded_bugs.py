"""Bugs that the suite must catch: each is put into a copy of the program, where the tests named beside it must fail.

A test that cannot fail proves nothing; this is where it is shown that they can.
"""

import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tally import Tally

ROOT = Path(__file__).parent.parent
NEEDED = ("alembic", "bot", "examples", "feeds", "matcher", "models", "pyproject.toml", "tests")
"""What a copy needs for its tests to run."""
AT_ONCE = 2
"""Copies that are tested at the same time."""

MATRIX, COURIER, PACING = (f"tests/bot/test_{name}.py" for name in ("error_matrix", "courier", "pacing"))


@dataclass(frozen=True)
class Bug:
    """``old``, which stands in the file exactly once, becomes ``new``; the tests (node ids) must notice."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


BUGS = (
    Bug(
        "a chat that blocked the bot is tried again",
        "bot/fates.py",
        "case Forbidden():\n            return Fate.RETIRED",
        "case Forbidden():\n            return Fate.LATER",
        (f"{MATRIX}::test_a_queue_waits_for_a_chat_that_left[1]",),
    ),
    Bug(
        "a title is not escaped",
        "bot/messages/frame.py",
        "return escape(plain(text, longest), quote=False)",
        "return plain(text, longest)",
        (f"{MATRIX}::test_unreadable_markup_is_sent_as_the_same_words",),
    ),
    Bug(
        "updates are confirmed before they are kept",
        "bot/polling.py",
        "self._offset = await self._kept(updates)",
        'self._offset = max((u["update_id"] + 1 for u in updates), default=None)\n'
        "                await self._kept(updates)",
        ("tests/bot/test_database_file.py::test_a_running_bot_gets_over_a_full_disk",),
    ),
    Bug(
        "the pause of a 429 is ignored",
        "bot/pacing.py",
        "self._paused_until = max(self._paused_until, self._timer.time() + pause.total_seconds())",
        "pass",
        (f"{PACING}::test_a_pause_is_kept",),
    ),
    Bug(
        "a letter is marked before it is sent",
        "bot/courier.py",
        "outcome = await self._attempt_in_turn(parcel)",
        "await self._store(parcel, Sent(1))\n        outcome = await self._attempt_in_turn(parcel)",
        (f"{COURIER}::test_an_undelivered_letter_is_tried_again",),
    ),
    Bug(
        "a letter of unknown fate is sent for ever",
        "bot/courier.py",
        "return row.uncertain >= MOST_UNCERTAIN or tried_long",
        "return tried_long",
        (f"{MATRIX}::test_an_uncertain_letter_is_doubled_once_each",),
    ),
    Bug(
        "a letter of unknown fate is taken for sent",
        "bot/courier.py",
        "            fate = judge(error)\n",
        "            fate = judge(error)\n            if fate is Fate.UNCERTAIN:\n                return Sent(1)\n",
        (f"{COURIER}::test_an_undelivered_letter_is_tried_again",),
    ),
    Bug(
        "the letters of a chat overtake each other",
        "models/outbox.py",
        ".group_by(Letter.subscriber_id)\n    )\n    query",
        ".group_by(Letter.id)\n    )\n    query",
        ("tests/models/test_outbox.py::test_each_chat_gets_its_letters_in_order",),
    ),
    Bug(
        "a proxy's page is taken for Telegram's word",
        "bot/failures.py",
        "return status_of_another(error) is None",
        "return True",
        (f"{MATRIX}::test_every_error_is_classified",),
    ),
    Bug(
        "a group is not followed to its new id",
        "bot/courier.py",
        "await subscribers.migrate(session, chat_id, failed.new_chat_id)",
        "await subscribers.retire(session, chat_id, now)",
        (f"{MATRIX}::test_a_queue_follows_its_group[new-1]",),
    ),
    Bug(
        "letters are posted outside the change's transaction",
        "models/ledger.py",
        "        await outbox.post_change(session, change, deal, moves)\n",
        "        await session.commit()\n        await outbox.post_change(session, change, deal, moves)\n",
        ("tests/models/test_ledger.py::test_a_move_is_rolled_back_as_a_whole",),
    ),
    Bug(
        "an update that comes twice is handled twice",
        "models/inbox.py",
        "insert(IncomingUpdate).on_conflict_do_nothing()",
        'insert(IncomingUpdate).prefix_with("OR REPLACE")',
        (f"{MATRIX}::test_a_question_that_comes_twice_is_answered_once",),
    ),
    Bug(
        "an update that cannot be read stops the queue",
        "bot/inbox.py",
        "except Exception as error:  # whatever PTB stumbles over",
        "except KeyError as error:  # whatever PTB stumbles over",
        ("tests/bot/test_inbox.py::test_a_malformed_update_is_set_aside",),
    ),
    Bug(
        "a group's limit is forgotten",
        "bot/pacing.py",
        "if _is_group(chat):",
        "if not chat:",
        (f"{PACING}::test_a_group_gets_twenty_a_minute",),
    ),
    Bug(
        "a chat's limit is forgotten",
        "bot/pacing.py",
        "[_Window(self._limits.per_second_in_chat, 1.0)]",
        "list[_Window]()",
        (f"{PACING}::test_one_who_asks_too_much_holds_up_nobody", f"{PACING}::test_a_group_gets_twenty_a_minute"),
    ),
    Bug(
        "letters go before answers",
        "bot/pacing.py",
        "return self._urgent, self._patient",
        "return self._patient, self._urgent",
        (f"{MATRIX}::test_an_answer_passes_the_letters_in_line",),
    ),
    Bug(
        "a catch-up forgets a deal",
        "models/outbox.py",
        "about = [Letter.subscriber_id, Change.deal_id, Letter.held]",
        "about = [Letter.subscriber_id, Letter.held]",
        ("tests/models/test_outbox.py::test_a_stale_backlog_becomes_one_letter_per_deal",),
    ),
    Bug(
        "Telegram is not asked before the next letter is risked",
        "bot/courier.py",
        "self._ask_at = self._ask_at or self._clock()",
        "self._ask_at = None",
        (f"{MATRIX}::test_an_outage_is_met_by_one_letter",),
    ),
    Bug(
        "words that Telegram cannot read are not sent plainly",
        "bot/courier.py",
        "if fate is Fate.PLAIN and not plain:",
        "if fate is Fate.PLAIN and plain:",
        (f"{MATRIX}::test_unreadable_markup_is_sent_as_the_same_words",),
    ),
    Bug(
        "a chat that is away is written to",
        "models/outbox.py",
        "            Subscriber.retired_at.is_(None),\n",
        "",
        ("tests/models/test_outbox.py::test_a_retired_chat_waits",),
    ),
    Bug(
        "the message's id is not kept",
        "bot/courier.py",
        "row.sent_at, row.message_id = now, message_id",
        "row.sent_at = now",
        (f"{COURIER}::test_a_sent_letter_keeps_the_message_id",),
    ),
)


def test_every_bug_can_be_put_in() -> None:
    """The words that a bug replaces stand in their file, once; otherwise its entry here must be brought up to date."""
    found = {bug.name: (ROOT / bug.file).read_text(encoding="utf-8").count(bug.old) for bug in BUGS}
    assert found == {bug.name: 1 for bug in BUGS}
    assert len(found) >= 15


@pytest.mark.chaos
def test_every_bug_is_caught(
    tmp_path_factory: pytest.TempPathFactory, dice: random.Random, times: Callable[..., int], tally: Tally
) -> None:
    """The tests that pass in a faithful copy of the program fail in one with a bug. In the gate: one bug of all."""
    folder = tmp_path_factory.mktemp("copies")  # no test's own folder, in which the token must not stand
    bugs = dice.sample(BUGS, k=times(gate=1, chaos=8, full=len(BUGS)))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        faithful = pool.submit(_run, _copy(folder / "faithful"), sorted({test for bug in bugs for test in bug.tests}))
        spoiled = dict(zip(bugs, pool.map(lambda bug: _spoiled(folder, bug), bugs), strict=True))
    passed = faithful.result()
    assert passed.returncode == 0, passed.stdout
    assert [bug.name for bug, run in spoiled.items() if not _failed(run)] == []
    tally.fault("seeded bug", len(bugs))


def _spoiled(folder: Path, bug: Bug) -> "subprocess.CompletedProcess[str]":
    """How the tests of a bug end in a copy that has it."""
    copy = _copy(folder / re.sub(r"\W+", "-", bug.name))
    file = copy / bug.file
    file.write_text(file.read_text(encoding="utf-8").replace(bug.old, bug.new), encoding="utf-8")
    try:
        return _run(copy, ["--maxfail=1", *bug.tests])
    finally:
        shutil.rmtree(copy)


def _copy(folder: Path) -> Path:
    """The program and its tests. Waiting in vain is what a bug leads to, so a copy is less patient."""
    for name in NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy2(source, folder / name)
    stand_in = folder / "tests/standin/telegram.py"
    text, count = re.subn(r"^PATIENCE = \S+$", "PATIENCE = 5.0", stand_in.read_text(encoding="utf-8"), flags=re.M)
    assert count == 1
    stand_in.write_text(text, encoding="utf-8")
    return folder


def _run(copy: Path, arguments: Iterable[str]) -> "subprocess.CompletedProcess[str]":
    """Pytest in a copy, whose packages come before those of the checkout, as the working folder does with ``-m``."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603


def _failed(run: "subprocess.CompletedProcess[str]") -> bool:
    """Whether a test itself failed: not its collection, nor what is prepared for it."""
    return run.returncode == 1 and re.search(r"^FAILED ", run.stdout, re.MULTILINE) is not None
