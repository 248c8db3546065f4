"""The feeds, for the owner: how they do, how often they are asked, and which there are.

Addresses of feeds may hold passwords, so all of this happens in the private chat with the owner, and the right to it is
checked at every command and button.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, argument, pressed, require_owner_in_private, wants_new_message
from bot.errors import Refusal
from bot.messages import feed_words, files, finding
from bot.messages import feeds as messages
from bot.messages.frame import PAGE, Message
from bot.messages.help import gone, missing
from bot.replies import reply, reply_later, send_file
from feeds import rhythm
from feeds.adding import Adder, AlreadyPolled, Choice, NoFeedError
from feeds.opml import FeedLine, write_opml
from matcher.vocabulary import Trust
from models import feed as feeds
from models.database import Database
from models.feed import Feed
from models.feed_yield import yields

_PACES = "|".join(str(round(pace.total_seconds())) for pace in (timedelta(0), *messages.PACES))


class FeedCommands:
    """/feeds, /addfeed, and the buttons under them.

    ``floor`` is the usual time between two checks of one feed.
    """

    def __init__(self, database: Database, adder: Adder, clock: Callable[[], datetime], floor: timedelta) -> None:
        self._database = database
        self._adder = adder
        self._clock = clock
        self._floor = floor

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to.

        What asks other servers may take a minute; other chats do not wait for it. It is not made a task of its own
        (PTB's ``block=False``): then the update would count as handled before it is, and a crash would lose it.
        """
        return [
            CommandHandler("feeds", self.feeds),
            CommandHandler("addfeed", self.add),
            CallbackQueryHandler(self.turn_page, r"^feeds:\d{1,6}$"),
            CallbackQueryHandler(self.card_pressed, r"^feed:\d{1,18}(:new)?$"),
            CallbackQueryHandler(self.pace_pressed, rf"^feed-pace:\d{{1,18}}:({_PACES})$"),
            CallbackQueryHandler(self.text_pressed, r"^feed-text:\d{1,18}:[01]$"),
            CallbackQueryHandler(self.trust_pressed, rf"^feed-trust:\d{{1,18}}:({'|'.join(Trust)})$"),
            CallbackQueryHandler(self.check_pressed, r"^feed-check:\d{1,18}(:new)?$"),
            CallbackQueryHandler(self.remove_pressed, r"^feed-remove:\d{1,18}$"),
            CallbackQueryHandler(self.drop_pressed, r"^feed-drop:\d{1,18}$"),
            CallbackQueryHandler(self.offer_pressed, r"^offer:[0-9a-f]{32}$"),
        ]

    async def feeds(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """/feeds."""
        await reply(update, await self._page(update, 0))

    async def turn_page(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Another page of /feeds."""
        await reply(update, await self._page(update, int(pressed(update)[1])))

    async def card_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The card of a feed."""
        async with self._database.read() as session:
            answer = await self._card(session, await _pressed_feed(session, update))
        await reply(update, answer, fresh=wants_new_message(update))

    async def pace_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Let the owner set how often the feed is looked at; 0 is as Hearsay finds it."""
        seconds = int(pressed(update)[2])
        async with self._database.write() as session:
            feed = await _pressed_feed(session, update)
            rhythm.set_pace(feed, timedelta(seconds=seconds) if seconds else None, self._floor, self._clock())
            answer = await self._card(session, feed, feed_words.pace_set(feed, self._floor, self._clock()))
        await reply(update, answer)

    async def text_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Read the full text of articles, or do not."""
        async with self._database.write() as session:
            feed = await _pressed_feed(session, update)
            feed.full_text = pressed(update)[2] == "1"
            answer = await self._card(session, feed)
        await reply(update, answer)

    async def trust_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Let the owner say how far the feed is believed."""
        async with self._database.write() as session:
            feed = await _pressed_feed(session, update)
            feed.trust = Trust(pressed(update)[2])
            answer = await self._card(session, feed)
        await reply(update, answer)

    async def check_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Look at the feed out of turn, if that is not too soon."""
        async with self._database.write() as session:
            feed = await _pressed_feed(session, update)
            soonest = rhythm.hasten(feed, self._clock())
            answer = await self._card(session, feed, feed_words.hastened(feed, soonest))
        await reply(update, answer, fresh=wants_new_message(update))

    async def remove_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Ask before a feed is removed."""
        async with self._database.read() as session:
            feed = await _pressed_feed(session, update)
        await reply(update, messages.remove_feed(feed))

    async def drop_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Remove the feed, once the owner has it as a file. If Telegram does not take the file, the feed stays."""
        async with self._database.read() as session:
            feed = await _pressed_feed(session, update)
        await send_file(update, files.FEED_FILE, write_opml([FeedLine.of(feed)]), files.removed_feed_file())
        async with self._database.write() as session:
            feed = await _pressed_feed(session, update)
            await feeds.remove(session, feed.url)
        await reply(update, messages.removed_feed(feed))

    async def add(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/addfeed ADDRESS."""
        await self._require_owner(update)
        address = argument(context)
        if not address:
            raise Refusal(missing("addfeed"))
        await reply_later(update, finding.looking(address), self._added(address))

    async def offer_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Add one of the feeds that a page offers."""
        await self._require_owner(update)
        shown = update.effective_message
        address = finding.offered_feed(shown.text or "" if shown else "", pressed(update)[1])
        if address is None:
            raise Refusal(gone())
        await reply_later(update, finding.looking(address), self._added(address))

    async def _require_owner(self, update: Update) -> None:
        async with self._database.read() as session:
            await require_owner_in_private(session, update)

    async def _page(self, update: Update, number: int) -> Message:
        async with self._database.read() as session:
            await require_owner_in_private(session, update)
            page, total = await feeds.page(session, number * PAGE, PAGE)
            brought = await yields(session, page)
        if number and not page:
            raise Refusal(gone())
        return messages.feeds(page, number, -(-total // PAGE), self._clock(), self._floor, brought)

    async def _card(self, session: AsyncSession, feed: Feed, notice: str = "") -> Message:
        brought = await yields(session, [feed])
        return messages.feed(feed, brought[feed.id], self._clock(), self._floor, notice)

    async def _added(self, address: str) -> Message:
        """Add the feed at an address that the owner gave; the answer."""
        try:
            found = await self._adder.add(address)
        except NoFeedError as error:
            return finding.no_feed(error.wording)
        if isinstance(found, Choice):
            return finding.choose_feed(found)
        async with self._database.read() as session:
            feed = await feeds.by_url(session, found.url)
        if isinstance(found, AlreadyPolled) or feed is None:
            return messages.already_polled(found.url, feed)
        return messages.added(found, feed)


async def _pressed_feed(session: AsyncSession, update: Update) -> Feed:
    """The feed that a button stands for, if it is the owner who pressed it."""
    await require_owner_in_private(session, update)
    feed = await session.get(Feed, int(pressed(update)[1]))
    if feed is None:
        raise Refusal(messages.feed_gone())
    return feed
