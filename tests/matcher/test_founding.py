"""The founding case: four rumours, one origin, and a background that is kept apart."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from matcher.matcher import Matcher
from matcher.vocabulary import Article, Claim, Deal, Kind, Party, Reading, Speaker, Stage

HUAWEI = Party("Huawei", aliases=("Huawei Technologies",))
XIAOMI = Party("Xiaomi", aliases=("Xiaomi Corp",))
CARRIERS = {
    "att": Party("AT&T", aliases=("AT&T Inc", "AT and T"), ticker="T"),
    "verizon": Party("Verizon", aliases=("Verizon Wireless",)),
    "sprint": Party("Sprint"),
    "amazon": Party("Amazon"),
}
DEALS = [
    Deal(f"{maker.name.lower()}-{slug}", f"{maker.name} on {carrier.name}", Kind.PARTNERSHIP, (maker, carrier))
    for maker in (HUAWEI, XIAOMI)
    for slug, carrier in CARRIERS.items()
]
CLAIMED = {"huawei-att", "huawei-verizon", "xiaomi-att", "xiaomi-verizon"}

RETOLD = """\
Two of China's biggest phone makers may soon stand on the shelves of American carriers. Sources close to the companies \
told Bloomberg that Huawei Technologies Co. and Xiaomi Corp. want to offer their best phones through U.S. operators \
from next year.

Huawei phones can be had in America today, though only without a contract, from Amazon or Best Buy. Both Huawei and \
Xiaomi are said to be negotiating with operators such as AT&T and Verizon. It is quite possible that nothing will be \
signed in the end.

Huawei has tried before. In 2016 its plans met with worries about network security. Because Sprint and Verizon run \
CDMA networks, Huawei would have to change its chips to please them.

In March, The Information reported that Huawei hoped to work with AT&T on phones with its own chip. Neither Huawei \
nor AT&T has commented on that.
"""


def read(body: str, title: str = "Chinese phones may come to U.S. carriers") -> Reading:
    moment = datetime(2017, 12, 15, 18, 0, tzinfo=UTC)
    return Matcher(DEALS).read(Article("founding", title, moment, moment, outlet="Daily Ledger", body=body))


def assert_founding_case(reading: Reading) -> None:
    news = [claim for claim in reading.claims if not claim.background]
    assert {claim.deal for claim in news} == CLAIMED
    assert len(news) == len(CLAIMED)
    assert {_summary(claim) for claim in news} == {(Stage.TALKS, Speaker.SOURCES, "Bloomberg", False)}
    background = [claim for claim in reading.claims if claim.background]
    assert [(claim.deal, claim.origin) for claim in background] == [("huawei-att", "The Information")]


def _summary(claim: Claim) -> tuple[Stage, Speaker, str, bool]:
    return claim.stage, claim.speaker, claim.origin, claim.settled


def test_an_article_like_the_first_makes_four_claims() -> None:
    """Two makers and two carriers: four rumours of Bloomberg's, the March report apart, the rest unclaimed."""
    assert_founding_case(read(RETOLD))


def test_the_founding_article_makes_four_claims(corpus: Path) -> None:
    """The article that started it all is read as the specification says."""
    seed = next((corpus / "seed").glob("*.txt")).read_text(encoding="utf-8")
    assert_founding_case(read(seed))


@pytest.mark.parametrize(
    ("title", "slug", "stage", "speaker", "origin"),
    [
        (
            "AT&T walks away from deal to sell Huawei phones - WSJ",
            "huawei-att",
            "called_off",
            None,
            "Wall Street Journal",
        ),
        ("AT&T drops plan to sell Huawei phone in the US", "huawei-att", "called_off", "outlet", "Daily Ledger"),
        ("Huawei's Richard Yu confirms AT&T deal is off", "huawei-att", "called_off", "party", "Daily Ledger"),
        (
            "Verizon drops plan to sell Huawei phones, Bloomberg reports",
            "huawei-verizon",
            "called_off",
            None,
            "Bloomberg",
        ),
        ("AT&T to sell Huawei phones from spring", "huawei-att", "agreed", "outlet", "Daily Ledger"),
        ("Huawei to announce AT&T partnership at CES", "huawei-att", "near", "outlet", "Daily Ledger"),
    ],
)
def test_what_then_happened_is_read_too(title: str, slug: str, stage: str, speaker: str | None, origin: str) -> None:
    """The turns of January 2018, told in our own headlines."""
    (claim,) = read("", title).claims
    assert (claim.deal, claim.stage, claim.origin) == (slug, stage, origin)
    assert speaker in (None, claim.speaker)


def test_unrelated_news_of_the_parties_is_a_mention() -> None:
    """Naming both parties is not yet a claim."""
    reading = read("", "Huawei and Verizon settle patent lawsuit")
    assert reading.claims == ()
    assert reading.mentions == ("huawei-verizon",)
