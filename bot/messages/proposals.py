"""Deals that users propose: the question to those who decide, and what came of it."""

from collections.abc import Sequence
from datetime import datetime

from bot.language import day, moment, ngettext, pgettext
from bot.language import gettext as _
from bot.messages.frame import LONGEST_NAME, PAGE, Button, Message, cut, label
from bot.messages.standing import standing
from bot.messages.tracking import command, title
from models.people import MOST_PROPOSALS
from models.proposal import Answer, Proposal

# For whoever proposes ------------------------------------------------------------------------------------------------


def proposed(proposal: Proposal) -> Message:
    """A proposal was kept."""
    text = _(
        "Proposed: {deal}. The owner and the admins of this Hearsay are asked. You hear here what they decide.",
        deal=title(proposal.typed),
    )
    return Message(text, notice=pgettext("toast", "Proposed."))


def too_many() -> Message:
    """The user has proposed as much as one may."""
    text = pgettext(
        "toast", "{count} of your proposals wait for an answer. Propose this when one is decided.", count=MOST_PROPOSALS
    )
    return Message("", notice=text)


def declined_lately(until: datetime) -> Message:
    """The user proposed the same before, and it was declined."""
    text = pgettext(
        "toast",
        "You proposed this before, and it was declined. You can propose it again from {day}.",
        day=day(until),
    )
    return Message("", notice=text)


def told(proposal: Proposal) -> Message:
    """The message about a proposal: to those who decide while it is open, then to whoever made it."""
    return _answer(proposal) if proposal.answer else question(proposal)


def _answer(proposal: Proposal) -> Message:
    if proposal.answer is Answer.DECLINED:
        return Message(_("Your proposal was declined, so it is not tracked: {deal}", deal=title(proposal.typed)))
    lines = [_("Your proposal was approved: {deal}", deal=title(proposal.typed))]
    if proposal.deal is None:  # it was removed again
        return Message(lines[0])
    lines.append(_("This chat follows it from now on. Now: {standing}", standing=standing(proposal.deal)))
    return Message("\n".join(lines), ((_status(proposal.deal.id),),))


# For the owner and admins --------------------------------------------------------------------------------------------


def question(proposal: Proposal, notice: str = "") -> Message:
    """Ask whether a proposed deal shall be tracked."""
    who = _(
        "{name} (user {id}) proposes this, {moment}.",
        name=cut(proposal.name, LONGEST_NAME),
        id=f"<code>{proposal.user_id}</code>",  # a tap copies it, for /people
        moment=moment(proposal.made_at),
    )
    lines = [_("<b>Track this deal?</b>"), command(proposal.typed), who, _headlines(proposal.headlines)]
    answers = (
        Button(pgettext("button", "Approve"), f"proposal:{proposal.id}:{Answer.APPROVED}"),
        Button(pgettext("button", "Decline"), f"proposal:{proposal.id}:{Answer.DECLINED}"),
    )
    look = Button(pgettext("button", "Look first"), f"proposal:{proposal.id}:look")
    return Message("\n".join(lines), (answers, (look,)), notice)


def _headlines(count: int | None) -> str:
    """What the preview would say, as it was when the deal was proposed."""
    if count is None:
        return _("The stored headlines about it: “Look first”.")
    if not count:
        return _("No stored headline names these parties together.")
    return ngettext(
        "{count} stored headline names them together. To see the latest: “Look first”.",
        "{count} stored headlines name them together. To see the latest: “Look first”.",
        count,
    )


def settled(proposal: Proposal, *, before: bool) -> Message:
    """What was decided; ``before`` this press, by somebody."""
    notice = pgettext("toast", "This was answered already.") if before else ""
    if proposal.answer is Answer.DECLINED:
        text = _("Declined: {deal}. Whoever proposed it hears that.", deal=title(proposal.typed))
        return Message(text, notice=notice)
    text = _("Approved: {deal}. Whoever proposed it follows it now, and hears that.", deal=title(proposal.typed))
    return Message(text, ((_status(proposal.deal.id),),) if proposal.deal else (), notice)


def proposals(waiting: Sequence[Proposal]) -> Message:
    """What waits for an answer, oldest first, each with a button to it."""
    if not waiting:
        return Message(_("No proposed deal waits for an answer."))
    text = ngettext(
        "{count} proposed deal waits for an answer:", "{count} proposed deals wait for an answer:", len(waiting)
    )
    return Message(text, tuple((Button(label(p.typed), f"proposal:{p.id}"),) for p in waiting[:PAGE]))


def _status(deal_id: int) -> Button:
    return Button(pgettext("button", "Status"), f"status:{deal_id}:new")
