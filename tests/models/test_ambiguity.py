"""Names that may mean something else are said at import, with what is gone by."""

from dataclasses import replace

import pytest
from builders import a_deal

from matcher.vocabulary import Deal, Party
from models.ambiguity import warnings


def warned(*deals: Deal) -> list[str]:
    return list(warnings(deals, {deal.slug for deal in deals}))


@pytest.mark.parametrize("name", ["Target", "Shell", "Gap", "Sun", "Three", "Block Inc", "ARM"])
def test_a_common_word_is_warned_of(name: str) -> None:
    """A name that is a word of everyday language is named, with the deal, the capital letter and the other party."""
    (warning,) = warned(a_deal("a-b", name, "Verizon"))
    assert "(a-b)" in warning
    assert "also a common word" in warning
    assert "capital letter" in warning
    assert "requires" in warning


@pytest.mark.parametrize("name", ["Huawei", "AT&T", "Telvara", "Deutsche Telekom", "Target Hospitality Partners"])
def test_a_name_that_is_no_word_is_not(name: str) -> None:
    """Names that mean nothing else, and those of several words, need no warning."""
    assert warned(a_deal("a-b", name, "Verizon")) == []


def test_who_says_what_must_stand_beside_is_not_warned() -> None:
    """A party with ``requires`` has been thought about."""
    deal = replace(a_deal("a-b"), parties=(Party("Target", requires=("retailer",)), Party("Verizon")))
    assert warned(deal) == []


def test_a_legal_form_as_a_name_is_warned_of() -> None:
    """It may be meant, as SAB is by SABMiller; or it is a slip that would take every company for this one."""
    brewer = replace(a_deal("a-b"), parties=(Party("SABMiller", aliases=("SAB", "SAB Miller")), Party("Verizon")))
    (warning,) = warned(brewer)
    assert "“SAB” is also a legal form" in warning
    assert "taken for “SABMiller”" in warning


def test_a_name_of_two_companies_is_warned_of() -> None:
    """One alias under two parties is named once, with both and their deals."""
    lines = Deal("a", "", a_deal().kind, (Party("Delhaize Air Lines", aliases=("Delhaize",)), Party("Verizon")))
    foods = Deal("b", "", a_deal().kind, (Party("Delhaize Foods", aliases=("Delhaize",)), Party("Huawei")))
    (warning,) = warned(lines, foods)
    assert "Delhaize Air Lines (a)" in warning
    assert "Delhaize Foods (b)" in warning


def test_one_company_under_two_legal_forms_is_no_ambiguity() -> None:
    """The same company in two deals, once with its legal form, is one company."""
    assert warned(a_deal("a", "Huawei", "Verizon"), a_deal("b", "Huawei Inc", "AT&T")) == []


def test_only_what_was_imported_is_warned_of() -> None:
    """Deals that were there before are looked at beside the new ones, but not complained of again."""
    assert list(warnings([a_deal("old", "Target", "Verizon"), a_deal("new", "Huawei", "AT&T")], {"new"})) == []
