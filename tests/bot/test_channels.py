"""Channels, set up from the private chat of one of their admins."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from running_bot import ANNA, BORIS, GROUP, Bot
from sqlalchemy import select
from standin.chats import BOT, BotMessage
from standin.faults import ApiError, unavailable

from bot.commands.settings import zones
from bot.language import speaking
from bot.messages import channels as messages
from bot.messages import push
from bot.messages.channels import Link, for_channel
from bot.messages.frame import Button, Message
from models import subscription as subscriptions
from models.base import Base
from models.subscriber import Subscriber
from models.subscription import Moves

CHANNEL, OTHER, SUPERGROUP = -1_002_000_002_001, -1_002_000_002_002, -1_000_000_002_001
TALKS = "Alpha in talks to buy Beta, Bloomberg reports"
A_WEEK_ON = 1_516_017_600
"""12:00 UTC a week after the day on which the tests play, in Unix seconds."""


@pytest.fixture
def bot(bot: Bot) -> Bot:
    """Hearsay is an admin of a public channel and of a private one; Boris is no admin of either."""
    bot.telegram.usernames["dealnews"] = CHANNEL
    for channel in (CHANNEL, OTHER):
        bot.telegram.members[channel, BORIS] = "member"
    return bot


async def rows(bot: Bot) -> list[tuple[Any, ...]]:
    """All that any chat follows, has muted, has set and sets up."""
    await bot.settled()
    async with bot.database.read() as session:
        tables = [Base.metadata.tables[name] for name in ("subscriber", "subscription", "mute")]
        return [tuple(row) for table in tables for row in await session.execute(select(table))]


async def followed(bot: Bot, chat: int) -> list[str]:
    async with bot.database.read() as session:
        return [subscription.target for subscription in await subscriptions.followed(session, chat)]


async def row(bot: Bot, chat: int) -> Subscriber:
    async with bot.database.read() as session:
        return (await session.scalars(select(Subscriber).where(Subscriber.chat_id == chat))).one()


def last(bot: Bot, chat: int = ANNA) -> BotMessage:
    return bot.telegram.messages(chat)[-1]


# Setting up ----------------------------------------------------------------------------------------------------------


async def test_a_channel_is_set_up_from_the_private_chat(bot: Bot) -> None:
    """By its name, its number, or one of its posts: what is set from then on holds there, and says so."""
    for typed in ("@dealnews", "https://t.me/dealnews/12", str(CHANNEL), "a forwarded post"):
        await bot.ask("/channel done")
        if typed == "a forwarded post":
            await bot.telegram.user_forwards(ANNA, CHANNEL, "Post")
            await bot.settled()
        else:
            await bot.ask(f"/channel {typed}")
        assert last(bot).text.startswith("For @dealnews:\nFrom now on what you set here holds for this channel")
    await bot.press(last(bot), "Follow everything")
    assert last(bot).text.startswith("For @dealnews:\nThis chat now follows every deal.")
    assert (await followed(bot, CHANNEL), await followed(bot, ANNA)) == (["everything"], [])
    assert bot.telegram.messages(CHANNEL) == []
    assert (await row(bot, CHANNEL)).is_channel
    assert not (await row(bot, ANNA)).is_channel


async def test_it_ends_with_done(bot: Bot) -> None:
    """By the button or by /channel done; then all is about the own chat again, and the channel keeps what it has."""
    menu = await bot.ask("/channel @dealnews")
    await bot.ask("/subscribe alpha-beta")
    assert "about this chat again" in (await bot.press(menu, "Done")).text
    await bot.ask("/subscribe Huawei")
    await bot.ask("/channel @dealnews")
    assert "about this chat again" in (await bot.ask("/channel done")).text
    assert "every deal of Huawei" in (await bot.ask("/subscriptions")).text
    assert await followed(bot, CHANNEL) == [f"deal:{(await bot.deal('alpha-beta')).id}"]


async def test_alone_it_says_how_to_and_what_is_set_up(bot: Bot) -> None:
    """With the steps and the one right that is needed; in a group it leads to the private chat."""
    how_to = (await bot.ask("/channel")).text
    assert "1. In the channel's settings, add @hearsay_standin_bot as an administrator" in how_to
    assert "right to post messages" in how_to
    await bot.ask("/channel @dealnews")
    assert (await bot.ask("/channel")).text.startswith("For @dealnews:")
    assert "private chat" in (await bot.ask("/channel @dealnews", chat=GROUP, user=ANNA)).text


async def test_what_is_missing_is_said_in_plain_words(bot: Bot) -> None:
    """Each missing right has its own answer, and nothing is set up."""
    mute = {"can_post_messages": False}
    for typed, status, rights, words in (
        ("@nowhere", "administrator", {}, "I cannot see the channel @nowhere."),
        (str(OTHER), "left", {}, f"I cannot see the channel {OTHER}."),
        ("@dealnews", "left", {}, "I am no admin of @dealnews"),
        ("@dealnews", "member", {}, "I am no admin of @dealnews"),
        ("@dealnews", "administrator", mute, "without the right to post messages"),
        (str(SUPERGROUP), "administrator", {}, "is no channel"),
        ("my news channel", "administrator", {}, "names no channel"),
    ):
        for channel in (CHANNEL, OTHER):
            bot.telegram.members[channel, BOT["id"]], bot.telegram.rights[channel, BOT["id"]] = status, rights
        assert words in (await bot.ask(f"/channel {typed}")).text
    assert all(chat == ANNA for _, chat, *_ in await rows(bot))
    assert (await bot.ask("/channel")).text.startswith("Deal news in a channel of yours")


async def test_a_stranger_sets_up_nothing(bot: Bot) -> None:
    """Who is no admin of the channel is told so; without an answer of Telegram nobody is."""
    assert "You are no admin of @dealnews." in (await bot.ask("/channel @dealnews", chat=BORIS)).text
    bot.telegram.fail("getChat", *[unavailable()] * 5)
    assert "nothing was changed" in (await bot.ask("/channel @dealnews")).text
    assert all(chat != CHANNEL for _, chat, *_ in await rows(bot))


async def test_a_test_message_is_posted_and_deleted(bot: Bot) -> None:
    """Without a sound; what went wrong is said."""
    menu = await bot.ask("/channel @dealnews")
    await bot.press(menu, "Post a test message")
    assert "posted without a sound, and deleted again" in last(bot).text
    post = bot.telegram.calls("sendMessage")[-2].parameters
    assert (post["chat_id"], post["disable_notification"]) == (CHANNEL, True)
    assert bot.telegram.messages(CHANNEL) == []
    bot.telegram.fail("deleteMessage", ApiError(400, "Bad Request: message can't be deleted"))
    await bot.press(menu, "Post a test message")
    assert "please delete it" in last(bot).text
    bot.telegram.rights[CHANNEL, BOT["id"]] = {"can_post_messages": False}
    await bot.press(menu, "Post a test message")
    assert "Telegram said: Need administrator rights in the channel chat" in last(bot).text


# What is set ---------------------------------------------------------------------------------------------------------


async def test_settings_and_filters_act_on_the_channel(bot: Bot) -> None:
    """Typed and pressed, all of it; the own chat keeps its own."""
    await bot.ask("/settings zone Tokyo")
    menu = await bot.ask("/channel @dealnews")
    await bot.ask("/settings quiet 22-7")
    await bot.press(menu, "Settings")
    assert last(bot).text.startswith("For @dealnews:\nSettings of this chat\nQuiet hours: 22:00 to 07:00.")
    await bot.press(await bot.press(last(bot), "Time zone"), "Europe/Berlin")
    await bot.ask("/subscribe alpha-beta")
    await bot.press(menu, "Subscriptions")
    listed = await bot.press(last(bot), "1. Alpha <Holdings> & Beta")
    assert (await bot.press(listed, "All moves")).text.startswith(
        "For @dealnews:\nAlpha <Holdings> & Beta\nTold: every"
    )
    typed = (await bot.press(last(bot), "Filter words")).text.splitlines()[-1]
    assert (await bot.ask(f"{typed} bid")).text.startswith("For @dealnews:")
    channel, own = await row(bot, CHANNEL), await row(bot, ANNA)
    assert (channel.time_zone, channel.quiet_from) == ("Europe/Berlin", 22 * 60)
    assert (own.time_zone, own.quiet_from) == ("Asia/Tokyo", None)
    async with bot.database.read() as session:
        (subscription,) = await subscriptions.followed(session, CHANNEL)
    assert (subscription.moves, subscription.words) == (Moves.ALL, "bid")


async def test_what_is_refused_is_about_the_channel_too(bot: Bot) -> None:
    """The deals and time zones that are offered instead are the channel's when pressed."""
    await bot.ask("/channel @dealnews")
    choice = await bot.ask("/subscribe huawe")
    assert choice.text.startswith("For @dealnews:")
    await bot.press(choice, "Huawei phones on AT&T")
    await bot.press(await bot.ask("/settings zone Brelin"), "Europe/Berlin")
    assert await followed(bot, CHANNEL) == [f"deal:{(await bot.deal('huawei-att')).id}"]
    assert (await row(bot, CHANNEL)).time_zone == "Europe/Berlin"
    assert (await row(bot, ANNA)).time_zone == "UTC"


async def test_a_button_acts_on_the_chat_that_it_was_made_for(bot: Bot) -> None:
    """Whatever is set up meanwhile: one from before on the own chat, one of the channel on the channel."""
    before = await bot.ask("/settings")
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    pushed = last(bot)
    await bot.ask("/channel @dealnews")
    await bot.ask("/subscribe everything")
    channels = await bot.ask("/settings")
    await bot.press(before, "Compact cards")
    await bot.press(pushed, "Mute")
    await bot.press(last(bot), "1 week")
    assert last(bot).text.startswith("Nothing is told here of")
    assert ((await row(bot, ANNA)).compact, (await row(bot, CHANNEL)).compact) == (True, False)
    await bot.ask(f"/channel {OTHER}")
    await bot.press(channels, "Compact cards")
    assert ((await row(bot, CHANNEL)).compact, (await row(bot, OTHER)).compact) == (True, False)
    await bot.news("Alpha agrees to buy Beta")
    assert "FINALIZED" in last(bot, CHANNEL).text
    assert last(bot).text != last(bot, CHANNEL).text


async def test_a_right_that_was_lost_is_lost(bot: Bot) -> None:
    """The next command and the next button are refused, and the chat is about itself again."""
    menu = await bot.ask("/channel @dealnews")
    settings = await bot.ask("/settings")
    for typed in ("/subscribe everything", "/subscriptions", "/settings quiet 22-7", "/missed"):
        bot.telegram.members[CHANNEL, ANNA] = "member"
        assert "nothing was changed" in (await bot.ask(typed)).text
        assert (await row(bot, ANNA)).speaks_for is None
        bot.telegram.members[CHANNEL, ANNA] = "administrator"
        await bot.ask("/channel @dealnews")
    bot.telegram.members[CHANNEL, BOT["id"]] = "left"  # then Telegram does not tell the bot who is an admin
    await bot.press(settings, "Compact cards")
    assert "nothing was changed" in (await bot.press(menu, "Follow everything")).text
    channel = await row(bot, CHANNEL)
    assert (channel.compact, channel.quiet_from, await followed(bot, CHANNEL)) == (False, None, [])
    assert await followed(bot, ANNA) == []


async def test_while_telegram_is_away_nothing_changes(bot: Bot) -> None:
    """Neither in the channel nor in the own chat; the channel goes on being set up."""
    await bot.ask("/channel @dealnews")
    bot.telegram.fail("getChat", unavailable())
    assert "nothing was changed" in (await bot.ask("/subscribe everything")).text
    assert (await followed(bot, CHANNEL), await followed(bot, ANNA)) == ([], [])
    assert "For @dealnews:" in (await bot.ask("/subscribe everything")).text


async def test_what_a_channel_missed(bot: Bot) -> None:
    """/missed and its buttons are about the channel."""
    await bot.ask("/channel @dealnews")
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", ApiError(400, "Bad Request: message is too long"))
    await bot.news(TALKS)
    missed = await bot.ask("/missed")
    assert missed.text.startswith("For @dealnews:\nNot told here (1 deal)")
    await bot.press(missed, "Alpha <Holdings> & Beta")
    assert last(bot).text.startswith("For @dealnews:\nAlpha <Holdings> & Beta\nRUMORED")
    await bot.press(last(bot), "Mute")
    await bot.press(last(bot), "1 day")
    assert last(bot).text.startswith("For @dealnews:\nNothing is told here of")
    assert (await bot.ask("/missed")).text == "For @dealnews:\nThis chat was told everything."
    await bot.news("Alpha agrees to buy Beta")
    assert bot.telegram.messages(CHANNEL) == []


# In the channel ------------------------------------------------------------------------------------------------------


async def test_nothing_is_answered_in_a_channel(bot: Bot) -> None:
    """News arrives there; whoever presses a button of it is told where to ask, and no post is added or edited."""
    await bot.ask("/channel @dealnews")
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    (post,) = bot.telegram.messages(CHANNEL)
    assert post.text.startswith("RUMORED · in talks")
    before = await rows(bot)
    deal = (await bot.deal("alpha-beta")).id
    for data in (f"why:{deal}:0:new", f"mute:{deal}:new", "wrong:1", f"follow:{deal}", "chat:compact:1", "deals:0"):
        assert "Ask @hearsay_standin_bot in a private chat" in await bot.forge(post, data, ANNA)
    assert bot.telegram.messages(CHANNEL) == [post]
    assert await rows(bot) == before


async def test_a_reader_asks_in_their_own_chat(bot: Bot) -> None:
    """The links under a post open the bot, which answers there; a deal that is gone is said to be."""
    await bot.news(TALKS)
    number = (await bot.deal("alpha-beta")).id
    for question, words in (("status", "since 8 Jan 2018"), ("history", "– history"), ("why", "Bloomberg")):
        asking = (Button("Ask", f"{question}:{number}:new"), Button("Mute", f"mute:{number}:new"))
        shown = push.in_channel(Message("Text", (asking, (Button("Wrong", "wrong:1"),))), "hearsay_bot")
        link = f"https://t.me/hearsay_bot?start={question}_{number}"
        assert shown == Message("Text", ((Link("Ask", link),),))
        answer = await bot.ask(f"/start {link.partition('=')[2]}", chat=BORIS)
        assert answer.text.startswith("Alpha <Holdings> & Beta")
        assert words in answer.text
        assert "out of date" in (await bot.ask(f"/start {question}_999", chat=BORIS)).text


async def test_what_arrives_has_links_for_its_readers(bot: Bot) -> None:
    """The push, and the card that it becomes; what only admins may do is not offered there."""
    await bot.ask("/channel @dealnews")
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    number = (await bot.deal("alpha-beta")).id
    for asked in (["Status", "History", "Why"], ["History", "Why"]):
        (post, *_) = bot.telegram.messages(CHANNEL)
        assert [button.text for button in post.buttons] == asked
        assert all(button.url and button.url.endswith(f"_{number}") for button in post.buttons)
        assert post.buttons[0].url == f"https://t.me/{BOT['username']}?start={asked[0].lower()}_{number}"
        await bot.news("Alpha agrees to buy Beta")
        await bot.program.cards.refresh()


async def test_cards_and_links_act_on_the_channel(bot: Bot) -> None:
    """/status and its buttons, a deal that is chosen of several, and the link that follows a deal."""
    await bot.ask("/channel @dealnews")
    card = await bot.ask("/status alpha-beta")
    assert card.text.startswith("For @dealnews:\nAlpha <Holdings> & Beta")
    await bot.press(card, "Subscribe")
    assert (await bot.ask("/start huawei-att")).text.startswith(
        "For @dealnews:\nThis chat now follows Huawei phones on"
    )
    chosen = await bot.press(await bot.ask("/status huawei"), "Huawei phones on AT&T")
    assert "Unsubscribe" in [button.text for button in chosen.buttons]
    deals = [(await bot.deal(slug)).id for slug in ("alpha-beta", "huawei-att")]
    assert await followed(bot, CHANNEL) == [f"deal:{deal}" for deal in deals]
    assert await followed(bot, ANNA) == []


async def test_nobody_is_greeted_in_a_channel(bot: Bot) -> None:
    """A channel that lets the bot in again gets the news, and no word about it."""
    await bot.ask("/channel @dealnews")
    await bot.ask("/subscribe everything")
    await bot.telegram.block(CHANNEL, ANNA)
    for title in (TALKS, "Alpha agrees to buy Beta"):
        await bot.news(title)
    bot.clock.advance(days=3)
    await bot.telegram.unblock(CHANNEL, ANNA)
    await bot.settled()
    await bot.program.courier.deliver()
    assert [post.text.splitlines()[0] for post in bot.telegram.messages(CHANNEL)] == ["RUMORED → FINALIZED · agreed"]


# Forgery -------------------------------------------------------------------------------------------------------------


@pytest.mark.chaos
async def test_no_forged_button_changes_a_channel(bot: Bot, times: Callable[..., int], dice: random.Random) -> None:
    """Whoever is no admin of the channel changes nothing there, from whichever chat and whatever the button carries."""
    deal = (await bot.deal("alpha-beta")).id
    await bot.ask("/channel @dealnews")
    await bot.ask("/subscribe everything")
    under = {chat: await bot.ask("/deals", chat=chat, user=BORIS) for chat in (GROUP, BORIS)}
    before = await rows(bot)
    data = [
        f"follow:{deal}", "follow:everything", f"unfollow:{deal}", f"unmute:{deal}", f"mute:{deal}:{A_WEEK_ON}",
        "sub:1:stop", "sub:1:silent:1", "sub:1:moves:all", "sub:1:mute:ever", "chat:compact:1", "chat:zone:Asia/Tokyo",
        f"missed:{deal}", "channel:test", "channel:done", "subs:0", "sub:1",
    ]  # fmt: skip
    for _ in range(times(gate=40, chaos=1000)):
        chat = dice.choice((GROUP, BORIS))
        await bot.forge(under[chat], f"{dice.choice(data)}@{dice.choice((CHANNEL, OTHER, ANNA, GROUP))}", BORIS)
        assert await rows(bot) == before
    assert bot.telegram.messages(CHANNEL) == []


async def test_only_channels_are_set_up_from_elsewhere(bot: Bot) -> None:
    """An admin of a group changes it there, where the others see it, not by a button that names it."""
    message = await bot.ask("/deals")
    await bot.ask("/subscribe everything", chat=GROUP, user=ANNA)
    before = await rows(bot)
    for target in (GROUP, SUPERGROUP):
        await bot.forge(message, f"chat:compact:1@{target}", ANNA)
    assert await rows(bot) == before


def test_a_channels_buttons_fit() -> None:
    """The longest data with the longest id of a channel has 64 bytes at most; other buttons stay as they are."""
    longest = max((f"chat:zone:{zone}" for zone in zones()), key=len)
    history = Button("History", "history:1")
    shown = for_channel(Message("Text", ((Button("Zone", longest), history),)), -1_997_852_516_352, "<b>" * 99)
    assert len(shown.buttons[0][0].data.encode()) <= 64
    assert shown.buttons[0][1] == history
    assert shown.text.startswith("<b>For &lt;b&gt;")


@pytest.mark.parametrize("language", ["en", "de"])
def test_toasts_fit(language: str) -> None:
    """200 characters at most, with the longest name of a bot (32)."""
    with speaking(language):
        assert len(messages.not_here("b" * 32).notice) <= 200
