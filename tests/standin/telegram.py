"""A stand-in for Telegram: the part of the Bot API that Hearsay uses, spoken strictly over HTTP on loopback.

A test plays the users (``user_sends``, ``user_presses``), reads what the bot did (``messages``, ``transcript``) and
scripts what goes wrong (``fail``). Every request is checked: against the Bot API's description where ``HEARSAY_CORPUS``
has it, and always against Telegram's limits. A request that the description forbids fails the test on leaving.
"""

import asyncio
import itertools
import json
import re
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from urllib.parse import unquote

from standin.faults import ApiError, Drop, Fault, Garbled
from standin.markup import EntityError, read_html, utf16_length
from standin.parameters import Upload, read_parameters
from standin.schema import Schema
from standin.updates import UpdateQueue
from standin.wire import HttpServer, Request, Response

PATIENCE = 20.0
"""How many seconds a test waits for something that should come at once."""

TEXT_LENGTH = 4096
"""The longest text, after entities are parsed; counted in UTF-16 units, the strictest reading."""

CAPTION_LENGTH = 1024
FILE_BYTES = 20_000_000
"""What a bot may download (Bot API: getFile)."""
CALLBACK_DATA_BYTES = 64
CALLBACK_ANSWER_LENGTH = 200

_BOT = {"id": 123456, "is_bot": True, "first_name": "Hearsay", "username": "hearsay_standin_bot"}
_COMMAND = re.compile(r"(?<!\S)/\w+(?:@\w+)?")

_T = TypeVar("_T")


@dataclass(frozen=True)
class Call:
    """One request of the bot. ``fault`` is what it met instead of an answer, or None when it was done."""

    method: str
    parameters: Mapping[str, Any]
    fault: Fault | None = None


@dataclass(frozen=True)
class Button:
    """An inline button."""

    text: str
    callback_data: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class BotMessage:
    """A message of the bot as it stands in the chat now.

    ``source`` is what the bot wrote, ``text`` what the user reads, ``entities`` how it looks.
    """

    chat_id: int
    message_id: int
    date: int
    source: str
    text: str
    entities: list[dict[str, object]]
    keyboard: dict[str, Any] | None
    document: Upload | None = None
    """The file it carries; its text is the file's caption then."""

    @property
    def buttons(self) -> list[Button]:
        """The inline buttons, row by row."""
        rows = (self.keyboard or {}).get("inline_keyboard", [])
        return [Button(b["text"], b.get("callback_data"), b.get("url")) for row in rows for b in row]

    def as_json(self) -> dict[str, Any]:
        """The message as the Bot API describes it."""
        keyboard = {"reply_markup": self.keyboard} if self.buttons else {}
        return (
            keyboard
            | self._words_as_json()
            | {"message_id": self.message_id, "date": self.date, "chat": _chat(self.chat_id), "from": _BOT}
        )

    def _words_as_json(self) -> dict[str, Any]:
        if self.document is None:
            return {"text": self.text, "entities": self.entities}
        file = {"file_id": f"sent-{self.message_id}", "file_unique_id": f"unique-{self.message_id}"}
        document = file | {"file_name": self.document.name, "file_size": len(self.document.content)}
        return {"document": document, "caption": self.text, "caption_entities": self.entities}


class _Parameters(dict[str, Any]):
    """Parameters whose absence Telegram would complain of."""

    def __missing__(self, name: str) -> Any:
        raise ApiError(400, f"Bad Request: {name} is empty")


class Telegram:
    """The stand-in, as an asynchronous context manager around one test."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.token = f"{_BOT['id']}:stand-in"
        self.transcript: list[Call] = []
        self.violations: list[str] = []
        self.commands: list[dict[str, str]] = []
        self._clock = clock
        self._schema = Schema.of_corpus()
        self._server = HttpServer(self._answer)
        self._updates = UpdateQueue()
        self._messages: dict[int, dict[int, BotMessage]] = defaultdict(dict)
        self._files: dict[str, bytes] = {}
        self._message_ids = itertools.count(1)
        self._query_ids = itertools.count(1)
        self._open_queries: set[str] = set()
        self._faults: dict[str, deque[Fault | None]] = defaultdict(deque)
        self._called = asyncio.Condition()
        self._methods: dict[str, Callable[[_Parameters], Awaitable[Any]]] = {
            "getMe": self._get_me,
            "getUpdates": self._get_updates,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "getChat": self._get_chat,
            "getFile": self._get_file,
            "sendMessage": self._send_message,
            "sendDocument": self._send_document,
            "sendChatAction": self._send_chat_action,
            "editMessageText": self._edit_message_text,
            "editMessageReplyMarkup": self._edit_message_reply_markup,
            "answerCallbackQuery": self._answer_callback_query,
            "setMyCommands": self._set_my_commands,
            "getMyCommands": self._get_my_commands,
        }

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        await self._server.__aexit__()
        if kind is None:
            assert not self.violations, self.violations

    @property
    def base_url(self) -> str:
        """What python-telegram-bot takes as ``base_url``."""
        return f"{self._server.url}/bot"

    # What users do ---------------------------------------------------------------------------------------------------

    async def user_sends(self, chat_id: int, text: str, user_id: int | None = None) -> int:
        """A user writes to the bot, or into a group. Returns the update's id."""
        commands = [
            {"type": "bot_command", "offset": utf16_length(text[: found.start()]), "length": len(found[0])}
            for found in _COMMAND.finditer(text)
        ]
        message = {
            "message_id": next(self._message_ids),
            "date": self._now(),
            "chat": _chat(chat_id),
            "from": _user(user_id or chat_id),
            "text": text,
            "entities": commands,
        }
        return await self.update("message", message)

    async def user_sends_file(
        self,
        chat_id: int,
        name: str,
        content: bytes,
        user_id: int | None = None,
        *,
        told_size: int | None = None,
    ) -> int:
        """A user sends a file; ``told_size`` is what the message says of its size. Returns the update's id."""
        message_id = next(self._message_ids)
        self._files[f"file-{message_id}"] = content
        document = {
            "file_id": f"file-{message_id}",
            "file_unique_id": f"unique-{message_id}",
            "file_name": name,
            "file_size": len(content) if told_size is None else told_size,
        }
        message = {
            "message_id": message_id,
            "date": self._now(),
            "chat": _chat(chat_id),
            "from": _user(user_id or chat_id),
            "document": document,
        }
        return await self.update("message", message)

    async def user_presses(self, chat_id: int, message_id: int, callback_data: str, user_id: int | None = None) -> int:
        """A user presses a button that the message has now. Returns the update's id."""
        message = self._messages[chat_id][message_id]
        assert callback_data in [button.callback_data for button in message.buttons], "there is no such button"
        query_id = str(next(self._query_ids))
        query = {
            "id": query_id,
            "from": _user(user_id or chat_id),
            "chat_instance": str(chat_id),
            "message": message.as_json(),
            "data": callback_data,
        }
        self._open_queries.add(query_id)
        return await self.update("callback_query", query)

    async def update(self, kind: str, content: Mapping[str, Any]) -> int:
        """Anything else that Telegram could tell the bot. Returns the update's id."""
        return await self._updates.put(kind, content)

    # What the bot did ------------------------------------------------------------------------------------------------

    def messages(self, chat_id: int) -> list[BotMessage]:
        """The bot's messages in a chat, oldest first, as they stand now."""
        return list(self._messages[chat_id].values())

    def calls(self, method: str) -> list[Call]:
        """The requests for one method so far, failed ones included."""
        return [call for call in self.transcript if call.method == method]

    async def sent(self, chat_id: int, count: int = 1) -> list[BotMessage]:
        """The bot's messages in a chat, once there are at least ``count``."""
        await self.until(lambda: len(self._messages[chat_id]) >= count)
        return self.messages(chat_id)

    async def called(self, method: str, count: int = 1) -> list[Call]:
        """The requests for one method, once there are at least ``count``."""
        await self.until(lambda: len(self.calls(method)) >= count)
        return self.calls(method)

    async def until_polled(self) -> None:
        """Wait until the bot has asked for updates."""
        async with asyncio.timeout(PATIENCE):
            await self._updates.polled()

    async def until_confirmed(self) -> None:
        """Wait until the bot has confirmed every update."""
        async with asyncio.timeout(PATIENCE):
            await self._updates.confirmed()

    async def until(self, condition: Callable[[], _T]) -> _T:
        """Wait for a condition that a request of the bot can make true. Looks again after each request."""
        try:
            async with asyncio.timeout(PATIENCE), self._called:
                return await self._called.wait_for(condition)
        except TimeoutError:
            raise AssertionError(f"waited in vain; the last requests were {self.transcript[-5:]}") from None

    # What goes wrong -------------------------------------------------------------------------------------------------

    def fail(self, method: str, *faults: Fault | None) -> None:
        """The next requests for a method meet these faults, one each; None lets one pass."""
        self._faults[method].extend(faults)

    # How it answers --------------------------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Response | None:
        if request.target.startswith("/file/"):
            return self._download(request.target)
        token, _, method = request.target.partition("?")[0].removeprefix("/bot").rpartition("/")
        if token != self.token:
            return _refusal(ApiError(401, "Unauthorized"))
        parameters = read_parameters(request)
        self._judge(method, parameters)
        fault = self._faults[method].popleft() if self._faults[method] else None
        return await self._apply(method, parameters, fault)

    def _download(self, target: str) -> Response:
        token, _, path = unquote(target).removeprefix("/file/bot").partition("/")
        if token != self.token:
            return _refusal(ApiError(401, "Unauthorized"))
        content = self._files.get(path.removeprefix("documents/"))
        return _refusal(ApiError(404, "Not Found")) if content is None else Response(200, content)

    def _judge(self, method: str, parameters: Mapping[str, Any]) -> None:
        if method not in self._methods:
            self.violations.append(f"{method} is not played by the stand-in")
        elif self._schema:
            self.violations += self._schema.violations(method, parameters)

    async def _apply(self, method: str, parameters: dict[str, Any], fault: Fault | None) -> Response | None:
        try:
            if isinstance(fault, ApiError):
                raise fault
            result = None if fault is Drop.BEFORE_APPLYING else await self._do(method, parameters)
        except ApiError as refused:
            await self._record(Call(method, parameters, refused))
            return _refusal(refused)
        await self._record(Call(method, parameters, fault))
        if isinstance(fault, Garbled):
            return _response(200, {"ok": True})
        return None if fault else _response(200, {"ok": True, "result": result})

    async def _do(self, method: str, parameters: dict[str, Any]) -> Any:
        if method not in self._methods:
            raise ApiError(404, "Not Found")
        return await self._methods[method](_Parameters(parameters))

    async def _record(self, call: Call) -> None:
        self.transcript.append(call)
        async with self._called:
            self._called.notify_all()

    def _now(self) -> int:
        return int(self._clock().timestamp())

    # The methods -----------------------------------------------------------------------------------------------------

    async def _get_me(self, _: _Parameters) -> dict[str, Any]:
        return _BOT | {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    async def _get_updates(self, p: _Parameters) -> list[dict[str, Any]]:
        return await self._updates.get(
            p.get("offset", 0), p.get("limit", 100), p.get("timeout", 0), p.get("allowed_updates")
        )

    async def _delete_webhook(self, p: _Parameters) -> bool:
        if p.get("drop_pending_updates"):
            await self._updates.forget()
        return True

    async def _get_webhook_info(self, _: _Parameters) -> dict[str, Any]:
        return {"url": "", "has_custom_certificate": False, "pending_update_count": 0}

    async def _get_chat(self, p: _Parameters) -> dict[str, Any]:
        return _chat(p["chat_id"]) | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _NO_GIFTS}

    async def _send_message(self, p: _Parameters) -> dict[str, Any]:
        text, entities = _formatted(p)
        message = BotMessage(
            p["chat_id"], next(self._message_ids), self._now(), p["text"], text, entities, _keyboard(p)
        )
        self._messages[message.chat_id][message.message_id] = message
        return message.as_json()

    async def _get_file(self, p: _Parameters) -> dict[str, Any]:
        content = self._files.get(p["file_id"])
        if content is None:
            raise ApiError(400, "Bad Request: invalid file_id")
        if len(content) > FILE_BYTES:
            raise ApiError(400, "Bad Request: file is too big")
        return {
            "file_id": p["file_id"],
            "file_unique_id": f"unique-{p['file_id']}",
            "file_size": len(content),
            "file_path": f"documents/{p['file_id']}",
        }

    async def _send_document(self, p: _Parameters) -> dict[str, Any]:
        if not isinstance(p["document"], Upload):
            raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
        if not p["document"].content:
            raise ApiError(400, "Bad Request: file must be non-empty")
        caption = p.get("caption", "")
        if utf16_length(caption) > CAPTION_LENGTH:
            raise ApiError(400, "Bad Request: message caption is too long")
        message = BotMessage(
            p["chat_id"], next(self._message_ids), self._now(), caption, caption, [], _keyboard(p), p["document"]
        )
        self._messages[message.chat_id][message.message_id] = message
        return message.as_json()

    async def _send_chat_action(self, p: _Parameters) -> bool:
        return bool(p["chat_id"] and p["action"])

    async def _edit_message_text(self, p: _Parameters) -> dict[str, Any]:
        text, entities = _formatted(p)
        before = self._message(p)
        return self._edit(
            before, replace(before, source=p["text"], text=text, entities=entities, keyboard=_keyboard(p))
        )

    async def _edit_message_reply_markup(self, p: _Parameters) -> dict[str, Any]:
        before = self._message(p)
        return self._edit(before, replace(before, keyboard=_keyboard(p)))

    def _message(self, p: _Parameters) -> BotMessage:
        message = self._messages[p["chat_id"]].get(p["message_id"])
        if message is None:
            raise ApiError(400, "Bad Request: message to edit not found")
        return message

    def _edit(self, before: BotMessage, after: BotMessage) -> dict[str, Any]:
        if replace(after, source=before.source) == before:
            raise ApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup "
                "are exactly the same as a current content and reply markup of the message",
            )
        self._messages[after.chat_id][after.message_id] = after
        return after.as_json()

    async def _answer_callback_query(self, p: _Parameters) -> bool:
        if p["callback_query_id"] not in self._open_queries:
            raise ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if utf16_length(p.get("text", "")) > CALLBACK_ANSWER_LENGTH:
            raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        self._open_queries.remove(p["callback_query_id"])
        return True

    async def _set_my_commands(self, p: _Parameters) -> bool:
        for command in p["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= utf16_length(command["description"]) <= 256:
                raise ApiError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands = p["commands"]
        return True

    async def _get_my_commands(self, _: _Parameters) -> list[dict[str, str]]:
        return self.commands


_NO_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)


def _chat(chat_id: int) -> dict[str, Any]:
    if chat_id > 0:
        return {"id": chat_id, "type": "private", "first_name": f"User {chat_id}"}
    kind = "supergroup" if chat_id < -1_000_000_000_000 else "group"
    return {"id": chat_id, "type": kind, "title": f"Group {chat_id}"}


def _user(user_id: int) -> dict[str, Any]:
    return {"id": user_id, "is_bot": False, "first_name": f"User {user_id}", "language_code": "en"}


def _formatted(p: _Parameters) -> tuple[str, list[dict[str, object]]]:
    """The text as the user reads it, or the refusal Telegram would give."""
    try:
        text, entities = read_html(p["text"]) if p.get("parse_mode") == "HTML" else (p["text"], [])
    except EntityError as error:
        raise ApiError(400, f"Bad Request: can't parse entities: {error}") from error
    if not text.strip():
        raise ApiError(400, "Bad Request: message text is empty")
    if utf16_length(text) > TEXT_LENGTH:
        raise ApiError(400, "Bad Request: message is too long")
    return text, entities


def _keyboard(p: _Parameters) -> dict[str, Any] | None:
    keyboard: dict[str, Any] | None = p.get("reply_markup")
    for button in itertools.chain.from_iterable((keyboard or {}).get("inline_keyboard", [])):
        if len(button.keys() - {"text", "style", "icon_custom_emoji_id"}) != 1:
            raise ApiError(400, "Bad Request: text buttons are unallowed in the inline keyboard")
        if not 1 <= len(button.get("callback_data", "-").encode()) <= CALLBACK_DATA_BYTES:
            raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return keyboard


def _refusal(refused: ApiError) -> Response:
    answer = {"ok": False, "error_code": refused.code, "description": refused.description}
    return _response(refused.code, answer | ({"parameters": refused.parameters} if refused.parameters else {}))


def _response(status: int, answer: Mapping[str, Any]) -> Response:
    return Response(status, json.dumps(answer).encode(), {"content-type": "application/json"})
