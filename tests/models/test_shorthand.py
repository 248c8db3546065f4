"""A deal in one line: what is read is written so that it is read as the same."""

import pytest

from matcher.vocabulary import Kind, Party
from models import shorthand
from models.shorthand import IncompleteError
from models.watchlist import WatchlistError

FULL = "Huawei = 华为 + AT&T = ATT Mobility = $T = beside carrier = not AT&T Park partnership"


def test_a_line_says_all_that_a_party_is_known_by() -> None:
    """Names, ticker, words beside it and phrases that are something else, each behind its party."""
    deal = shorthand.read(FULL).deal
    assert deal.kind is Kind.PARTNERSHIP
    assert deal.parties == (
        Party("Huawei", ("华为",)),
        Party("AT&T", ("ATT Mobility",), "T", requires=("carrier",), excludes=("AT&T Park",)),
    )


@pytest.mark.parametrize(
    "line",
    [
        FULL,
        "Canal+ + Disney+ joint venture",
        "a1+b1",
        "AT&T =  = ATT +Huawei",
        "Stake Inc + Merger stake",
        "A1 + B1 + C1",
    ],
)
def test_what_is_written_is_read_as_the_same(line: str) -> None:
    """However it was typed."""
    deal = shorthand.read(line).deal
    assert shorthand.read(shorthand.write(deal)).deal == deal


@pytest.mark.parametrize("line", ["", "Huawei", "Huawei +", "+ Huawei", "merger", "Huawei + = ATT"])
def test_a_deal_needs_two_parties(line: str) -> None:
    """With a name each."""
    with pytest.raises(IncompleteError):
        shorthand.read(line)


@pytest.mark.parametrize(
    "line",
    ["Huawei + AT&T = $T T", "Huawei + A", "Huawei + HUAWEI", "Huawei + Inc.", "Huawei + AT&T = ?", "Huawei + 小米"],
)
def test_what_a_watchlist_refuses_is_refused(line: str) -> None:
    """One place knows what a valid deal is."""
    with pytest.raises(WatchlistError):
        shorthand.read(line)
