"""`hearsay outbox` and `hearsay trace`: what the owner is shown."""

import io
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest
from rich.console import Console
from running_bot import ANNA, BORIS, GROUP, OWNER, Bot
from sqlalchemy import select, update
from standin.faults import ApiError, blocked, unavailable

from bot import trace
from bot.trace import TraceError
from matcher.vocabulary import Trust
from models import feed as feeds
from models import outbox
from models.article import Article
from models.database import Database
from models.feed import Trouble
from models.notice import Notice
from models.outbox import Letter
from models.wording import Wording

TALKS, AGREED = "Alpha in talks to buy Beta, Bloomberg reports", "Alpha agrees to buy Beta"
DENIAL = "Alpha ends talks to buy Beta, Bloomberg reports"
TOO_LONG = ApiError(400, "Bad Request: message is too long")
COLUMNS = 80
Blocks = dict[str, dict[str, str]]


async def _printed(show: Callable[[Console], Awaitable[None]]) -> str:
    """What a terminal of 80 columns shows."""
    page = io.StringIO()
    await show(Console(file=page, width=COLUMNS))
    text = page.getvalue()
    assert all(len(line) <= COLUMNS for line in text.splitlines()), text
    return text


def _blocks(text: str) -> Blocks:
    """Headings with their rows; a folded row is joined."""
    found: Blocks = {}
    rows: dict[str, str] = {}
    label = ""
    for line in filter(str.strip, text.splitlines()):
        if not line.startswith(" "):
            rows = found.setdefault(line.strip(), {})
        elif line.startswith("   "):
            rows[label] += " " + line.strip()
        else:
            label, _, value = line.strip().partition("  ")
            rows[label] = value.strip()
    return found


async def _outbox(bot: Bot, limit: int | None = trace.SHOWN) -> str:
    return await _printed(lambda out: trace.show_outbox(bot.database, out, bot.clock(), limit=limit))


async def _trace(bot: Bot, chat: int, message: int) -> Blocks:
    return _blocks(await _printed(lambda out: trace.show_message(bot.database, out, chat, message)))


async def _letter(bot: Bot, number: int) -> Blocks:
    return _blocks(await _printed(lambda out: trace.show_letter(bot.database, out, number)))


async def _from_a_feed(bot: Bot) -> None:
    """The articles so far came from a feed."""
    async with bot.database.write() as session:
        await feeds.add(session, "https://carrier-wire.example/feed", "Carrier Wire's feed", Trust.OFFICIAL)
        feed = await feeds.by_url(session, "https://carrier-wire.example/feed")
        assert feed
        await session.execute(update(Article).values(feed_id=feed.id))


# The trace -----------------------------------------------------------------------------------------------------------


async def test_a_message_is_traced_back_to_its_feed(bot: Bot) -> None:
    """Message, letter, change, claims, article and feed, each with what it says."""
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    await _from_a_feed(bot)
    number = bot.telegram.messages(ANNA)[-1].message_id
    found = await _trace(bot, ANNA, number)
    assert list(found) == ["Message", "Letter 1", "Change 1", "Claim 1", "Article 1", "Feed 1"]
    assert found["Message"] == {"chat": str(ANNA), "message": str(number)}
    assert found["Letter 1"] == {
        "about": "alpha-beta: RUMORED · in talks",
        "created": "8 Jan 2018, 12:01 UTC",
        "due": "8 Jan 2018, 12:01 UTC",
        "attempts": "1",
        "sent": "8 Jan 2018, 12:01 UTC",
    }
    assert found["Change 1"] == {
        "deal": "alpha-beta: Alpha <Holdings> & Beta",
        "moved": "no reports yet → talks (status)",
        "recorded": "8 Jan 2018, 12:01 UTC",
        "weight": "reported · 1 source",
    }
    claim = found["Claim 1"]
    assert (claim["stage"], claim["origin"], claim["outcome"]) == ("talks", "Bloomberg", "moved")
    assert claim["quote"] == f"“{TALKS}” in the title"
    assert claim["rule"].endswith(")")
    assert found["Article 1"] == {
        "outlet": "Carrier Wire",
        "title": TALKS,
        "address": "https://carrier-wire.example/1",
        "published": "8 Jan 2018, 12:01 UTC",
        "first seen": "8 Jan 2018, 12:01 UTC",
        "trust": "trusted, when it was read",
    }
    assert found["Feed 1"] == {"title": "Carrier Wire's feed", "trust": "official, now"}


async def test_a_change_of_several_claims_names_them_all(bot: Bot) -> None:
    """What supported the change before it came is traced, too."""
    await bot.ask("/subscribe everything")
    await bot.news(AGREED, outlet="Rumour Mill", trust=Trust.UNVETTED)
    await bot.news("Alpha agrees to buy Beta, filing says", outlet="Daily Circuit")
    found = await _trace(bot, ANNA, bot.telegram.messages(ANNA)[-1].message_id)
    assert sum(heading.startswith("Claim") for heading in found) == 2
    assert {row["outlet"] for name, row in found.items() if name.startswith("Article")} == {
        "Rumour Mill",
        "Daily Circuit",
    }


async def test_an_article_without_a_feed_says_so(bot: Bot) -> None:
    """From an archive, or its feed was removed: the chain ends in a sentence."""
    await bot.ask("/subscribe everything", chat=GROUP, user=ANNA)
    await bot.news(TALKS)
    found = await _trace(bot, GROUP, bot.telegram.messages(GROUP)[-1].message_id)
    assert found["Feed"] == {"title": "none: it came from an archive, or its feed was removed since"}


async def test_a_question_about_a_held_claim_is_traced(bot: Bot) -> None:
    """The owner's message leads to the claim that was held; there is no change behind it."""
    await bot.own()
    await bot.news(TALKS)
    await bot.news(DENIAL, outlet="Rumour Mill", trust=Trust.UNVETTED)
    found = await _trace(bot, OWNER, bot.telegram.messages(OWNER)[-1].message_id)
    assert list(found) == ["Message", "Letter 1", "Claim 2", "Article 2", "Feed"]
    assert found["Letter 1"]["about"] == "alpha-beta: a held claim, called_off"
    assert found["Claim 2"]["outcome"] == "held"


async def test_a_notice_about_a_feed_is_traced(bot: Bot) -> None:
    """It leads to the feed and what was wrong with it."""
    await bot.own()
    await _from_a_feed(bot)
    async with bot.database.write() as session:
        reason = Wording("Its server says that it is gone.")
        notice = Notice(feed_id=1, at=bot.clock(), trouble=Trouble.ENDED, reason=reason)
        await outbox.post_notice(session, notice, bot.clock())
    await bot.program.courier.deliver()
    found = await _trace(bot, OWNER, bot.telegram.messages(OWNER)[-1].message_id)
    assert list(found) == ["Message", "Letter 1", "Notice 1", "Feed 1"]
    assert found["Notice 1"]["trouble"] == "ended"
    assert found["Letter 1"]["about"] == "the feed Carrier Wire's feed: ended"


async def test_a_letter_that_was_not_sent_is_traced_by_its_number(bot: Bot) -> None:
    """It has no message, but a reason."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", TOO_LONG)
    await bot.news(TALKS)
    found = await _letter(bot, 1)
    assert found["Message"] == {"chat": str(ANNA), "message": "none"}
    assert found["Letter 1"]["sent"] == "no"
    assert found["Letter 1"]["error"] == "the message is too long for Telegram"
    assert "Claim 1" in found


async def test_a_folded_letter_says_who_told_it(bot: Bot) -> None:
    """The one that was folded and the one that stands for it name each other's part."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", blocked())
    await bot.news(TALKS)
    await bot.news(AGREED)
    bot.clock.advance(days=2)
    await bot.ask("/start")
    assert (await _letter(bot, 1))["Letter 1"]["error"] == outbox.FOLDED
    assert (await _letter(bot, 2))["Letter 2"]["stands for"].startswith("1 earlier of this deal")


@pytest.mark.parametrize("chat", [ANNA, 4711])
async def test_an_answer_to_a_command_is_not_traced(bot: Bot, chat: int) -> None:
    """What no letter became is said to be so, with what to do."""
    answer = await bot.ask("/help")
    with pytest.raises(TraceError, match="Answers to commands are not traced"):
        await _trace(bot, chat, answer.message_id)
    with pytest.raises(TraceError, match="There is no letter 5"):
        await _letter(bot, 5)


# The outbox ----------------------------------------------------------------------------------------------------------


async def test_an_empty_outbox_says_so(bot: Bot) -> None:
    """Three lines, and nothing more."""
    assert (await _outbox(bot)).split("\n\n")[:3] == [
        "Waiting: 0 chats",
        "Waiting for chats that take no messages: 0 chats",
        "Given up: 0 letters",
    ]


async def test_the_outbox_shows_what_waits_and_why(bot: Bot) -> None:
    """What waits, what waits for a chat that is away, and what was given up, in plain words."""
    for chat in (ANNA, BORIS, GROUP):
        await bot.ask("/subscribe everything", chat=chat)
    bot.telegram.fail("sendMessage", unavailable(), blocked(), TOO_LONG)
    await bot.news(TALKS)
    found = _blocks(await _outbox(bot))
    (waiting,) = [row for row in found.values() if "next try" in row]
    assert waiting["waiting"] == "1 letter"
    assert waiting["last error"] == "Telegram was out of order (1 attempt)"
    assert waiting["next try"] == "8 Jan 2018, 12:01 UTC"
    (away,) = [row for row in found.values() if "retired" in row]
    assert away["last error"] == "the user blocked the bot (1 attempt)"
    (lost,) = [row for row in found.values() if "given up" in row]
    assert lost["reason"] == "the message is too long for Telegram"
    assert lost["about"] == "alpha-beta: RUMORED · in talks"
    bot.clock.advance(hours=3)
    (later,) = [row for row in _blocks(await _outbox(bot)).values() if "next try" in row]
    assert later["next try"] == "now, while the bot runs"
    assert later["oldest"].startswith("3 hours ago")


async def test_the_outbox_is_short_unless_all_is_asked_for(bot: Bot) -> None:
    """Ten of a kind and how many more; --all shows every one."""
    for chat in range(1, 13):
        await bot.ask("/subscribe everything", chat=chat)
    bot.telegram.fail("sendMessage", *[TOO_LONG] * 12)
    await bot.news(TALKS)
    assert "… and 2 more: hearsay outbox --all" in await _outbox(bot)
    everything = await _outbox(bot, None)
    assert "more: " not in everything
    assert sum(name.startswith("letter ") for name in _blocks(everything)) == 12


async def test_the_outbox_shows_no_words_of_others(bot: Bot) -> None:
    """Chats appear by number; neither names nor tokens nor what people wrote."""
    await bot.ask("/subscribe everything")
    bot.telegram.fail("sendMessage", unavailable())
    await bot.news(TALKS)
    async with bot.database.write() as session:
        letter = (await session.scalars(select(Letter))).one()
        letter.error = "cannot use https://api.telegram.example/bot7:not-so-secret/sendMessage"
    shown = await _outbox(bot)
    assert "not-so-secret" not in shown
    assert "User 1001" not in shown
    assert f"chat {ANNA}" in shown


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, "no reason was kept"),
        ("Forbidden: bot was blocked by the user", "the user blocked the bot"),
        ("Forbidden: bot was kicked from the group chat", "the bot was removed from the group"),
        ("Timed out", "Telegram did not answer in time"),
        ("httpx.ConnectError: All connection attempts failed", "Telegram could not be reached"),
        ("Flood control exceeded. Retry in 7 seconds", "Telegram asked for a pause"),
        ("Something new", "Something new"),
    ],
)
def test_errors_are_said_in_plain_words(error: str | None, words: str) -> None:
    """What Telegram says often has words of ours; what is new is shown as it came."""
    assert trace.reason(error) == words


# The command line ----------------------------------------------------------------------------------------------------


async def test_the_commands_run(bot: Bot, database: Database) -> None:
    """A group's id, which begins with a minus sign, is taken; wrong use is answered with the right one."""
    await bot.ask("/subscribe everything", chat=GROUP, user=ANNA)
    await bot.news(TALKS)
    number = bot.telegram.messages(GROUP)[-1].message_id

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-c", "from bot.cli import main; main()", *map(str, arguments)]
        return subprocess.run(  # noqa: S603 (our own program)
            program, capture_output=True, text=True, timeout=60, check=False, cwd=database.path.parent,
            env={"COLUMNS": "80", "HEARSAY_DATABASE": str(database.path)},
        )  # fmt: skip

    traced = run("trace", GROUP, number)
    assert traced.returncode == 0, traced.stderr
    assert f"  chat        {GROUP}" in traced.stdout
    assert run("trace", "--letter", 1).stdout == traced.stdout
    assert "hearsay trace CHAT MESSAGE" in run("trace", GROUP).stderr
    missing = run("trace", GROUP, 999)
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    assert run("outbox", "--all").stdout.startswith("Waiting: 0 chats")
