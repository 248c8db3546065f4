"""docs/conversations shows what people see: each file is played here and compared. ``make transcripts`` writes them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from running_bot import ANNA, BORIS, GROUP, OWNER, Bot
from sqlalchemy import delete, select
from standin.feeds import FeedServer
from transcript import Transcript

from matcher.vocabulary import Article, Trust
from models import entry, feed, imports, owner, people
from models.deal import Deal
from models.entry import Marks
from models.feed import Feed
from models.people import Role
from models.watchlist import read_watchlist

FOLDER = Path(__file__).parents[2] / "docs" / "conversations"
CHANNEL = -1002000000001
PEOPLE = {ANNA: "Anna", BORIS: "Boris", OWNER: "Olga", GROUP: "the group", CHANNEL: "the channel"}
MADE = "*Played by `tests/bot/test_transcripts.py`, so it is what the bot says today. All companies are invented.*"
WATCHLIST = """
[[deal]]
slug = "larkspur-tidewell"
title = "Larkspur phones on Tidewell"
kind = "partnership"
party = [{ name = "Larkspur" }, { name = "Tidewell" }]

[[deal]]
slug = "merrow-hollin"
title = "Merrow and Hollin"
kind = "merger"
party = [{ name = "Merrow" }, { name = "Hollin" }]

[[deal]]
slug = "northwind-southgate"
title = "Northwind buys Southgate Foods"
kind = "acquisition"
party = [{ name = "Northwind" }, { name = "Southgate Foods", aliases = ["Southgate"] }]
"""
FILE = """
[[deal]]
slug = "merrow-hollin"
title = "Merrow and Hollin"
kind = "merger"
party = [{ name = "Merrow", aliases = ["Merrow Group"] }, { name = "Hollin" }]

[[deal]]
slug = "quorum-target"
title = "Quorum buys Target"
kind = "acquisition"
party = [{ name = "Quorum" }, { name = "Target" }]
"""
TALKS, AGREED, DENIED = (
    "Northwind in talks to buy Southgate Foods, Bloomberg reports",
    "Northwind agrees to buy Southgate Foods for $2.1 billion",
    "Northwind denies talks to buy Southgate Foods",
)

Check = Callable[[str, Transcript], None]


@pytest.fixture
async def staged(bot: Bot) -> Bot:
    """The bot with a watchlist of invented companies."""
    async with bot.database.write() as session:
        await session.execute(delete(Deal))
        await imports.import_deals(session, read_watchlist(WATCHLIST), bot.clock())
    return bot


@pytest.fixture
def check(pytestconfig: pytest.Config) -> Check:
    """Compares a conversation with its file, or writes the file anew."""

    def compare(name: str, transcript: Transcript) -> None:
        file = FOLDER / name
        if pytestconfig.option.write_transcripts:
            file.write_text(str(transcript), encoding="utf-8")
        assert file.read_text(encoding="utf-8") == str(transcript), "the bot speaks otherwise now: make transcripts"

    return compare


async def test_a_subscribers_conversation(staged: Bot, check: Check) -> None:
    """First contact, a push and what can be asked of it, what was wrong, and cards to share."""
    play = Transcript(
        staged,
        PEOPLE,
        "# A subscriber",
        "Anna wants to know when something happens between companies that she watches. This is her chat with the bot, "
        "from the first word. Buttons stand in brackets under a message.",
        MADE,
    )
    play.scene("First contact")
    await play.says(ANNA, "/start")
    await play.says(ANNA, "/deals")
    await play.says(ANNA, "/subscribe northwind-southgate")

    play.scene("A deal moves", "The first message about a deal is its card: it is kept up to date.")
    await play.news(TALKS)
    await play.presses(ANNA, "Why")
    await play.later("Two days later.", days=2)
    await play.news(AGREED, "Northwind newsroom", Trust.OFFICIAL)

    play.scene("Asking", "A name is enough, in any spelling.")
    await play.says(ANNA, "southgate")
    await play.says(ANNA, "/history northwind-southgate")
    await play.says(ANNA, "/timeline northwind-southgate")
    await play.says(ANNA, '/search "agrees to buy"')
    await play.says(ANNA, "/status southgaet")

    play.scene("Something is wrong", "Two presses tell Olga, who runs this Hearsay. What she takes back is corrected.")
    await staged.own()
    await play.says(ANNA, "/subscribe merrow-hollin")
    await play.news("Merrow and Hollin in merger talks, Bloomberg reports")
    await play.later("An hour later.", hours=1)
    await play.news("Merrow ends merger talks with Hollin", "Handset Herald")
    await play.presses(ANNA, "Wrong")
    await play.presses(ANNA, "Wrong status")
    await play.presses(OWNER, "Undo")

    play.scene("Sharing a card", "In any chat, the bot's name and a few letters are enough.")
    await play.types_inline(ANNA, "south")
    check("subscriber.md", play)


async def test_a_conversation_about_how_much_is_told(staged: Bot, check: Check) -> None:
    """Quiet hours, digest, filters and mute."""
    play = Transcript(
        staged,
        PEOPLE,
        "# How much, and when",
        "Anna follows everything, but not at night, and not every word. What she sets holds for this chat.",
        MADE,
    )
    play.scene("Quiet hours")
    await play.says(ANNA, "/subscribe everything")
    await play.says(ANNA, "/settings")
    await play.presses(ANNA, "Quiet hours")
    await play.presses(ANNA, "22:00–07:00")
    await play.says(ANNA, "/settings zone Madrid")
    await play.later("Half past ten at night in Madrid.", hours=9, minutes=30)
    await play.news(TALKS)
    await play.news("Merrow and Hollin in merger talks, Bloomberg reports")
    await play.later("At seven in the morning.", hours=8, minutes=28)

    play.scene("A daily digest")
    await play.says(ANNA, "/settings quiet off")
    await play.presses(ANNA, "Digest")
    await play.presses(ANNA, "Daily")
    await play.news("Northwind ends talks to buy Southgate Foods, Bloomberg reports")
    await play.news("Merrow and Hollin agree to merge")
    await play.later("The next day.", days=1)
    await play.presses(ANNA, "No digest")

    play.scene("Only some words, and some moves", "Each subscription has settings of its own.")
    await play.says(ANNA, "/subscriptions")
    await play.presses(ANNA, "1. everything")
    await play.presses(ANNA, "Status only")
    await play.presses(ANNA, "Filter words")
    await play.replies(ANNA, "-analyst")

    play.scene("Muting a deal")
    await play.news("Larkspur in talks to sell phones through Tidewell, Bloomberg reports")
    await play.presses(ANNA, "Mute")
    await play.presses(ANNA, "1 week")
    await play.news("Larkspur and Tidewell sign a deal to sell Larkspur phones")
    await play.presses(ANNA, "Unmute")
    check("settings.md", play)


async def test_conversations_in_a_group_and_a_channel(staged: Bot, check: Check) -> None:
    """Everybody asks, admins decide; a channel is set up from the private chat."""
    staged.telegram.members[GROUP, BORIS] = "member"
    staged.telegram.usernames["dealnews"] = CHANNEL
    play = Transcript(
        staged,
        PEOPLE,
        "# Groups and channels",
        "Anna is an admin of a group, and Boris is a member. Anna has a channel, too. The bot was added to both.",
        MADE,
    )
    play.scene("A group", "Everybody may ask. Only admins change what the group is told.")
    await play.says(BORIS, "/status northwind-southgate", GROUP)
    await play.says(BORIS, "/subscribe everything", GROUP)
    await play.presses(BORIS, "Subscribe", GROUP)
    await play.presses(ANNA, "Subscribe", GROUP)
    await play.news(TALKS)
    await play.presses(BORIS, "Mute", GROUP)

    play.scene("A channel", "It is set up from Anna's private chat. In the channel itself the bot only posts.")
    await play.says(ANNA, "/channel")
    await play.says(ANNA, "/channel @dealnews")
    await play.presses(ANNA, "Follow everything")
    await play.says(ANNA, "/channel done")
    await play.news(AGREED)
    check("groups.md", play)


async def test_an_owners_conversation(staged: Bot, check: Check) -> None:
    """From the code to the owner's daily decisions."""
    play = Transcript(
        staged,
        PEOPLE,
        "# The owner",
        "Olga runs this Hearsay. At the first start it printed a code; whoever sends it first owns the bot. "
        "Anna follows everything and sees what Olga decides.",
        MADE,
    )
    async with staged.database.write() as session:
        code = await owner.offer_code(session)
    assert code is not None
    play.shown_as[code] = "4f1c0a9be37d5568"
    play.scene("Becoming the owner")
    await play.says(OWNER, f"/claim {code}")
    await play.says(ANNA, "/subscribe everything")

    play.scene("A held claim", "A feed that nobody has vetted cannot deny or finalize a deal alone.")
    await play.news(DENIED, "Rumour Mill", Trust.UNVETTED)
    await play.presses(OWNER, "Let it through")

    play.scene("Deciding by hand, and taking it back")
    await play.later("The next day.", days=1)
    await play.says(OWNER, "/set northwind-southgate talks they met again, both say so at a fair")
    await play.presses(OWNER, "Yes, tell 1 chat")
    await play.later("An hour later.", hours=1)
    await play.says(OWNER, "/undo northwind-southgate")
    await play.presses(OWNER, "DENIED → RUMORED · in talks (9 Jan 2018, 12:01 UTC)")
    await play.presses(OWNER, "Yes, tell 1 chat")

    play.shown_as[r"free on the disk: [\d,]+ MB"] = "free on the disk: 20,480 MB"
    play.scene("How is it?")
    await play.says(OWNER, "/health")
    check("owner.md", play)


async def test_conversations_about_feeds_and_files(staged: Bot, check: Check) -> None:
    """Adding and removing a feed; export and import."""
    play = Transcript(
        staged,
        PEOPLE,
        "# Feeds and files",
        "Olga owns this Hearsay. Addresses of feeds may hold passwords, so all of this happens in her private chat.",
        MADE,
    )
    await staged.own()
    async with FeedServer() as server:
        server.publish("deals", Article("1", "Merrow opens a museum", staged.clock(), published=staged.clock()))
        play.shown_as[re.escape(server.url("deals"))] = "https://carrier-wire.example/deals"
        play.shown_as[r"in \d+ minutes \(8 Jan 2018, 13:\d\d"] = "in 63 minutes (8 Jan 2018, 13:03"  # by chance
        play.scene("A feed")
        await play.says(OWNER, f"/addfeed {server.url('deals')}")
        await play.presses(OWNER, "Trusted")
        await play.says(OWNER, "/feeds")
    play.scene("Removing it", "What is removed is sent as a file first.")
    await play.presses(OWNER, "Remove")
    await play.presses(OWNER, "Yes, remove it")

    play.scene("A watchlist as a file", "Nothing is imported before Olga has seen what would change.")
    await play.says(OWNER, "/export")
    await play.presses(OWNER, "Deals as a watchlist")
    await play.says(OWNER, "/import")
    await play.sends(OWNER, "mine.toml", FILE.replace('"merger"', '"marriage"'))
    await play.sends(OWNER, "mine.toml", FILE)
    await play.presses(OWNER, "Import 2 deals")
    check("files.md", play)


async def test_conversations_about_the_watchlist(staged: Bot, check: Check) -> None:
    """Spotting, tracking, proposing, editing, merging, archiving."""
    play = Transcript(
        staged,
        PEOPLE,
        "# The watchlist",
        "Olga owns this Hearsay and made Boris an admin. Anna is a user. This is how deals come, change and go.",
        MADE,
    )
    await staged.own()
    async with staged.database.write() as session:
        await people.give(session, BORIS, Role.ADMIN, staged.clock())
    play.shown_as["User 1001"] = "Anna"
    await _remember(staged, "Telvara in talks to merge with Quorum, sources say", "Telvara and Quorum agree to merge")

    play.scene("Deals that nobody tracks yet")
    await play.says(OWNER, "/spotted")
    await play.presses(OWNER, "Track: Telvara + Quorum")
    await play.presses(OWNER, "Track it")

    play.scene("A user proposes a deal")
    await play.says(ANNA, "/track Tidewell + Merrow stake")
    await play.presses(ANNA, "Propose it")
    await play.presses(BORIS, "Approve")

    play.scene("Editing a deal")
    await play.says(BORIS, "/edit tidewell-merrow")
    await play.says(BORIS, "/edit tidewell-merrow alias Tidewell: Tidewell Mobile")

    play.scene("Two deals that are one")
    await play.says(BORIS, "/merge tidewell-merrow into larkspur-tidewell")
    await play.presses(BORIS, "No")

    play.scene("A deal that is over")
    await play.says(OWNER, "/archive merrow-hollin")
    await play.presses(OWNER, "Archive it")
    check("watchlist.md", play)


async def test_conversations_about_who_may_use_it(staged: Bot, check: Check) -> None:
    """Open or by invitation; an admin is invited."""
    play = Transcript(
        staged,
        PEOPLE,
        "# Who may use it",
        "A new Hearsay is open to all. Olga, its owner, closes it, and invites Boris as an admin.",
        MADE,
    )
    await staged.own()
    play.shown_as["User 1002"] = "Boris"
    play.scene("Closing the door")
    await play.says(OWNER, "/people")
    await play.presses(OWNER, "Invited only")
    await play.says(ANNA, "/start")

    play.scene("Inviting an admin")
    await play.presses(OWNER, "Invite an admin")
    code = staged.telegram.messages(OWNER)[-1].text.partition("?start=")[2].split()[0]
    play.shown_as[code] = "join-2b7e"
    await play.says(BORIS, f"/start {code}")
    await play.says(OWNER, "/people")
    check("people.md", play)


def test_the_list_of_conversations_is_whole() -> None:
    """README.md links every conversation, and nothing else lies beside them."""
    listed = re.findall(r"\]\((\w+\.md)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert sorted([*listed, "README.md"]) == sorted(file.name for file in FOLDER.iterdir())


async def _remember(bot: Bot, *titles: str) -> None:
    """Headlines of the feeds that are about no deal yet."""
    async with bot.database.write() as session:
        await feed.add(session, "https://carrier-wire.example/deals", "Carrier Wire", Trust.TRUSTED)
        row = (await session.scalars(select(Feed))).one()
        marks = [(title, Marks(n, n, n, n, bot.clock())) for n, title in enumerate(titles)]
        await entry.remember(session, row.id, marks, bot.clock())
