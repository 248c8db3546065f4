"""How the owner takes up a deal."""

import pytest
from running_bot import ANNA, OWNER, Bot
from sqlalchemy import select

from matcher.vocabulary import Kind, Trust
from models import entry, feed
from models.deal import Deal
from models.entry import Marks
from models.feed import Feed

COMMAND = "/track Northwind + Southgate Foods merger"


@pytest.fixture
async def owned(bot: Bot) -> Bot:
    """The owner's bot, which remembers some headlines."""
    await bot.own()
    async with bot.database.write() as session:
        await feed.add(session, "https://news.example/feed", "News", Trust.TRUSTED)
        row = (await session.scalars(select(Feed))).one()
        for number, title in enumerate(
            (
                "Northwind in talks to merge with Southgate Foods, sources say",
                "Weather turns mild",
                "Northwind and Southgate Foods agree to merge",
                "Northwind and Southgate Foods at the food fair",
            )
        ):
            bot.clock.advance(hours=1)
            await entry.remember(session, row.id, [(title, Marks(number, number, number, number, None))], bot.clock())
    return bot


async def test_a_deal_is_tracked_after_a_look(owned: Bot) -> None:
    """The owner sees what it would be and what the stored headlines say of it; a press takes it up."""
    shown = await owned.ask(COMMAND, chat=OWNER)
    assert "Kind: merger. Parties: Northwind, Southgate Foods. Short name: northwind-southgatefoods" in shown.text
    assert "3 stored headlines name them together:" in shown.text
    assert "Northwind and Southgate Foods agree to merge (8 Jan 2018): agreed" in shown.text
    assert "a mention only" in shown.text
    assert "By them it would be: FINALIZED · agreed" in shown.text
    done = await owned.press(shown, "Track it", user=OWNER)
    assert done.text == "Tracked: northwind-southgatefoods. From now on its news is read."
    assert (await owned.deal("northwind-southgatefoods")).kind is Kind.MERGER
    await owned.ask("/subscribe everything")
    await owned.news("Northwind ends talks to merge with Southgate Foods")
    assert owned.telegram.messages(ANNA)[-1].text.startswith("DENIED")


async def test_nothing_is_tracked_before_the_press(owned: Bot) -> None:
    """A preview changes nothing."""
    before = await _slugs(owned)
    await owned.ask(COMMAND, chat=OWNER)
    assert await _slugs(owned) == before


async def test_a_press_comes_twice(owned: Bot) -> None:
    """The second press finds the deal there and describes nothing anew."""
    shown = await owned.ask(COMMAND, chat=OWNER)
    await owned.press(shown, "Track it", user=OWNER)
    async with owned.database.write() as session:
        (await session.scalars(select(Deal).where(Deal.slug == "northwind-southgatefoods"))).one().title = "Ours"
    await owned.forge(shown, "track", OWNER)
    assert (await owned.deal("northwind-southgatefoods")).title == "Ours"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/track", "For example: /track Huawei + AT&T partnership"),
        ("/track Huawei", "For example"),
        ("/track Huawei + ", "For example"),
        ("/track Alpha + Beta", "alpha-beta is tracked already: /status alpha-beta"),
        ("/track + + +", "For example"),
        ("/track A&B + <b>x</b> merger", "Short name: "),
        (f"/track {'x' * 300} + y", "Not tracked. "),
    ],
)
async def test_what_cannot_be_tracked_is_explained(owned: Bot, typed: str, said: str) -> None:
    """Whatever is typed gets an answer that says what to do."""
    assert said in (await owned.ask(typed, chat=OWNER)).text


async def test_a_common_word_is_warned_of(owned: Bot) -> None:
    """A name that is a word of everyday language is named before the first wrong link."""
    assert "is also a common word" in (await owned.ask("/track Target + Southgate Foods", chat=OWNER)).text


async def test_a_stranger_tracks_nothing(owned: Bot) -> None:
    """Neither the command nor the owner's button works for anybody else."""
    before = await _slugs(owned)
    assert (await owned.ask(COMMAND)).text == "Only the owner may do that."
    shown = await owned.ask(COMMAND, chat=OWNER)
    assert await owned.forge(shown, "track", ANNA) == "Only the owner may do that."
    assert await _slugs(owned) == before


async def _slugs(bot: Bot) -> list[str]:
    async with bot.database.read() as session:
        return list(await session.scalars(select(Deal.slug).order_by(Deal.slug)))
