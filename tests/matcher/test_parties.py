"""Names: found as the press writes them, and only there."""

import re
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.parties import Names
from matcher.text import fold
from matcher.vocabulary import Deal, Kind, Party

ATT = Party("AT&T", aliases=("AT&T Inc",), ticker="T", excludes=("AT&T Park",))
HUAWEI = Party("Huawei Technologies Co.", aliases=("Huawei",))
APPLE = Party("Apple", ticker="AAPL")
SPRINT = Party("Sprint", requires=("carrier", "wireless"))
TIME_WARNER = Party("Time Warner")
TIME_WARNER_CABLE = Party("Time Warner Cable")


def deal(slug: str, *parties: Party, keywords: Iterable[str] = ()) -> Deal:
    return Deal(slug, slug, Kind.PARTNERSHIP, parties, tuple(keywords))


def found(party: Party, text: str) -> list[str]:
    names = Names([deal("one", party)])
    return [text[m.start : m.end] for m in names.find(text, fold(text))]


def named(deals: Iterable[Deal], text: str) -> list[str]:
    deals = tuple(deals)
    names, folded = Names(deals), fold(text)

    def has(word: re.Pattern[str]) -> bool:
        return bool(word.search(folded))

    return [deals[index].slug for index in names.together(names.find(text, folded), has)]


@pytest.mark.parametrize(
    "written",
    ["AT&T", "AT & T", "AT and T", "AT&amp;T", "at&T", "AT&T Inc", "AT&T's", "(AT&T)", "AT&T-backed", "“AT&T”"],
)
def test_a_name_with_an_ampersand_is_found_in_every_spelling(written: str) -> None:
    """Spacing, "and", an undecoded entity, possessives and punctuation do not hide a name."""
    assert len(found(ATT, f"Shares of {written} rose")) == 1


@pytest.mark.parametrize("text", ["BAT&TY rose", "AT&TX rose", "at&t rose", "T rose", "AT&T Park is full"])
def test_what_only_looks_like_the_name_is_no_party(text: str) -> None:
    """Names inside words, names in small letters, bare tickers and excluded phrases do not count."""
    assert found(ATT, text) == []


@pytest.mark.parametrize("dress", ["$T", "(NYSE:T)", "NYSE: T", "(T.N)", "<T>", "<T.N>"])
def test_a_ticker_counts_in_ticker_dress(dress: str) -> None:
    """A ticker is a name only where it is dressed as one."""
    assert len(found(ATT, f"The carrier {dress} rose")) == 1


@pytest.mark.parametrize(
    "text", ["Huawei rose", "HUAWEI ROSE", "Huawei Technologies rose", "Huawei Technologies Co. rose"]
)
def test_the_legal_form_may_be_missing(text: str) -> None:
    """A party is found by its name without the legal form, and in an all-capitals headline."""
    assert len(found(HUAWEI, text)) == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [("an apple a day", []), ("Apple a day", ["Apple"]), ("APPLE SOARS", ["APPLE"]), ("Pineapple soars", [])],
)
def test_a_common_word_is_a_party_only_when_written_as_a_name(text: str, names: list[str]) -> None:
    """Small letters make a fruit, a capital makes a company."""
    assert found(APPLE, text) == names


def test_a_name_that_starts_small_is_found_small() -> None:
    """A name in the watchlist without capitals needs none in the text."""
    assert found(Party("adidas"), "the adidas deal") == ["adidas"]


def test_umlauts_are_found_in_both_spellings() -> None:
    """ö, oe and o are the same to the press."""
    for written in ("Deutsche Börse", "Deutsche Boerse", "Deutsche Borse"):
        assert found(Party("Deutsche Börse AG"), f"{written} rose") == [written]


def test_the_longest_name_wins() -> None:
    """Who says "Time Warner Cable" does not name Time Warner."""
    deals = [deal("short", TIME_WARNER, APPLE), deal("long", TIME_WARNER_CABLE, APPLE)]
    assert named(deals, "Apple talks to Time Warner Cable") == ["long"]
    assert named(deals, "Apple talks to Time Warner") == ["short"]


def test_an_excluded_phrase_hides_the_name_only_from_its_own_party() -> None:
    """One deal's exclusion does not blind another deal."""
    deals = [deal("strict", ATT, APPLE), deal("open", Party("AT&T"), APPLE)]
    assert named(deals, "Apple opens a shop at AT&T Park") == ["open"]


def test_a_deal_needs_two_of_its_parties() -> None:
    """One party named is no deal named."""
    deals = [deal("huawei-att", HUAWEI, ATT), deal("huawei-apple", HUAWEI, APPLE)]
    assert named(deals, "Huawei meets AT&T") == ["huawei-att"]
    assert named(deals, "Huawei meets nobody") == []


def test_two_names_of_one_party_are_one_party() -> None:
    """A company under two spellings ("AT&T Inc", "AT&T") is no deal of two."""
    assert named([deal("huawei-att", HUAWEI, ATT)], "AT&T Inc said AT&T was fine") == []


def test_a_keyword_stands_for_the_missing_party() -> None:
    """A deal's keyword beside one party names the deal; the keyword alone does not."""
    deals = [deal("huawei-att", HUAWEI, ATT, keywords=["US carrier"])]
    assert named(deals, "Huawei courts a US carrier") == ["huawei-att"]
    assert named(deals, "A US carrier raises prices, says US carrier") == []
    assert named([deal("sale", HUAWEI, keywords=["US carrier"])], "A US carrier raises prices") == []


def test_a_deal_with_one_party_is_named_by_it() -> None:
    """Where only one party is known, it suffices."""
    assert named([deal("sale", SPRINT)], "Wireless carrier Sprint is for sale") == ["sale"]


def test_an_ambiguous_name_needs_its_company() -> None:
    """A name with required words counts only in an article that has one of them."""
    deals = [deal("apple-sprint", APPLE, SPRINT)]
    assert named(deals, "Apple and Sprint: the carrier sells phones") == ["apple-sprint"]
    assert named(deals, "Apple and Sprint both begin with a letter") == []


@given(
    st.sampled_from(["", " ", "(", '"', "'", "-", "—", "/", ",", "…", "«", "\n"]), st.sampled_from(" .,;:!?)'\"-—/…\n")
)
def test_punctuation_around_a_name_does_not_matter(before: str, after: str) -> None:
    """Whatever sign stands before and behind it, a name is found."""
    assert found(HUAWEI, f"x {before}Huawei{after} y") == ["Huawei"]


@given(st.text())
def test_every_mention_is_a_stretch_of_the_text(text: str) -> None:
    """Mentions lie inside the text, in order, none inside another."""
    names = Names([deal("one", ATT, APPLE), deal("two", HUAWEI)])
    text = f"{text} Huawei {text} AT&T, {text}"
    mentions = names.find(text, fold(text))
    assert {text[m.start : m.end] for m in mentions} >= {"AT&T"}
    assert all(one.end <= other.start for one, other in pairwise(mentions))


def test_thousands_of_deals_share_one_spelling_table() -> None:
    """A party of many deals is one entry: naming it with another party finds their deals and no others."""
    deals = [deal(f"apple-{n}", APPLE, Party(f"Partner{n} Works")) for n in range(2000)]
    assert named(deals, "Apple signs with Partner7 Works") == ["apple-7"]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Wal-Mart", "Walmart"),
        ("Wal-Mart", "Wal Mart"),
        ("JP Morgan", "JPMorgan"),
        ("J.P. Morgan", "JP Morgan"),
        ("Coca Cola", "Coca-Cola"),
        ("SABMiller", "SAB Miller"),
        ("BlackBerry", "Black Berry"),
        ("Anheuser-Busch InBev", "Anheuser Busch InBev"),
        ("McDonald's", "McDonalds"),
        ("Macy's", "Macy's"),
        ("The Walt Disney Company", "Walt Disney"),
        ("U.S. Steel", "US Steel"),
        ("U.S. Steel", "U. S. Steel"),
        ("JPMorgan Chase & Co", "JPMorgan Chase"),
        ("Bharti Airtel Pvt. Ltd.", "Bharti Airtel"),
        ("Telekomunikasi Tbk", "Telekomunikasi"),
        ("Nestlé", "Nestle"),
        ("Münchener Rück", "Muenchener Rueck"),
    ],
)
def test_a_name_is_found_as_the_press_writes_it(name: str, written: str) -> None:
    """Hyphens, blanks, apostrophes, stops, articles, legal forms and accents may be there or not."""
    assert found(Party(name), f"Shares of {written} rose") == [written]


@pytest.mark.parametrize(
    ("name", "text"),
    [("T-Mobile", "The tmobile rose"), ("Rite Aid", "First aid rose"), ("The Gap", "A gap opens"), ("BT Co", "BTCo")],
)
def test_a_derived_spelling_is_no_looser_than_the_name(name: str, text: str) -> None:
    """What is derived stands alone and with a capital letter, as the name itself."""
    assert found(Party(name), text) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("NewsCorp", "News of the day"),
        ("NewsCorp", "NEWS OF THE DAY"),
        ("OnTheMarket", "On the market this week"),
        ("OnTheMarket", "Homes On The Market"),
        ("The Group", "The shop opens"),
        ("The Group", "THE SHOP OPENS"),
        ("TheStreet", "The street is closed"),
        ("McKesson", "Mc Kesson"),
        ("OneNewDay", "One new day begins"),
    ],
)
def test_a_name_is_not_taken_apart_into_everyday_words(name: str, text: str) -> None:
    """A name written as one is found as two words only where these are no phrase of everyday language."""
    assert found(Party(name), text) == []


@pytest.mark.parametrize(("name", "written"), [("NewsCorp", "NewsCorp"), ("The Group", "The Group")])
def test_a_name_that_looks_like_a_legal_form_is_found_as_written(name: str, written: str) -> None:
    """Whatever is not derived from it, the name itself is."""
    assert found(Party(name), f"Shares of {written} rose") == [written]
