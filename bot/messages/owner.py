"""Becoming the owner, and what only the owner may do."""

from bot.language import gettext as _
from bot.language import pgettext
from bot.messages.frame import Message


def claimed(*, success: bool) -> Message:
    """Answer to /claim."""
    if success:
        return Message(_("You own this Hearsay now. Notices for the owner come to this chat."))
    return Message(_("That code is not valid. The code is printed at the first start, and is void once it was used."))


def claim_in_private(*, voided: bool) -> Message:
    """The owner's code does not belong into a group."""
    if not voided:
        return Message(_("Send /claim in a private chat with the bot. Others can read the code here."))
    return Message(
        _(
            "Others can read the code here, so it is void now. "
            "Start Hearsay again for a new code, and send it in a private chat with the bot."
        )
    )


def stranger() -> Message:
    """A button that is not for this user."""
    return Message("", notice=pgettext("toast", "Only the owner may do that."))


def only_the_owner() -> Message:
    """A command that is not for this user."""
    return Message(_("Only the owner may do that."))


def only_in_private() -> Message:
    """A command about feeds, whose addresses may hold passwords, came in a group."""
    return Message(_("Others can read this chat, and addresses of feeds may hold passwords. Ask in a private chat."))
