"""Chats that let the bot in, or do not."""

import pytest
from telegram import Bot, ChatMember
from telegram.error import BadRequest, ChatMigrated, Forbidden

from standin.faults import topic_closed
from standin.telegram import Telegram

GROUP, SUPERGROUP = -2001, -1_000_000_002_001


@pytest.mark.parametrize(
    ("chat", "reason"),
    [
        (42, "bot was blocked by the user"),
        (GROUP, "bot was kicked from the group chat"),
        (SUPERGROUP, "bot was kicked from the supergroup chat"),
    ],
)
async def test_a_chat_shuts_the_bot_out(telegram: Telegram, bot: Bot, chat: int, reason: str) -> None:
    """Nothing can be sent or edited there until the bot is let in again; both come as updates."""
    sent = await bot.send_message(chat, "x")
    await telegram.block(chat, user_id=7)
    for _ in range(2):
        with pytest.raises(Forbidden, match=reason):
            await bot.send_message(chat, "x")
        with pytest.raises(Forbidden, match=reason):
            await bot.edit_message_text("y", chat, sent.message_id)
        with pytest.raises(Forbidden, match=reason):
            await bot.send_chat_action(chat, "typing")
    await bot.send_message(43, "elsewhere all is well")
    await telegram.unblock(chat, user_id=7)
    await bot.send_message(chat, "x")

    changes = [update.my_chat_member for update in await bot.get_updates()]
    assert [change and (change.chat.id, change.from_user.id) for change in changes] == [(chat, 7)] * 2
    assert [change and change.new_chat_member.status for change in changes] == [ChatMember.BANNED, ChatMember.MEMBER]


async def test_a_group_becomes_a_supergroup(telegram: Telegram, bot: Bot) -> None:
    """The old chat names the new one in every refusal and in a message; the new one names the old."""
    await telegram.migrate(GROUP, SUPERGROUP)
    with pytest.raises(ChatMigrated) as error:
        await bot.send_message(GROUP, "x")
    await bot.send_message(error.value.new_chat_id, "x")

    messages = [update.message for update in await bot.get_updates()]
    assert [m and (m.chat.id, m.migrate_to_chat_id, m.migrate_from_chat_id) for m in messages] == [
        (GROUP, SUPERGROUP, None),
        (SUPERGROUP, None, GROUP),
    ]
    assert [m.text for m in telegram.messages(SUPERGROUP)] == ["x"]


async def test_a_chat_refuses_for_any_reason(telegram: Telegram, bot: Bot) -> None:
    """An error can last, without an update that tells the bot."""
    telegram.refuse(GROUP, topic_closed())
    for _ in range(2):
        with pytest.raises(BadRequest, match="Topic_closed"):
            await bot.send_message(GROUP, "x")
    telegram.accept(GROUP)
    await bot.send_message(GROUP, "x")

    assert await bot.get_updates() == ()


async def test_a_chat_has_a_number(bot: Bot) -> None:
    """Nobody is known by name."""
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message("@hearsay", "x")
