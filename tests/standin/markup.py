"""Telegram's HTML, read as strictly as Telegram reads it.

The rules are those of https://core.telegram.org/bots/api#html-style.
"""

import html
import re
from dataclasses import dataclass

from telegram.constants import MessageEntityType

_ENTITY_OF = {
    "b": MessageEntityType.BOLD,
    "strong": MessageEntityType.BOLD,
    "i": MessageEntityType.ITALIC,
    "em": MessageEntityType.ITALIC,
    "u": MessageEntityType.UNDERLINE,
    "ins": MessageEntityType.UNDERLINE,
    "s": MessageEntityType.STRIKETHROUGH,
    "strike": MessageEntityType.STRIKETHROUGH,
    "del": MessageEntityType.STRIKETHROUGH,
    "tg-spoiler": MessageEntityType.SPOILER,
    "span": MessageEntityType.SPOILER,
    "a": MessageEntityType.TEXT_LINK,
    "code": MessageEntityType.CODE,
    "pre": MessageEntityType.PRE,
    "blockquote": MessageEntityType.BLOCKQUOTE,
}

_TAG = re.compile(r"""<(/?)([a-z-]*)((?:\s+[a-z-]+(?:=(?:"[^"<>]*"|'[^'<>]*'))?)*)\s*>""", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-z-]+)(?:=["']([^"']*)["'])?""", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-f]+);", re.IGNORECASE)


class EntityError(Exception):
    """Telegram would answer "can't parse entities"."""


@dataclass
class _Open:
    tag: str
    attributes: dict[str, str]
    start: int


def utf16_length(text: str) -> int:
    """The length of a text as Telegram counts offsets: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def read_html(source: str) -> tuple[str, list[dict[str, object]]]:
    """The plain text of an HTML message, and its entities as the Bot API describes them.

    Raises :class:`EntityError` where Telegram would refuse the message.
    """
    text, entities, stack, position = "", [], list[_Open](), 0
    while (start := source.find("<", position)) >= 0:
        text += _unescape(source[position:start])
        tag, place = _TAG.match(source, start), len(source[:start].encode())
        if tag is None:
            raise EntityError(f'Unsupported start tag "" at byte offset {place}')
        if tag[1]:
            entities.append(_closed(stack, tag[2].lower(), text, place))
        else:
            stack.append(_opened(tag, text, place))
        position = tag.end()
    if stack:
        raise EntityError(f'Can\'t find end tag corresponding to start tag "{stack[-1].tag}"')
    return text + _unescape(source[position:]), [entity for entity in entities if entity["length"]]


def _unescape(text: str) -> str:
    return _REFERENCE.sub(lambda reference: html.unescape(reference[0]), text)


def _opened(tag: re.Match[str], text: str, place: int) -> _Open:
    name = tag[2].lower()
    attributes = {key.lower(): html.unescape(value) for key, value in _ATTRIBUTE.findall(tag[3])}
    if name not in _ENTITY_OF or (name == "span" and attributes.get("class") != "tg-spoiler"):
        raise EntityError(f'Unsupported start tag "{name}" at byte offset {place}')
    return _Open(name, attributes, utf16_length(text))


def _closed(stack: list[_Open], name: str, text: str, place: int) -> dict[str, object]:
    if not stack:
        raise EntityError(f"Unexpected end tag at byte offset {place}")
    opened = stack.pop()
    if name not in ("", opened.tag):
        raise EntityError(f'Unmatched end tag at byte offset {place}, expected "</{opened.tag}>", found "</{name}>"')
    entity = {"type": _ENTITY_OF[opened.tag], "offset": opened.start, "length": utf16_length(text) - opened.start}
    return entity | {"url": opened.attributes.get("href", "")} if opened.tag == "a" else entity
