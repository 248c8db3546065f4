"""Chats that let the bot in, or do not."""

import pytest
from telegram import Bot, ChatMember, ChatMemberAdministrator, MessageOriginChannel
from telegram.error import BadRequest, ChatMigrated, Forbidden

from standin.faults import topic_closed
from standin.telegram import Telegram

GROUP, SUPERGROUP, CHANNEL = -2001, -1_000_000_002_001, -1_002_000_002_001


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


async def test_a_public_channel_has_a_name(telegram: Telegram, bot: Bot) -> None:
    """It is found by its name, and by its number."""
    telegram.usernames["news"] = CHANNEL
    for called in ("@news", CHANNEL):
        channel = await bot.get_chat(called)
        assert (channel.id, channel.type, channel.username) == (CHANNEL, "channel", "news")


@pytest.mark.parametrize("status", ["left", "member", "kicked"])
async def test_a_channel_tells_only_its_admins(telegram: Telegram, bot: Bot, status: str) -> None:
    """Nobody else may post, or see who its members are; a private one does not even say that it is there."""
    telegram.members[CHANNEL, bot.id] = status
    with pytest.raises(Forbidden, match="not a member of the channel"):
        await bot.send_message(CHANNEL, "x")
    with pytest.raises(BadRequest, match="inaccessible"):
        await bot.get_chat_member(CHANNEL, 42)
    if status != "member":
        with pytest.raises(Forbidden, match="not a member of the channel"):
            await bot.get_chat(CHANNEL)


async def test_posting_is_a_right(telegram: Telegram, bot: Bot) -> None:
    """An admin of a channel has it, or has it not; with it, posts are deleted, too."""
    post = await bot.send_message(CHANNEL, "x")
    assert await bot.delete_message(CHANNEL, post.message_id)
    assert telegram.messages(CHANNEL) == []
    with pytest.raises(BadRequest, match="not found"):
        await bot.delete_message(CHANNEL, post.message_id)
    telegram.rights[CHANNEL, bot.id] = {"can_post_messages": False}
    itself = await bot.get_chat_member(CHANNEL, bot.id)
    assert isinstance(itself, ChatMemberAdministrator)
    assert itself.can_post_messages is False
    with pytest.raises(BadRequest, match="administrator rights"):
        await bot.send_message(CHANNEL, "x")


async def test_a_forwarded_post_names_its_channel(telegram: Telegram, bot: Bot) -> None:
    """And the post in it."""
    await telegram.user_forwards(42, CHANNEL, "x")
    (update,) = await bot.get_updates()
    origin = update.message and update.message.forward_origin
    assert isinstance(origin, MessageOriginChannel)
    assert origin.chat.id == CHANNEL
