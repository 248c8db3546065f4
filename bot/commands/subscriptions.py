"""Following deals, parties and everything."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, argument, pressed
from bot.commands.deals import card, one_deal, pressed_deal
from bot.errors import Refusal
from bot.messages import subscriptions as messages
from bot.messages.frame import Message
from bot.messages.help import gone
from bot.replies import reply
from models import deal as deals
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.database import Database
from models.subscriber import Wire
from models.subscription import EVERYTHING, Subscription, Target

ALL = frozenset({"everything", "all", "*"})


class SubscriptionCommands:
    """/subscribe, /unsubscribe, /subscriptions and their buttons."""

    def __init__(self, database: Database, wire: Wire, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._wire = wire
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("subscribe", self.subscribe),
            CommandHandler("unsubscribe", self.unsubscribe),
            CommandHandler("subscriptions", self.subscriptions),
            CallbackQueryHandler(self.follow_pressed, r"^follow:\d{1,18}$"),
            CallbackQueryHandler(self.unfollow_pressed, r"^unfollow:\d{1,18}$"),
            CallbackQueryHandler(self.drop_pressed, r"^drop:\d{1,18}$"),
        ]

    async def subscribe(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/subscribe DEAL, PARTY or everything."""
        async with self._database.write() as session:
            answer = await self._subscribe(session, update, argument(context))
        await reply(update, answer)

    async def unsubscribe(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/unsubscribe DEAL, PARTY or everything; alone, it offers what the chat follows."""
        query = argument(context)
        if not query:
            await self.subscriptions(update, context)
            return
        async with self._database.write() as session:
            answer = await self._unsubscribe(session, _chat_id(update), query)
        await reply(update, answer)

    async def subscriptions(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """/subscriptions."""
        async with self._database.read() as session:
            followed = await subscriptions.followed(session, _chat_id(update))
        await reply(update, messages.subscriptions(followed))

    async def follow_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button of a deal's card."""
        async with self._database.write() as session:
            deal = await pressed_deal(session, update)
            subscriber = await subscribers.meet(session, _chat_id(update), self._wire, self._clock())
            await subscriptions.follow(session, subscriber, Target(deal), self._clock())
            answer = await card(session, update, deal, messages.subscribed_toast())
        await reply(update, answer)

    async def unfollow_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button of a deal's card."""
        async with self._database.write() as session:
            deal = await pressed_deal(session, update)
            await subscriptions.unfollow(session, _chat_id(update), Target(deal))
            followed = await subscriptions.follows(session, _chat_id(update), deal)
            answer = await card(session, update, deal, messages.unsubscribed_toast(still=followed))
        await reply(update, answer)

    async def drop_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """A button of /subscriptions: it works only in the chat whose subscription it is."""
        async with self._database.write() as session:
            subscription = await session.get(Subscription, int(pressed(update)[1]))
            mine = await subscriptions.followed(session, _chat_id(update))
            if subscription is None or subscription not in mine:
                raise Refusal(gone())
            await session.delete(subscription)
        await reply(update, messages.subscriptions([s for s in mine if s is not subscription]))

    async def _subscribe(self, session: AsyncSession, update: Update, query: str) -> Message:
        subscriber = await subscribers.meet(session, _chat_id(update), self._wire, self._clock())
        if query.casefold() in ALL:
            return messages.subscribed(
                "", new=await subscriptions.follow(session, subscriber, EVERYTHING, self._clock())
            )
        party = await deals.find_party(session, query)
        if party:
            new = await subscriptions.follow(session, subscriber, Target(party=party), self._clock())
            return messages.subscribed(party, party=True, new=new)
        deal = await one_deal(session, query, "subscribe")
        new = await subscriptions.follow(session, subscriber, Target(deal), self._clock())
        return messages.subscribed(deal.title, new=new)

    async def _unsubscribe(self, session: AsyncSession, chat_id: int, query: str) -> Message:
        if query.casefold() in ALL:
            return messages.unsubscribed_all(await subscriptions.unfollow_all(session, chat_id))
        party = await deals.find_party(session, query)
        if party and not await deals.by_slug(session, query.casefold()):
            # Not the deal instead, if the party was not followed: handled twice, this would end both.
            return messages.unsubscribed(
                party, party=True, found=await subscriptions.unfollow(session, chat_id, Target(party=party))
            )
        deal = await one_deal(session, query, "unsubscribe")
        found = await subscriptions.unfollow(session, chat_id, Target(deal))
        if await subscriptions.follows(session, chat_id, deal):
            return messages.still_followed(deal)
        return messages.unsubscribed(deal.title, found=found)


def _chat_id(update: Update) -> int:
    if update.effective_chat is None:  # no command or button comes without a chat
        raise ValueError("an update without a chat reached a subscription handler")
    return update.effective_chat.id
