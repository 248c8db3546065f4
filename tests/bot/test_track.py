"""How a deal is taken up: a question, a preview to which names are added, one press."""

import pytest
from running_bot import ANNA, GROUP, OWNER, Bot
from sqlalchemy import select
from standin.chats import BotMessage, chat_json, user_json
from standin.markup import read_html

from bot.language import languages, speaking
from bot.messages import tracking as messages
from matcher import vocabulary
from matcher.vocabulary import Kind, Party, Reading, Standing, Trust
from models import entry, feed
from models.ambiguity import CommonWord, SharedName
from models.article import Article
from models.change import Change
from models.deal import Deal, all_deals
from models.entry import Marks
from models.feed import Feed
from models.preview import Finding, Preview, Stored
from models.shorthand import LONGEST, MOST_PARTIES

COMMAND = "/track Northwind + Southgate Foods merger"
SLUG = "northwind-southgatefoods"


@pytest.fixture
async def owned(bot: Bot) -> Bot:
    """The owner's bot, which remembers some headlines."""
    await bot.own()
    async with bot.database.write() as session:
        await feed.add(session, "https://news.example/feed", "News", Trust.TRUSTED)
        row = (await session.scalars(select(Feed))).one()
        for number, title in enumerate(
            (
                "Northwind in talks to merge with Southgate Foods, sources say",
                "Weather turns mild",
                "Northwind and Southgate Foods agree to merge",
                "NorthWind and Southgate Foods at the food fair",
            )
        ):
            bot.clock.advance(hours=1)
            await entry.remember(session, row.id, [(title, Marks(number, number, number, number, None))], bot.clock())
    return bot


async def replies(bot: Bot, question: BotMessage, text: str, user: int = OWNER) -> BotMessage:
    """Reply to a question of the bot, and wait for the answer."""
    chat = question.chat_id
    before = len(bot.telegram.messages(chat))
    about = {"message_id": 9_000 + before, "date": 0, "chat": chat_json(chat), "from": user_json(user)}
    await bot.telegram.update("message", about | {"text": text, "reply_to_message": question.as_json()})
    return (await bot.telegram.sent(chat, before + 1))[-1]


def labels(message: BotMessage) -> list[str]:
    return [button.text for button in message.buttons]


async def _slugs(bot: Bot) -> list[str]:
    async with bot.database.read() as session:
        return list(await session.scalars(select(Deal.slug).order_by(Deal.slug)))


# One press -----------------------------------------------------------------------------------------------------------


async def test_a_deal_is_tracked_after_a_look(owned: Bot) -> None:
    """The owner sees what it would be and what the stored headlines say of it; a press takes it up, with a card."""
    before = await _slugs(owned)
    shown = await owned.ask(COMMAND, chat=OWNER)
    assert shown.text.startswith(f"{COMMAND}\nKind: merger. Short name: {SLUG}\n• Northwind; in headlines NorthWind\n")
    assert "3 stored headlines name them together:" in shown.text
    assert "Northwind and Southgate Foods agree to merge (8 Jan 2018): agreed" in shown.text
    assert "a mention only" in shown.text
    assert "By them it would be: FINALIZED · agreed" in shown.text
    assert await _slugs(owned) == before
    done = await owned.press(shown, "Track it", user=OWNER)
    assert done.text.startswith(f"Tracked: {SLUG}. From now on its news is read.\n3 stored headlines count already")
    assert (await owned.deal(SLUG)).kind is Kind.MERGER
    await owned.press(done, "Subscribe", user=OWNER)
    await owned.news("Northwind ends talks to merge with Southgate Foods")
    assert owned.telegram.messages(OWNER)[-1].text.startswith("FINALIZED → DENIED")


async def test_the_stored_headlines_act_quietly(owned: Bot) -> None:
    """They give the deal its status and its history, with each headline as evidence; nobody is told of old news."""
    await owned.ask("/subscribe everything")
    told = len(owned.telegram.messages(ANNA))
    await owned.press(await owned.ask(COMMAND, chat=OWNER), "Track it", user=OWNER)
    await owned.program.courier.deliver()
    assert len(owned.telegram.messages(ANNA)) == told
    assert (await owned.deal(SLUG)).stage == "agreed"
    assert "Northwind in talks to merge with Southgate Foods" in (await owned.ask(f"/why {SLUG}")).text
    async with owned.database.read() as session:
        assert [change.quiet for change in await session.scalars(select(Change))] == [True, True]


async def test_an_article_about_another_deal_counts_in_full(owned: Bot) -> None:
    """What is kept in full is read in full, and stays one article: its own headline is not counted again."""
    title = "Alpha in talks to buy Beta and Gamma, Bloomberg reports"
    await owned.news(title)
    async with owned.database.write() as session:
        (feed_id,) = await session.scalars(select(Feed.id))
        article = (await session.scalars(select(Article))).one()
        (article.entry_id,) = await entry.remember(session, feed_id, [(title, Marks(9, 9, 9, 9, None))], owned.clock())
    shown = await owned.ask("/track Alpha + Gamma", chat=OWNER)
    assert "1 stored headline names them together:" in shown.text
    await owned.press(shown, "Track it", user=OWNER)
    async with owned.database.read() as session:
        (article,) = await session.scalars(select(Article))
    assert article.url
    assert (await owned.deal("alpha-gamma")).stage == "talks"


async def test_a_press_comes_twice(owned: Bot) -> None:
    """The second press finds the deal there, describes nothing anew and hears nothing twice."""
    shown = await owned.ask(COMMAND, chat=OWNER)
    await owned.press(shown, "Track it", user=OWNER)
    async with owned.database.write() as session:
        (await session.scalars(select(Deal).where(Deal.slug == SLUG))).one().title = "Ours"
    assert await owned.forge(shown, "track", OWNER) == "It is tracked already."
    assert (await owned.deal(SLUG)).title == "Ours"
    async with owned.database.read() as session:
        assert len((await session.scalars(select(Change))).all()) == 2


# Step by step --------------------------------------------------------------------------------------------------------


async def test_track_alone_asks_for_the_parties(owned: Bot) -> None:
    """The reply to the question is the deal; nothing else remembers what was asked."""
    question = await owned.ask("/track", chat=OWNER)
    assert question.text.splitlines()[-1] == "/track"
    shown = await replies(owned, question, COMMAND.removeprefix("/track "))
    assert shown.text.startswith(COMMAND)
    assert "Say" not in (await replies(owned, shown, "huawei-att")).text  # no name for the preview
    shown = await replies(owned, shown, "Northwind: North")
    assert shown.text.startswith("/track Northwind = North + Southgate Foods merger\n")


async def test_a_wrong_answer_is_asked_for_again(owned: Bot) -> None:
    """The refusal can be replied to as the question could, until it is a deal."""
    asked = await owned.ask("/track", chat=OWNER)
    for typed in ("Northwind", "Northwind + NORTHWIND", "Northwind + Inc."):
        asked = await replies(owned, asked, typed)
        assert asked.text.splitlines()[-1] == "/track"
    asked = await owned.press(await replies(owned, asked, "Northwind + Re:Store"), "Add a name", user=OWNER)
    for typed in ("North", "Westport: West", "Re: Store", "Re:Store: Re + Store", "Re:Store: ?", "Re:Store: Northwind"):
        asked = await replies(owned, asked, typed)
        assert asked.text.splitlines()[-1] == "/track Northwind + Re:Store acquisition"
    shown = await replies(owned, asked, "Re:Store: Restore Group")
    assert shown.text.startswith("/track Northwind + Re:Store = Restore Group acquisition\n")


async def test_names_and_kind_are_added_to_the_preview(owned: Bot) -> None:
    """A name by reply, the kind by its button: the message is all that the next press needs."""
    shown = await owned.ask("/track Northwind + Southgate Foods", chat=OWNER)
    assert "✓ acquisition" in labels(shown)
    question = await owned.press(shown, "Add a name", user=OWNER)
    assert question.text.splitlines()[-1] == "/track Northwind + Southgate Foods acquisition"
    wrong = await replies(owned, question, "Westport: West")
    assert wrong.text.startswith("Say first whose name it is")
    shown = await replies(owned, question, "southgate foods: Southgate = $SGF = beside food = not Southgate Park")
    assert "• Southgate Foods; also Southgate, $SGF; only beside food; but not Southgate Park" in shown.text
    shown = await owned.press(shown, "joint venture", user=OWNER)
    assert "✓ joint venture" in labels(shown)
    question = await owned.press(shown, "Add a name", user=OWNER)
    assert await owned.press(question, "← Back", user=OWNER) == shown
    await owned.press(shown, "Track it", user=OWNER)
    async with owned.database.read() as session:
        (deal,) = [row.value for row in await all_deals(session) if row.slug == SLUG]
    assert deal.kind is Kind.JOINT_VENTURE
    assert deal.parties[1] == Party(
        "Southgate Foods", ("Southgate",), "SGF", requires=("food",), excludes=("Southgate Park",)
    )


async def test_what_other_deals_know_of_a_party_is_taken_over(owned: Bot) -> None:
    """Other names, the ticker and conditions of the same company; what the matcher finds anyway is not repeated."""
    await _track(owned, "/track Northwind = North Wind Traders = $NWT = not Northwind Hill + Westport")
    shown = await owned.ask("/track Northwind Inc + AT&T stake", chat=OWNER)
    line = "/track Northwind Inc = North Wind Traders = $NWT = not Northwind Hill + AT&T stake"
    assert shown.text.splitlines()[0] == line


async def _track(bot: Bot, command: str) -> None:
    await bot.press(await bot.ask(command, chat=OWNER), "Track it", user=OWNER)


async def test_no_party_takes_over_the_name_of_another(owned: Bot) -> None:
    """Neither what names both elsewhere nor a name that both have elsewhere."""
    await _track(owned, "/track Northwind = Southgate Foods = $NWT + Westport")
    assert (await owned.ask(COMMAND, chat=OWNER)).text.startswith(f"{COMMAND}\n")
    await _track(owned, "/track Eastbridge = Bridge + Alpha")
    await _track(owned, "/track Eastgate = Bridge + Beta")
    shown = await owned.ask("/track Eastbridge + Eastgate", chat=OWNER)
    assert shown.text.startswith("/track Eastbridge = Bridge + Eastgate acquisition\n")


async def test_another_kind_is_another_deal(owned: Bot) -> None:
    """Between the same parties, with its kind in its short name; the same kind is tracked already."""
    for _ in range(2):
        shown = await owned.ask("/track Huawei + AT&T acquisition", chat=OWNER)
        if "Track it" in labels(shown):
            assert "Short name: huawei-att-acquisition" in shown.text
            await owned.press(shown, "Track it", user=OWNER)
    assert "huawei-att-acquisition is tracked already" in shown.text
    assert (await owned.deal("huawei-att-acquisition")).kind is Kind.ACQUISITION
    assert (await owned.deal("huawei-att")).kind is Kind.PARTNERSHIP


TYPED = (
    ("/track Huawei", "or /track Huawei + AT&T = ATT Mobility partnership"),
    ("/track Huawei + ", "For example"),
    ("/track + + +", "For example"),
    ("/track merger", "For example"),
    ("/track Alpha + Beta", "alpha-beta is tracked already: /status alpha-beta"),
    ("/track Verizon + Huawei Technologies Co = Huawei partnership", "huawei-verizon is tracked already"),
    ("/track AT&T + Huawei joint venture", "Short name: att-huawei"),
    ("/track A&B + <b>x</b> merger", "Short name: ab-bxb"),
    ("/track Canal+ + Ørsted stake", "Short name: canal-orsted"),
    ("/track 华为 + AT&T", "“华为” has no Latin letter; add such a name behind it: 华为 = …"),
    ("/track 华为 = Huawei Technologies + Beta", "Short name: huaweitechnologies-beta"),
    (f"/track {'x' * LONGEST} + y", "Not tracked. This is too long"),
    (f"/track {' + '.join(f'Party {n}' for n in range(9))}", f"name at most {MOST_PARTIES}"),
    (f"/track {'Long Name Of A Company ' * 4}+ Beta", "Short name: longnameofacompanylongn-beta"),
)


async def test_whatever_is_typed_gets_an_answer_that_helps(owned: Bot) -> None:
    """What is no deal, or is one already, is explained; what can be one is shown."""
    for typed, said in TYPED:
        assert said in (await owned.ask(typed, chat=OWNER)).text


async def test_ambiguous_names_are_warned_of(owned: Bot) -> None:
    """A common word and a name of two companies are named with what to answer; the example is of that party."""
    await _track(owned, "/track Delta Air Lines = Delta + Westport")
    shown = await owned.ask("/track Target + Delta Faucet = Delta", chat=OWNER)
    assert "“target” is also a common word" in shown.text
    assert "answer Target: beside …" in shown.text
    assert "“delta” is a name of Delta Faucet, and of Delta Air Lines." in shown.text
    assert "answer Delta Faucet: not …" in shown.text


# Who may -------------------------------------------------------------------------------------------------------------


async def test_a_stranger_tracks_nothing(owned: Bot) -> None:
    """The buttons under the owner's preview do nothing for others, and in a group only those may ask who may track."""
    before = await _slugs(owned)
    shown = await owned.ask(COMMAND, chat=OWNER)
    for data in ("track", "track:stake", "track:name", "propose"):
        assert await owned.forge(shown, data, ANNA) == "Only the owner and admins of this Hearsay may do that."
    assert owned.telegram.messages(OWNER)[-1] == shown
    assert "You can propose one" in (await owned.ask(COMMAND, chat=GROUP, user=ANNA)).text
    assert "Track it" in labels(await owned.ask(COMMAND, chat=GROUP, user=OWNER))
    assert await _slugs(owned) == before


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("text", ["x" * 5000, "🧨" * 3000, "<b>&amp;</a>", ""])
def test_no_text_breaks_a_preview(language: str, text: str) -> None:
    """Every message stays within Telegram's limits and keeps its markup whole."""
    parties = tuple(Party(f"{text}{n}", aliases=(text,), requires=(text,)) for n in range(MOST_PARTIES))
    deal = vocabulary.Deal("x" * 48, text, Kind.STAKE, parties)
    line = ("&" * LONGEST) if text else ""
    article = vocabulary.Article("1", text, vocabulary.NEVER.replace(year=2018))
    findings = [Finding(Stored(article, None, None), Reading(mentions=(deal.slug,)))] * 9
    found = Preview(findings, Standing(), [[text] * 9] * MOST_PARTIES)
    doubts = [CommonWord(text, text, [deal.slug]), *[SharedName(text, {f"{text}1": "a", f"{text}2": "b"})] * 3]
    with speaking(language):
        for message in (
            messages.preview(line, deal, found, doubts, editor=False),
            messages.ask_name(line, deal),
            messages.whose_name(deal),
        ):
            assert 0 < len(read_html(message.text)[0].encode("utf-16-le")) // 2 <= 4096
