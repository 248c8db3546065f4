"""/why: the chain of evidence, through real updates against the stand-in Telegram."""

from datetime import timedelta

import pytest
from builders import HOUR, NOON, a_report, track, write_claim
from running_bot import ANNA, OWNER, Bot
from sqlalchemy import event
from standin.markup import read_html

from bot.language import languages, speaking
from bot.messages import evidence as messages
from bot.messages.evidence import WHY
from matcher.decide import Outcome
from matcher.vocabulary import Speaker, Stage, Trust
from models import evidence
from models.database import Database
from models.evidence import Sum

TALKS, DENIAL = "Alpha in talks to buy Beta, Bloomberg reports", "Alpha ends talks to buy Beta, Bloomberg reports"


async def test_why_shows_who_said_what_where_and_what_became_of_it(bot: Bot) -> None:
    """Where the deal stands, since when, on how much; then the quote, its origin, the outlet with a link, and when."""
    await bot.news(TALKS)
    answer = await bot.ask("/why alpha-beta")
    assert answer.text.splitlines()[:5] == [
        "Alpha <Holdings> & Beta – why?",
        "RUMORED · in talks",
        "reported · 1 source · since 8 Jan 2018",
        "In all: 1 article, 1 source.",
        "",
    ]
    assert "“Alpha in talks to buy Beta" in answer.text
    assert "first reported by Bloomberg; Carrier Wire, 8 Jan 2018, 12:01 UTC" in answer.text
    assert "RUMORED: moved the deal" in answer.text
    assert any(e["type"] == "text_link" and e["url"] == "https://carrier-wire.example/1" for e in answer.entities)


async def test_a_deal_without_reports_says_so(bot: Bot) -> None:
    """Nothing was said, so there is nothing to count."""
    answer = await bot.ask("/why huawei-att")
    assert answer.text == "Huawei phones on AT&T – why?\nNo reports yet."


async def test_copies_are_counted_under_what_they_copy(bot: Bot) -> None:
    """Outlets that carry a report on are named in one line, the first few."""
    await bot.news(TALKS)
    for outlet in ("Daily Circuit", "Handset Herald", "Handset Herald", "Trade Post"):
        await bot.news("Alpha in talks to buy Beta: Bloomberg", outlet=outlet)
    text = (await bot.ask("/why alpha-beta")).text
    assert "In all: 5 articles, 1 source, 4 copies." in text
    assert "and 4 copies in Handset Herald, Daily Circuit …" in text
    assert text.count("“") == 1


async def test_the_newest_word_comes_first_and_the_rest_page_by_page(bot: Bot) -> None:
    """The message is edited in place from page to page; each claim is on one of them."""
    stages = ("in talks to buy", "makes an offer for", "near deal to buy", "ends talks to buy", "in talks to buy")
    for number, words in enumerate(stages):
        await bot.news(f"Alpha {words} Beta, Wire {number} reports", outlet=f"Wire {number}")
    first = await bot.ask("/why alpha-beta")
    assert first.text.index("Wire 4") < first.text.index("Wire 3")
    assert "Page 1 of 2" in first.text
    second = await bot.press(first, "Next →")
    assert second.message_id == first.message_id
    assert second.text.count("“") == len(stages) - WHY
    assert "Wire 0" in second.text
    assert "Page 1 of 2" in (await bot.press(second, "← Previous")).text


async def test_what_did_not_count_says_why(bot: Bot) -> None:
    """What is held, older or struck is shown with what became of it."""
    await bot.own()
    await bot.news(TALKS)
    await bot.news(DENIAL, outlet="Rumour Mill", trust=Trust.UNVETTED)
    assert "DENIED: held, only an unvetted feed says so" in (await bot.ask("/why alpha-beta")).text


async def test_the_button_under_a_push_answers_in_a_new_message(bot: Bot) -> None:
    """The push stays; the one on the card turns the card."""
    await bot.ask("/subscribe alpha-beta")
    await bot.news(TALKS)
    push = bot.telegram.messages(ANNA)[-1]
    await bot.press(push, "Why")
    assert bot.telegram.messages(ANNA)[-1].text.startswith("Alpha <Holdings> & Beta – why?")
    card = await bot.ask("/status alpha-beta")
    assert (await bot.press(card, "Why")).text.startswith("Alpha <Holdings> & Beta – why?")


async def test_a_page_that_is_not_there_any_more_says_so(bot: Bot) -> None:
    """A button of long ago does no harm."""
    await bot.news(TALKS)
    card = await bot.ask("/why alpha-beta")
    deal = await bot.deal("alpha-beta")
    assert "out of date" in await bot.forge(card, f"why:{deal.id}:7", ANNA)
    assert "out of date" in await bot.forge(card, "why:999:0", ANNA)


async def test_several_deals_are_a_choice(bot: Bot) -> None:
    """Where several deals fit, the pressed one is explained."""
    answer = await bot.ask("/why huawei")
    assert (await bot.press(answer, "Huawei phones on Verizon")).text.startswith("Huawei phones on Verizon – why?")


async def test_a_decision_by_hand_is_named_with_its_reason(bot: Bot) -> None:
    """Who set it and why stands where the sources would."""
    await bot.own()
    await bot.press(await bot.ask("/set alpha-beta rejected They told me so", chat=OWNER), "Yes, tell nobody")
    assert "decided by hand: They told me so" in (await bot.ask("/why alpha-beta")).text


# The questions behind it ---------------------------------------------------------------------------------------------


async def test_a_contested_deal_shows_both_sides(database: Database) -> None:
    """The last word of a party, and the last report that contradicts it."""
    async with database.write() as session:
        deal = await track(session)
        for hours, origin in enumerate(("Bloomberg", "Reuters")):
            claim = write_claim(deal, a_report(Stage.TALKS, NOON + hours * HOUR, origin=origin))
            claim.outcome = Outcome.MOVED
            session.add(claim)
        word = write_claim(deal, a_report(Stage.DENIED, NOON + 3 * HOUR, speaker=Speaker.PARTY, quote="Not so"))
        word.outcome = Outcome.MOVED
        session.add(word)
        await session.flush()
        deal.stage, deal.contested = Stage.DENIED, True

        party, against = await evidence.sides(session, deal)
        assert (party.quote, against.origin) == ("Not so", "Reuters")
        text = messages.why(deal, Sum(3, 3, 0, 3), [], 0, [party, against], None).text
        assert text.index("DENIED: “Not so”") < text.index("RUMORED: “Alpha and Beta”")


async def test_an_own_report_ends_the_copies_of_the_one_before(database: Database) -> None:
    """A copy belongs to the last time its origin said the same on its own, whatever the spelling of its name."""
    told = [
        (0, "Bloomberg", Outcome.MOVED),
        (1, "BLOOMBERG", Outcome.COPY),
        (2, "Bloomberg", Outcome.SUPPORTED),
        (3, "bloomberg", Outcome.COPY),
        (4, "Bloomberg", Outcome.COPY),
        (5, "Reuters", Outcome.COPY),
    ]
    async with database.write() as session:
        deal = await track(session)
        for hours, origin, outcome in told:
            claim = write_claim(deal, a_report(Stage.TALKS, NOON + hours * HOUR, origin=origin, outlet=f"Post {hours}"))
            claim.outcome = outcome
            session.add(claim)
        await session.flush()
        later, first = await evidence.page(session, deal, 0, 10)
        assert (first.copies, first.carriers) == (1, ["Post 1"])
        assert (later.copies, later.carriers) == (2, ["Post 3", "Post 4"])


async def test_what_looks_back_or_was_struck_is_not_counted(database: Database) -> None:
    """Background is not shown at all; what was struck is shown and counts for nothing."""
    async with database.write() as session:
        deal = await track(session)
        for hours, outcome in enumerate((Outcome.MOVED, Outcome.BACKGROUND, Outcome.STRUCK, Outcome.BYSTANDER)):
            claim = write_claim(deal, a_report(Stage.TALKS, NOON + hours * HOUR, origin=outcome))
            claim.outcome = outcome
            session.add(claim)
        await session.flush()
        assert await evidence.total(session, deal) == Sum(articles=1, sources=1, copies=0, listed=3)


async def test_a_deal_with_5000_claims_is_explained_from_what_one_page_needs(database: Database) -> None:
    """However much was said, a page loads its own claims only, in a few statements."""
    async with database.write() as session:
        deal = await track(session)
        for number in range(5000):
            report = a_report(
                Stage.TALKS, NOON + timedelta(seconds=number), origin=f"Wire {number % 50}", outlet=f"Post {number}"
            )
            claim = write_claim(deal, report)
            claim.outcome = Outcome.COPY if number % 5 else Outcome.SUPPORTED
            session.add(claim)

    statements: list[str] = []
    async with database.read() as session:
        engine = session.get_bind().engine

        def note(*about: object) -> None:
            statements.append(str(about[2]))

        event.listen(engine, "before_cursor_execute", note)
        pieces = await evidence.page(session, deal, 8, WHY)
        total = await evidence.total(session, deal)
        event.remove(engine, "before_cursor_execute", note)
    assert total == Sum(articles=5000, sources=50, copies=4000, listed=1000)
    assert len(pieces) == WHY
    assert len(statements) <= WHY + 3  # BEGIN, the sum, the page, and the copies of each claim on it


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("text", ["x" * 5000, "🧨" * 3000, "<b>&amp;", "\u202eright to left", ""])
async def test_no_news_text_breaks_the_evidence(database: Database, language: str, text: str) -> None:
    """A page stays within Telegram's limits and keeps its markup whole, whatever the articles say."""
    async with database.write() as session:
        deal = await track(session)
        deal.title, deal.stage, deal.contested = text, Stage.TALKS, True
        claims = []
        for number in range(WHY):
            report = a_report(Stage.TALKS, NOON + number * HOUR, speaker=Speaker.SOURCES, quote=text, certainty=0.4)
            claim = write_claim(deal, report)
            claim.origin, claim.article.outlet, claim.outcome = text, text[::-1], Outcome.STRUCK
            claims.append(claim)
        pieces = [evidence.Piece(claim, 12345, [text] * 9) for claim in claims]
        with speaking(language):
            page = messages.why(deal, Sum(10**6, 10**6, 10**6, 10**6), pieces, 0, claims[:2], None)
    assert len(read_html(page.text)[0].encode("utf-16-le")) // 2 <= 4096
