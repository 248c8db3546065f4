import pytest
from builders import a_deal, track
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from matcher.vocabulary import Deal as DealValue
from matcher.vocabulary import Kind, Party, Stage, Status
from models import deal as deals
from models.database import Database
from models.deal import Deal, find, find_party, page, spelling_key

HUAWEI = Party("Huawei", ("Huawei Technologies",))
ATT = Party("AT&T", ("AT&T Inc", "AT and T"), ticker="T")
WATCHLIST = [
    DealValue("huawei-att", "Huawei phones on AT&T", Kind.PARTNERSHIP, (HUAWEI, ATT)),
    DealValue("huawei-verizon", "Huawei phones on Verizon", Kind.PARTNERSHIP, (HUAWEI, Party("Verizon"))),
    DealValue("time-warner", "AT&T buys Time Warner", Kind.ACQUISITION, (ATT, Party("Time Warner", ticker="TWX"))),
    DealValue("sprint-t-mobile", "Sprint and T-Mobile", Kind.MERGER, (Party("Sprint"), Party("T-Mobile"))),
]


@pytest.fixture
async def watchlist(database: Database) -> Database:
    async with database.write() as session:
        for deal in WATCHLIST:
            await track(session, deal)
    return database


async def slugs(database: Database, query: str) -> list[str]:
    async with database.read() as session:
        return [deal.slug for deal in (await find(session, query)).deals]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param("huawei-att", ["huawei-att"], id="a slug"),
        pytest.param("  HUAWEI-ATT ", ["huawei-att"], id="a slug, loosely"),
        pytest.param("AT&T huawei", ["huawei-att"], id="both parties"),
        pytest.param("huawei at&t", ["huawei-att"], id="in the other order"),
        pytest.param("att phones", ["huawei-att"], id="with a word of the title"),
        pytest.param("Huawei/AT&T", ["huawei-att"], id="with a stroke"),
        pytest.param("huawei technologies at & t", ["huawei-att"], id="by long names"),
        pytest.param("huawei – at and t", ["huawei-att"], id="with a dash"),
        pytest.param("huawei and att", ["huawei-att"], id="with a joining word"),
        pytest.param("att", ["huawei-att", "time-warner"], id="one party, all its deals"),
        pytest.param("at and t", ["huawei-att", "time-warner"], id="one party, by an alias of three words"),
        pytest.param("huawei", ["huawei-att", "huawei-verizon"], id="one party"),
        pytest.param("t-mobile", ["sprint-t-mobile"], id="a name with a hyphen"),
        pytest.param("tmobile", ["sprint-t-mobile"], id="the same without"),
        pytest.param("twx", ["time-warner"], id="a ticker"),
        pytest.param("time warner att", ["time-warner"], id="a name of two words"),
        pytest.param("Hüawei", ["huawei-att", "huawei-verizon"], id="with an accent"),
    ],
)
async def test_deals_are_found_as_people_type_them(watchlist: Database, query: str, found: list[str]) -> None:
    """By slug, or by party names in any order and spelling; those that fit best, by slug."""
    assert await slugs(watchlist, query) == found


@pytest.mark.parametrize(
    ("query", "suggested"),
    [
        ("huawai", "huawei-att"),
        ("huawei or att", "huawei-att"),
        ("nokia verizon", "huawei-verizon"),
        ("huawei-at", "huawei-att"),
        ("verizn", "huawei-verizon"),
        ("sprint-tmobil", "sprint-t-mobile"),
    ],
)
async def test_misspellings_get_suggestions(watchlist: Database, query: str, suggested: str) -> None:
    """What nearly fits is suggested, best first."""
    async with watchlist.read() as session:
        found = await find(session, query)

    assert not found.deals
    assert found.suggestions[0].slug == suggested


@pytest.mark.parametrize("query", ["", "   ", "qqqqzzzz", "%", "'; DROP TABLE deal; --", "x" * 5000, "\0", "🚀"])
async def test_nonsense_finds_nothing(watchlist: Database, query: str) -> None:
    """Nor does it suggest anything, or fail."""
    async with watchlist.read() as session:
        found = await find(session, query)

    assert (list(found.deals), list(found.suggestions)) == ([], [])


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
async def test_no_query_fails(watchlist: Database, query: str) -> None:
    """Whatever is typed gets an answer."""
    async with watchlist.read() as session:
        found = await find(session, query)

    assert not (found.deals and found.suggestions)


@pytest.mark.parametrize(
    ("query", "party"), [("att", "AT&T"), ("at and t", "AT&T"), ("HUAWEI", "Huawei"), ("twx", "Time Warner")]
)
async def test_a_party_is_known_by_any_of_its_spellings(watchlist: Database, query: str, party: str) -> None:
    """As its deals call it."""
    async with watchlist.read() as session:
        assert await find_party(session, query) == party


async def test_an_unknown_party_is_unknown(watchlist: Database) -> None:
    """A party of no deal has no name."""
    async with watchlist.read() as session:
        assert await find_party(session, "Nokia") is None
        assert await find_party(session, "") is None


@pytest.mark.parametrize("spelling", ["AT&T", "at&t", "ATT", "at & t", "A.T.&T."])
def test_spellings_are_compared_by_their_letters(spelling: str) -> None:
    """Case, spaces and punctuation do not count."""
    assert spelling_key(spelling) == "att"


async def test_pages_show_deals_with_a_status_first(database: Database) -> None:
    """Rumored, denied, finalized, then those without any report; each by slug; with the number of all."""
    stages = {"d-d": None, "c-c": Stage.AGREED, "b-b": Stage.CALLED_OFF, "a-a": Stage.NEAR, "z-z": Stage.QUIET}
    async with database.write() as session:
        for slug, stage in stages.items():
            (await track(session, a_deal(slug, "Alpha", "Beta"))).stage = stage

    async with database.read() as session:
        first, total = await page(session, None, 0, 3)
        rest, _ = await page(session, None, 3, 3)
        rumored, rumors = await page(session, Status.RUMORED, 0, 9)

    assert [deal.slug for deal in [*first, *rest]] == ["a-a", "z-z", "b-b", "c-c", "d-d"]
    assert (total, rumors) == (5, 2)
    assert [deal.slug for deal in rumored] == ["a-a", "z-z"]


async def test_a_deal_comes_back_as_it_went_in(watchlist: Database) -> None:
    """Every word of a watchlist entry is stored, parties in their order."""
    async with watchlist.read() as session:
        stored = (await session.scalars(select(Deal).options(selectinload(Deal.parties)).order_by(Deal.id))).all()

    assert [deal.value for deal in stored] == WATCHLIST


@pytest.mark.parametrize("at_once", [1, 3, 4, 500])
async def test_the_matcher_gets_every_deal(watchlist: Database, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """With all its words and parties, however many are read at a time."""
    monkeypatch.setattr(deals, "AT_ONCE", at_once)
    async with watchlist.read() as session:
        assert await deals.values(session) == sorted(WATCHLIST, key=lambda deal: deal.slug)


async def test_the_watchlist_version_tells_every_change(watchlist: Database) -> None:
    """Adding, describing anew and removing a deal each make another version; moving a deal does not."""
    versions = []

    async def note() -> None:
        async with watchlist.read() as session:
            versions.append(await deals.watchlist_version(session))

    await note()
    async with watchlist.write() as session:
        added = await track(session, a_deal())
    await note()
    async with watchlist.write() as session:
        (await session.get_one(Deal, added.id)).stage = Stage.TALKS
    await note()
    async with watchlist.write() as session:
        await session.delete(await session.get_one(Deal, added.id))
    await note()

    assert versions[0] != versions[1] == versions[2] != versions[3]
