"""The running program as a test sees it: a clock that stands, users who type and press, and news that appears."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from standin.telegram import BotMessage, Telegram

from bot.app import Program
from feeds.intake import Batch, take
from matcher.vocabulary import Article, Trust
from models import owner
from models.database import Database
from models.deal import Deal
from models.feed import Feed

WATCHLIST = """
[[deal]]
slug = "huawei-att"
title = "Huawei phones on AT&T"
kind = "partnership"
party = [{ name = "Huawei" }, { name = "AT&T", aliases = ["AT and T"] }]

[[deal]]
slug = "huawei-verizon"
title = "Huawei phones on Verizon"
kind = "partnership"
party = [{ name = "Huawei" }, { name = "Verizon" }]

[[deal]]
slug = "alpha-beta"
title = "Alpha <Holdings> & Beta"
kind = "acquisition"
party = [{ name = "Alpha" }, { name = "Beta" }]
"""
ANNA, BORIS, OWNER, GROUP = 1001, 1002, 1009, -2001


@dataclass
class Clock:
    """A clock that stands until a test moves it."""

    now: datetime = datetime(2018, 1, 8, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class Bot:
    """The running program, as a test sees it."""

    program: Program
    database: Database
    telegram: Telegram
    clock: Clock
    _articles: int = field(default=0)

    async def ask(self, text: str, chat: int = ANNA, user: int | None = None) -> BotMessage:
        """Send a text as a user and wait for the answer."""
        before = len(self.telegram.messages(chat))
        await self.telegram.user_sends(chat, text, user)
        return (await self.telegram.sent(chat, before + 1))[-1]

    async def press(self, message: BotMessage, label: str, user: int | None = None) -> BotMessage:
        """Press a button and wait until the press is answered; the message as it stands then."""
        data = next(b.callback_data for b in message.buttons if b.text == label)
        assert data is not None
        answered = len(self.telegram.calls("answerCallbackQuery"))
        await self.telegram.user_presses(message.chat_id, message.message_id, data, user)
        await self.telegram.called("answerCallbackQuery", answered + 1)
        await self.settled()
        return next(m for m in self.telegram.messages(message.chat_id) if m.message_id == message.message_id)

    async def own(self) -> None:
        """Make OWNER the owner."""
        async with self.database.write() as session:
            await owner.appoint(session, OWNER)

    async def look_up(self, text: str) -> BotMessage:
        """Send a command that asks other servers, as the owner, and wait for what comes of it."""
        return await self.looked_up(await self.ask(text, chat=OWNER))

    async def looked_up(self, message: BotMessage) -> BotMessage:
        """A message that says "Looking at …", once it says what was found."""
        shown = self.telegram.messages

        def now() -> BotMessage:
            return next(m for m in shown(message.chat_id) if m.message_id == message.message_id)

        await self.telegram.until(lambda: not now().text.startswith("Looking"))
        return now()

    async def send_file(self, name: str, content: bytes, *, chat: int = OWNER, told_size: int | None = None) -> str:
        """Send a file as a user and wait for the answer's text."""
        before = len(self.telegram.messages(chat))
        await self.telegram.user_sends_file(chat, name, content, told_size=told_size)
        return (await self.telegram.sent(chat, before + 1))[-1].text

    async def forge(self, message: BotMessage, data: str, user: int) -> str:
        """Press a button that is not there, as a tampered client could; the toast that answers."""
        answered = len(self.telegram.calls("answerCallbackQuery"))
        sender = {"id": user, "is_bot": False, "first_name": "A"}
        query = {"id": "7", "from": sender, "chat_instance": "1", "data": data, "message": message.as_json()}
        await self.telegram.update("callback_query", query)
        call = (await self.telegram.called("answerCallbackQuery", answered + 1))[-1]
        await self.settled()
        return str(call.parameters.get("text", ""))

    async def feeds(self) -> list[Feed]:
        """Every feed, by id."""
        async with self.database.read() as session:
            return list(await session.scalars(select(Feed).order_by(Feed.id)))

    async def settled(self) -> None:
        """Wait until the bot has handled all updates so far."""
        await self.telegram.until_confirmed()
        await self.program.inbox.idle()

    async def news(self, title: str, outlet: str = "Carrier Wire", trust: Trust = Trust.TRUSTED) -> None:
        """An article appears and is read; what it moves is delivered, and searches find it."""
        self._articles += 1
        self.clock.advance(minutes=1)
        article = Article(
            id=f"news-{self._articles}",
            title=title,
            first_seen=self.clock(),
            published=self.clock(),
            outlet=outlet,
            url=f"https://carrier-wire.example/{self._articles}",
            trust=trust,
        )
        async with self.database.write() as session:
            intake = self.program.poller.intake
            await intake.refresh(session)
            await take(session, await intake.read(session, [article]), Batch())
        await self.program.courier.deliver()
        await self.program.jobs.index()

    async def deal(self, slug: str) -> Deal:
        async with self.database.read() as session:
            return (await session.scalars(select(Deal).where(Deal.slug == slug))).one()
