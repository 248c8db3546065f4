"""Who is named: every name of every tracked deal, found in one pass over the text.

One Aho-Corasick automaton holds the distinct names of all deals, so the cost of a text hardly depends on how many
deals there are. What the automaton finds must then stand alone (no letter or digit beside it), be written as a name
is written, and be the longest name at its place.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

import ahocorasick_rs

from matcher.text import fold
from matcher.vocabulary import Deal, Party

DealIndex = int


class Seat(NamedTuple):
    """A party's place in a deal: the deal's index and the party's number in it."""

    deal: DealIndex
    party: int


KEYWORD = -1
"""The party number under which a deal's keywords are seated: they may stand for any party that is not named."""


class Mention(NamedTuple):
    """A name found in a text: its place, and the seats that the name fills."""

    start: int
    end: int
    seats: "Seats"

    def is_of_one_with(self, other: "Mention") -> bool:
        """Whether both may name the same company."""
        return not self.seats.parties.items().isdisjoint(other.seats.parties.items())


class Seats:
    """The seats that one spelling fills. Spellings that fill the same seats share one object."""

    __slots__ = ("deals", "parties")

    def __init__(self, seats: Iterable[Seat]) -> None:
        self.parties: dict[DealIndex, int] = {seat.deal: seat.party for seat in seats}
        self.deals = frozenset(self.parties)

    def without(self, other: "Seats") -> "Seats":
        """These seats, less those of the deals in which the other spelling speaks of the same party."""
        return Seats(Seat(d, p) for d, p in self.parties.items() if other.parties.get(d) != p)


_LEGAL_FORMS = re.compile(
    r"[\s,]+(?:(?:&|and)\s+)?(?:inc|incorporated|corp|corporation|co|company|companies|ltd|limited|llc|llp|lp|plc|ag|se|sa|s\.a|spa|"
    r"s\.p\.a|srl|sarl|nv|n\.v|bv|b\.v|ab|asa|oyj|a/s|as|gmbh|kgaa|kk|pty|pte|pvt|private|bhd|tbk|sab|oao|pao|pjsc|jsc|"
    r"holding|holdings|group)\.?$"
)
_ARTICLE = re.compile(r"^the (?=\S+ \S)")
_HYPHEN = re.compile(r"(?<=\w)-(?=\w)")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[A-Z]{2})(?=[A-Z][a-z])")
_INITIALS = re.compile(r"\b(?:\w\.){2,}")
_AMPERSAND = re.compile(r"\s*(?:&amp;|&|\band\b)\s*")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "ß": "ss"})

# Ticker dress, after fold-free text: $T, NYSE:T, NASDAQ: GOOG, (T.N), <T>, <VLOF.PA>.
_TICKER = re.compile(
    r"\$(?P<cash>[A-Z]{1,6})\b|"
    r"\b(?:NYSE|NASDAQ|Nasdaq|AMEX|LSE|LON|TSX|TSE|HKG|HKEX|SEHK|ASX|NSE|BSE|ETR|FRA|EPA|SWX|STO|KRX|TYO)\s?:\s?"
    r"(?P<listed>[A-Z0-9]{1,6})\b|"
    r"\((?P<reuters>[A-Z0-9]{1,6})\.[A-Z]{1,2}\)|"
    r"<(?P<wire>[A-Z0-9]{1,6})(?:\.[A-Z]{1,2})?>"
)


def spellings(name: str) -> set[str]:
    """A name as the press may write it, folded.

    With and without its legal form, the stop of that, and its article; with ``&`` or ``and``; with ö or oe; with a
    hyphen, a blank or nothing between two words (Wal-Mart, Walmart; SABMiller, SAB Miller); with and without its
    apostrophe; with stops, blanks or nothing between its initials (U.S. Steel, U. S. Steel, US Steel).
    """
    bases = {fold(name), fold(name.lower().translate(_UMLAUTS))}
    bases |= {_ARTICLE.sub("", base) for base in bases}
    bases |= {short for base in bases if len(short := _without_legal_form(base)) > 2}
    bases |= {base.replace("'", "") for base in bases}
    bases |= {spelt for base in bases for spelt in _differently_stopped(base)}
    if len(humps := _HUMP.split(name)) == 2 and min(map(len, humps)) > 2 and humps[0] != "The":
        bases.add(fold(" ".join(humps)))
    bases |= {joined for base in bases if base == _without_legal_form(base) for joined in _differently_joined(base)}
    bases |= {f"{base}." for base in bases if base != _without_legal_form(base) and not base.endswith(".")}
    return {spelling for base in bases for spelling in _with_ampersands(base)}


def is_legal_form(name: str) -> bool:
    """Whether it says only what form a company has, such as Inc., Holdings or Co Ltd, and not which company it is."""
    return any("abc" in spellings(f"abc {form}") for form in {name, name.replace(".", "")})


def _differently_stopped(folded: str) -> Iterator[str]:
    """Initials without their stops, and with a blank behind each."""
    yield _INITIALS.sub(lambda initials: initials[0].replace(".", ""), folded)
    yield _INITIALS.sub(lambda initials: initials[0].replace(".", ". ").rstrip(), folded)


def _differently_joined(folded: str) -> Iterator[str]:
    """A hyphen as a blank or as nothing; a name of two words with a hyphen, or as one word."""
    if _HYPHEN.search(folded):
        yield from (_HYPHEN.sub(joint, folded) for joint in (" ", ""))
    elif re.fullmatch(r"\w{2,} \w{2,}", folded):
        yield from (folded.replace(" ", joint) for joint in ("-", ""))


def _without_legal_form(folded: str) -> str:
    while (shorter := _LEGAL_FORMS.sub("", folded)) not in (folded, "the"):
        folded = shorter
    return folded


def _with_ampersands(folded: str) -> set[str]:
    if not _AMPERSAND.search(folded):
        return {folded}
    return {_AMPERSAND.sub(joint, folded) for joint in ("&", " & ", " and ", "&amp;", " &amp; ")}


class Names:
    """Every name of the given deals, ready to be found in texts."""

    def __init__(self, deals: Iterable[Deal]) -> None:
        self._deals = tuple(deals)
        self._sizes = [len(deal.parties) for deal in self._deals]
        self._lonely = frozenset(i for i, size in enumerate(self._sizes) if size == 1)
        seated, tickers, barred = self._collect()
        shared: dict[tuple[Seat, ...], Seats] = {}
        self._seats = {name: _share(shared, seats) for name, seats in seated.items()}
        self._tickers = {name: _share(shared, seats) for name, seats in tickers.items()}
        self._barred = {phrase: _share(shared, seats) for phrase, seats in barred.items()}
        self._patterns = sorted(self._seats.keys() | self._barred.keys())
        self._lower = frozenset(fold(name) for name in self._written() if not _capitals(name))
        self._demanding = self._demands()
        self._automaton = ahocorasick_rs.AhoCorasick(self._patterns, store_patterns=False)

    def _collect(self) -> tuple[defaultdict[str, list[Seat]], ...]:
        seated, tickers, barred = (defaultdict[str, list[Seat]](list) for _ in range(3))
        for index, deal in enumerate(self._deals):
            for number, party in enumerate(deal.parties):
                seat = Seat(index, number)
                for spelling in {s for name in party.names for s in spellings(name)}:
                    seated[spelling].append(seat)
                for phrase in {fold(phrase) for phrase in party.excludes}:
                    barred[phrase].append(seat)
                if party.ticker:
                    tickers[party.ticker.upper()].append(seat)
            for keyword in {fold(keyword) for keyword in deal.keywords}:
                seated[keyword].append(Seat(index, KEYWORD))
        return seated, tickers, barred

    def _written(self) -> Iterator[str]:
        for deal in self._deals:
            yield from deal.keywords
            for party in deal.parties:
                yield from party.names

    def _demands(self) -> dict[Seat, re.Pattern[str]]:
        return {
            Seat(index, number): _any_word(party)
            for index, deal in enumerate(self._deals)
            for number, party in enumerate(deal.parties)
            if party.requires
        }

    def find(self, text: str, folded: str) -> list[Mention]:
        """The names in a text, in order, none inside another. ``folded`` is the same text, folded."""
        found: list[tuple[int, int, str]] = [
            (start, -end, self._patterns[index])
            for index, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True)
            if _stands_alone(folded, start, end)
        ]
        mentions = self._longest(text, sorted(found)) if found else []
        if self._tickers:
            mentions += self._find_tickers(text)
            mentions.sort(key=lambda mention: mention[:2])
        return mentions

    def _longest(self, text: str, found: list[tuple[int, int, str]]) -> list[Mention]:
        mentions: list[Mention] = []
        reach = 0
        bars: list[tuple[int, Seats]] = []
        for start, negative_end, name in found:
            end = -negative_end
            if bar := self._barred.get(name):
                bars.append((end, bar))
            seats = self._seats.get(name)
            if seats is None or start < reach or not self._written_as_name(text[start:end], name):
                continue
            for until, bar in bars:
                seats = seats.without(bar) if end <= until else seats
            if seats.deals:
                mentions.append(Mention(start, end, seats))
                reach = end
        return mentions

    def _written_as_name(self, written: str, name: str) -> bool:
        return name in self._lower or _capitals(written)

    def _find_tickers(self, text: str) -> list[Mention]:
        if not any(mark in text for mark in "$:(<"):
            return []
        return [
            Mention(match.start(), match.end(), seats)
            for match in _TICKER.finditer(text)
            if (seats := self._tickers.get(match[match.lastgroup or 0]))
        ]

    def together(self, mentions: Iterable[Mention], has: Callable[[re.Pattern[str]], bool]) -> list[DealIndex]:
        """The deals that are named: two parties, or one and a keyword, or the only party of a deal with one.

        ``has`` says whether the article has a word that an ambiguous name requires beside it.
        """
        distinct = list({id(mention.seats): mention.seats for mention in mentions}.values())
        named: set[DealIndex] = set()
        for one in distinct:
            named |= one.deals & self._lonely
        for one, other in combinations(distinct, 2):
            named |= one.deals & other.deals
        return sorted(deal for deal in named if self._is_named(deal, distinct, has))

    def _is_named(self, deal: DealIndex, seats: list[Seats], has: Callable[[re.Pattern[str]], bool]) -> bool:
        parties = {one.parties[deal] for one in seats if deal in one.parties}
        named = parties - self.lacking(deal, parties, has)
        return len(named) >= min(2, self._sizes[deal]) and named != {KEYWORD}

    def lacking(self, deal: DealIndex, parties: Iterable[int], has: Callable[[re.Pattern[str]], bool]) -> set[int]:
        """Those of the parties whose ambiguous name requires a word beside it that the article does not have."""
        return {p for p in parties if (need := self._demanding.get(Seat(deal, p))) and not has(need)}


def _share(shared: dict[tuple[Seat, ...], Seats], seats: list[Seat]) -> Seats:
    return shared.setdefault(tuple(seats), Seats(seats))


def _any_word(party: Party) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(re.escape(fold(word)) for word in party.requires) + r")(?!\w)")


def _capitals(written: str) -> bool:
    return any(map(str.isupper, written))


def _stands_alone(folded: str, start: int, end: int) -> bool:
    before, after = folded[start - 1 : start], folded[end : end + 1]
    return not (before.isalnum() and folded[start].isalnum()) and not (after.isalnum() and folded[end - 1].isalnum())
