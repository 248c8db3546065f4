"""What the owner may ask of the outbox: what waits, what was given up, and where a message comes from.

::

    message → letter → change → claims → articles → feeds

Blocks of short lines rather than tables, so that a narrow terminal shows them. Chats are named by their ids only.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language import moment, span
from bot.messages.feed_words import name
from bot.messages.standing import headline, weight
from models import outbox
from models.article import Claim
from models.change import Change
from models.database import Database
from models.feed import Feed
from models.outbox import Backlog, Letter, Queue
from models.proposal import Proposal

SHOWN = 10
"""Chats, and letters given up, that are shown unless all are asked for."""
LONGEST = 500
"""Characters of one line's text."""

Row = tuple[str, str]
Block = tuple[str, list[Row]]

_REASONS = {
    "blocked by the user": "the user blocked the bot",
    "user is deactivated": "the user's account was deleted",
    "kicked": "the bot was removed from the group",
    "not a member": "the bot is not in the group any more",
    "chat not found": "there is no such chat, or it never talked to the bot",
    "not enough rights": "the bot may not write in the group",
    "too long": "the message is too long for Telegram",
    "parse entities": "Telegram could not read the message's markup",
    "flood control": "Telegram asked for a pause",
    "too many requests": "Telegram asked for a pause",
    "invalid token": "Telegram does not know the bot's token",
    "unauthorized": "Telegram does not know the bot's token",
    "other getupdates": "another program uses the same token",
    "timed out": "Telegram did not answer in time",
    "bad gateway": "Telegram was out of order",
    "internal server error": "Telegram was out of order",
    "service unavailable": "Telegram was out of order",
    "connect": "Telegram could not be reached",
    "disconnected": "the connection to Telegram broke",
}
"""What Telegram and the network say (a part of it, in lower case), in plain words."""
_TOKEN = re.compile(r"\d+:[\w-]{6,}")


class TraceError(Exception):
    """There is nothing to trace; the message says why and what to do."""


def reason(error: str | None) -> str:
    """Why a letter was not sent, in plain words; what nobody has words for is said as it came, without tokens."""
    if not error:
        return "no reason was kept"
    known = next((plain for part, plain in _REASONS.items() if part in error.casefold()), None)
    return known or _TOKEN.sub("[token]", error)


# The outbox ----------------------------------------------------------------------------------------------------------


async def show_outbox(database: Database, out: Console, now: datetime, *, limit: int | None) -> None:
    """Print what waits and what was given up; at most ``limit`` of each kind, or all."""
    async with database.read() as session:
        queues = await outbox.queues(session)
        lost = await outbox.given_up(session, limit)
    served = [queue for queue in queues if queue.first and not queue.chat.retired_at]
    retired = [queue for queue in queues if queue.first and queue.chat.retired_at]
    for heading, found in (("Waiting", served), ("Waiting for chats that take no messages", retired)):
        _print_kind(out, heading, [_queue(queue, now) for queue in found[:limit]], len(found), "chat")
    _print_kind(out, "Given up", [_given_up(letter) for letter in lost], Backlog.of(queues).given_up, "letter")


def _print_kind(out: Console, heading: str, blocks: Sequence[Block], total: int, noun: str) -> None:
    _say(out, f"{heading}: {total} {noun}{'s' if total != 1 else ''}", style="bold")
    for block in blocks:
        _print_block(out, block)
    if len(blocks) < total:
        _say(out, f"… and {total - len(blocks)} more: hearsay outbox --all")
    out.print()


def _queue(queue: Queue, now: datetime) -> Block:
    first, retired_at = queue.first, queue.chat.retired_at
    if first is None:
        raise ValueError("a queue without a waiting letter was to be shown")
    rows = [
        ("waiting", f"{queue.waiting} letter{'s' if queue.waiting != 1 else ''}"),
        ("oldest", f"{span(now - first.created_at)} ago ({moment(first.created_at)}), letter {first.id}"),
    ]
    if retired_at:
        rows.append(("retired", f"{moment(retired_at)}; it gets them when it is back"))
    else:
        rows.append(("next try", moment(first.due_at) if first.due_at > now else "now, while the bot runs"))
    if first.error:
        rows.append(("last error", f"{reason(first.error)} ({_attempts(first)})"))
    return f"chat {queue.chat.chat_id}", rows


def _given_up(letter: Letter) -> Block:
    at = moment(letter.abandoned_at) if letter.abandoned_at else "never"
    return f"letter {letter.id}", [
        ("chat", str(letter.subscriber.chat_id)),
        ("about", _subject(letter)),
        ("given up", f"{at}, after {_attempts(letter)}"),
        ("reason", reason(letter.error)),
    ]


def _subject(letter: Letter) -> str:
    if letter.change:
        return f"{letter.change.deal.slug}: {headline(letter.change)}"
    if letter.claim:
        return f"{letter.claim.deal.slug}: a held claim, {letter.claim.stage}"
    if letter.report:
        return f"{letter.report.deal.slug}: a further report, {letter.report.stage}"
    if letter.feedback:
        return f"feedback {letter.feedback.id}"
    if letter.proposal:
        return f"proposal {letter.proposal.id}: {letter.proposal.typed}"
    if letter.invitation:
        return f"an invitation ({letter.invitation.role}), used by user {letter.invitation.used_by}"
    return f"the feed {name(letter.notice.feed)}: {letter.notice.trouble}" if letter.notice else "nothing"


def _attempts(letter: Letter) -> str:
    return f"{letter.attempts} attempt{'s' if letter.attempts != 1 else ''}"


# The trace -----------------------------------------------------------------------------------------------------------


async def show_message(database: Database, out: Console, chat_id: int, message_id: int) -> None:
    """Print what led to a message. Raises :class:`TraceError` if no letter became it."""
    async with database.read() as session:
        letters = await outbox.trail_of_message(session, chat_id, message_id)
        feeds = await _feeds(session, letters)
    if not letters:
        raise TraceError(
            f"No letter became message {message_id} in chat {chat_id}. Answers to commands are not traced. "
            "Check both numbers; for what was not sent, see: hearsay outbox"
        )
    for letter in letters:
        _print_trail(out, letter, feeds)


async def show_letter(database: Database, out: Console, letter_id: int) -> None:
    """Print what led to a letter, sent or not. Raises :class:`TraceError` if there is none of this number."""
    async with database.read() as session:
        letter = await outbox.trail_of_letter(session, letter_id)
        feeds = await _feeds(session, [letter] if letter else [])
    if letter is None:
        raise TraceError(f"There is no letter {letter_id}. See: hearsay outbox --all")
    _print_trail(out, letter, feeds)


async def _feeds(session: AsyncSession, letters: Iterable[Letter]) -> Mapping[int, Feed]:
    """The feeds behind the letters, by id; one that was removed is not among them."""
    ids = {claim.article.feed_id for letter in letters for claim in _claims(letter)}
    return {feed.id: feed for feed in await session.scalars(select(Feed).where(Feed.id.in_(ids)))}


def _claims(letter: Letter) -> Sequence[Claim]:
    if letter.change:
        return letter.change.claims
    return [letter.claim] if letter.claim else []


def _print_trail(out: Console, letter: Letter, feeds: Mapping[int, Feed]) -> None:
    for block in _trail(letter, feeds):
        _print_block(out, block)
        out.print()


def _trail(letter: Letter, feeds: Mapping[int, Feed]) -> Iterator[Block]:
    yield "Message", _message(letter)
    yield f"Letter {letter.id}", _letter(letter)
    if letter.change:
        yield f"Change {letter.change.id}", _change(letter.change)
    if letter.notice:
        yield f"Notice {letter.notice.id}", _notice(letter)
        yield f"Feed {letter.notice.feed_id}", _feed(letter.notice.feed)
    if letter.proposal:
        yield f"Proposal {letter.proposal.id}", _proposal(letter.proposal)
    for claim in _claims(letter):
        yield f"Claim {claim.id}", _claim(claim)
        yield f"Article {claim.article_id}", _article(claim)
        feed = feeds.get(claim.article.feed_id or 0)
        yield f"Feed {feed.id}" if feed else "Feed", _feed(feed)


def _message(letter: Letter) -> list[Row]:
    sent = str(letter.message_id) if letter.message_id else "none"
    return [("chat", str(letter.subscriber.chat_id)), ("message", sent)]


def _letter(letter: Letter) -> list[Row]:
    rows = [
        ("about", _subject(letter)),
        ("created", moment(letter.created_at)),
        ("due", moment(letter.due_at)),
        ("attempts", str(letter.attempts)),
        ("sent", moment(letter.sent_at) if letter.sent_at else "no"),
    ]
    if letter.abandoned_at:
        rows.append(("set aside", moment(letter.abandoned_at)))
    if letter.error:
        rows.append(("error", reason(letter.error)))
    if letter.earlier:
        rows.append(("stands for", f"{letter.earlier} earlier of this deal, {outbox.FOLDED}"))
    return rows


def _change(change: Change) -> list[Row]:
    rows = [
        ("deal", f"{change.deal.slug}: {change.deal.title}"),
        ("moved", f"{change.from_stage or 'no reports yet'} → {change.stage} ({change.kind})"),
        ("recorded", moment(change.at)),
        ("weight", weight(confirmed=change.confirmed, sources=change.sources)),
    ]
    if change.contested:
        rows.append(("contested", "a party and independent reports contradict each other"))
    if not change.claims:
        rows.append(("claims", "none: no article moved it, but time or the watchlist"))
    return rows


def _notice(letter: Letter) -> list[Row]:
    notice = letter.notice
    return [("trouble", notice.trouble), ("at", moment(notice.at)), ("reason", str(notice.reason))] if notice else []


def _proposal(proposal: Proposal) -> list[Row]:
    rows = [("typed", proposal.typed), ("made", f"{moment(proposal.made_at)}, by user {proposal.user_id}")]
    if proposal.answer and proposal.answered_at:
        rows.append(("answer", f"{proposal.answer}, {moment(proposal.answered_at)}, by user {proposal.by}"))
    return rows


def _claim(claim: Claim) -> list[Row]:
    return [
        ("stage", claim.stage),
        ("speaker", claim.speaker),
        ("origin", claim.origin or "not known"),
        ("rule", f"{claim.rule} (certainty {claim.certainty:.2f})"),
        ("quote", f"“{claim.quote}” in the {claim.field}"),
        ("says so at", moment(claim.moment)),
        ("outcome", claim.outcome),
    ]


def _article(claim: Claim) -> list[Row]:
    article = claim.article
    return [
        ("outlet", article.outlet or "without a name"),
        ("title", article.title),
        ("address", article.url or "none"),
        ("published", moment(article.published_at) if article.published_at else "not said"),
        ("first seen", moment(article.first_seen_at)),
        ("trust", f"{article.trust}, when it was read"),
    ]


def _feed(feed: Feed | None) -> list[Row]:
    if feed is None:
        return [("title", "none: it came from an archive, or its feed was removed since")]
    return [("title", name(feed)), ("trust", f"{feed.trust}, now")]


# How it looks --------------------------------------------------------------------------------------------------------


def _print_block(out: Console, block: Block) -> None:
    """A heading and its rows. Everything is plain text, so that nothing in a headline is taken for markup."""
    heading, rows = block
    _say(out, heading, style="bold")
    grid = Table.grid(Column(min_width=len("  first seen"), no_wrap=True, style="dim"), Column(overflow="fold"))
    grid.padding = (0, 2, 0, 0)
    for label, text in rows:
        grid.add_row(Text(f"  {label}"), Text(text[:LONGEST]))
    out.print(grid)


def _say(out: Console, text: str, style: str = "") -> None:
    out.print(text, style=style, markup=False, highlight=False)
