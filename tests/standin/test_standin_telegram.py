import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from standin.faults import Drop, blocked, flooded, migrated, unavailable
from standin.schema import Schema
from standin.telegram import Telegram

MOMENT = datetime(2018, 1, 8, 21, 0, tzinfo=UTC)
BUTTON = InlineKeyboardMarkup([[InlineKeyboardButton("History", callback_data="history:huawei-att")]])

SCHEMA = Schema(
    {
        "methods": {
            "sendMessage": {
                "fields": [
                    {"name": "chat_id", "types": ["Integer", "String"], "required": True},
                    {"name": "text", "types": ["String"], "required": True},
                    {"name": "silent", "types": ["Boolean"], "required": False},
                    {"name": "rows", "types": ["Array of Array of Button"], "required": False},
                ]
            },
            "getMe": {},
        },
        "types": {
            "Button": {"subtypes": ["Link", "Key"]},
            "Link": {"fields": [{"name": "url", "types": ["String"], "required": True}]},
            "Key": {"fields": [{"name": "code", "types": ["Integer"], "required": True}]},
        },
    }
)


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with Telegram(lambda: MOMENT) as telegram:
        yield telegram


@pytest.fixture
async def bot(telegram: Telegram) -> AsyncIterator[Bot]:
    async with Bot(telegram.token, base_url=telegram.base_url) as bot:
        yield bot


# Files


async def test_a_file_goes_to_the_bot(telegram: Telegram) -> None:
    """What a user sends can be asked for by its id and downloaded, with the token only."""
    files = telegram.base_url.removesuffix("/bot") + "/file/bot"
    async with Bot(telegram.token, base_url=telegram.base_url, base_file_url=files) as bot:
        await telegram.user_sends_file(42, "feeds.opml", b"<opml/>")
        (update,) = await bot.get_updates()
        assert update.message is not None
        assert update.message.document is not None
        assert (update.message.document.file_name, update.message.document.file_size) == ("feeds.opml", 7)
        file = await update.message.document.get_file()
        assert bytes(await file.download_as_bytearray()) == b"<opml/>"
        with pytest.raises(BadRequest):
            await bot.get_file("file-0")
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{files}0:wrong/documents/file-1")).status_code == 401


async def test_a_file_comes_from_the_bot(telegram: Telegram, bot: Bot) -> None:
    """It stands in the chat with its name, its bytes and its caption; an empty one is refused."""
    answer = await bot.send_document(42, b"\0\xff <opml/>", caption="2 feeds", filename="feeds.opml")
    (message,) = await telegram.sent(42)
    assert message.document is not None
    assert (message.document.name, message.document.content, message.text) == (
        "feeds.opml", b"\0\xff <opml/>", "2 feeds",
    )  # fmt: skip
    assert answer.document is not None
    assert answer.caption == "2 feeds"
    with pytest.raises(BadRequest):
        await bot.send_document(42, b"", filename="feeds.opml")


# What the bot sends


async def test_a_message_stands_in_its_chat(telegram: Telegram, bot: Bot) -> None:
    """What the bot sends is what the user reads, with its looks and its buttons."""
    answer = await bot.send_message(42, "Huawei &amp; <b>AT&amp;T</b> 📵", parse_mode="HTML", reply_markup=BUTTON)

    (message,) = await telegram.sent(42)
    assert message.text == answer.text == "Huawei & AT&T 📵"
    assert [(button.text, button.callback_data) for button in message.buttons] == [("History", "history:huawei-att")]
    assert answer.text_html == "Huawei &amp; <b>AT&amp;T</b> 📵"
    assert (answer.date, answer.chat.type) == (MOMENT, "private")


async def test_every_form_of_a_request_is_read(telegram: Telegram) -> None:
    """JSON, a form, several parts and the address itself are taken alike."""
    url = f"{telegram.base_url}{telegram.token}/sendMessage"
    async with httpx.AsyncClient() as client:
        answers = [
            await client.post(url, json={"chat_id": 1, "text": "12"}),
            await client.post(url, data={"chat_id": "1", "text": "12"}),
            await client.post(url, files={"chat_id": (None, "1"), "text": (None, "12")}),
            await client.get(url, params={"chat_id": "1", "text": "12"}),
        ]

    assert [answer.json()["result"]["text"] for answer in answers] == ["12"] * 4
    assert [call.parameters for call in telegram.transcript] == [{"chat_id": 1, "text": "12"}] * 4


async def test_an_edit_replaces_text_and_buttons(telegram: Telegram, bot: Bot) -> None:
    """An edited message has the new text, and no buttons unless they are sent again."""
    sent = await bot.send_message(42, "rumored", reply_markup=BUTTON)
    await bot.edit_message_text("denied", 42, sent.message_id)

    (message,) = telegram.messages(42)
    assert (message.text, message.buttons) == ("denied", [])


async def test_buttons_are_edited_alone(telegram: Telegram, bot: Bot) -> None:
    """New buttons leave the text as it is."""
    sent = await bot.send_message(42, "rumored")
    await bot.edit_message_reply_markup(42, sent.message_id, reply_markup=BUTTON)

    (message,) = telegram.messages(42)
    assert (message.text, len(message.buttons)) == ("rumored", 1)


async def test_an_edit_that_changes_nothing_is_refused(bot: Bot) -> None:
    """Telegram says so when an edit changes nothing."""
    sent = await bot.send_message(42, "rumored")

    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("rumored", 42, sent.message_id)


async def test_an_edit_of_nothing_is_refused(bot: Bot) -> None:
    """A message that is not there cannot be edited."""
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("rumored", 42, 7)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("AT&T <3", 'Unsupported start tag "" at byte offset 5'),
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("<span>x</span>", 'Unsupported start tag "span" at byte offset 0'),
        ("é<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("é</b>", "Unexpected end tag at byte offset 2"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
    ],
)
async def test_broken_html_is_refused(bot: Bot, source: str, complaint: str) -> None:
    """HTML that Telegram cannot read is refused with its reason."""
    with pytest.raises(BadRequest, match=re.escape(f"can't parse entities: {complaint}".capitalize())):
        await bot.send_message(42, source, parse_mode="HTML")


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("<b>a</b><i>b</i><u>c</u><s>d</s>", ["bold", "italic", "underline", "strikethrough"]),
        ('<a href="https://example.org/?a=1&amp;b=2">a</a>', ["text_link"]),
        ("<blockquote expandable>a</blockquote><code>b</code>", ["blockquote", "code"]),
        ('<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>', ["spoiler", "spoiler"]),
        ("<b></b>a &nbsp; &lt;b&gt;", []),
    ],
)
async def test_good_html_is_read(bot: Bot, source: str, kinds: list[str]) -> None:
    """Every tag of Telegram's HTML makes its entity; unknown references stay as they are."""
    message = await bot.send_message(42, source, parse_mode="HTML")

    assert [entity.type for entity in message.entities] == kinds


async def test_the_limit_counts_what_the_user_reads(telegram: Telegram, bot: Bot) -> None:
    """4096 characters after parsing pass; one more does not."""
    await bot.send_message(42, f"<b>{'a' * 4096}</b>", parse_mode="HTML")
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(42, "a" * 4097)

    assert len(telegram.messages(42)) == 1


async def test_an_empty_message_is_refused(bot: Bot) -> None:
    """Blanks and empty tags are no message."""
    with pytest.raises(BadRequest, match="Message text is empty"):
        await bot.send_message(42, "<b> </b>", parse_mode="HTML")


@pytest.mark.parametrize(("data", "fits"), [("a" * 64, True), ("a" * 65, False), ("é" * 33, False)])
async def test_callback_data_has_64_bytes(telegram: Telegram, bot: Bot, data: str, fits: bool) -> None:
    """The data behind a button is counted in bytes."""
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data=data)]])
    try:
        await bot.send_message(42, "x", reply_markup=keyboard)
    except BadRequest as error:
        assert str(error) == "Button_data_invalid"  # noqa: PT017  the other half of the cases must pass

    assert bool(telegram.messages(42)) == fits


async def test_the_command_menu_is_kept(bot: Bot) -> None:
    """What is set as the command menu is what Telegram shows; a bad name is refused."""
    await bot.set_my_commands([BotCommand("status", "Where a deal stands")])
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Status", "Where a deal stands")])

    assert [command.command for command in await bot.get_my_commands()] == ["status"]


# What users send


async def test_updates_come_again_until_confirmed(telegram: Telegram, bot: Bot) -> None:
    """An update is handed out until a higher offset confirms it."""
    first = await telegram.user_sends(42, "/start")
    second = await telegram.user_sends(42, "/deals")

    assert [u.update_id for u in await bot.get_updates()] == [first, second]
    assert [u.update_id for u in await bot.get_updates(limit=1)] == [first]
    assert [u.update_id for u in await bot.get_updates(offset=second)] == [second]
    assert await bot.get_updates(offset=second + 1) == ()
    await telegram.until_confirmed()


async def test_a_negative_offset_keeps_the_last(telegram: Telegram, bot: Bot) -> None:
    """A negative offset forgets all but the last updates."""
    await telegram.user_sends(42, "/start")
    last = await telegram.user_sends(42, "/deals")

    assert [u.update_id for u in await bot.get_updates(offset=-1)] == [last]
    assert [u.update_id for u in await bot.get_updates()] == [last]


async def test_a_long_poll_ends_with_the_next_update(telegram: Telegram, bot: Bot) -> None:
    """A poll that waits is answered as soon as a user writes."""
    poll = asyncio.create_task(bot.get_updates(timeout=5))
    await telegram.user_sends(42, "/start")

    assert [u.effective_message and u.effective_message.text for u in await poll] == ["/start"]


async def test_a_second_poll_ends_the_first(telegram: Telegram, bot: Bot) -> None:
    """Two instances on one token conflict."""
    first = asyncio.create_task(bot.get_updates(timeout=5))
    await telegram.until_polled()
    async with Bot(telegram.token, base_url=telegram.base_url) as second:
        await second.get_updates()

    with pytest.raises(TelegramError, match="terminated by other getUpdates request"):
        await first


async def test_only_allowed_updates_are_queued(telegram: Telegram, bot: Bot) -> None:
    """The kinds the bot asked for last are the kinds it gets from then on."""
    await bot.get_updates(allowed_updates=["callback_query"])
    await telegram.user_sends(42, "/start")

    assert await bot.get_updates() == ()


async def test_a_dropped_webhook_can_drop_updates(telegram: Telegram, bot: Bot) -> None:
    """Deleting the webhook drops what waits only when asked."""
    await telegram.user_sends(42, "/start")
    await bot.delete_webhook()
    assert len(await bot.get_updates()) == 1
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


async def test_commands_are_marked(telegram: Telegram, bot: Bot) -> None:
    """A command in a message is an entity, counted as Telegram counts."""
    await telegram.user_sends(-1_000_000_000_007, "📵 /status@hearsay_standin_bot huawei-att", user_id=42)

    (update,) = await bot.get_updates()
    assert update.message is not None
    assert list(update.message.parse_entities().values()) == ["/status@hearsay_standin_bot"]
    assert (update.message.chat.type, update.effective_user and update.effective_user.id) == ("supergroup", 42)


async def test_a_pressed_button_is_answered_once(telegram: Telegram, bot: Bot) -> None:
    """A press reaches the bot with its message; its query can be answered once."""
    sent = await bot.send_message(42, "rumored", reply_markup=BUTTON)
    await telegram.user_presses(42, sent.message_id, "history:huawei-att")
    (update,) = await bot.get_updates()

    query = update.callback_query
    assert query is not None
    assert isinstance(query.message, Message)
    assert (query.data, query.message.text) == ("history:huawei-att", "rumored")
    await query.answer()
    with pytest.raises(BadRequest, match="Query is too old"):
        await query.answer()


async def test_a_missing_button_cannot_be_pressed(telegram: Telegram, bot: Bot) -> None:
    """A test cannot press what the user does not see."""
    sent = await bot.send_message(42, "rumored", reply_markup=BUTTON)

    with pytest.raises(AssertionError, match="there is no such button"):
        await telegram.user_presses(42, sent.message_id, "status:huawei-att")


async def test_a_test_can_wait_for_the_answer(telegram: Telegram, bot: Bot) -> None:
    """Waiting for a message ends when the bot sends it."""
    waiting = asyncio.create_task(telegram.sent(42, 2))
    await bot.send_message(42, "one")
    await bot.send_message(42, "two")

    assert [message.text for message in await waiting] == ["one", "two"]


# What goes wrong


async def test_faults_come_in_order_and_end(telegram: Telegram, bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each scripted fault meets one request; then all is well."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    telegram.fail("sendMessage", flooded(7), blocked(), None, migrated(-1_000_000_000_007), unavailable())

    with pytest.raises(RetryAfter) as flood:
        await bot.send_message(42, "x")
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(42, "x")
    await bot.send_message(42, "x")
    with pytest.raises(ChatMigrated) as migration:
        await bot.send_message(-7, "x")
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(42, "x")
    await bot.send_message(42, "x")

    assert flood.value.retry_after == timedelta(seconds=7)
    assert migration.value.new_chat_id == -1_000_000_000_007
    assert len(telegram.calls("sendMessage")) == 6
    assert len(telegram.messages(42)) == 2


@pytest.mark.parametrize(("drop", "count"), [(Drop.BEFORE_APPLYING, 0), (Drop.AFTER_APPLYING, 1)])
async def test_a_connection_drops(telegram: Telegram, bot: Bot, drop: Drop, count: int) -> None:
    """A lost connection leaves the bot in doubt: the message is in the chat or it is not."""
    telegram.fail("sendMessage", drop)
    with pytest.raises(NetworkError):
        await bot.send_message(42, "x")

    assert len(telegram.messages(42)) == count


async def test_another_token_is_refused(telegram: Telegram) -> None:
    """A wrong token opens nothing."""
    with pytest.raises(InvalidToken):
        async with Bot("123:other", base_url=telegram.base_url):
            pass


# What is checked


async def test_a_forbidden_request_fails_the_test() -> None:
    """A method that the stand-in does not play fails the test on leaving."""

    async def roll_dice() -> None:
        async with Telegram() as telegram, Bot(telegram.token, base_url=telegram.base_url) as bot:
            with contextlib.suppress(TelegramError):
                await bot.send_dice(42)

    with pytest.raises(AssertionError, match="sendDice is not played by the stand-in"):
        await roll_dice()


@pytest.mark.parametrize(
    ("method", "parameters", "complaint"),
    [
        ("sendNothing", {}, "sendNothing is no method of the Bot API"),
        ("sendMessage", {"chat_id": 1}, "sendMessage: text is missing"),
        ("sendMessage", {"chat_id": 1, "text": "x", "loud": True}, "sendMessage: loud is not known"),
        ("sendMessage", {"chat_id": True, "text": "x"}, "sendMessage.chat_id is no Integer: True"),
        ("sendMessage", {"chat_id": 1, "text": 7}, "sendMessage.text is no String: 7"),
        ("sendMessage", {"chat_id": 1, "text": "x", "silent": "True"}, "sendMessage.silent is no Boolean: 'True'"),
        ("sendMessage", {"chat_id": 1, "text": "x", "rows": {}}, "sendMessage.rows is no array: {}"),
        ("sendMessage", {"chat_id": 1, "text": "x", "rows": [[3]]}, "sendMessage.rows[0][0] is no Link: 3"),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "rows": [[{"code": "7"}]]},
            "sendMessage.rows[0][0].code is no Integer: '7'",
        ),
        ("getMe", {"now": 1}, "getMe: now is not known"),
    ],
)
def test_the_description_of_the_api_judges(method: str, parameters: dict[str, object], complaint: str) -> None:
    """What the Bot API does not know, misses or knows as another type is named."""
    assert SCHEMA.violations(method, parameters) == [complaint]


def test_the_description_of_the_api_lets_good_requests_pass() -> None:
    """A request by the book has no violations."""
    good = {"chat_id": "@channel", "text": "x", "silent": True, "rows": [[{"url": "x"}, {"code": 1}], []]}

    assert SCHEMA.violations("sendMessage", good) == []


def test_the_real_description_knows_what_is_played() -> None:
    """Every method of the stand-in is a method of the Bot API."""
    schema = Schema.of_corpus()
    if schema is None:
        pytest.skip("HEARSAY_CORPUS does not name a folder with telegram/api.json")

    assert [m for m in Telegram()._methods if "no method" in str(schema.violations(m, {}))] == []
