"""Every text the bot says, made from values. Escaping and Telegram's limits live here and nowhere else.

Text is Telegram's HTML. A message has at most 4096 characters after its tags are read, a button's data at most 64
bytes (Bot API: sendMessage, InlineKeyboardButton).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from html import escape
from itertools import groupby

import html_text

from bot import feed_words as words
from feeds import rhythm
from feeds.adding import Added, Choice
from feeds.discovery import FeedLink
from feeds.opml import MAX_BYTES, Imported
from feeds.schedule import FASTEST
from matcher.vocabulary import ChangeKind, Speaker, Stage, Status, Trust
from models.article import Claim
from models.change import Change
from models.deal import Deal
from models.feed import Feed, Trouble
from models.feed_yield import Yield
from models.notice import Notice
from models.outbox import Backlog, Missed
from models.subscriber import Subscription

PAGE = 10
"""Deals on one page of ``/deals``, feeds on one of ``/feeds``."""
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
LONGEST_REASON, LONGEST_ADDRESS, LONGEST_PROBLEM = 500, 1000, 60
PACES = (timedelta(minutes=5), FASTEST)
"""The paces that a feed's card offers, beside the usual one."""
UNUSABLE = 6
"""Unusable lines of an imported list that are named."""
EXPORTED = "hearsay-feeds.opml"
"""The name of the file that ``/export`` sends."""

SUBSCRIBED = "Subscribed. You get a message when something changes."
UNSUBSCRIBED = "Unsubscribed."
ONLY_THE_OWNER = "Only the owner may do that."
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
    "missed": ("what this chat was not told, and where those deals stand now", ""),
    "claim": ("become the owner, with the code from the first start", "/claim CODE"),
    "feeds": ("for the owner: the feeds, how they do, how often they are asked", ""),
    "addfeed": ("for the owner: follow a feed, or the feed of a website", "/addfeed https://news.example"),
    "export": ("for the owner: all feeds as an OPML file; send such a file to import it", ""),
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
    return Message("\n".join(lines), rows + _turns(number, pages, f"deals:{{}}:{status or ''}"))


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
        lines.append(weight(confirmed=deal.confirmed, sources=len(deal.origins)) + f" · since {words.day(deal.moment)}")
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
            f"<b>{words.moment(change.at)}</b>",
            f"{headline(change)} · {weight(confirmed=change.confirmed, sources=change.sources)}",
        ]
        block += _evidence(change.claims)
        if _visible_length([*lines, *block]) > LONGEST_TEXT - len(MORE):
            lines.append(MORE)
            break
        lines += block
    return Message("\n".join(lines), ((Button("Status", f"status:{deal.id}"),),))


def changed(change: Change, deal: Deal, earlier: int = 0) -> Message:
    """The push: what changed is the first line. ``earlier`` changes could not be told in their time."""
    lines = [
        f"<b>{headline(change)}</b>",
        _cut(deal.title, LONGEST_TITLE),
        weight(confirmed=change.confirmed, sources=change.sources),
    ]
    if change.contested:
        lines.append("Contested: a party and independent reports contradict each other.")
    if change.from_stage is Stage.QUIET:
        lines.append("The first news in more than a year.")
    if earlier:
        lines.append(f"To catch up: {_changes(earlier)} before this could not be told. /history shows all.")
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
    return Message("", notice=ONLY_THE_OWNER)


def only_the_owner() -> Message:
    """A command that is not for this user."""
    return Message(ONLY_THE_OWNER)


def only_in_private() -> Message:
    """A command about feeds, whose addresses may hold passwords, came in a group."""
    return Message("Others can read this chat, and addresses of feeds may hold passwords. Ask in a private chat.")


def welcome_back(missed: Sequence[Missed]) -> Message:
    """Greet a chat that took no messages for a while and was not told everything."""
    untold = sum(deal.untold for deal in missed)
    coming = sum(bool(deal.waiting) for deal in missed)
    lines = [f"Back again. Meanwhile {_changes(untold)} of {_deals(len(missed))} could not be told here."]
    lines += [f"On the way: {coming} message{'s' if coming != 1 else ''}, one per deal."] * bool(coming)
    offer = ((Button("What I missed", "missed:new"),),) if coming < len(missed) else ()
    return Message("\n".join(lines), offer)


def missed(missed: Sequence[Missed], backlog: Backlog | None = None) -> Message:
    """What a chat was not told, each deal with a button to where it stands; ``backlog`` is for the owner's eyes."""
    shown = missed[-CHOICES:]
    lines = [f"<b>Not told here</b> ({_deals(len(missed))})"] if missed else ["This chat was told everything."]
    lines += [f"• {_cut(m.deal.title, LONGEST_ITEM)}: {_stage_words(m.deal)} ({_untold(m)})" for m in shown]
    if len(shown) < len(missed):
        lines.append(f"… and {_deals(len(missed) - len(shown))} that moved before. /deals lists them all.")
    if backlog:
        lines += ["", *_backlog(backlog)]
    rows = tuple((Button(_plain(m.deal.title, LONGEST_ITEM), f"missed:{m.deal.id}"),) for m in shown)
    return Message("\n".join(lines), rows)


def _untold(missed: Missed) -> str:
    parts = [f"{_changes(missed.untold)} not told"] * bool(missed.untold)
    parts += [f"{missed.waiting} on the way"] * bool(missed.waiting)
    return ", ".join(parts)


def _backlog(backlog: Backlog) -> list[str]:
    """All chats together, for the owner: numbers only."""
    waiting = f"{backlog.waiting} waiting for {_chats(backlog.chats)}"
    retired = f"{backlog.retired_waiting} of them for {_chats(backlog.retired_chats)} that took no more messages"
    return [
        f"<b>All chats</b>: {waiting}, {retired}; {backlog.given_up} given up.",
        *([f"The oldest waits since {words.moment(backlog.oldest)}."] if backlog.oldest else []),
        "On the command line: hearsay outbox",
    ]


def _changes(count: int) -> str:
    return f"{count} change{'s' if count != 1 else ''}"


def _deals(count: int) -> str:
    return f"{count} deal{'s' if count != 1 else ''}"


def _chats(count: int) -> str:
    return f"{count} chat{'s' if count != 1 else ''}"


def gone() -> Message:
    """A button under an old message points to something that is no longer there."""
    return Message("", notice="This is out of date. Ask again with /deals or /subscriptions.")


def trouble(notice: Notice) -> Message:
    """Tell the owner what happened to a feed. What was set up is never touched."""
    feed = notice.feed
    lines = [f"<b>{_TROUBLE_WORDS[notice.trouble]}: {_cut(words.name(feed), LONGEST_TITLE)}</b>", *_told(notice)]
    # A pressed button answers with a new message: the notice itself must stay in the chat.
    card = Button("Feed", f"feed:{feed.id}:new")
    check = () if feed.stopped_at else (Button("Check now", f"feed-check:{feed.id}:new"),)
    return Message("\n".join(lines), ((card, *check),))


_TROUBLE_WORDS = {
    Trouble.FAILING: "Feed cannot be read",
    Trouble.ENDED: "Feed has ended",
    Trouble.SILENT: "Feed has fallen silent",
}


def _told(notice: Notice) -> list[str]:
    feed, reason = notice.feed, _cut(notice.reason, LONGEST_REASON)
    match notice.trouble:
        case Trouble.FAILING:
            return [_failing_since(notice), reason, "Hearsay goes on trying, less and less often. Nothing is deleted."]
        case Trouble.ENDED:
            again = f"/addfeed <code>{_cut(feed.url, LONGEST_ADDRESS)}</code>"
            return [reason, "It is kept, but not asked any more.", f"If it comes back: {again}"]
    since = f"Nothing new since {words.moment(feed.new_entry_at)}." if feed.new_entry_at else "Nothing new for long."
    pause = f"; its longest pause was {words.span(feed.longest_gap)}" if feed.longest_gap else ""
    used = f"Before, it brought {words.frequency(feed.rate)}{pause}."
    return [since, used, "Its server answers. See whether its website still publishes there. Hearsay goes on looking."]


def _failing_since(notice: Notice) -> str:
    read = notice.feed.succeeded_at
    if read is None:
        return "It could not be read so far."
    return f"Last read: {words.moment(read)}." if read < notice.at else f"It was read again: {words.moment(read)}."


def feeds(
    page: Sequence[Feed], number: int, pages: int, now: datetime, floor: timedelta, brought: Mapping[int, Yield]
) -> Message:
    """One page of the feeds (``number`` from 0). ``floor`` is the usual time between two looks."""
    if not page:
        return Message("No feeds yet. Add one: /addfeed https://news.example, or send an OPML file.")
    lines = ["<b>Feeds</b>"]
    for feed in page:
        lines.append(f"• <b>{_cut(words.name(feed), LONGEST_ITEM)}</b>: {words.state(feed)}")
        read = f"{words.span(now - feed.succeeded_at)} ago" if feed.succeeded_at else "never"
        lines.append(f"   read {read}; next look: {words.next_look(feed, now)}")
        lines.append(f"   {words.publishes(feed, now)}; {words.good_for(feed, brought[feed.id])}")
        if feed.pace:
            lines.append(f"   {words.pace(feed, floor)}")
        if words.problem(feed):
            lines.append(f"   {_cut(words.problem(feed), LONGEST_PROBLEM)}")
    if pages > 1:
        lines.append(f"\nPage {number + 1} of {pages}")
    rows = tuple((Button(_plain(words.name(feed), LONGEST_ITEM), f"feed:{feed.id}"),) for feed in page)
    return Message("\n".join(lines), rows + _turns(number, pages, "feeds:{}"))


def feed(feed: Feed, brought: Yield, now: datetime, floor: timedelta, notice: str = "") -> Message:
    """The card of a feed. ``floor`` is the usual time between two looks."""
    facts = {
        "State": words.state(feed),
        "Trust": feed.trust,
        "Last read": words.last_success(feed, now),
        "Next look": words.next_look(feed, now),
        "Looked at": words.looks(feed, floor, now),
        "Pace": words.pace(feed, floor),
        "Publishes": words.publishes(feed, now),
        "So far": words.good_for(feed, brought),
        "From published to pushed": words.delay(brought.delays),
        "Full text of articles": "on" if feed.full_text else "off",
    }
    lines = [
        f"<b>{_cut(words.name(feed), LONGEST_TITLE)}</b>",
        f"<code>{_cut(feed.url, LONGEST_ADDRESS)}</code>",
        *(f"{name}: {value}" for name, value in facts.items()),
    ]
    if words.problem(feed):
        lines.append(f"<b>Problem</b>: {_cut(words.problem(feed), LONGEST_REASON)}")
    return Message("\n".join(lines), _feed_buttons(feed), notice)


def _feed_buttons(feed: Feed) -> tuple[tuple[Button, ...], ...]:
    pace = tuple(
        Button(f"Every {words.span(pace)}" if pace else "Usual pace", f"feed-pace:{feed.id}:{_seconds(pace)}")
        for pace in (None, *PACES)
        if pace != feed.pace
    )
    text = Button("Full text off" if feed.full_text else "Full text on", f"feed-text:{feed.id}:{not feed.full_text:d}")
    check = () if feed.stopped_at else (Button("Check now", f"feed-check:{feed.id}"),)
    end = (Button("Remove", f"feed-remove:{feed.id}"), Button("All feeds", "feeds:0"))
    return (pace, _trust_buttons(feed), (*check, text), end)


def _seconds(pace: timedelta | None) -> int:
    return round(pace.total_seconds()) if pace else 0


def _trust_buttons(feed: Feed) -> tuple[Button, ...]:
    return tuple(Button(tier.capitalize(), f"feed-trust:{feed.id}:{tier}") for tier in Trust if tier is not feed.trust)


def hastened(feed: Feed, soonest: datetime | None) -> str:
    """Whether the feed is looked at out of turn, or from when on it may be; at most 200 characters, for a toast."""
    if feed.stopped_at:
        return "Its publisher ended this feed. Add its address again to see whether it is back."
    if soonest is None:
        return "It is looked at within seconds, while the bot runs."
    asked = feed.checked_at is None or soonest > feed.checked_at + FASTEST
    why = "Its publisher asks for more time." if asked else "It was looked at less than a minute ago."
    return f"{why} Try again after {words.day(soonest)}, {soonest:%H:%M:%S} UTC."


def pace_set(feed: Feed, floor: timedelta, now: datetime) -> str:
    """What became of a new pace, if it does not simply rule; at most 200 characters, for a toast."""
    time, reason = rhythm.looks(feed, floor, now)
    if feed.succeeded_at is None or feed.pace is None or reason is not rhythm.Reason.UNCONDITIONAL:
        return ""
    return f"This server cannot say “nothing new”, so the feed is still looked at {words.every(time)}."


def feed_gone() -> Message:
    """A button of a feed that was removed."""
    return Message("", notice="This feed is not followed any more. See /feeds.")


def remove_feed(feed: Feed) -> Message:
    """Ask before a feed is removed."""
    return Message(
        f"Remove <b>{_cut(words.name(feed), LONGEST_TITLE)}</b>?\n"
        "Hearsay stops asking for it and forgets its settings. What it told about your deals stays.",
        ((Button("Yes, remove it", f"feed-drop:{feed.id}"), Button("No", f"feed:{feed.id}")),),
    )


def removed_feed(feed: Feed) -> Message:
    """Confirm a removal, with what it takes to undo it."""
    address = f"<code>{_cut(feed.url, LONGEST_ADDRESS)}</code>"
    return Message(
        f"Removed: {_cut(words.name(feed), LONGEST_TITLE)}. What it told stays.\n"
        f"To follow it again: /addfeed {address}",
        ((Button("All feeds", "feeds:0"),),),
    )


def looking(address: str) -> Message:
    """An address is being looked at."""
    return Message(f"Looking at <code>{_cut(address, LONGEST_ADDRESS)}</code> … That may take a minute.")


def added(found: Added, feed: Feed) -> Message:
    """A feed was added."""
    entries = f"{found.entries} {'entry' if found.entries == 1 else 'entries'}"
    return Message(
        f"Added: <b>{_cut(words.name(feed), LONGEST_TITLE)}</b>, {entries}.\n"
        f"<code>{_cut(feed.url, LONGEST_ADDRESS)}</code>\n{_TRUST_WORDS[feed.trust]}",
        (_trust_buttons(feed), (Button("Feed", f"feed:{feed.id}"),)),
    )


_TRUST_WORDS = {
    Trust.OFFICIAL: "It is official: a party's, an authority's or a press wire's own.",
    Trust.TRUSTED: "It is trusted: what it reports counts.",
    Trust.UNVETTED: "It is unvetted: alone, it cannot deny or finalize a deal; you are asked first. "
    "If you know it, say how far it is to be believed.",
}


def already_polled(url: str, feed: Feed | None) -> Message:
    """The feed is there already; nothing changed."""
    card = ((Button("Feed", f"feed:{feed.id}"),),) if feed else ()
    return Message(f"This feed is followed already: <code>{_cut(url, LONGEST_ADDRESS)}</code>", card)


def no_feed(reason: str) -> Message:
    """No feed was found; ``reason`` says why and what to do."""
    return Message(f"Not added. {_cut(reason, LONGEST_REASON)}")


def choose_feed(offer: Choice) -> Message:
    """A page offers several feeds. Each address stands on a line of its own: see :func:`offered_feed`."""
    lines, rows = ["This page offers several feeds. Which one?"], []
    for number, link in enumerate(offer.links, 1):
        block = [f"\n{number}. {_cut(link.title, LONGEST_ITEM)}".rstrip(), f"<code>{escape(link.url)}</code>"]
        if _visible_length([*lines, *block]) > LONGEST_TEXT - len(_MORE_FEEDS):
            lines.append(_MORE_FEEDS)
            break
        lines += block
        rows.append((Button(f"{number}. {_plain(link.title or link.url, LONGEST_ITEM)}", _offer(link)),))
    return Message("\n".join(lines), tuple(rows))


_MORE_FEEDS = "\nIt has more than can be shown. Send /addfeed with the address of the feed itself."


def offered_feed(text: str, data: str) -> str | None:
    """The address that a pressed button of :func:`choose_feed` stands for, by the text of its message.

    The message itself keeps the addresses, so nothing needs to be stored, and an old button cannot mean another feed.
    """
    return next((line for line in text.splitlines() if _digest(line) == data), None)


def _offer(link: FeedLink) -> str:
    return f"offer:{_digest(link.url)}"


def _digest(url: str) -> str:
    return sha256(url.encode()).hexdigest()[:32]


def imported_feeds(result: Imported) -> Message:
    """What became of a list of feeds."""
    if not (result.added or result.known or result.unusable):
        return bad_list("This list holds no feeds; export it again from a feed reader.")
    lines = [f"Added {len(result.added)}, known already {len(result.known)}, not usable {len(result.unusable)}."]
    lines += [
        f"• {_cut(line.reason, LONGEST_TITLE + LONGEST_NAME)}: <code>{_cut(line.url, LONGEST_NAME) or '-'}</code>"
        for line in result.unusable[:UNUSABLE]
    ]
    if len(result.unusable) > UNUSABLE:
        lines.append(f"… and {len(result.unusable) - UNUSABLE} more.")
    return Message("\n".join(lines), ((Button("All feeds", "feeds:0"),),))


def bad_list(reason: str) -> Message:
    """A file cannot be imported."""
    return Message(f"Nothing was imported. {_cut(reason, LONGEST_REASON)}")


def large_list() -> Message:
    """A file is too large to be a list of feeds."""
    return bad_list(f"The file is larger than {MAX_BYTES:,} bytes; split it into several.")


def not_downloaded() -> Message:
    """Telegram did not hand out a file."""
    return bad_list("The file could not be had from Telegram; send it again.")


def exported_feeds(count: int) -> str:
    """The words under the file that ``/export`` sends."""
    return f"{count} feed{'s' if count != 1 else ''}. Send such a file here to import it."


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
        lines.append(f"– {_credit(claim)}; {link}, {words.moment(claim.moment)}")
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


def _turns(number: int, pages: int, data: str) -> tuple[tuple[Button, ...], ...]:
    """Buttons to the pages before and after; ``data`` has a place for their number."""
    row = []
    if number > 0:
        row.append(Button("← Previous", data.format(number - 1)))
    if number + 1 < pages:
        row.append(Button("Next →", data.format(number + 1)))
    return (tuple(row),) if row else ()


def _target(subscription: Subscription) -> str:
    if subscription.party_key:
        return f"every deal of {subscription.party_name}"
    return subscription.deal.title if subscription.deal else "everything"


def _plain(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _cut(text: str, longest: int) -> str:
    return escape(_plain(text, longest), quote=False)
