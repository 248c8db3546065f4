"""Following deals, parties, kinds of deals and everything, and how much is told of each."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import telegram
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.commands import FOR_CHANNEL, Handler, argument, chat_id, pressed, wants_new_message
from bot.commands.deals import card_in, one_deal, pressed_deal
from bot.commands.places import Place, addressed, governed
from bot.errors import Refusal
from bot.messages import subscriptions as messages
from bot.messages.frame import Message
from bot.messages.help import gone
from bot.messages.people import full, full_toast
from bot.messages.settings import saved
from bot.messages.subscriptions import FOREVER, LONGEST_WORDS, PAGE
from bot.replies import reply, topic_id
from models import deal as deals
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.database import Database
from models.people import access
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
    says what shall hold afterwards, so that it may be handled twice. bot/commands/places.py says which chat it acts on.
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
            CallbackQueryHandler(self.follow_pressed, r"^follow:\d{1,18}" + FOR_CHANNEL),
            CallbackQueryHandler(self.everything_pressed, "^follow:everything" + FOR_CHANNEL),
            CallbackQueryHandler(self.unfollow_pressed, r"^unfollow:\d{1,18}" + FOR_CHANNEL),
            CallbackQueryHandler(self.page_turned, r"^subs:\d{1,6}(:new)?" + FOR_CHANNEL),
            CallbackQueryHandler(self.opened, r"^sub:\d{1,18}" + FOR_CHANNEL),
            CallbackQueryHandler(self.filter_pressed, r"^sub:\d{1,18}:filter" + FOR_CHANNEL),
            CallbackQueryHandler(self.stop_pressed, r"^sub:\d{1,18}:stop" + FOR_CHANNEL),
            CallbackQueryHandler(self.tuned, r"^sub:\d{1,18}:[a-z]+:[a-z0-9]+" + FOR_CHANNEL),
            CallbackQueryHandler(self.mute_asked, r"^mute:\d{1,18}:new" + FOR_CHANNEL),
            CallbackQueryHandler(self.mute_pressed, r"^mute:\d{1,18}:\d{10}" + FOR_CHANNEL),
            CallbackQueryHandler(self.unmute_pressed, r"^unmute:\d{1,18}" + FOR_CHANNEL),
        ]

    # Following and leaving

    async def subscribe(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/subscribe DEAL, PARTY, KIND or everything."""
        place = await governed(self._database, update)
        with place.refusing():
            async with self._database.write() as session:
                answer = await self._subscribe(session, update, place, argument(context))
        await reply(update, place.answer(answer))

    async def unsubscribe(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/unsubscribe DEAL, PARTY, KIND or everything; alone, it offers what the chat follows."""
        query = argument(context)
        if not query:
            await self.subscriptions(update, context)
            return
        place = await governed(self._database, update)
        with place.refusing():
            async with self._database.write() as session:
                answer = await _unsubscribe(session, place.chat_id, query)
        await reply(update, place.answer(answer))

    async def follow_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button of a deal's card."""
        place = await governed(self._database, update)
        async with self._database.write() as session:
            deal = await pressed_deal(session, update)
            await self._follow(session, update, place, Target(deal))
            answer = await card_in(session, update, place, deal, messages.subscribed_toast())
        await reply(update, place.answer(answer))

    async def everything_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button of a channel that was just set up."""
        place = await governed(self._database, update)
        async with self._database.write() as session:
            answer = await self._subscribe(session, update, place, "everything")
        await reply(update, place.answer(answer), fresh=True)

    async def unfollow_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button of a deal's card."""
        place = await governed(self._database, update)
        async with self._database.write() as session:
            deal = await pressed_deal(session, update)
            await subscriptions.unfollow(session, place.chat_id, Target(deal))
            followed = await subscriptions.follows(session, place.chat_id, deal)
            answer = await card_in(session, update, place, deal, messages.unsubscribed_toast(still=followed))
        await reply(update, place.answer(answer))

    async def _subscribe(self, session: AsyncSession, update: Update, place: Place, query: str) -> Message:
        if query.casefold() in ALL:
            return messages.subscribed("", new=await self._follow(session, update, place, EVERYTHING))
        if kind := messages.typed_kind(query):
            return messages.subscribed("", kind=kind, new=await self._follow(session, update, place, Target(kind=kind)))
        if party := await deals.find_party(session, query):
            new = await self._follow(session, update, place, Target(party=party))
            return messages.subscribed(party, party=True, new=new)
        deal = await one_deal(session, query, "subscribe")
        new = await self._follow(session, update, place, Target(deal))
        return messages.archived(deal, new=new) if deal.archived_at else messages.subscribed(deal.title, new=new)

    async def _follow(self, session: AsyncSession, update: Update, place: Place, target: Target) -> bool:
        return await follow(session, update, target, self._wire, self._clock(), place)

    # What is followed, and how much is told of it

    async def subscriptions(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """/subscriptions."""
        place = await addressed(self._database, update)
        await reply(update, place.answer(await self._list(place, 0)))

    async def page_turned(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Another page of /subscriptions."""
        place = await addressed(self._database, update)
        answer = place.answer(await self._list(place, int(pressed(update)[1])))
        await reply(update, answer, fresh=wants_new_message(update))

    async def opened(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The settings of a subscription."""
        place = await addressed(self._database, update)
        async with self._database.read() as session:
            answer = await self._shown(session, await _pressed_subscription(session, update, place))
        await reply(update, place.answer(answer))

    async def tuned(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """One of the settings of a subscription."""
        place = await governed(self._database, update)
        _sub, _number, name, value = pressed(update)
        async with self._database.write() as session:
            subscription = await _pressed_subscription(session, update, place)
            _tune(subscription, name, value, self._clock())
            if (name, value) == ("mute", "0") and subscription.deal:
                await subscriptions.unmute(session, subscription.subscriber, subscription.deal)
            answer = await self._shown(session, subscription, saved())
        await reply(update, place.answer(answer))

    async def stop_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """End a subscription, and show the others."""
        place = await governed(self._database, update)
        async with self._database.write() as session:
            subscription = await _pressed_subscription(session, update, place)
            page = await _page_of(session, subscription)
            await session.delete(subscription)
        left = await self._list(place, page)
        await reply(update, place.answer(Message(left.text, left.buttons, messages.stopped())))

    async def _list(self, place: Place, number: int) -> Message:
        """A page of what the chat follows, or the last one if there are not so many any more."""
        async with self._database.read() as session:
            followed = await subscriptions.followed(session, place.chat_id)
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
        place = await governed(self._database, update)
        async with self._database.read() as session:
            answer = messages.ask_words(await _pressed_subscription(session, update, place))
        await reply(update, place.answer(answer))

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
        place = await governed(self._database, update)
        async with self._database.write() as session:
            subscription = await _subscription_of(session, place, int(number))
            if subscription is None:
                raise Refusal(messages.filter_from_the_list())
            subscription.words = " ".join(words.split()) if any(filter_words(words)) else ""
            answer = await self._shown(session, subscription)
        await reply(update, place.answer(answer))

    # A deal, muted

    async def mute_asked(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The button under a push or a card, which stays as it is."""
        place = await governed(self._database, update)
        async with self._database.read() as session:
            answer = messages.ask_mute(await pressed_deal(session, update), self._clock())
        await reply(update, place.answer(answer), fresh=wants_new_message(update))

    async def mute_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Until the moment that the button carries, so that it may be handled twice."""
        place = await governed(self._database, update)
        until = datetime.fromtimestamp(int(pressed(update)[2]), UTC)
        if until <= self._clock():
            raise Refusal(gone())
        async with self._database.write() as session:
            deal, chat = await pressed_deal(session, update), await self._met(session, place)
            await subscriptions.mute(session, chat, deal, until)
        await reply(update, place.answer(messages.muted(deal, until, ZoneInfo(chat.time_zone))))

    async def unmute_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Tell of the deal again."""
        place = await governed(self._database, update)
        async with self._database.write() as session:
            deal = await pressed_deal(session, update)
            await subscriptions.unmute(session, await self._met(session, place), deal)
        await reply(update, place.answer(messages.unmuted(deal)))

    async def _met(self, session: AsyncSession, place: Place) -> Subscriber:
        return await subscribers.meet(session, place.chat_id, self._wire, self._clock())


async def follow(
    session: AsyncSession, update: Update, target: Target, wire: Wire, now: datetime, place: Place | None = None
) -> bool:
    """Follow something in a chat, and from now on in the forum topic, that it was asked for in or for.

    False if it was followed already. Raises a :class:`Refusal` if the chat follows as much as one may.
    """
    place = place or Place(chat_id(update), topic_id(update))
    subscriber = await subscribers.meet(session, place.chat_id, wire, now)
    await _require_room(session, update, place, target)
    new = await subscriptions.follow(session, subscriber, target, now)
    for subscription in await subscriptions.followed(session, place.chat_id):
        if subscription.target == target.key:
            subscription.topic_id = place.topic_id
    return new


async def _require_room(session: AsyncSession, update: Update, place: Place, target: Target) -> None:
    most = (await access(session)).most_subscriptions
    followed = await subscriptions.followed(session, place.chat_id)
    if len(followed) >= most and target.key not in {subscription.target for subscription in followed}:
        raise Refusal(full_toast(most) if update.callback_query else full(most))


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
            if subscription.is_heard(now):  # else it is muted already, maybe by this very press
                subscription.muted_until = now + timedelta(days=int(value))
        case "mute", "ever":
            subscription.muted_until = FOREVER
        case _:
            raise Refusal(gone())


async def _pressed_subscription(session: AsyncSession, update: Update, place: Place) -> Subscription:
    """The subscription that a button stands for."""
    subscription = await _subscription_of(session, place, int(pressed(update)[1]))
    if subscription is None:
        raise Refusal(gone())
    return subscription


async def _subscription_of(session: AsyncSession, place: Place, number: int) -> Subscription | None:
    """A subscription by its id, with its deal and its chat; None if it is not one of this chat."""
    options = [joinedload(Subscription.deal), joinedload(Subscription.subscriber)]
    subscription = await session.get(Subscription, number, options=options)
    return subscription if subscription and subscription.subscriber.chat_id == place.chat_id else None


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
