"""Deals that users propose: the letters, one answer, and who hears of it."""

import io

from rich.console import Console
from running_bot import ANNA, BORIS, OWNER, Bot
from sqlalchemy import select
from standin.chats import BotMessage

from bot import trace
from models import owner, people
from models.deal import Deal
from models.outbox import Letter
from models.people import MOST_PROPOSALS, Role
from models.proposal import Proposal

ADMIN = 1005
LINE = "Northwind + Southgate Foods = Southgate merger"
SLUG = "northwind-southgatefoods"


async def ready(bot: Bot) -> None:
    """An owner and an admin."""
    await bot.own()
    await give(bot, ADMIN, Role.ADMIN)


async def give(bot: Bot, user: int, role: Role) -> None:
    async with bot.database.write() as session:
        await people.give(session, user, role, bot.clock())


async def propose(bot: Bot, line: str = LINE, user: int = ANNA) -> BotMessage:
    """What the user is told."""
    return await bot.press(await bot.ask(f"/track {line}", chat=user), "Propose it")


async def last(bot: Bot, chat: int) -> BotMessage:
    """The chat's last message, once everything that waits was delivered."""
    await bot.program.courier.deliver()
    return bot.telegram.messages(chat)[-1]


async def is_tracked(bot: Bot) -> bool:
    async with bot.database.read() as session:
        return await session.scalar(select(Deal.id).where(Deal.slug == SLUG)) is not None


def toast(bot: Bot) -> str:
    return str(bot.telegram.calls("answerCallbackQuery")[-1].parameters.get("text", ""))


async def test_a_proposal_is_approved_once(bot: Bot) -> None:
    """Owner and admins are asked; the first answer counts; the proposer hears it and follows the deal."""
    await ready(bot)
    shown = await bot.ask(f"/track {LINE}")
    assert "Track it" not in [button.text for button in shown.buttons]
    assert "You hear here what they decide." in (await bot.press(shown, "Propose it")).text
    asked, also_asked = await last(bot, OWNER), bot.telegram.messages(ADMIN)[-1]
    assert asked.text == also_asked.text
    assert asked.text.splitlines()[:2] == ["Track this deal?", f"/track {LINE}"]
    assert "User 1001 (user 1001) proposes this" in asked.text
    assert not await is_tracked(bot)
    assert "Approved: " in (await bot.press(also_asked, "Approve")).text
    assert await is_tracked(bot)
    answer = await last(bot, ANNA)
    assert answer.text.startswith(f"Your proposal was approved: {LINE}\nThis chat follows it from now on.")
    assert "Approved: " in (await bot.press(asked, "Decline")).text
    assert toast(bot) == "This was answered already."
    assert await last(bot, ANNA) == answer
    await bot.news("Northwind agrees to merge with Southgate Foods")
    assert bot.telegram.messages(ANNA)[-1].text.startswith("FINALIZED")


async def test_a_declined_proposal_is_told_and_left(bot: Bot) -> None:
    """The proposer hears it, nothing is tracked, and who was not asked yet need not be."""
    await ready(bot)
    await propose(bot)
    listed = await bot.ask("/proposals", chat=OWNER)
    assert "Declined: " in (await bot.press(await bot.press(listed, LINE), "Decline")).text
    assert (await last(bot, ANNA)).text == f"Your proposal was declined, so it is not tracked: {LINE}"
    assert not bot.telegram.messages(ADMIN)
    assert not await is_tracked(bot)
    assert "No proposed deal waits" in (await bot.ask("/proposals", chat=ADMIN)).text


async def test_a_proposal_may_be_tracked_after_a_look(bot: Bot) -> None:
    """That is an approval, too; to track another kind of deal between the same parties is none."""
    await ready(bot)
    await propose(bot)
    asked = await last(bot, ADMIN)
    await bot.press(asked, "Look first")
    shown = bot.telegram.messages(ADMIN)[-1]
    await bot.press(await bot.ask(f"/track {LINE.removesuffix('merger')} stake", chat=ADMIN), "Track it")
    assert (await last(bot, ANNA)).text.startswith("Proposed")
    await bot.press(shown, "Track it")
    assert [(await bot.deal(slug)).kind for slug in (SLUG, f"{SLUG}-merger")] == ["stake", "merger"]
    assert (await last(bot, ANNA)).text.startswith("Your proposal was approved")
    assert "Approved: " in (await bot.press(asked, "Approve")).text
    assert toast(bot) == "This was answered already."


async def test_the_kind_that_is_proposed_is_tracked(bot: Bot) -> None:
    """Also where there is a deal of another kind between the same parties; the proposer follows the right one."""
    await ready(bot)
    await propose(bot, "Alpha + Beta partnership")
    await bot.press(await last(bot, ADMIN), "Approve")
    assert (await bot.deal("alpha-beta-partnership")).kind == "partnership"
    assert "1. Alpha – Beta ·" in (await bot.ask("/subscriptions")).text


async def test_only_those_who_decide_now_may_answer(bot: Bot) -> None:
    """Neither a stranger with the message nor an admin who was demoted or barred since approves anything."""
    await ready(bot)
    await propose(bot)
    await bot.program.courier.deliver()
    asked = bot.telegram.messages(ADMIN)[-1]
    async with bot.database.read() as session:
        number = (await session.scalars(select(Proposal.id))).one()
    for user, role in ((ANNA, None), (ADMIN, Role.USER), (ADMIN, Role.BARRED)):
        if role:
            await give(bot, user, role)
        for answer in ("approved", "declined", "look"):
            assert await bot.forge(asked, f"proposal:{number}:{answer}", user)
        assert bot.telegram.messages(ADMIN)[-1] == asked
    assert not await is_tracked(bot)
    async with bot.database.read() as session:
        assert (await session.scalars(select(Proposal.answer))).one() is None


async def test_a_user_cannot_flood_the_admins(bot: Bot) -> None:
    """Only some proposals of a user wait at the same time; the same one again is the one that is there."""
    await ready(bot)
    first, *_ = [await propose(bot, f"Northwind + Party {number} merger") for number in range(MOST_PROPOSALS)]
    assert first.text.startswith("Proposed: ")
    shown = await propose(bot, "Northwind + Westport merger")
    assert toast(bot) == "3 of your proposals wait for an answer. Propose this when one is decided."
    assert shown.text.startswith("/track Northwind + Westport merger")
    await propose(bot, "Northwind + Party 0 merger")
    assert toast(bot) == "Proposed."
    async with bot.database.read() as session:
        assert len((await session.scalars(select(Letter))).all()) == 2 * MOST_PROPOSALS
    await bot.press(await last(bot, OWNER), "Decline")
    assert (await propose(bot, "Northwind + Westport merger")).text.startswith("Proposed: ")


async def test_what_was_declined_is_not_asked_again_for_a_month(bot: Bot) -> None:
    """Whoever proposed it hears from when; another kind, and the same by somebody else, may be proposed."""
    await ready(bot)
    await propose(bot)
    await bot.press(await last(bot, OWNER), "Decline")
    shown = await propose(bot, "southgate + Northwind merger")
    assert toast(bot) == "You proposed this before, and it was declined. You can propose it again from 7 Feb 2018."
    assert "Propose it" in [button.text for button in shown.buttons]
    await propose(bot, "Northwind + Southgate Foods stake")
    assert toast(bot) == "Proposed."
    await propose(bot, user=BORIS)
    assert toast(bot) == "Proposed."
    bot.clock.advance(days=30)
    await propose(bot)
    assert toast(bot) == "Proposed."


async def test_the_letter_says_how_much_is_stored_about_it(bot: Bot) -> None:
    """As many headlines as the preview counts."""
    await ready(bot)
    await propose(bot)
    assert "No stored headline names these parties together." in (await last(bot, OWNER)).text
    await bot.news("Alpha in talks to buy Beta; Northwind to merge with Southgate Foods")
    await propose(bot, user=BORIS)
    assert "\n1 stored headline names them together. To see the latest: “Look first”." in (await last(bot, ADMIN)).text


async def test_what_is_tracked_is_answered_at_once(bot: Bot) -> None:
    """A deal that is there is shown instead, also if it was tracked since the preview, or since it was proposed."""
    await ready(bot)
    assert "is tracked already" in (await bot.ask("/track Beta + Alpha")).text
    await propose(bot, user=BORIS)
    asked = await last(bot, ADMIN)
    shown = await bot.ask(f"/track {LINE}")
    await bot.press(asked, "Approve")
    assert f"{SLUG} is tracked already" in (await bot.press(shown, "Propose it")).text
    async with bot.database.read() as session:
        assert len((await session.scalars(select(Proposal))).all()) == 1


async def test_a_proposal_waits_for_an_owner(bot: Bot) -> None:
    """Without anybody to ask nothing is lost; /health counts it, and hearsay trace shows where the letter came from."""
    await propose(bot)
    async with bot.database.write() as session:
        code = await owner.offer_code(session)
    await bot.ask(f"/claim {code}", chat=OWNER)
    assert "Track this deal?" in (await last(bot, OWNER)).text
    assert "1 proposed deal waits for an answer: /proposals" in (await bot.ask("/health", chat=OWNER)).text
    page = io.StringIO()
    async with bot.database.read() as session:
        letter = (await session.scalars(select(Letter))).one()
    await trace.show_letter(bot.database, Console(file=page, width=100), letter.id)
    assert f"proposal 1: {LINE}" in page.getvalue()
    assert "by user 1001" in page.getvalue()
