"""The owner: who it is, and what only the owner may do."""

from running_bot import ANNA, GROUP, OWNER, Bot

from matcher.vocabulary import Trust
from models import owner

DENIAL = "Alpha ends talks to buy Beta, Bloomberg reports"


async def _own(bot: Bot) -> None:
    async with bot.database.write() as session:
        code = await owner.offer_code(session)
    assert "You own this Hearsay" in (await bot.ask(f"/claim {code}", chat=OWNER)).text


async def test_the_code_makes_an_owner_once(bot: Bot) -> None:
    """The first who sends the code owns the bot; the code is void from then on."""
    async with bot.database.write() as session:
        code = await owner.offer_code(session)
    assert "not valid" in (await bot.ask("/claim 0000")).text
    assert "You own this Hearsay" in (await bot.ask(f"/claim {code}", chat=OWNER)).text
    assert "not valid" in (await bot.ask(f"/claim {code}")).text


async def test_the_code_is_not_taken_in_a_group(bot: Bot) -> None:
    """In a group everybody could read the code, so it makes no owner and is void; a wrong one voids nothing."""
    async with bot.database.write() as session:
        code = await owner.offer_code(session)
    assert "private chat" in (await bot.ask("/claim 0000", chat=GROUP, user=ANNA)).text
    assert "void now" in (await bot.ask(f"/claim {code}", chat=GROUP, user=OWNER)).text
    assert "not valid" in (await bot.ask(f"/claim {code}", chat=OWNER)).text


async def test_an_unvetted_denial_waits_for_the_owner(bot: Bot) -> None:
    """A denial that only an unvetted feed reports reaches the owner alone, and the followers after the owner's tap."""
    await _own(bot)
    await bot.ask("/subscribe everything")
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    told = len(bot.telegram.messages(ANNA))
    await bot.news(DENIAL, outlet="Rumour Mill", trust=Trust.UNVETTED)
    assert len(bot.telegram.messages(ANNA)) == told
    notice = bot.telegram.messages(OWNER)[-1]
    assert notice.text.startswith("Held: DENIED · called off")
    await bot.press(notice, "Let it through")
    await bot.program.courier.deliver()
    assert bot.telegram.messages(ANNA)[-1].text.startswith("RUMORED → DENIED · called off")


async def test_a_stranger_cannot_let_a_change_through(bot: Bot) -> None:
    """The button works for the owner only, wherever the message was forwarded to."""
    await _own(bot)
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    await bot.news(DENIAL, outlet="Rumour Mill", trust=Trust.UNVETTED)
    await bot.press(bot.telegram.messages(OWNER)[-1], "Let it through", user=ANNA)
    assert "Only the owner" in bot.telegram.calls("answerCallbackQuery")[-1].parameters["text"]
    assert (await bot.deal("alpha-beta")).status == "rumored"


async def test_copies_of_a_held_report_ask_once(bot: Bot) -> None:
    """Many unvetted outlets that repeat one origin are one question, and a trusted one that repeats it settles it."""
    await _own(bot)
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    before = len(bot.telegram.messages(OWNER))
    for outlet in ("Rumour Mill", "Gossip Post", "Deal Whisper"):
        await bot.news(DENIAL, outlet=outlet, trust=Trust.UNVETTED)
    assert len(bot.telegram.messages(OWNER)) == before + 1
    await bot.news(DENIAL, outlet="Carrier Wire")
    assert (await bot.deal("alpha-beta")).status == "denied"


async def test_a_late_tap_does_not_rewind_a_deal(bot: Bot) -> None:
    """What was held is out of date once something newer rules; the owner is told so, and nobody gets a push."""
    await _own(bot)
    await bot.ask("/subscribe everything")
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    await bot.news(DENIAL, outlet="Rumour Mill", trust=Trust.UNVETTED)
    notice = bot.telegram.messages(OWNER)[-1]
    await bot.news("Alpha agrees to buy Beta")
    told = len(bot.telegram.messages(ANNA))
    assert "has moved on since" in (await bot.press(notice, "Let it through")).text
    await bot.program.courier.deliver()
    assert len(bot.telegram.messages(ANNA)) == told
    assert (await bot.deal("alpha-beta")).status == "finalized"


async def test_what_was_held_before_there_was_an_owner_is_asked_then(bot: Bot) -> None:
    """A new owner is asked about every change that waits."""
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    await bot.news(DENIAL, outlet="Rumour Mill", trust=Trust.UNVETTED)
    await _own(bot)
    await bot.program.courier.deliver()
    assert bot.telegram.messages(OWNER)[-1].text.startswith("Held: DENIED")
