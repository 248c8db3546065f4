"""What can go wrong between a bot and Telegram.

A fault is met by one request. ``applies`` says whether Telegram does what was asked all the same, ``spoil`` what
becomes of the answer, and ``kind`` names the fault in a table.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from standin.wire import RESET, Answer, Response


class ApiError(Exception):
    """Telegram answers with an error and does nothing."""

    applies = False

    def __init__(self, code: int, description: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    @property
    def kind(self) -> str:
        return f"{self.code} {self.description}"

    def response(self) -> Response:
        """The error as the Bot API writes it."""
        answer = {"ok": False, "error_code": self.code, "description": self.description}
        return json_response(self.code, answer | ({"parameters": self.parameters} if self.parameters else {}))

    def spoil(self, _: Response) -> Answer:
        return self.response()


@dataclass(frozen=True)
class Page:
    """A gateway before Telegram answers with an HTML page; Telegram never sees the request."""

    code: int
    title: str
    applies = False

    @property
    def kind(self) -> str:
        return f"{self.code} as a page"

    def spoil(self, _: Response) -> Answer:
        return Response(self.code, f"<html><h1>{self.code} {self.title}</h1></html>".encode(), _HTML)


class Drop(Enum):
    """The connection is closed without an answer."""

    BEFORE_APPLYING = False
    AFTER_APPLYING = True

    @property
    def applies(self) -> bool:
        return self.value

    @property
    def kind(self) -> str:
        return f"connection closed, {'done' if self.applies else 'not done'}"

    def spoil(self, _: Response) -> Answer:
        return None


class Reset(Enum):
    """The connection is reset (TCP RST) without an answer."""

    BEFORE_APPLYING = False
    AFTER_APPLYING = True

    @property
    def applies(self) -> bool:
        return self.value

    @property
    def kind(self) -> str:
        return f"connection reset, {'done' if self.applies else 'not done'}"

    def spoil(self, _: Response) -> Answer:
        return RESET


class Garbled(Enum):
    """The request is done, but the answer makes no sense."""

    WITHOUT_RESULT = "no result"
    NOT_JSON = "not JSON"
    HALF_BODY = "half a body"

    @property
    def applies(self) -> bool:
        return True

    @property
    def kind(self) -> str:
        return f"answer with {self.value}"

    def spoil(self, response: Response) -> Answer:
        match self:
            case Garbled.WITHOUT_RESULT:
                return json_response(200, {"ok": True})
            case Garbled.NOT_JSON:
                return Response(200, b"<html>Welcome to nginx!</html>", _HTML)
            case Garbled.HALF_BODY:
                return Response(response.status, response.body, response.headers, halved=True)


@dataclass(frozen=True)
class Slow:
    """Telegram takes its time, in real seconds: before it does what was asked, and then before it says so."""

    before: float = 0
    after: float = 0
    applies = True
    kind = "late answer"

    def spoil(self, response: Response) -> Answer:
        return response


Fault = ApiError | Page | Drop | Reset | Garbled | Slow

_HTML = {"content-type": "text/html"}


def json_response(status: int, answer: Mapping[str, Any]) -> Response:
    """An answer in the Bot API's dress."""
    return Response(status, json.dumps(answer).encode(), {"content-type": "application/json"})


# Errors that pass ----------------------------------------------------------------------------------------------------


def flooded(retry_after: int | None) -> ApiError:
    """Too many messages; wait so many seconds. None leaves out how many, as Telegram now and then does."""
    if retry_after is None:
        return ApiError(429, "Too Many Requests: retry later")
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


def unavailable(code: int = 502) -> ApiError:
    """A server error on Telegram's side."""
    return ApiError(code, {500: "Internal Server Error", 502: "Bad Gateway"}.get(code, "Service Unavailable"))


def gateway(code: int = 502) -> Page:
    """A server error of a gateway, which speaks HTML."""
    return Page(code, {502: "Bad Gateway", 504: "Gateway Time-out"}.get(code, "Service Unavailable"))


def too_large() -> Page:
    """The gateway takes no request of that size."""
    return Page(413, "Request Entity Too Large")


# Errors of the token -------------------------------------------------------------------------------------------------


def unauthorized() -> ApiError:
    """The token was revoked."""
    return ApiError(401, "Unauthorized")


def not_found() -> ApiError:
    """The token is none at all, or the method is unknown."""
    return ApiError(404, "Not Found")


def conflict() -> ApiError:
    """A newer request for updates has ended this one."""
    return ApiError(
        409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )


def webhook_active() -> ApiError:
    """Updates go to a webhook."""
    return ApiError(
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )


def webhook_set() -> ApiError:
    """A webhook was set while this request waited for updates."""
    return ApiError(409, "Conflict: terminated by setWebhook request")


# Errors of a chat ----------------------------------------------------------------------------------------------------


def blocked() -> ApiError:
    """The user has blocked the bot."""
    return ApiError(403, "Forbidden: bot was blocked by the user")


def deactivated() -> ApiError:
    """The user's account is gone."""
    return ApiError(403, "Forbidden: user is deactivated")


def never_started() -> ApiError:
    """The user has never written to the bot."""
    return ApiError(403, "Forbidden: bot can't initiate conversation with a user")


def kicked(kind: str = "group") -> ApiError:
    """The bot was thrown out of a "group", "supergroup" or "channel"."""
    return ApiError(403, f"Forbidden: bot was kicked from the {kind} chat")


def not_a_member(kind: str = "channel") -> ApiError:
    """The bot is not in a "group", "supergroup" or "channel"."""
    return ApiError(403, f"Forbidden: bot is not a member of the {kind} chat")


def group_deleted() -> ApiError:
    """The group is no more."""
    return ApiError(403, "Forbidden: the group chat was deleted")


def group_deactivated() -> ApiError:
    """The group is no more, in the words of an older server."""
    return ApiError(400, "Bad Request: group chat was deactivated")


def migrated(new_chat_id: int) -> ApiError:
    """The group became a supergroup with another id."""
    description = "Bad Request: group chat was upgraded to a supergroup chat"
    return ApiError(400, description, {"migrate_to_chat_id": new_chat_id})


def chat_not_found() -> ApiError:
    """There is no such chat, or the bot has never met it."""
    return ApiError(400, "Bad Request: chat not found")


def peer_id_invalid() -> ApiError:
    """There is no such chat, in the words of Telegram's inner servers."""
    return ApiError(400, "Bad Request: PEER_ID_INVALID")


def may_not_send_text() -> ApiError:
    """The administrators let the bot send no text."""
    return ApiError(400, "Bad Request: not enough rights to send text messages to the chat")


def may_not_send() -> ApiError:
    """The administrators let the bot send nothing."""
    return ApiError(400, "Bad Request: have no rights to send a message")


def topic_closed() -> ApiError:
    """The forum's topic takes no messages."""
    return ApiError(400, "Bad Request: TOPIC_CLOSED")


def thread_not_found() -> ApiError:
    """The forum's topic is no more."""
    return ApiError(400, "Bad Request: message thread not found")


# Errors of a message -------------------------------------------------------------------------------------------------


def too_long() -> ApiError:
    """The text has more than 4096 characters."""
    return ApiError(400, "Bad Request: message is too long")


def text_empty() -> ApiError:
    """Nothing is left of the text after parsing."""
    return ApiError(400, "Bad Request: message text is empty")


def button_data_invalid() -> ApiError:
    """The data behind a button is empty or has more than 64 bytes."""
    return ApiError(400, "Bad Request: BUTTON_DATA_INVALID")


def markup_too_long() -> ApiError:
    """There are too many buttons."""
    return ApiError(400, "Bad Request: reply markup is too long")


def unparsable(reason: str = 'Unsupported start tag "p" at byte offset 0') -> ApiError:
    """The text is no good HTML."""
    return ApiError(400, f"Bad Request: can't parse entities: {reason}")


def not_modified() -> ApiError:
    """The edit changes nothing."""
    return ApiError(
        400,
        "Bad Request: message is not modified: specified new message content and reply markup "
        "are exactly the same as a current content and reply markup of the message",
    )


def message_not_found() -> ApiError:
    """There is no message to edit."""
    return ApiError(400, "Bad Request: message to edit not found")
