"""Inline mode: cards to share in any chat."""

import asyncio
from typing import Any

from running_bot import ANNA, BORIS, Bot
from standin.faults import ApiError


async def offered(bot: Bot, words: str, user: int = ANNA, language: str = "en") -> list[dict[str, Any]]:
    """What a user is offered who types @bot and the words in some chat."""
    before = len(bot.telegram.calls("answerInlineQuery"))
    sender = {"id": user, "is_bot": False, "first_name": "A", "language_code": language}
    await bot.telegram.update("inline_query", {"id": "5", "from": sender, "query": words, "offset": ""})
    call = (await bot.telegram.called("answerInlineQuery", before + 1))[-1]
    await bot.settled()
    results: list[dict[str, Any]] = call.parameters["results"]
    return results


async def test_deals_that_fit_are_offered_as_cards(bot: Bot) -> None:
    """A few letters are enough; the card says where the deal stands, and links to the bot, which follows it."""
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    (card,) = await offered(bot, "alp")
    assert card["title"] == "Alpha <Holdings> & Beta"
    assert card["description"] == "RUMORED · in talks (reported · 1 source)"
    assert "<b>RUMORED · in talks</b>" in card["input_message_content"]["message_text"]
    (button,) = card["reply_markup"]["inline_keyboard"][0]
    assert button["url"] == "https://t.me/hearsay_standin_bot?start=alpha-beta"
    assert {c["title"] for c in await offered(bot, "huaw")} == {"Huawei phones on AT&T", "Huawei phones on Verizon"}
    assert await offered(bot, 'nobody "*') == []


async def test_without_words_the_latest_news_comes_first(bot: Bot) -> None:
    """Who has not typed anything yet is offered the deals that were heard of last."""
    await bot.news("Huawei in talks with Verizon about a partnership, Bloomberg reports")
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    assert (await offered(bot, ""))[0]["title"] == "Alpha <Holdings> & Beta"


async def test_cards_speak_the_language_of_the_user(bot: Bot) -> None:
    """A German user shares German cards, so the answer is not kept for others."""
    await bot.news("Alpha in talks to buy Beta, Bloomberg reports")
    (german,), (english,) = await offered(bot, "alpha", language="de"), await offered(bot, "alpha")
    assert german["description"] != english["description"]
    assert bot.telegram.calls("answerInlineQuery")[-1].parameters["is_personal"] is True


async def test_a_query_that_is_too_old_is_let_go(bot: Bot) -> None:
    """The user has typed on: Telegram refuses the answer, and nothing is wrong."""
    refusal = ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    bot.telegram.fail("answerInlineQuery", refusal)
    await offered(bot, "alpha")
    assert (await offered(bot, "alpha"))[0]["title"] == "Alpha <Holdings> & Beta"


async def test_users_do_not_wait_for_each_other(bot: Bot) -> None:
    """While the answer to one user hangs, another one gets his."""
    hanging = asyncio.Event()
    answer = bot.program._application.bot.answer_inline_query

    async def slow(inline_query_id: str, **options: Any) -> bool:
        if inline_query_id == "slow":
            await hanging.wait()
        return await answer(inline_query_id, **options)

    object.__setattr__(bot.program._application.bot, "answer_inline_query", slow)
    sender = {"id": BORIS, "is_bot": False, "first_name": "B"}
    await bot.telegram.update("inline_query", {"id": "slow", "from": sender, "query": "", "offset": ""})
    await bot.telegram.until_confirmed()
    before = len(bot.telegram.calls("answerInlineQuery"))
    sender = {"id": ANNA, "is_bot": False, "first_name": "A"}
    await bot.telegram.update("inline_query", {"id": "quick", "from": sender, "query": "", "offset": ""})
    first = (await bot.telegram.called("answerInlineQuery", before + 1))[-1]
    assert first.parameters["inline_query_id"] == "quick"
    hanging.set()
    await bot.settled()
