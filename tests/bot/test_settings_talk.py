"""How a chat wants to be told, through real updates against the stand-in Telegram."""

from datetime import timedelta

import pytest
from running_bot import ANNA, BORIS, Bot
from sqlalchemy import select
from standin.chats import BotMessage

from bot.commands.settings import find_zone, zones
from bot.errors import Refusal
from models.subscriber import Digest, Subscriber

TALKS = "Alpha in talks to buy Beta, Bloomberg reports"


async def the_chat(bot: Bot, chat: int = ANNA) -> Subscriber:
    async with bot.database.read() as session:
        return (await session.scalars(select(Subscriber).where(Subscriber.chat_id == chat))).one()


async def page(bot: Bot, button: str) -> BotMessage:
    """A page of /settings."""
    return await bot.press(await bot.ask("/settings"), button)


def chosen(message: BotMessage) -> list[str]:
    return [button.text for button in message.buttons if button.text.startswith("✓")]


async def test_settings_say_everything_in_words(bot: Bot) -> None:
    """/settings of a new chat: one message, with a button to each setting."""
    message = await bot.ask("/settings")
    assert message.text.splitlines() == [
        "Settings of this chat",
        "Quiet hours: none.",
        "A deal that is denied or finalized waits like the rest.",
        "Time zone: UTC. It is 8 Jan 2018, 12:00 UTC there.",
        "Digest: none, each change is a message of its own.",
        "Language: English.",
        "Cards: full, with quotes and sources.",
    ]
    assert [b.text for b in message.buttons] == [
        "Quiet hours", "Time zone", "Digest", "Language", "✓ Full cards", "Compact cards",
    ]  # fmt: skip


async def test_all_is_one_message(bot: Bot) -> None:
    """Every press edits it, and each page leads back."""
    message = await bot.ask("/settings")
    for name in ("Quiet hours", "Time zone", "Digest", "Language"):
        message = await bot.press(message, name)
        assert message.text.startswith("Settings of this chat")
        message = await bot.press(message, "← Settings")
    assert len(bot.telegram.messages(ANNA)) == 1


@pytest.mark.parametrize(
    ("pressed", "hours"),
    [("22:00–07:00", (1320, 420)), ("23:00–08:00", (1380, 480)), ("00:00–06:00", (0, 360))],
)
async def test_quiet_hours_are_pressed(bot: Bot, pressed: str, hours: tuple[int, int]) -> None:
    """Common hours are buttons; "No quiet hours" ends them."""
    message = await bot.press(await page(bot, "Quiet hours"), pressed)
    assert f"Quiet hours: {pressed.replace('–', ' to ')}." in message.text
    assert f"✓ {pressed}" in chosen(message)
    chat = await the_chat(bot)
    assert (chat.quiet_from, chat.quiet_until) == hours
    assert "Quiet hours: none." in (await bot.press(message, "No quiet hours")).text


@pytest.mark.parametrize(
    ("typed", "hours"),
    [("22:30-06:45", (1350, 405)), ("22-7", (1320, 420)), ("0:05 – 6", (5, 360)), ("off", (None, None))],
)
async def test_quiet_hours_are_typed(bot: Bot, typed: str, hours: tuple[int | None, int | None]) -> None:
    """Any hours, with or without minutes."""
    assert (await bot.ask(f"/settings quiet {typed}")).text.startswith("Settings of this chat")
    chat = await the_chat(bot)
    assert (chat.quiet_from, chat.quiet_until) == hours


@pytest.mark.parametrize("typed", ["25-7", "22:60-7", "7", "22-22", "night", "-1-5", "22:30-06:45 UTC", "1" * 50])
async def test_what_no_clock_shows_is_refused(bot: Bot, typed: str) -> None:
    """With an example of what can be typed."""
    assert "22:30-06:45" in (await bot.ask(f"/settings quiet {typed}")).text
    assert (await bot.ask("/settings")).text.splitlines()[1] == "Quiet hours: none."


async def test_news_waits_for_the_end_of_the_quiet_hours(bot: Bot) -> None:
    """In the chat's own time; a denied deal breaks through if the chat wants that."""
    await bot.ask("/subscribe everything")
    await bot.ask("/settings zone Asia/Tokyo")  # there it is 21:00
    message = await bot.ask("/settings quiet 21-7")
    told = len(bot.telegram.messages(ANNA))
    await bot.news(TALKS)
    assert len(bot.telegram.messages(ANNA)) == told
    message = await bot.press(await bot.press(message, "Quiet hours"), "Denied, finalized at once")
    assert "told at once, whatever the hour" in message.text
    await bot.news("Alpha ends talks to buy Beta, says Alpha")
    assert "DENIED" in bot.telegram.messages(ANNA)[-1].text
    message = await bot.press(message, "All wait")
    assert "waits like the rest" in message.text


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("new_york", "America/New_York"),
        ("utc", "UTC"),
    ],
)
async def test_a_time_zone_is_typed(bot: Bot, typed: str, zone: str) -> None:
    """By its name or its city, in any case."""
    assert f"Time zone: {zone}." in (await bot.ask(f"/settings zone {typed}")).text
    assert (await the_chat(bot)).time_zone == zone


@pytest.mark.parametrize(
    ("typed", "zone"),
    [("Brelin", "Europe/Berlin"), ("Europe/Berln", "Europe/Berlin"), ("New Yrok", "America/New_York")],
)
async def test_a_misspelled_time_zone_is_offered(bot: Bot, typed: str, zone: str) -> None:
    """What comes near is a button that sets it."""
    message = await bot.ask(f"/settings zone {typed}")
    assert "Did you mean" in message.text
    assert f"Time zone: {zone}." in (await bot.press(message, zone)).text


async def test_a_city_of_several_time_zones(bot: Bot) -> None:
    """The chat chooses."""
    message = await bot.ask("/settings zone Istanbul")
    assert message.text == "Which “istanbul”?"
    assert {b.text for b in message.buttons} == {"Asia/Istanbul", "Europe/Istanbul"}


async def test_an_unknown_time_zone_gets_a_handful(bot: Bot) -> None:
    """Where nothing comes near, common ones are offered."""
    message = await bot.ask("/settings zone qqqqqqqqqq")
    assert "No time zone is called “qqqqqqqqqq”" in message.text
    assert "Time zone: Asia/Tokyo." in (await bot.press(message, "Asia/Tokyo")).text


def test_every_time_zone_can_be_typed_and_pressed() -> None:
    """Each name finds itself, whatever others are called, and fits a button."""
    for zone in zones():
        assert find_zone(zone.casefold()) == zone
        assert len(f"chat:zone:{zone}".encode()) <= 64
    with pytest.raises(Refusal):
        find_zone("../../etc/passwd")


async def test_a_digest_gathers(bot: Bot) -> None:
    """Daily or on Mondays, at any hour of the chat's own time; the hours are offered once there is a digest."""
    message = await page(bot, "Digest")
    assert [b.text for b in message.buttons] == ["✓ No digest", "Daily", "On Mondays", "← Settings"]
    message = await bot.press(message, "Daily")
    assert "every day at 08:00" in message.text
    assert chosen(message) == ["✓ Daily", "✓ 8"]
    message = await bot.press(message, "18")
    message = await bot.press(message, "On Mondays")
    assert "every Monday at 18:00" in message.text
    chat = await the_chat(bot)
    assert (chat.digest, chat.digest_at) == (Digest.WEEKLY, 18 * 60)
    await bot.ask("/subscribe everything")
    told = len(bot.telegram.messages(ANNA))
    await bot.news(TALKS)
    assert len(bot.telegram.messages(ANNA)) == told
    bot.clock.now += timedelta(hours=6)  # it is a Monday
    await bot.program.courier.deliver()
    assert len(bot.telegram.messages(ANNA)) == told + 1
    assert "each change" in (await bot.press(message, "No digest")).text


async def test_a_language_is_chosen_by_its_own_name(bot: Bot) -> None:
    """The very message that was pressed speaks it, and so does all that follows; other chats keep theirs."""
    message = await page(bot, "Language")
    assert chosen(message) == ["✓ English"]
    message = await bot.press(message, "Deutsch")
    assert chosen(message) == ["✓ Deutsch"]
    assert "Noch" in (await bot.ask("/status alpha-beta")).text
    assert "No reports yet" in (await bot.ask("/status alpha-beta", chat=BORIS)).text


async def test_before_a_language_was_chosen_the_app_decides(bot: Bot) -> None:
    """The first message to a German app is German, though nothing is stored yet."""
    bot.telegram.language = "de"
    assert "✓ Deutsch" in [b.text for b in (await bot.ask("/settings language")).buttons]


async def test_compact_cards(bot: Bot) -> None:
    """Pushes, cards and their later edits are kept to their first lines; full ones have the quotes again."""
    message = await bot.press(await bot.ask("/settings"), "Compact cards")
    assert "Cards: compact" in message.text
    await bot.ask("/subscribe everything")
    await bot.news(TALKS)
    push = bot.telegram.messages(ANNA)[-1]
    assert push.text.splitlines() == ["RUMORED · in talks", "Alpha <Holdings> & Beta", "reported · 1 source"]
    await bot.news("Alpha agrees to buy Beta")
    await bot.program.cards.refresh()
    card = next(m for m in bot.telegram.messages(ANNA) if m.message_id == push.message_id)
    assert "“" not in card.text
    assert "“" not in (await bot.ask("/status alpha-beta")).text
    assert "Cards: full" in (await bot.press(message, "Full cards")).text
    assert "“Alpha agrees to buy Beta" in (await bot.ask("/status alpha-beta")).text


async def test_an_unknown_setting_gets_examples(bot: Bot) -> None:
    """What can be typed is said."""
    for typed in ("noise", "noise 7", "digest daily"):
        assert "There is no setting" in (await bot.ask(f"/settings {typed}")).text


async def test_a_typed_name_opens_its_page(bot: Bot) -> None:
    """/settings quiet is the page that the button opens."""
    assert "No quiet hours" in [b.text.removeprefix("✓ ") for b in (await bot.ask("/settings quiet")).buttons]
