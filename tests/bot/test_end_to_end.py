"""The whole program over weeks of invented news: who should have been told what, reckoned a second time."""

import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import pytest
from end_to_end.checking import Findings, compare, headlines_behind, lost_answers
from end_to_end.headlines import CREDITS, NOTHING_SAID, SUMMARY, Headline, headlines
from end_to_end.press import Press, Size
from end_to_end.reckoning import Reckoning
from end_to_end.world import MIGRATED, MIGRATING, OWNER, World
from rapidfuzz import fuzz
from running_bot import Clock
from standin.chats import BotMessage
from standin.telegram import Telegram
from tally import Tally

from matcher.matcher import Matcher
from matcher.vocabulary import Article, Claim, Deal, Kind, Party, Speaker
from models import outbox
from models.database import Database

PARTIES = {"a": "Velmoria", "b": "Tarquinet"}
OUTLET = "Gazette 1"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SURE = 0.9
"""What is read with so much certainty moves a deal out of any status."""
TRACED = 100
"""Messages that are traced one by one, as the owner would."""


# The headlines mean what they are meant to ---------------------------------------------------------------------------


PATTERNS = [(kind, pattern) for kind, stages in headlines().items() for found in stages.values() for pattern in found]


@pytest.mark.parametrize(("kind", "headline"), PATTERNS, ids=lambda value: getattr(value, "pattern", value))
def test_a_headline_is_read_as_it_is_meant(kind: Kind, headline: Headline) -> None:
    """One claim, surely: the stage, whether a party or an authority says so, and who had it first."""
    for agency in ("", *CREDITS) if headline.can_credit else ("",):
        (claim,) = _read(kind, headline.pattern.format(**PARTIES) + (f", {agency} reports" if agency else ""))
        assert claim.stage is headline.stage
        assert (claim.speaker in (Speaker.PARTY, Speaker.AUTHORITY)) is headline.confirms
        assert claim.origin == (agency or OUTLET)
        assert claim.certainty >= SURE


@pytest.mark.parametrize("kind", Kind)
def test_other_headlines_claim_nothing(kind: Kind) -> None:
    """Mentions and analysts move no deal."""
    claims = [claim for pattern in NOTHING_SAID for claim in _read(kind, pattern.format(**PARTIES))]
    assert {claim.speaker for claim in claims} <= {Speaker.ANALYST}


def test_two_reports_are_never_taken_for_copies() -> None:
    """Headlines for one stage differ by more than the copies of one headline do."""
    for stages in headlines().values():
        for patterns in stages.values():
            for one, other in combinations(patterns, 2):
                assert fuzz.ratio(one.pattern.format(**PARTIES), other.pattern.format(**PARTIES)) < 90


def _read(kind: Kind, title: str) -> Sequence[Claim]:
    deal = Deal("a-b", "A and B", kind, tuple(map(Party, PARTIES.values())))
    return Matcher([deal]).read(Article("1", title, NOON, outlet=OUTLET, summary=SUMMARY)).claims


# The run -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """What a run left behind."""

    world: World
    reckoning: Reckoning
    chats: Mapping[int, Sequence[BotMessage]]
    lost: Counter[tuple[int, str]]
    path: Path

    def check(self) -> Findings:
        """Hold what was told against what had to be."""
        return compare(self.reckoning.expected, self.chats, self.lost)


@pytest.mark.chaos
async def test_everybody_gets_what_they_should(
    migrated: Path,
    tmp_path: Path,
    times: Callable[..., int],
    dice: random.Random,
    tally: Tally,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """0 messages missing, 0 unexpected, copies only where an answer of Telegram got lost, and all can be traced."""
    monkeypatch.setattr("bot.app.RETRY_SECONDS", 0.1)  # real ones: a start in the middle of faults may need several
    size = Size(
        articles=times(gate=120, chaos=800, full=20_000),
        deals=times(gate=8, chaos=30, full=200),
        outlets=times(gate=5, chaos=10, full=30),
        days=times(gate=10, chaos=24, full=40),
    )
    readers, restarts = times(gate=15, chaos=100, full=1_000), times(gate=1, chaos=3, full=12)
    path = Path(shutil.copy(migrated, tmp_path / "hearsay.db"))
    run = await _live(Press(dice, size), dice, path, readers, restarts)
    found = run.check()
    assert not found.wrong, "\n".join([f"{len(found.wrong)} faults, of them:", *found.wrong[:10]])
    assert not found.doubled - run.lost
    await _check_trails(run, found, dice)
    for kind, count in (run.world.web.faults + run.world.mishaps.faults).items():
        tally.fault(kind, count)
    tally.prove(
        "end-to-end",
        f"0 of {len(found.meant) + found.folded:,} missing, 0 unexpected, {sum(found.doubled.values())} doubled after "
        f"{sum(run.lost.values())} lost answers, {found.folded} folded into later ones",
    )


async def _live(press: Press, dice: random.Random, path: Path, readers: int, restarts: int) -> Run:
    clock = Clock()
    async with Telegram(clock, limits=None) as telegram:
        world = World(press, dice, telegram, path, clock, readers=readers, restarts=restarts)
        await world.live()
        chats = {chat: telegram.messages(chat) for chat in (*world.chats, OWNER)}
        chats[MIGRATING] += telegram.messages(MIGRATED)
        lost = lost_answers(telegram.calls("sendMessage"))
    for (chat, text), count in list(lost.items()):
        if chat == MIGRATED:
            lost[MIGRATING, text] += count
    return Run(world, Reckoning(press.deals, OWNER).go_through(world.journal), chats, lost, path)


async def _check_trails(run: Run, found: Findings, dice: random.Random) -> None:
    """Each message, or a copy of it, leads back to the very headline that moved the deal.

    Only where the answer to every copy got lost does the program not know the message's id.
    """
    copies: dict[tuple[int, str], list[BotMessage]] = defaultdict(list)
    for chat, messages in run.chats.items():
        for message in messages:
            copies[chat, message.source].append(message)
    async with Database(run.path) as database:
        behind = await headlines_behind(database)
        for chat, text, meant in found.meant:
            now = MIGRATED if chat == MIGRATING else chat
            same = copies[chat, text]
            traced = any(meant.because in behind.get((now, message.message_id), ()) for message in same)
            assert traced or len(same) <= run.lost[chat, text], meant
        async with database.read() as session:
            for chat, message in dice.sample(sorted(behind), min(TRACED, len(behind))):
                (letter,) = await outbox.trail_of_message(session, chat, message)
                claims = letter.change.claims if letter.change else [letter.claim] if letter.claim else []
                assert {claim.article.title for claim in claims} == behind[chat, message]
