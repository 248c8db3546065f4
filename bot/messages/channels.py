"""Setting up a channel from the private chat of one of its admins."""

from dataclasses import dataclass

from bot.language import gettext as _
from bot.language import pgettext
from bot.messages.frame import LONGEST_NAME, Button, Message, cut, link
from bot.messages.help import gone

_ABOUT_A_CHAT = frozenset(
    ("status", "follow", "unfollow", "subs", "sub", "mute", "unmute", "chat", "missed", "channel")
)
"""The first words of the data of buttons that show or change what a chat gets."""


@dataclass(frozen=True, slots=True)
class Link(Button):
    """A button that opens an address, which is its data. It tells the bot nothing."""


def for_channel(message: Message, channel_id: int, name: str) -> Message:
    """An answer about a channel: it says so first, and its buttons go on being about that channel.

    A message without a text is a toast over a button, which stands under such an answer.
    """
    first = _("<b>For {channel}:</b>", channel=cut(name, LONGEST_NAME))
    rows = tuple(tuple(_made_for(channel_id, button) for button in row) for row in message.buttons)
    return Message(f"{first}\n{message.text}" if message.text else "", rows, message.notice)


def _made_for(channel_id: int, button: Button) -> Button:
    about_a_chat = button.data.partition(":")[0] in _ABOUT_A_CHAT
    return Button(button.label, f"{button.data}@{channel_id}") if about_a_chat else button


# Setting up ----------------------------------------------------------------------------------------------------------


def how_to(bot: str) -> Message:
    """No channel is being set up: how to begin. ``bot`` is the bot's name without @."""
    lines = [
        _("<b>Deal news in a channel of yours</b>"),
        _("You set it up here, as an admin of the channel."),
        "",
        *_steps(bot, _("/channel @name, or forward a post of the channel to me")),
        "",
        _("From then on what you set here holds for the channel, until you send <code>/channel done</code>."),
    ]
    return Message("\n".join(lines))


def _steps(bot: str, last: str) -> list[str]:
    """How the bot becomes an admin of a channel. Only what it needs is asked for (Bot API: deep links of bots)."""
    invitation = link(f"https://t.me/{bot}?startchannel&admin=post_messages", _("this link"))
    return [
        _("1. In the channel's settings, add @{bot} as an administrator, or use {link}.", bot=bot, link=invitation),
        _("2. Leave its right to post messages on. It needs no other."),
        _("3. Then send me here: {command}", command=last),
    ]


def menu() -> Message:
    """What can be set for the channel now."""
    text = _(
        "From now on what you set here holds for this channel: /subscribe, /subscriptions, /settings, /missed. "
        "Buttons under earlier messages still act on the chat that they were made for."
    )
    everything = Button(pgettext("button", "Follow everything"), "follow:everything")
    test = Button(pgettext("button", "Post a test message"), "channel:test")
    subscriptions = Button(pgettext("button", "Subscriptions"), "subs:0:new")
    settings = Button(pgettext("button", "Settings"), "chat:new")
    done = Button(pgettext("button", "Done"), "channel:done")
    return Message(text, ((everything, subscriptions), (settings, test), (done,)))


def let_go() -> Message:
    """The channel is left as it is."""
    return Message(
        _("Done. What you set here is about this chat again. The channel keeps what it has; /channel sets it up anew.")
    )


# What stands in the way ----------------------------------------------------------------------------------------------


def only_in_private() -> Message:
    """/channel came in a group."""
    return Message(_("A channel is set up in a private chat with me. Send /channel there."))


def no_name(typed: str) -> Message:
    """What was typed after /channel names no channel."""
    text = _(
        "“{typed}” names no channel. Send <code>/channel @name</code>, its number such as "
        "<code>/channel -1001234567890</code>, or forward one of its posts to me.",
        typed=cut(typed, LONGEST_NAME),
    )
    return Message(text)


def unseen(name: str, bot: str) -> Message:
    """Telegram does not show the channel to the bot."""
    called = cut(name, LONGEST_NAME)
    lines = [
        _("I cannot see the channel {channel}. Is it spelled right? A private channel I see only as an admin of it.",
          channel=called),
        "",
        *_steps(bot, f"/channel {called}"),
    ]  # fmt: skip
    return Message("\n".join(lines))


def no_channel(name: str) -> Message:
    """It is a group or a person."""
    text = _(
        "{name} is no channel. In a group, add me and send /subscribe there; for yourself, send it here.",
        name=cut(name, LONGEST_NAME),
    )
    return Message(text)


def bot_is_no_admin(name: str, bot: str, again: str) -> Message:
    """The bot may do nothing in the channel; ``again`` is what names it to /channel."""
    first = _("I am no admin of {channel}, so I cannot post there.", channel=cut(name, LONGEST_NAME))
    return Message("\n".join([first, "", *_steps(bot, f"/channel {cut(again, LONGEST_NAME)}")]))


def bot_may_not_post(name: str, bot: str, again: str) -> Message:
    """The bot is an admin without the right that it needs."""
    text = _(
        "I am an admin of {channel}, but without the right to post messages. In the channel's settings, open "
        "Administrators, then @{bot}, and turn that right on. I need no other. Then send me here: {command}",
        channel=cut(name, LONGEST_NAME),
        bot=bot,
        command=f"/channel {cut(again, LONGEST_NAME)}",
    )
    return Message(text)


def you_are_no_admin(name: str) -> Message:
    """The user may not decide for the channel."""
    text = _("You are no admin of {channel}. Only its admins may set it up.", channel=cut(name, LONGEST_NAME))
    return Message(text)


def lost() -> Message:
    """Telegram does not say any more that the user is an admin of the channel."""
    return Message(
        _(
            "Telegram does not show me any more that you are an admin of that channel, so nothing was changed. "
            "What you set here is about this chat. /channel says how to set up a channel."
        ),
        notice=pgettext("toast", "Nothing was changed."),
    )


def not_here(bot: str) -> Message:
    """A button was pressed in a channel, where an answer would be a post."""
    toast = pgettext(
        "toast",
        "A channel's buttons cannot answer. Ask @{bot} in a private chat; admins of the channel send /channel there.",
        bot=bot,
    )
    return Message("", notice=toast)


def no_such_deal() -> Message:
    """A link leads to a deal that is no more."""
    return Message(gone().notice)


# The test ------------------------------------------------------------------------------------------------------------


def test_post() -> str:
    """What is posted, and deleted at once."""
    return _("A test: Hearsay can post here. This message is deleted at once.")


def tested() -> Message:
    """The test went well."""
    return Message(_("It works: a test message was posted without a sound, and deleted again."))


def left_standing() -> Message:
    """The test message was posted, but is still there."""
    return Message(_("Posting works. The test message could not be deleted: please delete it in the channel."))


def refused(reason: str) -> Message:
    """The test message was not posted."""
    text = _(
        "The test message was not posted. Telegram said: {reason}. I need to be an administrator of the channel with "
        "the right to post messages.",
        reason=cut(reason, LONGEST_NAME),
    )
    return Message(text)


def unanswered() -> Message:
    """Nobody knows what became of the test message."""
    text = _("Telegram did not answer. Look into the channel whether a test message stands there, or try again later.")
    return Message(text)
