"""A deal's card as it is shared in another chat, where Hearsay's own buttons would reach nobody."""

import re

from bot.language import pgettext
from bot.messages import deals
from bot.messages.frame import LONGEST_TITLE, Button, Message, label, plain
from bot.messages.standing import standing
from models.change import Change
from models.deal import Deal

LONGEST_DESCRIPTION = 200
_PAYLOAD = re.compile(r"[\w-]{1,64}", re.ASCII)
"""What a link may hand to the bot's /start (Telegram: deep linking)."""


def title(deal: Deal) -> str:
    """What the list of cards shows."""
    return label(deal.title, LONGEST_TITLE)


def description(deal: Deal) -> str:
    """What it shows below that."""
    return plain(standing(deal), LONGEST_DESCRIPTION)


def shared(deal: Deal, latest: Change | None) -> Message:
    """The card, without buttons."""
    return Message(deals.status(deal, latest, followed=False).text)


def follow_link(deal: Deal, bot: str) -> Button | None:
    """The one button that works everywhere: a link (in the place of its data) to the bot, which follows the deal."""
    if not _PAYLOAD.fullmatch(deal.slug):
        return None
    return Button(pgettext("button", "Follow this deal"), f"https://t.me/{bot}?start={deal.slug}")
