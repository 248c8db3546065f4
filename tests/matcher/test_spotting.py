"""Possible deals in headlines: two names, standing where the sides of a deal stand."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.matcher import Matcher
from matcher.spotting import Spot, bundled_spotter, common_words, provisional
from matcher.vocabulary import Article, Kind, Party, Stage

NOON = datetime(2020, 5, 4, 12, 0, tzinfo=UTC)
CASES = Path(__file__).parent.parent / "data" / "spotting.toml"


def cases() -> Iterator[object]:
    for group in tomllib.loads(CASES.read_text(encoding="utf-8"))["group"]:
        for title, *says in group["cases"]:
            yield pytest.param(title, says, id=title or "nothing")


@pytest.mark.parametrize(("title", "says"), list(cases()))
def test_headline(title: str, says: list[str]) -> None:
    """Every headline in the table speaks of the deal that the table says, or of none."""
    spot = bundled_spotter().spot(title)
    assert ([" + ".join(spot.names), spot.kind] if spot else []) == says


@pytest.mark.parametrize("outlet", ["Quorum Daily", "Quorum", "The Quorum Daily"])
def test_the_outlets_own_name_is_no_party(outlet: str) -> None:
    """Aggregators put the outlet's name behind the headline."""
    assert bundled_spotter().spot("Telvara and Northgate team up - Quorum Daily", outlet) == Spot(
        ("Telvara", "Northgate"), Kind.PARTNERSHIP
    )


def test_words_of_everyday_language_are_learned_from_the_headlines() -> None:
    """Where every word has a capital, what other headlines write small makes no name."""
    told, plain = "Telvara Acquires Gravel Pits", "Telvara acquires Gravel Pits"
    common = common_words(
        ["Prices of gravel rise", "More gravel and pits", "Old gravel pits close", "More pits", plain]
    )
    assert common == {"gravel", "pits"}
    assert bundled_spotter().spot(told) == Spot(("Telvara", "Gravel Pits"), Kind.ACQUISITION)
    assert bundled_spotter().spot(told, common=common) is None
    assert bundled_spotter().spot(plain, common=common) is not None
    assert common_words(["Of apple", "On apple", "An apple", *["Apple"] * 20]) == frozenset()


def test_the_matcher_says_what_is_claimed() -> None:
    """The provisional deal between the two is read like a tracked one."""
    title = "Telvara in talks to buy Northgate"
    spot = bundled_spotter().spot(title)
    assert spot is not None
    deal = provisional(map(Party, spot.names), spot.kind, "spotted")
    (claim,) = Matcher([deal]).read(Article("a", title, NOON)).claims
    assert (claim.deal, claim.stage) == ("spotted", Stage.TALKS)


@given(st.text(max_size=80), st.sampled_from(["{} to buy Northgate", "Telvara, {} in merger talks", "{}"]))
def test_any_headline_can_be_read(words: str, headline: str) -> None:
    """Whatever stands there, the names are taken from the headline, and are two."""
    title = headline.format(words)
    spot = bundled_spotter().spot(title)
    if spot:
        one, other = spot.names
        assert one != other
        assert {*one.split(), *other.split()} <= {piece for word in title.split() for piece in _pieces(word)}


def _pieces(word: str) -> Iterator[str]:
    """Every stretch of a word: a name is written without the signs around it."""
    return (word[start:end] for start in range(len(word)) for end in range(start + 1, len(word) + 1))
