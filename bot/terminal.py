"""The terminal in Telegram's place: a wire that speaks the Bot API to the application and plain text to a person.

Everything above the wire is the application as it runs with Telegram: the same bot, inbox, handlers and courier. A
typed line becomes an update; a message is printed, its buttons numbered; a typed number presses that button.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import count
from threading import Thread
from typing import Any, Final

from rich.console import Console
from rich.text import Text
from telegram.request import BaseRequest, RequestData

CHAT: Final = 1
"""The id of the one chat, and of the one user, at the terminal."""
TOKEN: Final = "1:terminal"  # noqa: S105 (not a secret: it goes nowhere)
INDENT: Final = "  "
"""Sets what the bot says apart from what is typed."""
_USER: Final = {"id": CHAT, "is_bot": False, "first_name": "You"}
_CHAT: Final = {"id": CHAT, "type": "private", "first_name": "You"}
_BOT: Final = {"id": 1, "is_bot": True, "first_name": "Hearsay", "username": "hearsay_bot"}
_QUIT: Final = frozenset({"/quit", "/exit"})


@dataclass(frozen=True, slots=True)
class _Pressable:
    label: str
    data: str
    message: dict[str, Any]


class TerminalWire(BaseRequest):
    """Answers the Bot API's methods from a console. ``epoch`` gives Unix seconds for the dates of messages."""

    def __init__(self, console: Console, epoch: Callable[[], float], first_update: int) -> None:
        self._console = console
        self._epoch = epoch
        self._updates: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._update_ids = count(first_update)
        self._message_ids = count(1)
        self._numbers = count(1)
        self._buttons: dict[int, _Pressable] = {}
        self.quit = asyncio.Event()
        """Set when the person types /quit."""
        self._handed_out = False

    def type(self, line: str) -> None:
        """Take one line of input."""
        text = line.strip()
        if text in _QUIT:
            self.quit.set()
        elif text.isdigit() and (button := self._buttons.get(int(text))):
            self._press(button)
        elif text.isdigit():
            self._console.print(f"There is no button {text}.")
        elif text:
            self._say(text)

    async def taken(self) -> None:
        """Wait until everything typed so far is in the program's inbox."""
        await self._updates.join()

    @property
    def read_timeout(self) -> float | None:
        """Nothing times out here."""
        return None

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self,
        url: str,
        method: str,  # noqa: ARG002 (interface)
        request_data: RequestData | None = None,
        *_: Any,
        **__: Any,
    ) -> tuple[int, bytes]:
        """Answer one call of the Bot API."""
        name = url.rsplit("/", 1)[-1]
        parameters = _parameters(request_data) if request_data else {}
        answer = _METHODS.get(name)
        if answer is None:
            return 404, json.dumps({"ok": False, "error_code": 404, "description": f"Not Found: {name}"}).encode()
        return 200, json.dumps({"ok": True, "result": await answer(self, parameters)}).encode()

    async def _get_me(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return _BOT

    async def _acknowledge(self, _: Mapping[str, Any]) -> bool:
        return True

    async def _get_updates(self, _: Mapping[str, Any]) -> list[dict[str, Any]]:
        # Who asks for the next update has kept the one before.
        if self._handed_out:
            self._updates.task_done()
        update = await self._updates.get()
        self._handed_out = True
        return [update]

    async def _send_message(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return self._show(parameters, next(self._message_ids))

    async def _send_document(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name, content, _ = parameters["document"]
        self._console.print(f"({name})", style="italic", highlight=False)
        self._console.print(content.decode(errors="replace"), markup=False, highlight=False, soft_wrap=True)
        return self._show({"text": parameters["caption"]}, next(self._message_ids))

    async def _send_photo(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._console.print("(a picture, which Telegram would show here)", style="italic", highlight=False)
        return self._show({**parameters, "text": parameters["caption"]}, next(self._message_ids))

    async def _edit_message(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return self._show(parameters, parameters["message_id"])

    async def _answer_callback(self, parameters: Mapping[str, Any]) -> bool:
        if parameters.get("text"):
            self._console.print(f"({parameters['text']})", style="italic")
        return True

    def _say(self, text: str) -> None:
        message = self._message(next(self._message_ids), _USER, text)
        if text.startswith("/"):
            message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        self._updates.put_nowait({"update_id": next(self._update_ids), "message": message})

    def _press(self, button: _Pressable) -> None:
        update_id = next(self._update_ids)
        query = {
            "id": str(update_id),
            "from": _USER,
            "chat_instance": "terminal",
            "data": button.data,
            "message": button.message,
        }
        self._updates.put_nowait({"update_id": update_id, "callback_query": query})

    def _show(self, parameters: Mapping[str, Any], message_id: int) -> dict[str, Any]:
        text = _readable(parameters["text"]) if parameters.get("parse_mode") else Text(parameters["text"])
        message = self._message(message_id, _BOT, text.plain)
        self._print(text, parameters, message)
        return message

    def _message(self, message_id: int, sender: Mapping[str, Any], text: str) -> dict[str, Any]:
        return {
            "message_id": message_id,
            "date": int(self._epoch()),
            "chat": _CHAT,
            "from": sender,
            "text": text,
        }

    def _print(self, text: Text, parameters: Mapping[str, Any], message: dict[str, Any]) -> None:
        for row in _rows(parameters.get("reply_markup")):
            text.append("\n")
            for button in row:
                number = next(self._numbers)
                self._buttons[number] = _Pressable(button["text"], button["callback_data"], message)
                text.append(f"[{number}] {button['text']}  ", style="cyan")
        for line in text.wrap(self._console, self._console.width - len(INDENT)):
            self._console.print(INDENT, line, sep="", highlight=False)
        self._console.print()


_METHODS: Final[Mapping[str, Callable[[TerminalWire, Mapping[str, Any]], Any]]] = {
    "getMe": TerminalWire._get_me,  # noqa: SLF001 (the table of this class's own answers)
    "getUpdates": TerminalWire._get_updates,  # noqa: SLF001
    "deleteWebhook": TerminalWire._acknowledge,  # noqa: SLF001
    "setMyCommands": TerminalWire._acknowledge,  # noqa: SLF001
    "sendMessage": TerminalWire._send_message,  # noqa: SLF001
    "sendDocument": TerminalWire._send_document,  # noqa: SLF001
    "sendPhoto": TerminalWire._send_photo,  # noqa: SLF001
    "editMessageText": TerminalWire._edit_message,  # noqa: SLF001
    "answerCallbackQuery": TerminalWire._answer_callback,  # noqa: SLF001
}


async def read_input(wire: TerminalWire, handled: Callable[[], Awaitable[None]]) -> None:
    """Hand every line of standard input to the wire; return at its end (at once where there is no input).

    ``handled`` waits until what was handed out is handled.
    """
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str | None]()

    def read() -> None:
        # A thread, because a pipe, a file, a terminal and nothing at all can stand here; a daemon, because nobody can
        # interrupt a read and it must not keep the program from ending.
        with suppress(RuntimeError):  # the loop was closed while the thread was reading
            for line in sys.stdin or ():
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)

    Thread(target=read, daemon=True).start()
    while (line := await lines.get()) is not None:
        wire.type(line)
        await wire.taken()
        await handled()  # a piped script may press a button of the answer before


def _parameters(request: RequestData) -> Mapping[str, Any]:
    """The call's parameters; a file is its name, its content and its type."""
    return {**request.parameters, **(request.multipart_data or {})}


def _rows(markup: Any) -> list[list[dict[str, str]]]:
    if not markup:
        return []
    keyboard = json.loads(markup) if isinstance(markup, str) else markup
    rows: list[list[dict[str, str]]] = keyboard["inline_keyboard"]
    return rows


class _Readable(HTMLParser):
    """Telegram's HTML as styled text; a link is followed by its address."""

    STYLES: Final = {"b": "bold", "i": "italic", "code": "bold cyan"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = Text()
        self._styles: list[str] = []
        self._address = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._styles.append(self.STYLES.get(tag, ""))
        if tag == "a":
            self._address = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        self._styles.pop()
        if tag == "a":
            self.text.append(f" <{self._address}>", style="dim")

    def handle_data(self, data: str) -> None:
        self.text.append(data, style=" ".join(filter(None, self._styles)))


def _readable(html: str) -> Text:
    parser = _Readable()
    parser.feed(html)
    parser.close()
    return parser.text
