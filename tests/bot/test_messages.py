"""Every text, whatever the news puts into it, is one that Telegram accepts."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from gettext import NullTranslations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standin.content import Parameters, keyboard_of, text_of
from standin.markup import read_html

from bot.language import languages, speaking
from bot.messages import deals, feed_words, feeds, files, finding, owner, push, settings, standing, subscriptions
from bot.messages import help as helping
from bot.messages.frame import PAGE, Message, label, plain, without_markup
from bot.messages.search import LONGEST_WORDS
from bot.replies import keyboard
from feeds.adding import Added, Choice
from feeds.discovery import FeedLink
from feeds.opml import Imported, Unusable
from matcher.decide import Outcome
from matcher.vocabulary import ChangeKind, Field, Kind, Speaker, Stage, Status, Trust
from models.article import Article, Claim
from models.change import Change
from models.deal import Deal
from models.feed import Feed, Trouble
from models.feed_yield import Yield
from models.notice import Notice
from models.outbox import Backlog, Missed
from models.subscriber import Digest, Subscriber
from models.subscription import Moves, Subscription
from models.wording import Wording

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
    buttons = keyboard(message)
    asked = Parameters(text=message.text, parse_mode="HTML", reply_markup=buttons.to_dict() if buttons else None)
    json.dumps(asked, ensure_ascii=False).encode()
    keyboard_of(asked)
    return text_of(asked)[0]


def _links(message: Message) -> list[str]:
    return [entity["url"] for entity in read_html(message.text)[1] if entity["type"] == "text_link"]


def _claim(title: str, outlet: str, url: str, deal: Deal | None = None) -> Claim:
    article = Article(
        ref="1", outlet=outlet, url=url, title=title, summary="", body="", published_at=NOW, day_only=False,
        first_seen_at=NOW, trust=Trust.TRUSTED,
    )  # fmt: skip
    return Claim(
        id=2**62, article=article, deal_id=1, stage=Stage.TALKS, speaker=Speaker.SOURCES, origin=outlet[::-1],
        quote=title,
        field=Field.TITLE, start=0, end=len(title), certainty=0.9, rule="talks", background=False, settled=False,
        moment=NOW, outcome=Outcome.MOVED, deal=deal,
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


@pytest.mark.parametrize("language", languages())
@given(title=HOSTILE, name=HOSTILE, outlet=HOSTILE, url=HOSTILE)
def test_no_news_text_breaks_a_message(language: str, title: str, name: str, outlet: str, url: str) -> None:
    """Pushes, cards and histories stay within Telegram's limits and keep their markup whole."""
    with speaking(language):
        for message in _about_deals(title, name, outlet, url):
            _accepted(message)


def _about_a_subscription(name: str) -> list[Message]:
    chat = Subscriber(time_zone="Europe/Berlin", digest=Digest.WEEKLY, digest_at=480, quiet_from=0, quiet_until=360)
    followed = Subscription(
        id=2**62,
        party_name=name,
        party_key="x",
        moves=Moves.KEY,
        silent=True,
        words=f"{name[:90]} -{name[:90]}",
        subscriber=chat,
    )
    return [
        subscriptions.subscriptions([followed] * 100, 1, NOW),
        subscriptions.subscription(followed, NOW + timedelta(days=1), NOW),
        subscriptions.ask_words(followed),
        settings.settings(chat, NOW),
        settings.quiet_hours(chat, NOW),
        settings.digest(chat, NOW),
        settings.unknown_zone(name, ["UTC"]),
        settings.unknown_hours(name),
        settings.unknown_setting(name),
    ]


def _about_deals(title: str, name: str, outlet: str, url: str) -> list[Message]:
    deal = _deal(name)
    change = _change(deal, [_claim(title, outlet, url)] * 5)
    missed = [Missed(deal, 2, 3)] * 20
    return [
        push.changed(change, deal),
        deals.status(deal, change, followed=False),
        deals.history(deal, [change] * deals.HISTORY),
        push.held(_claim(title, outlet, url, deal)),
        deals.deals([deal] * PAGE, 0, 3, plain(name, LONGEST_WORDS), name, None),
        deals.choose([deal] * 50, "status"),
        deals.not_found(title, [deal] * 3, "status"),
        helping.unknown_command(title or "/x", ""),
        *_about_a_subscription(name),
        subscriptions.subscribed(name),
        subscriptions.still_followed(deal),
        subscriptions.ask_mute(deal, NOW),
        subscriptions.muted(deal, NOW, UTC),
        subscriptions.unmuted(deal),
        push.released(deal, change),
        push.welcome_back(missed),
        push.missed(missed, Backlog(9, 8, 7, 6, 5, NOW)),
    ]


@pytest.mark.parametrize("language", languages())
@given(title=HOSTILE, reason=HOSTILE, url=HOSTILE)
def test_no_feed_breaks_a_message(language: str, title: str, reason: str, url: str) -> None:
    """Cards, lists, notices, offers and imports stay within Telegram's limits and keep their markup whole."""
    with speaking(language):
        for message in _about_feeds(title, reason, url):
            _accepted(message)


def _about_feeds(title: str, reason: str, url: str) -> list[Message]:
    feed = Feed(
        id=2**62, url=url or "x", title=title, trust=Trust.UNVETTED, failures=3, error=Wording(reason),
        silence_told=True, told=Trouble.FAILING, not_before=NOW, checked_at=NOW, next_check_at=NOW, succeeded_at=NOW,
        new_entry_at=NOW, longest_gap=DAY, rate=3.0, full_text=False, entries_seen=7,
    )  # fmt: skip
    links = [FeedLink(f"{url}{number}" or "x", title) for number in range(20)]
    return [
        feeds.feed(feed, Yield(3, (DAY, DAY)), NOW, DAY),
        feeds.feeds([feed] * PAGE, 0, 3, NOW, DAY, {feed.id: Yield(3, ())}),
        finding.choose_feed(Choice(links)),
        feeds.added(Added(url, title, 3), feed),
        feeds.already_polled(url, feed),
        finding.no_feed(Wording("{reason}", {"reason": reason})),
        finding.looking(url),
        feeds.remove_feed(feed),
        feeds.removed_feed(feed),
        files.imported_feeds(Imported([url], [], [Unusable(url, Wording(reason))] * 50)),
        files.bad_file(reason),
        *(feeds.trouble(Notice(feed=feed, at=NOW, trouble=trouble, reason=Wording(reason))) for trouble in Trouble),
    ]


PIECES = [
    "<", ">", "&", '"', "'", "<b>", "</a>", "<script>", "&lt;", "&#0;", "&#55357;", "{title}", "%s", "🧨", "👩\u200d👧",
    "e\u0301\u0323", "\u0488", "\u200b", "\ufeff", "\u200f", "\u202e", "\u2067", "مرحبا", "\ud83d", "\udca3", "\x00",
    "\x1b", "\n", "\u2028", " ", "Huawei",
]  # fmt: skip
IN_ADDRESSES = ['"', "'", "<", ">", "&", "&amp;", "#", "?", "%22", "=", "ü", "🧨", "a", "/"]


def _hostile_title(dice: Random) -> str:
    return "".join(dice.choices(PIECES, k=dice.choice([0, 1, 2, 5, 20, 100, 5000])))[:5000]


@pytest.mark.chaos
def test_no_hostile_title_is_refused_and_no_link_breaks(dice: Random, times: Callable[..., int]) -> None:
    """10,000 titles, in every language: Telegram takes each push, card, history and list, and each link is whole."""
    for _ in range(times(gate=300, chaos=2_000, full=10_000)):
        title, url = _hostile_title(dice), "https://news.example/" + "".join(dice.choices(IN_ADDRESSES, k=9))
        deal = _deal(title)
        change = _change(deal, [_claim(title, title, url)])
        for language in languages():
            with speaking(language):
                pushed, card = push.changed(change, deal), deals.status(deal, change, followed=True)
                story, page = deals.history(deal, [change] * 8), deals.deals([deal] * PAGE, 0, 1, "", "", None)
            for message in (pushed, card, story, page):
                _accepted(message)
            assert _links(pushed) == _links(card) == [url]
            assert {*_links(story)} == {url}


class Bracketed(NullTranslations):
    """A language that shows what was translated."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    def pgettext(self, _context: str, message: str) -> str:
        return f"⟦{message}⟧"


def test_no_word_escapes_translation(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for what others wrote, every word of every message, button and toast went through the catalogue."""
    monkeypatch.setattr("bot.language._translations", lambda _: Bracketed())
    said = [*_about_deals("1", "2", "3", "4"), *_about_feeds("5", "6", "7"), helping.start("")]
    said += [helping.broken(), helping.gone(), owner.claimed(success=True), owner.stranger()]
    said += [subscriptions.unsubscribed("9"), subscriptions.unsubscribed_all(2), feeds.feed_gone()]
    for message in said:
        parts = [read_html(message.text)[0], message.notice, *(b.label for row in message.buttons for b in row)]
        for part in parts:
            assert not _untranslated(part), part


def _untranslated(text: str) -> list[str]:
    """The words outside of brackets, but for commands and what a date consists of."""
    while text != (text := re.sub(r"⟦[^⟦⟧]*⟧", "", text)):
        pass
    return [word for word in re.findall(r"/?[A-Za-z][\w-]*", text) if word[0] != "/" and word not in ("Jan", "UTC")]


@given(st.lists(st.text("abc/?&=<>\"';%", min_size=1, max_size=400), min_size=2, max_size=20, unique=True))
def test_every_offered_button_finds_its_own_address(paths: list[str]) -> None:
    """The address is read back from the text as the user sees it, to the letter; another text has none."""
    links = [FeedLink(f"https://a.example/{path}", "") for path in paths]
    message = finding.choose_feed(Choice(links))
    text, _ = read_html(message.text)
    assert message.buttons
    for link, (button,) in zip(links, message.buttons, strict=False):
        assert finding.offered_feed(text, button.data.partition(":")[2]) == link.url
        assert finding.offered_feed(text.replace(link.url, ""), button.data.partition(":")[2]) is None


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "tg://resolve?domain=x",
        "",
        "file:///etc/passwd",
        "https://",
        "http://[",
        "https://a.example/ b",
    ],
)
def test_only_web_addresses_become_links(url: str) -> None:
    """An article's address is linked only if it is a whole one, of http or https."""
    deal = _deal("Alpha & Beta")
    assert "href" not in push.changed(_change(deal, [_claim("A title", "Outlet", url)]), deal).text


def test_a_quote_mark_in_an_address_does_not_end_the_link() -> None:
    """An address cannot smuggle markup into the message."""
    url = 'https://news.example/"><b>bold</b>'
    deal = _deal("Alpha & Beta")
    assert _links(push.changed(_change(deal, [_claim("A title", "Outlet", url)]), deal)) == [url]


def test_what_changed_is_the_first_line() -> None:
    """A push says first what changed, then which deal, then how much stands behind it."""
    deal = _deal("Alpha & Beta")
    text = _accepted(push.changed(_change(deal, [_claim("A title", "Outlet", "")]), deal))
    assert text.splitlines()[:3] == ["DENIED → RUMORED · in talks", "Alpha & Beta", "reported · 1 source"]


def test_a_title_cannot_pose_as_our_words() -> None:
    """It stays on its line, turns no direction beyond its end, and shows something on a button."""
    assert plain("A\n\nCONFIRMED\u2028\u202eB", 80) == "A CONFIRMED B"
    assert plain("\ud83d\udca3 \ud83d", 80) == "💣 \ufffd"
    assert label("\u200b\u2067 ") == "…"
    assert plain("🧨" * 9, 6) == "🧨🧨…"


def test_without_markup_only_the_words_are_left() -> None:
    """The plain form, for when Telegram refuses the markup, reads the same."""
    assert without_markup("<b>A &amp; B</b>\nsecond line") == "A & B\nsecond line"


def test_every_value_of_the_vocabulary_has_words() -> None:
    """None is shown by its code name only."""
    assert {*standing.STAGE_WORDS} == {*Stage}
    assert {*standing.SPEAKER_WORDS} == {*Speaker}
    assert {*standing.STATUS_WORDS} == {*Status}
    assert {*feed_words.TRUST_WORDS} == {*Trust}
