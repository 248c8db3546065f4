"""What is new, what is old and what was edited, through the whole poller."""

from datetime import timedelta

import pytest
from builders import DAY, HOUR, NOON
from sqlalchemy import select
from world import AGREED, NEAR, OTHER, OVER, TALKS, Item, World

from feeds.parse import TooHard
from matcher.vocabulary import Stage
from models import entry as entries
from models.article import Article, Claim
from models.entry import Entry
from models.feed_yield import yields
from models.wording import Wording

PLACE = "https://news.example/2018/{0}"


def an_item(title: str, number: int = 1, **more: object) -> Item:
    return Item(title, f"id-{number}", PLACE.format(number), **more)  # type: ignore[arg-type]


SOON = 4 * HOUR
"""After which every feed is due again."""


async def republish(world: World, *items: Item, after: timedelta = SOON) -> None:
    """The document has these items now; poll it."""
    world.publisher("news", *items)
    await world.poll(after=after)
    assert (await world.row()).succeeded_at == world.now


async def claims(world: World) -> list[Claim]:
    async with world.database.read() as session:
        return list(await session.scalars(select(Claim).order_by(Claim.id)))


# Edited articles -----------------------------------------------------------------------------------------------------


async def test_an_edited_headline_acts(newsroom: World) -> None:
    """What an article says only since it was edited moves the deal, and is told."""
    await republish(newsroom, an_item(TALKS, published=NOON))
    await republish(newsroom, an_item(OVER, published=NOON))

    assert await newsroom.told() == [Stage.TALKS, Stage.CALLED_OFF]
    assert await newsroom.count(Entry) == 1
    assert await newsroom.count(Article) == 2


async def test_what_an_article_said_before_does_nothing_again(newsroom: World) -> None:
    """A typing mistake that was mended, or a paragraph more, is no news and no second source."""
    await republish(newsroom, an_item(TALKS, published=NOON))
    for summary in ("Shares rose.", "Shares rose by five percent.", "Shares fell."):
        await republish(newsroom, an_item(TALKS, summary=summary, published=NOON))

    assert await newsroom.told() == [Stage.TALKS]
    assert len(await claims(newsroom)) == 1
    assert await newsroom.sources() == 1


@pytest.mark.parametrize(("updated", "moment"), [(None, None), (NOON + HOUR, NOON + HOUR), (NOON + 300 * DAY, NOON)])
async def test_an_edit_speaks_when_the_feed_says_so(newsroom: World, updated: object, moment: object) -> None:
    """By the time of the update that the feed gives, if that has come; a new headline without one is of now."""
    await republish(newsroom, an_item(TALKS, published=NOON))
    await republish(newsroom, an_item(NEAR, published=NOON, updated=updated))

    assert [claim.moment for claim in await claims(newsroom)] == [NOON, moment or newsroom.now]


async def test_an_old_article_that_is_edited_acts_quietly(newsroom: World) -> None:
    """Somebody tidied up an archive: the deal may move, but nobody is woken."""
    await republish(newsroom, an_item(OTHER, published=NOON), an_item(OTHER, 2, published=NOON))
    tidied = an_item(OTHER, summary=f"{TALKS}, people say.", published=NOON)
    await republish(newsroom, tidied, an_item(OTHER, 2, published=NOON), after=3 * DAY)

    assert (await newsroom.stage(), await newsroom.told()) == (Stage.TALKS, [])


async def test_flapping_between_two_versions_acts_once_each(newsroom: World) -> None:
    """Two servers take turns with an old and a new version: each is read once."""
    versions = an_item(TALKS, published=NOON), an_item(OVER, published=NOON)
    for turn in range(10):
        await republish(newsroom, versions[turn % 2])

    assert await newsroom.told() == [Stage.TALKS, Stage.CALLED_OFF]
    assert (await newsroom.count(Article), await newsroom.count(Entry)) == (2, 1)


async def test_a_revision_is_no_second_source(newsroom: World) -> None:
    """One outlet that says the same thing in new words is one outlet."""
    await republish(newsroom, an_item(TALKS, published=NOON))
    await republish(newsroom, an_item(f"Exclusive: {TALKS}, sources say", published=NOON))
    await republish(newsroom, an_item("Alphacom and Betasoft hold merger talks", published=NOON))

    assert await newsroom.sources() == 1
    assert await newsroom.told() == [Stage.TALKS]


# Known entries in a new guise ----------------------------------------------------------------------------------------


async def test_a_guid_reset_wakes_nobody(newsroom: World) -> None:
    """All guids of a feed change at once: every entry is recognised, and nothing acts again."""
    await republish(newsroom, *(an_item(title, n) for n, title in enumerate((TALKS, OTHER, "Bergen opens a zoo"))))
    told, kept = await newsroom.told(), await newsroom.count(Article)
    await republish(
        newsroom,
        *(Item(title, f"new-{n}", PLACE.format(n)) for n, title in enumerate((TALKS, OTHER, "Bergen opens a zoo"))),
    )

    assert (await newsroom.told(), await newsroom.count(Article), await newsroom.count(Entry)) == (told, kept, 3)


async def test_a_renumbered_feed_is_caught_up_with(newsroom: World) -> None:
    """If nothing at all of a known feed is known any more, old entries are no news, as on a first fetch."""
    await republish(newsroom, *(an_item(f"{OTHER} {n}", n) for n in range(9)))
    strange = [Item(f"Bergen opens zoo {n}", f"x{n}", f"https://new.example/{n}", published=NOON) for n in range(6)]
    await republish(
        newsroom, Item(TALKS, "x9", "https://new.example/9", published=NOON - 9 * DAY), *strange, after=5 * DAY
    )

    assert (await newsroom.stage(), await newsroom.told()) == (Stage.TALKS, [])


async def test_a_feed_that_was_not_read_for_long_still_tells_what_is_recent(newsroom: World) -> None:
    """After a long outage what is younger than two days is news."""
    await republish(newsroom, *(an_item(f"{OTHER} {n}", n) for n in range(9)))
    later = NOON + 30 * DAY
    fresh = [an_item(f"Bergen opens zoo {n}", 100 + n, published=later) for n in range(6)]
    await republish(newsroom, an_item(TALKS, 200, published=later), *fresh, after=30 * DAY)

    assert await newsroom.told() == [Stage.TALKS]


async def test_an_entry_that_is_dropped_and_comes_back_is_known(newsroom: World) -> None:
    """A month later the same entry is no news, whether or not its row was forgotten meanwhile."""
    for forget in (False, True):
        await republish(newsroom, an_item(TALKS, published=NOON), an_item(OTHER, 2))
        await republish(newsroom, an_item(OTHER, 2))
        if forget:
            async with newsroom.database.write() as session:
                await entries.forget(session, newsroom.now + HOUR)
        await republish(newsroom, an_item(TALKS, published=NOON), an_item(OTHER, 2), after=30 * DAY)

        assert await newsroom.told() == [Stage.TALKS]
        assert await newsroom.count(Article) == 1


@pytest.mark.parametrize("age", [DAY, 3 * DAY, 400 * DAY, 9000 * DAY, -40 * DAY])
async def test_dates_never_decide_newness(newsroom: World, age: timedelta) -> None:
    """A new entry of a known feed is told, whatever date it bears."""
    await republish(newsroom, an_item(OTHER, 2))
    await republish(newsroom, an_item(TALKS, published=newsroom.now - age), an_item(OTHER, 2))

    assert await newsroom.told() == [Stage.TALKS]


async def test_a_date_that_changes_is_no_news(newsroom: World) -> None:
    """A publisher that stamps its entries anew each day says nothing new."""
    for day in range(5):
        await republish(newsroom, an_item(TALKS, published=NOON + day * DAY), after=DAY)

    assert await newsroom.told() == [Stage.TALKS]
    assert await newsroom.count(Article) == 1


# Languages -----------------------------------------------------------------------------------------------------------


async def test_an_article_in_another_language_claims_nothing(newsroom: World) -> None:
    """Where the language is certain, and the matcher does not read it, the words only look alike."""
    asked: list[str] = []

    async def language(text: str) -> str:
        asked.append(text)
        return "fi" if "sanoi" in text else ""

    newsroom.parser.language = language  # type: ignore[method-assign]
    foreign = an_item(AGREED, 2, summary="Yhtiö sanoi asiasta tiistaina.")
    await republish(newsroom, an_item(TALKS), foreign, an_item(OTHER, 3))

    assert (await newsroom.stage(), await newsroom.count(Article)) == (Stage.TALKS, 1)
    assert len(asked) == 2  # what says nothing of a deal is not even asked about


async def test_a_text_that_defeats_the_detector_is_read_all_the_same(newsroom: World) -> None:
    """Not to know the language is no reason to lose the news."""

    async def language(_: str) -> str:
        raise TooHard(Wording("The document takes too long to read; choose a shorter one."))

    newsroom.parser.language = language  # type: ignore[method-assign]
    newsroom.publisher("news", Item(TALKS))
    await newsroom.poll()
    assert await newsroom.told() == [Stage.TALKS]


# How fast ------------------------------------------------------------------------------------------------------------


async def test_the_delay_from_published_to_pushed_is_known(newsroom: World) -> None:
    """Each push tells how long its news took; articles without a time of day, and quiet changes, tell nothing."""
    await republish(newsroom, an_item(OTHER, 9), after=timedelta(0))
    await republish(newsroom, an_item(TALKS, published=NOON), an_item(OTHER, 9))
    newsroom.now += timedelta(seconds=30)
    await newsroom.deliver()
    await republish(newsroom, an_item(OVER, 2, published=NOON.replace(hour=0)), an_item(TALKS, published=NOON))
    await newsroom.deliver()

    async with newsroom.database.read() as session:
        row = await newsroom.row()
        good = (await yields(session, [row]))[row.id]
    assert good.delays == (SOON + timedelta(seconds=30),)
    assert good.articles == 2
    assert await newsroom.told() == [Stage.TALKS, Stage.CALLED_OFF]
