"""The pages behind the entries, read only where that is wanted, allowed and worth while."""

import pytest
from builders import HOUR, NOON
from sqlalchemy import select
from world import OTHER, TALKS, Item, Place, World, says

from feeds.fulltext import PAGES
from matcher.vocabulary import Stage
from models.article import Article, Claim

HEADLINE = "Alphacom shows its plans for the year"
PAGE = "https://paper.example/{0}"
STORY = (
    "<p>The company opened a new office in Oslo this week, as it does every year, and many came to see it.</p>"
    "<p>Alphacom agreed to buy Betasoft for $5 billion, the companies said in a joint statement on Monday.</p>"
    "<p>The weather was fine, and the mayor of the town held a speech about the harbour and its history.</p>"
)


def a_page(story: str = STORY) -> Place:
    document = f"<!doctype html><html><head><title>Paper</title></head><body><article>{story}</article></body></html>"
    return says(200, document.encode(), Content_Type="text/html; charset=utf-8")


def an_item(title: str = HEADLINE, number: int = 1) -> Item:
    return Item(title, str(number), PAGE.format(number), published=NOON)


@pytest.fixture
async def wanted(newsroom: World) -> World:
    """The owner wants the full text of "news", which has been read once."""
    newsroom.web.places[PAGE.format(1)] = a_page()
    await newsroom.change(full_text=True)
    newsroom.publisher("news", Item(OTHER, "0"))
    await newsroom.poll()
    return newsroom


async def bring(world: World, *items: Item) -> None:
    world.publisher("news", *items, Item(OTHER, "0"))
    await world.poll(after=4 * HOUR)
    assert (await world.row()).succeeded_at == world.now


def pages_read(world: World) -> list[str]:
    return sorted(url for url in world.web.requests if url.startswith("https://paper.example/"))


async def test_a_page_says_what_the_feed_left_out(wanted: World) -> None:
    """The claims of the full text act, once."""
    await bring(wanted, an_item())
    assert (await wanted.stage(), await wanted.told()) == (Stage.AGREED, [Stage.AGREED])
    for _ in range(3):
        await wanted.poll_next()
    assert len(wanted.web.requests[PAGE.format(1)]) == 1
    assert await wanted.told() == [Stage.AGREED]


async def test_without_the_owner_s_wish_no_page_is_read(newsroom: World) -> None:
    """Full text is asked for feed by feed."""
    newsroom.web.places[PAGE.format(1)] = a_page()
    await bring(newsroom, an_item())
    assert pages_read(newsroom) == []


async def test_only_what_names_a_party_is_looked_up(wanted: World) -> None:
    """The other articles are nobody's business, nor are those that were read before."""
    await bring(wanted, an_item(), an_item("Bergen opens a zoo", 2))
    await bring(wanted, an_item(), an_item("Bergen opens a zoo", 2), an_item("Bergen closes a zoo", 3))
    assert pages_read(wanted) == [PAGE.format(1), PAGE.format("robots.txt")]


async def test_a_few_pages_a_poll(wanted: World) -> None:
    """A feed full of articles about a party is not the occasion to read a whole site."""
    await bring(wanted, *(an_item(f"{HEADLINE}, part {number}", number) for number in range(1, 3 * PAGES)))
    assert len(pages_read(wanted)) == PAGES + 1


@pytest.mark.parametrize(
    "robots",
    [
        pytest.param(says(200, b"User-agent: *\nDisallow: /"), id="nobody may"),
        pytest.param(says(200, b"User-agent: Hearsay\nDisallow: /"), id="Hearsay may not"),
        pytest.param(says(503), id="robots.txt cannot be had"),
    ],
)
async def test_robots_are_respected(wanted: World, robots: Place) -> None:
    """Where a site lets no programs in, its pages are not asked for."""
    wanted.web.places[PAGE.format("robots.txt")] = robots
    await bring(wanted, an_item())
    assert pages_read(wanted) == [PAGE.format("robots.txt")]
    assert await wanted.told() == []


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(says(404), id="404"),
        pytest.param(says(500), id="500"),
        pytest.param(says(200, b""), id="nothing"),
        pytest.param(says(200, b"\0\1\2\xff"), id="noise"),
        pytest.param(says(200, b"<html>" + b"x" * 1_100_000), id="too large"),
    ],
)
async def test_trouble_with_a_page_changes_nothing(wanted: World, page: Place) -> None:
    """The article stays as the feed had it, and the feed is none the worse."""
    wanted.web.places[PAGE.format(1)] = page
    await bring(wanted, an_item(TALKS))
    row = await wanted.row()
    assert (row.failures, row.error, row.succeeded_at) == (0, None, wanted.now)
    assert await wanted.told() == [Stage.TALKS]


async def test_a_mistake_of_ours_on_a_page_is_not_the_feed_s(wanted: World) -> None:
    """By then the feed is read and stored, so nothing of it is undone."""

    async def crash(*_: object) -> str:
        raise ZeroDivisionError

    wanted.parser.read_page = crash  # type: ignore[method-assign]
    wanted.restart()
    await bring(wanted, an_item(TALKS))
    row = await wanted.row()
    assert (row.failures, row.error) == (0, None)
    await wanted.poll_next()
    assert wanted.web.unconditional(wanted.url("news")) == 1


async def test_what_the_feed_said_already_acts_once(wanted: World) -> None:
    """The page repeats the headline's claim: one claim, one letter, one source."""
    wanted.web.places[PAGE.format(1)] = a_page(STORY.replace("agreed to buy", "is in talks to buy"))
    await bring(wanted, an_item(TALKS))
    async with wanted.database.read() as session:
        stages = list(await session.scalars(select(Claim.stage)))
    assert stages == [Stage.TALKS]
    assert (await wanted.told(), await wanted.sources()) == ([Stage.TALKS], 1)


async def test_a_page_is_kept_with_the_entry_that_it_belongs_to(wanted: World) -> None:
    """It is a fuller version of the article, not another article."""
    await bring(wanted, an_item(TALKS))
    async with wanted.database.read() as session:
        kept = list(await session.scalars(select(Article).order_by(Article.id)))
    assert len({article.entry_id for article in kept}) == 1
    assert kept[-1].url == PAGE.format(1)
