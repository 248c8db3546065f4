"""Following deals, parties, kinds of deals and everything, and how much is told of each."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import telegram
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.commands import Handler, argument, chat_id, pressed, require_chat_admin, wants_new_message
from bot.commands.deals import card, one_deal, pressed_deal
from bot.errors import Refusal
from bot.messages import subscriptions as messages
from bot.messages.frame import Message
from bot.messages.help import gone
from bot.messages.settings import saved
from bot.messages.subscriptions import FOREVER, LONGEST_WORDS, PAGE
from bot.replies import reply, topic_id
from models import deal as deals
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.database import Database
from models.subscriber import Subscriber, Wire
from models.subscription import EVERYTHING, Moves, Subscription, Target, filter_words

ALL = frozenset({"everything", "all", "*"})
_ASKED = re.compile(r"^/filter (\d{1,18})\Z", re.MULTILINE)
"""The end of the question for a filter's words."""


class _Answer(filters.MessageFilter):
    """A reply to the bot's question for a filter's words."""

    def filter(self, message: telegram.Message) -> bool:
        return bool(_asked_about(message))


class SubscriptionCommands:
    """/subscribe, /unsubscribe, /subscriptions, and the buttons that follow and mute.

    Nothing of a conversation is kept: each button, and each question, says which subscription it is about. A button
    says what shall hold afterwards, so that it may be handled twice.
    """

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
            CommandHandler("filter", self.filter_typed),
            MessageHandler(filters.TEXT & ~filters.COMMAND & _Answer(), self.filter_answered),
            CallbackQueryHandler(self.follow_pressed, r"^follow:\d{1,18}\Z"),
            CallbackQueryHandler(self.unfollow_pressed, r"^unfollow:\d{1,18}\Z"),
            CallbackQueryHandler(self.page_turned, r"^subs:\d{1,6}\Z"),
            CallbackQueryHandler(self.opened, r"^sub:\d{1,18}\Z"),
            CallbackQueryHandler(self.filter_pressed, r"^sub:\d{1,18}:filter\Z"),
            CallbackQueryHandler(self.stop_pressed, r"^sub:\d{1,18}:stop\Z"),
            CallbackQueryHandler(self.tuned, r"^sub:\d{1,18}:[a-z]+:[a-z0-9]+\Z"),
            CallbackQueryHandler(self.mute_asked, r"^mute:\d{1,18}:new\Z"),
            CallbackQueryHandler(self.mute_pressed, r"^mute:\d{1,18}:(1|7|30)\Z"),
            CallbackQueryHandler(self.unmute_pressed, r"^unmute:\d{1,18}\Z"),
        ]

    # Following and leaving

    async def subscribe(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/subscribe DEAL, PARTY, KIND or everything."""
        await require_chat_admin(update)
        async with self._database.write() as session:
            answer = await self._subscribe(session, update, argument(context))
        await reply(update, answer)

    async def unsubscribe(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/unsubscribe DEAL, PARTY, KIND or everything; alone, it offers what the chat follows."""
        query = argument(context)
        if not query:
            await self.subscriptions(update, context)
            return
        await require_chat_admin(update)
        async with self._database.write() as session:
            answer = await _unsubscribe(session, chat_id(update), query)
        await reply(update, answer)

    async def follow_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button of a deal's card."""
        await require_chat_admin(update)
        async with self._database.write() as session:
            deal = await pressed_deal(session, update)
            await self._follow(session, update, Target(deal))
            answer = await card(session, update, deal, messages.subscribed_toast())
        await reply(update, answer)

    async def unfollow_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button of a deal's card."""
        await require_chat_admin(update)
        async with self._database.write() as session:
            deal = await pressed_deal(session, update)
            await subscriptions.unfollow(session, chat_id(update), Target(deal))
            followed = await subscriptions.follows(session, chat_id(update), deal)
            answer = await card(session, update, deal, messages.unsubscribed_toast(still=followed))
        await reply(update, answer)

    async def _subscribe(self, session: AsyncSession, update: Update, query: str) -> Message:
        if query.casefold() in ALL:
            return messages.subscribed("", new=await self._follow(session, update, EVERYTHING))
        if kind := messages.typed_kind(query):
            return messages.subscribed("", kind=kind, new=await self._follow(session, update, Target(kind=kind)))
        if party := await deals.find_party(session, query):
            return messages.subscribed(party, party=True, new=await self._follow(session, update, Target(party=party)))
        deal = await one_deal(session, query, "subscribe")
        return messages.subscribed(deal.title, new=await self._follow(session, update, Target(deal)))

    async def _follow(self, session: AsyncSession, update: Update, target: Target) -> bool:
        return await follow(session, update, target, self._wire, self._clock())

    # What is followed, and how much is told of it

    async def subscriptions(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """/subscriptions."""
        await reply(update, await self._list(update, 0))

    async def page_turned(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Another page of /subscriptions."""
        await reply(update, await self._list(update, int(pressed(update)[1])))

    async def opened(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The settings of a subscription."""
        async with self._database.read() as session:
            answer = await self._shown(session, await _pressed_subscription(session, update))
        await reply(update, answer)

    async def tuned(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """One of the settings of a subscription."""
        await require_chat_admin(update)
        _sub, _number, name, value = pressed(update)
        async with self._database.write() as session:
            subscription = await _pressed_subscription(session, update)
            _tune(subscription, name, value, self._clock())
            if (name, value) == ("mute", "0") and subscription.deal:
                await subscriptions.unmute(session, subscription.subscriber, subscription.deal)
            answer = await self._shown(session, subscription, saved())
        await reply(update, answer)

    async def stop_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """End a subscription, and show the others."""
        await require_chat_admin(update)
        async with self._database.write() as session:
            subscription = await _pressed_subscription(session, update)
            page = await _page_of(session, subscription)
            await session.delete(subscription)
        left = await self._list(update, page)
        await reply(update, Message(left.text, left.buttons, messages.stopped()))

    async def _list(self, update: Update, number: int) -> Message:
        """A page of what the chat follows, or the last one if there are not so many any more."""
        async with self._database.read() as session:
            followed = await subscriptions.followed(session, chat_id(update))
        last = max(len(followed) - 1, 0) // PAGE
        return messages.subscriptions(followed, min(number, last), self._clock())

    async def _shown(self, session: AsyncSession, subscription: Subscription, notice: str = "") -> Message:
        until, now = subscription.muted_until, self._clock()
        if subscription.deal:
            chat = subscription.subscriber.chat_id
            deals_own = await subscriptions.muted_until(session, chat, subscription.deal, now)
            until = max(filter(None, [until, deals_own]), default=None)
        page = await _page_of(session, subscription)
        return messages.subscription(subscription, until, now, page=page, notice=notice)

    # Filters

    async def filter_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Ask for the words."""
        await require_chat_admin(update)
        async with self._database.read() as session:
            answer = messages.ask_words(await _pressed_subscription(session, update))
        await reply(update, answer)

    async def filter_answered(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The words, in reply to the question."""
        if update.message:
            await self._filter(update, _asked_about(update.message), update.message.text or "")

    async def filter_typed(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/filter SUBSCRIPTION WORDS, as the question says it; without words, all news passes."""
        number, *words = context.args or [""]
        await self._filter(update, number, " ".join(words))

    async def _filter(self, update: Update, number: str, words: str) -> None:
        if len(words) > LONGEST_WORDS:
            raise Refusal(messages.too_many_words())
        if not re.fullmatch(r"\d{1,18}", number, re.ASCII):
            raise Refusal(messages.filter_from_the_list())
        await require_chat_admin(update)
        async with self._database.write() as session:
            subscription = await _own_subscription(session, update, int(number))
            if subscription is None:
                raise Refusal(messages.filter_from_the_list())
            subscription.words = " ".join(words.split()) if any(filter_words(words)) else ""
            answer = await self._shown(session, subscription)
        await reply(update, answer)

    # A deal, muted

    async def mute_asked(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button under a push or a card, which stays as it is."""
        await require_chat_admin(update)
        async with self._database.read() as session:
            answer = messages.ask_mute(await pressed_deal(session, update))
        await reply(update, answer, fresh=wants_new_message(update))

    async def mute_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """For so many days."""
        await require_chat_admin(update)
        until = self._clock() + timedelta(days=int(pressed(update)[2]))
        async with self._database.write() as session:
            deal, chat = await pressed_deal(session, update), await self._met(session, update)
            await subscriptions.mute(session, chat, deal, until)
        await reply(update, messages.muted(deal, until, ZoneInfo(chat.time_zone)))

    async def unmute_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Tell of the deal again."""
        await require_chat_admin(update)
        async with self._database.write() as session:
            deal = await pressed_deal(session, update)
            await subscriptions.unmute(session, await self._met(session, update), deal)
        await reply(update, messages.unmuted(deal))

    async def _met(self, session: AsyncSession, update: Update) -> Subscriber:
        return await subscribers.meet(session, chat_id(update), self._wire, self._clock())


async def follow(session: AsyncSession, update: Update, target: Target, wire: Wire, now: datetime) -> bool:
    """Follow something in the chat, and from now on in the forum topic, that it was asked for in.

    False if it was followed already.
    """
    subscriber = await subscribers.meet(session, chat_id(update), wire, now)
    new = await subscriptions.follow(session, subscriber, target, now)
    for subscription in await subscriptions.followed(session, chat_id(update)):
        if subscription.target == target.key:
            subscription.topic_id = topic_id(update)
    return new


async def _unsubscribe(session: AsyncSession, chat: int, query: str) -> Message:
    if query.casefold() in ALL:
        return messages.unsubscribed_all(await subscriptions.unfollow_all(session, chat))
    if kind := messages.typed_kind(query):
        found = await subscriptions.unfollow(session, chat, Target(kind=kind))
        return messages.unsubscribed("", kind=kind, found=found)
    party = await deals.find_party(session, query)
    if party and not await deals.by_slug(session, query.casefold()):
        # Not the deal instead, if the party was not followed: handled twice, this would end both.
        found = await subscriptions.unfollow(session, chat, Target(party=party))
        return messages.unsubscribed(party, party=True, found=found)
    deal = await one_deal(session, query, "unsubscribe")
    found = await subscriptions.unfollow(session, chat, Target(deal))
    if await subscriptions.follows(session, chat, deal):
        return messages.still_followed(deal)
    return messages.unsubscribed(deal.title, found=found)


def _tune(subscription: Subscription, name: str, value: str, now: datetime) -> None:
    """Set what a button stands for; a :class:`Refusal` for a button that there is not."""
    match name, value:
        case "moves", _ if value in list(Moves):
            subscription.moves = Moves(value)
        case "silent", "0" | "1":
            subscription.silent = value == "1"
        case "words", "any":
            subscription.words = ""
        case "mute", "0":
            subscription.muted_until = None
        case "mute", "1" | "7":
            subscription.muted_until = now + timedelta(days=int(value))
        case "mute", "ever":
            subscription.muted_until = FOREVER
        case _:
            raise Refusal(gone())


async def _pressed_subscription(session: AsyncSession, update: Update) -> Subscription:
    """The subscription that a button stands for."""
    subscription = await _own_subscription(session, update, int(pressed(update)[1]))
    if subscription is None:
        raise Refusal(gone())
    return subscription


async def _own_subscription(session: AsyncSession, update: Update, number: int) -> Subscription | None:
    """A subscription by its id, with its deal and its chat; None if it is not one of this chat."""
    options = [joinedload(Subscription.deal), joinedload(Subscription.subscriber)]
    subscription = await session.get(Subscription, number, options=options)
    return subscription if subscription and subscription.subscriber.chat_id == chat_id(update) else None


async def _page_of(session: AsyncSession, subscription: Subscription) -> int:
    """The page of the list that it stands on."""
    followed: Sequence[Subscription] = await subscriptions.followed(session, subscription.subscriber.chat_id)
    return [other.id for other in followed].index(subscription.id) // PAGE


def _asked_about(message: telegram.Message) -> str:
    """The id of the subscription for whose words the bot asks in the message that this one replies to; else empty."""
    question = message.reply_to_message
    if question is None or question.from_user is None or question.from_user.id != message.get_bot().id:
        return ""
    found = _ASKED.search(question.text or "")
    return found[1] if found else ""
