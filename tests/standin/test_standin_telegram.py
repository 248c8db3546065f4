import asyncio
import contextlib
from datetime import UTC, datetime

import httpx
import pytest
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.error import BadRequest, InvalidToken, TelegramError

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


@pytest.mark.parametrize(
    ("rows", "fits"), [([8] * 12 + [4], True), ([8] * 12 + [5], False), ([9], False)], ids=["100", "101", "9 in a row"]
)
async def test_a_keyboard_has_a_hundred_buttons(telegram: Telegram, bot: Bot, rows: list[int], fits: bool) -> None:
    """Eight in a row and a hundred in all fit under a message."""
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="x")] * row for row in rows])
    with contextlib.nullcontext() if fits else pytest.raises(BadRequest, match="Reply markup is too long"):
        await bot.send_message(42, "x", reply_markup=keyboard)

    assert bool(telegram.messages(42)) == fits


@pytest.mark.parametrize(("url", "fits"), [("https://example.org", True), ("example", False)])
async def test_a_button_leads_somewhere(telegram: Telegram, bot: Bot, url: str, fits: bool) -> None:
    """The address behind a button is one of the web's, or of Telegram's own."""
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("x", url=url)]])
    with contextlib.nullcontext() if fits else pytest.raises(BadRequest, match="is invalid"):
        await bot.send_message(42, "x", reply_markup=keyboard)

    assert bool(telegram.messages(42)) == fits


async def test_a_caption_has_1024_characters(telegram: Telegram, bot: Bot) -> None:
    """It is counted after parsing too."""
    await bot.send_document(42, b"x", caption=f"<b>{'a' * 1024}</b>", parse_mode="HTML")
    with pytest.raises(BadRequest, match="caption is too long"):
        await bot.send_document(42, b"x", caption="a" * 1025)

    assert [len(message.text) for message in telegram.messages(42)] == [1024]


async def test_another_markup_is_refused(bot: Bot) -> None:
    """The stand-in reads HTML, in either case of the word, and nothing else."""
    await bot.send_message(42, "<b>x</b>", parse_mode="html")
    with pytest.raises(BadRequest, match="Unsupported parse_mode"):
        await bot.send_message(42, "*x*", parse_mode="MarkdownV2")


async def test_the_command_menu_is_kept(bot: Bot) -> None:
    """What is set as the command menu is what Telegram shows; a bad name is refused."""
    await bot.set_my_commands([BotCommand("status", "Where a deal stands")])
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Status", "Where a deal stands")])

    assert [command.command for command in await bot.get_my_commands()] == ["status"]


# What users send


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


async def test_an_answer_to_a_press_has_200_characters(telegram: Telegram, bot: Bot) -> None:
    """A longer one is refused, and the press can still be answered."""
    sent = await bot.send_message(42, "rumored", reply_markup=BUTTON)
    await telegram.user_presses(42, sent.message_id, "history:huawei-att")
    query = (await bot.get_updates())[0].callback_query
    assert query is not None
    with pytest.raises(BadRequest, match="Message_too_long"):
        await query.answer("a" * 201)
    assert await query.answer("a" * 200)


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


async def test_a_violation_is_told_beside_another_failure() -> None:
    """A test that fails anyway says what the bot did wrong besides."""

    async def roll_dice() -> None:
        async with Telegram() as telegram, Bot(telegram.token, base_url=telegram.base_url) as bot:
            await bot.send_dice(42)

    with pytest.raises(TelegramError) as failure:
        await roll_dice()
    assert "sendDice is not played by the stand-in" in failure.value.__notes__[0]


async def test_every_request_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request is held against the description, if there is one, and counted."""
    monkeypatch.setattr(Schema, "of_corpus", lambda: SCHEMA)
    async with Telegram() as telegram:
        url = f"{telegram.base_url}{telegram.token}/sendMessage"
        async with httpx.AsyncClient() as client:
            await client.post(url, json={"chat_id": 1, "text": "x"})
            await client.post(url, json={"chat_id": 1, "text": "x", "loud": True})
        assert (telegram.judged, telegram.violations) == (2, ["sendMessage: loud is not known"])
        telegram.violations.clear()


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


@pytest.mark.usefixtures("corpus")
def test_the_real_description_knows_what_is_played() -> None:
    """Every method of the stand-in is a method of the Bot API."""
    schema = Schema.of_corpus()
    assert schema is not None
    assert [m for m in Telegram()._methods.played if "no method" in str(schema.violations(m, {}))] == []
