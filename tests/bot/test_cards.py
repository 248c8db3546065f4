"""The living cards: where a deal stands, kept up to date in one message of each chat."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from running_bot import ANNA, BORIS, GROUP, OWNER, Bot
from sqlalchemy import select
from standin.faults import (
    ApiError,
    Drop,
    Fault,
    Garbled,
    Page,
    Slow,
    blocked,
    flooded,
    gateway,
    message_not_found,
    not_modified,
    unavailable,
)
from standin.telegram import BotMessage

from bot.cards import LONGEST_REST
from matcher.vocabulary import Stage
from models import ledger
from models import subscriber as subscribers
from models.card import Card
from models.deal import Deal
from models.subscriber import Subscriber

TALKS, OFF, AGREED = (
    "Alpha in talks to buy Beta, Bloomberg reports",
    "Alpha ends talks to buy Beta, Bloomberg reports",
    "Alpha agrees to buy Beta",
)
SPECULATION = "Alpha considers buying Beta, Bloomberg reports"


async def cards(bot: Bot) -> Sequence[Card]:
    async with bot.database.read() as session:
        return (await session.scalars(select(Card).order_by(Card.subscriber_id))).all()


def stands(message: BotMessage) -> str:
    """The line of a card that says where the deal stands."""
    return message.text.splitlines()[1]


def edits(bot: Bot) -> int:
    return len(bot.telegram.calls("editMessageText"))


def reply_to(bot: Bot) -> Any:
    """Which message the last one sent answers."""
    said = bot.telegram.calls("sendMessage")[-1].parameters.get("reply_parameters")
    return said and (said["message_id"], said["allow_sending_without_reply"])


async def refresh(bot: Bot, looks: int = 1) -> None:
    for _ in range(looks):
        await bot.program.cards.refresh()


async def shown(bot: Bot, chat: int = ANNA) -> BotMessage:
    """The chat's card as it stands once everything is done."""
    await refresh(bot)
    (card,) = await cards(bot)
    return next(m for m in bot.telegram.messages(chat) if m.message_id == card.message_id)


async def begun(bot: Bot, *chats: int) -> None:
    """These chats (ANNA) follow everything and have a card of the deal, with it in talks."""
    for chat in chats or (ANNA,):
        await bot.ask("/subscribe everything", chat=chat)
    await bot.news(TALKS)


# One card ------------------------------------------------------------------------------------------------------------


async def test_the_first_message_about_a_deal_becomes_its_card(bot: Bot) -> None:
    """A later change is a reply to it, and it then says where the deal stands."""
    await begun(bot)
    (first,) = bot.telegram.messages(ANNA)[1:]
    assert reply_to(bot) is None
    await refresh(bot)
    assert edits(bot) == 0

    await bot.news(AGREED)
    assert reply_to(bot) == (first.message_id, True)
    card = await shown(bot)
    assert (card.message_id, stands(card), edits(bot)) == (first.message_id, "FINALIZED · agreed", 1)


async def test_a_card_shows_what_was_too_small_for_a_message(bot: Bot) -> None:
    """Further sources and small steps change the card, and send nothing."""
    await begun(bot)
    sent = len(bot.telegram.calls("sendMessage"))
    await bot.news("Alpha in talks to buy Beta, Reuters reports")
    assert "2 sources" in (await shown(bot)).text
    await bot.news("Alpha in talks to buy Beta, the Financial Times reports")
    assert "3 sources" in (await shown(bot)).text
    assert len(bot.telegram.calls("sendMessage")) == sent


async def test_a_source_that_comes_while_the_first_message_waits_is_shown(bot: Bot) -> None:
    """The message tells the change as it was; made the card, it is brought up to date."""
    await bot.ask("/subscribe everything")
    async with bot.telegram.down():
        for name in ("Bloomberg", "Reuters", "the Financial Times"):
            await bot.news(f"Alpha in talks to buy Beta, {name} reports")
    bot.clock.advance(minutes=1)
    await bot.program.courier.deliver()
    assert "3 sources" in (await shown(bot)).text


async def test_each_chats_card_speaks_its_language(bot: Bot) -> None:
    """The same deal, in the words of each chat."""
    await begun(bot, ANNA, BORIS)
    async with bot.database.write() as session:
        boris = (await session.scalars(select(Subscriber).where(Subscriber.chat_id == BORIS))).one()
        boris.language = "de"
    await bot.news(AGREED)
    await refresh(bot)
    english, german = (stands(bot.telegram.messages(chat)[1]) for chat in (ANNA, BORIS))
    assert english == "FINALIZED · agreed"
    assert german != english


async def test_a_burst_of_changes_is_few_edits(bot: Bot) -> None:
    """Ten changes that come while nothing can be sent are ten replies, and one edit to where the deal stands."""
    await begun(bot)
    async with bot.telegram.down():
        for number in range(10):
            await bot.news(f"{OFF if number % 2 else 'Alpha makes new offer for Beta, Reuters reports'} ({number})")
    bot.clock.advance(minutes=1)
    await refresh(bot)
    assert edits(bot) == 0, "the chat is told of a change before the card shows it"
    await bot.program.courier.deliver()
    card = await shown(bot)
    assert (edits(bot), stands(card)) == (1, "DENIED · called off")


async def test_a_card_keeps_to_the_evidence_that_stands(bot: Bot) -> None:
    """What a person decided stands without a quote of what was said before."""
    await begun(bot)
    async with bot.database.write() as session:
        deal = (await session.scalars(select(Deal).where(Deal.slug == "alpha-beta"))).one()
        await ledger.settle(session, deal, Stage.DENIED, OWNER, "I know", bot.clock())
    await bot.program.courier.deliver()
    card = await shown(bot)
    assert stands(card).startswith("DENIED")
    assert "in talks" not in card.text


# What goes wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", [message_not_found(), blocked()], ids=["deleted", "blocked"])
async def test_after_a_deleted_card_the_next_message_becomes_the_card(bot: Bot, gone: ApiError) -> None:
    """The change that was not shown was told; nothing is tried again."""
    await begun(bot)
    bot.telegram.fail("editMessageText", gone)
    await bot.news(AGREED)
    await refresh(bot, 5)
    assert (await cards(bot), edits(bot)) == ([], 1)

    await bot.news("Alpha completes purchase of Beta")
    (card,) = await cards(bot)
    assert card.message_id == bot.telegram.messages(ANNA)[-1].message_id


async def test_a_card_that_says_so_already_is_done(bot: Bot) -> None:
    """An edit whose answer was lost is tried again, and "not modified" ends it."""
    await begun(bot)
    await bot.news(AGREED)
    bot.telegram.fail("editMessageText", Drop.AFTER_APPLYING)
    await refresh(bot, 2 * LONGEST_REST)
    assert stands(await shown(bot)) == "FINALIZED · agreed"
    assert edits(bot) == 2
    assert bot.telegram.calls("editMessageText")[-1].fault.kind == not_modified().kind  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fault",
    [unavailable(), gateway(), Page(403, "Forbidden"), flooded(1), Drop.BEFORE_APPLYING, Garbled.WITHOUT_RESULT],
    ids=["502", "a gateway's 502", "a gateway's 403", "429", "connection lost", "no result"],
)
async def test_an_edit_that_fails_is_made_up_for(bot: Bot, fault: Fault) -> None:
    """Nothing is lost, and another chat's card is not held up."""
    await begun(bot, ANNA, BORIS)
    await bot.news(AGREED)
    bot.telegram.fail_when(
        lambda method, said: fault if method == "editMessageText" and said["chat_id"] == ANNA else None
    )
    await refresh(bot)
    assert stands(bot.telegram.messages(BORIS)[1]) == "FINALIZED · agreed"
    bot.telegram.fail_when(None)
    await refresh(bot, 9)
    assert stands(bot.telegram.messages(ANNA)[1]) == "FINALIZED · agreed"
    assert [card.shown == card.moved for card in await cards(bot)] == [True, True]


async def test_an_outage_is_not_hammered_at(bot: Bot) -> None:
    """While every edit fails, ever fewer are tried; letters go on meanwhile."""
    await begun(bot)
    await bot.news(OFF)
    bot.telegram.fail_when(lambda method, _: unavailable() if method == "editMessageText" else None)
    await refresh(bot, 200)
    assert edits(bot) < 10
    await bot.news(AGREED)
    assert bot.telegram.messages(ANNA)[-1].text.startswith("DENIED → FINALIZED")
    bot.telegram.fail_when(None)
    await refresh(bot, 2 * LONGEST_REST)
    assert stands(bot.telegram.messages(ANNA)[1]) == "FINALIZED · agreed"


async def test_a_group_that_moved_gets_a_new_card(bot: Bot) -> None:
    """Its messages are counted anew in the supergroup: the next one becomes the card."""
    await begun(bot, GROUP)
    await bot.telegram.migrate(GROUP, -1_000_000_000_007)
    await bot.settled()
    await bot.news(OFF)
    assert reply_to(bot) is None
    (card,) = await cards(bot)
    assert card.message_id == bot.telegram.messages(-1_000_000_000_007)[-1].message_id
    await bot.news(AGREED)
    assert reply_to(bot) == (card.message_id, True)


async def test_a_retired_chats_card_waits_for_it(bot: Bot) -> None:
    """Nothing is edited in a chat that takes no messages; when it is back, its card shows the present."""
    await begun(bot)
    async with bot.database.write() as session:
        await subscribers.retire(session, ANNA, bot.clock())
    await bot.news(AGREED)
    await refresh(bot)
    assert edits(bot) == 0
    await bot.ask("/help")
    await bot.program.courier.deliver()
    assert stands(await shown(bot)) == "FINALIZED · agreed"


async def test_a_stop_does_not_wait_for_a_pause(bot: Bot) -> None:
    """Cards that wait for Telegram's pause to end are edited after the next start."""
    await bot.ask("/subscribe everything")
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    await bot.news("Alpha ends talks to buy Beta, Bloomberg reports")
    bot.telegram.fail("editMessageText", Slow(after=20))
    refreshing = asyncio.create_task(bot.program.cards.refresh())
    await bot.telegram.until(lambda: bot.program.cards._editing)
    bot.program.cards.stop()
    async with asyncio.timeout(10):
        await refreshing
