"""The parts of an article as sentences, and sentences as the rules see them.

Rules read a *masked* sentence: folded words and signs, each between blanks, with the parties of one deal as capital
letters, every other tracked name as ``O``, every number or sum as ``#``, every percentage below 50 as ``%`` and a
year before the article's own as ``#past``. What belongs to a name is dropped: "Oracle Corp's (ORCL.O) bid" and
"Oracle bid" are one to the rules.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property

from matcher.attribution import NOBODY, Credit, credited_outlet, headline_credit
from matcher.dateline import Dateline, dateline
from matcher.designation import end_of_name
from matcher.parties import KEYWORD, Mention
from matcher.phrases import MINORITY, NUMBER, OTHER, PARTIES, PAST, letter
from matcher.text import Span, sentences
from matcher.vocabulary import Field

_SUM = (
    r"(?:(?:[a-z]{0,2}[$£€¥₹]|(?:rs|usd|eur|gbp|inr)\.? ?)\s?)?\d+(?:[.,/]\d+)*"
    r"(?:[ -]?(?:lakh|crore|cr|trillion|trln|tn|billion|bln|bn|b|million|mln|mn|m|dlrs?|dollars?|euros?|pounds?|stg|"
    r"francs?|yen|yuan|pct|percent|per cent|%)(?![a-z]))*"
)
_TOKEN = re.compile(rf"(?P<sum>{_SUM})|(?:[a-z]\.){{2,}}|[^\W\d_]\w*(?:['.&-]\w+)*|[^\w\s\"'<>*\u2022\u25aa\u25cf]")
_SHARE = re.compile(r"(\d{1,2})(?:[.,]\d{1,2})?[ -]?(?:%|pct|percent|per cent)")
_HALF = 50
"""Percent."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_SAME_NAME = re.compile(rf"(?<= )([{PARTIES}])(?: \1(?= )| \( \1 \)(?= ))+")
_COMPANY_BEHIND = re.compile(rf"(?<= )([{PARTIES}]) (?:(?:and|or|,|&|/) {OTHER} )+")
_COMPANY_AHEAD = re.compile(rf"(?<= )(?:{OTHER} (?:and|or|,|&|/) )+(?=[{PARTIES}] )")
_APPOSITION = re.compile(
    rf"(?<= )([{PARTIES}]) , (?:the|a|an|its|which|who|whose|one|maker|makers|owner|owned|based|formerly|already) "
    rf"(?:(?![{PARTIES}{OTHER},;:.?!] )\S+ )+, (?=\S)"
)
_PARENT = re.compile(
    rf"(?<= ){OTHER} (?:unit|subsidiary|division|affiliate) (?=[{PARTIES}] (?:[,;:.?!]|for|from|in|at|with|$))"
)
_NOT_FILED = Dateline(0, 0)
_STORY = " ; "
_SHORT = 3
"""Letters. Titles write even shorter words small: "Acme to Buy Bolt for Cash"."""
# What news wires put before a headline.
_TAGS = re.compile(
    r"\s*(?:(?:update|refile|corrected|rpt|wrapup|brief|exclusive|media|breaking|urgent|live)"
    r"[ -]*\d*(?:\([^)]*\))?\s*[-:|]\s*)*"
)


@dataclass(frozen=True)
class Sentence:
    """One sentence of an article with the names in it. ``text`` and ``folded`` are the whole part it stands in."""

    field: Field
    text: str
    folded: str
    year: int
    """The year in which the article speaks."""
    span: Span
    """What is quoted."""
    core: Span
    """What is read: without tags before a headline and credits behind it."""
    mentions: tuple[Mention, ...]
    credit: Credit = NOBODY
    """Who is credited behind a headline."""
    released: bool = False
    """Whether it begins a press release."""

    @property
    def part(self) -> str:
        """Which rules apply: those for titles or those for running text."""
        return "title" if self.field is Field.TITLE else "text"

    @property
    def form(self) -> str:
        """What the classifier knows it as: ``title``, ``text`` or ``headed``."""
        return self.part

    @property
    def halves(self) -> tuple["Sentence", ...]:
        """The sentences that are read as this one: itself."""
        return (self,)

    @cached_property
    def outlet(self) -> str | None:
        """The outlet that the sentence credits."""
        core = slice(*self.core)
        return credited_outlet(self.text[core], self.folded[core])

    @cached_property
    def capitalised(self) -> frozenset[str]:
        """Words with a capital letter, tracked names aside: names that nobody tracks, or words that begin something."""
        return frozenset(word[0] for word in self._words if self.text[word.start()].isupper())

    @property
    def in_small_letters(self) -> bool:
        """Whether words have small letters, unless they are names; not so in a Title Written Like This."""
        long = [self.text[word.start()].islower() for word in self._words if len(word[0]) > _SHORT]
        return 2 * sum(long) >= len(long)

    @cached_property
    def _tokens(self) -> list[str | Mention]:
        return [piece if isinstance(piece, Mention) else self._word(piece) for piece in self._pieces]

    @property
    def _words(self) -> Iterator[re.Match[str]]:
        return (piece for piece in self._pieces if isinstance(piece, re.Match) and piece[0][0].isalpha())

    @cached_property
    def _pieces(self) -> list["Mention | re.Match[str]"]:
        """The names, and the words and signs between them."""
        pieces: list[Mention | re.Match[str]] = []
        position, end = self.core
        for number, mention in enumerate(self.mentions):
            if mention.start < position:  # its ticker, or what the text is to call it
                continue
            pieces += _TOKEN.finditer(self.folded, position, mention.start)
            pieces.append(mention)
            position = end_of_name(self.folded, self.mentions, number, end)
        return [*pieces, *_TOKEN.finditer(self.folded, position, end)]

    def _word(self, match: re.Match[str]) -> str:
        if not match["sum"]:
            return match[0]
        share = _SHARE.fullmatch(match[0])
        if share and int(share[1]) < _HALF:
            return MINORITY
        return PAST if _YEAR.fullmatch(match[0]) and int(match[0]) < self.year else NUMBER

    def parties(self, deal: int) -> frozenset[int]:
        """The numbers of the deal's parties that the sentence names."""
        return frozenset(m.seats.parties[deal] for m in self.mentions if deal in m.seats.parties)

    def masked(self, deal: int | None = None) -> str:
        """The sentence as the rules for one deal see it; without a deal all names are ``O``."""
        return f" {' '.join(t if isinstance(t, str) else self._name(t, deal) for t in self._tokens)} "

    def _name(self, mention: Mention, deal: int | None) -> str:
        """The letter for a name; a keyword of some other deal is no name, but a word like others."""
        number = None if deal is None else mention.seats.parties.get(deal)
        if number is not None:
            return letter(number)
        is_word = all(party == KEYWORD for party in mention.seats.parties.values())
        return self.folded[mention.start : mention.end] if is_word else OTHER


@dataclass(frozen=True, kw_only=True)
class Headed(Sentence):
    """A title and a sentence below it, read as one: "Dutch brewer to buy Pellworth", and who the brewer is."""

    title: Sentence
    lead: Sentence

    @classmethod
    def of(cls, title: Sentence, lead: Sentence) -> "Headed":
        """The two together. It stands where the title stands."""
        return cls(**{part.name: getattr(title, part.name) for part in fields(title)}, title=title, lead=lead)

    @property
    def halves(self) -> tuple[Sentence, ...]:
        """The title and the sentence."""
        return (self.title, self.lead)

    @property
    def form(self) -> str:
        """What the classifier knows it as."""
        return "headed"

    @cached_property
    def outlet(self) -> str | None:
        """The outlet that the title credits, or else the sentence."""
        return super().outlet or self.lead.outlet

    def parties(self, deal: int) -> frozenset[int]:
        """The numbers of the deal's parties that either names."""
        return super().parties(deal) | self.lead.parties(deal)

    def masked(self, deal: int | None = None) -> str:
        """The two as the rules see two stories of one title."""
        return f"{super().masked(deal).rstrip()}{_STORY}{self.lead.masked(deal).lstrip()}"


def any_has(parts: Iterable["Part"], word: re.Pattern[str]) -> bool:
    """Whether a word stands anywhere in an article."""
    return any(word.search(part.folded) for part in parts)


def without_company(masked: str) -> str:
    """A masked sentence without what only stands beside a party.

    "A and O", "A, the maker of pumps," and "O's unit A" become "A".
    """
    masked = _SAME_NAME.sub(r"\1", masked)
    masked = _PARENT.sub("", _APPOSITION.sub(r"\1 ", masked))
    return _COMPANY_AHEAD.sub("", _COMPANY_BEHIND.sub(r"\1 ", masked))


def without_other_stories(masked: str) -> tuple[str, str]:
    """The stories that a title joins with a semicolon ahead of the deal's own, and the title without them.

    They name no party; what follows the deal's story may take it back, and stays.
    """
    stories = masked.split(_STORY)
    own = next((i for i, story in enumerate(stories) if not set(PARTIES).isdisjoint(story.split())), 0)
    if len(set(PARTIES).intersection(stories[own].split())) < 2:
        own = 0
    return f" {_STORY.join(stories[:own]).strip()} ", f" {_STORY.join(stories[own:]).strip()} "


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an article with the names in it, in order."""

    field: Field
    text: str
    folded: str
    year: int
    mentions: tuple[Mention, ...]

    def sentences(self) -> Iterator[Sentence]:
        """The sentences of the part. A title is one sentence, without its tags and the credit at its end."""
        if self.field is Field.TITLE:
            end, credit = headline_credit(self.text, self.folded)
            tags = _TAGS.match(self.folded)
            yield self._sentence(Span(0, len(self.text)), Span(tags.end() if tags else 0, end), credit)
        else:
            yield from self._told(self.dateline or _NOT_FILED)

    def _told(self, filed: Dateline) -> Iterator[Sentence]:
        """The sentences of a text. What stands above its dateline, and below, is none together."""
        for span in sentences(self.text):
            above = Span(span.start, len(self.text[: min(filed.start, span.end)].rstrip()))
            below = Span(max(filed.end, span.start), span.end)
            for told in (above, below) if span.start < filed.end else (span,):
                if told.start < told.end:
                    yield self._sentence(told, told, released=filed.release and told.start == filed.end)

    @property
    def dateline(self) -> Dateline | None:
        """Where the text was filed, and by whom."""
        return None if self.field is Field.TITLE else dateline(self.text)

    def _sentence(self, span: Span, core: Span, credit: Credit = NOBODY, *, released: bool = False) -> Sentence:
        first, last = (bisect_left(self.mentions, offset, key=lambda m: m.start) for offset in core)
        return Sentence(
            self.field, self.text, self.folded, self.year, span, core, self.mentions[first:last], credit, released
        )
