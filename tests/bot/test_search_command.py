"""/search and /deals with words, through real updates against the stand-in Telegram."""

import pytest
from builders import HOUR, NOON
from running_bot import ANNA, BORIS, GROUP, Bot
from sqlalchemy import select

from matcher.vocabulary import Trust
from models import entry, feed, imports
from models.entry import Marks
from models.feed import Feed
from models.watchlist import read_watchlist


async def publish(bot: Bot, *titles: str) -> None:
    """A feed with these headlines, an hour between them."""
    async with bot.database.write() as session:
        await feed.add(session, "https://news.example/", "The <News>", Trust.TRUSTED)
        row = (await session.scalars(select(Feed))).one()
        marks = [(title, Marks(n, n, n, n, NOON + n * HOUR)) for n, title in enumerate(titles)]
        await entry.remember(session, row.id, marks, bot.clock())
    await bot.program.jobs.index()


async def test_articles_and_headlines_are_found_newest_first(bot: Bot) -> None:
    """/search lists what fits, with outlet, day and link, and says what was searched."""
    await publish(bot, "Gamma buys <Delta> & more", "Unrelated")
    bot.clock.advance(days=1)
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    answer = await bot.ask("/search buy*")
    first, count, _, *lines = answer.text.splitlines()
    assert (first, count) == ("/search buy*", "2 found, the newest first:")
    assert lines[0] == "• Alpha in talks to buy Beta, Bloomberg reports – Carrier Wire, 9 Jan 2018"
    assert lines[1] == "• Gamma buys <Delta> & more – The <News>, 8 Jan 2018"
    assert lines[-1] == "Searched: the full texts of 1 articles about followed deals, and 2 headlines of all feeds."
    assert any(e.get("url") == "https://carrier-wire.example/1" for e in answer.entities)


async def test_pages_are_turned_by_buttons(bot: Bot) -> None:
    """The message is edited from page to page, however long the words are; in a group by anybody."""
    await publish(bot, *(f"Gamma & Delta merger, part {n}" for n in range(25)))
    long = '"delta merger" gamma -"never to be found among all of these many headlines" -nor<this>'
    for chat in (ANNA, GROUP):
        page = await bot.ask(f"/search {long}", chat=chat, user=ANNA)
        assert "25 found" in page.text
        assert "part 24 " in page.text
        page = await bot.press(page, "Next →", user=BORIS)
        page = await bot.press(page, "Next →", user=BORIS)
        assert "part 0 " in page.text
        assert page.text.endswith("Page 3 of 3")
        assert [button.text for button in page.buttons] == ["← Previous"]


async def test_a_page_under_another_message_is_out_of_date(bot: Bot) -> None:
    """A forged button under a message that is no list of finds is answered, and finds nothing."""
    assert "out of date" in await bot.forge(await bot.ask("/help"), "search:0", ANNA)
    assert "out of date" in await bot.forge(await bot.ask("/search nothing"), "search:7", ANNA)


async def test_a_search_without_words_explains_itself(bot: Bot) -> None:
    """Neither nothing, nor only signs, nor only words that must not occur can be searched."""
    for words in ("", "!? &", "-merger", "-"):
        answer = await bot.ask(f"/search {words}")
        assert "/search" in answer.text
        assert "xample" in answer.text


@pytest.mark.parametrize("command", ["search", "timeline"])
@pytest.mark.parametrize(
    "argument",
    [
        '<b>un"closed & <script>alert(1)</script>',
        "'; DROP TABLE deal; --",
        "x" * 4000,
        "title: a AND b OR NOT ( NEAR(a b, 3) ^c + d* *",
        "a b c d e f g h i j k l m n o p q r s t u v w x y z",
        "\u202e\u0000\ud7ff 😀 ﷽",
        "-",
    ],
)
async def test_hostile_arguments_get_a_helpful_answer(bot: Bot, command: str, argument: str) -> None:
    """Whatever is typed, the answer is a sentence that Telegram accepts, and never the fault message."""
    answer = await bot.ask(f"/{command} {argument}")
    assert "fault in Hearsay" not in answer.text
    assert answer.text


async def test_deals_can_be_filtered_by_words_and_status(bot: Bot) -> None:
    """/deals takes beginnings of words of titles and parties, then a status; it says so if none fits."""
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    assert [b.text for b in (await bot.ask("/deals huaw veri")).buttons] == ["Huawei phones on Verizon"]
    assert [b.text for b in (await bot.ask("/deals alph Rumored")).buttons] == ["Alpha <Holdings> & Beta"]
    assert "No deal with this status fits “alpha”" in (await bot.ask("/deals alpha denied")).text
    assert "No deal fits “nobody”" in (await bot.ask("/deals nobody")).text


async def test_filtered_deals_have_pages(bot: Bot) -> None:
    """The pages of a filtered list keep to its words."""
    deals = "".join(
        f'[[deal]]\nslug = "gamma-{n:02}"\ntitle = "Gamma {n:02}"\nkind = "merger"\n'
        f'party = [{{ name = "Gamma" }}, {{ name = "Party{n:02}" }}]\n'
        for n in range(12)
    )
    async with bot.database.write() as session:
        await imports.import_deals(session, read_watchlist(deals), bot.clock())
    page = await bot.ask("/deals gamma")
    assert page.text.startswith("/deals gamma\n")
    page = await bot.press(page, "Next →")
    assert [b.text for b in page.buttons] == ["Gamma 10", "Gamma 11", "← Previous"]
