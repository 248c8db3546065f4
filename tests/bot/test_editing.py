"""/edit, through real updates against the stand-in Telegram."""

import pytest
from running_bot import ANNA, GROUP, OWNER, Bot
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from standin.chats import BotMessage
from test_subscriptions import says

from matcher.vocabulary import Deal as DealValue
from matcher.vocabulary import Kind, Party
from models import imports
from models.deal import Deal
from models.watchlist import WatchlistDeal, read_watchlist

HUAWEI, ATT = Party("Huawei"), Party("AT&T", ("AT and T",))


@pytest.fixture
async def owned(bot: Bot) -> Bot:
    """The owner's bot."""
    await bot.own()
    return bot


async def value(bot: Bot, slug: str = "huawei-att") -> DealValue:
    async with bot.database.read() as session:
        query = select(Deal).where(Deal.slug == slug).options(selectinload(Deal.parties))
        return (await session.scalars(query)).one().value


async def opened(bot: Bot, *labels: str) -> BotMessage:
    """The page of a deal, after these buttons."""
    page = await bot.ask("/edit huawei-att", chat=OWNER)
    for label in labels:
        page = await bot.press(page, label)
    return page


def data(message: BotMessage, label: str) -> str:
    return next(button.callback_data or "" for button in message.buttons if button.text == label)


async def test_a_deal_is_shown_with_its_parts(owned: Bot) -> None:
    """One message says what it is and has a button for each part; a party's page shows what is known of it."""
    page = await opened(owned)
    assert page.text.splitlines() == [
        "Huawei phones on AT&T (huawei-att)", "Kind: partnership", "Keywords: none", "Parties:",
        "1. Huawei", "2. AT&T · also “AT and T”",
    ]  # fmt: skip
    labels = [button.text for button in page.buttons]
    assert labels == ["Title", "Kind", "Keywords", "Huawei", "AT&T", "Add a party", "Status"]
    assert (await owned.press(page, "AT&T")).text.splitlines()[:2] == [
        "AT&T in Huawei phones on AT&T", "Other names: “AT and T”",
    ]  # fmt: skip


async def test_a_text_is_the_reply_to_a_question(owned: Bot) -> None:
    """The question's last line is the command that the reply completes, so the bot keeps nothing; twice is once."""
    for labels, typed in (
        (("Title",), "Mate 10  on AT&T"),
        (("Keywords",), "carrier, phone deal"),
        (("Add a party",), "Verizon"),
        (("AT&T", "Other names"), "ATT, AT&T, Inc, AT&T"),
        (("AT&T", "Ticker"), "T"),
        (("AT&T", "Only beside"), "carrier, mobile"),
        (("AT&T", "Never in"), "AT&T Park"),
        (("Verizon", "Ticker"), "VZ"),
        (("Verizon", "Ticker"), "-"),
    ):
        question = await opened(owned, *labels)
        for _ in range(2):
            await says(owned, OWNER, typed, reply_to_message=question.as_json(), **{"from": _user(OWNER)})
    question = await opened(owned, "Huawei", "Name")
    await says(owned, OWNER, "Huawei Group", reply_to_message=question.as_json(), **{"from": _user(OWNER)})
    att = Party("AT&T", ("ATT", "AT&T, Inc"), "T", None, ("carrier", "mobile"), ("AT&T Park",))
    parties = (Party("Huawei Group", ("Huawei",)), att, Party("Verizon"))
    changed = DealValue("huawei-att", "Mate 10 on AT&T", Kind.PARTNERSHIP, parties, ("carrier", "phone deal"))
    assert await value(owned) == changed


def _user(number: int) -> dict[str, object]:
    return {"id": number, "is_bot": False, "first_name": "A"}


async def test_news_is_read_with_the_new_names(owned: Bot) -> None:
    """A running matcher hears of a change, and so does /status."""
    await owned.news("Gammacorp in talks to buy Beta, Bloomberg reports")
    assert (await owned.deal("alpha-beta")).stage is None
    answer = await owned.ask("/edit alpha-beta alias Alpha: Gammacorp, Gamma Corp", chat=OWNER)
    assert "Other names: “Gammacorp”, “Gamma Corp”" in answer.text
    await owned.news("Gammacorp in talks to buy Beta, Bloomberg reports")
    assert (await owned.deal("alpha-beta")).stage == "talks"
    assert "RUMORED" in (await owned.ask("/status gammacorp beta")).text


async def test_what_is_wrong_or_missing_is_said(owned: Bot) -> None:
    """A watchlist's own sentences say what cannot be; a question asks for what is missing."""
    before = await value(owned)
    for typed, said in (
        ("/edit", "For example: /edit huawei-att or /edit huawei-att alias"),
        ("/edit nobody", "No deal fits"),
        ("/edit huawei-att title", "What is the new title of Huawei phones on AT&T?"),
        ("/edit huawei-att title -", "Nothing was changed. The title: it is missing; add it."),
        ("/edit huawei-att kind swap", "Kinds of deals are: acquisition, merger"),
        ("/edit huawei-att alias ATT", "By which other names does the press call AT&T?"),
        ("/edit huawei-att alias Nokia: Nok", "Name the party, then a colon."),
        ("/edit huawei-att ticker AT&T: $T", "is not a ticker; write the bare symbol"),
        ("/edit huawei-att party X", "fewer than two letters"),
    ):
        assert said in (await owned.ask(typed, chat=OWNER)).text
    assert await value(owned) == before


async def test_a_legal_form_is_no_name_of_its_own(owned: Bot) -> None:
    """Its comma does not end a name, alone it is refused, and no other company's form stands for the party."""
    answer = await owned.ask("/edit alpha-beta alias Alpha: Alpha Holdings, Inc., Alfa, Ltd., Co", chat=OWNER)
    assert "Other names: “Alpha Holdings, Inc.”, “Alfa, Ltd., Co”\n" in answer.text
    for typed in ("alias Alpha: Inc.", "alias Beta: Bee; N.V.", "name Alpha: GmbH", "party Inc."):
        assert "is a legal form" in (await owned.ask(f"/edit alpha-beta {typed}", chat=OWNER)).text
    await owned.news("Gamma Inc. agrees to buy Beta")
    assert (await owned.deal("alpha-beta")).stage is None


async def test_a_renamed_party_is_known_by_its_former_name(owned: Bot) -> None:
    """The answer says so; who follows the party still hears of it, by the new name and by the old one."""
    await owned.ask("/subscribe Alpha")
    answer = await owned.ask("/edit alpha-beta name Alpha: Alphabet Holdings", chat=OWNER)
    assert "“Alpha” stays among the other names" in answer.text
    assert (await value(owned, "alpha-beta")).parties[0] == Party("Alphabet Holdings", ("Alpha",))
    await owned.news("Alphabet Holdings in talks to buy Beta, Bloomberg reports")
    assert owned.telegram.messages(ANNA)[-1].text.startswith("RUMORED")
    await owned.news("Alpha agrees to buy Beta")
    assert owned.telegram.messages(ANNA)[-1].text.startswith("RUMORED → FINALIZED")


async def test_a_wrong_text_is_asked_for_again(owned: Bot) -> None:
    """The refusal can be replied to as the question could."""
    for typed, right, known in (
        ("ticker AT&T: $T", "T", "Ticker: T"),
        ("kind swap", "merger", "Kind: merger"),
        ("alias Nokia: Nok", "AT&T: American Telephone", "Other names: “American Telephone”"),
        ("name Huawei: AT & T", "Honor", "Honor in Huawei phones on AT&T"),
    ):
        refused = await owned.ask(f"/edit huawei-att {typed}", chat=OWNER)
        answer = await says(owned, OWNER, right, reply_to_message=refused.as_json(), **{"from": _user(OWNER)})
        assert known in answer.text


async def test_a_name_may_have_a_colon(owned: Bot) -> None:
    """The longest name before a colon is the party's."""
    await owned.ask("/edit huawei-att party Re:Store", chat=OWNER)
    await owned.ask("/edit huawei-att alias restore: Re, Store: Berlin", chat=OWNER)
    await owned.ask("/edit huawei-att ticker RE:STORE: RST", chat=OWNER)
    assert (await value(owned)).parties[2] == Party("Re:Store", ("Re", "Store: Berlin"), "RST")


async def test_a_deal_of_very_many_parties_is_shown(owned: Bot) -> None:
    """As many have a button as fit under a message; how to type the others is said."""
    many = tuple(Party(f"P{number:03}") for number in range(120))
    async with owned.database.write() as session:
        await imports.import_deals(session, [WatchlistDeal(DealValue("many", "M", Kind.STAKE, many))], owned.clock())
    page = await owned.ask("/edit many", chat=OWNER)
    assert len(page.buttons) == 100
    assert "for example /edit many alias P119: …" in page.text


async def test_what_may_go_wrong_is_said(owned: Bot) -> None:
    """A name that is a common word is warned of, and taken."""
    assert "“target” is also a common word" in (await owned.ask("/edit huawei-att party Target", chat=OWNER)).text
    assert (await value(owned)).parties[2].name == "Target"


async def test_the_kind_is_chosen(owned: Bot) -> None:
    """A button for each kind, the present one marked; it may be typed, too."""
    kinds = await opened(owned, "Kind")
    assert "✓ partnership" in [button.text for button in kinds.buttons]
    assert "Kind: joint venture" in (await owned.press(kinds, "joint venture")).text
    assert (await value(owned)).kind is Kind.JOINT_VENTURE
    assert "Kind: merger" in (await owned.ask("/edit huawei-att kind merger", chat=OWNER)).text


async def test_a_party_is_removed_after_a_question_and_an_export(owned: Bot) -> None:
    """The deal as it was is sent first; the last party cannot go; a button of before the change does nothing."""
    asked = await opened(owned, "AT&T", "Remove")
    assert "AT&T · also “AT and T”" in asked.text
    again = data(asked, "Remove")
    page = await owned.press(asked, "Remove")
    assert (await value(owned)).parties == (HUAWEI,)
    (sent,) = [m.document for m in owned.telegram.messages(OWNER) if m.document]
    assert [party.name for party in read_watchlist(sent.content.decode())[0].deal.parties] == ["Huawei", "AT&T"]
    assert await owned.forge(page, again, OWNER) == "The deal was changed meanwhile. Ask again with /edit."
    last = await opened(owned, "Huawei")
    assert "there is none; add at least one" in (await owned.press(last, "Remove")).text
    assert (await value(owned)).parties == (HUAWEI,)


async def test_a_stranger_edits_nothing(owned: Bot) -> None:
    """Neither by a command, nor by a reply in a group, nor by a button."""
    before, only = await value(owned), "Only the owner and admins of this Hearsay may do that."
    page = await opened(owned, "AT&T")
    revision = (await owned.deal("huawei-att")).revision
    question = await owned.ask("/edit huawei-att title", chat=GROUP, user=OWNER)
    answer = await says(owned, GROUP, "Mine", reply_to_message=question.as_json(), **{"from": _user(ANNA)})
    assert answer.text == only
    assert (await owned.ask("/edit huawei-att kind merger")).text == only
    number = (await owned.deal("huawei-att")).id
    place = f"{number}:{revision}:1"
    for pressed in (f"edit:{number}", f"edit:{number}:title", f"edit-kind:{number}:merger", f"edit-party:{place}",
                    f"edit-party:{place}:name", f"edit-remove:{place}", f"edit-drop:{place}"):  # fmt: skip
        assert await owned.forge(page, pressed, ANNA) == only
    assert await value(owned) == before
