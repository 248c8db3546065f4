"""The feeds in the owner's hands, through real updates against the stand-in Telegram and local web servers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from builders import DAY, HOUR, NOON
from running_bot import ANNA, GROUP, OWNER, Bot
from standin.faults import unavailable
from standin.feeds import FeedServer
from standin.telegram import BotMessage
from standin.wire import HttpServer, Request, Response

from feeds.opml import FeedLine, read_opml, write_opml
from matcher.vocabulary import Article, Trust
from models import outbox
from models.feed import LONGEST_TITLE, Feed, Trouble
from models.notice import Notice
from models.wording import Wording

ADDRESS = "https://anna:secret@wire.example/rss?token=hidden"
HOSTILE = '<b>Wire</b> & "Söhne" \u202e' + "🧨" * 200
PAGE = """<html><head>
<link rel="alternate" type="application/rss+xml" title="All &lt;news&gt;" href="/all?a=1&amp;b=2">
<link rel="alternate" type="application/rss+xml" title="Deals" href="/deals">
</head><body>Carrier Wire</body></html>"""


@pytest.fixture
async def owned(bot: Bot) -> Bot:
    await bot.own()
    return bot


@pytest.fixture
async def news() -> AsyncIterator[FeedServer]:
    async with FeedServer() as server:
        server.publish("wire", Article("1", "Alpha and Beta open a museum", NOON, published=NOON))
        yield server


async def _feed(bot: Bot, title: str = "Carrier Wire", url: str = ADDRESS, **columns: object) -> Feed:
    """A feed that was read an hour ago and is due now, unless ``columns`` say otherwise."""
    read = {
        "etag": '"1"', "checked_at": NOON - HOUR, "succeeded_at": NOON - HOUR, "next_check_at": NOON,
        "new_entry_at": NOON - HOUR, "read_since": NOON - 30 * DAY, "rate": 12.0, "entries_seen": 320,
    }  # fmt: skip
    async with bot.database.write() as session:
        feed = Feed(url=url, title=title, trust=Trust.UNVETTED, **(read | columns))
        session.add(feed)
        await session.flush()
    return feed


async def _card(bot: Bot) -> BotMessage:
    page = await bot.ask("/feeds", chat=OWNER)
    return await bot.press(page, page.buttons[0].text)


def _labels(message: BotMessage) -> list[str]:
    return [button.text for button in message.buttons]


# Notices


async def _notice(bot: Bot, feed: Feed, trouble: Trouble, reason: str = "") -> BotMessage:
    async with bot.database.write() as session:
        notice = Notice(feed_id=feed.id, at=bot.clock(), trouble=trouble, reason=Wording(reason))
        await outbox.post_notice(session, notice, bot.clock())
    await bot.program.courier.deliver()
    return bot.telegram.messages(OWNER)[-1]


async def test_a_failing_feed_is_told_with_reason_and_comfort(owned: Bot) -> None:
    """The owner reads since when, why, what to do, and that nothing is lost."""
    feed = await _feed(owned, HOSTILE, failures=5, error=Wording("x"))
    notice = await _notice(owned, feed, Trouble.FAILING, "The server answers 403 <Forbidden>; check the address.")
    assert notice.text.startswith('Feed cannot be read: <b>Wire</b> & "Söhne"')
    assert "Last read: 8 Jan 2018, 11:00 UTC." in notice.text
    assert "403 <Forbidden>; check the address." in notice.text
    assert "goes on trying" in notice.text
    assert _labels(notice) == ["Feed", "Check now"]


async def test_an_ended_feed_is_told_with_the_way_back(owned: Bot) -> None:
    """The owner reads that the publisher ended it, that it is kept, and the command that looks again."""
    feed = await _feed(owned, stopped_at=NOON, told=Trouble.ENDED, error=Wording("Gone."))
    notice = await _notice(owned, feed, Trouble.ENDED, "The publisher ended this feed (410).")
    assert "(410)" in notice.text
    assert "not asked any more" in notice.text
    assert f"/addfeed {ADDRESS}" in notice.text
    assert _labels(notice) == ["Feed"]


async def test_a_silent_feed_is_told_with_its_rhythm(owned: Bot) -> None:
    """The owner reads since when nothing came, and what was usual."""
    feed = await _feed(owned, new_entry_at=NOON - 4 * DAY, longest_gap=2 * DAY)
    notice = await _notice(owned, feed, Trouble.SILENT)
    assert "Nothing new since 4 Jan 2018, 12:00 UTC." in notice.text
    assert "about 12 a day; its longest pause was 2 days" in notice.text


async def test_the_buttons_under_a_notice_leave_it_there(owned: Bot) -> None:
    """The card and the check answer with new messages."""
    feed = await _feed(owned, failures=5, error=Wording("The server is down."), next_check_at=NOON + DAY / 48)
    notice = await _notice(owned, feed, Trouble.FAILING, "The server is down.")
    assert (await owned.press(notice, "Feed")).text == notice.text
    assert owned.telegram.messages(OWNER)[-1].text.startswith("Carrier Wire\n")
    await owned.press(notice, "Check now")
    assert "within seconds" in owned.telegram.calls("answerCallbackQuery")[-1].parameters["text"]


# The list and the cards


async def test_the_list_shows_how_each_feed_does(owned: Bot) -> None:
    """/feeds names each feed with its state, its looks, its rhythm, its yield and its problem; trouble comes first."""
    fast = timedelta(seconds=60)
    await _feed(owned, "A good one", "https://a.example/", next_check_at=NOON + HOUR, pace=fast, entries_seen=7)
    await _feed(
        owned, "B failing", "https://b.example/", failures=2, error=Wording("The server has trouble."), rate=2.0
    )
    await _feed(owned, "C ended", "https://c.example/", stopped_at=NOON, told=Trouble.ENDED)
    await _feed(owned, "D silent", "https://d.example/", silence_told=True)
    await _feed(owned, "E new", "https://e.example/", checked_at=None, succeeded_at=None)
    text = (await owned.ask("/feeds", chat=OWNER)).text
    for line in (
        "A good one: ok\n   read 60 minutes ago; next look: in 60 minutes",
        "about 12 a day; 7 entries seen, 0 articles about your deals\n   fast lane, every 60 s\n",
        "B failing: failing since 8 Jan 2018, 11:00 UTC",
        "about 2 a day; 320 entries seen, 0 articles about your deals\n   The server has trouble.\n",
        "C ended: ended by its publisher on 8 Jan 2018",
        "D silent: silent since 8 Jan 2018",
        "E new: new, not read yet\n   read never",
    ):
        assert line in text.replace("1 hour", "60 minutes")
    assert text.index("B failing") < text.index("A good one")


async def test_without_feeds_the_list_says_how_to_add_one(owned: Bot) -> None:
    """An empty list is no dead end."""
    assert "/addfeed" in (await owned.ask("/feeds", chat=OWNER)).text


async def test_many_feeds_come_in_pages(owned: Bot) -> None:
    """Ten at a time, with buttons to the next and the previous page; hostile titles stay whole."""
    for number in range(23):
        await _feed(owned, f"{number:02} {HOSTILE}", f"https://{number}.example/")
    message = await owned.press(await owned.ask("/feeds", chat=OWNER), "Next →")
    assert "Page 2 of 3" in message.text
    message = await owned.press(message, "Next →")
    assert "22 <b>Wire</b>" in message.text
    assert "Page 2 of 3" in (await owned.press(message, "← Previous")).text


async def test_the_card_tells_all(owned: Bot) -> None:
    """Address, trust, last success, next check, rhythm, how often it is asked and why, and what came of it."""
    await _feed(owned, next_check_at=NOON + HOUR / 2)
    text = (await _card(owned)).text
    for fact in (
        ADDRESS,
        "Trust: unvetted",
        "Last read: 1 hour ago (8 Jan 2018, 11:00 UTC)",
        "Next look: in 30 minutes (8 Jan 2018, 12:30 UTC)",
        "Publishes: about 12 a day",
        "So far: 320 entries seen, 0 articles about your deals",
        "From published to pushed: no push yet",
        "Full text of articles: off",
    ):
        assert fact in text


async def test_the_delay_from_published_to_pushed_is_on_the_card(owned: Bot, news: FeedServer) -> None:
    """An article of the feed that moved a deal counts, with the time it took."""
    await owned.look_up(f"/addfeed {news.url('wire')}")
    await owned.ask("/subscribe everything")
    owned.clock.advance(hours=2)
    published = owned.clock()
    news.publish("wire", Article("2", "Alpha in talks to buy Beta", published, published=published))
    owned.clock.advance(seconds=90)
    await owned.program.poller.poll_due()
    await owned.program.courier.deliver()
    text = (await _card(owned)).text
    assert "2 entries seen, 2 articles about your deals" in text
    assert "From published to pushed: 90 s (1 push)" in text


async def test_the_owner_sets_pace_trust_and_full_text(owned: Bot) -> None:
    """Each button changes one thing, and the card shows it at once."""
    await _feed(owned, next_check_at=NOON + HOUR)
    card = await owned.press(await _card(owned), "Every 60 s")
    assert "Looked at: every 60 s: fast lane, your pace" in card.text
    card = await owned.press(card, "Every 5 minutes")
    assert "Pace: fast lane, every 5 minutes" in card.text
    card = await owned.press(card, "Full text on")
    assert "Full text of articles: on" in card.text
    card = await owned.press(card, "Trusted")
    assert "Trust: trusted" in card.text
    (feed,) = await owned.feeds()
    assert (feed.pace, feed.full_text, feed.trust) == (timedelta(minutes=5), True, Trust.TRUSTED)
    card = await owned.press(card, "Usual pace")
    assert "Pace: usual" in card.text
    assert (await owned.feeds())[0].pace is None


async def test_a_feed_that_cannot_be_asked_conditionally_gets_no_fast_lane(owned: Bot) -> None:
    """The card says why the pace that was set is not kept."""
    await _feed(owned, etag=None, pace=timedelta(seconds=60), next_check_at=NOON)
    assert "every hour: its server cannot say “nothing new”" in (await _card(owned)).text


@pytest.mark.parametrize(
    ("columns", "toast", "due"),
    [
        ({"next_check_at": NOON + HOUR}, "within seconds", True),
        ({"checked_at": NOON - timedelta(seconds=59), "next_check_at": NOON + HOUR}, "12:00:01 UTC", False),
        ({"failures": 1, "not_before": NOON + 5 * HOUR, "next_check_at": NOON + 5 * HOUR}, "more time", False),
        ({"not_before": NOON + 20 * DAY, "next_check_at": NOON + 20 * DAY}, "28 Jan 2018, 12:00:00 UTC", False),
        ({"failures": 3, "next_check_at": NOON + 2.5 * HOUR}, "within seconds", True),
        ({"checked_at": None, "next_check_at": NOON + HOUR}, "within seconds", True),
    ],
)
async def test_check_now_is_polite(owned: Bot, columns: dict[str, object], toast: str, due: bool) -> None:
    """A feed is looked at out of turn once a minute at most, and not before its publisher wants that."""
    await _feed(owned, **columns)
    await owned.press(await _card(owned), "Check now")
    assert toast in owned.telegram.calls("answerCallbackQuery")[-1].parameters["text"]
    assert ((await owned.feeds())[0].next_check_at == NOON) is due


async def test_removing_asks_first_and_names_the_way_back(owned: Bot) -> None:
    """No keeps the feed; yes removes it, and the answer has the address to add it again."""
    await _feed(owned)
    question = await owned.press(await _card(owned), "Remove")
    assert "stays" in question.text
    card = await owned.press(question, "No")
    assert card.text.startswith("Carrier Wire\n")
    answer = await owned.press(await owned.press(card, "Remove"), "Yes, remove it")
    assert f"/addfeed {ADDRESS}" in answer.text
    assert await owned.feeds() == []


# Adding


async def test_a_feed_is_added_by_its_address(owned: Bot, news: FeedServer) -> None:
    """The answer names the feed and its entries, and offers trust and card."""
    answer = await owned.look_up(f"/addfeed {news.url('wire')}")
    assert answer.text.startswith(f"Added: wire, 1 entry.\n{news.url('wire')}\nIt is unvetted")
    assert "Trust: official" in (await owned.press(answer, "Official")).text
    assert "followed already" in (await owned.look_up(f"/addfeed {news.url('wire')}")).text
    assert [feed.entries_seen for feed in await owned.feeds()] == [1]


async def test_a_page_with_several_feeds_offers_them(owned: Bot, news: FeedServer) -> None:
    """A press adds the very feed that its line shows: the message itself keeps the addresses, through any restart."""
    page = PAGE.replace("/deals", "/wire").encode()
    news.answer_instead("page", Response(200, page, {"content-type": "text/html"}))
    offer = await owned.look_up(f"/addfeed {news.url('page')}")
    assert f"1. All <news>\n{news.url('all?a=1&b=2')}\n" in offer.text
    assert _labels(offer) == ["1. All <news>", "2. Deals"]
    answer = await owned.looked_up(await owned.press(offer, "2. Deals"))
    assert answer.text.startswith("Added: wire, 1 entry")
    assert [feed.url for feed in await owned.feeds()] == [news.url("wire")]


async def test_an_offer_whose_message_says_something_else_adds_nothing(owned: Bot) -> None:
    """A button counts only under the message that shows its address."""
    message = await owned.ask("/help", chat=OWNER)
    assert "out of date" in await owned.forge(message, f"offer:{'0' * 32}", OWNER)
    assert await owned.feeds() == []


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://[", "http://10.0.0.1/", "<b>", "\u202e"])
async def test_an_address_without_a_feed_gets_a_plain_answer(owned: Bot, address: str) -> None:
    """Whatever is wrong with it is said in a sentence, and nothing is added."""
    assert (await owned.look_up(f"/addfeed {address}")).text.startswith("Not added. ")
    assert await owned.feeds() == []


async def test_addfeed_alone_says_what_it_needs(owned: Bot) -> None:
    """Without an address the command explains itself."""
    assert "For example: /addfeed https://" in (await owned.ask("/addfeed", chat=OWNER)).text


async def test_a_slow_server_holds_up_nobody(owned: Bot) -> None:
    """While an address is being looked at, other updates are answered."""
    asked = asyncio.Event()

    async def stall(_: Request) -> Response:
        await asked.wait()
        return Response(404)

    async with HttpServer(stall) as slow:
        waiting = await owned.ask(f"/addfeed {slow.url}", chat=OWNER)
        assert waiting.text.startswith("Looking at")
        assert "one message when something really changed" in (await owned.ask("/start")).text
        asked.set()
        assert (await owned.looked_up(waiting)).text.startswith("Not added. ")


# Lists


async def test_a_list_is_imported_and_the_bad_line_named(owned: Bot) -> None:
    """What can be used is added, what is there already is left, and what cannot be used is named."""
    await _feed(owned, url="https://a.example/")
    feeds = [FeedLine(f"https://{name}.example/", name, Trust.TRUSTED) for name in "abc"]
    data = write_opml([*feeds, FeedLine("javascript:alert(1)", "<Odd> one", Trust.TRUSTED)])
    text = await owned.send_file("my feeds.OPML", data)
    assert text.startswith("Added 2, known already 1, not usable 1.")
    assert "The feed “<Odd> one” has no http:// or https:// address.: javascript:alert(1)" in text
    assert [(f.url, f.trust) for f in (await owned.feeds())[1:]] == [(f.url, f.trust) for f in feeds[1:]]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"hello", "not an OPML list"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml version="2.0"/>', "declares entities"),
        (b'<opml version="2.0">' + b'<outline text="a">' * 6_000, "more than 5,000 entries"),
        (b"<opml>" + b" " * 1_000_000, "larger than 1,000,000 bytes"),
    ],
)
async def test_a_file_that_is_no_list_is_refused_in_a_sentence(owned: Bot, data: bytes, sentence: str) -> None:
    """Nothing is imported, and the owner reads why."""
    assert sentence in await owned.send_file("feeds.xml", data)
    assert await owned.feeds() == []


async def test_a_large_file_is_not_even_downloaded(owned: Bot) -> None:
    """What the message or Telegram says of the size is enough to refuse it."""
    assert "larger than" in await owned.send_file("feeds.opml", b"<opml/>", told_size=1_000_001)
    assert owned.telegram.calls("getFile") == []


async def test_what_the_message_says_of_the_size_is_not_believed(owned: Bot) -> None:
    """Telegram's own figure is looked at before the download."""
    assert "larger than" in await owned.send_file("feeds.opml", b" " * 1_000_001, told_size=9)
    assert len(owned.telegram.calls("getFile")) == 1


async def test_a_file_that_cannot_be_had_is_asked_for_again(owned: Bot) -> None:
    """When Telegram does not hand it out, the owner is told so."""
    owned.telegram.fail("getFile", unavailable())
    assert "send it again" in await owned.send_file("feeds.opml", b"<opml/>")


async def test_feeds_survive_export_and_import(owned: Bot) -> None:
    """/export feeds sends a file that brings every feed back: address, title, trust, pace and full text."""
    await _feed(owned, HOSTILE.replace("\u202e", "")[:LONGEST_TITLE], pace=timedelta(seconds=60), full_text=True)
    await _feed(owned, "Paper", "https://paper.example/")
    before = [FeedLine.of(feed) for feed in await owned.feeds()]
    sent = await owned.ask("/export feeds", chat=OWNER)
    assert sent.document is not None
    assert (sent.document.name, sent.text) == ("hearsay-feeds.opml", "2 feeds. Send such a file here to import it.")
    assert read_opml(sent.document.content) == before
    for _ in before:
        await owned.press(await owned.press(await _card(owned), "Remove"), "Yes, remove it")
    assert (await owned.send_file("hearsay-feeds.opml", sent.document.content)).startswith("Added 2,")
    assert [FeedLine.of(feed) for feed in await owned.feeds()] == before


# Strangers

BUTTONS = [
    "feeds:0", "feed:1", "feed:1:new", "feed-pace:1:60", "feed-text:1:1", "feed-trust:1:official", "feed-check:1",
    "feed-check:1:new", "feed-remove:1", "feed-drop:1", f"offer:{'0' * 32}",
]  # fmt: skip
FORGED = [
    "feeds:99", "feed:99999999999999999999", "feed-pace:1:1", "feed-pace:1:59", "feed-pace:1:-60",
    "feed-text:1:2", "feed-trust:1:owner", "feed-drop:1:1", "feed-drop:", "offer:x",
]  # fmt: skip


async def _state(bot: Bot) -> list[tuple[object, ...]]:
    return [(f.url, f.title, f.trust, f.pace, f.full_text, f.next_check_at) for f in await bot.feeds()]


@pytest.mark.parametrize(("chat", "user"), [(ANNA, ANNA), (GROUP, ANNA), (GROUP, OWNER)])
async def test_only_the_owner_in_private_sees_and_changes_feeds(owned: Bot, chat: int, user: int) -> None:
    """Every command and button of a stranger, and the owner's own in a group, changes nothing and shows no address."""
    await _feed(owned, next_check_at=NOON + HOUR)
    before = await _state(owned)
    for command in ("/feeds", "/addfeed https://b.example/", "/export"):
        assert (await owned.ask(command, chat=chat, user=user)).text.startswith(("Only the owner", "Others can read"))
    message = owned.telegram.messages(chat)[-1]
    for data in BUTTONS:
        await owned.forge(message, data, user)
    assert await _state(owned) == before
    assert not any("wire.example" in message.text for message in owned.telegram.messages(chat))


async def test_a_strangers_list_is_not_read(owned: Bot) -> None:
    """A file from somebody else is refused before it is downloaded."""
    data = write_opml([FeedLine("https://a.example/", "A", Trust.OFFICIAL)])
    assert "Only the owner" in await owned.send_file("feeds.opml", data, chat=ANNA)
    assert owned.telegram.calls("getFile") == []
    assert await owned.feeds() == []


async def test_forged_data_changes_nothing(owned: Bot) -> None:
    """Data that no button of ours carries is answered as out of date, even for the owner."""
    await _feed(owned, next_check_at=NOON + HOUR)
    before = await _state(owned)
    message = await owned.ask("/feeds", chat=OWNER)
    for data in FORGED:
        assert "out of date" in await owned.forge(message, data, OWNER), data
    assert await _state(owned) == before


@pytest.mark.parametrize("data", ["feed:2", "feed-check:0", "feed-drop:2"])
async def test_a_button_of_a_removed_feed_says_so(owned: Bot, data: str) -> None:
    """It names what is missing and the way on; the feeds that are there stay as they are."""
    await _feed(owned, next_check_at=NOON + HOUR)
    before = await _state(owned)
    assert "not followed any more" in await owned.forge(await owned.ask("/feeds", chat=OWNER), data, OWNER)
    assert await _state(owned) == before
