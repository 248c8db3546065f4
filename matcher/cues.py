"""The cues: phrases that speak for a stage, or that show an article to be about something else.

They are data (``cues/*.toml``), so that a person can add one without reading code. The rules of a language form one
list, the most specific first: the first rule with a phrase in the sentence decides. A rule without a stage decides
that nothing is claimed.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import ahocorasick_rs

from matcher.phrases import PARTIES, Phrase, PhraseCompiler, PhraseIndex
from matcher.vocabulary import Kind, Speaker, Stage, Status

LANGUAGES = ("en",)
"""The languages that have a file of cues, by their codes (ISO 639-1)."""
_FILE_KEYS = {
    "words",
    "breaks",
    "hypothetical",
    "negations",
    "joints",
    "background",
    "rewrite",
    "voice",
    "rule",
}
_RULE_KEYS = {"id", "stage", "settled", "reported", "speaker", "kinds", "part", "certainty", "phrases"}
_PARTS = ("title", "text")
_SLOTS = {"X", "Y", "XY", "P", "O"}
_PHRASE_WORD = re.compile(r"[^\s()\[\]|]+")

WEIGHED = "words"
"""The id that stands for the classifier where a claim says which rule it rests on; no rule may have it."""

_LAST_WORDS = re.compile(r"(?:[\w'.-]+ ){1,2}\Z")
_LOOK_BACK = 40
"""Characters before a phrase in which its last two words are looked for."""
_RESUMES = re.compile(r" [:;] ")


class CueError(ValueError):
    """A cue file that cannot be used. The message says where and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Phrases that mean the same, and what they mean. Without a stage they mean that nothing is claimed."""

    id: str
    phrases: tuple[Phrase, ...]
    stage: Stage | None = None
    reported: Stage | None = None
    """The stage instead, where only another outlet or unnamed people say so: "X to buy Y -sources"."""
    settled: bool = False
    speaker: Speaker | None = None
    kinds: frozenset[Kind] = frozenset(Kind)
    parts: frozenset[str] = frozenset(_PARTS)
    """``title`` and ``text``: where the phrases mean this."""
    certainty: float = 0.9
    """How sure to be of what it reads in a title, 0 to 1: of a known fact, and of news as long as the classifier has
    not learned the rule."""


class Fired(NamedTuple):
    """The rules that fire in a sentence for a deal."""

    main: Rule | None
    """In the main clause."""
    aside: Rule | None
    """In the circumstances, where the main clause claims nothing."""


@dataclass(frozen=True, slots=True)
class Language:
    """What one cue file says."""

    rules: tuple[Rule, ...] = ()
    breaks: frozenset[str] = frozenset()
    """Words that begin a clause which tells of circumstances: after, amid, despite."""
    hypothetical: frozenset[str] = frozenset()
    """Those of the breaks that open what has not happened: if, unless, whether; ``before P`` where a party follows."""
    negations: frozenset[str] = frozenset()
    """Words that turn a phrase round when they stand in one of its gaps."""
    background: tuple[Phrase, ...] = ()
    """Phrases by which a sentence tells of another time."""
    rewrites: tuple[tuple[str, str], ...] = ()
    """Expressions and the plain words, or the blank, that stand for them before phrases are looked for."""
    voices: tuple[tuple[Speaker, Phrase], ...] = ()
    """Phrases that tell who speaks, in the order in which they are tried."""


class Cues:
    """The rules of all languages, in order, ready to be applied to masked sentences."""

    def __init__(self, languages: Iterable[Language]) -> None:
        self._languages = tuple(languages)
        self.rules = tuple(rule for language in self._languages for rule in language.rules)
        _refuse_contradictions(self.rules)
        self._phrases = [(rule, phrase) for rule in self.rules for phrase in rule.phrases]
        self._index = PhraseIndex(phrase for _, phrase in self._phrases)
        self._background = [phrase for language in self._languages for phrase in language.background]
        self._background_index = PhraseIndex(self._background)
        self._voices = [voice for language in self._languages for voice in language.voices]
        self._voice_index = PhraseIndex(phrase for _, phrase in self._voices)
        self._rewrites = [rewrite for language in self._languages for rewrite in language.rewrites]
        self._expressions = ahocorasick_rs.AhoCorasick([expression for expression, _ in self._rewrites])
        breaks = _any_of(word for language in self._languages for word in language.breaks)
        hypothetical = (
            "|".join(sorted(_opening(words) for one in self._languages for words in one.hypothetical)) or "(?!)"
        )
        self._hypothetical = re.compile(rf" (?:{hypothetical}) (?:(?! (?:{breaks}) ).)*")
        self._break = re.compile(rf" (?:{breaks}) ")
        negations = _any_of(word for language in self._languages for word in language.negations)
        self._negation = re.compile(rf" (?:{negations}) ")
        self._opening_aside = re.compile(rf" (?:{breaks}) [^,]+ , ")

    def plain(self, masked: str) -> str:
        """A masked sentence with set expressions replaced by plain words, so that no rule trips over them."""
        found = self._expressions.find_matches_as_indexes(masked, overlapping=True)
        for number in sorted({number for number, _, _ in found}):
            masked = masked.replace(*self._rewrites[number])
        return masked

    def candidates(self, masked: str) -> list[int]:
        """The numbers of the phrases whose words stand in a sentence, in the order of the rules.

        They are the same for every deal, so this is asked once for a sentence.
        """
        return self._index.candidates(masked)

    def first(self, masked: str, candidates: Iterable[int], kind: Kind, part: str) -> Rule | None:
        """The first rule, among the candidates, that the sentence fulfils for a deal of this kind."""
        return next((rule for rule, _, _ in self.matches(masked, candidates, kind, part)), None)

    def matches(
        self, masked: str, candidates: Iterable[int], kind: Kind, part: str
    ) -> Iterator[tuple[Rule, Phrase, re.Match[str]]]:
        """Every phrase, among the candidates, that the sentence fulfils for a deal of this kind, in order."""
        for number in candidates:
            rule, phrase = self._phrases[number]
            match = phrase.pattern.search(masked) if kind in rule.kinds and part in rule.parts else None
            if match and not self._is_negated(rule, phrase, match):
                yield rule, phrase, match

    def _is_negated(self, rule: Rule, phrase: Phrase, match: re.Match[str]) -> bool:
        """Whether a "not" stands in a gap, or just before, of a phrase that speaks for a deal, and so against it."""
        if rule.stage is None or rule.stage.status is Status.DENIED or self._negation.search(f" {phrase.text} "):
            return False
        before = _LAST_WORDS.search(match.string[max(0, match.start() - _LOOK_BACK) : match.start()])
        return bool(self._negation.search(f" {before[0] if before else ''} {match[0]}"))

    def is_background(self, masked: str) -> bool:
        """Whether a sentence says that it tells of another time."""
        return self.other_time(masked) is not None

    def other_time(self, masked: str) -> re.Match[str] | None:
        """The words by which a sentence says that it tells of another time."""
        phrases = map(self._background.__getitem__, self._background_index.candidates(masked))
        return next(filter(None, (phrase.pattern.search(masked) for phrase in phrases)), None)

    def speaker(self, masked: str) -> Speaker | None:
        """Who speaks in a sentence, where it says so."""
        voice = self.voice(masked)
        return voice[0] if voice else None

    def voice(self, masked: str) -> tuple[Speaker, re.Match[str]] | None:
        """Who speaks in a sentence, and the words that say so."""
        voices = map(self._voices.__getitem__, self._voice_index.candidates(masked))
        return next(((speaker, said) for speaker, phrase in voices if (said := phrase.pattern.search(masked))), None)

    def clauses(self, masked: str) -> tuple[str, str]:
        """The main clause of a masked sentence, and the circumstances it tells of ("after ...", "as ...").

        What has not happened ("if ...", "until ...") is neither.
        """
        if opening := self._opening_aside.match(masked):
            aside, masked = opening[0][:-1], masked[opening.end() - 1 :]
        else:
            aside = ""
        main, rest = self._part(masked)
        return main, self._hypothetical.sub(" ", aside + rest)

    def _part(self, masked: str) -> tuple[str, str]:
        """What stands before the first break, and from it on; behind a colon or a semicolon the main clause goes on."""
        break_ = self._break.search(masked, 1)
        if break_ is None:
            return masked, " "
        again = _RESUMES.search(masked, break_.end())
        end = again.start() + 1 if again else len(masked)
        return masked[: break_.start() + 1] + masked[end:], masked[break_.start() : end]


def _opening(words: str) -> str:
    """What opens a clause: a word, or a word with a party just behind it."""
    word = words.removesuffix(" P")
    return re.escape(word) + (rf"(?= (?:[^\s,]+ )?[{PARTIES}] )" if words.endswith(" P") else "")


def _any_of(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words))) or "(?!)"


def _refuse_contradictions(rules: tuple[Rule, ...]) -> None:
    if repeated := [rule_id for rule_id, count in Counter(rule.id for rule in rules).items() if count > 1]:
        raise CueError(f"Two rules are called {repeated[0]!r}; give each its own id.")
    seen: dict[str, list[Rule]] = {}
    for rule in rules:
        for phrase in rule.phrases:
            for other in seen.setdefault(phrase.text, []):
                if rule.kinds & other.kinds and rule.parts & other.parts:
                    raise CueError(f"The phrase {phrase.text!r} stands under {other.id!r} and {rule.id!r}; keep one.")
            seen[phrase.text].append(rule)


def parse(text: str, source: str) -> Language:
    """Read one cue file. Raises :class:`CueError` naming the file, the rule and what is wrong."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CueError(f"{source} is not valid TOML: {error}.") from error
    if unknown := table.keys() - _FILE_KEYS:
        raise CueError(f"{source} has an unknown key {min(unknown)!r}; allowed are {', '.join(sorted(_FILE_KEYS))}.")
    compiler = PhraseCompiler(table.get("words", {}), table.get("breaks", ()), table.get("joints", ()))
    try:
        for group in table.get("words", {}).values():
            _refuse_capitals(group)
        return Language(
            rules=tuple(_rules(table.get("rule", ()), compiler)),
            breaks=frozenset(table.get("breaks", ())),
            hypothetical=frozenset(table.get("hypothetical", ())),
            negations=frozenset(table.get("negations", ())),
            background=tuple(_phrase(text, compiler) for text in table.get("background", ())),
            rewrites=tuple((_between_blanks(a), _between_blanks(b)) for a, b in table.get("rewrite", {}).items()),
            voices=tuple(_voices(table.get("voice", {}), compiler)),
        )
    except ValueError as error:
        raise CueError(f"{source}: {error}") from error


def _between_blanks(words: str) -> str:
    return f" {words} " if words else " "


def _voices(table: Mapping[str, Iterable[str]], compiler: PhraseCompiler) -> Iterator[tuple[Speaker, Phrase]]:
    for name, texts in table.items():
        for text in texts:
            yield Speaker(name), _phrase(text, compiler)


def _rules(entries: Iterable[Mapping[str, Any]], compiler: PhraseCompiler) -> Iterator[Rule]:
    for number, entry in enumerate(entries, 1):
        try:
            yield _rule(entry, compiler)
        except (KeyError, ValueError) as error:
            reason = f"the key {error} is missing." if isinstance(error, KeyError) else str(error)
            raise ValueError(f"rule {entry.get('id', number)}: {reason}") from error


def _rule(entry: Mapping[str, Any], compiler: PhraseCompiler) -> Rule:
    if unknown := entry.keys() - _RULE_KEYS:
        raise CueError(f"unknown key {min(unknown)!r}; allowed are {', '.join(sorted(_RULE_KEYS))}.")
    _refuse_nonsense(entry)
    phrases = tuple(_phrase(text, compiler) for text in entry["phrases"])
    if len({phrase.text for phrase in phrases}) < len(phrases):
        raise CueError("a phrase stands there twice.")
    if (part := entry.get("part")) not in (None, *_PARTS):
        raise CueError(f"part is {part!r}; allowed are title and text.")
    return Rule(
        id=entry["id"],
        phrases=phrases,
        stage=Stage(entry["stage"]) if "stage" in entry else None,
        reported=Stage(entry["reported"]) if "reported" in entry else None,
        settled=entry.get("settled", False),
        speaker=Speaker(entry["speaker"]) if "speaker" in entry else None,
        kinds=frozenset(map(Kind, entry.get("kinds", Kind))),
        parts=frozenset({part} if part else _PARTS),
        certainty=entry.get("certainty", 0.9),
    )


def _refuse_nonsense(entry: Mapping[str, Any]) -> None:
    if entry["id"] == WEIGHED:
        raise CueError(f"the id {WEIGHED!r} stands for the classifier; choose another.")
    texts = entry["phrases"]
    if not (isinstance(texts, list) and texts and all(isinstance(text, str) for text in texts)):
        raise CueError('phrases must be a list with at least one text; write it as ["X buys Y"].')
    certainty = entry.get("certainty", 0.9)
    if not (isinstance(certainty, int | float) and 0 < certainty <= 1):
        raise CueError(f"certainty is {certainty!r}; write a number above 0 and at most 1.")


def _phrase(text: str, compiler: PhraseCompiler) -> Phrase:
    _refuse_capitals(text)
    return compiler.compile(text)


def _refuse_capitals(text: str) -> None:
    """Sentences are in small letters when phrases are looked for."""
    for word in _PHRASE_WORD.findall(text):
        if word not in _SLOTS and word != word.lower():
            slots = ", ".join(sorted(_SLOTS))
            raise CueError(f"{word!r} in {text!r} can never match; write small letters, or one of {slots}.")


@cache
def bundled_cues() -> Cues:
    """The cues that come with Hearsay."""
    folder = resources.files("matcher") / "cues"
    files = [folder / f"{language}.toml" for language in LANGUAGES]
    return Cues(parse(file.read_text(encoding="utf-8"), file.name) for file in files)
