"""Why something cannot be: in the language of the chat, and in the words of a chat, which sees no file."""

import pytest
from running_bot import OWNER, Bot
from sqlalchemy.dialects import sqlite
from standin.feeds import FeedServer
from standin.wire import Response

from bot.language import said, speaking
from feeds.fetch import TooSlow
from feeds.reasons import asked_once, passing
from matcher.vocabulary import Trust
from models import feed as feeds
from models.base import WordingText
from models.watchlist import TITLE_LENGTH
from models.wording import Wording

PAGE = Response(200, b"<!doctype html><html><p>Hello", {"content-type": "text/html"})
LIST = '<opml version="2.0"><body><outline text="Odd" xmlUrl="ftp://a/"/></body></opml>'
DEAL = (
    '[[deal]]\nslug = "a-b"\ntitle = "A – B"\nkind = "{kind}"\nparty = [{{ name = "Target" }}, {{ name = "Alpha" }}]\n'
)


@pytest.fixture
async def german(bot: Bot) -> Bot:
    """The bot of an owner whose Telegram is in German."""
    await bot.own()
    bot.telegram.language = "de"
    return bot


async def _looked_up(bot: Bot, address: str) -> str:
    """What comes of /addfeed."""
    await bot.ask(f"/addfeed {address}", chat=OWNER)
    await bot.telegram.until(lambda: "wird geprüft" not in bot.telegram.messages(OWNER)[-1].text)
    return bot.telegram.messages(OWNER)[-1].text


async def test_why_a_feed_cannot_be_added(german: Bot) -> None:
    """A page without a feed, an address of the own network, and a server that fails: nobody is promised a visit."""
    async with FeedServer() as news:
        for name, answer in (("page", PAGE), ("down", Response(503))):
            news.answer_instead(name, answer)
        answers = [
            await _looked_up(german, address) for address in (news.url("page"), "http://10.0.0.1/", news.url("down"))
        ]
    no_feed, private, down = answers
    assert no_feed.startswith(
        "Nicht hinzugefügt. Diese Seite nennt keinen Feed, und an den üblichen Stellen ist keiner; "
    )
    assert private.startswith("Nicht hinzugefügt. Das führt zu 10.0.0.1, einer privaten Adresse (10.0.0.1); ")
    assert down == "Nicht hinzugefügt. Der Server hat eine Störung (503); versuchen Sie es später noch einmal."


async def test_why_a_feed_that_is_polled_fails(german: Bot) -> None:
    """What was stored when it failed is said in the language of whoever asks later, on the card and in the notice."""
    async with FeedServer() as news:
        news.answer_instead("down", Response(503))
        async with german.database.write() as session:
            await feeds.add(session, news.url("down"), "Down", Trust.TRUSTED)
            feed = await feeds.by_url(session, news.url("down"))
            feed.failures = 4  # type: ignore[union-attr]
        await german.ask("/start", chat=OWNER)
        await german.program.poller.poll_due()
        await german.program.courier.deliver()
    reason = "Der Server hat eine Störung (503); Hearsay versucht es später noch einmal."
    assert reason in german.telegram.messages(OWNER)[-1].text
    page = await german.ask("/feeds", chat=OWNER)
    assert f"Problem: {reason}" in (await german.press(page, "Down")).text
    async with german.database.read() as session:
        (row,) = await feeds.all_feeds(session)
        assert str(row.error) == "The server has trouble (503); Hearsay will try again later."


async def test_why_a_file_is_refused(german: Bot) -> None:
    """With its place in the file and the file's keys, which help there; the same goes for a warning."""
    refused = await german.send_file("deals.toml", DEAL.format(kind="marriage").encode())
    assert "Nichts importiert. Deal 1 (a-b), kind: „marriage“ ist hier nicht bekannt; möglich sind " in refused
    no_toml = await german.send_file("deals.toml", b"a = 1\nc = =")
    assert "Nichts importiert. Zeile 2, Spalte 5: Das ist kein gültiges TOML: " in no_toml
    preview = await german.send_file("deals.toml", DEAL.format(kind="stake").encode())
    assert "„target“ ist auch ein gewöhnliches" in preview
    assert 'geben Sie „Target“ eine Zeile wie requires = ["…"] mit' in preview
    assert "Der Feed „Odd“ hat keine Adresse mit http://" in await german.send_file("f.opml", LIST.encode())
    assert "keine OPML-Liste" in await german.send_file("f.opml", b"<html></html>")


IN_A_CHAT = (
    ("/edit huawei-att title -", "Nichts wurde geändert. Der Titel: fehlt; bitte ergänzen."),
    (
        f"/edit huawei-att title {'x' * (TITLE_LENGTH + 1)}",
        "Nichts wurde geändert. Der Titel: 201 Zeichen sind zu viel; kürzen Sie auf höchstens 200.",
    ),
    ("/edit huawei-att ticker AT&T: $T", "Nichts wurde geändert. Der Ticker von AT&T: „$T“ ist kein Ticker; geben Sie"),
    ("/edit huawei-att alias AT&T: A", "Die anderen Namen von AT&T: „A“ hat weniger als zwei Buchstaben oder Ziffern"),
    ("/edit huawei-att party Target", "senden Sie /edit huawei-att beside Target: … mit einem Wort, das"),
    ("/track Huawei + HUAWEI", "Nicht aufgenommen. Die Parteien: „HUAWEI“ ist ein Name von „Huawei“ und von „HUAWEI“"),
    ("/track 华为 + AT&T", "„华为“ hat keinen lateinischen Buchstaben; fügen Sie dahinter"),
)
KEYS = ("deal 1", "Deal 1", "party 1", "Partei 1", "aliases", "`", "requires", "not =")


async def test_why_an_edit_is_refused(german: Bot) -> None:
    """In a chat nobody sees a file: title and party are named, and no key or place of a file is."""
    for typed, answer in IN_A_CHAT:
        text = (await german.ask(typed, chat=OWNER)).text
        assert answer in text
        assert not [key for key in KEYS if key in text]


def test_a_reason_is_translated_with_all_that_it_holds() -> None:
    """Its words, those of the reason inside, and its numbers; in logs and on the command line it is English."""
    too_large = Wording("The feed is larger than {count} bytes; choose a shorter one.", {"count": 5_000_000})
    error = TooSlow(passing(too_large))
    with speaking("de"):
        assert str(error).startswith("The feed is larger than 5,000,000 bytes")
        assert said(asked_once(error.wording)).startswith("Der Feed ist größer als 5.000.000 Bytes")


@pytest.mark.parametrize(
    "reason",
    [
        Wording("It took {count} seconds; {what}", {"count": 5000, "what": Wording("wait {a} <b>", {"a": "{b}"})}),
        Wording("[Errno 111] Connection refused {x}"),
        Wording('["a", "b"]'),
        Wording("[]"),
    ],
)
def test_what_is_stored_is_read_again(reason: Wording) -> None:
    """With values or without, and whatever a version before has written there."""
    stored, dialect = WordingText(), sqlite.dialect()
    assert stored.process_result_value(stored.process_bind_param(reason, dialect), dialect) == reason
    assert said(reason)
