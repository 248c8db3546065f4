"""Why a deal cannot be, in the words of the conversation: where nobody sees a file, nobody knows its keys."""

from collections.abc import Sequence

from bot.language import N_, said
from bot.language import gettext as _
from bot.messages.frame import LONGEST_REASON, cut
from models.watchlist import Problem

_SUBJECTS = {
    "slug": N_("The short name"),
    "title": N_("The title"),
    "keywords": N_("The keywords"),
    "party": N_("The parties"),
    "name": N_("The name"),
    "aliases": N_("The other names"),
    "ticker": N_("The ticker"),
    "requires": N_("The words beside it"),
    "not": N_("The phrases that are something else"),
}
_SUBJECTS_OF_A_PARTY = {
    "name": N_("The name of {party}"),
    "aliases": N_("The other names of {party}"),
    "ticker": N_("The ticker of {party}"),
    "requires": N_("The words beside {party}"),
    "not": N_("The phrases that are not {party}"),
}
"""By the file's keys. A party without a name cannot be named."""


def why(problems: Sequence[Problem]) -> str:
    """What has to be mended, one sentence after the other."""
    return cut(" ".join(map(_sentence, problems)), LONGEST_REASON)


def _sentence(problem: Problem) -> str:
    reason = said(problem.plainly or problem.reason)
    subject = _SUBJECTS_OF_A_PARTY.get(problem.key) if problem.party else _SUBJECTS.get(problem.key)
    if subject is None:
        return reason
    return _("{subject}: {reason}.", subject=_(subject, party=problem.party), reason=reason)
