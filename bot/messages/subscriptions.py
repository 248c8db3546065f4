"""What a chat follows, and how much of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from bot.language import N_, any_of, moment, ngettext, pgettext
from bot.language import gettext as _
from bot.messages.frame import (
    LONGEST_ITEM,
    LONGEST_NAME,
    Button,
    Message,
    Rows,
    cut,
    label,
    page_line,
    turns,
)
from bot.messages.settings import option
from matcher.vocabulary import Kind
from models.deal import Deal
from models.subscription import Moves, Subscription, filter_words

PAGE = 8
"""Subscriptions on one page."""
COLUMNS = 2
LONGEST_LABEL = 30
LONGEST_WORDS = 200
"""Characters of a filter."""
FOREVER = datetime.max.replace(tzinfo=UTC)
"""Until when what is muted without an end is muted."""

KIND_WORDS = {
    Kind.ACQUISITION: N_("acquisitions"),
    Kind.MERGER: N_("mergers"),
    Kind.STAKE: N_("stakes"),
    Kind.JOINT_VENTURE: N_("joint ventures"),
    Kind.PARTNERSHIP: N_("partnerships"),
}
MOVES_WORDS = {
    Moves.STATUS: N_("moves between rumored, denied and finalized"),
    Moves.KEY: N_("key moves: those and the steps that matter"),
    Moves.ALL: N_("every step"),
    Moves.REPORTS: N_("every step and every new report"),
}


# Following and leaving -----------------------------------------------------------------------------------------------


def subscribed(name: str, *, party: bool = False, kind: Kind | None = None, new: bool = True) -> Message:
    """Confirm a subscription to a deal, a party, a kind of deal or, without a name, everything."""
    what = kind_words(kind) if kind else cut(name, LONGEST_NAME)
    say = _now_followed if new else _followed_already
    return Message(say(what, party=party, kind=kind is not None))


def _now_followed(what: str, *, party: bool, kind: bool) -> str:
    if not what:
        return _("This chat now follows every deal. /subscriptions shows all.")
    if party:
        return _("This chat now follows every deal of {party}, future ones too. /subscriptions shows all.", party=what)
    if kind:
        return _("This chat now follows all {kind}, future ones too. /subscriptions shows all.", kind=what)
    return _("This chat now follows {deal}. /subscriptions shows all.", deal=what)


def archived(deal: Deal, *, new: bool) -> Message:
    """Confirm a subscription to a deal whose news is not read."""
    title = cut(deal.title, LONGEST_NAME)
    say = _now_followed if new else _followed_already
    note = _("The deal is archived: its news is read again only once an admin brings it back.")
    return Message(f"{say(title, party=False, kind=False)}\n{note}")


def _followed_already(what: str, *, party: bool, kind: bool) -> str:
    if not what:
        return _("This chat follows every deal already.")
    if party:
        return _("This chat follows every deal of {party} already, future ones too.", party=what)
    if kind:
        return _("This chat follows all {kind} already, future ones too.", kind=what)
    return _("This chat follows {deal} already.", deal=what)


def unsubscribed(name: str, *, party: bool = False, kind: Kind | None = None, found: bool = True) -> Message:
    """Confirm the end of a subscription to a deal, a party or a kind; ``found`` is whether there was one."""
    what = kind_words(kind) if kind else cut(name, LONGEST_NAME)
    if party and not found:
        return Message(_("This chat did not follow every deal of {party}. /subscriptions shows all.", party=what))
    if party:
        return Message(_("This chat no longer follows every deal of {party}.", party=what))
    if kind and not found:
        return Message(_("This chat did not follow all {kind}. /subscriptions shows all.", kind=what))
    if kind:
        return Message(_("This chat no longer follows all {kind}.", kind=what))
    if found:
        return Message(_("This chat no longer follows {deal}.", deal=what))
    return Message(_("This chat did not follow {deal}.", deal=what))


def unsubscribed_all(count: int) -> Message:
    """Confirm the end of all subscriptions."""
    if not count:
        return Message(_("This chat followed nothing."))
    return Message(ngettext("Done. {count} subscription ended.", "Done. {count} subscriptions ended.", count))


def still_followed(deal: Deal) -> Message:
    """The deal itself is not followed, but a party of it, its kind or everything is."""
    return Message(
        _(
            "This chat follows {deal} through a party, its kind or everything. /subscriptions shows which.",
            deal=cut(deal.title, LONGEST_NAME),
        )
    )


def subscribed_toast() -> str:
    """Over the pressed button of a card."""
    return pgettext("toast", "Subscribed. You get a message when something changes.")


def unsubscribed_toast(*, still: bool) -> str:
    """Over the pressed button of a card; ``still`` is whether the deal is followed through something else."""
    if still:
        return pgettext("toast", "This chat still follows it through a party or everything: see /subscriptions.")
    return pgettext("toast", "Unsubscribed.")


def kind_words(kind: Kind) -> str:
    """Deals of a kind."""
    return _(KIND_WORDS[kind])


def typed_kind(words: str) -> Kind | None:
    """The kind that was typed, in the singular or the plural."""
    typed = words.casefold().replace("-", " ")
    for kind in Kind:
        name = kind.replace("-", " ")
        if typed in (name, f"{name}s", kind_words(kind).casefold()):
            return kind
    return None


# What is followed ----------------------------------------------------------------------------------------------------


def subscriptions(followed: Sequence[Subscription], number: int, now: datetime) -> Message:
    """A page (``number`` from 0) of what the chat follows; each opens its settings."""
    if not followed:
        return Message(_("This chat follows nothing yet. /subscribe everything, or pick one from /deals."))
    pages = -(-len(followed) // PAGE)
    first = PAGE * number
    shown = list(enumerate(followed[first : first + PAGE], first + 1))
    lines = [_("This chat follows ({count}):", count=len(followed))]
    lines += [f"{place}. {_summary(subscription, now)}" for place, subscription in shown]
    buttons = [_opening(place, subscription) for place, subscription in shown]
    grid = tuple(tuple(buttons[start : start + COLUMNS]) for start in range(0, len(buttons), COLUMNS))
    return Message("\n".join(lines + page_line(number, pages)), grid + turns(number, pages, "subs:{}"))


def _summary(subscription: Subscription, now: datetime) -> str:
    parts = [cut(_target(subscription), LONGEST_ITEM), _brief(subscription.moves)]
    parts += [_("silent")] * subscription.silent
    parts += [_("filtered")] * bool(subscription.words)
    parts += [_("muted")] * is_muted(subscription.muted_until, now)
    parts += [_("archived")] * bool(subscription.deal and subscription.deal.archived_at)
    return " · ".join(parts)


def _brief(moves: Moves) -> str:
    match moves:
        case Moves.STATUS:
            return _("status only")
        case Moves.KEY:
            return _("key moves")
        case Moves.ALL:
            return _("all moves")
    return _("every report")


def is_muted(until: datetime | None, now: datetime) -> bool:
    """Whether nothing is told now."""
    return until is not None and until > now


def _opening(place: int, subscription: Subscription) -> Button:
    return Button(f"{place}. {label(_target(subscription), LONGEST_LABEL)}", f"sub:{subscription.id}")


def _target(subscription: Subscription) -> str:
    if subscription.party_key:
        return _("every deal of {party}", party=subscription.party_name or "")
    if subscription.kind:
        return _("all {kind}", kind=kind_words(subscription.kind))
    return subscription.deal.title if subscription.deal else _("everything")


# The settings of one subscription ------------------------------------------------------------------------------------


def subscription(
    subscription: Subscription, muted_until: datetime | None, now: datetime, *, page: int = 0, notice: str = ""
) -> Message:
    """How much the chat is told of what it follows; ``page`` is where it stands in the list."""
    silent, words = subscription.silent, subscription.words
    zone = ZoneInfo(subscription.subscriber.time_zone)
    lines = [
        f"<b>{cut(_target(subscription), LONGEST_NAME)}</b>",
        _("Told: {moves}.", moves=_(MOVES_WORDS[subscription.moves])),
        _("Sound: off.") if silent else _("Sound: on."),
        _filter(words),
        _muted(muted_until, now, zone),
    ]
    sound = (
        option(pgettext("button", "Loud"), f"sub:{subscription.id}:silent:0", chosen=not silent),
        option(pgettext("button", "Silent"), f"sub:{subscription.id}:silent:1", chosen=silent),
        option(pgettext("button", "Filter words"), f"sub:{subscription.id}:filter", chosen=bool(words)),
    )
    last = (
        Button(pgettext("button", "Stop"), f"sub:{subscription.id}:stop"),
        Button(pgettext("button", "← Subscriptions"), f"subs:{page}"),
    )
    rows = (*_moves(subscription), sound, _mutes(subscription.id, muted_until, now), last)
    return Message("\n".join(lines), rows, notice)


def _filter(words: str) -> str:
    wanted, unwanted = ([cut(word, LONGEST_NAME) for word in found] for found in filter_words(words))
    if wanted and unwanted:
        return _("Only news with {wanted}, without {unwanted}.", wanted=any_of(wanted), unwanted=any_of(unwanted))
    if wanted:
        return _("Only news with {wanted}.", wanted=any_of(wanted))
    if unwanted:
        return _("Only news without {unwanted}.", unwanted=any_of(unwanted))
    return _("All its news, whatever the words.")


def _muted(until: datetime | None, now: datetime, zone: tzinfo) -> str:
    if until is None or until <= now:
        return _("Not muted.")
    return (
        _("Muted until you unmute it.") if until == FOREVER else _("Muted until {moment}.", moment=moment(until, zone))
    )


def _moves(subscription: Subscription) -> Rows:
    names = {
        Moves.STATUS: pgettext("button", "Status only"),
        Moves.KEY: pgettext("button", "Key moves"),
        Moves.ALL: pgettext("button", "All moves"),
        Moves.REPORTS: pgettext("button", "Every new report"),
    }
    status, key, every, reports = (
        option(name, f"sub:{subscription.id}:moves:{moves}", chosen=moves is subscription.moves)
        for moves, name in names.items()
    )
    return ((status, key), (every, reports))


def _mutes(number: int, until: datetime | None, now: datetime) -> tuple[Button, ...]:
    if is_muted(until, now):
        return (Button(pgettext("button", "Unmute"), f"sub:{number}:mute:0"),)
    return (
        Button(pgettext("button", "Mute 1 day"), f"sub:{number}:mute:1"),
        Button(pgettext("button", "1 week"), f"sub:{number}:mute:7"),
        Button(pgettext("button", "Until I unmute"), f"sub:{number}:mute:ever"),
    )


def stopped() -> str:
    """Over the pressed button."""
    return pgettext("toast", "Stopped.")


# A filter ------------------------------------------------------------------------------------------------------------


def ask_words(subscription: Subscription) -> Message:
    """Ask for the words of a filter. The last line is the command that an answer is completed to."""
    question = _(
        "Which words must the news of <b>{target}</b> have? Reply to this message with them. One of them is enough. "
        "Quotes keep words together, a minus keeps news out: <code>{example}</code>",
        target=cut(_target(subscription), LONGEST_NAME),
        example='"price raised" bid -analyst',
    )
    typed = _("Or type them behind this:")
    buttons = (
        Button(pgettext("button", "All news"), f"sub:{subscription.id}:words:any"),
        Button(pgettext("button", "← Back"), f"sub:{subscription.id}"),
    )
    return Message(f"{question}\n\n{typed}\n<code>/filter {subscription.id}</code>", (buttons,))


def too_many_words() -> Message:
    """A filter is longer than any that is needed."""
    return Message(_("A filter has at most {count} characters. Please take fewer words.", count=LONGEST_WORDS))


def filter_from_the_list() -> Message:
    """/filter came without a subscription of this chat."""
    return Message(_("Open a subscription in /subscriptions and press “Filter words”."))


# A deal, muted -------------------------------------------------------------------------------------------------------


def ask_mute(deal: Deal, now: datetime) -> Message:
    """For how long. Each button carries until when, in Unix seconds."""
    times = ((pgettext("button", "1 day"), 1), (pgettext("button", "1 week"), 7), (pgettext("button", "30 days"), 30))
    buttons = tuple(
        Button(words, f"mute:{deal.id}:{int((now + timedelta(days=days)).timestamp())}") for words, days in times
    )
    return Message(_("For how long should nothing be told of {deal}?", deal=cut(deal.title, LONGEST_NAME)), (buttons,))


def muted(deal: Deal, until: datetime, zone: tzinfo) -> Message:
    """Nothing is told of a deal until then."""
    text = _(
        "Nothing is told here of {deal} until {moment}.",
        deal=cut(deal.title, LONGEST_NAME),
        moment=moment(until, zone),
    )
    return Message(text, ((Button(pgettext("button", "Unmute"), f"unmute:{deal.id}"),),))


def unmuted(deal: Deal) -> Message:
    """The deal is told of again."""
    return Message(_("{deal} is told of here again.", deal=cut(deal.title, LONGEST_NAME)))
