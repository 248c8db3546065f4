"""Taking up a deal: what it would be, and what the stored headlines say of it."""

import re
from collections.abc import Sequence

from bot.language import N_, day, ngettext, pgettext
from bot.language import gettext as _
from bot.messages.frame import (
    LONGEST_ITEM,
    LONGEST_NAME,
    LONGEST_REASON,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Button,
    Message,
    Rows,
    cut,
    escaped,
    visible_length,
)
from bot.messages.reasons import why
from bot.messages.settings import option
from bot.messages.standing import STAGE_WORDS, standing_words
from matcher.vocabulary import Deal, Kind, Party
from models.ambiguity import Ambiguity, CommonWord, LegalForm
from models.preview import Finding, Preview
from models.watchlist import Problem

SHOWN = 5
"""Headlines of a preview."""
WARNINGS = 3
WRITTEN = 3
"""Ways to write a name that were found in headlines."""
IN_A_ROW = 3
"""Kinds on one row of buttons: five of them would be cut short on a phone."""

KIND_NAMES = {
    Kind.ACQUISITION: N_("acquisition"),
    Kind.MERGER: N_("merger"),
    Kind.STAKE: N_("stake"),
    Kind.JOINT_VENTURE: N_("joint venture"),
    Kind.PARTNERSHIP: N_("partnership"),
}
_COMMAND = re.compile(r"^/track (.+)$", re.MULTILINE)
_ASKED = re.compile(r"^/track(?: (.+))?\Z", re.MULTILINE)
"""The end of a question: for the parties or, with a deal behind it, for another name."""


# The preview ---------------------------------------------------------------------------------------------------------


def preview(line: str, deal: Deal, found: Preview, doubts: Sequence[Ambiguity], *, editor: bool) -> Message:
    """Show what would be tracked before it is. Its first line is the command, from which its buttons read the deal.

    An ``editor`` may track the deal; anybody else may propose it.
    """
    named = _("Kind: {kind}. Short name: <code>{slug}</code>", kind=_(KIND_NAMES[deal.kind]), slug=deal.slug)
    parties = [_party(party, written) for party, written in zip(deal.parties, found.written, strict=True)]
    lines = [command(line), named, *parties, "", *_found(found)]
    for doubt in doubts[:WARNINGS]:
        warning = f"⚠️ {_warning(doubt)}"
        if visible_length([*lines, "", warning]) <= LONGEST_TEXT:
            lines += ["", warning]
    return Message("\n".join(lines), (*_kinds(deal), _actions(editor=editor)))


def command(line: str) -> str:
    """The command that brings the preview of this deal."""
    return f"<code>/track {escaped(line)}</code>"


def _party(party: Party, written: Sequence[str]) -> str:
    """A party and all that it is known by."""
    names = [*party.aliases, *([f"${party.ticker}"] if party.ticker else ())]
    others = [name for name in written if name not in party.names][:WRITTEN]
    facts = [
        party.name,
        *([_("also {names}", names=", ".join(names))] if names else ()),
        *([_("only beside {words}", words=", ".join(party.requires))] if party.requires else ()),
        *([_("but not {phrases}", phrases=", ".join(party.excludes))] if party.excludes else ()),
        *([_("in headlines {names}", names=", ".join(others))] if others else ()),
    ]
    return f"• {cut('; '.join(facts), 2 * LONGEST_NAME)}"


def _found(found: Preview) -> list[str]:
    if not found.findings:
        return [_("No stored headline names these parties together.")]
    count = ngettext(
        "{count} stored headline names them together:",
        "{count} stored headlines name them together:",
        len(found.findings),
    )
    would = _("By them it would be: {standing}. Nobody is told of that.", standing=standing_words(found.standing.stage))
    return [count, *map(_headline, found.findings[-SHOWN:]), would]


def _headline(found: Finding) -> str:
    article = found.stored.article
    title, when = cut(article.title, LONGEST_ITEM), day(article.moment)
    if found.stage is None:
        return _("• {title} ({day}): a mention only", title=title, day=when)
    return _("• {title} ({day}): {stage}", title=title, day=when, stage=_(STAGE_WORDS[found.stage]))


def _warning(doubt: Ambiguity) -> str:
    """What may go wrong with a name, and what to answer to "Add a name"."""
    if isinstance(doubt, CommonWord):
        return _(
            "“{word}” is also a common word. It counts only with a capital letter, and only beside another party. "
            "To demand more, press “Add a name” and answer <code>{party}: beside …</code>, "
            "with a word that stands in an article when the company is meant.",
            word=cut(doubt.word, LONGEST_NAME),
            party=cut(doubt.party, LONGEST_NAME),
        )
    if isinstance(doubt, LegalForm):
        return legal_form(doubt)
    first, second = list(doubt.bearers)[:2]
    return _(
        "“{name}” is a name of {first}, and of {second}. An article counts for the deal whose other party it names. "
        "To tell them apart, press “Add a name” and answer <code>{first}: not …</code>, "
        "with a phrase that means the other.",
        name=cut(doubt.name, LONGEST_NAME),
        first=cut(first, LONGEST_NAME),
        second=cut(second, LONGEST_NAME),
    )


def legal_form(doubt: LegalForm) -> str:
    """What goes wrong if the name is not what the press calls the company."""
    return _(
        "“{form}” is also a legal form, which many companies have. "
        "Where it stands in an article, it is taken for {party}.",
        form=cut(doubt.form, LONGEST_NAME),
        party=cut(doubt.party, LONGEST_NAME),
    )


def _kinds(deal: Deal) -> Rows:
    kinds = [option(_(KIND_NAMES[kind]), f"track:{kind}", chosen=kind is deal.kind) for kind in Kind]
    return tuple(kinds[:IN_A_ROW]), tuple(kinds[IN_A_ROW:])


def _actions(*, editor: bool) -> tuple[Button, ...]:
    track, propose = pgettext("button", "Track it"), pgettext("button", "Propose it")
    name = Button(pgettext("button", "Add a name"), "track:name")
    return (Button(track, "track") if editor else Button(propose, "propose")), name


def line_of(text: str) -> str:
    """The deal that a message is about, as it is typed; empty if it is about none."""
    found = _COMMAND.search(text)
    return found[1] if found else ""


def previewed(text: str) -> str | None:
    """The deal of a preview; None if the message is none."""
    return line_of(text) if text.startswith("/track ") else None


# Questions -----------------------------------------------------------------------------------------------------------


def ask_parties() -> Message:
    """Ask for a deal. The last line is the command that an answer is completed to."""
    lines = [
        _("Which companies, and what may they do together? Reply to this message, for example:"),
        "<code>Huawei + AT&amp;T partnership</code>",
        _("Other names of a company stand behind it:"),
        "<code>Huawei + AT&amp;T = ATT Mobility = $T partnership</code>",
        "",
        _("Or type them behind this:"),
        "<code>/track</code>",
    ]
    return Message("\n".join(lines))


def ask_name(line: str, deal: Deal) -> Message:
    """Ask for another name of a party. The last line is the deal as it is."""
    party = cut(deal.parties[-1].name, LONGEST_NAME)
    lines = [
        _("Which name, and of whom? Reply to this message with the party, a colon and the name:"),
        f"<code>{party}: …</code>",
        _("Behind the colon may stand, too:"),
        _("• <code>$T</code>: a ticker"),
        _("• <code>beside carrier</code>: a word that must stand in the same article"),
        _("• <code>not AT&amp;T Park</code>: a phrase that means something else"),
        "",
        command(line),
    ]
    return Message("\n".join(lines), ((Button(pgettext("button", "← Back"), f"track:{deal.kind}"),),))


def asked(text: str) -> str | None:
    """What a question is about: a deal whose name is asked for, or empty for a new one; None if it is no question."""
    found = _ASKED.search(text)
    return None if found is None else found[1] or ""


def asked_again(refusal: Message, line: str) -> Message:
    """An answer cannot be. The last line is that of the question, so that this can be replied to as well."""
    last = command(line) if line else "<code>/track</code>"
    asked = _("Reply to this message to answer again:")
    return Message(f"{refusal.text}\n\n{asked}\n{last}", refusal.buttons, refusal.notice)


def whose_name(deal: Deal) -> Message:
    """A name came without a party of the deal before it."""
    return Message(
        _(
            "Say first whose name it is, then a colon, such as <code>{party}: …</code> The parties are {parties}.",
            party=cut(deal.parties[-1].name, LONGEST_NAME),
            parties=cut(", ".join(party.name for party in deal.parties), LONGEST_REASON),
        )
    )


# What became of it ---------------------------------------------------------------------------------------------------


def tracked(deal: str, found: Preview, card: Message) -> Message:
    """A deal was taken up; ``deal`` is its slug, and the card shows where it stands."""
    lines = [_("Tracked: <code>{deal}</code>. From now on its news is read.", deal=deal)]
    if found.findings:
        lines.append(
            ngettext(
                "{count} stored headline counts already; nobody was told.",
                "{count} stored headlines count already; nobody was told.",
                len(found.acting),
            )
        )
    return Message("\n".join([*lines, "", card.text]), card.buttons, pgettext("toast", "Tracked."))


def already_tracked(deal: str, card: Message) -> Message:
    """There is this deal; ``deal`` is its slug, and the card shows where it stands."""
    line = _("<code>{deal}</code> is tracked already: /status {deal}", deal=deal)
    return Message(f"{line}\n\n{card.text}", card.buttons, pgettext("toast", "It is tracked already."))


def merged(deal: str, into: str, card: Message) -> Message:
    """There was this deal, and it was merged; ``into`` is the slug of the deal that goes on, which the card shows."""
    line = _(
        "<code>{deal}</code> was merged into <code>{into}</code>, and leads there: /status {into}", deal=deal, into=into
    )
    return Message(f"{line}\n\n{card.text}", card.buttons, pgettext("toast", "It was merged into another deal."))


def archived(deal: str, card: Message) -> Message:
    """There was this deal; ``deal`` is its slug, and the card shows where it stood."""
    line = _("<code>{deal}</code> is archived: its news is read no more. An admin can bring it back.", deal=deal)
    return Message(f"{line}\n\n{card.text}", card.buttons, pgettext("toast", "It is archived."))


def cannot_track(problems: Sequence[Problem]) -> Message:
    """It would be no deal."""
    return Message(_("Not tracked. {reason}", reason=why(problems)))


def propose_in_private() -> Message:
    """Somebody without the right to track a deal asked in a group."""
    return Message(
        _(
            "Only the owner and admins of this Hearsay may track a deal here. "
            "You can propose one: send me /track in a private chat."
        )
    )


def title(line: str) -> str:
    """A deal as it was typed, as part of a sentence."""
    return cut(line, LONGEST_TITLE)
