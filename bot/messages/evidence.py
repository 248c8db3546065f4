"""The chain of evidence: what was said of a deal, by whom, and what became of each word."""

from collections.abc import Sequence

from bot.language import N_, day, moment, ngettext, pgettext
from bot.language import gettext as _
from bot.messages.frame import (
    LONGEST_ITEM,
    LONGEST_QUOTE,
    LONGEST_TITLE,
    Button,
    Message,
    Rows,
    cut,
    link,
    page_line,
    turns,
)
from bot.messages.standing import SPEAKER_WORDS, contested, heading, standing_words, weight
from matcher.decide import LIKELY, SURE, Outcome
from matcher.vocabulary import Speaker, Status
from models.article import Claim
from models.change import Change
from models.deal import Deal
from models.evidence import Piece, Sum

WHY = 4
"""Claims on one page of ``/why``."""
LONGEST_SAID = 200
"""UTF-16 units of one quote on it."""
CARRIERS, LONGEST_CARRIER = 2, 40
"""Outlets that are named for having carried copies, and UTF-16 units of one name."""

_OUTCOME_WORDS = {
    Outcome.MOVED: N_("moved the deal"),
    Outcome.SUPPORTED: N_("agreed with where it stood"),
    Outcome.OLDER: N_("older than what counted then"),
    Outcome.SETTLED: N_("told in passing, moved nothing"),
    Outcome.BYSTANDER: N_("an onlooker's word, moved nothing"),
    Outcome.POWERLESS: N_("not enough against where it stood"),
    Outcome.DOUBTFUL: N_("too uncertain to count"),
    Outcome.HELD: N_("held, only an unvetted feed says so"),
    Outcome.STRUCK: N_("struck, a person said that it is wrong"),
}


def why(
    deal: Deal, total: Sum, pieces: Sequence[Piece], number: int, sides: Sequence[Claim], decision: Change | None
) -> Message:
    """One page (``number`` from 0) of what was said of a deal, newest first."""
    lines = [_("<b>{title}</b> – why?", title=cut(deal.title, LONGEST_TITLE)), *_standing(deal, decision)]
    lines += [_total(total)] if total.articles or total.listed else []
    lines += _both_sides(sides) if deal.contested and not number else []
    for piece in pieces:
        lines += ["", *_told(piece)]
    pages = -(-total.listed // WHY)
    return Message("\n".join(lines + page_line(number, pages)), _turns(deal, number, pages))


def _turns(deal: Deal, number: int, pages: int) -> Rows:
    onward = (
        Button(pgettext("button", "Status"), f"status:{deal.id}"),
        Button(pgettext("button", "History"), f"history:{deal.id}"),
    )
    return (*turns(number, pages, f"why:{deal.id}:{{}}"), onward)


def _standing(deal: Deal, decision: Change | None) -> list[str]:
    if deal.stage is None:
        return [_("No reports yet.")]
    since = _("{weight} · since {day}", weight=_grounds(deal, decision), day=day(deal.moment))
    return [f"<b>{standing_words(deal.stage)}</b>", since]


def _grounds(deal: Deal, decision: Change | None) -> str:
    if decision:
        return _("decided by hand: {reason}", reason=cut(decision.reason, LONGEST_QUOTE) or "–")
    return weight(confirmed=deal.confirmed, sources=len(deal.origins))


def _total(total: Sum) -> str:
    articles = ngettext("{count} article", "{count} articles", total.articles)
    sources = ngettext("{count} source", "{count} sources", total.sources)
    if not total.copies:
        return _("In all: {articles}, {sources}.", articles=articles, sources=sources)
    copies = ngettext("{count} copy", "{count} copies", total.copies)
    return _("In all: {articles}, {sources}, {copies}.", articles=articles, sources=sources, copies=copies)


def _both_sides(sides: Sequence[Claim]) -> list[str]:
    """What a party says last, and what is reported against it."""
    lines = ["", contested()]
    for claim in sides:
        lines.append(f"• {heading(claim.stage.status)}: {_quote(claim)}")
        lines.append(f"– {_credit(claim)}")
    return lines


def _told(piece: Piece) -> list[str]:
    claim = piece.claim
    lines = [_quote(claim), f"– {_credit(claim)}"]
    lines.append(_("{status}: {outcome}", status=heading(claim.stage.status), outcome=_(_OUTCOME_WORDS[claim.outcome])))
    lines += _doubts(claim)
    return lines + [_copies(piece)] * bool(piece.copies)


def _quote(claim: Claim) -> str:
    return _("“{quote}”", quote=cut(claim.quote, LONGEST_SAID))


def _credit(claim: Claim) -> str:
    """Who says so, who reported it first, and where it was read when."""
    carried = link(claim.article.url, cut(claim.article.outlet, LONGEST_ITEM) or _("an outlet without a name"))
    speaker, origin = _(SPEAKER_WORDS[claim.speaker]), cut(claim.origin, LONGEST_ITEM)
    if claim.origin == claim.article.outlet:
        said = speaker
    elif claim.speaker is Speaker.OUTLET:
        said = _("first reported by {origin}", origin=origin)
    else:
        said = _("{speaker}, first reported by {origin}", speaker=speaker, origin=origin)
    when = day(claim.moment) if claim.article.day_only else moment(claim.moment)
    return f"{said}; {carried}, {when}"


def _doubts(claim: Claim) -> list[str]:
    """How well it was read, if not well."""
    if claim.certainty < LIKELY:
        return [_("Probably misread.")]
    return [_("Perhaps misread.")] if claim.certainty < SURE[Status.DENIED] else []


def _copies(piece: Piece) -> str:
    outlets = ", ".join(cut(outlet, LONGEST_CARRIER) or "–" for outlet in piece.carriers[:CARRIERS])
    more = " …" * (len(piece.carriers) > CARRIERS)
    return ngettext(
        "and {count} copy in {outlets}", "and {count} copies in {outlets}", piece.copies, outlets=outlets + more
    )
