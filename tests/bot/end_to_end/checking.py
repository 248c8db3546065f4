"""What the chats hold, beside what they should."""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from standin.chats import BotMessage
from standin.telegram import Call

from end_to_end.reckoning import Expected
from models.article import Article, Claim
from models.change import change_claim
from models.database import Database
from models.feed import Feed
from models.outbox import Letter
from models.subscriber import Subscriber

LATE = timedelta(days=1)
"""What could not be told for longer is told in one message per deal."""


@dataclass
class Findings:
    """Everything that is not as it should be, and what is well but not once."""

    wrong: list[str] = field(default_factory=list)
    folded: int = 0
    doubled: Counter[tuple[int, str]] = field(default_factory=Counter)
    """Messages that came once more, by chat and text."""
    meant: list[tuple[int, str, Expected]] = field(default_factory=list)
    """What each message, by chat and text, was expected for."""


def compare(
    expected: Mapping[int, Sequence[Expected]],
    chats: Mapping[int, Sequence[BotMessage]],
    lost: Mapping[tuple[int, str], int],
) -> Findings:
    """Hold the messages of every chat against what it should have got; ``lost`` is what :func:`lost_answers` says."""
    found = Findings()
    for chat in expected.keys() | chats.keys():
        _Chat(chat, expected.get(chat, ()), lost, found).check([m for m in chats.get(chat, ()) if _is_news(m)])
    return found


def lost_answers(calls: Sequence[Call]) -> Counter[tuple[int, str]]:
    """The messages that Telegram took without the program being told so, by chat and text: what may come once more."""
    lost = (call for call in calls if call.fault and call.fault.applies)
    return Counter((call.parameters["chat_id"], call.parameters["text"]) for call in lost)


async def headlines_behind(database: Database) -> dict[tuple[int, int], set[str]]:
    """Message → outbox row → change → claims → article → feed: the headlines behind each message, by chat and id."""
    query = (
        select(Subscriber.chat_id, Letter.message_id, Article.title)
        .select_from(Letter)
        .join(Subscriber, Subscriber.id == Letter.subscriber_id)
        .outerjoin(change_claim, change_claim.c.change_id == Letter.change_id)
        .join(Claim, Claim.id == func.coalesce(Letter.claim_id, change_claim.c.claim_id))
        .join(Article, Article.id == Claim.article_id)
        .join(Feed, Feed.id == Article.feed_id)
        .where(Letter.message_id.is_not(None))
    )
    behind: dict[tuple[int, int], set[str]] = defaultdict(set)
    async with database.read() as session:
        for chat, message, title in await session.execute(query):
            behind[chat, message].add(title)
    return dict(behind)


def _is_news(message: BotMessage) -> bool:
    """Whether it is no answer to a command."""
    buttons = [button.text for button in message.buttons]
    return buttons[:3] == ["Status", "History", "Mute"] or buttons == ["Let it through"]


class _Chat:
    """One chat, message by message: each must stand for the next change of its deal, and for those folded into it."""

    def __init__(
        self, chat: int, expected: Sequence[Expected], lost: Mapping[tuple[int, str], int], found: Findings
    ) -> None:
        self._chat = chat
        self._lost = lost
        self._found = found
        self._unsure = Counter[str]()
        self._waiting: dict[str, deque[tuple[int, Expected]]] = defaultdict(deque)
        for place, message in enumerate(expected):
            self._waiting[message.lines[1]].append((place, message))
        self._last = -1
        self._texts = set[str]()

    def check(self, messages: Sequence[BotMessage]) -> None:
        for message in messages:
            self._take(message)
        for waiting in self._waiting.values():
            for _, missing in waiting:
                self._complain(f"missing {missing.lines} of {missing.at}: {missing.because}")

    def _take(self, message: BotMessage) -> None:
        lines = message.text.split("\n")
        due = self._waiting[lines[1]]
        folded = self._folded(message, due)
        if folded is None:
            self._note_copy(message, due[0][1] if due else None)
            return
        skipped = [due.popleft()[1] for _ in range(folded)]
        place, meant = due.popleft()
        self._check_folding(message, skipped, meant, due)
        if place < self._last:
            self._complain(f"out of order: {lines[:3]}")
        self._last = place
        self._unsure[lines[1]] = self._unsure[lines[1]] + 1 if (self._chat, message.source) in self._lost else 0
        self._texts.add(message.source)
        self._found.folded += folded
        self._found.meant.append((self._chat, message.source, meant))

    def _folded(self, message: BotMessage, due: Sequence[tuple[int, Expected]]) -> int | None:
        """How many changes that were not told a message stands for, beside its own; None if it was not due.

        Among those that it says it stands for may be some that did arrive, as far as their answers got lost. A copy
        may begin like a message that is due only days later.
        """
        lines, sent_by = message.text.split("\n"), datetime.fromtimestamp(message.date + 1, UTC)
        said = _said_to_be_folded(lines)
        possible = range(said, max(said - self._unsure[lines[1]], 0) - 1, -1)
        begun = [expected for _, expected in due if expected.at < sent_by]
        return next((n for n in possible if n < len(begun) and _begins(lines, begun[n])), None)

    def _note_copy(self, message: BotMessage, due: Expected | None) -> None:
        if message.source in self._texts:
            self._found.doubled[self._chat, message.source] += 1
        else:
            self._complain(f"unexpected {message.text!r}; due was {due}")

    def _check_folding(
        self,
        message: BotMessage,
        skipped: Sequence[Expected],
        meant: Expected,
        rest: Sequence[tuple[int, Expected]],
    ) -> None:
        """Folded is what waited for more than a day, with all that came after; and only that."""
        sent = datetime.fromtimestamp(message.date, UTC)
        if skipped and sent - skipped[0].at <= LATE:
            self._complain(f"folded too early: {skipped[0]}")
        if (
            sent - meant.at > LATE + timedelta(seconds=1)
            and rest
            and rest[0][1].at < sent
            and meant.lines[0][:5] != "Held:"
        ):
            self._complain(f"a burst: {meant.lines} was {sent - meant.at} late, and not folded into {rest[0][1].lines}")

    def _complain(self, what: str) -> None:
        self._found.wrong.append(f"chat {self._chat}: {what}")


def _begins(lines: Sequence[str], expected: Expected) -> bool:
    contested = [line for line in lines[3:] if line.startswith("Contested:")]
    return (*lines[:2],) == expected.lines[:2] and [*lines[2:3], *contested][: len(expected.lines) - 2] == [
        *expected.lines[2:]
    ]


def _said_to_be_folded(lines: Sequence[str]) -> int:
    said = next((line for line in lines if line.startswith("To catch up: ")), "To catch up: 0")
    return int(said.removeprefix("To catch up: ").split()[0])
