"""The terminal in Telegram's place."""

from io import StringIO

from rich.console import Console
from telegram import Bot

from bot.terminal import CHAT, TOKEN, TerminalWire


async def test_a_file_is_printed_with_its_name() -> None:
    """What would be a document in Telegram is its name, its text and its caption."""
    printed = StringIO()
    wire = TerminalWire(Console(file=printed, width=80), lambda: 0.0, first_update=1)
    async with Bot(TOKEN, request=wire, get_updates_request=wire) as bot:
        await bot.send_document(CHAT, b'<opml a="[b]"/>', caption="2 feeds", filename="feeds.opml")
    assert printed.getvalue().split() == ["(feeds.opml)", "<opml", 'a="[b]"/>', "2", "feeds"]


async def test_a_message_comes_back_as_it_was_read() -> None:
    """A pressed button's message has the words without markup, as Telegram gives them."""
    wire = TerminalWire(Console(file=StringIO(), width=80), lambda: 0.0, first_update=1)
    async with Bot(TOKEN, request=wire, get_updates_request=wire) as bot:
        sent = await bot.send_message(CHAT, "<code>https://a.example/?a=1&amp;b=2</code>", parse_mode="HTML")
    assert sent.text == "https://a.example/?a=1&b=2"
