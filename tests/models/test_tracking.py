"""Taking up a deal about which much is stored already."""

import random

import pytest
from builders import HOUR, NOON, a_deal
from sqlalchemy import func, select

from matcher.vocabulary import Article, Trust
from models import preview, tracking
from models.article import Claim, Mention
from models.database import Database
from models.preview import Stored

NEWS = (
    "Alpha in talks to buy Beta - sources",
    "Beta denies talks with Alpha",
    "Alpha agrees to buy Beta for $2 bln",
    "Alpha nears deal for Beta: Reuters",
    "Alpha may buy Beta, analyst says",
    "Beta rejects Alpha offer",
)
APART = 30 * HOUR
OTHERS = "Alpha and Beta shares rise"


def stored(number: int, title: str, outlet: str, trust: Trust = Trust.TRUSTED) -> Stored:
    seen = NOON + number * APART
    return Stored(Article(f"headline {number}", title, seen, outlet=outlet, trust=trust), None, None)


@pytest.mark.parametrize("dice", range(3))
async def test_a_deal_stands_where_its_preview_says(database: Database, dice: int) -> None:
    """Copies, credits, doubts and old reports count for the preview as they do for the deal."""
    rolled = random.Random(dice)  # noqa: S311 - dice
    outlets = ("Reuters", "Bloomberg", "Blog", "The Courier")
    kept = [stored(n, rolled.choice(NEWS), rolled.choice(outlets), rolled.choice([*Trust])) for n in range(40)]
    found = preview.preview(a_deal(), kept)
    async with database.write() as session:
        row = await tracking.take_up(session, a_deal(), found)
        assert row.standing == found.standing


async def test_of_thousands_of_headlines_the_latest_act(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many bring news that a transaction would last; what merely mentions the deal does not crowd that out."""
    monkeypatch.setattr(preview, "MOST", 5)
    news = [stored(n, f"Alpha in talks to buy Beta, part {n}", f"Outlet {n}") for n in range(20)]
    mentions = [stored(n, OTHERS, f"Outlet {n}") for n in range(20, 40)]
    found = preview.preview(a_deal(), [*news, *mentions])
    assert len(found.findings) == 40
    async with database.write() as session:
        row = await tracking.take_up(session, a_deal(), found)
        assert row.standing == found.standing
        assert row.moment == NOON + 15 * APART
        assert await session.scalar(select(func.count()).select_from(Claim)) == 5
        assert await session.scalar(select(func.count()).select_from(Mention)) == 5
        assert row.last_heard == NOON + 19 * APART
