"""Where a deal stands and on whose word: what cards, lists and pushes are made from."""

from collections.abc import Iterable

from bot.language import N_, moment, ngettext
from bot.language import gettext as _
from bot.messages.frame import LONGEST_NAME, LONGEST_QUOTE, cut, link
from matcher.vocabulary import ChangeKind, Speaker, Stage, Status
from models.article import Claim
from models.change import Change
from models.deal import Deal

EVIDENCE = 3
"""Claims shown under one change."""

STATUS_WORDS = {
    Status.RUMORED: N_("RUMORED"),
    Status.DENIED: N_("DENIED"),
    Status.FINALIZED: N_("FINALIZED"),
}
STAGE_WORDS = {
    Stage.SPECULATION: N_("speculation"),
    Stage.TALKS: N_("in talks"),
    Stage.OFFER: N_("offer made"),
    Stage.NEAR: N_("close to a deal"),
    Stage.QUIET: N_("quiet, nothing new for a year"),
    Stage.DENIED: N_("a party says there is nothing"),
    Stage.REJECTED: N_("offer turned down"),
    Stage.CALLED_OFF: N_("called off"),
    Stage.BLOCKED: N_("blocked by an authority"),
    Stage.TERMINATED: N_("signed deal ended"),
    Stage.AGREED: N_("agreed"),
    Stage.COMPLETED: N_("completed"),
}
SPEAKER_WORDS = {
    Speaker.PARTY: N_("a party to the deal"),
    Speaker.FILING: N_("a filing"),
    Speaker.AUTHORITY: N_("an authority"),
    Speaker.SOURCES: N_("unnamed sources"),
    Speaker.OUTLET: N_("the outlet's own report"),
    Speaker.ANALYST: N_("an analyst"),
    Speaker.OTHER: N_("someone outside the deal"),
}


def heading(status: Status | None) -> str:
    """The status by itself; without one, that nothing was reported."""
    return _(STATUS_WORDS[status]) if status else _("NO REPORTS YET")


def stage_words(deal: Deal) -> str:
    """The deal's stage, without its status."""
    return _(STAGE_WORDS[deal.stage]) if deal.stage else _("no reports yet")


def standing_words(stage: Stage | None) -> str:
    """Status and stage; without one, that nothing was reported."""
    return f"{heading(stage.status)} · {_(STAGE_WORDS[stage])}" if stage else heading(None)


def standing(deal: Deal) -> str:
    """Where a deal stands, in one line without markup."""
    if deal.stage is None:
        return _("no reports yet")
    return f"{standing_words(deal.stage)} ({weight(confirmed=deal.confirmed, sources=len(deal.origins))})"


def weight(*, confirmed: bool, sources: int) -> str:
    """How much stands behind a status: confirmed, or reported by so many independent sources."""
    if not sources:
        return _("as the owner says")
    if confirmed:
        return _("confirmed")
    return ngettext("reported · {count} source", "reported · {count} sources", sources)


def headline(change: Change) -> str:
    """What changed, in a few words without markup."""
    after = standing_words(change.stage)
    if change.undoes_id:
        return _("Correction: {standing}", standing=after)
    match change.kind:
        case ChangeKind.STATUS if change.from_status:
            return f"{heading(change.from_status)} → {after}"
        case ChangeKind.CONFIRMATION if change.confirmed:
            return _("Confirmed: {standing}", standing=after)
        case ChangeKind.CONFIRMATION:
            return _("Second source: {standing}", standing=after)
    return after


def contested() -> str:
    """That two sides say different things."""
    return _("Contested: a party and independent reports contradict each other.")


def evidence(claims: Iterable[Claim]) -> list[str]:
    """The last few claims: what was said, by whom, and where."""
    lines = []
    for claim in list(claims)[-EVIDENCE:]:
        article = claim.article
        carried = cut(article.outlet, LONGEST_NAME) or _("an outlet without a name")
        lines.append(_("“{quote}”", quote=cut(claim.quote, LONGEST_QUOTE)))
        lines.append(f"– {_credit(claim)}; {link(article.url, carried)}, {moment(claim.moment)}")
    return lines


def _credit(claim: Claim) -> str:
    """Who says so, and who reported it first."""
    speaker, origin = _(SPEAKER_WORDS[claim.speaker]), cut(claim.origin, LONGEST_NAME)
    if claim.origin == claim.article.outlet:
        return speaker
    if claim.speaker is Speaker.OUTLET:
        return _("first reported by {origin}", origin=origin)
    return _("{speaker}, first reported by {origin}", speaker=speaker, origin=origin)
