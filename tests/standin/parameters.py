"""The parameters of a Bot API request, in each of the forms in which Telegram takes them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from standin.wire import Request

_TEXTUAL = frozenset(
    ("text", "parse_mode", "callback_query_id", "language_code", "url", "action", "caption", "inline_query_id")
)
"""Parameters that are text whatever they look like; everything else in a form is JSON if it can be."""


@dataclass(frozen=True)
class Upload:
    """A file that came with a request."""

    name: str
    content: bytes


def read_parameters(request: Request) -> dict[str, Any]:
    """The parameters of the address and of the body: JSON, URL-encoded or multipart."""
    in_address = parse_qsl(urlsplit(request.target).query, keep_blank_values=True)
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/json"):
        return {**_decoded(in_address), **json.loads(request.body)}
    if content_type.startswith("multipart/form-data"):
        return _decoded(in_address + _multipart(content_type, request.body))
    return _decoded(in_address + parse_qsl(request.body.decode(), keep_blank_values=True))


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str | Upload]]:
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=policy.HTTP)
    return [
        (str(part.get_param("name", header="content-disposition")), _content(part)) for part in message.iter_parts()
    ]


def _content(part: EmailMessage) -> str | Upload:
    name, content = part.get_filename(), part.get_payload(decode=True)
    return Upload(name, content) if name else content.decode()  # UTF-8 without being told (RFC 7578, 5.1.2)


def _decoded(form: Iterable[tuple[str, str | Upload]]) -> dict[str, Any]:
    return {name: value if name in _TEXTUAL else _json_or_text(value) for name, value in form}


def _json_or_text(value: str | Upload) -> Any:
    try:
        return value if isinstance(value, Upload) else json.loads(value)
    except ValueError:
        return value
