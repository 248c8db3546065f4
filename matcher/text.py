"""The shape of text: folding that keeps every character in its place, and sentences as spans."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of text, as half-open character offsets."""

    start: int
    end: int


class _Folds(dict[int, str]):
    """A translation table that learns each character once, when it first meets it."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


_LOOKALIKES = {
    **dict.fromkeys("‘’‚‛′´ʼ", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−﹣-", "-"),
    **dict.fromkeys("\u00a0\u2007\u202f\u3000", " "),
}


def _fold_character(character: str) -> str:
    if character in _LOOKALIKES:
        return _LOOKALIKES[character]
    lowered = unicodedata.normalize("NFKD", character).lower()[:1]
    return lowered if lowered.isalnum() else character.lower()[:1]


_FOLDS = _Folds()
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def fold(text: str) -> str:
    """The text in lower case, without accents, with plain quotes, dashes and spaces; one character for each of its own.

    Offsets in the result are offsets in the text, so that what is found here can be quoted there.
    """
    if not text.isascii():
        # Most news is ASCII but for its quotes and dashes: translating only those is four times as fast.
        text = _BEYOND_ASCII.sub(lambda run: run[0].translate(_FOLDS), text)
    return text.lower()


# A full stop after these words, or after a single letter, does not end a sentence.
_ABBREVIATIONS = frozenset(
    (
        "adm",
        "approx",
        "assn",
        "bhd",
        "bros",
        "co",
        "corp",
        "dept",
        "dr",
        "est",
        "etc",
        "gen",
        "gov",
        "inc",
        "jr",
        "ltd",
        "mr",
        "mrs",
        "ms",
        "mt",
        "no",
        "nos",
        "prof",
        "rep",
        "rev",
        "sen",
        "sr",
        "st",
        "u.k",
        "u.s",
        "u.s.a",
        "vol",
        "vs",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    )
)
_END = re.compile(r"""[.!?…]["')\]”’]*\s+(?=["'(\[“‘]?[^\sa-z])|\n[ \t]*\n\s*|[。！？]""")
_LAST_WORD = re.compile(r"([\w.&]*)\Z")


def sentences(text: str) -> Iterator[Span]:
    """The sentences of a text in order, without the white space around them. Their order and number are stable."""
    start = 0
    for end in _END.finditer(text):
        if text[end.start()] == "." and "\n" not in end[0] and _is_abbreviated(text, end.start()):
            continue
        yield from _trimmed(text, start, end.end())
        start = end.end()
    yield from _trimmed(text, start, len(text))


def _is_abbreviated(text: str, stop: int) -> bool:
    word = _LAST_WORD.search(text, max(0, stop - 12), stop)
    return word is not None and (len(word[1]) == 1 or word[1].lower() in _ABBREVIATIONS)


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    piece = text[start:end]
    if stripped := piece.strip():
        first = start + len(piece) - len(piece.lstrip())
        yield Span(first, first + len(stripped))
