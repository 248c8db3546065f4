"""What is sent without being asked for: changes, and what was missed of them."""

from collections.abc import Sequence

from bot.language import gettext as _
from bot.language import moment, ngettext, pgettext
from bot.messages.channels import Link
from bot.messages.frame import LONGEST_ITEM, LONGEST_NAME, LONGEST_QUOTE, LONGEST_TITLE, Button, Message, cut, label
from bot.messages.standing import contested, evidence, headline, stage_words, standing_words, weight
from matcher.vocabulary import Stage
from models.article import Claim
from models.change import Change
from models.deal import Deal
from models.outbox import Backlog, Letter, Missed

MISSED = 10
"""Deals that ``/missed`` shows."""
DIGEST = 20
"""Deals that one digest names."""
FOR_READERS = frozenset({"status", "history", "why"})
"""The first words of the data of the buttons that change nothing, and so are for the readers of a channel, too."""


def changed(change: Change, deal: Deal, earlier: int = 0, *, compact: bool = False) -> Message:
    """The push: what changed is the first line. ``earlier`` changes could not be told in their time.

    A ``compact`` one leaves out the evidence, which the button "Why" shows.
    """
    lines = [f"<b>{headline(change)}</b>", cut(deal.title, LONGEST_TITLE), _grounds(change)]
    lines += [contested()] * change.contested
    if change.from_stage is Stage.QUIET:
        lines.append(_("The first news in more than a year."))
    if earlier:
        lines.append(_catching_up(earlier))
    lines += [] if compact else ["", *evidence(change.claims)]
    return Message("\n".join(lines).rstrip(), _buttons(deal, change))


def _grounds(change: Change) -> str:
    """On whose word it changed."""
    if change.undoes_id and change.reason:
        return _("What was told before was wrong: {reason}", reason=cut(change.reason, LONGEST_QUOTE))
    if change.undoes_id:
        return _("What was told before was wrong.")
    if change.by:
        return _("decided by hand: {reason}", reason=cut(change.reason, LONGEST_QUOTE) or "–")
    return weight(confirmed=change.confirmed, sources=change.sources)


def _buttons(deal: Deal, change: Change | None = None) -> tuple[tuple[Button, ...], ...]:
    """A pressed button answers with a new message: the push itself must stay in the chat."""
    status = Button(pgettext("button", "Status"), f"status:{deal.id}:new")
    history = Button(pgettext("button", "History"), f"history:{deal.id}:new")
    mute = Button(pgettext("button", "Mute"), f"mute:{deal.id}:new")
    why = Button(pgettext("button", "Why"), f"why:{deal.id}:0:new")
    wrong = () if change is None or change.undoes_id else (Button(pgettext("button", "Wrong"), f"wrong:{change.id}"),)
    return ((status, history, mute), (why, *wrong))


def in_channel(message: Message, bot: str) -> Message:
    """A message as a channel gets it: what readers may ask opens their own chat with the bot, the rest is left out.

    ``bot`` is the bot's name without @; the links are answered by bot/commands/channels.py.
    """
    rows = [tuple(_link(button, bot) for button in row if _verb(button) in FOR_READERS) for row in message.buttons]
    return Message(message.text, tuple(row for row in rows if row))


def _verb(button: Button) -> str:
    return button.data.partition(":")[0]


def _link(button: Button, bot: str) -> Link:
    deal = button.data.split(":")[1]
    return Link(button.label, f"https://t.me/{bot}?start={_verb(button)}_{deal}")


def report(claim: Claim, deal: Deal) -> Message:
    """A further independent report of what stands already."""
    lines = [
        _("<b>Another source: {standing}</b>", standing=standing_words(claim.stage)),
        cut(deal.title, LONGEST_TITLE),
        "",
        *evidence([claim]),
    ]
    return Message("\n".join(lines), _buttons(deal))


def fitting(letters: Sequence[Letter]) -> Sequence[Letter]:
    """As many of the letters, from the first, as one digest names deals; the rest are for the next."""
    deals = set[Deal | None]()
    for place, letter in enumerate(letters):
        deals.add(_deal_of(letter))
        if len(deals) > DIGEST:
            return letters[:place]
    return letters


def _deal_of(letter: Letter) -> Deal | None:
    if letter.change:
        return letter.change.deal
    return letter.report.deal if letter.report else None


def digest(letters: Sequence[Letter]) -> Message:
    """What was held back (:func:`fitting`), one line for each deal with its latest news."""
    news: dict[Deal, list[str]] = {}
    for letter in letters:
        if letter.change:
            news.setdefault(letter.change.deal, []).append(headline(letter.change))
        elif letter.report:
            told = _("Another source: {standing}", standing=standing_words(letter.report.stage))
            news.setdefault(letter.report.deal, []).append(told)
    lines = [ngettext("<b>{count} deal in the news</b>", "<b>{count} deals in the news</b>", len(news)), ""]
    lines += [f"• {cut(deal.title, LONGEST_ITEM)}: {said[-1]}" for deal, said in news.items()]
    rows = tuple((Button(label(deal.title), f"status:{deal.id}:new"),) for deal in news)
    return Message("\n".join(lines), rows)


def _catching_up(earlier: int) -> str:
    return ngettext(
        "To catch up: {count} change before this could not be told. /history shows all.",
        "To catch up: {count} changes before this could not be told. /history shows all.",
        earlier,
    )


def held(claim: Claim) -> Message:
    """Ask the owner about a claim that an unvetted feed makes alone. Needs its article and its deal loaded."""
    lines = [
        _("<b>Held: {standing}</b>", standing=standing_words(claim.named_stage)),
        cut(claim.deal.title, LONGEST_TITLE),
        _(
            "Only an unvetted feed says so. Nobody was told. "
            "It counts once another source agrees, or when you let it through."
        ),
        "",
        *evidence([claim]),
    ]
    return Message("\n".join(lines), ((Button(pgettext("button", "Let it through"), f"release:{claim.id}"),),))


def released(deal: Deal, change: Change | None) -> Message:
    """The owner let a held claim through; ``change`` is what it moved."""
    title = cut(deal.title, LONGEST_NAME)
    if change is None:
        return Message(_("{title} has moved on since. Nothing was changed.", title=title))
    moved = _("Done: {title} is {standing}.", title=title, standing=headline(change))
    told = _("It is a small step, so nobody is told.") if change.quiet else _("Its followers are told.")
    return Message(f"{moved} {told}", notice=pgettext("toast", "Let through"))


def welcome_back(missed: Sequence[Missed]) -> Message:
    """Greet a chat that took no messages for a while and was not told everything."""
    untold, of = _changes(sum(deal.untold for deal in missed)), _deals(len(missed))
    lines = [_("Back again. Meanwhile {changes} of {deals} could not be told here.", changes=untold, deals=of)]
    coming = sum(bool(deal.waiting) for deal in missed)
    if coming:
        lines.append(
            ngettext(
                "On the way: {count} message, one per deal.", "On the way: {count} messages, one per deal.", coming
            )
        )
    offer = ((Button(pgettext("button", "What I missed"), "missed:new"),),) if coming < len(missed) else ()
    return Message("\n".join(lines), offer)


def missed(missed: Sequence[Missed], backlog: Backlog | None = None) -> Message:
    """What a chat was not told, each deal with a button to where it stands; ``backlog`` is for the owner's eyes."""
    shown = missed[-MISSED:]
    lines = [_not_told(len(missed))]
    lines += [f"• {cut(m.deal.title, LONGEST_ITEM)}: {stage_words(m.deal)} ({_untold(m)})" for m in shown]
    if len(shown) < len(missed):
        lines.append(_moved_before(len(missed) - len(shown)))
    if backlog:
        lines += ["", *_backlog(backlog)]
    rows = tuple((Button(label(m.deal.title), f"missed:{m.deal.id}"),) for m in shown)
    return Message("\n".join(lines), rows)


def _not_told(deals: int) -> str:
    if not deals:
        return _("This chat was told everything.")
    return ngettext("<b>Not told here</b> ({count} deal)", "<b>Not told here</b> ({count} deals)", deals)


def _moved_before(deals: int) -> str:
    return ngettext(
        "… and {count} deal that moved before. /deals lists them all.",
        "… and {count} deals that moved before. /deals lists them all.",
        deals,
    )


def _untold(missed: Missed) -> str:
    untold = ngettext("{count} change not told", "{count} changes not told", missed.untold)
    waiting = ngettext("{count} on the way", "{count} on the way", missed.waiting)
    return ", ".join([untold] * bool(missed.untold) + [waiting] * bool(missed.waiting))


def _backlog(backlog: Backlog) -> list[str]:
    """All chats together, for the owner: numbers only."""
    sums = _(
        "<b>All chats</b>: {waiting} waiting for {chats}, "
        "{retired} of them for {retired_chats} that took no more messages; {given_up} given up.",
        waiting=backlog.waiting,
        chats=_chats(backlog.chats),
        retired=backlog.retired_waiting,
        retired_chats=_chats(backlog.retired_chats),
        given_up=backlog.given_up,
    )
    oldest = [_("The oldest waits since {moment}.", moment=moment(backlog.oldest))] if backlog.oldest else []
    return [sums, *oldest, _("On the command line: hearsay outbox")]


def _changes(count: int) -> str:
    return ngettext("{count} change", "{count} changes", count)


def _deals(count: int) -> str:
    return ngettext("{count} deal", "{count} deals", count)


def _chats(count: int) -> str:
    return ngettext("{count} chat", "{count} chats", count)
