"""Deals that nobody tracks yet: two names in a headline, standing where the sides of a deal stand.

    headline -> capitalised names, less places, powers and plain words -> masked sentence -> first phrase that fits
             -> the two names and the kind of deal

The phrases are data (``cues/spotting.toml``) and narrower than those by which a tracked deal's news is read: here
nothing else tells that a name is a company's, or that the two belong together. What a headline claims of the two is
left to the :class:`~matcher.matcher.Matcher`, for the :func:`provisional` deal between them.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import ahocorasick_rs

from matcher.cues import Cues, bundled_cues
from matcher.parties import Mention, Seat, Seats
from matcher.phrases import PARTIES, PhraseCompiler
from matcher.sentence import Part, Sentence, without_company
from matcher.text import Span, fold
from matcher.vocabulary import Deal, Field, Kind, Party, fold_name

LONGEST_NAME, MOST_WORDS = 40, 5
"""Characters and words; what is longer is half a sentence."""

# The share of the longer words with a capital, from which a headline is taken to give one to every word.
_EVERYWHERE = 0.7
_LONG = 4

# A word is common that is written small so often, and in such a share of its places. "apple" is not.
_OFTEN, _SHARE = 3, 0.15

_SMALL = re.compile(r"[a-z]+(?:[-'][a-z]+)*")
_WORD = re.compile(r"[^\s/–—,;:()\"“”<>|?*\[\]]+")
_SIGNS_BEFORE, _SIGNS_BEHIND = re.compile(r"^['‘’.$-]+"), re.compile(r"(?:['‘’!-]|(?<![A-Z])\.)+$")
_POSSESSIVE = re.compile(r"['’][sS]?$")
# "Telvara", "eBay", "iRobot", "3Com", "3M", "21st".
_CAPITAL = re.compile(r"[^\W\d_a-z]|[a-z]{1,2}[A-Z][A-Za-z]|\d+-?[A-Z][a-zA-Z]{2}|\d[A-Z]$|\d+(?:st|nd|rd|th)$")
# "Telvara-owned" says what something is.
_ADJECTIVE = re.compile(r"-(?:[a-z]{3,}|Backed|Owned|Based|Led|Listed|Controlled|Linked)$")
# What a name is not written with, or could not be tracked by.
_STRANGE = re.compile(r"[=#@%_·{}]")
_LEGAL_FORM = re.compile(
    r",? (?:Inc|Incorporated|Corp|Corporation|Cos?|Ltd|Limited|[Pp]lc|PLC|AG|SE|SA|S\.A(?:\.S)?|SpA|NV|N\.V|BV|AB|ASA|"
    r"Oyj|LLC|LLP|L\.?P|GmbH|Pty|Pte)\b\.?(?=['’,;:)\s]|$)"
)
# A news wire's word for what is no report, such as a list, before a name.
_RUBRIC = re.compile(r"[A-Z]{4,}-(?=[A-Z][a-z])")
_OWN_NAME = re.compile(r"\s+[-|–—]\s+(?P<name>[^|–—]{2,40})$")

# In masked sentences: whose company it is ("Ruritania's Telvara"), a party, and the place of what is spoken of.
_OWNER = re.compile(rf"(?<= )[a-z.]+'s (?=[{PARTIES}] )")
_PARTY = re.compile(rf"(?<![^ ])[{PARTIES}](?= )")
_PLACED = re.compile(r" (?:of|with|from|by|in|at|for) (?:the )?$")

# Groups of words that may stand within a name.
_WITHIN_NAMES = frozenset({"trade", "wares", "kindred", "piece"})


class Spot(NamedTuple):
    """A possible deal: its two names, in the order in which the headline gives them, and what it looks like."""

    names: tuple[str, str]
    kind: Kind


def provisional(parties: Iterable[Party], kind: Kind, slug: str) -> Deal:
    """The deal as it would be if it were tracked, so that the matcher can say what headlines claim of it."""
    parties = tuple(parties)
    return Deal(slug, " – ".join(party.name for party in parties), kind, parties)


def common_words(titles: Iterable[str]) -> frozenset[str]:
    """The words that these headlines write small often enough to be words of everyday language."""
    written = Counter(word for title in titles for word in title.split())
    return frozenset(
        word
        for word, small in written.items()
        if small >= _OFTEN and word.islower() and small >= _SHARE * (small + written[word.capitalize()])
    )


class Spotter:
    """Finds possible deals in headlines. ``table`` is what ``cues/spotting.toml`` says, ``english`` ``en.toml``."""

    def __init__(self, table: Mapping[str, Any], english: Mapping[str, Any], cues: Cues) -> None:
        groups = {**english["words"], **table["words"]}
        compiler = PhraseCompiler(groups, english["breaks"], english["joints"])
        self._cues = cues
        self._phrases = [(Kind(e["kind"]), compiler.compile(text)) for e in table["spot"] for text in e["phrases"]]
        self._capitals = Capitals(table["names"], _spoken(table, groups))
        self._unfit = frozenset(table["names"]["unfit"].split())
        by_trigger: dict[str, list[int]] = {}
        for number, (_, phrase) in enumerate(self._phrases):
            for trigger in phrase.triggers:
                by_trigger.setdefault(trigger, []).append(number)
        self._triggered = list(by_trigger.values())
        self._triggers = ahocorasick_rs.AhoCorasick(list(by_trigger))

    def spot(self, title: str, outlet: str = "", common: Container[str] = frozenset()) -> Spot | None:
        """The possible deal that a headline speaks of, carried by ``outlet``; None for by far the most.

        Where every word has a capital, ``common`` words (see :func:`common_words`) make no name.
        """
        words = _SMALL.findall(fold(title))
        candidates = self._candidates(words)
        if not candidates or not self._unfit.isdisjoint(words):
            return None
        title = _LEGAL_FORM.sub("", _without_own_name(title, outlet))
        part = Part(Field.TITLE, title, fold(title), 0, ())
        found = (self._read(sentence, candidates, common) for sentence in part.sentences())
        return next(found, None)

    def _candidates(self, words: Iterable[str]) -> list[int]:
        """The numbers of the phrases whose words stand in a headline, in their order."""
        found = self._triggers.find_matches_as_indexes(f" {' '.join(words)} ", overlapping=True)
        return sorted({number for trigger, _, _ in found for number in self._triggered[trigger]})

    def _read(self, sentence: Sentence, candidates: Iterable[int], common: Container[str]) -> Spot | None:
        spans = self._capitals.names(sentence.text, sentence.core, common)
        if _RUBRIC.match(sentence.text, sentence.core.start) or not 2 <= len(spans) <= len(PARTIES):
            return None
        mentions = tuple(Mention(*span, Seats([Seat(0, number)])) for number, span in enumerate(spans))
        masked = without_company(self._cues.plain(replace(sentence, mentions=mentions).masked(0)))
        return self._first(_OWNER.sub("", masked), candidates, [sentence.text[slice(*span)] for span in spans])

    def _first(self, masked: str, candidates: Iterable[int], names: Sequence[str]) -> Spot | None:
        """What the first phrase that fits says. Its sides are the party it calls X and the last one."""
        for kind, phrase in map(self._phrases.__getitem__, candidates):
            match = phrase.pattern.search(masked)
            if match and not _PLACED.search(masked[: match.start()]):
                sides = match["x"].strip(), _PARTY.findall(match[0])[-1]
                one, other = (" ".join(names[PARTIES.index(side)].split()) for side in sides)
                return Spot((one, other), kind) if fold_name(one) != fold_name(other) else None
        return None


def _without_own_name(title: str, outlet: str) -> str:
    """A headline without the outlet's own name at its end."""
    match = _OWN_NAME.search(title)
    own = match and fold_name(outlet) and fold_name(match["name"]).startswith(fold_name(outlet).split()[0])
    return title[: match.start()] if match and own else title


def _spoken(table: Mapping[str, Any], groups: Mapping[str, str]) -> frozenset[str]:
    """Every word in which phrases speak of deals."""
    texts = [text for entry in table["spot"] for text in entry["phrases"]]
    used = {name for text in (*texts, *table["words"].values()) for name in re.findall(r"<(\w+)>", text)}
    return frozenset(_SMALL.findall(" ".join([*texts, *(groups[name] for name in used - _WITHIN_NAMES)])))


class Capitals:
    """Which of the capitalised words in a headline are names.

    ``lists`` are those under ``[names]``; ``spoken`` are words that are no part of a name where all have capitals.
    """

    def __init__(self, lists: Mapping[str, str], spoken: frozenset[str]) -> None:
        words = {name: frozenset(text.split()) for name, text in lists.items()}
        self._function, self._powers, self._particles = words["function"], words["powers"], words["particles"]
        self._bodies, self._descriptions = words["bodies"], words["descriptions"]
        self._nameless = self._function | self._powers | self._descriptions | words["plain"]
        self._ends = self._function | self._descriptions | spoken

    def names(self, title: str, core: Span, common: Container[str]) -> list[Span]:
        """The names in the core of a headline, in order."""
        words = [Span(*match.span()) for match in _WORD.finditer(title, *core)]
        everywhere = _has_capitals_everywhere([title[slice(*word)] for word in words])
        runs = (self._trimmed(title, run) for run in self._runs(title, words, everywhere))
        return [run for run in runs if self._is_name(title[slice(*run)], everywhere, common)]

    def _runs(self, title: str, words: Sequence[Span], everywhere: bool) -> Iterator[list[Span]]:
        """Capitalised words that stand side by side, with what may stand between two of them."""
        run: list[Span] = []
        for place, word in enumerate(words):
            following = title[slice(*words[place + 1])] if place + 1 < len(words) else ""
            bare = self._bare(title, word, following)
            if run and title[run[-1].end : word.start] != " ":
                yield run
                run = []
            if self._is_capital(title[slice(*bare)], everywhere):
                run.append(bare)
            elif run and self._joins(title, run[-1], word) and self._is_capital(following, everywhere):
                run.append(word)
            elif run:
                yield run
                run = []
        if run:
            yield run

    def _bare(self, title: str, word: Span, following: str) -> Span:
        """A word without the signs around it, and without its possessive if something follows that it may own."""
        text = title[slice(*word)]
        own = _POSSESSIVE.search(text) if following.lower() not in self._function else None
        end = own.start() if own else len(text)
        start = len(text) - len(_SIGNS_BEFORE.sub("", text))
        return Span(word.start + start, word.start + max(start, len(_SIGNS_BEHIND.sub("", text[:end]))))

    def _is_capital(self, word: str, everywhere: bool) -> bool:
        """Whether a word is written as one of a name."""
        if not _CAPITAL.match(word) or _ADJECTIVE.search(word):
            return False
        return not everywhere or word.lower().rstrip(".") not in self._ends

    def _joins(self, title: str, before: Span, word: Span) -> bool:
        """Whether a word may stand between two others of a name."""
        text = title[slice(*word)]
        return text in self._particles or (text == "of" and title[slice(*before)] == "Bank")

    def _trimmed(self, title: str, run: list[Span]) -> Span:
        """A run without the words before the name that only say what it is."""
        while len(run) > 1 and fold(title[slice(*run[0])]) in self._function | self._descriptions:
            run = run[1:]
        return Span(run[0].start, run[-1].end)

    def _is_name(self, name: str, everywhere: bool, common: Container[str]) -> bool:
        words = [word.rstrip(".") for word in fold(name).split()]
        if not 2 <= len(name) <= LONGEST_NAME or len(words) > MOST_WORDS or _STRANGE.search(name):
            return False
        if not self._bodies.isdisjoint(words) or self._powers.issuperset(words):
            return False
        if everywhere and all(word in common for word in words):
            return False
        return not self._nameless.issuperset(words) or (len(words) > 1 and not everywhere)


def _has_capitals_everywhere(words: Iterable[str]) -> bool:
    long = [word for word in words if len(word) >= _LONG and word[0].isalpha()][1:]
    return bool(long) and sum(word[0].isupper() for word in long) >= _EVERYWHERE * len(long)


@cache
def bundled_spotter() -> Spotter:
    """The spotter with the phrases that come with Hearsay."""
    folder = resources.files("matcher") / "cues"
    table, english = (
        tomllib.loads((folder / name).read_text(encoding="utf-8")) for name in ("spotting.toml", "en.toml")
    )
    return Spotter(table, english, bundled_cues())
