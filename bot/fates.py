"""What a failed attempt means for a letter."""

from enum import StrEnum

from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, TelegramError

from bot.failures import fate_is_unknown, flood_pause, is_telegrams_own, never_sent, status_of_another

_GONE = (
    "chat not found",
    "chat_write_forbidden",
    "group chat was deactivated",
    "group chat was deleted",
    "channel_private",
    "chat_restricted",
    "have no rights to send a message",
    "need administrator rights",
    "not enough rights",
    "peer_id_invalid",
    "user not found",
    "user_is_blocked",
)
"""What a 400 says of a chat that takes no messages; the wording is the Bot API server's."""
_CLOSED = ("message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid")
"""What a 400 says of a forum topic."""


class Fate(StrEnum):
    """What a failed attempt means for the letter."""

    KEPT = "kept"
    """It was not the letter's fault: Telegram cannot be reached, or does not know the token."""
    FLOODED = "flooded"
    """Telegram asks for a pause, which the pacer keeps."""
    LATER = "later"
    """Telegram failed: try again after a while."""
    UNCERTAIN = "uncertain"
    """It may have arrived: try again after a while, but not often."""
    TOPICLESS = "topicless"
    """Its forum topic is closed or deleted: send it without."""
    PLAIN = "plain"
    """Telegram cannot read the markup: send it without."""
    MOVED = "moved"
    """The chat has a new id."""
    RETIRED = "retired"
    """The chat does not take messages any more."""
    ABANDONED = "abandoned"
    """This letter can never be sent."""


_OF_ANOTHER = {413: Fate.ABANDONED, 504: Fate.UNCERTAIN}
"""What a gateway's own answer means where it says more than that something failed (RFC 9110, 15.5.14 and 15.6.5)."""


def judge(error: Exception) -> Fate:
    """Name the fate of a letter after a failed attempt.

    An answer that says it failed (5xx) is believed; one that makes no sense comes from something that may have done as
    it was asked.
    """
    match error:
        case TelegramError() if not is_telegrams_own(error):
            return _OF_ANOTHER.get(status_of_another(error) or 0, Fate.LATER)
        case TelegramError() if flood_pause(error) is not None:
            return Fate.FLOODED
        case TelegramError() if never_sent(error):
            return Fate.KEPT
        case TelegramError() if not fate_is_unknown(error):
            return _judge_refusal(error)
    return Fate.UNCERTAIN


def _judge_refusal(error: TelegramError) -> Fate:
    """The fate of a letter that Telegram refused.

    BadRequest is a NetworkError in python-telegram-bot, so it is asked for first. A token that Telegram does not know
    keeps the letter: the owner can mend the token.
    """
    words = error.message.casefold()
    match error:
        case InvalidToken() | Conflict():
            return Fate.KEPT
        case ChatMigrated():
            return Fate.MOVED
        case Forbidden():
            return Fate.RETIRED
        case BadRequest() if any(gone in words for gone in _GONE):
            return Fate.RETIRED
        case BadRequest() if any(closed in words for closed in _CLOSED):
            return Fate.TOPICLESS
        case BadRequest():
            return Fate.PLAIN if "parse entities" in words else Fate.ABANDONED
        case NetworkError():
            return Fate.ABANDONED if "too large" in words else Fate.LATER
    return Fate.UNCERTAIN
