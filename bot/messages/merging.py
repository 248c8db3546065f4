"""Two deals that are the same, and become one."""

from collections.abc import Sequence

from bot.language import gettext as _
from bot.language import ngettext, pgettext
from bot.messages.deals import bring_back_button
from bot.messages.frame import LONGEST_ITEM, LONGEST_NAME, LONGEST_TITLE, Button, Message, cut
from bot.messages.standing import standing
from models.deal import Deal
from models.merging import Belongings

NAMES_SHOWN = 20
"""Of the names that a merger loses; Telegram's longest message holds no more for certain."""


def ask_to_merge(source: Deal, target: Deal, moving: Belongings, lost: Sequence[str] = ()) -> Message:
    """Show both deals, what the one that goes leaves to the other, and which of its parties' names it does not."""
    lines = [
        _("Make one deal of these two?"),
        "",
        _("Goes: {deal}", deal=_shown(source)),
        _("Stays: {deal}", deal=_shown(target)),
        "",
        _("What moves:"),
        *_moving(moving),
        *_losing(lost),
        "",
        _(
            "All reports are counted again, and that is where the deal stands then. Nobody is told. "
            "Names of the same companies are added. First you get all that goes as files. "
            "After that {deal} is deleted, and this cannot be taken back.",
            deal=f"<code>{source.slug}</code>",
        ),
        _("Its short name, old buttons and links lead to the other one from then on."),
    ]
    yes = Button(pgettext("button", "Merge"), f"merge-do:{source.id}:{target.id}:{source.revision}")
    swap = Button(pgettext("button", "The other way round"), f"merge:{target.id}:{source.id}")
    return Message("\n".join(lines), ((yes, Button(pgettext("button", "No"), f"status:{target.id}")), (swap,)))


def _shown(deal: Deal) -> str:
    return f"<b>{cut(deal.title, LONGEST_TITLE)}</b> (<code>{deal.slug}</code>), {standing(deal)}"


def _moving(moving: Belongings) -> list[str]:
    parts = (
        (moving.claims, ngettext("• {count} report", "• {count} reports", moving.claims)),
        (moving.articles, ngettext("• {count} article", "• {count} articles", moving.articles)),
        (moving.mentions, ngettext("• {count} mention", "• {count} mentions", moving.mentions)),
        (moving.changes, ngettext("• {count} line of history", "• {count} lines of history", moving.changes)),
        (moving.subscriptions, ngettext("• {count} subscription", "• {count} subscriptions", moving.subscriptions)),
        (moving.mutes, ngettext("• {count} mute", "• {count} mutes", moving.mutes)),
        (moving.complaints, ngettext("• {count} complaint", "• {count} complaints", moving.complaints)),
    )
    return [words for count, words in parts if count] or [_("• nothing: nothing hangs on it")]


def _losing(names: Sequence[str]) -> list[str]:
    if not names:
        return []
    shown = ", ".join(cut(name, LONGEST_NAME) for name in names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    further = [ngettext("and {count} more name", "and {count} more names", more)] * (more > 0)
    return [
        "",
        _("These names are not taken over: {names}", names=", ".join([shown, *further])),
        _("They may be another company's, or count only in certain articles. /edit can add them."),
    ]


def words_exported(source: Deal) -> str:
    """Under the file with the words of a deal that goes, or that loses a party."""
    return _("{deal} as it was. To have it again, the owner sends this file to the bot.", deal=source.slug)


def history_exported(source: Deal) -> str:
    """Under the file with what was learned of a deal that goes."""
    return _("What was learned of {deal}: its reports, mentions and changes.", deal=source.slug)


def reason(source: Deal) -> str:
    """What the history says of a move that a merger made."""
    return _("merged with {deal}", deal=source.slug)


def merged(target: Deal) -> Message:
    """The two are one now, or have been since before."""
    text = _(
        "Merged into {title} (<code>{deal}</code>): {standing}.",
        title=cut(target.title, LONGEST_NAME),
        deal=target.slug,
        standing=standing(target),
    )
    buttons = (
        Button(pgettext("button", "History"), f"history:{target.id}:new"),
        Button(pgettext("button", "Edit"), f"edit:{target.id}"),
    )
    return Message(text, (buttons,))


def goes_on(title: str, deal: Deal) -> Message:
    """The last words of the card of a deal that was merged, where the chat has a card of the one that goes on."""
    lines = [
        f"<b>{cut(title, LONGEST_TITLE)}</b>",
        _(
            "It was merged, and goes on as {title} (<code>{deal}</code>).",
            title=cut(deal.title, LONGEST_TITLE),
            deal=deal.slug,
        ),
    ]
    return Message("\n".join(lines), ((_status(deal),),))


def merged_meanwhile(deal: Deal) -> Message:
    """A button decides about a deal that was merged: what was asked is not about the one that goes on."""
    text = _(
        "This deal was merged meanwhile, and goes on as {title} (<code>{deal}</code>). Nothing was changed.",
        title=cut(deal.title, LONGEST_NAME),
        deal=deal.slug,
    )
    return Message(text, ((_status(deal),),))


def _status(deal: Deal) -> Button:
    return Button(pgettext("button", "Status"), f"status:{deal.id}:new")


def which(query: str, candidates: Sequence[Deal]) -> Message:
    """No deal, or several, fit one of the two names."""
    typed = cut(query, LONGEST_NAME)
    if not candidates:
        return Message(_("No deal fits “{query}”. /deals lists them all.", query=typed))
    lines = [_("“{query}” is not the name of one deal. Take one of these short names:", query=typed)]
    lines += [f"<code>{deal.slug}</code>: {cut(deal.title, LONGEST_ITEM)}" for deal in candidates]
    return Message("\n".join(lines))


def one_and_the_same(deal: Deal) -> Message:
    """Both names find the same deal."""
    return Message(_("Both names find {title}. Name two deals.", title=cut(deal.title, LONGEST_NAME)))


def is_archived(target: Deal) -> Message:
    """Nothing is merged into a deal whose news nobody reads."""
    text = _(
        "{title} is archived. Bring it back first, or merge the other way round.",
        title=cut(target.title, LONGEST_NAME),
    )
    return Message(text, ((bring_back_button(target),),))


def changed_meanwhile() -> Message:
    """The deal that would go is not as it was shown."""
    return Message("", notice=pgettext("toast", "It was changed meanwhile. Ask again with /merge."))
