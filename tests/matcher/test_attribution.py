"""Who speaks: a party's own page, and an outlet that only shares its name."""

import pytest

from matcher.attribution import is_own_page


@pytest.mark.parametrize(
    "outlet",
    [
        "Northgate",
        "Northgate newsroom",
        "Northgate Inc. Newsroom",
        "Northgate plc - Investor Relations",
        "Northgate press release",
        "Northgate blog",
    ],
)
def test_a_company_speaks_on_its_own_page(outlet: str) -> None:
    """The bare name, or the name with what companies call the place of their announcements."""
    start = outlet.index("Northgate")
    assert is_own_page(outlet, start, start + len("Northgate"))


@pytest.mark.parametrize(
    ("outlet", "name"),
    [
        ("Northgate News", "Northgate"),
        ("Northgate Herald", "Northgate"),
        ("Daily Northgate", "Northgate"),
        ("Bloomberg", "Bloomberg"),
        ("Sky", "Sky"),
        ("Sky News", "Sky"),
    ],
)
def test_an_outlet_is_no_companys_own_page(outlet: str, name: str) -> None:
    """Neither a paper that shares the name, nor an outlet that is a company itself and reports like any other."""
    start = outlet.index(name)
    assert not is_own_page(outlet, start, start + len(name))
