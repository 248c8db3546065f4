"""What people say is wrong: the question to them, to the owner, and what came of it."""

from collections.abc import Sequence

from bot.language import gettext as _
from bot.language import ngettext, pgettext
from bot.messages.frame import LONGEST_NAME, LONGEST_TITLE, Button, Message, Rows, cut, label
from bot.messages.owner import corrected, stands_now
from bot.messages.standing import EVIDENCE, evidence, headline
from matcher.decide import Outcome
from models.article import Claim
from models.change import Change
from models.feedback import Fault, Feedback, Verdict

LONGEST_STRIKE = 40
"""UTF-16 units of an outlet's name on a button."""


# For whoever complains -----------------------------------------------------------------------------------------------


def ask_whats_wrong(change: Change) -> Message:
    """Ask a user what is wrong with a change."""
    lines = [_("What is wrong with this?"), f"<b>{headline(change)}</b>", cut(change.deal.title, LONGEST_TITLE)]
    choices = (
        Button(pgettext("button", "Not this deal"), f"wrong:{change.id}:{Fault.OTHER_DEAL}"),
        Button(pgettext("button", "Wrong status"), f"wrong:{change.id}:{Fault.WRONG_STATUS}"),
    )
    return Message("\n".join(lines), (choices,))


def thanks(change: Change) -> Message:
    """A complaint was kept."""
    title = cut(change.deal.title, LONGEST_NAME)
    text = _("Thanks. The owner is asked about {title}. You hear what comes of it.", title=title)
    return Message(text, notice=pgettext("toast", "Thanks."))


def said_already() -> Message:
    """The user complained about this change before."""
    return Message("", notice=pgettext("toast", "You said so already. The owner is asked."))


def decided_already() -> Message:
    """The owner has looked at this change before."""
    return Message("", notice=pgettext("toast", "The owner has looked at this already, and decided."))


def said_enough() -> Message:
    """The user complained too often for one day."""
    return Message("", notice=pgettext("toast", "That is enough for today. Please try again tomorrow."))


# For the owner -------------------------------------------------------------------------------------------------------


def told(feedback: Feedback) -> Message:
    """The message about feedback: to the owner while it is open, then to those who gave it."""
    return _answer(feedback) if feedback.verdict else _question(feedback)


def _question(feedback: Feedback) -> Message:
    change = feedback.change
    lines = [
        _("<b>Wrong?</b> {change}", change=headline(change)),
        cut(change.deal.title, LONGEST_TITLE),
        *_complaints(feedback),
        "",
        *evidence(change.claims),
    ]
    return Message("\n".join(lines).rstrip(), _remedies(feedback))


def _complaints(feedback: Feedback) -> list[str]:
    """How many people say what."""
    faults = feedback.faults
    other, wrong = faults[Fault.OTHER_DEAL], faults[Fault.WRONG_STATUS]
    lines = []
    if other:
        lines.append(ngettext("{count} person says: not this deal.", "{count} people say: not this deal.", other))
    if wrong:
        lines.append(ngettext("{count} person says: wrong status.", "{count} people say: wrong status.", wrong))
    return lines


def _remedies(feedback: Feedback) -> Rows:
    shown = [claim for claim in feedback.change.claims if claim.outcome is not Outcome.STRUCK][-EVIDENCE:]
    strikes = tuple((Button(_strike(claim, shown), f"strike:{feedback.id}:{claim.id}"),) for claim in shown)
    undo = Button(pgettext("button", "Undo"), f"feedback:{feedback.id}:{Verdict.UNDONE}")
    dismiss = Button(pgettext("button", "Dismiss"), f"feedback:{feedback.id}:{Verdict.DISMISSED}")
    return (*strikes, (undo, dismiss))


def _strike(claim: Claim, shown: Sequence[Claim]) -> str:
    """The button's words; with several reports, which one."""
    if len(shown) == 1:
        return pgettext("button", "Strike this report")
    return pgettext("button", "Strike: {outlet}", outlet=label(claim.article.outlet, LONGEST_STRIKE))


def settled(feedback: Feedback, told: int) -> Message:
    """What the owner decided; so many chats are told of a correction."""
    change = feedback.change
    lines = [f"<b>{headline(change)}</b>", cut(change.deal.title, LONGEST_TITLE), *_complaints(feedback), ""]
    if feedback.verdict is Verdict.DISMISSED:
        lines.append(_("Dismissed. It stays as it is."))
    else:
        lines += [_counts_no_more(feedback), stands_now(change.deal), corrected(told)]
    return Message("\n".join(lines))


def _counts_no_more(feedback: Feedback) -> str:
    if feedback.verdict is Verdict.STRUCK:
        return _("Struck. The report counts no more.")
    return _("Taken back. The reports behind it count no more.")


def _answer(feedback: Feedback) -> Message:
    """What came of a complaint."""
    change = feedback.change
    about = _("You said that this is wrong: {change}", change=headline(change))
    lines = [about, cut(change.deal.title, LONGEST_TITLE)]
    if feedback.verdict is Verdict.DISMISSED:
        lines.append(_("The owner has looked at it. It stays as it is."))
    else:
        lines += [_("The owner agrees. Thank you."), stands_now(change.deal)]
    why = Button(pgettext("button", "Why"), f"why:{change.deal_id}:0:new")
    return Message("\n".join(lines), ((why,),))
