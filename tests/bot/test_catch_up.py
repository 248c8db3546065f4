"""One message per deal after an outage, not a burst."""

from running_bot import ANNA, BORIS, Bot
from standin.faults import unavailable

TALKS, OFF, AGREED = (
    "Alpha in talks to buy Beta, Bloomberg reports",
    "Alpha ends talks to buy Beta, Bloomberg reports",
    "Alpha agrees to buy Beta",
)
PHONES = "AT&T agrees to sell Huawei phones"
CATCH_UP = "To catch up: 2 changes before this could not be told. /history shows all."


async def _outage(bot: Bot, *chats: int) -> None:
    """Telegram is down while two deals move, and for three days more."""
    for chat in chats:
        await bot.ask("/subscribe everything", chat=chat)
    bot.telegram.fail("sendMessage", *[unavailable()] * 4 * len(chats))
    for title in (TALKS, OFF, PHONES, AGREED):
        await bot.news(title)
    bot.clock.advance(days=3)
    await bot.program.courier.deliver()


async def test_after_an_outage_each_deal_is_told_once(bot: Bot) -> None:
    """When Telegram is back after days, every chat gets the latest of each deal, and how much came before it."""
    await _outage(bot, ANNA, BORIS)
    for chat in (ANNA, BORIS):
        phones, agreed = bot.telegram.messages(chat)[1:]
        assert phones.text.startswith("FINALIZED · agreed")
        assert "To catch up" not in phones.text
        assert agreed.text.startswith("DENIED → FINALIZED · agreed")
        assert CATCH_UP in agreed.text


async def test_after_the_catch_up_news_is_news(bot: Bot) -> None:
    """The next change of the deal is pushed as ever."""
    await _outage(bot, ANNA)
    await bot.news("Alpha completes purchase of Beta")
    latest = bot.telegram.messages(ANNA)[-1].text
    assert "completed" in latest
    assert "To catch up" not in latest
