"""Names that may mean something else: said when a watchlist is taken over, before the first wrong link.

A name may be a common word ("Target") or stand for two companies ("Delta"). Neither is an error, since a deal needs
both its parties in one article; but whoever enters it should know what the bot goes by, and how to ask for more.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import cache

from spellchecker import SpellChecker

from matcher.parties import spellings
from matcher.text import fold
from matcher.vocabulary import Deal

COMMON = 600
"""Occurrences, in the word list that comes with pyspellchecker (film subtitles), from which a word counts as common:
"sprint" has 1,421, "visa" 4,819, "target" 68,096; "nike" has 156 and "verizon" 50."""


def warnings(deals: Iterable[Deal], about: Container[str]) -> Iterator[str]:
    """What may go wrong with the names of the deals with the slugs in ``about``, seen beside all the others.

    Each warning is a sentence or two in plain words: what is ambiguous, what is gone by, and how to ask for more.
    """
    deals = list(deals)
    yield from _common_words(deal for deal in deals if deal.slug in about)
    yield from _shared_names(deals, about)


def _common_words(deals: Iterable[Deal]) -> Iterator[str]:
    """Names that are words of everyday language, unless the watchlist says what must stand beside them."""
    bearers: dict[str, set[str]] = defaultdict(set)
    for deal in deals:
        for party in deal.parties:
            for word in () if party.requires else {s for name in party.names for s in spellings(name) if _is_common(s)}:
                bearers[word].add(deal.slug)
    for word, slugs in bearers.items():
        yield (
            f"“{word}” is also a common word ({', '.join(sorted(slugs))}): it counts only with a capital letter and "
            f'only beside another party of the deal. To demand more, give the party a line like requires = ["airline"].'
        )


def _is_common(word: str) -> bool:
    return _occurrences().get(word, 0) >= COMMON


@cache
def _occurrences() -> Mapping[str, int]:
    return SpellChecker(language="en").word_frequency.dictionary


def _shared_names(deals: Iterable[Deal], about: Container[str]) -> Iterator[str]:
    """Names that two companies bear. The same company may be a party of many deals, under one name or several."""
    bearers: dict[str, dict[str, Deal]] = defaultdict(dict)
    for deal in deals:
        for party in deal.parties:
            for name in party.names:
                bearers[fold(name)].setdefault(party.name, deal)
    for name, parties in bearers.items():
        if _are_two(parties) and any(deal.slug in about for deal in parties.values()):
            stands = " and ".join(f"{party} ({deal.slug})" for party, deal in parties.items())
            yield (
                f"“{name}” is a name of {stands}. An article counts for the deal whose other party it names too. "
                f'To tell them apart, give each a line such as not = ["{name} …"] with phrases that mean the other.'
            )


def _are_two(names: Iterable[str]) -> bool:
    """Whether these are names of different companies, not of one with and without its legal form."""
    first, *others = map(spellings, names)
    return any(first.isdisjoint(other) for other in others)
