import json
from datetime import datetime, timedelta
from pathlib import Path

import listparser
import pytest

from matcher.vocabulary import Trust
from models.watchlist import read_watchlist

EXAMPLES = Path(__file__).parents[1] / "examples"
STORY = [json.loads(line) for line in (EXAMPLES / "story/articles.jsonl").read_text(encoding="utf-8").splitlines()]
FEEDS = listparser.parse((EXAMPLES / "feeds.opml").read_text(encoding="utf-8")).feeds


@pytest.mark.parametrize("path", ["watchlist.toml", "story/watchlist.toml"])
def test_the_bundled_watchlists_are_sound(path: str) -> None:
    """The watchlists that Hearsay ships can be imported, and track the founding deal."""
    entries = read_watchlist((EXAMPLES / path).read_text(encoding="utf-8"))

    assert "huawei-att" in [entry.deal.slug for entry in entries]


def test_the_story_is_told_in_order() -> None:
    """The articles of the story have an id, a place and a title of their own, and come in the order of their time."""
    published = [datetime.fromisoformat(article["published"]) for article in STORY]

    assert published == sorted(published)
    assert {moment.utcoffset() for moment in published} == {timedelta(0)}
    for key in ("id", "url", "title"):
        assert len({article[key] for article in STORY}) == len(STORY)


def test_the_story_has_three_outlets() -> None:
    """Three outlets carry the story, each of them often enough to be a feed."""
    outlets = [article["outlet"] for article in STORY]

    assert len(set(outlets)) == 3
    assert all(outlets.count(outlet) >= 8 for outlet in outlets)


def test_the_starter_feeds_say_how_far_they_are_trusted() -> None:
    """Every starter feed lies in a folder named after a tier of trust, and all tiers are there."""
    assert {folder for feed in FEEDS for (folder,) in feed.categories} == set(Trust)
    assert len({feed.url for feed in FEEDS}) == len(FEEDS)
    assert all(feed.url.startswith("https://") for feed in FEEDS)


def test_every_starter_deal_has_its_news_search() -> None:
    """Each deal of the starter watchlist has a search feed of its own."""
    deals = read_watchlist((EXAMPLES / "watchlist.toml").read_text(encoding="utf-8"))
    searches = [feed.title for feed in FEEDS if "/rss/search?" in feed.url]

    assert searches == [f"Google News: {entry.deal.slug}" for entry in deals]
