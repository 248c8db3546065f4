"""The small language in which cues are written, compiled to regular expressions.

A phrase is a row of words that must follow each other in a *masked* sentence: folded text in which the parties of
the deal stand as capital letters, every other tracked name as ``O``, every number or sum as ``#`` and every percentage
below 50 as ``%``. In a phrase:

=============  ==================================================================
``X`` ``Y``    two different parties of the deal
``XY``         the two joined: "X-Y", "X and Y", "X, Y"
``P``          a party of the deal, any
``O``          another tracked name
``...``        up to eight words within the clause
``..``         up to five words within a noun's or verb's company: no preposition, no joining word
``#``          a number, a sum, a percentage
``%``          a percentage below 50: less than the whole, and than a majority
``#past``      a year before the article's own
``(a|b c)``    one of these
``[a|b c]``    one of these or nothing
``<name>``     the word group of that name
``offer*``     a word that begins so
``^`` ``$``    the beginning, the end of the sentence
=============  ==================================================================

All other words and signs stand for themselves.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import ahocorasick_rs

PARTIES = "ABCDEFGHIJKLMN"
OTHER = "O"
NUMBER = "#"
MINORITY = "%"
PAST = "#past"

_PARTY = f"[{PARTIES}]"
_OTHER_PARTY = f"(?!(?P=x)){_PARTY} "
_JOINT = r"(?:(?:-|/|and|&|,|\+|with) )+"
_SLOTS = {
    "X": f"(?P<x>{_PARTY}) ",
    "Y": _OTHER_PARTY,
    "XY": f"(?P<x>{_PARTY}) {_JOINT}{_OTHER_PARTY}",
    "P": f"{_PARTY} ",
    "O": f"{OTHER} ",
    "^": "^ ",
    "$": "$",
}
_TOKEN = re.compile(r"[()\[\]|]|[^\s()\[\]|]+")
_CLOSING = {"(": ")", "[": "]"}
_QUANTIFIER = {"(": "", "[": "?"}
_ALTERNATIVE = "|"
_CLAUSE_GAP, _CLOSE_GAP = 8, 5

Triggers = frozenset[str]


def letter(party: int) -> str:
    """The capital letter that stands for the party with this number, or for a keyword, in a masked sentence."""
    return PARTIES[party % len(PARTIES)]


class PhraseError(ValueError):
    """A phrase that cannot be read. The message says which one and why."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A compiled phrase. At least one of the ``triggers`` stands in every sentence that it matches."""

    text: str
    pattern: re.Pattern[str]
    triggers: Triggers


class PhraseIndex:
    """Phrases in order, of which those that a sentence may fulfil are found without trying all."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        by_trigger: dict[str, list[int]] = {}
        for number, phrase in enumerate(phrases):
            for trigger in phrase.triggers:
                by_trigger.setdefault(trigger, []).append(number)
        self._triggered = list(by_trigger.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(by_trigger))

    def candidates(self, masked: str) -> list[int]:
        """The numbers of the phrases whose words stand in a masked sentence, in their order."""
        found = {trigger for trigger, _, _ in self._automaton.find_matches_as_indexes(masked, overlapping=True)}
        return sorted({number for trigger in found for number in self._triggered[trigger]})


class PhraseCompiler:
    """Compiles phrases with the word groups of one language.

    No gap crosses one of the ``breaks``, no close gap one of the ``joints``.
    """

    def __init__(self, words: Mapping[str, str], breaks: Iterable[str], joints: Iterable[str]) -> None:
        self._words = words
        self._gaps = {"...": _gap(_CLAUSE_GAP, breaks), "..": _gap(_CLOSE_GAP, [*breaks, *joints])}

    def compile(self, text: str) -> Phrase:
        """Compile one phrase; raises :class:`PhraseError` where it is malformed or has no word to look for."""
        try:
            pattern, triggers = self._alternatives(_tokens(text), text)
            compiled = re.compile(rf"(?:^|(?<= )){pattern}")
        except (PhraseError, re.error, RecursionError) as error:
            raise PhraseError(f"The phrase {text!r} cannot be read: {error}.") from error
        if not triggers:
            raise PhraseError(f"The phrase {text!r} needs at least one word that is always there.")
        return Phrase(text, compiled, triggers)

    def _alternatives(self, tokens: Sequence[str], text: str) -> tuple[str, Triggers]:
        branches = [self._sequence(branch, text) for branch in _branches(tokens)]
        pattern = "|".join(pattern for pattern, _ in branches)
        triggers = [found for _, found in branches]
        return f"(?:{pattern})", Triggers(chain(*triggers)) if all(triggers) else Triggers()

    def _sequence(self, tokens: Sequence[str], text: str) -> tuple[str, Triggers]:
        parts: list[str] = []
        triggers: list[Triggers] = []
        rest = list(tokens)
        while rest:
            token = rest.pop(0)
            if token in _CLOSING:
                pattern, found = self._alternatives(_take_group(token, rest), text)
                parts.append(pattern + _QUANTIFIER[token])
                triggers += [found] * (not _QUANTIFIER[token])
            else:
                pattern, found = self._word(token, text)
                parts.append(pattern)
                triggers.append(found)
        return "".join(parts), max(triggers, key=_rarity, default=Triggers())

    def _word(self, token: str, text: str) -> tuple[str, Triggers]:
        if gap := self._gaps.get(token):
            return gap, Triggers()
        if slot := _SLOTS.get(token):
            return slot, Triggers()
        if token == NUMBER:
            return f"[{NUMBER}{MINORITY}] ", Triggers({f" {NUMBER} ", f" {MINORITY} "})
        if len(token) > 2 and token[0] == "<" and token[-1] == ">":
            return self._group(token[1:-1], text)
        if token.endswith("*"):
            return rf"{re.escape(token[:-1])}\S* ", Triggers({" " + token[:-1]})
        return f"{re.escape(token)} ", Triggers({f" {token} "})

    def _group(self, name: str, text: str) -> tuple[str, Triggers]:
        if name not in self._words:
            raise PhraseError(f"there is no word group <{name}>")
        return self._alternatives(_tokens(self._words[name]), text)


def _gap(length: int, barriers: Iterable[str]) -> str:
    stops = "".join(f"{re.escape(word)} |" for word in sorted(barriers))
    return rf"(?:(?!{stops}[;:.?!{OTHER}\"] )\S+ ){{0,{length}}}?"


def _rarity(triggers: Triggers) -> int:
    return min(map(len, triggers), default=0)


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)


def _take_group(opening: str, rest: list[str]) -> list[str]:
    """Take the tokens up to the sign that closes the group just opened, and that sign, out of ``rest``."""
    closing = [_CLOSING[opening]]
    for index, token in enumerate(rest):
        if token in _CLOSING:
            closing.append(_CLOSING[token])
        elif token == closing[-1]:
            closing.pop()
        if not closing:
            group = rest[:index]
            del rest[: index + 1]
            return group
    raise PhraseError(f"{opening!r} is never closed")


def _branches(tokens: Sequence[str]) -> list[list[str]]:
    branches: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in _CLOSING) - (token in _CLOSING.values())
        if depth == 0 and token == _ALTERNATIVE:
            branches.append([])
        else:
            branches[-1].append(token)
    if depth < 0:
        raise PhraseError("a bracket is closed that was never opened")
    return branches
