"""What a request wants to put into a chat, and whether Telegram would take it."""

import itertools
from typing import Any
from urllib.parse import urlsplit

from standin.faults import ApiError, button_data_invalid, markup_too_long, text_empty, too_long, unparsable
from standin.markup import EntityError, read_html, trim, utf16_length
from standin.parameters import Upload

TEXT_LENGTH = 4096
"""The longest text, after entities are parsed; counted in UTF-16 units, the strictest reading."""

CAPTION_LENGTH = 1024
CALLBACK_DATA_BYTES = 64
CALLBACK_ANSWER_LENGTH = 200
INLINE_ID_BYTES = 64
PHOTO_BYTES = 10_000_000
BUTTONS = 100
"""In one message; Telegram documents no number, its servers refuse more."""
BUTTONS_IN_A_ROW = 8

Words = tuple[str, list[dict[str, Any]]]


class Parameters(dict[str, Any]):
    """Parameters whose absence Telegram would complain of."""

    def __missing__(self, name: str) -> Any:
        raise ApiError(400, f"Bad Request: {name} is empty")

    @property
    def chat_id(self) -> int:
        """The chat, by number: the stand-in knows nobody by @name."""
        try:
            return int(self["chat_id"])
        except ValueError:
            raise ApiError(400, "Bad Request: chat not found") from None


def text_of(p: Parameters) -> Words:
    """The text as the user reads it, and its entities; or the refusal that Telegram would give."""
    text, entities = _words(p, p["text"], "entities")
    if not text:
        raise text_empty()
    if utf16_length(text) > TEXT_LENGTH:
        raise too_long()
    return text, entities


def caption_of(p: Parameters) -> Words:
    """The caption of a file, likewise; it may be empty."""
    caption, entities = _words(p, p.get("caption", ""), "caption_entities")
    if utf16_length(caption) > CAPTION_LENGTH:
        raise ApiError(400, "Bad Request: message caption is too long")
    return caption, entities


def _words(p: Parameters, source: str, entities: str) -> Words:
    mode = p.get("parse_mode", "").lower()
    if mode not in ("", "html"):
        raise ApiError(400, "Bad Request: unsupported parse_mode")
    try:
        return read_html(source) if mode else trim(source, p.get(entities, []))
    except EntityError as error:
        raise unparsable(str(error)) from error


def document_of(p: Parameters) -> Upload:
    """The file that comes with a request."""
    if not isinstance(p["document"], Upload):
        raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
    if not p["document"].content:
        raise ApiError(400, "Bad Request: file must be non-empty")
    return p["document"]


def photo_of(p: Parameters) -> Upload:
    """The picture that comes with a request; every one of Hearsay's is a PNG."""
    photo = p["photo"]
    if not isinstance(photo, Upload):
        raise ApiError(400, "Bad Request: wrong file identifier/HTTP URL specified")
    if not photo.content.startswith(b"\x89PNG\r\n\x1a\n") or len(photo.content) > PHOTO_BYTES:
        raise ApiError(400, "Bad Request: IMAGE_PROCESS_FAILED")
    return photo


def check_article(result: dict[str, Any]) -> None:
    """An article offered for an inline query, which a user may send as a message."""
    if result["type"] != "article" or not result.get("title", "").strip():
        raise ApiError(400, "Bad Request: can't parse inline query result")
    if not 1 <= len(result["id"].encode()) <= INLINE_ID_BYTES:
        raise ApiError(400, "Bad Request: RESULT_ID_INVALID")
    content = result["input_message_content"]
    text_of(Parameters(content | {"text": content["message_text"]}))
    keyboard_of(Parameters(result))


def keyboard_of(p: Parameters) -> dict[str, Any] | None:
    """The inline keyboard, or None without one."""
    keyboard: dict[str, Any] | None = p.get("reply_markup")
    rows = (keyboard or {}).get("inline_keyboard", [])
    buttons = list(itertools.chain.from_iterable(rows))
    if len(buttons) > BUTTONS or any(len(row) > BUTTONS_IN_A_ROW for row in rows):
        raise markup_too_long()
    for button in buttons:
        _check_button(button)
    return keyboard


def _check_button(button: dict[str, Any]) -> None:
    if not button["text"].strip():
        raise ApiError(400, "Bad Request: text buttons can't have empty text")
    if len(button.keys() - {"text", "style", "icon_custom_emoji_id"}) != 1:
        raise ApiError(400, "Bad Request: text buttons are unallowed in the inline keyboard")
    if not 1 <= len(button.get("callback_data", "-").encode()) <= CALLBACK_DATA_BYTES:
        raise button_data_invalid()
    if "url" in button and urlsplit(button["url"]).scheme not in ("http", "https", "tg"):
        raise ApiError(400, f"Bad Request: inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


def answer_of(p: Parameters) -> str:
    """What a user sees after a press; empty for nothing."""
    answer: str = p.get("text", "")
    if utf16_length(answer) > CALLBACK_ANSWER_LENGTH:
        raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
    return answer


def commands_of(p: Parameters) -> list[dict[str, str]]:
    """The command menu."""
    commands: list[dict[str, str]] = p["commands"]
    if len(commands) > 100:
        raise ApiError(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        _check_command(command)
    return commands


def _check_command(command: dict[str, str]) -> None:
    name = command["command"]
    if not 1 <= len(name) <= 32 or set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789_"):
        raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
    if not 1 <= utf16_length(command["description"]) <= 256:
        raise ApiError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
