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
        ("MOSCOW, March 3 /TASS/ - ", "TASS"),
        ("NEW YORK, March 3, 2015 /PRNewswire/ -- ", None),
        ("NEW YORK and LONDON, Jan. 8, 2010 /PRNewswire-FirstCall/ -- ", None),
        ("DALLAS--(BUSINESS WIRE)--", None),
        ("LONDON, Jan. 8, 2020 (GLOBE NEWSWIRE) -- ", None),
        ("CLEVELAND (WXYZ) \u2013 ", None),
        ("NEW YORK (RNS) \u2014 ", None),
        ("WASHINGTON, D.C., Jan. 5 - ", None),
    ],
)
def test_a_dateline_is_known(filed: str, agency: str | None) -> None:
    """The forms in which agencies, press wires and papers write it; it ends where the news begins."""
    found = dateline(filed + NEWS)
    assert found is not None
    assert (found.agency, found.end, found.release) == (agency, len(filed), "WIRE" in filed.upper())


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
        "BHP (ASX) has agreed to buy OZ Minerals.",
        "LONDON, 10 AM (ET) Telvara has agreed to buy Northgate.",
        "(ET) - Telvara has agreed to buy Northgate.",
        "BID REJECTED - Northgate tells Telvara to go away.",
        "SAN FRANCISCO \u2014 Telvara has agreed to buy Northgate.",
        "Telvara is in talks to buy Northgate, people said.\n(Reuters) - Earlier: Acme fell.",
    ],
)
def test_what_only_looks_like_a_dateline_is_none(text: str) -> None:
    """Brackets, capitals and dashes are not enough."""
    assert dateline(text) is None


@pytest.mark.parametrize(
    "filed", ["LONDON, March 3 (Reuters) - ", "ST. PAUL, Minn. (AP) \u2014 ", "WASHINGTON, Jan. 5 \u2014 "]
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


def test_an_agency_that_reports_what_the_carrier_said_names_it() -> None:
    """The outlet that carries the text may be the one that it credits."""
    body = "(Reuters) - Telvara is in talks to buy Northgate, CNBC reported on Monday."
    (claim,) = Matcher([DEAL]).read(read(body, outlet="CNBC")).claims
    assert claim.origin == "CNBC"


@pytest.mark.parametrize("filed", ["DALLAS--(BUSINESS WIRE)--", "NEW YORK, March 3, 2015 /PRNewswire/ -- "])
@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        ("Telvara Inc. (NYSE: TLV) and Northgate are in talks to merge.", Speaker.PARTY),
        ("A law firm announces that Telvara is in talks to buy Northgate.", Speaker.OUTLET),
        ("According to Market Research Inc., Telvara is in talks to buy Northgate.", Speaker.OUTLET),
    ],
)
def test_a_release_is_the_word_of_whom_it_begins_with(filed: str, text: str, speaker: Speaker) -> None:
    """Sites print releases as they come, those of law firms and sellers of studies, too."""
    (claim,) = Matcher([DEAL]).read(read(filed + text)).claims
    assert (claim.speaker, claim.origin) == (speaker, "Daily Ledger")


def test_a_release_may_begin_with_no_word_at_all() -> None:
    """Then it is nobody's in particular, and what stands below is read as ever."""
    (claim,) = Matcher([DEAL]).read(read('DALLAS--(BUSINESS WIRE)--"\n\nTelvara in talks with Northgate.')).claims
    assert claim.stage is Stage.TALKS


def test_what_stands_above_the_dateline_is_read() -> None:
    """A line below the headline need not end with a full stop."""
    (claim,) = Matcher([DEAL]).read(read(f"{NEWS[:-1]}\nLONDON, March 3 (Reuters) - It was a fine day.")).claims
    assert (claim.stage, claim.quote) == (Stage.AGREED, NEWS[:-1])


def test_a_headline_has_no_dateline() -> None:
    """It is read whole."""
    assert Matcher([DEAL]).read(read("", title="TELVARA (Reuters) - agreed to buy Northgate")).claims


@given(st.text(alphabet="Aa1 ,./()-_\u2014\n", max_size=500))
def test_any_text_is_searched(text: str) -> None:
    """A dateline lies inside its text, and something follows it."""
    found = dateline(text)
    assert found is None or 0 <= found.start < found.end < len(text)
