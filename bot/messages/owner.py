"""Becoming the owner, and what only the owner may do."""

from collections.abc import Sequence

from bot.language import gettext as _
from bot.language import moment, ngettext, pgettext
from bot.messages.frame import LONGEST_NAME, LONGEST_QUOTE, LONGEST_TITLE, Button, Message, cut, label
from bot.messages.standing import headline, standing, standing_words
from matcher.vocabulary import Stage, Status
from models.change import Change
from models.deal import Deal

UNDOABLE = 5
"""Changes that ``/undo`` offers to take back."""


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


def no_editor() -> Message:
    """A button for those who decide about deals."""
    return Message("", notice=pgettext("toast", "Only the owner and admins of this Hearsay may do that."))


def only_editors() -> Message:
    """A command for those who decide about deals."""
    return Message(_("Only the owner and admins of this Hearsay may do that."))


def only_in_private() -> Message:
    """A command about feeds, whose addresses may hold passwords, came in a group."""
    return Message(_("Others can read this chat, and addresses of feeds may hold passwords. Ask in a private chat."))


# Where a deal stands, by hand ----------------------------------------------------------------------------------------


def unknown_stage(near: Sequence[str]) -> Message:
    """No word of /set is a stage; ``near`` looks like one that was typed."""
    known = ", ".join(dict.fromkeys([*map(str, Stage), *map(str, Status)]))
    lines = [_("Did you mean {word}?", word=near[0])] if near else []
    lines.append(_("After the deal, say where it stands, then why: <code>/set huawei-att denied reason</code>"))
    lines.append(_("Words for where it stands: {words}", words=known))
    return Message("\n".join(lines))


def no_reason() -> Message:
    """A decision needs words that followers are shown."""
    return Message(_("Say why, too. Whoever is told reads it: <code>/set huawei-att denied reason</code>"))


def stands_so(deal: Deal) -> Message:
    """What was to be set stands already."""
    title = cut(deal.title, LONGEST_NAME)
    return Message(_("{title} stands so already: {standing}.", title=title, standing=standing(deal)))


def ask_to_set(deal: Deal, stage: Stage, reason: str, latest: Change | None, told: int) -> Message:
    """Show a decision before it is made. Its last line is the reason: :func:`reason_asked` reads it there."""
    lines = [
        f"<b>{cut(deal.title, LONGEST_TITLE)}</b>",
        _("Now: {standing}", standing=standing(deal)),
        _("Then: {standing}", standing=standing_words(stage)),
        _("It holds until a newer report says otherwise. The reason that followers read:"),
        cut(reason, LONGEST_QUOTE),
    ]
    yes = Button(_yes(told), f"set:{deal.id}:{stage}:{latest.id if latest else 0}")
    return Message("\n".join(lines), ((yes, Button(pgettext("button", "No"), f"status:{deal.id}")),))


def reason_asked(text: str) -> str:
    """The reason in the words of a message of :func:`ask_to_set`, as Telegram shows them."""
    return text.rsplit("\n", 1)[-1]


def moved_meanwhile(deal: Deal) -> Message:
    """The deal does not stand any more as the pressed button's message says."""
    title = cut(deal.title, LONGEST_NAME)
    text = _("{title} has moved meanwhile: {standing}. Nothing was changed.", title=title, standing=standing(deal))
    return Message(text, ((Button(pgettext("button", "Status"), f"status:{deal.id}"),),))


def decided(deal: Deal, change: Change, told: int) -> Message:
    """A decision was made."""
    done = _("Done: {title} is {standing}.", title=cut(deal.title, LONGEST_NAME), standing=headline(change))
    back = Button(pgettext("button", "Take it back"), f"undo-ask:{change.id}")
    return Message(f"{done} {_telling(told)}", ((back,),))


def _yes(told: int) -> str:
    if not told:
        return pgettext("button", "Yes, tell nobody")
    return ngettext("Yes, tell {count} chat", "Yes, tell {count} chats", told)


def _telling(told: int) -> str:
    return ngettext("{count} chat is told.", "{count} chats are told.", told) if told else _("Nobody is told.")


# Corrections ---------------------------------------------------------------------------------------------------------


def undoable(deal: Deal, changes: Sequence[Change]) -> Message:
    """The last changes of a deal, each with a button that takes it back after a question."""
    title = cut(deal.title, LONGEST_TITLE)
    if not changes:
        return Message(_("{title} has no change that could be taken back.", title=title))
    lines = [_("<b>{title}</b> – what was wrong?", title=title)]
    lines += [f"• {moment(change.at)}: {headline(change)}" for change in changes]
    return Message("\n".join(lines), tuple((_offer(change),) for change in changes))


def _offer(change: Change) -> Button:
    return Button(label(f"{headline(change)} ({moment(change.at)})", LONGEST_TITLE), f"undo-ask:{change.id}")


def ask_to_undo(change: Change, told: int) -> Message:
    """Ask before a change is taken back that so many chats were told of."""
    lines = [
        _("Take this back?"),
        f"<b>{headline(change)}</b>",
        f"{cut(change.deal.title, LONGEST_TITLE)}, {moment(change.at)}",
        _("The reports behind it count no more. The deal then stands where the others leave it."),
        _corrected(told),
    ]
    yes = Button(_yes(told), f"undo-do:{change.id}")
    return Message("\n".join(lines), ((yes, Button(pgettext("button", "No"), f"undo:{change.deal_id}")),))


def _corrected(told: int) -> str:
    if not told:
        return _("Nobody was told of it.")
    return ngettext(
        "{count} chat was told of it, and gets a correction.",
        "{count} chats were told of it, and get a correction.",
        told,
    )


def undone(change: Change, deal: Deal, told: int) -> Message:
    """A change was taken back; so many chats are told of the correction."""
    lines = [_("Taken back: {change}", change=headline(change)), stands_now(deal), corrected(told)]
    return Message("\n".join(lines), ((Button(pgettext("button", "History"), f"history:{deal.id}:new"),),))


def stands_now(deal: Deal) -> str:
    """Where a deal stands after a correction."""
    return _("{title} stands so now: {standing}", title=cut(deal.title, LONGEST_NAME), standing=standing(deal))


def corrected(told: int) -> str:
    """How many chats a correction is told."""
    if not told:
        return _("Nobody had been told, so nobody gets a correction.")
    return ngettext("{count} chat is told of the correction.", "{count} chats are told of the correction.", told)


def taken_back_already() -> Message:
    """A button about a change that does not stand any more."""
    return Message("", notice=pgettext("toast", "This was taken back already."))
