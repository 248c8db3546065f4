"""How updates get to the bot."""

import asyncio
import contextlib

import httpx
import pytest
from telegram import Bot
from telegram.error import Conflict, NetworkError

from standin.conftest import Time
from standin.faults import Drop
from standin.telegram import Telegram


async def _ids(bot: Bot, **how: int) -> list[int]:
    return [update.update_id for update in await bot.get_updates(**how)]


async def test_updates_come_again_until_confirmed(telegram: Telegram, bot: Bot) -> None:
    """An update is handed out until a higher offset confirms it."""
    first = await telegram.user_sends(42, "/start")
    second = await telegram.user_sends(42, "/deals")

    assert await _ids(bot) == [first, second]
    assert await _ids(bot, limit=1) == [first]
    assert await _ids(bot, offset=second) == [second]
    assert await bot.get_updates(offset=second + 1) == ()
    await telegram.until_confirmed()


@pytest.mark.parametrize(("limit", "count"), [(0, 1), (1, 1), (100, 100), (500, 100)])
async def test_an_answer_has_at_most_a_hundred_updates(telegram: Telegram, bot: Bot, limit: int, count: int) -> None:
    """A limit below 1 or above 100 is cut to it."""
    for _ in range(101):
        await telegram.user_sends(42, "/start")

    assert len(await bot.get_updates(limit=limit)) == count


async def test_a_negative_offset_keeps_the_last(telegram: Telegram, bot: Bot) -> None:
    """A negative offset forgets all but the last updates."""
    await telegram.user_sends(42, "/start")
    last = await telegram.user_sends(42, "/deals")

    assert await _ids(bot, offset=-1) == [last]
    assert await _ids(bot) == [last]


async def test_a_lost_answer_loses_no_update(telegram: Telegram, bot: Bot) -> None:
    """What was handed out on a connection that broke is handed out again."""
    update = await telegram.user_sends(42, "/start")
    telegram.fail("getUpdates", Drop.AFTER_APPLYING)
    with pytest.raises(NetworkError):
        await bot.get_updates()

    assert await _ids(bot) == [update]


async def test_a_long_poll_ends_with_the_next_update(telegram: Telegram, bot: Bot) -> None:
    """A poll that waits is answered as soon as a user writes."""
    poll = asyncio.create_task(bot.get_updates(timeout=5))
    await telegram.until_polled()
    await telegram.user_sends(42, "/start")

    assert [u.effective_message and u.effective_message.text for u in await poll] == ["/start"]


async def test_a_second_poll_ends_the_first(telegram: Telegram, bot: Bot) -> None:
    """Two instances on one token conflict: the older one hears of it, the newer one goes on."""
    first = asyncio.create_task(bot.get_updates(timeout=5))
    await telegram.until_polled()
    async with Bot(telegram.token, base_url=telegram.base_url) as second:
        poll = asyncio.create_task(second.get_updates(timeout=5))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await first
        await telegram.user_sends(42, "/start")
        assert len(await poll) == 1


async def test_a_webhook_ends_polling(telegram: Telegram, bot: Bot) -> None:
    """A waiting poll and every later one conflict with a webhook until it is deleted."""
    waiting = asyncio.create_task(bot.get_updates(timeout=5))
    await telegram.until_polled()
    telegram.webhook = "https://example.org/hook"
    with pytest.raises(Conflict, match="terminated by setWebhook"):
        await waiting
    update = await telegram.user_sends(42, "/start")
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == ("https://example.org/hook", 1)

    await bot.delete_webhook()
    assert (await bot.get_webhook_info()).url == ""
    assert await _ids(bot) == [update]


async def test_a_dropped_webhook_can_drop_updates(telegram: Telegram, bot: Bot) -> None:
    """Deleting the webhook drops what waits only when asked."""
    await telegram.user_sends(42, "/start")
    await bot.delete_webhook()
    assert len(await bot.get_updates()) == 1
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


async def test_only_allowed_updates_are_queued(telegram: Telegram, bot: Bot) -> None:
    """The kinds the bot asked for last are the kinds it gets, also after polls that name none."""
    await bot.get_updates(allowed_updates=["callback_query"])
    await bot.get_updates()
    await telegram.user_sends(42, "/start")
    assert await bot.get_updates() == ()

    await bot.get_updates(allowed_updates=[])
    await telegram.user_sends(42, "/start")
    assert len(await bot.get_updates()) == 1


async def test_an_update_is_kept_for_a_day(telegram: Telegram, bot: Bot, time: Time) -> None:
    """What nobody has fetched within 24 hours is gone."""
    await telegram.user_sends(42, "/start")
    time.pass_by(hours=1)
    later = await telegram.user_sends(42, "/deals")
    time.pass_by(hours=22, minutes=59)
    assert len(await bot.get_updates()) == 2
    time.pass_by(minutes=1)

    assert await _ids(bot) == [later]


async def test_ids_can_start_anew(telegram: Telegram, bot: Bot) -> None:
    """An offset beyond the new numbers gets nothing and confirms nothing; a poll without one gets all."""
    old = await telegram.user_sends(42, "/start")
    telegram.restart_ids(500)
    assert [await telegram.user_sends(42, "/deals"), await telegram.user_sends(42, "/deals")] == [500, 501]

    assert await _ids(bot) == [old, 500, 501]
    assert await _ids(bot, offset=old + 1) == []
    assert await _ids(bot) == [500, 501]
    assert await _ids(bot, offset=501) == [501]
    assert await _ids(bot, offset=502) == []
    await telegram.until_confirmed()


async def test_a_confirmed_update_can_come_again(telegram: Telegram, bot: Bot) -> None:
    """It comes once more with the next answer, whatever the offset, and then no more."""
    update = await telegram.user_sends(42, "/start")
    await bot.get_updates(offset=update + 1)
    telegram.redeliver(update)

    assert await _ids(bot, offset=update + 1) == [update]
    assert await _ids(bot, offset=update + 1) == []


async def test_a_redelivered_update_outlives_a_dead_client(telegram: Telegram, bot: Bot) -> None:
    """A poll whose client is gone takes nothing away."""
    update = await telegram.user_sends(42, "/start")
    await bot.get_updates(offset=update + 1)
    async with httpx.AsyncClient() as client:
        url = f"{telegram.base_url}{telegram.token}/getUpdates"
        with contextlib.suppress(httpx.ReadTimeout):
            await client.post(url, json={"offset": update + 1, "timeout": 50}, timeout=0.05)
    await bot.get_me()  # by now the stand-in has seen the other connection close
    telegram.redeliver(update)
    await telegram.called("getUpdates", 2)

    assert await _ids(bot, offset=update + 1) == [update]
