"""/set, /undo and the button Wrong: what persons decide, through real updates against the stand-in Telegram."""

import pytest
from builders import NOON, a_report, write_claim
from running_bot import ANNA, BORIS, GROUP, OWNER, Bot
from standin.chats import BotMessage
from standin.markup import read_html

from bot.language import languages, speaking
from bot.messages import deals, push
from bot.messages import feedback as feedbacks
from bot.messages import owner as owners
from bot.messages.frame import Message
from matcher.decide import Outcome
from matcher.vocabulary import ChangeKind, Kind, Stage, Trust
from models import ledger, owner
from models.change import Change
from models.deal import Deal
from models.feedback import MOST_A_DAY, Complaint, Fault, Feedback, Verdict

TALKS, AGREED = "Alpha in talks to buy Beta, Bloomberg reports", "Alpha agrees to buy Beta"
DENIAL = "Alpha ends talks to buy Beta, Bloomberg reports"
SET = "/set alpha-beta rejected Beta's board <told> me so"


async def _ready(bot: Bot, *followers: int) -> None:
    """An owner, followers, and a deal in talks."""
    await bot.own()
    for chat in followers:
        await bot.ask("/subscribe alpha-beta", chat=chat)
    await bot.news(TALKS)


async def _last(bot: Bot, chat: int) -> BotMessage:
    await bot.program.courier.deliver()
    return bot.telegram.messages(chat)[-1]


async def _press_again(bot: Bot, message: BotMessage, data: str | None, user: int) -> str:
    """Press a button that a message had before it was edited."""
    assert data
    await bot.forge(message, data, user)
    return bot.telegram.messages(message.chat_id)[-1].text


def _data(message: BotMessage, label: str) -> str:
    return next(b.callback_data or "" for b in message.buttons if b.text == label)


# /set ----------------------------------------------------------------------------------------------------------------


async def test_set_shows_what_it_would_do_and_does_it_when_pressed(bot: Bot) -> None:
    """The preview says from where to where, why, and how many hear of it; until the press nothing happens."""
    await _ready(bot, ANNA, BORIS)
    asked = await bot.ask(SET, chat=OWNER)
    assert asked.text.splitlines()[:3] == [
        "Alpha <Holdings> & Beta",
        "Now: RUMORED · in talks (reported · 1 source)",
        "Then: DENIED · offer turned down",
    ]
    assert asked.text.endswith("Beta's board <told> me so")
    assert (await bot.deal("alpha-beta")).status == "rumored"
    done = await bot.press(asked, "Yes, tell 2 chats")
    assert done.text.startswith("Done: Alpha <Holdings> & Beta is RUMORED → DENIED · offer turned down.")
    assert "2 chats are told." in done.text
    for chat in (ANNA, BORIS):
        push = await _last(bot, chat)
        assert push.text.startswith("RUMORED → DENIED · offer turned down\n")
        assert "decided by hand: Beta's board <told> me so" in push.text


@pytest.mark.parametrize(
    ("words", "stage"),
    [
        ("denied", "denied"),
        ("finalized", "agreed"),
        ("Rumored", "talks"),
        ("called_off", "called_off"),
        ("called off", "called_off"),
        ("CALLED-OFF", "called_off"),
    ],
)
async def test_set_takes_the_words_for_stages_and_statuses(bot: Bot, words: str, stage: str) -> None:
    """A status stands for its plainest stage; case, hyphens and spaces do not matter."""
    await bot.own()
    await bot.press(await bot.ask(f"/set alpha & beta {words} Just so", chat=OWNER), "Yes, tell nobody")
    assert (await bot.deal("alpha-beta")).stage == stage


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/set alpha-beta denyed because", "Did you mean denied?"),
        ("/set alpha-beta xyzzy because", "Words for where it stands: speculation, talks"),
        ("/set alpha-beta denied", "Say why, too"),
        ("/set alpha-beta", "For example"),
        ("/set", "For example"),
        ("/set nothing-such denied because", "No deal fits"),
        ("/set alpha-beta talks because", "stands so already: RUMORED · in talks"),
    ],
)
async def test_set_says_what_is_missing(bot: Bot, text: str, answer: str) -> None:
    """A misspelled word is answered with the nearest one, a missing reason with an example; nothing happens."""
    await _ready(bot)
    assert answer in (await bot.ask(text, chat=OWNER)).text
    assert (await bot.deal("alpha-beta")).stage == "talks"


async def test_a_preview_that_is_out_of_date_does_nothing(bot: Bot) -> None:
    """What the owner saw is not what stands any more, so the owner is asked to look again."""
    await _ready(bot, ANNA)
    asked = await bot.ask(SET, chat=OWNER)
    await bot.news(AGREED)
    told = len(bot.telegram.messages(ANNA))
    assert "has moved meanwhile: FINALIZED" in (await bot.press(asked, "Yes, tell 1 chat")).text
    await _last(bot, ANNA)
    assert len(bot.telegram.messages(ANNA)) == told
    assert (await bot.deal("alpha-beta")).status == "finalized"


async def test_a_second_press_decides_nothing_more(bot: Bot) -> None:
    """Pressed twice, or handled twice after a crash, there is one change and one message to each follower."""
    await _ready(bot, ANNA)
    asked = await bot.ask(SET, chat=OWNER)
    data = _data(asked, "Yes, tell 1 chat")
    done = await bot.press(asked, "Yes, tell 1 chat")
    again = await _press_again(bot, done, data, OWNER)
    assert again == done.text
    await _last(bot, ANNA)
    assert sum("decided by hand" in m.text for m in bot.telegram.messages(ANNA)) == 1


async def test_no_leaves_everything_as_it_is(bot: Bot) -> None:
    """The question becomes the deal's card."""
    await _ready(bot)
    card = await bot.press(await bot.ask(SET, chat=OWNER), "No")
    assert "RUMORED · in talks" in card.text
    assert (await bot.deal("alpha-beta")).stage == "talks"


@pytest.mark.parametrize("command", [SET, "/undo alpha-beta"])
async def test_strangers_decide_nothing(bot: Bot, command: str) -> None:
    """Neither by command nor by a button in a group where the owner asked."""
    await _ready(bot)
    assert "Only the owner" in (await bot.ask(command, chat=ANNA)).text
    asked = await bot.ask(command, chat=GROUP, user=OWNER)
    for button in asked.buttons:
        if button.text != "No":
            await bot.press(asked, button.text, user=ANNA)
            assert "Only the owner" in bot.telegram.calls("answerCallbackQuery")[-1].parameters["text"]
    assert (await bot.deal("alpha-beta")).stage == "talks"


# /undo ---------------------------------------------------------------------------------------------------------------


async def test_undo_asks_and_then_tells_who_was_told(bot: Bot) -> None:
    """The change is chosen and confirmed; the answer says how many are told and where the deal stands; so do they."""
    await _ready(bot, ANNA, BORIS)
    await bot.news(DENIAL)
    offered = await bot.ask("/undo alpha-beta", chat=OWNER)
    assert [button.text.partition(" (")[0] for button in offered.buttons] == [
        "RUMORED → DENIED · called off",
        "RUMORED · in talks",
    ]
    asked = await bot.press(offered, offered.buttons[0].text)
    assert "2 chats were told of it, and get a correction." in asked.text
    assert (await bot.deal("alpha-beta")).status == "denied"
    done = await bot.press(asked, "Yes, tell 2 chats")
    assert "2 chats are told of the correction." in done.text
    assert "stands so now: RUMORED · in talks" in done.text
    for chat in (ANNA, BORIS):
        assert (await _last(bot, chat)).text.startswith("Correction: RUMORED · in talks")


async def test_what_was_undone_is_marked_and_not_offered_again(bot: Bot) -> None:
    """/history strikes it out; a second press changes nothing; /undo offers the rest only."""
    await _ready(bot, ANNA)
    await bot.news(DENIAL)
    offered = await bot.ask("/undo alpha-beta", chat=OWNER)
    choice = offered.buttons[0].text
    chosen, asked = _data(offered, choice), await bot.press(offered, choice)
    sure = _data(asked, "Yes, tell 1 chat")
    done = await bot.press(asked, "Yes, tell 1 chat")
    assert await _press_again(bot, done, sure, OWNER) == done.text
    assert "taken back already" in await bot.forge(done, chosen, OWNER)
    assert (
        "RUMORED → DENIED · called off · reported · 1 source (taken back)"
        in (await bot.ask("/history alpha-beta")).text
    )
    assert len((await bot.ask("/undo alpha-beta", chat=OWNER)).buttons) == 1
    await _last(bot, ANNA)
    assert sum(m.text.startswith("Correction") for m in bot.telegram.messages(ANNA)) == 1


async def test_a_decision_can_be_taken_back_at_once(bot: Bot) -> None:
    """The answer to a decision has the button; without followers nobody is told."""
    await _ready(bot)
    done = await bot.press(await bot.ask(SET, chat=OWNER), "Yes, tell nobody")
    await bot.press(await bot.press(done, "Take it back"), "Yes, tell nobody")
    assert (await bot.deal("alpha-beta")).stage == "talks"


async def test_nothing_to_undo_says_so(bot: Bot) -> None:
    """A deal without changes has none to offer."""
    await bot.own()
    assert "no change that could be taken back" in (await bot.ask("/undo alpha-beta", chat=OWNER)).text


# Wrong ---------------------------------------------------------------------------------------------------------------


async def _complain(bot: Bot, chat: int, choice: str, under: BotMessage | None = None) -> BotMessage:
    """Press Wrong under the last push, and choose."""
    push = under or next(m for m in reversed(bot.telegram.messages(chat)) if any(b.text == "Wrong" for b in m.buttons))
    await bot.press(push, "Wrong", user=chat)
    return await bot.press(bot.telegram.messages(chat)[-1], choice, user=chat)


async def test_a_complaint_reaches_the_owner_with_the_evidence(bot: Bot) -> None:
    """The user is thanked, the push stays, and the owner gets what was said with a button for each remedy."""
    await _ready(bot, ANNA)
    push = await _last(bot, ANNA)
    assert (await _complain(bot, ANNA, "Not this deal")).text.startswith("Thanks.")
    assert push in bot.telegram.messages(ANNA)
    asked = await _last(bot, OWNER)
    assert asked.text.splitlines()[:3] == [
        "Wrong? RUMORED · in talks",
        "Alpha <Holdings> & Beta",
        "1 person says: not this deal.",
    ]
    assert "“Alpha in talks to buy Beta" in asked.text
    assert [button.text for button in asked.buttons] == ["Strike this report", "Undo", "Dismiss"]


async def test_many_complaints_about_one_change_are_one_question(bot: Bot) -> None:
    """Each user counts once, whatever is pressed how often; the owner reads how many there are."""
    await _ready(bot, ANNA, BORIS)
    await _complain(bot, ANNA, "Not this deal")
    data = _data(bot.telegram.messages(BORIS)[-1], "Wrong")
    await _complain(bot, BORIS, "Wrong status")
    assert "said so already" in await bot.forge(bot.telegram.messages(BORIS)[-1], data, BORIS)
    await bot.forge(bot.telegram.messages(BORIS)[-1], f"{data}:other_deal", BORIS)
    asked = await _last(bot, OWNER)
    assert "1 person says: not this deal.\n1 person says: wrong status." in asked.text
    assert len([m for m in bot.telegram.messages(OWNER) if m.text.startswith("Wrong?")]) == 1


async def test_striking_the_report_corrects_everybody(bot: Bot) -> None:
    """One tap takes the report and its change back; all who were told get one correction, and no second message."""
    await _ready(bot, ANNA, BORIS)
    await _complain(bot, ANNA, "Not this deal")
    asked = await _last(bot, OWNER)
    data, before = _data(asked, "Strike this report"), len(bot.telegram.messages(ANNA))
    done = await bot.press(asked, "Strike this report")
    assert "Struck." in done.text
    assert "2 chats are told of the correction." in done.text
    assert await _press_again(bot, done, data, OWNER) == done.text
    assert (await bot.deal("alpha-beta")).stage is None
    for _ in range(3):
        await bot.program.courier.deliver()
    assert [m.text.splitlines()[0] for m in bot.telegram.messages(ANNA)[before:]] == ["Correction: NO REPORTS YET"]
    assert bot.telegram.messages(BORIS)[-1].text.startswith("Correction: NO REPORTS YET")


async def test_undoing_answers_who_complained_without_being_told(bot: Bot) -> None:
    """Whoever complained under a card gets no correction, but hears that it was taken back."""
    await _ready(bot, ANNA)
    await _complain(bot, BORIS, "Wrong status", under=await bot.ask("/status alpha-beta", chat=BORIS))
    asked = await _last(bot, OWNER)
    assert "Taken back." in (await bot.press(asked, "Undo")).text
    assert "You said that this is wrong: RUMORED · in talks" in (await _last(bot, BORIS)).text
    assert "The owner agrees." in bot.telegram.messages(BORIS)[-1].text


async def test_dismissing_leaves_the_change_and_says_so(bot: Bot) -> None:
    """The one who complained hears that it stays; a later complaint about it asks the owner no more."""
    await _ready(bot, ANNA, BORIS)
    await _complain(bot, ANNA, "Wrong status")
    asked = await _last(bot, OWNER)
    assert "stays as it is" in (await bot.press(asked, "Dismiss")).text
    assert "The owner has looked at it. It stays as it is." in (await _last(bot, ANNA)).text
    assert (await bot.deal("alpha-beta")).stage == "talks"
    wrong = _data(bot.telegram.messages(BORIS)[-1], "Wrong")
    assert "decided" in await bot.forge(bot.telegram.messages(BORIS)[-1], wrong, BORIS)


async def test_undo_by_command_settles_the_question(bot: Bot) -> None:
    """Taken back with /undo, the question to the owner is answered, and its buttons do nothing more."""
    await _ready(bot, ANNA)
    await _complain(bot, ANNA, "Wrong status")
    asked = await _last(bot, OWNER)
    offered = await bot.ask("/undo alpha-beta", chat=OWNER)
    await bot.press(await bot.press(offered, offered.buttons[0].text), "Yes, tell 1 chat")
    assert "Taken back." in (await bot.press(asked, "Dismiss")).text


async def test_a_stranger_decides_nothing_about_feedback(bot: Bot) -> None:
    """The owner's buttons work for the owner only, wherever their message was forwarded to."""
    await _ready(bot, ANNA)
    await _complain(bot, ANNA, "Wrong status")
    asked = await _last(bot, OWNER)
    for label in ("Strike this report", "Undo", "Dismiss"):
        await bot.press(asked, label, user=ANNA)
        assert "Only the owner" in bot.telegram.calls("answerCallbackQuery")[-1].parameters["text"]
    assert (await bot.deal("alpha-beta")).stage == "talks"


async def test_a_stranger_cannot_flood_the_owner(bot: Bot) -> None:
    """After some complaints a user is asked to come back tomorrow; then it goes on."""
    await _ready(bot, ANNA)
    deal = await bot.deal("alpha-beta")
    for stage in (Stage.OFFER, Stage.AGREED, Stage.TERMINATED, Stage.NEAR, Stage.BLOCKED):
        async with bot.database.write() as session:
            await ledger.settle(session, await session.get_one(Deal, deal.id), stage, OWNER, "So it is", bot.clock())
        await bot.program.courier.deliver()
    *first, last = (m for m in bot.telegram.messages(ANNA) if any(b.text == "Wrong" for b in m.buttons))
    assert len(first) == MOST_A_DAY
    for pushed in first:
        await _complain(bot, ANNA, "Wrong status", under=pushed)
    assert "enough for today" in await bot.forge(last, _data(last, "Wrong"), ANNA)
    assert "enough for today" in await bot.forge(last, f"{_data(last, 'Wrong')}:wrong_status", ANNA)
    bot.clock.advance(hours=25)
    assert (await _complain(bot, ANNA, "Wrong status", under=last)).text.startswith("Thanks.")


async def test_a_complaint_waits_for_an_owner(bot: Bot) -> None:
    """Without an owner nothing is lost: whoever becomes it is asked."""
    await bot.ask("/subscribe alpha-beta")
    await bot.news(TALKS)
    await _complain(bot, ANNA, "Not this deal")
    async with bot.database.write() as session:
        code = await owner.offer_code(session)
    await bot.ask(f"/claim {code}", chat=OWNER)
    assert (await _last(bot, OWNER)).text.startswith("Wrong? RUMORED · in talks")


async def test_a_correction_has_no_button_wrong(bot: Bot) -> None:
    """It is the answer; and a card whose change was taken back meanwhile says so."""
    await _ready(bot, ANNA)
    push = await _last(bot, ANNA)
    offered = await bot.ask("/undo alpha-beta", chat=OWNER)
    await bot.press(await bot.press(offered, offered.buttons[0].text), "Yes, tell 1 chat")
    assert "Wrong" not in [button.text for button in (await _last(bot, ANNA)).buttons]
    assert "taken back already" in await bot.forge(push, _data(push, "Wrong"), ANNA)


# What is held --------------------------------------------------------------------------------------------------------


async def test_a_held_end_is_named_by_where_the_deal_stands(bot: Bot) -> None:
    """That a signed deal was called off means that it ended; the owner reads what would be told."""
    await _ready(bot)
    await bot.news(AGREED, trust=Trust.OFFICIAL)
    await bot.news("Alpha calls off purchase of Beta", outlet="Rumour Mill", trust=Trust.UNVETTED)
    assert (await _last(bot, OWNER)).text.startswith("Held: DENIED · signed deal ended")


# Whatever the news puts into it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("text", ["x" * 5000, "🧨" * 3000, "<b>&amp;</a>", "\u202eright to left", ""])
def test_no_news_text_breaks_a_decision(language: str, text: str) -> None:
    """Every message stays within Telegram's limits and keeps its markup whole; buttons within 64 bytes."""
    deal = Deal(
        id=10**17, slug="a-b", title=text, kind=Kind.MERGER, stage=Stage.TALKS, origins=["x"], confirmed=False,
        moment=NOON, contested=False,
    )  # fmt: skip
    with speaking(language):
        for message in _messages(deal, text):
            read = read_html(message.text)[0]
            assert len(read.encode("utf-16-le")) // 2 <= 4096
            assert all(len(button.data.encode()) <= 64 and button.label for row in message.buttons for button in row)


def _messages(deal: Deal, text: str) -> list[Message]:
    claims = [write_claim(deal, a_report(Stage.TALKS, quote=text)) for _ in range(5)]
    for claim in claims:
        claim.id, claim.origin, claim.article.outlet, claim.outcome = 10**17, text, text, Outcome.MOVED
    change = Change(
        id=10**17, deal=deal, deal_id=deal.id, at=NOON, kind=ChangeKind.STATUS, from_stage=Stage.CALLED_OFF,
        stage=Stage.TALKS, confirmed=False, sources=1, contested=False, quiet=False, by=1, reason=text, claims=claims,
    )  # fmt: skip
    complaints = [Complaint(fault=fault) for fault in Fault]
    feedback = [Feedback(id=10**17, change=change, complaints=complaints, verdict=v) for v in (None, *Verdict)]
    return [
        owners.ask_to_set(deal, Stage.SPECULATION, text, change, 10**6),
        owners.decided(deal, change, 10**6),
        owners.moved_meanwhile(deal),
        owners.stands_so(deal),
        owners.undoable(deal, [change] * owners.UNDOABLE),
        owners.ask_to_undo(change, 10**6),
        owners.undone(change, deal, 10**6),
        feedbacks.ask_whats_wrong(change),
        feedbacks.thanks(change),
        *(feedbacks.told(f) for f in feedback),
        *(feedbacks.settled(f, 10**6) for f in feedback[1:]),
        push.changed(change, deal),
        deals.status(deal, change, followed=True),
    ]
