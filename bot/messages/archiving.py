"""Deals whose news is read no more."""

from collections.abc import Sequence

from bot.language import day, ngettext, pgettext
from bot.language import gettext as _
from bot.messages.deals import bring_back_button
from bot.messages.frame import (
    LONGEST_ITEM,
    LONGEST_NAME,
    LONGEST_TITLE,
    Button,
    Message,
    cut,
    label,
    page_line,
    plain,
    turns,
)
from bot.messages.standing import standing
from models.deal import Deal


def ask_to_archive(deal: Deal, followers: int) -> Message:
    """Say what it means before it is done; ``followers`` is how many chats it concerns."""
    lines = [
        f"<b>{cut(deal.title, LONGEST_TITLE)}</b>",
        standing(deal),
        _followed(followers),
        "",
        _(
            "Archive it? Its news is read no more, and nobody is told of it. "
            "Nothing is deleted, and it can be brought back. Only what was reported meanwhile is not read later."
        ),
    ]
    yes = Button(pgettext("button", "Archive it"), f"archive-do:{deal.id}")
    return Message("\n".join(lines), ((yes, Button(pgettext("button", "No"), f"status:{deal.id}")),))


def _followed(followers: int) -> str:
    if not followers:
        return _("No chat follows it.")
    return ngettext("{count} chat follows it.", "{count} chats follow it.", followers)


def archived(deal: Deal) -> Message:
    """It is archived, now or since before."""
    text = _(
        "{title} is archived. /status {deal} still shows it, and /archive lists all that are archived.",
        title=cut(deal.title, LONGEST_NAME),
        deal=deal.slug,
    )
    return Message(text, ((bring_back_button(deal),),), pgettext("toast", "Archived."))


def no_decision(deal: Deal) -> Message:
    """An archived deal is not set to a stage: its followers were promised that nobody is told of it."""
    text = _(
        "{title} is archived, and nobody is told of it. Bring it back first, then say where it stands.",
        title=cut(deal.title, LONGEST_NAME),
    )
    return Message(text, ((bring_back_button(deal),),))


def not_released(deal: Deal) -> Message:
    """Over the button of a held report about an archived deal. Its message stays, to be answered later."""
    text = pgettext(
        "toast",
        "{title} is archived, and nobody is told of it. Bring it back first: /archive",
        title=plain(deal.title, LONGEST_NAME),
    )
    return Message("", notice=text)


def brought_back() -> str:
    """Over the card of a deal whose news is read again."""
    return pgettext("toast", "Brought back. Its news is read again.")


def all_archived(page: Sequence[Deal], number: int, pages: int) -> Message:
    """A page (``number`` from 0) of the archived deals; each opens its card."""
    if not page:
        return Message(_("No deal is archived. To archive one: <code>/archive huawei-att</code>"))
    lines = [_("Archived deals. To archive another one: <code>/archive huawei-att</code>")]
    lines += [_line(deal) for deal in page]
    rows = tuple((Button(label(deal.title), f"status:{deal.id}:new"),) for deal in page)
    return Message("\n".join(lines + page_line(number, pages)), rows + turns(number, pages, "archived:{}"))


def _line(deal: Deal) -> str:
    since = day(deal.archived_at) if deal.archived_at else ""
    return f"• {cut(deal.title, LONGEST_ITEM)} (<code>{deal.slug}</code>): {since}"
