"""Files that the owner gets and sends, through real updates against the stand-in Telegram."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from running_bot import ANNA, GROUP, OWNER, WATCHLIST, Bot
from sqlalchemy import delete
from standin.chats import chat_json, user_json
from standin.faults import ApiError, unavailable
from standin.telegram import BotMessage

from bot.commands.files import MOST_BYTES
from feeds.opml import FeedLine, read_opml
from matcher.vocabulary import Trust
from models import deal as deals
from models import feed, imports
from models.deal import Deal
from models.watchlist import read_watchlist

RICH = """
[[deal]]
slug = "northwind-southgate"
title = "Northwind – <Southgate>"
kind = "acquisition"
keywords = ["bottlers' deal"]
stage = "talks"
since = 2018-01-03
party = [
  { name = "Northwind", aliases = ["North & Wind"], role = "acquirer" },
  { name = "Southgate", ticker = "SGT", requires = ["bottler"], not = ["Southgate Park"] },
]
"""


@pytest.fixture
async def owned(bot: Bot) -> Bot:
    await bot.own()
    return bot


async def _slugs(bot: Bot) -> set[str]:
    async with bot.database.read() as session:
        return {deal.slug for deal in await deals.all_deals(session)}


async def _send(bot: Bot, text: str | bytes, name: str = "deals.toml", chat: int = OWNER) -> BotMessage:
    """Send a file; the answer."""
    await bot.send_file(name, text.encode() if isinstance(text, str) else text, chat=chat)
    return bot.telegram.messages(chat)[-1]


async def _exported(bot: Bot) -> bytes:
    document = (await bot.ask("/export deals", chat=OWNER)).document
    assert document is not None
    assert document.name == "hearsay-deals.toml"
    return document.content


# Out -----------------------------------------------------------------------------------------------------------------


async def test_export_asks_which_file(owned: Bot) -> None:
    """/export offers two buttons, which stay; each sends its file, or says that there is nothing to send."""
    question = await owned.ask("/export", chat=OWNER)
    assert [button.text for button in question.buttons] == ["Feeds as OPML", "Deals as a watchlist"]
    question = await owned.press(question, "Deals as a watchlist")
    sent = owned.telegram.messages(OWNER)[-1]
    assert sent.text.startswith("3 deals, as they are described and where they stand.")
    assert sent.document is not None
    assert [e.deal for e in read_watchlist(sent.document.content.decode())] == sorted(
        (e.deal for e in read_watchlist(WATCHLIST)), key=lambda deal: deal.slug
    )
    assert (await owned.press(question, "Feeds as OPML")).text.startswith("There are no feeds yet.")


async def test_deals_survive_export_and_import(owned: Bot) -> None:
    """A watchlist that is exported and imported into an empty database gives the same deals where they stood."""
    await owned.press(await _send(owned, RICH), "Import 1 deal")
    await owned.news("Alpha in talks to buy Beta, Bloomberg reports")
    exported = await _exported(owned)
    async with owned.database.write() as session:
        await session.execute(delete(Deal))
    assert (await owned.ask("/export deals", chat=OWNER)).text.startswith("There are no deals yet.")
    await owned.press(await _send(owned, exported), "Import 4 deals")
    assert await _exported(owned) == exported
    restored = {entry.deal.slug: entry for entry in read_watchlist(exported.decode())}
    (rich,) = read_watchlist(RICH)
    assert restored["northwind-southgate"].deal == rich.deal
    assert restored["alpha-beta"].stage == "talks"


async def test_an_export_says_how_many_archived_deals_it_leaves_out(owned: Bot) -> None:
    """Only those that are not archived are in the file, and it says where the others are."""
    async with owned.database.write() as session:
        (await deals.by_slug(session, "huawei-verizon")).archived_at = owned.clock()  # type: ignore[union-attr]
    sent = await owned.ask("/export deals", chat=OWNER)
    assert sent.document is not None
    assert len(read_watchlist(sent.document.content.decode())) == 2
    assert sent.text.splitlines()[1:] == ["Without 1 archived deal: /archive"]


async def test_there_is_nothing_to_export_if_all_is_archived(owned: Bot) -> None:
    """It is said, and where the deals are."""
    async with owned.database.write() as session:
        for deal in await deals.all_deals(session):
            deal.archived_at = owned.clock()
    assert (await owned.ask("/export deals", chat=OWNER)).text == (
        "There are only 3 deals, and all are archived. Bring back what you want to export: /archive"
    )


async def test_a_file_goes_into_the_topic_of_the_question(owned: Bot) -> None:
    """A private chat with a bot may have topics, too (Bot API: User.has_topics_enabled)."""
    about = {
        "message_id": 9_000,
        "date": 0,
        "chat": chat_json(OWNER),
        "from": user_json(OWNER),
        "text": "/export deals",
    }
    topic = {"message_thread_id": 5, "is_topic_message": True}
    command = {"type": "bot_command", "offset": 0, "length": len("/export")}
    await owned.telegram.update("message", about | topic | {"entities": [command]})
    await owned.settled()
    assert owned.telegram.calls("sendDocument")[-1].parameters["message_thread_id"] == 5


async def test_a_feed_is_sent_before_it_is_removed(owned: Bot) -> None:
    """Its owner keeps it as a file with all its settings; if Telegram does not take that, the feed stays."""
    async with owned.database.write() as session:
        await feed.add(session, "https://a:b@wire.example/", "Wire", Trust.OFFICIAL)
    before = [FeedLine.of(row) for row in await owned.feeds()]

    async def remove() -> None:
        page = await owned.ask("/feeds", chat=OWNER)
        await owned.press(await owned.press(await owned.press(page, "Wire"), "Remove"), "Yes, remove it")

    owned.telegram.fail("sendDocument", ApiError(400, "Bad Request: not enough rights"))
    await remove()
    assert [FeedLine.of(row) for row in await owned.feeds()] == before
    await remove()
    document = owned.telegram.messages(OWNER)[-1].document
    assert document is not None
    assert read_opml(document.content) == before
    assert await owned.feeds() == []


# In ------------------------------------------------------------------------------------------------------------------


async def test_import_says_what_may_be_sent(owned: Bot) -> None:
    """The kinds of files, and that deals are shown first; a file of another kind is answered with the kinds."""
    answer = (await owned.ask("/import", chat=OWNER)).text
    assert "OPML (.opml or .xml)" in answer
    assert "watchlist (.toml)" in answer
    assert "in .opml or .xml (feeds), or in .toml (deals)" in (await _send(owned, "x", "deals.pdf")).text
    assert owned.telegram.calls("getFile") == []


async def test_deals_are_shown_before_they_are_imported(owned: Bot) -> None:
    """What is new, changed, back from the archive or unchanged, and which names are ambiguous; a press does it."""
    async with owned.database.write() as session:
        (await deals.by_slug(session, "huawei-verizon")).archived_at = owned.clock()  # type: ignore[union-attr]
    file = WATCHLIST.replace('name = "Beta"', 'name = "Target"') + RICH
    shown = await _send(owned, file)
    assert shown.text.splitlines()[:4] == [
        "Deals in the file: 1 new, 1 changed, 1 back from the archive, 1 unchanged.",
        "• huawei-verizon (back from the archive): Huawei phones on Verizon",
        "• alpha-beta (changed): Alpha <Holdings> & Beta",
        "• northwind-southgate (new): Northwind – <Southgate>",
    ]
    assert "⚠️ “target” is also a common word (alpha-beta)" in shown.text
    assert await _slugs(owned) == {"alpha-beta", "huawei-att"}
    done = await owned.press(shown, "Import 3 deals")
    assert done.text.splitlines()[1:] == shown.text.splitlines()[:4]
    assert await _slugs(owned) == {"alpha-beta", "huawei-att", "huawei-verizon", "northwind-southgate"}
    assert (await _send(owned, file)).text.startswith("Nothing to import: 4 deals, and all stand here already just so.")


async def test_thousands_of_deals_are_counted(owned: Bot) -> None:
    """Ten are named."""
    deal = '[[deal]]\nslug = "d-{0}"\ntitle = "D"\nkind = "merger"\nparty = [{{name = "Aaa{0}"}}, {{name = "Bbb"}}]\n'
    shown = await _send(owned, "".join(map(deal.format, range(1_000))))
    assert shown.text.startswith("Deals in the file: 1,000 new.")
    assert (shown.text.count("• d-"), "… and 990 more." in shown.text) == (10, True)
    await owned.press(shown, "Import 1,000 deals")
    assert len(await _slugs(owned)) == 1_003


BAD = [
    ("", "This file holds no deals"),
    ('a = "b"\nc = =', "Line 2, column 5: this is not valid TOML"),
    (WATCHLIST.encode("utf-16"), "Line 1 is not UTF-8 text"),
    ("x = 1\n# \N{LATIN SMALL LETTER E WITH ACUTE}".encode("latin-1"), "Line 2 is not UTF-8 text"),
    (b"\0\xff\x89PNG", "is not UTF-8 text"),
    ('\n[[deal]]\nslug = "<b>&"', '"<b>&" is not a slug'),
    (WATCHLIST + WATCHLIST, "deal 1 has the same slug; give each deal its own."),
    ("\n" + "a." * 1_000 + "a = 1", "Line 2: it has a key of too many parts between dots"),
    ("a = " + "[" * 100_000, "brackets nested too deep"),
    ("[[deal]]\n" * 1_000, "more than 1,000 things in it are wrong"),
    ("#" * MOST_BYTES + "#", "larger than 2,000,000 bytes"),
]


async def test_a_file_that_cannot_be_imported_is_refused_in_a_sentence(owned: Bot) -> None:
    """Where it is wrong and what to do; nothing is imported, and no button offers to."""
    before = await _slugs(owned)
    for content, sentence in BAD:
        answer = await _send(owned, content)
        assert answer.text.startswith("Nothing was imported. "), sentence
        assert sentence in answer.text
        assert not answer.buttons
    assert (
        "2 more things are wrong in it." in (await _send(owned, '[[deal]]\nslug = "a b"\nkind = "x"\ntitle = "T"')).text
    )
    assert await _slugs(owned) == before


async def test_a_file_that_is_gone_is_asked_for_again(owned: Bot) -> None:
    """The preview keeps nothing of it: deleted, it is said to be gone; not to be had just now, the button stays."""
    shown = await _send(owned, RICH)
    owned.telegram.fail("getFile", unavailable())
    shown = await owned.press(shown, "Import 1 deal")
    assert "Press again" in owned.telegram.calls("answerCallbackQuery")[-1].parameters["text"]
    owned.telegram.user_deletes(OWNER)
    gone = await owned.press(shown, "Import 1 deal")
    assert gone.text == "Nothing was imported. The file is not in this chat any more; send it again."
    assert "northwind-southgate" not in await _slugs(owned)


async def test_only_the_file_that_was_looked_at_is_imported(owned: Bot) -> None:
    """Telegram lets users exchange the file of a message: a press imports what its preview showed, or nothing."""
    shown = await _send(owned, RICH)
    owned.telegram.replace_file(1, RICH.replace("northwind", "southwind").encode())
    anew = await owned.press(shown, "Import 1 deal")
    assert "• southwind-southgate (new)" in anew.text
    assert "northwind-southgate" not in await _slugs(owned)


async def test_a_stale_preview_overwrites_nothing(owned: Bot) -> None:
    """If a deal was edited since, a press shows anew what would be done; the next press does that."""
    shown = await _send(owned, WATCHLIST + RICH)
    async with owned.database.write() as session:
        deal = await deals.described(session, (await owned.deal("alpha-beta")).id)
        await imports.describe(session, deal, replace(deal.value, title="Edited"))
    anew = await owned.press(shown, "Import 1 deal")
    assert "have changed since" in owned.telegram.calls("answerCallbackQuery")[-1].parameters["text"]
    assert "• alpha-beta (changed)" in anew.text
    assert ((await owned.deal("alpha-beta")).title, len(await _slugs(owned))) == ("Edited", 3)
    await owned.press(anew, "Import 2 deals")
    assert ((await owned.deal("alpha-beta")).title, len(await _slugs(owned))) == ("Alpha <Holdings> & Beta", 4)


async def test_a_press_comes_twice(owned: Bot) -> None:
    """The second one changes nothing and says so."""
    shown = await _send(owned, RICH)
    done = await owned.press(shown, "Import 1 deal")
    owned.telegram._chats.add(replace(done, keyboard=shown.keyboard))
    again = await owned.press(shown, "Import 1 deal")
    assert again.text == "Nothing to import: 1 deal, and it stands here already just so."


# Strangers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("chat", "user"), [(ANNA, ANNA), (GROUP, ANNA), (GROUP, OWNER)])
async def test_only_the_owner_in_private_gets_and_sends_files(owned: Bot, chat: int, user: int) -> None:
    """Commands, files and buttons of others, and the owner's own in a group, change nothing and send nothing."""
    shown = await _send(owned, RICH)
    before, fetched = await _slugs(owned), len(owned.telegram.calls("getFile"))
    refusals: Sequence[str] = ("Only the owner", "Others can read")
    for command in ("/export", "/export deals", "/import"):
        assert (await owned.ask(command, chat=chat, user=user)).text.startswith(refusals)
    for name in ("deals.toml", "feeds.opml", "picture.png") if chat == ANNA else ():
        assert (await _send(owned, RICH, name, chat=chat)).text.startswith(refusals)
    chats, message = owned.telegram._chats, replace(shown, chat_id=chat)
    chats.add(message)
    chats.written[chat] |= chats.written[OWNER]
    await owned.press(message, "Import 1 deal", user)
    for data in ("export:deals", "export:feeds"):
        await owned.forge(message, data, user)
    assert await _slugs(owned) == before
    assert owned.telegram.calls("sendDocument") == []
    assert len(owned.telegram.calls("getFile")) == fetched
