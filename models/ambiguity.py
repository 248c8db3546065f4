"""Names that may mean something else: said when a deal is taken over, before the first wrong link.

A name may be a common word ("Target") or stand for two companies ("Delta"). Neither is an error, since a deal needs
both its parties in one article; but whoever enters it should know what the bot goes by, and how to ask for more.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from spellchecker import SpellChecker

from matcher.parties import is_legal_form, spellings
from matcher.text import fold
from matcher.vocabulary import Deal, Party
from models.wording import Wording

COMMON = 600
"""Occurrences, in the word list that comes with pyspellchecker (film subtitles), from which a word counts as common:
"sprint" has 1,421, "visa" 4,819, "target" 68,096; "nike" has 156 and "verizon" 50."""


@dataclass(frozen=True, slots=True)
class CommonWord:
    """A name that is a word of everyday language, and nothing is said of what must stand beside it."""

    word: str
    party: str
    slugs: Sequence[str]
    """The deals in which it is."""

    @property
    def wording(self) -> Wording:
        """For whoever writes a watchlist."""
        return Wording(
            "“{word}” is also a common word ({deals}): it counts only with a capital letter and only beside another "
            'party of the deal. To demand more, give “{party}” a line like requires = ["…"], with a word that stands '
            "in an article when the company is meant.",
            {"word": self.word, "deals": ", ".join(self.slugs), "party": self.party},
        )


@dataclass(frozen=True, slots=True)
class LegalForm:
    """A name that is also what form many companies have: "SAB" of SABMiller, but "Inc." of nobody."""

    form: str
    party: str

    @property
    def wording(self) -> Wording:
        """For whoever writes a watchlist."""
        return Wording(
            "“{form}” is also a legal form, which many companies have. Where it stands in an article, it is taken "
            "for “{party}”. Take it out of the aliases unless the press calls the company so.",
            {"form": self.form, "party": self.party},
        )


@dataclass(frozen=True, slots=True)
class SharedName:
    """A name that several companies bear."""

    name: str
    bearers: Mapping[str, str]
    """For each of the companies a deal, by its slug."""

    def other_than(self, party: str) -> str:
        """A company that bears the name, too."""
        return next(bearer for bearer in self.bearers if bearer != party)

    @property
    def wording(self) -> Wording:
        """For whoever writes a watchlist."""
        *others, last = (f"{party} ({slug})" for party, slug in self.bearers.items())
        first, second, *_ = self.bearers
        return Wording(
            "“{name}” is a name of {others} and {last}. An article counts for the deal whose other party it names too. "
            'To tell them apart, give each a line such as not = ["{second}"] for {first}, with phrases that mean the '
            "other.",
            {"name": self.name, "others": ", ".join(others), "last": last, "first": first, "second": second},
        )


Ambiguity = CommonWord | LegalForm | SharedName


def warnings(deals: Iterable[Deal], about: Container[str]) -> Iterator[str]:
    """What may go wrong with the names of the deals with the slugs in ``about``, seen beside all the others.

    Each warning is a sentence or two in plain words: what is ambiguous, what is gone by, and how to ask for more in a
    watchlist file.
    """
    return (str(doubt.wording) for doubt in ambiguities(deals, about))


def ambiguities(deals: Iterable[Deal], about: Container[str]) -> Iterator[Ambiguity]:
    """As :func:`warnings`, as values, which the conversation puts into its own words."""
    deals = list(deals)
    yield from _legal_forms(deal for deal in deals if deal.slug in about)
    yield from _common_words(deal for deal in deals if deal.slug in about)
    yield from _shared_names(deals, about)


def _legal_forms(deals: Iterable[Deal]) -> Iterator[LegalForm]:
    parties = {party for deal in deals for party in deal.parties}
    found = {LegalForm(name, party.name) for party in parties for name in party.names if is_legal_form(name)}
    yield from sorted(found, key=lambda form: (form.party, form.form))


def is_same_company(party: Party, other: Party) -> bool:
    """Whether the name of the one is a name of the other."""
    return not spellings(party.name).isdisjoint(_spellings(other))


def are_one_company(names: Iterable[str]) -> bool:
    """Whether these are names of one company, with and without its legal form."""
    first, *others = map(spellings, names)
    return not any(first.isdisjoint(other) for other in others)


def _common_words(deals: Iterable[Deal]) -> Iterator[CommonWord]:
    """Names that are words of everyday language, unless the watchlist says what must stand beside them."""
    bearers: dict[str, dict[str, str]] = defaultdict(dict)
    for deal in deals:
        for party in deal.parties:
            for word in () if party.requires else filter(_is_common, _spellings(party)):
                bearers[word].setdefault(deal.slug, party.name)
    for word, slugs in bearers.items():
        yield CommonWord(word, next(iter(slugs.values())), sorted(slugs))


def _spellings(party: Party) -> set[str]:
    return {spelling for name in party.names for spelling in spellings(name)}


def _is_common(word: str) -> bool:
    return _occurrences().get(word, 0) >= COMMON


@cache
def _occurrences() -> Mapping[str, int]:
    return SpellChecker(language="en").word_frequency.dictionary


def _shared_names(deals: Iterable[Deal], about: Container[str]) -> Iterator[SharedName]:
    """Names that two companies bear. The same company may be a party of many deals, under one name or several."""
    bearers: dict[str, dict[str, str]] = defaultdict(dict)
    for deal in deals:
        for party in deal.parties:
            for name in party.names:
                bearers[fold(name)].setdefault(party.name, deal.slug)
    for name, parties in bearers.items():
        if not are_one_company(parties) and any(slug in about for slug in parties.values()):
            yield SharedName(name, parties)
