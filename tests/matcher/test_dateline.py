"""Where a text was filed and by whom: read as such, and not as news."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.dateline import dateline
from matcher.matcher import Matcher
from matcher.vocabulary import Article, Deal, Kind, Party, Speaker, Stage

NOON = datetime(2020, 5, 4, 12, 0, tzinfo=UTC)
DEAL = Deal("telvara-northgate", "", Kind.ACQUISITION, (Party("Telvara"), Party("Northgate")))
NEWS = "Telvara has agreed to buy Northgate for $4.2 billion."


def read(body: str, outlet: str = "Daily Ledger", title: str = "Pump makers in the news") -> Article:
    return Article("a", title, NOON, NOON, outlet=outlet, body=body)


@pytest.mark.parametrize(
    ("filed", "agency"),
    [
        ("LONDON (Reuters) - ", "Reuters"),
        ("LONDON, March 3 (Reuters) - ", "Reuters"),
        ("PARIS/LONDON, March 3 (Reuters) - ", "Reuters"),
        ("(Bloomberg) -- ", "Bloomberg"),
        ("ST. PAUL, Minn. (AP) \u2014 ", "Associated Press"),
        ("NEW YORK (AP) _ ", "Associated Press"),
        ("MUMBAI, June 2 (PTI) ", "PTI"),
        ("By Joan Roe and Sam Poe\n\nSEOUL, Nov. 4 (Reuters) - ", "Reuters"),
        ("(Adds details)\nSEOUL, Nov. 4 (Reuters) - ", "Reuters"),
        ("NEW YORK, March 3, 2015 /PRNewswire/ -- ", "PRNewswire"),
        ("NEW YORK and LONDON, Jan. 8, 2010 /PRNewswire-FirstCall/ -- ", "PRNewswire"),
        ("DALLAS--(BUSINESS WIRE)--", "Business Wire"),
        ("LONDON, Jan. 8, 2020 (GLOBE NEWSWIRE) -- ", "Globe Newswire"),
        ("CLEVELAND (WXYZ) \u2013 ", None),
        ("SAN FRANCISCO \u2014 ", None),
        ("WASHINGTON, D.C., Jan. 5 - ", None),
    ],
)
def test_a_dateline_is_known(filed: str, agency: str | None) -> None:
    """The forms in which agencies, press wires and papers write it; it ends where the news begins."""
    found = dateline(filed + NEWS)
    assert found is not None
    assert (found.agency, found.end) == (agency, len(filed))


@pytest.mark.parametrize(
    "text",
    [
        NEWS,
        "",
        "Telvara (TLV) - maker of pumps - has agreed to buy Northgate.",
        "Telvara has agreed to buy Northgate (Bloomberg) - at last.",
        "Telvara (the buyer) has agreed.",
        "COVID-19 hits sales.",
        "Joan Roe (Reuters) said so.",
        "San Francisco is where Telvara makes its pumps.",
        "(see page 2) - Telvara has agreed to buy Northgate.",
    ],
)
def test_what_only_looks_like_a_dateline_is_none(text: str) -> None:
    """Brackets, capitals and dashes are not enough."""
    assert dateline(text) is None


@pytest.mark.parametrize(
    "filed", ["LONDON, March 3 (Reuters) - ", "ST. PAUL, Minn. (AP) \u2014 ", "SAN FRANCISCO \u2014 "]
)
def test_the_quote_begins_behind_the_dateline(filed: str) -> None:
    """Readers are shown the news, and its offsets are those of the text as it came."""
    body = filed + NEWS
    (claim,) = Matcher([DEAL]).read(read(body)).claims
    assert (claim.stage, claim.quote, body[claim.start : claim.end]) == (Stage.AGREED, NEWS, NEWS)


@pytest.mark.parametrize(
    ("filed", "origin"),
    [
        ("LONDON (Reuters) - ", "Reuters"),
        ("LONDON \u2014 ", "Daily Ledger"),
        ("", "Daily Ledger"),
    ],
)
def test_a_text_comes_from_the_agency_that_filed_it(filed: str, origin: str) -> None:
    """A paper that prints Reuters is no second source; and an agreement that an agency reports is no mere rumor."""
    (claim,) = Matcher([DEAL]).read(read(filed + NEWS)).claims
    assert (claim.origin, claim.stage) == (origin, Stage.AGREED)


def test_what_the_text_credits_counts_more_than_its_dateline() -> None:
    """Reuters passes on what Bloomberg said."""
    body = "LONDON (Reuters) - Telvara is in talks to buy Northgate, according to Bloomberg."
    (claim,) = Matcher([DEAL]).read(read(body)).claims
    assert claim.origin == "Bloomberg"


def test_an_agency_that_is_told_is_its_own_origin() -> None:
    """What sources told Reuters is Reuters' report, whoever prints it."""
    body = "LONDON (Reuters) - Telvara is in talks to buy Northgate, two people told Reuters."
    (claim,) = Matcher([DEAL]).read(read(body)).claims
    assert (claim.origin, claim.speaker) == ("Reuters", Speaker.SOURCES)


@pytest.mark.parametrize("filed", ["DALLAS--(BUSINESS WIRE)--", "NEW YORK, March 3, 2015 /PRNewswire/ -- "])
def test_a_press_release_is_a_party_s_word_wherever_it_stands(filed: str) -> None:
    """Sites print releases as they come."""
    (claim,) = Matcher([DEAL]).read(read(filed + NEWS)).claims
    assert claim.speaker is Speaker.PARTY


def test_a_party_in_place_of_a_city_is_no_dateline() -> None:
    """Who is named there is who the news is about."""
    body = "TELVARA - Northgate's suitor - has agreed to buy Northgate."
    assert [claim.stage for claim in Matcher([DEAL]).read(read(body)).claims] == [Stage.AGREED]


@given(st.text(alphabet="Aa1 ,./()-_\u2014\n", max_size=500))
def test_any_text_is_searched(text: str) -> None:
    """A dateline lies inside its text, and something follows it."""
    found = dateline(text)
    assert found is None or 0 <= found.start < found.end < len(text)
