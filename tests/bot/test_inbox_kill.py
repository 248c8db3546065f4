"""kill -9 while updates come in: each is handled, and in effect once, in the order of its chat."""

import asyncio
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from builders import a_deal, track
from mortal import Mortal
from sqlalchemy import select
from standin.telegram import Telegram
from tally import Tally

from models import owner
from models import subscription as subscriptions
from models.database import Database
from models.inbox import IncomingUpdate
from models.subscriber import Subscriber

CHATS, WITNESS, CLAIMANT = range(1, 25), 100, 101
DEALS = ("alpha-beta", "gamma-delta", "epsilon-zeta", "eta-theta")
EVERYTHING = "everything"
QUESTION = re.compile(r"question\d+x")
MALFORMED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("message", {"message_id": "no number", "chat": 7}),
    ("message", {"message_id": 1, "date": 10**20, "chat": {"id": 7, "type": "private"}}),
    ("message", {}),
    ("callback_query", {"id": "1", "chat_instance": "1", "from": "nobody"}),
    ("my_chat_member", {"chat": {"id": 7, "type": "private"}, "date": "yesterday"}),
)


@dataclass
class Chat:
    """What a chat has when each of its updates was handled once."""

    known: bool = False
    retired: bool = False
    follows: set[str] = field(default_factory=set)


class Users:
    """They write, press, leave and come back by the dice; ``expected`` is what comes of it."""

    def __init__(self, telegram: Telegram, dice: random.Random, deals: dict[str, int]) -> None:
        self.expected = defaultdict[int, Chat](Chat)
        self.asked: list[str] = []
        self._telegram = telegram
        self._dice = dice
        self._deals = deals

    async def act(self) -> None:
        """One of them does something."""
        number = self._dice.choice(CHATS)
        chat, deal = self.expected[number], self._dice.choice(DEALS)
        deeds = (self._subscribe, self._unsubscribe, self._press, self._leave, self._come_back, self._ask)
        deed = self._dice.choices(deeds, weights=(4, 3, 4, 1, 1, 4))[0]
        await deed(number, chat, deal)

    async def _subscribe(self, number: int, chat: Chat, deal: str) -> None:
        what = self._dice.choice((deal, deal, EVERYTHING))
        chat.known, chat.retired = True, False
        chat.follows.add(what)
        await self._telegram.user_sends(number, f"/subscribe {what}")

    async def _unsubscribe(self, number: int, chat: Chat, deal: str) -> None:
        what = self._dice.choice((deal, deal, EVERYTHING))
        chat.retired = False
        chat.follows -= chat.follows if what == EVERYTHING else {deal}
        await self._telegram.user_sends(number, f"/unsubscribe {what}")

    async def _press(self, number: int, chat: Chat, deal: str) -> None:
        button = self._dice.choice(("follow", "unfollow"))
        chat.retired = False
        if button == "follow":
            chat.known = True
        chat.follows = chat.follows | {deal} if button == "follow" else chat.follows - {deal}
        await self._telegram.update(
            "callback_query",
            {
                "id": "7",
                "from": {"id": number, "is_bot": False, "first_name": "A"},
                "chat_instance": "1",
                "message": {"message_id": 1, "date": 0, "chat": {"id": number, "type": "private"}},
                "data": f"{button}:{self._deals[deal]}",
            },
        )

    async def _leave(self, number: int, chat: Chat, _: str) -> None:
        chat.retired = chat.known
        await self._telegram.block(number)
        self._telegram.accept(number)  # what it asked before is still to be answered

    async def _come_back(self, number: int, chat: Chat, _: str) -> None:
        chat.retired = False
        await self._telegram.unblock(number)

    async def _ask(self, number: int, chat: Chat, _: str) -> None:
        chat.retired = False
        self.asked.append(f"question{len(self.asked)}x")
        await self._telegram.user_sends(number, f"/status {self.asked[-1]}")


async def chats_in(database: Database) -> dict[int, Chat]:
    """What the database says of each chat that it knows."""
    chats = {}
    async with database.read() as session:
        for row in (await session.scalars(select(Subscriber))).all():
            followed = await subscriptions.followed(session, row.chat_id)
            slugs = {subscription.deal.slug if subscription.deal else EVERYTHING for subscription in followed}
            chats[row.chat_id] = Chat(known=True, retired=row.retired_at is not None, follows=slugs)
    return chats


async def kept(database: Database) -> list[int]:
    """The ids of the updates that the bot has."""
    async with database.read() as session:
        return list(await session.scalars(select(IncomingUpdate.update_id).order_by(IncomingUpdate.update_id)))


async def unhandled(database: Database) -> list[str]:
    """The texts of the updates that are kept and not marked as handled."""
    async with database.read() as session:
        rows = await session.scalars(select(IncomingUpdate.payload).where(IncomingUpdate.handled_at.is_(None)))
        return [str(payload.get("message", {}).get("text")) for payload in rows]


async def set_aside(database: Database) -> list[IncomingUpdate]:
    async with database.read() as session:
        return list(await session.scalars(select(IncomingUpdate).where(IncomingUpdate.error.is_not(None))))


class Answers:
    """How often each question was answered, and how often a kill may have come between an answer and its mark."""

    def __init__(self, telegram: Telegram) -> None:
        self.in_hand = Counter[str]()
        self._telegram = telegram
        self._before = Counter[str]()

    def given(self) -> Counter[str]:
        texts = (message.text for chat in CHATS for message in self._telegram.messages(chat))
        return Counter(match[0] for text in texts if (match := QUESTION.search(text)))

    async def note_death(self, database: Database) -> None:
        """The connections are cut at once: nothing of the dead bot arrives any more."""
        async with self._telegram.down():
            left = {match[0] for text in await unhandled(database) if (match := QUESTION.search(text))}
        now = self.given()
        self.in_hand.update(question for question in left if now[question] > self._before[question])
        self._before = now


@pytest.mark.chaos
async def test_no_update_is_lost_by_kill_9(
    database: Database, dice: random.Random, times: Callable[..., int], tally: Tally
) -> None:
    """Killed again and again, the bot handles every update, and each once in effect, whatever else goes wrong."""
    kills, deeds, malformed = times(gate=5, chaos=100), 20, times(gate=5, chaos=20)
    async with database.write() as session:
        deals = {slug: (await track(session, a_deal(slug))).id for slug in DEALS}
        code = await owner.offer_code(session)
    async with Telegram(limits=None) as telegram, Mortal.over(database, telegram) as bot:
        users, answers = Users(telegram, dice, deals), Answers(telegram)
        for kill in range(kills):
            if kill == kills // 3:
                await telegram.user_sends(CLAIMANT, f"/claim {code}")
            if kill == kills // 2:
                telegram.restart_ids(1_000)
            for _ in range(deeds):
                await users.act()
            if kill < malformed:
                await telegram.update(*MALFORMED[kill % len(MALFORMED)])
            old = await kept(database)
            again = dice.sample(old, min(3, len(old)))
            telegram.redeliver(*again)
            tally.fault("update delivered again", len(again))
            async with bot.life():
                if dice.random() < 0.5:
                    await is_answered(telegram)
                await has_done(telegram, dice.randrange(4 * deeds))
                await asyncio.sleep(dice.uniform(0, 0.01))
            await answers.note_death(database)
        async with bot.life():
            await is_answered(telegram)
            await telegram.until_confirmed()
            await until_handled(database)

    known = {number: chat for number, chat in users.expected.items() if chat.known}
    assert await chats_in(database) == known | {CLAIMANT: Chat(known=True)}
    async with database.read() as session:
        assert await owner.owner_id(session) == CLAIMANT
    given, asked = answers.given(), Counter(users.asked)
    assert set(given) == set(asked)
    assert given - asked <= answers.in_hand
    errors = await set_aside(database)
    assert len(errors) == malformed
    assert all(row.payload for row in errors)
    tally.fault("kill -9", kills)
    tally.fault("update malformed", malformed)
    tally.fault("update ids restarted")
    tally.prove(
        "updates",
        f"0 of {kills * deeds:,} lost, 0 handled twice in effect; "
        f"{(given - asked).total()} of {len(asked):,} questions answered twice",
    )


async def is_answered(telegram: Telegram) -> None:
    """A fresh question: the bot still takes updates in."""
    before = len(telegram.messages(WITNESS))
    await telegram.user_sends(WITNESS, "/help")
    await telegram.sent(WITNESS, before + 1)


async def has_done(telegram: Telegram, calls: int) -> None:
    """Wait until the bot has made so many requests, or has polled twice: then there is hardly more to do."""
    polls, done = len(telegram.calls("getUpdates")) + 2, len(telegram.transcript) + calls
    await telegram.until(lambda: len(telegram.transcript) >= done or len(telegram.calls("getUpdates")) >= polls)


async def until_handled(database: Database) -> None:
    """Wait, as long as there are fewer and fewer left."""
    while left := len(await unhandled(database)):
        async with asyncio.timeout(20):
            while len(await unhandled(database)) >= left:  # noqa: ASYNC110 (another process works)
                await asyncio.sleep(0.1)
