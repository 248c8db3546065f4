"""Who may use the bot and for what: the gate, the owner's page of people, invitations, caps, and forged buttons."""

import random
import re
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import pytest
from running_bot import ANNA, BORIS, GROUP, OWNER, Bot
from sqlalchemy import select
from standin.chats import BotMessage, user_json
from telegram.ext import CallbackQueryHandler

from matcher.vocabulary import Trust
from models import feed as feeds
from models import people, proposal
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.base import Base
from models.people import Role
from models.subscriber import Subscriber, Wire
from models.subscription import Target

TALKS = "Alpha in talks to buy Beta, Bloomberg reports"
DENIAL = "Alpha ends talks to buy Beta, Bloomberg reports"
STRANGER, ELSEWHERE = 1007, -2002


async def give(bot: Bot, user: int, role: Role) -> None:
    async with bot.database.write() as session:
        await people.give(session, user, role, bot.clock(), f"<User> {user}")


async def close(bot: Bot) -> None:
    async with bot.database.write() as session:
        await people.close(session, bot.clock())


async def chats(bot: Bot, *, retired: bool = False) -> list[int]:
    """The chats that were met, and take messages or not."""
    async with bot.database.read() as session:
        chosen = Subscriber.retired_at.is_not(None) if retired else Subscriber.retired_at.is_(None)
        return list(await session.scalars(select(Subscriber.chat_id).where(chosen).order_by(Subscriber.chat_id)))


def labels(message: BotMessage) -> list[str]:
    return [button.text for button in message.buttons]


def toast(bot: Bot) -> str:
    return str(bot.telegram.calls("answerCallbackQuery")[-1].parameters.get("text", ""))


# The gate ------------------------------------------------------------------------------------------------------------


async def test_a_closed_bot_does_nothing_for_who_is_not_invited(bot: Bot) -> None:
    """In private one plain answer to whatever is sent, over a button a toast, else silence; no chat is met."""
    await bot.own()
    card = await bot.ask("/status alpha-beta", chat=GROUP, user=ANNA)
    await close(bot)
    for text in ("/start", "/start alpha-beta", "/start join-us", "hello"):
        assert (await bot.ask(text, chat=STRANGER)).text.startswith("This Hearsay is for those whom its owner has")
    assert len(bot.telegram.messages(STRANGER)) == 4
    assert "for those whom its owner" in await bot.forge(card, f"follow:{(await bot.deal('alpha-beta')).id}", STRANGER)
    await bot.telegram.update("inline_query", {"id": "5", "from": user_json(STRANGER), "query": "alpha", "offset": ""})
    await bot.telegram.user_sends(ELSEWHERE, "/start", STRANGER)
    await bot.settled()
    assert (bot.telegram.calls("answerInlineQuery"), bot.telegram.messages(ELSEWHERE)) == ([], [])
    assert await chats(bot) == []


async def test_a_closed_bot_serves_who_is_there_and_their_groups(bot: Bot) -> None:
    """Closing keeps the private chats; everybody may ask in a group that one of them set up."""
    await bot.own()
    await bot.ask("/start")
    await close(bot)
    assert "follows every deal" in (await bot.ask("/subscribe everything")).text
    await bot.ask("/start", chat=GROUP, user=ANNA)
    assert "No reports yet" in (await bot.ask("/status alpha-beta", chat=GROUP, user=STRANGER)).text


async def test_who_was_barred_gets_no_push_for_unblocking_the_bot(bot: Bot) -> None:
    """Neither that nor /start, a link or a code brings the chat back; let in again, a word to the bot does."""
    await bot.own()
    await bot.ask("/subscribe everything")
    await give(bot, ANNA, Role.BARRED)
    await bot.telegram.block(ANNA)
    await bot.telegram.unblock(ANNA)
    for text in ("/start", "/start alpha-beta", "/help"):
        assert "Only its owner can let you in again" in (await bot.ask(text)).text
    assert "not valid" in (await bot.ask("/claim 0000")).text
    await bot.news(TALKS)
    assert (await chats(bot), await chats(bot, retired=True)) == ([], [ANNA])
    assert bot.telegram.messages(ANNA)[-1].text.startswith("That code")
    await give(bot, ANNA, Role.USER)
    await bot.ask("/help")
    await bot.program.courier.deliver()
    assert "RUMORED" in bot.telegram.messages(ANNA)[-1].text


async def test_the_gate_stays_shut_when_it_cannot_be_asked(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the database does not say who is admitted, no command runs."""
    message = await bot.ask("/status alpha-beta")

    async def unknown(*_: object) -> bool:
        raise OSError("disk I/O error")

    monkeypatch.setattr("bot.commands.access.Gate._admits", unknown)
    await bot.forge(message, f"follow:{(await bot.deal('alpha-beta')).id}", ANNA)
    assert "a fault in Hearsay" in (await bot.ask("/subscribe everything")).text
    assert await chats(bot) == []


# The owner's page ----------------------------------------------------------------------------------------------------


async def test_the_owner_invites_an_admin(bot: Bot) -> None:
    """The link lets in whoever opens it first, though the bot is closed; it says who may do what, and works once."""
    await bot.own()
    page = await bot.press(await bot.ask("/people", chat=OWNER), "Invited only")
    assert "Nobody but you has a role yet" in page.text
    await bot.press(page, "Invite an admin")
    invitation = bot.telegram.messages(OWNER)[-1].text
    assert "becomes an admin" in invitation
    assert "for seven days: until 15 Jan 2018, 12:00 UTC" in invitation
    link = invitation.splitlines()[1]
    assert link.startswith("https://t.me/hearsay_standin_bot?start=")
    payload = link.partition("?start=")[2]
    assert "your role is owner" in (await bot.ask(f"/start {payload}", chat=OWNER)).text
    assert "You are an admin of this Hearsay now" in (await bot.ask(f"/start {payload}", chat=BORIS)).text
    again = await bot.ask(f"/start {payload}", chat=BORIS)
    assert again.text.startswith("You may use this Hearsay already: your role is admin.")
    assert "All commands: /help" in again.text
    assert "was used" in (await bot.ask(f"/start {payload}", chat=STRANGER)).text
    assert "User 1002: admin" in (await bot.ask("/people", chat=OWNER)).text
    assert await chats(bot) == [BORIS, OWNER]


async def test_the_owner_hears_who_used_an_invitation(bot: Bot) -> None:
    """Once, also if the link is opened twice; from there the role can be changed."""
    await bot.own()
    page = await bot.ask("/people", chat=OWNER)
    await bot.press(page, "Invite an admin")
    link = bot.telegram.messages(OWNER)[-1].text.splitlines()[1]
    for _ in range(2):
        await bot.ask(f"/start {link.partition('?start=')[2]}", chat=BORIS)
        await bot.program.courier.deliver()
    told = bot.telegram.messages(OWNER)[2:]
    assert [message.text for message in told] == ["User 1002 (user 1002) has used your invitation. Role: admin."]
    assert "Make a user" in labels(await bot.press(told[0], "Change the role"))


async def test_an_open_invitation_is_listed_and_revoked(bot: Bot) -> None:
    """Then its link lets nobody in; one that was used meanwhile cannot be revoked, and is listed no more."""
    await bot.own()
    page = await bot.ask("/people", chat=OWNER)
    links = []
    for label in ("Invite an admin", "Invite a user"):
        await bot.press(page, label)
        links.append(bot.telegram.messages(OWNER)[-1].text.partition("?start=")[2].splitlines()[0])
    listed = await bot.press(await bot.ask("/people", chat=OWNER), "2 open invitations")
    assert "• admin, until 15 Jan 2018, 12:00 UTC" in listed.text
    await bot.ask(f"/start {links[1]}", chat=BORIS)
    left = await bot.press(listed, "Revoke: user, until 15 Jan 2018, 12:00 UTC")
    assert toast(bot) == "Somebody has used it already. /people says who has a role."
    assert labels(left) == ["Revoke: admin, until 15 Jan 2018, 12:00 UTC", "← People"]
    assert await bot.forge(left, left.buttons[0].callback_data or "", STRANGER) == "Only the owner may do that."
    left = await bot.press(left, "Revoke: admin, until 15 Jan 2018, 12:00 UTC")
    assert toast(bot) == "Revoked. The link lets nobody in any more."
    assert left.text == "No invitation is open."
    assert "revoked" in (await bot.ask(f"/start {links[0]}", chat=ANNA)).text


async def test_a_role_is_changed_on_a_persons_page(bot: Bot) -> None:
    """Admin, user and back; barred only after a question; all in one message."""
    await bot.own()
    await bot.ask("/subscribe everything")
    await give(bot, ANNA, Role.USER)
    page = await bot.ask("/people", chat=OWNER)
    page = await bot.press(page, "<User> 1001")
    assert labels(page) == ["Make an admin", "Bar", "← People"]
    page = await bot.press(page, "Make an admin")
    assert "admin since 8 Jan 2018" in page.text
    page = await bot.press(await bot.press(page, "Make a user"), "Bar")
    assert "Bar <User> 1001?" in page.text
    assert await chats(bot) == [ANNA]
    page = await bot.press(page, "Yes, bar")
    assert await chats(bot, retired=True) == [ANNA]
    assert labels(page) == ["Let in again", "← People"]
    page = await bot.press(await bot.press(page, "Let in again"), "← People")
    assert "• <User> 1001: user" in page.text
    assert len(bot.telegram.messages(OWNER)) == 1


async def test_somebody_without_a_role_is_barred_by_number(bot: Bot) -> None:
    """The number stands in a proposal; a user of that number is kept only when a button is pressed."""
    await bot.own()
    preview = await bot.ask("/track Gamma + Delta merger", chat=STRANGER)
    await bot.press(preview, "Propose it")
    await bot.program.courier.deliver()
    assert f"(user {STRANGER})" in bot.telegram.messages(OWNER)[-1].text
    assert "send the user’s number: /people 123456789" in (await bot.ask("/people", chat=OWNER)).text
    page = await bot.ask(f"/people {STRANGER}", chat=OWNER)
    assert page.text.splitlines()[:2] == [
        "User 1007",
        "No role. May use the bot as long as it is open to all. Does not decide about deals.",
    ]
    assert labels(page) == ["Make an admin", "Make a user", "Bar", "← People"]
    page = await bot.press(page, "Bar")
    assert "Nobody but you has a role" in (await bot.ask("/people", chat=OWNER)).text
    page = await bot.press(page, "Yes, bar")
    assert labels(page) == ["Let in again", "← People"]
    assert "You may not use this Hearsay" in (await bot.ask("/deals", chat=STRANGER)).text


async def test_only_the_number_of_somebody_else_opens_a_page(bot: Bot) -> None:
    """Anything else is answered with what to type; a button about oneself, with that one is the owner."""
    await bot.own()
    for typed in ("Anna", "0", "-5", "9" * 19):
        answer = await bot.ask(f"/people {typed}", chat=OWNER)
        assert (answer.text.startswith("Type the number"), answer.buttons) == (True, [])
    answer = await bot.ask(f"/people {OWNER}", chat=OWNER)
    assert (answer.text.startswith("This is you"), answer.buttons) == (True, [])
    await bot.forge(answer, f"person:{OWNER}:barred", OWNER)
    assert "This is you" in bot.telegram.messages(OWNER)[-1].text


async def test_closing_promises_to_keep_only_who_was_met(bot: Bot) -> None:
    """Who only asked is not counted, and is out; who follows something or used /start stays, and is counted."""
    await bot.own()
    await bot.ask("/start", chat=ANNA)
    await bot.ask("/deals", chat=STRANGER)
    await bot.press(await bot.ask("/people", chat=OWNER), "Invited only")
    assert toast(bot).endswith(" 1 who follows something or used /start stays.")
    assert "for those whom its owner has invited" in (await bot.ask("/deals", chat=STRANGER)).text
    assert "No reports yet" in (await bot.ask("/status alpha-beta", chat=ANNA)).text


async def test_many_people_are_paged(bot: Bot) -> None:
    """Ten on a page, admins first; a page that is no more is the last one."""
    await bot.own()
    for user in range(3000, 3011):
        await give(bot, user, Role.ADMIN if user == 3010 else Role.USER)
    page = await bot.ask("/people", chat=OWNER)
    assert "<User> 3010: admin" in page.text.splitlines()[4]
    assert "Page 1 of 2" in page.text
    assert "• <User> 3009: user" in (await bot.press(page, "Next →")).text
    await bot.forge(page, "people:24", OWNER)
    assert "Page 2 of 2" in bot.telegram.messages(OWNER)[-1].text


async def test_people_are_the_owners_business(bot: Bot) -> None:
    """Admins do not see them, nor does the owner in a group."""
    await bot.own()
    await give(bot, ANNA, Role.ADMIN)
    assert "Only the owner" in (await bot.ask("/people")).text
    assert "Others can read" in (await bot.ask("/people", chat=GROUP, user=OWNER)).text


# Caps ----------------------------------------------------------------------------------------------------------------


async def test_a_chat_follows_no_more_than_the_owner_allows(bot: Bot) -> None:
    """A command, a button and a link are refused with the way out; what is followed stays, and is no refusal."""
    await bot.own()
    async with bot.database.write() as session:
        chat = await subscribers.meet(session, ANNA, Wire.TELEGRAM, bot.clock())
        for number in range(50):
            await subscriptions.follow(session, chat, Target(party=f"Party {number}"), bot.clock())
    page = await bot.press(await bot.ask("/people", chat=OWNER), "50 a chat")
    assert "One chat may follow 50" in page.text
    assert "✓ 50 a chat" in labels(page)
    for text in ("/subscribe alpha-beta", "/start alpha-beta", "/subscribe everything"):
        assert (await bot.ask(text)).text.startswith("This chat follows 50 deals, parties and kinds already")
    card = await bot.press(await bot.ask("/status alpha-beta"), "Subscribe")
    assert "Make room with /subscriptions" in toast(bot)
    assert "Subscribe" in labels(card)
    await bot.press(page, "200 a chat")
    assert "Unsubscribe" in labels(await bot.press(card, "Subscribe"))
    await bot.press(page, "✓ 50 a chat")
    assert "already" in (await bot.ask("/subscribe alpha-beta")).text


# What admins may do --------------------------------------------------------------------------------------------------


async def test_an_admin_decides_about_deals_until_the_role_is_lost(bot: Bot) -> None:
    """Sets a status and takes it back; at the next press after the role is gone, nothing happens any more."""
    await bot.own()
    await give(bot, ANNA, Role.ADMIN)
    question = await bot.ask("/set alpha-beta denied they said so")
    await bot.press(question, "Yes, tell nobody")
    assert (await bot.deal("alpha-beta")).status == "denied"
    question = await bot.press(await bot.ask("/undo alpha-beta"), labels(await bot.ask("/undo alpha-beta"))[0])
    await give(bot, ANNA, Role.USER)
    await bot.press(question, "Yes, tell nobody")
    assert "Only the owner and admins" in toast(bot)
    assert (await bot.deal("alpha-beta")).status == "denied"
    assert "Only the owner and admins" in (await bot.ask("/set alpha-beta talks they said so")).text
    await give(bot, ANNA, Role.BARRED)
    await bot.press(question, "Yes, tell nobody")
    assert "You may not use" in toast(bot)
    await give(bot, ANNA, Role.ADMIN)
    await bot.press(question, "Yes, tell nobody")
    assert (await bot.deal("alpha-beta")).status is None


@pytest.mark.parametrize(("role", "after"), [(Role.ADMIN, "denied"), (Role.USER, "rumored"), (Role.BARRED, "rumored")])
async def test_an_admin_lets_a_held_report_through(bot: Bot, role: Role, after: str) -> None:
    """A user and a barred one do not."""
    await bot.own()
    await bot.news(TALKS)
    await bot.news(DENIAL, outlet="Rumour Mill", trust=Trust.UNVETTED)
    await give(bot, BORIS, role)
    await bot.press(bot.telegram.messages(OWNER)[-1], "Let it through", user=BORIS)
    assert (await bot.deal("alpha-beta")).status == after


# Forgery -------------------------------------------------------------------------------------------------------------


async def others(bot: Bot, user: int) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that is not the user's own, by table; but for the letters that come and go."""
    await bot.settled()
    async with bot.database.read() as session:
        own = {"user_id": user, "chat_id": user}
        own["subscriber_id"] = await session.scalar(select(Subscriber.id).where(Subscriber.chat_id == user)) or 0
        return {
            name: [
                tuple(row)
                for row in await session.execute(select(table))
                if not any(getattr(row, column, None) == value for column, value in own.items())
            ]
            for name, table in Base.metadata.tables.items()
            if name not in ("inbox", "outbox")
        }


def _patterns(bot: Bot) -> list[str]:
    """The form of the data of every button that some handler takes."""
    handlers = [handler for group in bot.program._application.handlers.values() for handler in group]
    buttons = [handler for handler in handlers if isinstance(handler, CallbackQueryHandler)]
    return [handler.pattern.pattern for handler in buttons if isinstance(handler.pattern, re.Pattern)]


def _made_up(pattern: str, dice: random.Random) -> str:
    """Data of this form, as Python's own parser takes the form apart. Its numbers are 1 to 3."""
    return _filled(re._parser.parse(pattern), dice)  # type: ignore[attr-defined]


def _filled(pieces: Iterable[tuple[object, Any]], dice: random.Random) -> str:
    return "".join(_piece(str(kind), content, dice) for kind, content in pieces)


def _piece(kind: str, content: Any, dice: random.Random) -> str:
    match kind:
        case "LITERAL":
            return chr(content)
        case "RANGE":
            return chr(dice.randint(*content))
        case "CATEGORY":
            return dice.choice("123")
        case "IN":
            return _piece(*_named(dice.choice(content)), dice)
        case "BRANCH":
            return _filled(dice.choice(content[1]), dice)
        case "SUBPATTERN":
            return _filled(content[-1], dice)
        case "MAX_REPEAT":
            return _repeated(*content, dice)
    return ""  # it stands for a place


def _named(piece: tuple[object, Any]) -> tuple[str, Any]:
    return str(piece[0]), piece[1]


def _repeated(least: int, most: int, content: Any, dice: random.Random) -> str:
    times = dice.randint(0, 1) if most == 1 else least
    return "".join(_filled(content, dice) for _ in range(times))


@pytest.mark.chaos
async def test_no_made_up_button_changes_what_belongs_to_others(
    bot: Bot, times: Callable[..., int], dice: random.Random
) -> None:
    """Whatever a stranger makes a button say, in private and in a group where he is no admin: 0 rows change.

    His own rows may: what his chat follows, and what he says is wrong.
    """
    group = -1
    await bot.own()
    for chat in (ANNA, group):
        await bot.ask("/subscribe everything", chat=chat, user=ANNA)
    await bot.news(TALKS)
    await bot.news(DENIAL, outlet="Rumour Mill", trust=Trust.UNVETTED)
    await bot.forge(bot.telegram.messages(ANNA)[-1], "wrong:1:other_deal", ANNA)
    await _fill(bot)
    bot.telegram.members[group, STRANGER] = "member"
    under = [await bot.ask("/deals", chat=chat, user=STRANGER) for chat in (STRANGER, group)]
    before = await others(bot, STRANGER)
    assert all(before[name] for name in ("change", "claim", "feed", "feedback", "person", "proposal", "subscription"))
    forged = [_made_up(pattern, dice) for pattern in _patterns(bot) * times(gate=1, chaos=20)]
    assert len(forged) * len(under) >= 100
    for data, message in product(forged, under):
        await bot.forge(message, data, STRANGER)
    assert await others(bot, STRANGER) == before


async def _fill(bot: Bot) -> None:
    """Feeds, people and proposals whose ids are 1 to 3."""
    async with bot.database.write() as session:
        chat = await subscribers.meet(session, ANNA, Wire.TELEGRAM, bot.clock())
        for number in (1, 2, 3):
            await people.give(session, number, Role.USER, bot.clock())
            await feeds.add(session, f"https://news.example/{number}", "News", Trust.TRUSTED)
            await proposal.propose(session, ANNA, "Anna", chat, f"Gamma {number} + Delta", bot.clock())
