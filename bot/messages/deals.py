"""The deals: lists, cards, histories, and finding the one that is meant."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from bot.language import N_, any_of, day, moment, ngettext, pgettext
from bot.language import gettext as _
from bot.messages.frame import (
    LONGEST_ITEM,
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Button,
    Message,
    Rows,
    cut,
    label,
    page_line,
    turns,
    visible_length,
)
from bot.messages.search import repeated
from bot.messages.standing import contested, evidence, heading, headline, stage_words, standing_words, weight
from matcher.vocabulary import Status
from models.change import Change
from models.deal import Deal

CHOICES = 10
"""Deals offered as buttons when several fit."""
HISTORY = 8
"""Changes that ``/history`` shows."""

_NONE_OF = {
    Status.RUMORED: N_("No rumored deals yet."),
    Status.DENIED: N_("No denied deals yet."),
    Status.FINALIZED: N_("No finalized deals yet."),
}


def deals(page: Sequence[Deal], number: int, pages: int, asked: str, words: str, status: Status | None) -> Message:
    """One page of the watchlist (``number`` from 0), grouped by status. ``asked`` are its words and its status."""
    if not page:
        return _no_deals(words, status)
    lines = [repeated("deals", asked)] * bool(asked)
    for shared, group in groupby(page, key=lambda deal: deal.status):
        lines.append(f"<b>{heading(shared)}</b>")
        lines += [f"• {cut(deal.title, LONGEST_ITEM)}: {stage_words(deal)}" for deal in group]
    rows = tuple((Button(label(deal.title), f"status:{deal.id}:new"),) for deal in page)
    text = "\n".join(lines + page_line(number, pages))
    return Message(text, rows + turns(number, pages, "deals:{}"))


def _no_deals(words: str, status: Status | None) -> Message:
    typed = cut(words, LONGEST_NAME)
    if words and status:
        return Message(_("No deal with this status fits “{words}”. /deals lists them all.", words=typed))
    if words:
        known = any_of(["/deals", *(f"/deals {status}" for status in Status)])
        return Message(_("No deal fits “{words}”, and it is no status. Try {commands}.", words=typed, commands=known))
    return Message(_(_NONE_OF[status]) if status else _("No deals yet. The owner adds them with: hearsay deals add"))


def status(deal: Deal, latest: Change | None, *, followed: bool, notice: str = "", compact: bool = False) -> Message:
    """The card of a deal: where it stands, on whose word, in the words of the ``latest`` change with evidence.

    A ``compact`` one leaves out those words.
    """
    lines = [f"<b>{cut(deal.title, LONGEST_TITLE)}</b>"]
    if deal.stage is None:
        lines.append(_("No reports yet."))
    else:
        behind = weight(confirmed=deal.confirmed, sources=len(deal.origins))
        lines.append(f"<b>{standing_words(deal.stage)}</b>")
        lines.append(_("{weight} · since {day}", weight=behind, day=day(deal.moment)))
        lines += [contested()] * deal.contested
        lines += ["", *evidence(latest.claims)] if latest and not compact else []
    if deal.archived_at:
        lines.insert(1, _("Archived on {day}, no longer followed.", day=day(deal.archived_at)))
    return Message("\n".join(lines).rstrip(), _card_buttons(deal, latest, followed=followed), notice)


def returnable(card: Message, deal: Deal) -> Message:
    """The card of an archived deal for those who may bring it back."""
    return replace(card, buttons=(*card.buttons, (bring_back_button(deal),)))


def bring_back_button(deal: Deal) -> Button:
    """Lets the news of an archived deal be read again."""
    return Button(pgettext("button", "Bring it back"), f"bring-back:{deal.id}")


def history(deal: Deal, changes: Sequence[Change]) -> Message:
    """The deal's changes, newest first, with the evidence behind each."""
    lines = [_("<b>{title}</b> – history", title=cut(deal.title, LONGEST_TITLE))]
    if not changes:
        lines.append(_("No reports yet."))
    more = "\n" + _("Older changes are not shown.")
    taken_back = {change.undoes_id for change in changes}  # a correction is newer than what it takes back
    for change in changes:
        said = f"{headline(change)} · {weight(confirmed=change.confirmed, sources=change.sources)}"
        what = _("<s>{change}</s> (taken back)", change=said) if change.id in taken_back else said
        block = ["", f"<b>{moment(change.at)}</b>", what, *evidence(change.claims)]
        if visible_length([*lines, *block, more]) > LONGEST_TEXT:
            lines.append(more)
            break
        lines += block
    return Message("\n".join(lines), ((Button(pgettext("button", "Status"), f"status:{deal.id}"),),))


def choose(candidates: Sequence[Deal], action: str) -> Message:
    """Several deals fit what was typed: let the user press one."""
    more = len(candidates) - CHOICES
    question = ngettext("{count} deal fits. Which one?", "{count} deals fit. Which one?", len(candidates))
    if more > 0:
        rest = ngettext("{count} more fits; type more of the name.", "{count} more fit; type more of the name.", more)
        question = f"{question} {rest}"
    return Message(question, _choices(candidates[:CHOICES], action))


def not_found(query: str, suggestions: Sequence[Deal], action: str) -> Message:
    """Nothing fits what was typed: let the user press what comes near."""
    typed = cut(query, LONGEST_NAME)
    if not suggestions:
        return Message(_("No deal fits “{query}”. /deals lists them all.", query=typed))
    text = _("No deal fits “{query}”. Did you mean one of these? /deals lists them all.", query=typed)
    return Message(text, _choices(suggestions, action))


def _card_buttons(deal: Deal, latest: Change | None, *, followed: bool) -> Rows:
    if followed:
        follow = Button(pgettext("button", "Unsubscribe"), f"unfollow:{deal.id}")
    else:
        follow = Button(pgettext("button", "Subscribe"), f"follow:{deal.id}")
    timeline = Button(pgettext("button", "Timeline"), f"timeline:{deal.id}")
    why = Button(pgettext("button", "Why"), f"why:{deal.id}:0")
    mute = (Button(pgettext("button", "Mute"), f"mute:{deal.id}:new"),) if followed else ()
    wrong = (Button(pgettext("button", "Wrong"), f"wrong:{latest.id}"),) if latest else ()
    return ((follow, Button(pgettext("button", "History"), f"history:{deal.id}"), timeline), (why, *mute, *wrong))


def _choices(deals: Sequence[Deal], action: str) -> Rows:
    return tuple((Button(label(deal.title, LONGEST_NAME), f"{action}:{deal.id}"),) for deal in deals)
