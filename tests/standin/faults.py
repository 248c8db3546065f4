"""What can go wrong between a bot and Telegram."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any


class ApiError(Exception):
    """Telegram answers with an error and does nothing."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class Drop(Enum):
    """The connection is closed without an answer."""

    BEFORE_APPLYING = auto()
    AFTER_APPLYING = auto()


class Garbled(Enum):
    """The request is done, but the answer makes no sense."""

    WITHOUT_RESULT = auto()


Fault = ApiError | Drop | Garbled


def flooded(retry_after: int) -> ApiError:
    """Too many messages; wait so many seconds."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


def blocked() -> ApiError:
    """The user has blocked the bot."""
    return ApiError(403, "Forbidden: bot was blocked by the user")


def migrated(new_chat_id: int) -> ApiError:
    """The group became a supergroup with another id."""
    description = "Bad Request: group chat was upgraded to a supergroup chat"
    return ApiError(400, description, {"migrate_to_chat_id": new_chat_id})


def unavailable(code: int = 502) -> ApiError:
    """A server error on Telegram's side."""
    return ApiError(code, {500: "Internal Server Error", 502: "Bad Gateway"}.get(code, "Service Unavailable"))
