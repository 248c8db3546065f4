"""Taking up a deal: what it would be, and what the stored headlines say of it."""

from collections.abc import Sequence

from bot.language import day, ngettext, pgettext
from bot.language import gettext as _
from bot.messages.frame import LONGEST_ITEM, LONGEST_NAME, LONGEST_REASON, Button, Message, cut, escaped
from bot.messages.standing import STAGE_WORDS, standing_words
from matcher.vocabulary import Deal
from models.preview import Headline, Preview

SHOWN = 5
"""Headlines of a preview."""
WARNINGS = 3
COMMAND = "/track "
"""How the first line of a preview begins: pressed, its button does what the line says."""


def preview(command: str, deal: Deal, found: Preview, warnings: Sequence[str]) -> Message:
    """Show what would be tracked before it is. ``command`` is what was typed; the message keeps it for its button."""
    parties = ", ".join(cut(party.name, LONGEST_NAME) for party in deal.parties)
    lines = [
        f"<code>{escaped(command)}</code>",
        _(
            "Kind: {kind}. Parties: {parties}. Short name: <code>{slug}</code>",
            kind=deal.kind,
            parties=parties,
            slug=deal.slug,
        ),
        "",
        *_found(found),
    ]
    lines += [f"⚠️ {cut(warning, LONGEST_REASON)}" for warning in warnings[:WARNINGS]]
    return Message("\n".join(lines), ((Button(pgettext("button", "Track it"), "track"),),))


def _found(found: Preview) -> list[str]:
    if not found.headlines:
        return [_("No stored headline names these parties together.")]
    count = ngettext(
        "{count} stored headline names them together:",
        "{count} stored headlines name them together:",
        len(found.headlines),
    )
    latest = [_headline(headline) for headline in found.headlines[-SHOWN:]]
    would = _("By them it would be: {standing}", standing=standing_words(found.standing.stage))
    return [count, *latest, would]


def _headline(found: Headline) -> str:
    title, when = cut(found.article.title, LONGEST_ITEM), day(found.article.moment)
    if found.stage is None:
        return _("• {title} ({day}): a mention only", title=title, day=when)
    return _("• {title} ({day}): {stage}", title=title, day=when, stage=_(STAGE_WORDS[found.stage]))


def command_of(text: str) -> str:
    """What the button under a preview stands for."""
    return text.splitlines()[0].removeprefix(COMMAND)


def tracked(deal: str) -> Message:
    """A deal was taken up; ``deal`` is its slug."""
    return Message(
        _("Tracked: <code>{deal}</code>. From now on its news is read.", deal=deal),
        notice=pgettext("toast", "Tracked."),
    )


def already_tracked(deal: str) -> Message:
    """There is a deal of this slug."""
    return Message(_("<code>{deal}</code> is tracked already: /status {deal}", deal=deal))


def cannot_track(reason: str) -> Message:
    """It would be no deal; ``reason`` says why."""
    return Message(_("Not tracked. {reason}", reason=cut(reason, LONGEST_REASON)))
