"""Telegram's HTML, read as strictly as Telegram reads it.

The rules are those of https://core.telegram.org/bots/api#html-style. Where Telegram's public server is more forgiving
than the page (nested quotations), the page rules.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from telegram.constants import MessageEntityType as Kind

MOST_ENTITIES = 100
"""Telegram drops the entities after these without a word."""

_STYLE_OF = {
    "b": Kind.BOLD,
    "strong": Kind.BOLD,
    "i": Kind.ITALIC,
    "em": Kind.ITALIC,
    "u": Kind.UNDERLINE,
    "ins": Kind.UNDERLINE,
    "s": Kind.STRIKETHROUGH,
    "strike": Kind.STRIKETHROUGH,
    "del": Kind.STRIKETHROUGH,
    "tg-spoiler": Kind.SPOILER,
    "span": Kind.SPOILER,
    "code": Kind.CODE,
    "pre": Kind.PRE,
}
_TAGS = _STYLE_OF.keys() | {"a", "blockquote", "tg-emoji"}
_STYLES = frozenset({Kind.BOLD, Kind.ITALIC, Kind.UNDERLINE, Kind.STRIKETHROUGH, Kind.SPOILER})
_MONOSPACED = frozenset({Kind.PRE, Kind.CODE})
_QUOTATIONS = frozenset({Kind.BLOCKQUOTE, Kind.EXPANDABLE_BLOCKQUOTE})
_SCHEMES = frozenset({"http", "https", "ftp", "tg", "ton", "tonsite"})

_NAME = re.compile(r"[^\s>]*", re.ASCII)
_ATTRIBUTE_NAME = re.compile(r"""[^\s=>/"']*""", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_BLANK = re.compile(r"\s*", re.ASCII)
_REFERENCE = re.compile(r"&(?:#x(?P<hex>[0-9a-fA-F]+)|#(?P<decimal>[0-9]+)|(?P<name>[A-Za-z]+));?")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}

Entity = dict[str, Any]


class EntityError(Exception):
    """Telegram would answer "can't parse entities"."""


def utf16_length(text: str) -> int:
    """The length of a text as Telegram counts offsets: in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def read_html(source: str) -> tuple[str, list[Entity]]:
    """The plain text of an HTML message without blanks around it, and its entities as the Bot API describes them.

    Raises :class:`EntityError` where Telegram would refuse the message.
    """
    text, entities = _Reader(source).read()
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise EntityError(
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        )
    return trim(text, _split(_nested(sorted(entities, key=_place))))


def trim(text: str, entities: Iterable[Entity] = ()) -> tuple[str, list[Entity]]:
    """A text and its entities as Telegram keeps them: without blanks around it, and the first 100 entities only."""
    kept = text.strip()
    skipped = utf16_length(text) - utf16_length(text.lstrip())
    clipped = (_clip(entity, skipped, utf16_length(kept)) for entity in entities)
    return kept, [entity for entity in clipped if entity["length"] > 0][:MOST_ENTITIES]


def _clip(entity: Entity, skipped: int, end: int) -> Entity:
    start = max(0, entity["offset"] - skipped)
    return entity | {"offset": start, "length": min(end, _end(entity) - skipped) - start}


def _end(entity: Entity) -> int:
    end: int = entity["offset"] + entity["length"]
    return end


def _place(entity: Entity) -> tuple[int, int]:
    return entity["offset"], -entity["length"]


def _nested(entities: Iterable[Entity]) -> list[Entity]:
    """What Telegram keeps of entities that lie in each other, the outer ones first."""
    kept: list[Entity] = []
    for entity in entities:
        around = [outer for outer in kept if outer["offset"] <= entity["offset"] and _end(entity) <= _end(outer)]
        if all(_may_contain(outer["type"], entity["type"]) for outer in around):
            kept.append(entity)
    return kept


def _may_contain(outer: Kind, inner: Kind) -> bool:
    if inner in _QUOTATIONS and outer in _QUOTATIONS:
        raise EntityError("Blockquotes can't be nested")
    if outer in _STYLES or outer in _QUOTATIONS:
        return True
    return outer not in _MONOSPACED and inner in _STYLES


def _split(entities: list[Entity]) -> list[Entity]:
    """Styles end where code begins, and go on behind it."""
    holes = [entity for entity in entities if entity["type"] in _MONOSPACED]
    pieces = (_pieces(entity, holes) if entity["type"] in _STYLES else [entity] for entity in entities)
    return sorted(itertools.chain.from_iterable(pieces), key=_place)


def _pieces(style: Entity, holes: list[Entity]) -> Iterator[Entity]:
    start, end = style["offset"], _end(style)
    for hole in (hole for hole in holes if start <= hole["offset"] and _end(hole) <= end):
        yield style | {"offset": start, "length": hole["offset"] - start}
        start = _end(hole)
    yield style | {"offset": start, "length": end - start}


@dataclass
class _Open:
    tag: str
    attributes: dict[str, str]
    start: int
    """Where its text starts, in characters."""


class _Reader:
    """Reads one HTML text from the left to the right."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._text = ""
        self._open: list[_Open] = []
        self._entities: list[Entity] = []

    def read(self) -> tuple[str, list[Entity]]:
        """The plain text and the entities, in the order of their ends."""
        while (start := self._source.find("<", self._at)) >= 0:
            self._text += _unescape(self._source[self._at : start])
            self._at = start + 1
            if self._next() == "/":
                self._close(self._byte(start))
            else:
                self._begin(self._byte(start))
        if self._open:
            raise EntityError(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')
        for entity in self._entities:
            if entity["type"] == Kind.CODE:
                entity.pop("language", None)  # only a block of code has one
        return self._text + _unescape(self._source[self._at :]), self._entities

    def _byte(self, index: int) -> int:
        return len(self._source[:index].encode())

    def _next(self) -> str:
        return self._source[self._at : self._at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._source, self._at)
        assert found is not None, "every pattern here matches at least nothing"
        self._at = found.end()
        return found[0]

    # A start tag

    def _begin(self, place: int) -> None:
        tag = self._take(_NAME).lower()
        if not self._next():
            raise EntityError(f"Unclosed start tag at byte offset {place}")
        if tag not in _TAGS:
            raise EntityError(f'Unsupported start tag "{tag}" at byte offset {place}')
        attributes = self._attributes(tag, place)
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise EntityError(f'Tag "span" must have class "tg-spoiler" at byte offset {place}')
        self._open.append(_Open(tag, attributes, len(self._text)))

    def _attributes(self, tag: str, place: int) -> dict[str, str]:
        attributes = {}
        self._take(_BLANK)
        while self._next() != ">":
            name = self._take(_ATTRIBUTE_NAME)
            if not name:
                raise EntityError(f'Empty attribute name in the tag "{tag}" at byte offset {place}')
            self._take(_BLANK)
            attributes[name] = self._value(tag, place) if self._next() == "=" else ""
            self._take(_BLANK)
            if not self._next():
                raise EntityError(f'Unclosed start tag "{tag}" at byte offset {place}')
        self._at += 1
        return attributes

    def _value(self, tag: str, place: int) -> str:
        self._at += 1
        self._take(_BLANK)
        if not (quote := self._next()):
            raise EntityError(f'Unclosed start tag "{tag}" at byte offset {place}')
        return self._quoted(quote, place) if quote in "\"'" else self._token()

    def _quoted(self, quote: str, place: int) -> str:
        start, end = self._at + 1, self._source.find(quote, self._at + 1)
        if end < 0:
            raise EntityError(f"Unclosed start tag at byte offset {place}")
        self._at = end + 1
        return _unescape(self._source[start:end])

    def _token(self) -> str:
        place = self._byte(self._at)
        token = self._take(_TOKEN)
        if self._next() != ">" and not self._next().isspace():
            raise EntityError(f"Unexpected end of name token at byte offset {place}")
        return token.lower()

    # An end tag

    def _close(self, place: int) -> None:
        if not self._open:
            raise EntityError(f"Unexpected end tag at byte offset {place}")
        self._at += 1
        name = self._take(_NAME).lower()
        self._take(_BLANK)
        if self._next() != ">":
            raise EntityError(f"Unclosed end tag at byte offset {place}")
        self._at += 1
        opened = self._open.pop()
        if name not in ("", opened.tag):
            raise EntityError(
                f'Unmatched end tag at byte offset {place}, expected "</{opened.tag}>", found "</{name}>"'
            )
        self._keep(opened)

    def _keep(self, opened: _Open) -> None:
        words = self._text[opened.start :]
        entity = _entity(opened, words)
        if entity is None or not words:
            return
        entity |= {"offset": utf16_length(self._text[: opened.start]), "length": utf16_length(words)}
        last = self._entities[-1] if self._entities else None
        if last and _place(last) == _place(entity) and {last["type"], entity["type"]} == _MONOSPACED:
            entity = last | entity | {"type": Kind.PRE}  # <pre><code class="language-…">, either way round
            self._entities.pop()
        self._entities.append(entity)


def _entity(opened: _Open, words: str) -> Entity | None:
    attributes = opened.attributes
    match opened.tag:
        case "a":
            return _link(attributes.get("href") or words)
        case "blockquote":
            return {"type": Kind.EXPANDABLE_BLOCKQUOTE if "expandable" in attributes else Kind.BLOCKQUOTE}
        case "tg-emoji":
            return _emoji(attributes.get("emoji-id", ""))
        case "code" if attributes.get("class", "").startswith("language-"):
            return {"type": Kind.CODE, "language": attributes["class"].removeprefix("language-")}
    return {"type": _STYLE_OF[opened.tag]}


def _emoji(number: str) -> Entity:
    if not number.isdecimal() or int(number) == 0:
        raise EntityError("Invalid custom emoji identifier specified")
    return {"type": Kind.CUSTOM_EMOJI, "custom_emoji_id": number}


def _link(url: str) -> Entity | None:
    """The entity of a link; None for an address that Telegram does not know, which leaves plain text."""
    parts = urlsplit(url if re.match(r"[A-Za-z][\w+.-]*:", url) else f"http://{url}")
    if (
        parts.scheme == "tg"
        and parts.netloc == "user"
        and (user := parse_qs(parts.query).get("id", [""])[0]).isdecimal()
    ):
        return {"type": Kind.TEXT_MENTION, "user": {"id": int(user), "is_bot": False, "first_name": f"User {user}"}}
    on_web = parts.scheme in ("http", "https", "ftp")
    if parts.scheme not in _SCHEMES or not parts.hostname or (on_web and not _is_host(parts.hostname)):
        return None
    return {"type": Kind.TEXT_LINK, "url": url}


def _is_host(name: str) -> bool:
    return name == "localhost" or ":" in name or re.search(r"[^\s.]\.[^\s.]", name) is not None


def _unescape(text: str) -> str:
    return _REFERENCE.sub(_character, text)


def _character(reference: re.Match[str]) -> str:
    """The character that a reference stands for; as it is written where Telegram does not know it."""
    if name := reference["name"]:
        return _NAMED.get(name, reference[0])
    number = int(reference["hex"], 16) if reference["hex"] else int(reference["decimal"])
    too_long = len(reference[0].removesuffix(";")) >= 10
    return reference[0] if too_long or not 0 < number < 0x10FFFF else chr(number)
