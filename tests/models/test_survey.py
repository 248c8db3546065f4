"""Looking for deals among headlines that were made up to keep the bot busy."""

from itertools import product

import pytest
from builders import NOON

from matcher.vocabulary import Article
from models import spotted
from models.spotted import survey

MADE_UP = [f"Tel{one}{two}vara to buy North{two}{one}gate" for one, two in product("bdfgklmn", "aeiou")]
REAL = ["Huawei in talks to buy Quorum - sources", "Quorum rejects Huawei offer"]


def headlines(*titles: str) -> list[Article]:
    return [Article(str(n), title, NOON, outlet=f"Outlet {n}") for n, title in enumerate(titles)]


def test_made_up_names_do_not_crowd_out_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pairs there are, only so many are compared: first those that several headlines name."""
    compared: list[str] = []
    same_name = spotted._same_name
    monkeypatch.setattr(spotted, "MOST_PAIRS", 5)
    monkeypatch.setattr(spotted, "_same_name", lambda one, other: compared.append(one) or same_name(one, other))
    found = survey(headlines(*MADE_UP, *REAL, REAL[0]), [], NOON).found
    assert found[0].names == ("Huawei", "Quorum")
    assert found[0].articles == 3
    assert len(compared) <= 2 * 2 * 5 * 5


def test_only_the_latest_telling_headlines_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What says nothing of deals does not count towards them."""
    monkeypatch.setattr(spotted, "MOST_TELLING", 4)
    found = survey(headlines(*REAL, *MADE_UP, *["Weather mild"] * 9, *REAL), [], NOON).found
    assert len(found) == 3
    assert found[0].names == ("Huawei", "Quorum")
    assert found[0].articles == 2


def test_a_deal_that_fills_the_news_is_counted_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its latest reports are compared, but every article is counted."""
    monkeypatch.setattr(spotted, "MOST_REPORTS", 3)
    (found,) = survey(headlines(*[f"Huawei in talks to buy Quorum, part {n}" for n in range(9)]), [], NOON).found
    assert (found.articles, found.origins) == (9, 3)
