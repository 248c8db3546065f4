"""Every text, whatever the news puts into it, is one that Telegram accepts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standin.markup import read_html, utf16_length

from bot import messages
from bot.messages import Message
from feeds.adding import Added, Choice
from feeds.discovery import FeedLink
from feeds.opml import Imported, Unusable
from matcher.decide import Outcome
from matcher.vocabulary import ChangeKind, Field, Kind, Speaker, Stage, Trust
from models.article import Article, Claim
from models.change import Change
from models.deal import Deal
from models.feed import Feed, Trouble
from models.feed_yield import Yield
from models.notice import Notice
from models.subscriber import Subscription

DAY = timedelta(days=1)
NOW = datetime(2018, 1, 8, 20, 40, tzinfo=UTC)
HOSTILE = st.one_of(
    st.text(max_size=600),
    st.sampled_from(
        [
            "<b>",
            "</a>",
            "&amp;lt;",
            "<script>alert(1)</script>",
            "مرحبا",
            "\u202eright to left",
            "🧨" * 3000,
            "x" * 5000,
            "",
        ]
    ),
)


def _accepted(message: Message) -> str:
    """The text as the user reads it; fails where Telegram would refuse the message."""
    text, _ = read_html(message.text)
    assert utf16_length(text) <= 4096
    for row in message.buttons:
        for button in row:
            assert len(button.data.encode()) <= 64
            assert button.label
    return text


def _claim(title: str, outlet: str, url: str) -> Claim:
    article = Article(
        ref="1", outlet=outlet, url=url, title=title, summary="", body="", published_at=NOW, day_only=False,
        first_seen_at=NOW, trust=Trust.TRUSTED,
    )  # fmt: skip
    return Claim(
        id=2**62, article=article, deal_id=1, stage=Stage.TALKS, speaker=Speaker.SOURCES, origin=outlet[::-1],
        quote=title,
        field=Field.TITLE, start=0, end=len(title), certainty=0.9, rule="talks", background=False, settled=False,
        moment=NOW, outcome=Outcome.MOVED,
    )  # fmt: skip


def _deal(title: str) -> Deal:
    return Deal(
        id=2**62, slug="a-b", title=title, kind=Kind.MERGER, keywords=[], revision=1, stage=Stage.TALKS,
        origins=["x"],
        confirmed=False, moment=NOW, day_only=False, last_heard=NOW, contested=True, parties=[],
    )  # fmt: skip


def _change(deal: Deal, claims: list[Claim]) -> Change:
    return Change(
        deal=deal, at=NOW, kind=ChangeKind.STATUS, from_stage=Stage.CALLED_OFF, stage=Stage.TALKS, confirmed=False,
        sources=1, contested=True, quiet=False, claims=claims,
    )  # fmt: skip


@given(title=HOSTILE, name=HOSTILE.filter(str.strip), outlet=HOSTILE, url=HOSTILE)
def test_no_news_text_breaks_a_message(title: str, name: str, outlet: str, url: str) -> None:
    """Pushes, cards and histories stay within Telegram's limits and keep their markup whole."""
    deal = _deal(name)
    change = _change(deal, [_claim(title, outlet, url)] * 5)
    for message in (
        messages.changed(change, deal),
        messages.status(deal, change, followed=False),
        messages.history(deal, [change] * messages.HISTORY),
        messages.held(_claim(title, outlet, url), deal),
        messages.deals([deal] * messages.PAGE, 0, 3, None),
        messages.choose([deal] * 50, "status"),
        messages.not_found(title, [deal] * 3, "status"),
        messages.unknown_command(title or "/x", ""),
        messages.subscriptions([Subscription(id=2**62, party_name=name, party_key="x")] * 100),
    ):
        _accepted(message)


@given(title=HOSTILE, reason=HOSTILE, url=HOSTILE)
def test_no_feed_breaks_a_message(title: str, reason: str, url: str) -> None:
    """Cards, lists, notices, offers and imports stay within Telegram's limits and keep their markup whole."""
    feed = Feed(
        id=2**62, url=url or "x", title=title, trust=Trust.UNVETTED, failures=3, error=reason, silence_told=True,
        told=Trouble.FAILING, not_before=NOW, checked_at=NOW, next_check_at=NOW, succeeded_at=NOW, new_entry_at=NOW,
        longest_gap=DAY, rate=3.0, full_text=False, entries_seen=7,
    )  # fmt: skip
    links = [FeedLink(f"{url}{number}" or "x", title) for number in range(20)]
    for message in (
        messages.feed(feed, Yield(3, (DAY, DAY)), NOW, DAY),
        messages.feeds([feed] * messages.PAGE, 0, 3, NOW, DAY, {feed.id: Yield(3, ())}),
        messages.choose_feed(Choice(links)),
        messages.added(Added(url, title, 3), feed),
        messages.already_polled(url, feed),
        messages.no_feed(reason),
        messages.looking(url),
        messages.remove_feed(feed),
        messages.removed_feed(feed),
        messages.imported_feeds(Imported([url], [], [Unusable(url, reason)] * 50)),
        messages.bad_list(reason),
        *(messages.trouble(Notice(feed=feed, at=NOW, trouble=trouble, reason=reason)) for trouble in Trouble),
    ):
        _accepted(message)


@given(st.lists(st.text("abc/?&=<>\"';%", min_size=1, max_size=400), min_size=2, max_size=20, unique=True))
def test_every_offered_button_finds_its_own_address(paths: list[str]) -> None:
    """The address is read back from the text as the user sees it, to the letter; another text has none."""
    links = [FeedLink(f"https://a.example/{path}", "") for path in paths]
    message = messages.choose_feed(Choice(links))
    text, _ = read_html(message.text)
    assert message.buttons
    for link, (button,) in zip(links, message.buttons, strict=False):
        assert messages.offered_feed(text, button.data.partition(":")[2]) == link.url
        assert messages.offered_feed(text.replace(link.url, ""), button.data.partition(":")[2]) is None


@pytest.mark.parametrize("url", ["javascript:alert(1)", "tg://resolve?domain=x", "", "file:///etc/passwd"])
def test_only_web_addresses_become_links(url: str) -> None:
    """An article's address is linked only if it is http or https."""
    deal = _deal("Alpha & Beta")
    assert "href" not in messages.changed(_change(deal, [_claim("A title", "Outlet", url)]), deal).text


def test_a_quote_mark_in_an_address_does_not_end_the_link() -> None:
    """An address cannot smuggle markup into the message."""
    url = 'https://news.example/"><b>bold</b>'
    deal = _deal("Alpha & Beta")
    _, entities = read_html(messages.changed(_change(deal, [_claim("A title", "Outlet", url)]), deal).text)
    assert [entity["url"] for entity in entities if entity["type"] == "text_link"] == [url]


def test_what_changed_is_the_first_line() -> None:
    """A push says first what changed, then which deal, then how much stands behind it."""
    deal = _deal("Alpha & Beta")
    text = _accepted(messages.changed(_change(deal, [_claim("A title", "Outlet", "")]), deal))
    assert text.splitlines()[:3] == ["DENIED → RUMORED · in talks", "Alpha & Beta", "reported · 1 source"]


def test_without_markup_only_the_words_are_left() -> None:
    """The plain form, for when Telegram refuses the markup, reads the same."""
    assert messages.without_markup("<b>A &amp; B</b>\nsecond line") == "A & B\nsecond line"


def test_every_stage_and_speaker_has_words() -> None:
    """No stage and no speaker is shown by its code name only."""
    assert {*messages._STAGE_WORDS} == {*Stage}
    assert {*messages._SPEAKER_WORDS} == {*Speaker}
