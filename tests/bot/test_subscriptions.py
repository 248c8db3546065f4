"""What a chat follows and how much of it, through real updates against the stand-in Telegram."""

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from running_bot import ANNA, BORIS, GROUP, Bot
from sqlalchemy import select
from standin.chats import BotMessage, chat_json, user_json
from standin.faults import ApiError

from models import subscriber as subscribers
from models import subscription as subscriptions
from models.base import Base
from models.subscriber import Subscriber, Wire
from models.subscription import Moves, Mute, Subscription, Target

TALKS = "Alpha in talks to buy Beta, Bloomberg reports"
A_WEEK_ON = 1_516_017_600
"""12:00 UTC a week after the day on which the tests play, in Unix seconds."""
FORUM, TOPIC = -1_000_000_002_001, 77
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


async def the_subscription(bot: Bot, chat: int = ANNA) -> Subscription:
    """The only one of a chat."""
    async with bot.database.read() as session:
        (subscription,) = await subscriptions.followed(session, chat)
    return subscription


async def opened(bot: Bot, name: str = "alpha-beta") -> BotMessage:
    """The settings of a subscription, from the list."""
    await bot.ask(f"/subscribe {name}")
    listed = await bot.ask("/subscriptions")
    return await bot.press(listed, listed.buttons[0].text)


async def says(bot: Bot, chat: int, text: str, **more: Any) -> BotMessage:
    """Send a message that has more to it than a text, and wait for the answer."""
    before = len(bot.telegram.messages(chat))
    commands = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}] if text[0] == "/" else []
    about = {"message_id": 9_000, "date": 0, "chat": chat_json(chat), "from": user_json(ANNA), "entities": commands}
    await bot.telegram.update("message", about | {"text": text} | more)
    return (await bot.telegram.sent(chat, before + 1))[-1]


def labels(message: BotMessage) -> list[str]:
    return [button.text for button in message.buttons]


def toast(bot: Bot) -> str:
    return str(bot.telegram.calls("answerCallbackQuery")[-1].parameters.get("text", ""))


# Links ---------------------------------------------------------------------------------------------------------------


async def test_a_link_follows_a_deal_and_shows_its_card(bot: Bot) -> None:
    """t.me/bot?start=huawei-att follows the deal; pressed once more, it says that it was followed already."""
    answer = await bot.ask("/start huawei-att")
    assert answer.text.startswith("This chat now follows Huawei phones on AT&T.")
    assert "No reports yet." in answer.text
    assert "Unsubscribe" in labels(answer)
    assert "already" in (await bot.ask("/start huawei-att")).text
    assert (await the_subscription(bot)).deal_id == (await bot.deal("huawei-att")).id


async def test_a_link_to_no_deal_is_a_greeting(bot: Bot) -> None:
    """An unknown payload subscribes to nothing and says so above the greeting."""
    answer = await bot.ask("/start gone-deal")
    assert answer.text.startswith("There is no deal “gone-deal” here.")
    assert "/deals" in answer.text
    assert "nothing yet" in (await bot.ask("/subscriptions")).text


# What can be followed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["acquisition", "acquisitions", "ACQUISITIONS"])
async def test_a_kind_is_followed_with_its_future_deals(bot: Bot, typed: str) -> None:
    """/subscribe acquisitions, in the singular or the plural, tells of every acquisition and of nothing else."""
    assert "all acquisitions, future ones too" in (await bot.ask(f"/subscribe {typed}")).text
    assert "already" in (await bot.ask(f"/subscribe {typed}")).text
    told = len(bot.telegram.messages(ANNA))
    await bot.news("Verizon drops plans to sell Huawei phones, Bloomberg reports")
    assert len(bot.telegram.messages(ANNA)) == told
    await bot.news(TALKS)
    assert "Alpha <Holdings> & Beta" in bot.telegram.messages(ANNA)[-1].text
    assert "no longer follows all acquisitions" in (await bot.ask(f"/unsubscribe {typed}")).text
    assert "did not follow all acquisitions" in (await bot.ask(f"/unsubscribe {typed}")).text


@pytest.mark.parametrize("typed", ["joint-venture", "joint ventures", "Joint-Ventures"])
async def test_a_kind_of_two_words(bot: Bot, typed: str) -> None:
    """The hyphen may be left out."""
    assert "all joint ventures" in (await bot.ask(f"/subscribe {typed}")).text


# The list ------------------------------------------------------------------------------------------------------------


async def test_two_hundred_subscriptions_are_a_paged_grid(bot: Bot) -> None:
    """Eight a page on one message; the way to a subscription and back returns to its page."""
    async with bot.database.write() as session:
        chat = await subscribers.meet(session, ANNA, Wire.TELEGRAM, bot.clock())
        for number in range(200):
            await subscriptions.follow(session, chat, Target(party=f"Party {number:03}"), bot.clock())
    page = await bot.ask("/subscriptions")
    assert labels(page)[:2] == ["1. every deal of Party 000", "2. every deal of Party 001"]
    assert "Page 1 of 25" in page.text
    for _ in range(24):
        page = await bot.press(page, "Next →")
    assert labels(page) == [*(f"{n}. every deal of Party {n - 1:03}" for n in range(193, 201)), "← Previous"]
    page = await bot.press(await bot.press(page, "200. every deal of Party 199"), "← Subscriptions")
    assert "Page 25 of 25" in page.text
    assert len(bot.telegram.messages(ANNA)) == 1


async def test_the_list_says_how_much_is_told(bot: Bot) -> None:
    """Each line has the moves, and whether it is silent, filtered or muted."""
    for press in ("Status only", "Silent", "Mute 1 day"):
        await bot.press(await opened(bot), press)
    await bot.ask(f"/filter {(await the_subscription(bot)).id} bid")
    assert (
        "1. Alpha <Holdings> & Beta · status only · silent · filtered · muted" in (await bot.ask("/subscriptions")).text
    )


async def test_a_page_that_is_no_more_is_the_last_one(bot: Bot) -> None:
    """Stopping the only one of the last page, or an old button to it, leads to the page before."""
    await bot.ask("/subscribe alpha-beta")
    listed = await bot.ask("/subscriptions")
    await bot.forge(listed, "subs:24", ANNA)
    assert labels(bot.telegram.messages(ANNA)[-1]) == ["1. Alpha <Holdings> & Beta"]


# One subscription ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pressed", "words", "moves"),
    [
        ("Status only", "moves between rumored, denied and finalized", Moves.STATUS),
        ("All moves", "every step", Moves.ALL),
        ("Every new report", "every step and every new report", Moves.REPORTS),
    ],
)
async def test_which_moves_are_told(bot: Bot, pressed: str, words: str, moves: Moves) -> None:
    """The chosen value is stored, marked and said in words, in the same message."""
    message = await opened(bot)
    assert "✓ Key moves" in labels(message)
    message = await bot.press(message, pressed)
    assert f"Told: {words}." in message.text
    assert [text for text in labels(message) if "✓" in text] == [f"✓ {pressed}", "✓ Loud"]
    assert (await the_subscription(bot)).moves is moves
    assert len(bot.telegram.messages(ANNA)) == 2


async def test_pushes_without_a_sound(bot: Bot) -> None:
    """Silent is what Telegram is told with the push; loud ends it."""
    message = await bot.press(await opened(bot), "Silent")
    await bot.news(TALKS)
    assert bot.telegram.calls("sendMessage")[-1].parameters["disable_notification"] is True
    await bot.press(message, "Loud")
    await bot.news("Alpha agrees to buy Beta")
    assert "disable_notification" not in bot.telegram.calls("sendMessage")[-1].parameters


async def test_a_filter_is_the_reply_to_a_question(bot: Bot) -> None:
    """The bot asks; a reply to the question is the filter. Nothing else remembers what was asked."""
    question = await bot.press(await opened(bot), "Filter words")
    assert "Reply to this message" in question.text
    answer = await says(bot, ANNA, '"price raised" -analyst', reply_to_message=question.as_json())
    assert "Only news with price raised, without analyst." in answer.text
    assert "✓ Filter words" in labels(answer)
    await bot.news(TALKS)
    assert bot.telegram.messages(ANNA)[-1].message_id == answer.message_id
    question = await bot.press(answer, "✓ Filter words")
    assert "All its news" in (await bot.press(question, "All news")).text
    assert (await the_subscription(bot)).words == ""


async def test_a_filter_may_be_typed(bot: Bot) -> None:
    """/filter, as the question says it; without words all news passes; without a subscription of this chat, the way."""
    await bot.ask("/subscribe alpha-beta")
    number = (await the_subscription(bot)).id
    assert "Only news with bid or offer." in (await bot.ask(f"/filter {number} bid offer")).text
    assert "Only news without analyst." in (await bot.ask(f"/filter {number} -analyst")).text
    assert "All its news" in (await bot.ask(f"/filter {number}")).text
    assert "at most 200" in (await bot.ask(f"/filter {number} {'x' * 201}")).text
    for wrong in ("", "x", "bid", "999", "9" * 30):
        assert "Open a subscription" in (await bot.ask(f"/filter {wrong}")).text


@pytest.mark.parametrize("sender", [{"id": ANNA, "is_bot": False, "first_name": "A"}, ANONYMOUS])
async def test_only_the_bots_own_question_is_answered(bot: Bot, sender: Mapping[str, Any]) -> None:
    """A text of somebody else that looks like the question is none: the reply is a question for a status."""
    question = await bot.press(await opened(bot), "Filter words")
    await says(bot, ANNA, "bid", reply_to_message=question.as_json() | {"from": sender})
    assert (await the_subscription(bot)).words == ""


@pytest.mark.parametrize(
    ("pressed", "days", "words"),
    [("Mute 1 day", 1, "Muted until 9 Jan 2018, 12:00 UTC."), ("1 week", 7, "Muted until 15 Jan 2018, 12:00 UTC."),
     ("Until I unmute", 3_000, "Muted until you unmute it.")],
)  # fmt: skip
async def test_a_subscription_is_muted(bot: Bot, pressed: str, days: int, words: str) -> None:
    """Nothing is told until then; "Unmute" ends it at once."""
    message = await bot.press(await opened(bot), pressed)
    assert words in message.text
    told = len(bot.telegram.messages(ANNA))
    bot.clock.advance(days=days, hours=-1)
    await bot.news(TALKS)
    assert len(bot.telegram.messages(ANNA)) == told
    assert "Not muted." in (await bot.press(message, "Unmute")).text
    await bot.news("Alpha agrees to buy Beta")
    assert len(bot.telegram.messages(ANNA)) == told + 1


async def test_stopping_shows_the_others(bot: Bot) -> None:
    """The button ends the subscription and leads back to the list; pressed again, it is out of date."""
    await bot.ask("/subscribe Huawei")
    message = await opened(bot, "alpha-beta")
    await bot.press(message, "← Subscriptions")
    message = await bot.press(bot.telegram.messages(ANNA)[-1], "1. every deal of Huawei")
    data = next(button.callback_data for button in message.buttons if button.text == "Stop")
    message = await bot.press(message, "Stop")
    assert labels(message) == ["1. Alpha <Holdings> & Beta"]
    assert data is not None
    assert "out of date" in await bot.forge(message, data, ANNA)


# Muting a deal -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pressed", "until"), [("1 day", "9 Jan"), ("1 week", "15 Jan"), ("30 days", "7 Feb")])
async def test_a_push_is_muted_and_unmuted(bot: Bot, pressed: str, until: str) -> None:
    """Mute asks for how long in a message of its own, says until when, and can be taken back; the push stays."""
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    push = bot.telegram.messages(ANNA)[-1]
    assert (await bot.press(push, "Mute")).text == push.text
    question = bot.telegram.messages(ANNA)[-1]
    muted = await bot.press(question, pressed)
    assert muted.text == f"Nothing is told here of Alpha <Holdings> & Beta until {until} 2018, 12:01 UTC."
    await bot.news("Alpha agrees to buy Beta")
    assert bot.telegram.messages(ANNA)[-1].message_id == muted.message_id
    assert "is told of here again" in (await bot.press(muted, "Unmute")).text
    await bot.news("Alpha completes purchase of Beta")
    assert bot.telegram.messages(ANNA)[-1].message_id != muted.message_id


async def test_a_muted_deal_is_seen_in_its_subscription(bot: Bot) -> None:
    """What was muted under a push shows in the settings of the deal's subscription, and is unmuted there."""
    await bot.ask("/subscribe alpha-beta")
    await bot.news(TALKS)
    await bot.press(bot.telegram.messages(ANNA)[-1], "Mute")
    await bot.press(bot.telegram.messages(ANNA)[-1], "1 week")
    message = await opened(bot)
    assert "Muted until 15 Jan 2018" in message.text
    assert "Not muted." in (await bot.press(message, "Unmute")).text
    await bot.news("Alpha agrees to buy Beta")
    assert bot.telegram.messages(ANNA)[-1].text.startswith("RUMORED → FINALIZED")


async def test_a_mute_is_of_one_chat(bot: Bot) -> None:
    """The other chat still hears of the deal."""
    for chat in (ANNA, BORIS):
        await bot.ask("/subscribe everything", chat=chat)
    await bot.forge(bot.telegram.messages(ANNA)[-1], f"mute:{(await bot.deal('alpha-beta')).id}:{A_WEEK_ON}", ANNA)
    told = {chat: len(bot.telegram.messages(chat)) for chat in (ANNA, BORIS)}
    await bot.news(TALKS)
    assert len(bot.telegram.messages(ANNA)) == told[ANNA]
    assert len(bot.telegram.messages(BORIS)) == told[BORIS] + 1


# Groups --------------------------------------------------------------------------------------------------------------

COMMANDS = (
    "/subscribe everything",
    "/unsubscribe everything",
    "/start huawei-att",
    "/filter 1 bid",
    "/settings quiet 22-7",
)


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_member_may_change_nothing_in_a_group(bot: Bot, command: str) -> None:
    """Only admins subscribe, end, filter and set; others are told so."""
    await bot.ask("/subscribe alpha-beta", chat=GROUP, user=ANNA)
    before = await everything(bot)
    bot.telegram.members[GROUP, BORIS] = "member"
    assert "Only the admins" in (await bot.ask(command, chat=GROUP, user=BORIS)).text
    assert await everything(bot) == before


@pytest.mark.parametrize("question", ["/subscriptions", "/settings", "/status alpha-beta", "/unsubscribe", "/start"])
async def test_a_member_may_ask_in_a_group(bot: Bot, question: str) -> None:
    """Asking is for everybody."""
    bot.telegram.members[GROUP, BORIS] = "member"
    assert "Only the admins" not in (await bot.ask(question, chat=GROUP, user=BORIS)).text


@pytest.mark.parametrize(("status", "may"), [
    ("creator", True), ("administrator", True), ("member", False), ("left", False), ("kicked", False),
])  # fmt: skip
async def test_who_is_an_admin_is_asked_at_every_change(bot: Bot, status: str, may: bool) -> None:
    """Rights that were lost a moment ago are lost."""
    await bot.ask("/subscribe alpha-beta", chat=GROUP, user=BORIS)
    card = await bot.ask("/status alpha-beta", chat=GROUP, user=BORIS)
    bot.telegram.members[GROUP, BORIS] = status
    card = await bot.press(card, "Unsubscribe", user=BORIS)
    assert ("Subscribe" in labels(card)) is may
    assert ("Only the admins" in toast(bot)) is not may


async def test_anonymous_admins_are_admins(bot: Bot) -> None:
    """Who writes in the name of the group is one of its admins; who writes in the name of a channel is not."""
    bot.telegram.members[GROUP, int(str(ANONYMOUS["id"]))] = "left"
    group = {"from": ANONYMOUS, "sender_chat": chat_json(GROUP)}
    assert "now follows" in (await says(bot, GROUP, "/subscribe everything", **group)).text
    channel = {"from": ANONYMOUS, "sender_chat": {"id": -1_000_000_009_999, "type": "channel", "title": "C"}}
    assert "Only the admins" in (await says(bot, GROUP, "/unsubscribe everything", **channel)).text


async def test_without_an_answer_of_telegram_nothing_changes(bot: Bot) -> None:
    """If Telegram does not say who is an admin, nobody is."""
    bot.telegram.fail("getChatMember", ApiError(400, "Bad Request: CHAT_ADMIN_REQUIRED"))
    assert "nothing was changed" in (await bot.ask("/subscribe everything", chat=GROUP, user=ANNA)).text
    assert "nothing yet" in (await bot.ask("/subscriptions", chat=GROUP, user=ANNA)).text


async def test_a_topic_gets_what_was_set_up_in_it(bot: Bot) -> None:
    """What is subscribed in a forum topic is delivered there; asked for in another one, it moves there."""
    for topic in (TOPIC, TOPIC + 1):
        there = {"message_thread_id": topic, "is_topic_message": True}
        await says(bot, FORUM, "/subscribe everything", **there)
        assert (await the_subscription(bot, FORUM)).topic_id == topic
    await bot.news(TALKS)
    assert bot.telegram.calls("sendMessage")[-1].parameters["message_thread_id"] == TOPIC + 1


async def test_a_button_in_a_topic_subscribes_there(bot: Bot) -> None:
    """A card's button knows the topic, too; a reply's thread in a group without topics is none."""
    there = {"message_thread_id": TOPIC, "is_topic_message": True}
    card = await says(bot, FORUM, "/status alpha-beta", **there)
    query = {"id": "7", "from": user_json(ANNA), "chat_instance": "1", "message": card.as_json() | there}
    follow = {"data": f"follow:{(await bot.deal('alpha-beta')).id}"}
    await bot.telegram.update("callback_query", query | follow)
    await bot.settled()
    assert (await the_subscription(bot, FORUM)).topic_id == TOPIC
    await bot.telegram.update("callback_query", query | {"data": f"mute:{(await bot.deal('alpha-beta')).id}:new"})
    await bot.settled()
    assert bot.telegram.calls("sendMessage")[-1].parameters["message_thread_id"] == TOPIC
    await says(bot, GROUP, "/subscribe everything", message_thread_id=TOPIC)
    assert (await the_subscription(bot, GROUP)).topic_id is None


# Forgery -------------------------------------------------------------------------------------------------------------


async def everything(bot: Bot, *chats: int) -> list[tuple[Any, ...]]:
    """All that chats follow, have muted and have set; of all chats, if none are named."""
    await bot.settled()
    rows: list[tuple[Any, ...]] = []
    async with bot.database.read() as session:
        ids = select(Subscriber.id).where(Subscriber.chat_id.in_(chats) if chats else True)
        for model, column in (
            (Subscriber, Subscriber.id),
            (Subscription, Subscription.subscriber_id),
            (Mute, Mute.subscriber_id),
        ):
            table = Base.metadata.tables[model.__tablename__]
            rows += [tuple(row) for row in await session.execute(select(table).where(column.in_(ids)))]
    return rows


def _forged(dice: random.Random, subscription: int, deal: int) -> str:
    """Data of a button that changes something."""
    return dice.choice([
        f"follow:{deal}", f"unfollow:{deal}", f"unmute:{deal}", f"mute:{deal}:{A_WEEK_ON}",
        f"sub:{subscription}:stop", f"sub:{subscription}:filter", f"sub:{subscription}:words:any",
        f"sub:{subscription}:silent:1", f"sub:{subscription}:moves:{dice.choice(list(Moves))}",
        f"sub:{subscription}:mute:{dice.choice(('0', '1', '7', 'ever'))}",
        "chat:compact:1", "chat:urgent:1", "chat:language:de", "chat:zone:Asia/Tokyo", "chat:quiet:1320-420",
        "chat:digest:weekly", "chat:hour:9", f"mute:{deal}:new",
    ])  # fmt: skip


@pytest.mark.chaos
async def test_no_forged_button_changes_another_chat(bot: Bot, times: Callable[..., int], dice: random.Random) -> None:
    """100 combinations of data, chats and users that are not theirs: no row of the others changes."""
    for chat in (ANNA, GROUP):
        await bot.ask("/subscribe everything", chat=chat, user=ANNA)
        await bot.ask("/subscribe alpha-beta", chat=chat, user=ANNA)
    bot.telegram.members[GROUP, BORIS] = "member"
    under = {chat: await bot.ask("/deals", chat=chat, user=BORIS) for chat in (GROUP, BORIS)}
    deal = (await bot.deal("alpha-beta")).id
    before = await everything(bot, ANNA, GROUP)
    assert len(before) == 6
    for _ in range(times(gate=100, chaos=1000)):
        chat = dice.choice((GROUP, BORIS))
        answer = await bot.forge(under[chat], _forged(dice, dice.randint(1, 4), deal), BORIS)
        assert chat == BORIS or "Only the admins" in answer
        assert await everything(bot, ANNA, GROUP) == before


@pytest.mark.parametrize(
    "data",
    ["sub:1:moves:none", "sub:1:silent:2", "sub:1:mute:400", "sub:1:words:x", "sub:1:chat:2", "subs:-1", "sub:1\n",
     "sub:1:stop:1", "mute:1:9999", f"mute:0:{A_WEEK_ON}", "mute:1:1515400000", "mute:1:99999999999", "follow:1\n",
     "chat:hour:24", "chat:hour:٣", "chat:zone:../etc",
     "sub:0", "chat:quiet:0-0", "chat:quiet:0-1440", "chat:language:xx", "chat:nothing", "chat:compact:2",
     "chat:digest:hourly"],
)  # fmt: skip
async def test_data_that_no_button_carries_changes_nothing(bot: Bot, data: str) -> None:
    """It is answered as out of date."""
    message = await bot.ask("/subscribe everything")
    before = await everything(bot)
    assert "out of date" in await bot.forge(message, data, ANNA)
    assert await everything(bot) == before


async def test_a_press_may_be_handled_twice(bot: Bot) -> None:
    """Each button says what shall hold afterwards, not that something shall turn; a mute does not grow by a crash."""
    message = await opened(bot)
    await bot.forge(message, f"mute:{(await bot.deal('alpha-beta')).id}:new", ANNA)
    question = bot.telegram.messages(ANNA)[-1]
    buttons = [button for button in message.buttons if button.text not in ("Stop", "← Subscriptions")]
    for data in [button.callback_data for button in (*buttons, *question.buttons)]:
        assert data is not None
        await bot.forge(message, data, ANNA)
        once = await everything(bot)
        bot.clock.advance(minutes=1)
        await bot.forge(message, data, ANNA)
        assert await everything(bot) == once
