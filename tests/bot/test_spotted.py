"""Deals in the news that nobody tracks, through real updates against the stand-in Telegram."""

import pytest
from builders import HOUR
from running_bot import ANNA, BORIS, OWNER, Bot
from sqlalchemy import func, select

from matcher.vocabulary import Trust
from models import archiving, entry, feed, people
from models.deal import Deal
from models.entry import Marks
from models.feed import Feed
from models.people import Role

TALKS = "Northwind in talks to buy Southgate Foods -sources"


async def publish(bot: Bot, outlet: str, *titles: str) -> None:
    """A feed of this outlet with these headlines, an hour between them, the last of them new."""
    async with bot.database.write() as session:
        await feed.add(session, f"https://{spelled(outlet)}.example/", outlet, Trust.TRUSTED)
        row = (await session.scalars(select(Feed).where(Feed.title == outlet))).one()
        first = bot.clock() - (len(titles) - 1) * HOUR
        marks = [(title, Marks(n, n, n, n, first + n * HOUR)) for n, title in enumerate(titles)]
        await entry.remember(session, row.id, marks, bot.clock())


def spelled(outlet: str) -> str:
    return "".join(filter(str.isalnum, outlet)).lower()


@pytest.fixture
async def owned(bot: Bot) -> Bot:
    await bot.own()
    return bot


async def test_untracked_deals_are_found_and_one_is_tracked(owned: Bot) -> None:
    """The most widely reported comes first, with what speaks for it; two presses track it."""
    await publish(owned, "Daily <Ledger>", TALKS, "Telvara teams up with Quorum", "Weather mild", "Rain")
    await publish(owned, "The Courier", TALKS, "Southgate Foods Ltd rejects Northwind's offer", "Huawei, AT&T in talks")
    page = await owned.ask("/spotted", chat=OWNER)
    found, _, northwind, told, _, telvara, _, _, looked = page.text.splitlines()
    assert found == "2 possible deals that nobody tracks yet:"
    assert northwind == "Northwind + Southgate Foods · DENIED · offer turned down · 3 articles, 2 sources"
    assert told == "Southgate Foods Ltd rejects Northwind's offer – The Courier, 8 Jan 2018"
    assert telvara == "Telvara + Quorum · FINALIZED · agreed · 1 article, 1 source"
    assert looked == "Looked through 7 headlines, since 8 Jan 2018."
    before = len(owned.telegram.messages(OWNER))
    await owned.press(page, "Track: Northwind + Southgate Foods", user=OWNER)
    preview = owned.telegram.messages(OWNER)[-1]
    assert len(owned.telegram.messages(OWNER)) == before + 1
    assert preview.text.startswith("/track Northwind + Southgate Foods acquisition\n")
    await owned.press(preview, "Track it", user=OWNER)
    assert (await owned.deal("northwind-southgatefoods")).stage == "rejected"
    again = await owned.ask("/spotted", chat=OWNER)
    assert "Northwind" not in again.text
    assert "Telvara + Quorum" in again.text


async def test_what_was_taken_up_before_is_not_offered(owned: Bot) -> None:
    """Neither a tracked deal nor an archived one, under any of its names."""
    await publish(owned, "Courier", "Huawei to sell phones at AT and T stores", "Alpha Inc to buy Beta for $2 bln")
    async with owned.database.write() as session:
        deal = (await session.scalars(select(Deal).where(Deal.slug == "alpha-beta"))).one()
        await archiving.archive(session, deal, owned.clock())
    answer = await owned.ask("/spotted", chat=OWNER)
    expected = "No deal was found that nobody tracks yet. Looked through 2 headlines, since 8 Jan 2018."
    assert answer.text == expected


async def test_spellings_of_one_name_are_one_deal(owned: Bot) -> None:
    """With and without its last word or legal form, with a slip, in either order; it gets its plainest name."""
    await publish(
        owned,
        "Courier",
        "Telvara Labs to bid for Northgate",
        "Northgate rejects Telvarra bid",
        "NORTHGATE REJECTS TELVARA BID",
        "Telvara in talks to buy Northgate Plc",
        "Telvara in talks to buy Quorum",
    )
    answer = await owned.ask("/spotted", chat=OWNER)
    assert [line.partition(" · ")[0] for line in answer.text.splitlines() if " · " in line] == [
        "Telvara + Quorum",
        "Northgate + Telvara",
    ]
    assert "in talks · 4 articles, 1 source" in answer.text


async def test_only_the_news_of_a_month_counts(owned: Bot) -> None:
    """Who has no headlines at all is told so."""
    await publish(owned, "Courier", TALKS)
    owned.clock.advance(days=31)
    answer = await owned.ask("/spotted", chat=OWNER)
    assert answer.text == "No deal was found that nobody tracks yet. There is no headline of the last 30 days."


async def test_stored_articles_are_linked_and_copies_count_once(owned: Bot) -> None:
    """A full text kept for another deal has an address; the same words in two outlets are one source."""
    title = "Alpha in talks to buy Beta; Northwind in talks to buy Southgate Foods"
    await publish(owned, "Courier", "Northwind to buy Southgate Foods, sources say")
    await owned.news(title, outlet="The Ledger")
    await owned.news(title, outlet="The Echo")
    answer = await owned.ask("/spotted", chat=OWNER)
    assert "Northwind + Southgate Foods · RUMORED · close to a deal · 3 articles, 2 sources" in answer.text
    assert [e["url"] for e in answer.entities if "url" in e] == ["https://carrier-wire.example/2"]


async def test_pages_are_turned(owned: Bot) -> None:
    """Five a page, the newest first; names too long for a button are found again from the message."""
    long = ("Telvara Overseas Gathering Stations", "Northgate Interstellar Widget Founders")
    names = ("Arvane", "Belmor", "Cordelis", "Dunmarrow", "Estwick")
    titles = [f"{name} to buy {name[::-1].title()} for $1 bln & <b>more" for name in names]
    await publish(owned, "Courier", f"{long[0]} to buy {long[1]}", *titles)
    page = await owned.ask("/spotted", chat=OWNER)
    assert [button.text for button in page.buttons] == [
        *(f"Track: {name} + {name[::-1].title()}" for name in reversed(names)),
        "Next →",
    ]
    page = await owned.press(page, "Next →", user=OWNER)
    assert page.text.endswith("Page 2 of 2")
    assert " + ".join(long) in page.text
    button = next(b for b in page.buttons if b.text.startswith("Track: Telvara"))
    await owned.press(page, button.text, user=OWNER)
    assert owned.telegram.messages(OWNER)[-1].text.startswith(f"/track {' + '.join(long)} acquisition\n")


async def test_only_editors_look(owned: Bot) -> None:
    """An admin may; a stranger neither asks nor presses, and forged buttons are out of date."""
    await publish(owned, "Courier", TALKS)
    assert "owner" in (await owned.ask("/spotted", chat=ANNA)).text
    async with owned.database.write() as session:
        await people.give(session, ANNA, Role.ADMIN, owned.clock())
    assert "Northwind + Southgate Foods" in (await owned.ask("/spotted", chat=ANNA)).text
    page = await owned.ask("/spotted", chat=OWNER)
    data = next(b.callback_data for b in page.buttons)
    assert data is not None
    for forged in (data, "spotted:0"):
        before = len(owned.telegram.messages(OWNER))
        assert "owner" in await owned.forge(page, forged, BORIS)
        assert len(owned.telegram.messages(OWNER)) == before
    for forged in (f"spot:merger:{'0' * 16}", "spotted:7"):
        assert "out of date" in await owned.forge(page, forged, OWNER)
    async with owned.database.read() as session:
        assert await session.scalar(select(func.count(Deal.id))) == 3
