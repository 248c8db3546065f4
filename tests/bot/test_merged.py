"""What leads to a deal that was merged, through real updates against the stand-in Telegram."""

import pytest
from running_bot import ANNA, BORIS, OWNER, Bot
from standin.chats import BotMessage

from models import imports
from models.watchlist import read_watchlist

TALKS = "Alpha in talks to buy Beta, Bloomberg reports"
ZED = """
[[deal]]
slug = "northwind-southgate"
title = "Project <Zed>"
kind = "acquisition"
party = [{ name = "Zed" }, { name = "Northwind" }]
"""
ZED_TALKS = "Northwind in talks to buy Zed, Reuters reports"
ZED_OFF = "Northwind ends talks to buy Zed, Reuters reports"


@pytest.fixture
async def owned(bot: Bot) -> Bot:
    """The owner's bot, with a second deal, which will be merged, and a follower of both with a card of each."""
    await bot.own()
    async with bot.database.write() as session:
        await imports.import_deals(session, read_watchlist(ZED), bot.clock())
    await bot.ask("/subscribe northwind-southgate")
    await bot.ask("/subscribe alpha-beta")
    await bot.news(TALKS)
    await bot.news(ZED_TALKS)
    return bot


async def merge(bot: Bot, source: str = "northwind-southgate", target: str = "alpha-beta") -> None:
    await bot.press(await bot.ask(f"/merge {source} into {target}", chat=OWNER), "Merge")


def data(message: BotMessage, label: str) -> str:
    return next(button.callback_data or "" for button in message.buttons if button.text == label)


def card(bot: Bot, title: str, chat: int = ANNA) -> BotMessage:
    """The last message about this deal."""
    return next(m for m in reversed(bot.telegram.messages(chat)) if title in m.text)


async def test_what_led_to_a_merged_deal_leads_to_the_other(owned: Bot) -> None:
    """Old buttons, its short name and links to it show, and follow, the deal that goes on; after two mergers, too."""
    old, number = card(owned, "Project <Zed>"), (await owned.deal("northwind-southgate")).id
    await merge(owned)
    await merge(owned, "alpha-beta", "huawei-verizon")
    for label in ("Status", "History"):
        await owned.press(old, label)
        assert "Huawei phones on Verizon" in owned.telegram.messages(ANNA)[-1].text
    for text in ("/status northwind-southgate", "/why alpha-beta", "northwind-southgate", f"/start why_{number}"):
        assert "Huawei phones on Verizon" in (await owned.ask(text)).text
    assert "Huawei phones on Verizon" in (await owned.ask("/start northwind-southgate", chat=BORIS)).text
    assert "Huawei phones on Verizon" in (await owned.ask("/subscriptions", chat=BORIS)).text


async def test_nobody_decides_about_the_other_deal_unawares(owned: Bot) -> None:
    """A question about the deal that went, answered after it was merged, changes nothing and says where it goes on."""
    archiving = await owned.ask("/archive northwind-southgate", chat=OWNER)
    setting = await owned.ask("/set northwind-southgate denied they told me", chat=OWNER)
    merging = await owned.ask("/merge northwind-southgate into huawei-att", chat=OWNER)
    editing = await owned.ask("/edit northwind-southgate", chat=OWNER)
    await merge(owned)
    before = (await owned.deal("alpha-beta")).standing
    refused = await owned.ask("/edit northwind-southgate title Another", chat=OWNER)
    assert refused.text.startswith("This deal was merged meanwhile")
    for asked, label in ((archiving, "Archive it"), (setting, "Yes, tell 1 chat"), (editing, "Title")):
        refused = await owned.press(asked, label)
        assert refused.text == (
            "This deal was merged meanwhile, and goes on as Alpha <Holdings> & Beta (alpha-beta). Nothing was changed."
        )
        await owned.press(refused, "Status")
        assert owned.telegram.messages(OWNER)[-1].text.startswith("Alpha <Holdings> & Beta")
    assert await owned.forge(merging, data(merging, "Merge"), OWNER) == (
        "It was changed meanwhile. Ask again with /merge."
    )
    deal = await owned.deal("alpha-beta")
    assert (deal.archived_at, deal.standing, deal.title) == (None, before, "Alpha <Holdings> & Beta")


async def test_no_card_of_a_merged_deal_is_left_behind(owned: Bot) -> None:
    """Where the chat has a card of both, the one says that it goes on as the other, once; else it is that card now."""
    await owned.ask("/subscribe northwind-southgate", chat=BORIS)
    await owned.news(ZED_OFF)
    await owned.program.cards.refresh()
    cards = {ANNA: owned.telegram.messages(ANNA)[3], BORIS: card(owned, "Project <Zed>", BORIS)}
    await merge(owned)
    await owned.program.cards.refresh()
    left, taken = (next(m for m in owned.telegram.messages(c) if m.message_id == cards[c].message_id) for c in cards)
    assert left.text.splitlines() == [
        "Project <Zed>",
        "It was merged, and goes on as Alpha <Holdings> & Beta (alpha-beta).",
    ]
    assert taken.text.startswith("Alpha <Holdings> & Beta\nDENIED")
    edits = len(owned.telegram.calls("editMessageText"))
    await owned.program.cards.refresh()
    assert len(owned.telegram.calls("editMessageText")) == edits
    await owned.press(left, "Status")
    assert owned.telegram.messages(ANNA)[-1].text.startswith("Alpha <Holdings> & Beta\nDENIED")


async def test_the_short_name_of_a_merged_deal_is_not_taken_unawares(owned: Bot) -> None:
    """/track shows where it leads, unless it is another kind of deal; a file may take it, after it was said."""
    await merge(owned)
    shown = await owned.ask("/track Northwind + Southgate acquisition", chat=OWNER)
    assert shown.text.splitlines()[0] == (
        "northwind-southgate was merged into alpha-beta, and leads there: /status alpha-beta"
    )
    assert (
        "Short name: northwind-southgate-stake\n"
        in (await owned.ask("/track Northwind + Southgate stake", chat=OWNER)).text
    )
    preview = await owned.send_file("deals.toml", ZED.encode())
    assert "⚠️ northwind-southgate was merged into alpha-beta, and leads there. Imported, it is a deal of its" in preview
    await owned.press(owned.telegram.messages(OWNER)[-1], "Import 1 deal")
    assert (await owned.ask("/status northwind-southgate")).text.startswith("Project <Zed>\nNo reports yet.")
    assert "is tracked already" in (await owned.ask("/track Northwind + Southgate acquisition", chat=OWNER)).text
