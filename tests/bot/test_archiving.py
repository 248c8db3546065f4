"""/archive and /merge, through real updates against the stand-in Telegram."""

import json

import pytest
from running_bot import ANNA, BORIS, OWNER, Bot
from sqlalchemy import select
from standin.chats import BotMessage
from standin.faults import ApiError
from test_inline import offered

from matcher.vocabulary import Stage, Trust
from models import imports, ledger
from models import subscription as subscriptions
from models.deal import Deal
from models.subscriber import Subscriber
from models.watchlist import read_watchlist

TALKS, DENIAL = "Alpha in talks to buy Beta, Bloomberg reports", "Alpha ends talks to buy Beta, Bloomberg reports"
TWIN = """
[[deal]]
slug = "beta-alpha"
title = "Beta & Alpha"
kind = "acquisition"
party = [{ name = "Beta Group" }, { name = "Alpha", aliases = ["Alpha Inc"] }]
"""


@pytest.fixture
async def owned(bot: Bot) -> Bot:
    """The owner's bot, with a follower and a deal in talks."""
    await bot.own()
    await bot.ask("/subscribe alpha-beta")
    await bot.news(TALKS)
    return bot


def data(message: BotMessage, label: str) -> str:
    return next(button.callback_data or "" for button in message.buttons if button.text == label)


async def archived(bot: Bot) -> BotMessage:
    return await bot.press(await bot.ask("/archive alpha-beta", chat=OWNER), "Archive it")


# /archive ------------------------------------------------------------------------------------------------------------


async def test_an_archived_deal_hears_nothing_until_it_is_brought_back(owned: Bot) -> None:
    """The question says what happens; then no news moves the deal, and afterwards it does, for the same followers."""
    asked = await owned.ask("/archive alpha-beta", chat=OWNER)
    assert "1 chat follows it." in asked.text
    assert "Nothing is deleted" in asked.text
    assert (await owned.deal("alpha-beta")).archived_at is None
    done = await owned.press(asked, "Archive it")
    told = len(owned.telegram.messages(ANNA))
    await owned.ask("/edit huawei-att kind merger", chat=OWNER)  # a new matcher, without the archived deal
    await owned.news(DENIAL)
    assert (await owned.deal("alpha-beta")).stage == "talks"

    card = await owned.press(done, "Bring it back")
    assert "no longer followed" not in card.text
    await owned.news(DENIAL)
    assert (await owned.deal("alpha-beta")).stage == "called_off"
    assert len(owned.telegram.messages(ANNA)) == told + 1
    assert await owned.forge(card, data(done, "Bring it back"), OWNER) == "Brought back. Its news is read again."


async def test_an_archived_deal_is_offered_nowhere(owned: Bot) -> None:
    """Lists, suggestions, inline cards and the example of /start leave it out; its short name still finds it."""
    await archived(owned)
    assert "Alpha" not in (await owned.ask("/deals")).text
    assert [card["title"] for card in await offered(owned, "alpha")] == []
    assert (await owned.ask("/status alpha beta")).buttons == []
    assert "alpha-beta" not in (await owned.ask("/start")).text
    shown = await owned.ask("/status alpha-beta")
    assert shown.text.splitlines()[1] == "Archived on 8 Jan 2018, no longer followed."
    assert "RUMORED · in talks" in shown.text
    assert "Bring it back" not in [button.text for button in shown.buttons]
    listed = await owned.ask("/archive", chat=OWNER)
    assert "alpha-beta" in listed.text
    await owned.press(listed, "Alpha <Holdings> & Beta")
    assert "Bring it back" in [button.text for button in owned.telegram.messages(OWNER)[-1].buttons]


async def test_its_followers_are_not_told_but_can_see_it(owned: Bot) -> None:
    """Their card says so without a sound, as does /subscriptions; who follows it anew is warned."""
    told = len(owned.telegram.messages(ANNA))
    await archived(owned)
    await owned.program.courier.deliver()
    await owned.program.cards.refresh()
    assert len(owned.telegram.messages(ANNA)) == told
    assert "no longer followed" in owned.telegram.messages(ANNA)[-1].text
    assert "· key moves · archived" in (await owned.ask("/subscriptions")).text
    assert "only once an admin brings it back" in (await owned.ask("/subscribe alpha-beta", chat=BORIS)).text


async def test_what_waits_is_not_told_after_it_is_archived(owned: Bot) -> None:
    """Nobody is told of it: not in the morning either, of what came up at night."""
    async with owned.database.write() as session:
        (chat,) = await session.scalars(select(Subscriber).where(Subscriber.chat_id == ANNA))
        chat.quiet_from, chat.quiet_until = 0, 23 * 60
    told = len(owned.telegram.messages(ANNA))
    await owned.news(DENIAL)
    await archived(owned)
    owned.clock.advance(days=1)
    await owned.program.courier.deliver()
    assert len(owned.telegram.messages(ANNA)) == told


async def test_nothing_is_decided_about_an_archived_deal(owned: Bot) -> None:
    """/set, and a button of it from before, say that it must be brought back first."""
    asked = await owned.ask("/set alpha-beta denied they told me", chat=OWNER)
    await archived(owned)
    for refused in (
        await owned.ask("/set alpha-beta denied they told me", chat=OWNER),
        await owned.press(asked, "Yes, tell 1 chat"),
    ):
        assert "is archived, and nobody is told of it. Bring it back first" in refused.text
        assert [button.text for button in refused.buttons] == ["Bring it back"]
    assert (await owned.deal("alpha-beta")).stage == "talks"


async def test_a_held_report_of_an_archived_deal_waits_until_it_is_brought_back(owned: Bot) -> None:
    """Its old button says so, and stays; afterwards it lets the report through."""
    await owned.news(DENIAL, outlet="Rumour Mill", trust=Trust.UNVETTED)
    held = owned.telegram.messages(OWNER)[-1]
    done = await archived(owned)
    release = data(held, "Let it through")
    assert await owned.forge(held, release, OWNER) == (
        "Alpha <Holdings> & Beta is archived, and nobody is told of it. Bring it back first: /archive"
    )
    assert (await owned.deal("alpha-beta")).stage == "talks"
    await owned.press(done, "Bring it back")
    await owned.press(held, "Let it through")
    assert (await owned.deal("alpha-beta")).stage == "called_off"


async def test_nobody_listened_so_nothing_fell_silent(owned: Bot) -> None:
    """An archived rumor does not fall quiet, nor at once when it is brought back a year later."""
    done = await archived(owned)
    owned.clock.advance(days=400)
    async with owned.database.write() as session:
        assert await ledger.mark_quiet(session, owned.clock()) == []
    await owned.press(done, "Bring it back")
    async with owned.database.write() as session:
        assert await ledger.mark_quiet(session, owned.clock()) == []
    owned.clock.advance(days=366)
    async with owned.database.write() as session:
        assert len(await ledger.mark_quiet(session, owned.clock())) == 1


async def test_a_watchlist_brings_it_back(owned: Bot) -> None:
    """Whoever imports a watchlist says which deals to follow."""
    await archived(owned)
    async with owned.database.write() as session:
        entries = read_watchlist(TWIN.replace("beta-alpha", "alpha-beta"))
        (result,) = await imports.import_deals(session, entries, owned.clock())
    assert result.effect is imports.Effect.BROUGHT_BACK
    assert (await owned.deal("alpha-beta")).archived_at is None


async def test_strangers_archive_and_merge_nothing(owned: Bot) -> None:
    """Neither the commands nor an admin's buttons work for anybody else."""
    asked = await owned.ask("/archive alpha-beta", chat=OWNER)
    for command in ("/archive alpha-beta", "/archive", "/merge alpha-beta huawei-att"):
        assert (await owned.ask(command)).text == "Only the owner and admins of this Hearsay may do that."
    deal, other = await owned.deal("alpha-beta"), await owned.deal("huawei-att")
    merge = f"merge-do:{deal.id}:{other.id}:{deal.revision}"
    for pressed in (data(asked, "Archive it"), merge, merge.rsplit(":", 1)[0].replace("-do", ""), "archived:0"):
        assert await owned.forge(asked, pressed, ANNA) == "Only the owner and admins of this Hearsay may do that."
    assert (await owned.deal("alpha-beta")).archived_at is None
    assert owned.telegram.calls("sendDocument") == []


# /merge --------------------------------------------------------------------------------------------------------------


async def twin(bot: Bot) -> None:
    """A second deal, which is the same, and of which more is known."""
    async with bot.database.write() as session:
        await imports.import_deals(session, read_watchlist(TWIN), bot.clock())
    await bot.ask("/subscribe beta-alpha", chat=BORIS)
    async with bot.database.write() as session:
        row = (await session.scalars(select(Deal).where(Deal.slug == "beta-alpha"))).one()
        await ledger.settle(session, row, Stage.DENIED, OWNER, "they told me", bot.clock())
    await bot.program.courier.deliver()


async def test_two_deals_become_one(owned: Bot) -> None:
    """Both are shown with what moves; pressed, the one that goes is sent as files first, and nobody else is told."""
    await twin(owned)
    asked = await owned.ask("/merge beta-alpha into alpha-beta", chat=OWNER)
    assert "Goes: Beta & Alpha (beta-alpha), DENIED · a party says there is nothing" in asked.text
    assert "Stays: Alpha <Holdings> & Beta (alpha-beta), RUMORED · in talks" in asked.text
    assert "• 1 line of history\n• 1 subscription\n" in asked.text
    told = [len(owned.telegram.messages(chat)) for chat in (ANNA, BORIS)]
    done = await owned.press(asked, "Merge")
    assert done.text.startswith("Merged into Alpha <Holdings> & Beta (alpha-beta): DENIED")

    files = [m.document for m in owned.telegram.messages(OWNER) if m.document]
    assert [file.name for file in files] == ["beta-alpha.toml", "beta-alpha.jsonl"]
    assert read_watchlist(files[0].content.decode())[0].stage == "denied"
    assert [json.loads(line)["stage"] for line in files[1].content.splitlines()] == ["denied"]
    await owned.program.courier.deliver()
    assert [len(owned.telegram.messages(chat)) for chat in (ANNA, BORIS)] == told
    async with owned.database.read() as session:
        assert await subscriptions.follows(session, BORIS, await owned.deal("alpha-beta"))
    assert "merged with beta-alpha" in (await owned.ask("/why alpha-beta")).text
    assert (await owned.ask("/status beta-alpha")).text.startswith("Alpha <Holdings> & Beta\nDENIED")  # by its names


async def test_the_question_names_what_the_deal_will_not_be_found_by(owned: Bot) -> None:
    """Whose name it is, where several parties are others, nobody knows but a person."""
    asked = await owned.ask("/merge huawei-att into alpha-beta", chat=OWNER)
    assert "These names are not taken over: Huawei, AT&T" in asked.text
    assert "/edit can add them." in asked.text
    await twin(owned)
    assert "not taken over" not in (await owned.ask("/merge beta-alpha into alpha-beta", chat=OWNER)).text


async def test_merging_twice_is_merging_once(owned: Bot) -> None:
    """A second press says the same, and no deal that is tracked later goes by it."""
    await twin(owned)
    asked = await owned.ask("/merge beta-alpha alpha-beta", chat=OWNER)
    again, done = data(asked, "Merge"), await owned.press(asked, "Merge")
    await owned.forge(done, again, OWNER)
    assert [m.text for m in owned.telegram.messages(OWNER) if m.message_id == done.message_id] == [done.text]
    assert len(owned.telegram.calls("sendDocument")) == 2
    async with owned.database.write() as session:
        await imports.import_deals(session, read_watchlist(TWIN.replace("beta-alpha", "new")), owned.clock())
    assert (await owned.deal("new")).id > int(again.split(":")[1])
    await owned.forge(done, again, OWNER)
    assert await owned.deal("new")


async def test_what_cannot_be_sent_is_not_deleted(owned: Bot) -> None:
    """Without the files there is no merger."""
    await twin(owned)
    asked = await owned.ask("/merge beta-alpha alpha-beta", chat=OWNER)
    owned.telegram.fail("sendDocument", ApiError(400, "Bad Request: not enough rights"))
    await owned.press(asked, "Merge")
    assert await owned.deal("beta-alpha")


async def test_two_deals_must_be_named(owned: Bot) -> None:
    """What is missing, or fits several deals, is said."""
    for typed, said in (
        ("/merge", "For example: /merge att-huawei into huawei-att"),
        ("/merge alpha-beta", "For example"),
        ("/merge alpha-beta into huawei", "Take one of these short names:\nhuawei-att:"),
        ("/merge alpha-beta into Alpha and Beta", "Both names find"),
        ("/merge xyzzy alpha-beta", "No deal fits “xyzzy”"),
    ):
        assert said in (await owned.ask(typed, chat=OWNER)).text


async def test_nothing_is_merged_into_an_archived_deal(owned: Bot) -> None:
    """Its followers would hear nothing any more; the other way round it can be."""
    await archived(owned)
    refused = await owned.ask("/merge huawei-att into alpha-beta", chat=OWNER)
    assert "Bring it back first, or merge the other way round." in refused.text
    assert "Goes: Alpha" in (await owned.ask("/merge alpha-beta into huawei-att", chat=OWNER)).text


async def test_what_a_merger_left_is_not_offered_for_undoing(owned: Bot) -> None:
    """What an article said can be taken back, so that those who were told of it hear that; not that it moved over."""
    async with owned.database.write() as session:
        await imports.import_deals(session, read_watchlist(TWIN.replace("Beta Group", "Gamma")), owned.clock())
    await owned.news(DENIAL.replace("Beta", "Gamma"))
    await owned.press(await owned.ask("/merge beta-alpha into alpha-beta", chat=OWNER), "Merge")
    assert (await owned.ask("/status alpha-beta")).text.split("\n")[1].startswith("DENIED")
    assert (await owned.ask("/undo alpha-beta", chat=OWNER)).text.count("DENIED") == 1
