"""Adding a feed by whatever address a person has."""

import pytest
from builders import DAY, HOUR
from world import OTHER, TALKS, Item, Place, World, moved, says

from feeds.adding import Added, AlreadyPolled, Choice, NoFeedError
from matcher.vocabulary import Stage, Trust
from models.feed import Feed

PAGE, FEED = "https://site.example/", "https://site.example/news.xml"
ITEMS = (Item(TALKS, "1"), Item(OTHER, "2"))


def a_page(*links: str) -> bytes:
    found = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{link}" title="T {link}">' for link in links
    )
    return f"<!doctype html><html><head>{found}</head><body>Hello</body></html>".encode()


def html(*links: str) -> Place:
    return says(200, a_page(*links), Content_Type="text/html")


async def test_the_feed_s_own_address(newsroom: World) -> None:
    """It is added with its first document, and from then on asked conditionally: one unconditional request ever."""
    newsroom.publisher(FEED, *ITEMS)
    added = await newsroom.adder.add(FEED, trust=Trust.OFFICIAL)

    assert added == Added(FEED, "News", 2)
    assert await newsroom.told() == [Stage.TALKS]
    for _ in range(5):
        await newsroom.poll(after=2 * HOUR)
    assert len(newsroom.web.requests[FEED]) == 6
    assert newsroom.web.unconditional(FEED) == 1
    row = await newsroom.row(FEED)
    assert (row.trust, row.failures, row.entries_seen) == (Trust.OFFICIAL, 0, 2)


async def test_an_address_without_a_scheme(newsroom: World) -> None:
    """People leave https:// out; a title of their own is kept."""
    newsroom.publisher(FEED, *ITEMS)
    assert await newsroom.adder.add("site.example/news.xml", title="My site") == Added(FEED, "My site", 2)
    assert (await newsroom.row(FEED)).title == "My site"


async def test_a_page_that_offers_one_feed(newsroom: World) -> None:
    """The feed is added, not the page."""
    newsroom.web.places[PAGE] = html("/news.xml")
    newsroom.publisher(FEED, *ITEMS)
    assert await newsroom.adder.add(PAGE) == Added(FEED, "News", 2)


async def test_a_page_that_offers_several(newsroom: World) -> None:
    """The choice is the person's; nothing is added yet."""
    newsroom.web.places[PAGE] = html("/news.xml", "/sport.xml")
    choice = await newsroom.adder.add(PAGE)
    assert isinstance(choice, Choice)
    assert [link.url for link in choice.links] == [FEED, "https://site.example/sport.xml"]
    assert await newsroom.count(Feed) == 1


async def test_a_page_that_names_none_but_has_one_at_a_usual_place(newsroom: World) -> None:
    """The places where sites keep feeds are tried one by one."""
    newsroom.web.places[PAGE] = html()
    newsroom.publisher("https://site.example/feed.xml", *ITEMS)
    assert await newsroom.adder.add(PAGE) == Added("https://site.example/feed.xml", "News", 2)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        pytest.param(html(), "RSS", id="a page without feeds"),
        pytest.param(says(404), "404", id="nothing there"),
        pytest.param(says(200, b"", Content_Type="text/plain"), "empty", id="an empty answer"),
        pytest.param(says(200, b"hello", Content_Type="text/plain"), "neither RSS nor Atom", id="something else"),
        pytest.param(html("/broken.xml"), "404", id="a page whose feed is gone"),
        pytest.param(says(304), "never asked", id="a 304 that was not asked for"),
    ],
)
async def test_what_is_no_feed_is_not_added(newsroom: World, place: Place, words: str) -> None:
    """The person is told why, in plain words."""
    newsroom.web.places[PAGE] = place
    with pytest.raises(NoFeedError, match=words):
        await newsroom.adder.add(PAGE)
    assert await newsroom.count(Feed) == 1


async def test_a_feed_that_is_polled_already(newsroom: World) -> None:
    """Nothing is asked and nothing changes; nor if the address only leads to it."""
    place = newsroom.url("news")
    assert await newsroom.adder.add(place) == AlreadyPolled(place)
    assert not newsroom.web.requests

    newsroom.web.places["https://old.example/"] = moved(place)
    assert await newsroom.adder.add("https://old.example/") == AlreadyPolled(place)
    assert (await newsroom.row()).checked_at is None


async def test_a_feed_that_had_ended_is_polled_again(newsroom: World) -> None:
    """Adding it revives it with all that is known of it: old entries do not act again."""
    news, place = newsroom.publisher("news", Item(TALKS, "1")), newsroom.url("news")
    await newsroom.poll()
    newsroom.web.places[place] = says(410)
    assert (await newsroom.poll_next()).stopped_at
    with pytest.raises(NoFeedError, match="ended"):
        await newsroom.adder.add(place)
    assert (await newsroom.row()).stopped_at

    newsroom.web.places[place] = news
    assert await newsroom.adder.add(place) == Added(place, "News", 1)
    row = await newsroom.poll_next()
    assert (row.stopped_at, row.told, row.failures, row.error) == (None, None, 0, None)
    assert await newsroom.told() == [Stage.TALKS]


@pytest.mark.parametrize("status", [301, 302])
async def test_a_redirect_for_good_is_followed_at_once(newsroom: World, status: int) -> None:
    """A person has just looked at it: a permanent redirect names the address, a temporary one does not."""
    newsroom.web.places["https://old.example/feed"] = moved(FEED, status)
    newsroom.publisher(FEED, *ITEMS)
    added = await newsroom.adder.add("https://old.example/feed")
    assert isinstance(added, Added)
    assert added.url == (FEED if status == 301 else "https://old.example/feed")


async def test_while_a_feed_is_being_added_the_poller_leaves_it_alone(newsroom: World) -> None:
    """Its first document is in hand already."""
    newsroom.publisher(FEED, *ITEMS)
    take_first = newsroom.poller.take_first

    async def poll_first(*arguments: object) -> None:
        await newsroom.poll()
        await take_first(*arguments)  # type: ignore[arg-type]

    newsroom.poller.take_first = poll_first  # type: ignore[method-assign]
    await newsroom.adder.add(FEED)
    assert newsroom.web.unconditional(FEED) == 1
    assert await newsroom.told() == [Stage.TALKS]


async def test_a_first_document_is_caught_up_with_quietly(newsroom: World) -> None:
    """What is older than two days when a feed is added sets the status and is not told."""
    newsroom.publisher(FEED, Item(TALKS, "1", published=newsroom.now - 3 * DAY))
    await newsroom.adder.add(FEED)
    assert (await newsroom.stage(), await newsroom.told()) == (Stage.TALKS, [])
