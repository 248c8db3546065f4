"""A stand-in for Telegram: the part of the Bot API that Hearsay uses, spoken strictly over HTTP on loopback.

A test plays the users (``user_sends``, ``user_presses``, ``block``, ``migrate``), reads what the bot did (``messages``,
``transcript``, ``traffic``) and scripts what goes wrong (``fail``, ``fail_when``, ``down``). Every request is checked:
against the Bot API's description where ``HEARSAY_CORPUS`` has it, and always against Telegram's rules for what a
message may hold. A request that the description forbids fails the test on leaving.
"""

import asyncio
import itertools
import re
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from urllib.parse import unquote

from leaks import TOKEN

from standin.bell import Bell
from standin.chats import BOT, BotMessage, Button, Chats, chat_json, shut_out, user_json
from standin.faults import ApiError, Fault, Slow, json_response, migrated, not_found, unauthorized
from standin.limits import STRICT, Limits, Traffic
from standin.markup import utf16_length
from standin.methods import Methods
from standin.parameters import read_parameters
from standin.schema import Schema
from standin.updates import UpdateQueue
from standin.wire import Answer, HttpServer, Request, Response

__all__ = ["BotMessage", "Button", "Call", "Telegram"]

PATIENCE = 20.0
"""How many seconds a test waits for something that should come at once."""

LIMITS: Limits | None = STRICT
"""What a test gets that names no limits."""

_COMMAND = re.compile(r"(?<!\S)/\w+(?:@\w+)?")
_NOTHING = Response(204)

_T = TypeVar("_T")


@dataclass(frozen=True)
class Call:
    """One request of the bot. ``fault`` is what it met instead of an answer, or None when it was done."""

    method: str
    parameters: Mapping[str, Any]
    fault: Fault | None = None
    at: float = 0
    """The ticker's seconds when it came."""
    answered_at: float = 0
    """The ticker's seconds when its answer left, or its connection was cut."""


Script = Callable[[str, Mapping[str, Any]], Fault | None]


class Telegram:
    """The stand-in, as an asynchronous context manager around one test.

    ``clock`` dates messages and lets updates grow old. ``ticker`` counts the seconds that ``limits`` are about and that
    the transcript names. Without limits (None) everything passes.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticker: Callable[[], float] = time.monotonic,
        limits: Limits | None = LIMITS,
    ) -> None:
        self.token = TOKEN
        self.language = "en"
        """Of the app of every user."""
        self.transcript: list[Call] = []
        """Every request with the right token, in the order in which they were answered."""
        self.violations: list[str] = []
        self.judged = 0
        """How many requests were held against the Bot API's description; 0 where there is none."""
        self.traffic = Traffic(limits, ticker)
        """What went out, and what the limits refused."""
        self._clock = clock
        self._ticker = ticker
        self._schema = Schema.of_corpus()
        self._server = HttpServer(self._answer)
        self._updates = UpdateQueue(clock)
        self._chats = Chats()
        self._methods = Methods(self._chats, self._updates, self.traffic, clock)
        self._query_ids = itertools.count(1)
        self._faults: defaultdict[str, deque[Fault | None]] = defaultdict(deque)
        self._script: Script | None = None
        self._calls: defaultdict[str, list[Call]] = defaultdict(list)
        self._bell = Bell()

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(self, _: object, error: BaseException | None, *__: object) -> None:
        await self._server.__aexit__()
        if error is None:
            assert not self.violations, self.violations
        elif self.violations:
            error.add_note(f"The bot broke the rules of the Bot API too: {self.violations}")

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
        return await self._says(chat_id, user_id, text=text, entities=commands)

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
        number = len(self._methods.files) + 1
        self._methods.files[f"file-{number}"] = content
        document = {
            "file_id": f"file-{number}",
            "file_unique_id": f"unique-{number}",
            "file_name": name,
            "file_size": len(content) if told_size is None else told_size,
        }
        return await self._says(chat_id, user_id, document=document)

    async def user_forwards(self, chat_id: int, channel_id: int, text: str) -> int:
        """A user forwards a channel's post to the bot. Returns the update's id."""
        origin = {"type": "channel", "date": self._now(), "chat": chat_json(channel_id), "message_id": 1}
        return await self._says(chat_id, None, text=text, forward_origin=origin)

    async def user_presses(self, chat_id: int, message_id: int, callback_data: str, user_id: int | None = None) -> int:
        """A user presses a button that the message has now. Returns the update's id."""
        message = self._chats[chat_id][message_id]
        assert callback_data in [button.callback_data for button in message.buttons], "there is no such button"
        query_id = str(next(self._query_ids))
        query = {
            "id": query_id,
            "from": user_json(user_id or chat_id, self.language),
            "chat_instance": str(chat_id),
            "message": self._chats.under_a_press(message),
            "data": callback_data,
        }
        self._methods.open_queries.add(query_id)
        return await self.update("callback_query", query)

    def replace_file(self, number: int, content: bytes) -> None:
        """A user exchanges a file, counted from 1, for another one. No update tells the bot."""
        self._methods.files[f"file-{number}"] = content

    def user_deletes(self, chat_id: int) -> None:
        """A user deletes all that users have written in a chat. No update tells the bot."""
        self._chats.written[chat_id].clear()

    async def block(self, chat_id: int, user_id: int | None = None) -> int:
        """A user blocks the bot, or throws it out of a group: no message gets there, until :meth:`unblock`."""
        self._chats.refuse(chat_id, shut_out(chat_id))
        return await self._membership_changes(chat_id, user_id, "member", "kicked")

    async def unblock(self, chat_id: int, user_id: int | None = None) -> int:
        """A user lets the bot in again. Returns the update's id."""
        self._chats.accept(chat_id)
        return await self._membership_changes(chat_id, user_id, "kicked", "member")

    async def migrate(self, old: int, new: int, user_id: int = 1) -> None:
        """A group becomes a supergroup: both chats say so, and nothing gets to the old one any more."""
        self._chats.refuse(old, migrated(new))
        await self._says(old, user_id, migrate_to_chat_id=new)
        await self._says(new, user_id, migrate_from_chat_id=old)

    def refuse(self, chat_id: int, why: ApiError) -> None:
        """Whatever the bot writes to a chat meets this error, until :meth:`accept`. No update tells the bot."""
        self._chats.refuse(chat_id, why)

    def accept(self, chat_id: int) -> None:
        """Let the bot write to a chat again. No update tells the bot."""
        self._chats.accept(chat_id)

    async def update(self, kind: str, content: Mapping[str, Any]) -> int:
        """Anything else that Telegram could tell the bot. Returns the update's id."""
        return self._updates.put(kind, content)

    async def _says(self, chat_id: int, user_id: int | None, **content: Any) -> int:
        about = {"message_id": next(self._chats.message_ids), "date": self._now(), "chat": chat_json(chat_id)}
        message = about | {"from": user_json(user_id or chat_id, self.language)} | content
        self._chats.written[chat_id][about["message_id"]] = message
        return await self.update("message", message)

    async def _membership_changes(self, chat_id: int, user_id: int | None, old: str, new: str) -> int:
        change = {"chat": chat_json(chat_id), "from": user_json(user_id or chat_id, self.language), "date": self._now()}
        return await self.update(
            "my_chat_member", change | {"old_chat_member": _member(old), "new_chat_member": _member(new)}
        )

    # How updates get to the bot --------------------------------------------------------------------------------------

    def restart_ids(self, at: int) -> None:
        """Number the next updates from here, as Telegram does after a quiet week; at a lower number too."""
        self._updates.restart_ids(at)

    def redeliver(self, *update_ids: int) -> None:
        """Hand updates out once more with the next answer, though the bot has confirmed them."""
        self._updates.redeliver(*update_ids)

    @property
    def webhook(self) -> str:
        """Where updates go instead of to polls, which then meet 409; "" for none. deleteWebhook ends it."""
        return self._updates.webhook

    @webhook.setter
    def webhook(self, url: str) -> None:
        self._updates.webhook = url

    # What the bot did ------------------------------------------------------------------------------------------------

    @property
    def commands(self) -> list[dict[str, str]]:
        """The command menu."""
        return self._methods.commands

    @property
    def members(self) -> dict[tuple[int, int], str]:
        """What users are in chats (``member``, ``left`` …), by chat and user; an admin where nothing is set."""
        return self._methods.members

    @property
    def rights(self) -> dict[tuple[int, int], dict[str, bool]]:
        """The rights of administrators that are other than usual, by chat and user."""
        return self._methods.rights

    @property
    def usernames(self) -> dict[str, int]:
        """The channels that are public, by their names without @."""
        return self._methods.usernames

    def messages(self, chat_id: int) -> list[BotMessage]:
        """The bot's messages in a chat, oldest first, as they stand now."""
        return list(self._chats[chat_id].values())

    def calls(self, method: str) -> list[Call]:
        """The requests for one method so far, failed ones included."""
        return list(self._calls[method])

    async def sent(self, chat_id: int, count: int = 1) -> list[BotMessage]:
        """The bot's messages in a chat, once there are at least ``count``."""
        await self.until(lambda: len(self._chats[chat_id]) >= count)
        return self.messages(chat_id)

    async def called(self, method: str, count: int = 1) -> list[Call]:
        """The requests for one method, once there are at least ``count``."""
        await self.until(lambda: len(self._calls[method]) >= count)
        return self.calls(method)

    async def until_polled(self) -> None:
        """Wait until the bot has asked for updates."""
        await _patiently(self._updates.polled(), lambda: "nobody asked for updates")

    async def until_confirmed(self) -> None:
        """Wait until the bot has confirmed every update."""
        await _patiently(self._updates.confirmed(), lambda: f"{self._updates.pending} updates were not confirmed")

    async def until(self, condition: Callable[[], _T]) -> _T:
        """Wait for a condition that a request of the bot can make true. Looks again after each request."""
        return await _patiently(self._bell.until(condition), lambda: f"the last requests were {self.transcript[-5:]}")

    # What goes wrong -------------------------------------------------------------------------------------------------

    def fail(self, method: str, *faults: Fault | None) -> None:
        """The next requests for a method meet these faults, one each; None lets one pass."""
        self._faults[method].extend(faults)

    def fail_when(self, script: Script | None) -> None:
        """From now on every request meets what ``script(method, parameters)`` returns: a fault, or None to let it pass.

        What :meth:`fail` has in store for a request goes first. No script (None) ends it.
        """
        self._script = script

    async def go_down(self) -> None:
        """Cut every connection and refuse new ones. What users do meanwhile waits for the bot."""
        await self._server.go_down()

    async def come_back(self) -> None:
        """Take connections again, at the same address."""
        await self._server.come_back()

    @asynccontextmanager
    async def down(self) -> AsyncIterator[None]:
        """Not there for the length of a block."""
        await self.go_down()
        try:
            yield
        finally:
            await self.come_back()

    # How it answers --------------------------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Answer:
        at = self._ticker()
        if request.target.startswith("/file/"):
            return self._download(request.target)
        token, _, method = request.target.partition("?")[0].removeprefix("/bot").rpartition("/")
        if token != self.token:
            return unauthorized().response()
        parameters = read_parameters(request)
        self._judge(method, parameters)
        return await self._meet(Call(method, parameters, self._fault(method, parameters), at), request)

    def _download(self, target: str) -> Response:
        token, _, path = unquote(target).removeprefix("/file/bot").partition("/")
        if token != self.token:
            return unauthorized().response()
        content = self._methods.files.get(path.removeprefix("documents/"))
        return not_found().response() if content is None else Response(200, content)

    def _judge(self, method: str, parameters: Mapping[str, Any]) -> None:
        if method not in self._methods.played:
            self.violations.append(f"{method} is not played by the stand-in")
        elif self._schema:
            self.judged += 1
            self.violations += self._schema.violations(method, parameters)

    def _fault(self, method: str, parameters: Mapping[str, Any]) -> Fault | None:
        if self._faults[method]:
            return self._faults[method].popleft()
        return self._script(method, parameters) if self._script else None

    async def _meet(self, call: Call, request: Request) -> Answer:
        if isinstance(call.fault, Slow):
            await asyncio.sleep(call.fault.before)
        call, response = await self._apply(call, request)
        try:
            if isinstance(call.fault, Slow):
                self._bell.ring()
                await asyncio.sleep(call.fault.after)
        finally:  # also when the connection is cut meanwhile: what was done belongs into the transcript
            self._record(replace(call, answered_at=self._ticker()))
        return call.fault.spoil(response) if call.fault else response

    async def _apply(self, call: Call, request: Request) -> tuple[Call, Response]:
        if call.fault and not call.fault.applies:
            return call, _NOTHING
        try:
            result = await self._methods.call(call.method, dict(call.parameters))
        except ApiError as refused:
            return replace(call, fault=call.fault or refused.with_traceback(None)), refused.response()
        if call.method == "getUpdates" and not call.fault and not request.gone():
            self._updates.delivered(result)
        return call, json_response(200, {"ok": True, "result": result})

    def _record(self, call: Call) -> None:
        self.transcript.append(call)
        self._calls[call.method].append(call)
        self._bell.ring()

    def _now(self) -> int:
        return int(self._clock().timestamp())


async def _patiently(waiting: Awaitable[_T], what: Callable[[], str]) -> _T:
    try:
        async with asyncio.timeout(PATIENCE):
            return await waiting
    except TimeoutError:
        raise AssertionError(f"waited in vain: {what()}") from None


def _member(status: str) -> dict[str, Any]:
    return {"status": status, "user": BOT} | ({"until_date": 0} if status == "kicked" else {})
