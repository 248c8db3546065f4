"""Every text the bot says, made from values. Escaping and Telegram's limits live here and nowhere else.

Text is Telegram's HTML. A message has at most 4096 characters after its tags are read, a button's data at most 64
bytes (Bot API: sendMessage, InlineKeyboardButton).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import groupby

import html_text

from matcher.vocabulary import ChangeKind, Speaker, Stage, Status
from models.article import Claim
from models.change import Change
from models.deal import Deal
from models.subscriber import Subscription

PAGE = 10
"""Deals on one page of ``/deals``."""
CHOICES = 10
"""Deals offered as buttons when several fit."""
HISTORY = 8
"""Changes that ``/history`` shows."""
EVIDENCE = 3
"""Claims shown under one change."""
LONGEST_TEXT = 4000
"""UTF-16 units that are filled of the 4096 Telegram allows."""
MORE = "\nOlder changes are not shown."
LONGEST_LINK = 2000
"""Longer addresses are not linked: browsers do not take them either."""
LONGEST_TITLE, LONGEST_QUOTE, LONGEST_NAME, LONGEST_ITEM = 120, 280, 80, 60

SUBSCRIBED = "Subscribed. You get a message when something changes."
UNSUBSCRIBED = "Unsubscribed."
STILL_FOLLOWED = "This chat still follows it through a party or everything: see /subscriptions."
"""Toasts over pressed buttons; the Bot API allows 200 characters."""

COMMANDS = {
    "start": ("what this bot does", ""),
    "help": ("all commands", ""),
    "deals": ("the deals that are followed", "/deals or /deals rumored"),
    "status": ("where a deal stands, and on whose word", "/status huawei-att"),
    "history": ("how it came there, with the evidence", "/history huawei-att"),
    "subscribe": (
        "get a message when something changes",
        "/subscribe huawei-att, /subscribe AT&T, /subscribe everything",
    ),
    "unsubscribe": ("stop the messages", "/unsubscribe huawei-att, /unsubscribe everything"),
    "subscriptions": ("what this chat follows", ""),
    "claim": ("become the owner, with the code from the first start", "/claim CODE"),
}
"""Every command with its purpose and an example: /help and Telegram's menu are made from this list."""

_STAGE_WORDS = {
    Stage.SPECULATION: "speculation",
    Stage.TALKS: "in talks",
    Stage.OFFER: "offer made",
    Stage.NEAR: "close to a deal",
    Stage.QUIET: "quiet, nothing new for a year",
    Stage.DENIED: "a party says there is nothing",
    Stage.REJECTED: "offer turned down",
    Stage.CALLED_OFF: "called off",
    Stage.BLOCKED: "blocked by an authority",
    Stage.TERMINATED: "signed deal ended",
    Stage.AGREED: "agreed",
    Stage.COMPLETED: "completed",
}
_SPEAKER_WORDS = {
    Speaker.PARTY: "a party to the deal",
    Speaker.FILING: "a filing",
    Speaker.AUTHORITY: "an authority",
    Speaker.SOURCES: "unnamed sources",
    Speaker.OUTLET: "the outlet's own report",
    Speaker.ANALYST: "an analyst",
    Speaker.OTHER: "someone outside the deal",
}


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button. ``data`` comes back when it is pressed."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Message:
    """A text with its rows of buttons. ``notice`` is the short toast over a pressed button."""

    text: str
    buttons: tuple[tuple[Button, ...], ...] = ()
    notice: str = ""


def start(example: str) -> Message:
    """The first thing a subscriber reads; ``example`` is the slug of some deal, or empty."""
    one = (
        f"Ask about one: <code>/status {example}</code>\nFollow one: <code>/subscribe {example}</code>\n"
        if example
        else ""
    )
    return Message(
        "<b>Hearsay</b> follows business deals from the first rumour to the end. "
        "You get one message when something really changed, with the words and the source behind it.\n\n"
        f"See the deals: /deals\n{one}Follow every deal: <code>/subscribe everything</code>\nAll commands: /help"
    )


def help_() -> Message:
    """All commands."""
    lines = [
        f"/{name} – {purpose}" + (f"\n    {escape(usage)}" if usage else "")
        for name, (purpose, usage) in COMMANDS.items()
    ]
    return Message(
        "\n".join(lines)
        + "\n\nA deal is <b>rumored</b>, <b>denied</b> or <b>finalized</b>. "
        + "<b>Confirmed</b> means that a party, a filing or an authority says so; "
        + "else it is reported, by so many independent sources. Copies of one report count once."
    )


def unknown_command(name: str, near: str) -> Message:
    """Answer to a command that does not exist, with the one that was perhaps meant."""
    meant = f" Did you mean /{near}?" if near else ""
    return Message(f"There is no command {_cut(name, LONGEST_NAME)}.{meant} /help lists them all.")


def broken() -> Message:
    """Answer when a handler failed."""
    return Message("That did not work, because of a fault in Hearsay. It is in the log. Please try again.")


def deals(page: Sequence[Deal], number: int, pages: int, status: Status | None) -> Message:
    """One page of the watchlist (``number`` from 0), grouped by status."""
    if not page:
        kind = f" {status}" if status else ""
        return Message(f"No{kind} deals yet." + ("" if status else " The owner adds them with: hearsay deals add"))
    lines: list[str] = []
    for heading, group in groupby(page, key=lambda deal: deal.status):
        lines.append(f"<b>{heading.upper() if heading else 'NO REPORTS YET'}</b>")
        lines += [f"• {_cut(deal.title, LONGEST_ITEM)}: {_stage_words(deal)}" for deal in group]
    if pages > 1:
        lines.append(f"\nPage {number + 1} of {pages}")
    rows = tuple((Button(_plain(deal.title, LONGEST_ITEM), f"status:{deal.id}:new"),) for deal in page)
    return Message("\n".join(lines), rows + _pager(number, pages, status))


def unknown_status(word: str) -> Message:
    """Answer to /deals with a word that is no status."""
    return Message(
        f"{_cut(word, LONGEST_NAME)} is no status. Try /deals, /deals rumored, /deals denied or /deals finalized."
    )


def status(deal: Deal, latest: Change | None, *, followed: bool, notice: str = "") -> Message:
    """The card of a deal: where it stands, on whose word, in the words of the ``latest`` change with evidence."""
    lines = [f"<b>{_cut(deal.title, LONGEST_TITLE)}</b>"]
    if deal.stage is None:
        lines.append("No reports yet.")
    else:
        lines.append(f"<b>{_standing_words(deal.stage)}</b>")
        lines.append(weight(confirmed=deal.confirmed, sources=len(deal.origins)) + f" · since {_day(deal.moment)}")
        if deal.contested:
            lines.append("Contested: a party and independent reports contradict each other.")
        lines += ["", *_evidence(latest.claims if latest else [])]
    return Message("\n".join(lines).rstrip(), _card_buttons(deal, followed=followed), notice)


def history(deal: Deal, changes: Sequence[Change]) -> Message:
    """The deal's changes, newest first, with the evidence behind each."""
    lines = [f"<b>{_cut(deal.title, LONGEST_TITLE)}</b> – history"]
    if not changes:
        lines.append("No reports yet.")
    for change in changes:
        block = [
            "",
            f"<b>{_moment(change.at)}</b>",
            f"{headline(change)} · {weight(confirmed=change.confirmed, sources=change.sources)}",
        ]
        block += _evidence(change.claims)
        if _visible_length([*lines, *block]) > LONGEST_TEXT - len(MORE):
            lines.append(MORE)
            break
        lines += block
    return Message("\n".join(lines), ((Button("Status", f"status:{deal.id}"),),))


def changed(change: Change, deal: Deal) -> Message:
    """The push: what changed is the first line."""
    lines = [
        f"<b>{headline(change)}</b>",
        _cut(deal.title, LONGEST_TITLE),
        weight(confirmed=change.confirmed, sources=change.sources),
    ]
    if change.contested:
        lines.append("Contested: a party and independent reports contradict each other.")
    if change.from_stage is Stage.QUIET:
        lines.append("The first news in more than a year.")
    lines += ["", *_evidence(change.claims)]
    # A pressed button answers with a new message: the push itself must stay in the chat.
    buttons = (Button("Status", f"status:{deal.id}:new"), Button("History", f"history:{deal.id}:new"))
    return Message("\n".join(lines).rstrip(), (buttons,))


def held(claim: Claim, deal: Deal) -> Message:
    """Ask the owner about a claim that an unvetted feed makes alone."""
    return Message(
        f"<b>Held: {_standing_words(claim.stage)}</b>\n{_cut(deal.title, LONGEST_TITLE)}\n"
        "Only an unvetted feed says so. Nobody was told. "
        "It counts once another source agrees, or when you let it through.\n\n" + "\n".join(_evidence([claim])),
        ((Button("Let it through", f"release:{claim.id}"),),),
    )


def released(deal: Deal, change: Change | None) -> Message:
    """The owner let a held claim through; ``change`` is what it moved."""
    if change is None:
        return Message(f"{_cut(deal.title, LONGEST_NAME)} has moved on since. Nothing was changed.")
    told = "Its followers are told." if not change.quiet else "It is a small step, so nobody is told."
    return Message(f"Done: {_cut(deal.title, LONGEST_NAME)} is {headline(change)}. {told}", notice="Let through")


def choose(candidates: Sequence[Deal], action: str) -> Message:
    """Several deals fit what was typed: let the user press one."""
    more = len(candidates) - CHOICES
    rest = f" {more} more fit; type more of the name." if more > 0 else ""
    return Message(f"{len(candidates)} deals fit. Which one?{rest}", _choices(candidates[:CHOICES], action))


def not_found(query: str, suggestions: Sequence[Deal], action: str) -> Message:
    """Nothing fits what was typed: let the user press what comes near."""
    said = f"No deal fits “{_cut(query, LONGEST_NAME)}”."
    if not suggestions:
        return Message(f"{said} /deals lists them all.")
    return Message(f"{said} Did you mean one of these? /deals lists them all.", _choices(suggestions, action))


def missing(command: str) -> Message:
    """A command came without what it needs."""
    purpose, usage = COMMANDS[command]
    return Message(f"/{command}: {purpose}. For example: {escape(usage)}")


def subscribed(label: str, *, party: bool = False, new: bool = True) -> Message:
    """Confirm a subscription."""
    what = (
        f"every deal of {_cut(label, LONGEST_NAME)}, future ones too"
        if party
        else _cut(label, LONGEST_NAME) or "every deal"
    )
    if not new:
        return Message(f"This chat follows {what} already.")
    return Message(f"This chat now follows {what}. /subscriptions shows all.")


def unsubscribed(label: str, *, party: bool = False, found: bool = True) -> Message:
    """Confirm the end of a subscription."""
    what = f"every deal of {_cut(label, LONGEST_NAME)}" if party else _cut(label, LONGEST_NAME) or "every deal"
    return Message(f"This chat no longer follows {what}." if found else f"This chat did not follow {what}.")


def unsubscribed_all(count: int) -> Message:
    """Confirm the end of all subscriptions."""
    return Message(
        f"Done. {count} subscription{'s' if count != 1 else ''} ended." if count else "This chat followed nothing."
    )


def still_followed(deal: Deal) -> Message:
    """The deal itself is not followed, but a party of it or everything is."""
    return Message(
        f"This chat follows {_cut(deal.title, LONGEST_NAME)} through a party or through everything. "
        "/subscriptions shows which."
    )


def subscriptions(followed: Sequence[Subscription]) -> Message:
    """What the chat follows, each with a button that ends it."""
    if not followed:
        return Message("This chat follows nothing yet. /subscribe everything, or pick one from /deals.")
    shown = followed[:PAGE]
    lines = [f"This chat follows ({len(followed)}):", *(f"• {_cut(_target(s), LONGEST_NAME)}" for s in shown)]
    if len(shown) < len(followed):
        lines.append(f"… and {len(followed) - len(shown)} more: /unsubscribe and a name ends any of them.")
    rows = tuple((Button(f"Stop: {_plain(_target(s), 40)}", f"drop:{s.id}"),) for s in shown)
    return Message("\n".join(lines), rows)


def claimed(*, success: bool) -> Message:
    """Answer to /claim."""
    if success:
        return Message("You own this Hearsay now. Notices for the owner come to this chat.")
    return Message("That code is not valid. The code is printed at the first start, and is void once it was used.")


def claim_in_private(*, voided: bool) -> Message:
    """The owner's code does not belong into a group."""
    if not voided:
        return Message("Send /claim in a private chat with the bot. Others can read the code here.")
    return Message(
        "Others can read the code here, so it is void now. "
        "Start Hearsay again for a new code, and send it in a private chat with the bot."
    )


def stranger() -> Message:
    """A button that is not for this user."""
    return Message("", notice="Only the owner may do that.")


def gone() -> Message:
    """A button under an old message points to something that is no longer there."""
    return Message("", notice="This is out of date. Ask again with /deals or /subscriptions.")


def without_markup(text: str) -> str:
    """The words of a message without its tags, for when Telegram refuses the tags."""
    return html_text.extract_text(text.replace("\n", "<br>"))


def standing(deal: Deal) -> str:
    """Where a deal stands, in one line without markup."""
    if deal.stage is None:
        return "no reports yet"
    return f"{_standing_words(deal.stage)} ({weight(confirmed=deal.confirmed, sources=len(deal.origins))})"


def headline(change: Change) -> str:
    """What changed, in a few words without markup."""
    after = _standing_words(change.stage)
    match change.kind:
        case ChangeKind.STATUS if change.from_status:
            return f"{change.from_status.upper()} → {after}"
        case ChangeKind.CONFIRMATION:
            return f"{'Confirmed' if change.confirmed else 'Second source'}: {after}"
    return after


def _stage_words(deal: Deal) -> str:
    return _STAGE_WORDS[deal.stage] if deal.stage else "no reports yet"


def _standing_words(stage: Stage) -> str:
    return f"{stage.status.upper()} · {_STAGE_WORDS[stage]}"


def weight(*, confirmed: bool, sources: int) -> str:
    """How much stands behind a status: confirmed, or reported by so many independent sources."""
    if not sources:
        return "as the watchlist says"
    return "confirmed" if confirmed else f"reported · {sources} source{'s' if sources != 1 else ''}"


def _evidence(claims: Iterable[Claim]) -> list[str]:
    lines = []
    for claim in list(claims)[-EVIDENCE:]:
        article = claim.article
        carried = _cut(article.outlet or "an outlet without a name", LONGEST_NAME)
        link = f'<a href="{escape(article.url)}">{carried}</a>' if _is_linkable(article.url) else carried
        lines.append(f"“{_cut(claim.quote, LONGEST_QUOTE)}”")
        lines.append(f"– {_credit(claim)}; {link}, {_moment(claim.moment)}")
    return lines


def _credit(claim: Claim) -> str:
    """Who says so, and who reported it first."""
    speaker = _SPEAKER_WORDS[claim.speaker]
    if claim.origin == claim.article.outlet:
        return speaker
    first = f"first reported by {_cut(claim.origin, LONGEST_NAME)}"
    return first if claim.speaker is Speaker.OUTLET else f"{speaker}, {first}"


def _is_linkable(url: str) -> bool:
    return url.startswith(("http://", "https://")) and len(url) <= LONGEST_LINK


def _visible_length(lines: Iterable[str]) -> int:
    """The length as Telegram counts it: UTF-16 units without tags. Escaped text has no angle bracket of its own."""
    words = re.sub(r"<[^>]*>", "", "\n".join(lines))
    return len(words.encode("utf-16-le")) // 2


def _card_buttons(deal: Deal, *, followed: bool) -> tuple[tuple[Button, ...], ...]:
    follow = Button("Unsubscribe", f"unfollow:{deal.id}") if followed else Button("Subscribe", f"follow:{deal.id}")
    return ((follow, Button("History", f"history:{deal.id}")),)


def _choices(deals: Sequence[Deal], action: str) -> tuple[tuple[Button, ...], ...]:
    return tuple((Button(_plain(deal.title, LONGEST_NAME), f"{action}:{deal.id}"),) for deal in deals)


def _pager(number: int, pages: int, status: Status | None) -> tuple[tuple[Button, ...], ...]:
    row = []
    if number > 0:
        row.append(Button("← Previous", f"deals:{number - 1}:{status or ''}"))
    if number + 1 < pages:
        row.append(Button("Next →", f"deals:{number + 1}:{status or ''}"))
    return (tuple(row),) if row else ()


def _target(subscription: Subscription) -> str:
    if subscription.party_key:
        return f"every deal of {subscription.party_name}"
    return subscription.deal.title if subscription.deal else "everything"


def _plain(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _cut(text: str, longest: int) -> str:
    return escape(_plain(text, longest), quote=False)


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _moment(moment: datetime) -> str:
    return f"{_day(moment)}, {moment:%H:%M} UTC"
