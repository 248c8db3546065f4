"""What Hearsay promises, and which test shows it: the source of the table in ``docs/guarantees.md``.

The last column, the measured figure, stands in the page alone: ``make chaos`` writes it there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class Tier(IntEnum):
    """Where a bound is shown in full. The lower tiers run the same test with a smaller count."""

    GATE = 0
    CHAOS = 1
    FULL = 2

    def __str__(self) -> str:
        return ("gate", "chaos", "chaos-full")[self]


@dataclass(frozen=True)
class Guarantee:
    """One row. The test is a node id; it measures the figure and hands it to ``tally.prove(key, figure)``."""

    key: str
    what: str
    bound: str
    test: str
    tier: Tier


GUARANTEES = (
    Guarantee(
        "outbox",
        "A change of a deal and its messages are written in one step.",
        "kill -9 at any moment: 0 changes without their messages, 0 messages without their change",
        "tests/bot/test_kill.py::test_no_change_without_its_letters",
        Tier.CHAOS,
    ),
    Guarantee(
        "letters",
        "What waits to be sent is sent.",
        "200 × kill -9 over 5,000 messages: 0 lost, at most one extra copy of each message in flight",
        "tests/bot/test_kill.py::test_nothing_is_lost_by_kill_9",
        Tier.FULL,
    ),
    Guarantee(
        "uncertain",
        "A lost answer doubles few messages.",
        "at most one extra copy for each answer that got lost",
        "tests/bot/test_error_matrix.py::test_an_uncertain_letter_is_doubled_once_each",
        Tier.GATE,
    ),
    Guarantee(
        "errors",
        "Every error is read right: tried again, held back, or given up and shown.",
        "24 kinds × 20: all right, none tried for ever, nothing given up unseen",
        "tests/bot/test_error_matrix.py::test_every_error_is_classified",
        Tier.CHAOS,
    ),
    Guarantee(
        "limits",
        "A broadcast keeps Telegram's limits, and answers go first.",
        "1,000 private and 50 group chats: 0 × 429, at most 30 in any second, at most 115 % of the shortest possible "
        "time, 99 % of the answers within 2 s",
        "tests/bot/test_pacing.py::test_a_broadcast_keeps_the_limits",
        Tier.CHAOS,
    ),
    Guarantee(
        "pauses",
        "A pause that Telegram asks for is kept.",
        "100 × 429: 0 messages inside the pause, no rush after it",
        "tests/bot/test_pacing.py::test_a_pause_is_kept",
        Tier.CHAOS,
    ),
    Guarantee(
        "updates",
        "What people write to the bot is handled, and in effect once.",
        "100 × kill -9, 2,000 updates, 20 malformed, 200 delivered again: 0 lost, 0 handled twice",
        "tests/bot/test_inbox_kill.py::test_no_update_is_lost_by_kill_9",
        Tier.CHAOS,
    ),
    Guarantee(
        "outage",
        "The bot outlives an outage of Telegram.",
        "two hours, at the start or later: back within a minute",
        "tests/bot/test_outage.py::test_two_hours_without_telegram",
        Tier.GATE,
    ),
    Guarantee(
        "alone",
        "A second bot on the same token or database refuses to run.",
        "within 5 s, with a plain message",
        "tests/bot/test_alone.py::test_a_second_instance_refuses",
        Tier.GATE,
    ),
    Guarantee(
        "database",
        "What was saved stays saved.",
        "300 × kill -9 while writing: file whole, 0 saved rows lost, ready again within 5 s",
        "tests/models/test_database.py::test_kill_9_loses_nothing_that_was_acknowledged",
        Tier.CHAOS,
    ),
    Guarantee(
        "backup",
        "A backup that was taken while the bot runs can be restored.",
        "100 of 100",
        "tests/models/test_backup.py::test_a_backup_under_load_restores",
        Tier.CHAOS,
    ),
    Guarantee(
        "end-to-end",
        "Everybody gets what they should, once.",
        "20,000 articles × 200 deals × 1,000 subscribers, with faults: 0 missing, 0 unexpected, every double explained",
        "tests/bot/test_end_to_end.py::test_everybody_gets_what_they_should",
        Tier.FULL,
    ),
)
KEYS = frozenset(guarantee.key for guarantee in GUARANTEES)

UNMEASURED = "not measured yet"
HEAD = "| what | bound | test | shown in full by | last measured |\n|---|---|---|---|---|\n"
_TABLE = re.compile(re.escape(HEAD) + r"(?:\|.*\|\n)*")
_ROW = re.compile(r"^\|.*\| `(?P<test>[^`]+)` \|[^|]*\| (?P<figure>[^|]*) \|$", re.MULTILINE)


def table(figures: Mapping[str, str]) -> str:
    """The table, with the figures of each test."""
    rows = (
        f"| {row.what} | {row.bound} | `{row.test}` | `{_command(row.tier)}` | {figures.get(row.test, UNMEASURED)} |\n"
        for row in GUARANTEES
    )
    return HEAD + "".join(rows)


def _command(tier: Tier) -> str:
    return "make test" if tier is Tier.GATE else f"make {tier}"


def figures_in(page: str) -> dict[str, str]:
    """The figure of each test that stands in the page."""
    return {row["test"]: row["figure"] for row in _ROW.finditer(page)}


def with_figures(page: str, figures: Mapping[str, str]) -> str:
    """The page with its table made anew: these figures, and for the other tests those it had."""
    made = table(figures_in(page) | dict(figures))
    return _TABLE.sub(lambda _: made, page)


def write_figures(path: Path, figures: Mapping[str, str]) -> None:
    """Bring the page up to date."""
    page = path.read_text(encoding="utf-8")
    path.write_text(with_figures(page, figures), encoding="utf-8")
