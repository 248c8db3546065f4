"""The feeds, for their owner: how they do, what is done with them, and what happened to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.language import N_, every, moment, ngettext, pgettext, said, span
from bot.language import gettext as _
from bot.messages import feed_words as words
from bot.messages.frame import (
    LONGEST_ADDRESS,
    LONGEST_ITEM,
    LONGEST_REASON,
    LONGEST_TITLE,
    Button,
    Message,
    Rows,
    cut,
    label,
    page_line,
    turns,
)
from feeds.adding import Added
from feeds.schedule import FASTEST
from matcher.vocabulary import Trust
from models.feed import Feed, Trouble
from models.feed_yield import Yield
from models.notice import Notice

PACES = (timedelta(minutes=5), FASTEST)
"""The paces that a feed's card offers, beside the usual one."""
LONGEST_PROBLEM = 60

_TROUBLE_WORDS = {
    Trouble.FAILING: N_("Feed cannot be read: {feed}"),
    Trouble.ENDED: N_("Feed has ended: {feed}"),
    Trouble.SILENT: N_("Feed has fallen silent: {feed}"),
}
_TRUST_MEANS = {
    Trust.OFFICIAL: N_("It is official: a party's, an authority's or a press wire's own."),
    Trust.TRUSTED: N_("It is trusted: what it reports counts."),
    Trust.UNVETTED: N_(
        "It is unvetted: alone, it cannot deny or finalize a deal; you are asked first. "
        "If you know it, say how far it is to be believed."
    ),
}


# What happened -------------------------------------------------------------------------------------------------------


def trouble(notice: Notice) -> Message:
    """Tell the owner what happened to a feed. What was set up is never touched."""
    feed = notice.feed
    title = _(_TROUBLE_WORDS[notice.trouble], feed=cut(words.name(feed), LONGEST_TITLE))
    # A pressed button answers with a new message: the notice itself must stay in the chat.
    card = Button(pgettext("button", "Feed"), f"feed:{feed.id}:new")
    check = () if feed.stopped_at else (Button(pgettext("button", "Check now"), f"feed-check:{feed.id}:new"),)
    return Message("\n".join([f"<b>{title}</b>", *_told(notice)]), ((card, *check),))


def _told(notice: Notice) -> list[str]:
    feed = notice.feed
    match notice.trouble:
        case Trouble.FAILING:
            goes_on = _("Hearsay goes on trying, less and less often. Nothing is deleted.")
            return [_failing_since(notice), _reason(notice), goes_on]
        case Trouble.ENDED:
            again = f"/addfeed <code>{cut(feed.url, LONGEST_ADDRESS)}</code>"
            kept = _("It is kept, but not asked any more.")
            return [_reason(notice), kept, _("If it comes back: {command}", command=again)]
    goes_on = _("Its server answers. See whether its website still publishes there. Hearsay goes on looking.")
    return [_silent_since(feed), _used_to(feed), goes_on]


def _reason(notice: Notice) -> str:
    return cut(said(notice.reason), LONGEST_REASON)


def _failing_since(notice: Notice) -> str:
    read = notice.feed.succeeded_at
    if read is None:
        return _("It could not be read so far.")
    if read < notice.at:
        return _("Last read: {moment}.", moment=moment(read))
    return _("It was read again: {moment}.", moment=moment(read))


def _silent_since(feed: Feed) -> str:
    if feed.new_entry_at is None:
        return _("Nothing new for long.")
    return _("Nothing new since {moment}.", moment=moment(feed.new_entry_at))


def _used_to(feed: Feed) -> str:
    often = words.frequency(feed.rate)
    if not feed.longest_gap:
        return _("Before, it brought {often}.", often=often)
    pause = span(feed.longest_gap)
    return _("Before, it brought {often}; its longest pause was {pause}.", often=often, pause=pause)


# How they do ---------------------------------------------------------------------------------------------------------


def feeds(
    page: Sequence[Feed], number: int, pages: int, now: datetime, floor: timedelta, brought: Mapping[int, Yield]
) -> Message:
    """One page of the feeds (``number`` from 0). ``floor`` is the usual time between two looks."""
    if not page:
        return Message(_("No feeds yet. Add one: /addfeed https://news.example, or send an OPML file."))
    lines = [_("<b>Feeds</b>")]
    for feed in page:
        lines += _item(feed, now, floor, brought[feed.id])
    rows = tuple((Button(label(words.name(feed)), f"feed:{feed.id}"),) for feed in page)
    return Message("\n".join(lines + page_line(number, pages)), rows + turns(number, pages, "feeds:{}"))


def _item(feed: Feed, now: datetime, floor: timedelta, brought: Yield) -> list[str]:
    lines = [
        _("read {ago}; next look: {next}", ago=words.read(feed, now), next=words.next_look(feed, now)),
        f"{words.publishes(feed, now)}; {words.good_for(feed, brought)}",
    ]
    if feed.pace:
        lines.append(words.pace(feed, floor))
    if words.problem(feed):
        lines.append(cut(words.problem(feed), LONGEST_PROBLEM))
    title = f"• <b>{cut(words.name(feed), LONGEST_ITEM)}</b>: {words.state(feed)}"
    return [title, *(f"   {line}" for line in lines)]


def feed(feed: Feed, brought: Yield, now: datetime, floor: timedelta, notice: str = "") -> Message:
    """The card of a feed. ``floor`` is the usual time between two looks."""
    facts = {
        _("State"): words.state(feed),
        _("Trust"): words.trust(feed.trust),
        _("Last read"): words.last_success(feed, now),
        _("Next look"): words.next_look(feed, now),
        _("Looked at"): words.looks(feed, floor, now),
        _("Pace"): words.pace(feed, floor),
        _("Publishes"): words.publishes(feed, now),
        _("So far"): words.good_for(feed, brought),
        _("From published to pushed"): words.delay(brought.delays),
        _("Full text of articles"): words.switch(on=feed.full_text),
    }
    lines = [f"<b>{cut(words.name(feed), LONGEST_TITLE)}</b>", _address(feed.url)]
    lines += [_("{label}: {value}", label=name, value=value) for name, value in facts.items()]
    if words.problem(feed):
        lines.append(_("<b>Problem</b>: {problem}", problem=cut(words.problem(feed), LONGEST_REASON)))
    return Message("\n".join(lines), _feed_buttons(feed), notice)


def _address(url: str) -> str:
    return f"<code>{cut(url, LONGEST_ADDRESS)}</code>"


def _feed_buttons(feed: Feed) -> Rows:
    paces = tuple(_pace_button(feed, pace) for pace in (None, *PACES) if pace != feed.pace)
    remove = Button(pgettext("button", "Remove"), f"feed-remove:{feed.id}")
    return (paces, _trust_buttons(feed), (*_check_button(feed), _text_button(feed)), (remove, all_feeds()))


def _pace_button(feed: Feed, pace: timedelta | None) -> Button:
    name = _capitalized(every(pace)) if pace else pgettext("button", "Usual pace")
    return Button(name, f"feed-pace:{feed.id}:{round(pace.total_seconds()) if pace else 0}")


def _trust_buttons(feed: Feed) -> tuple[Button, ...]:
    others = (tier for tier in Trust if tier is not feed.trust)
    return tuple(Button(_capitalized(words.trust(tier)), f"feed-trust:{feed.id}:{tier}") for tier in others)


def _check_button(feed: Feed) -> tuple[Button, ...]:
    return () if feed.stopped_at else (Button(pgettext("button", "Check now"), f"feed-check:{feed.id}"),)


def _text_button(feed: Feed) -> Button:
    name = pgettext("button", "Full text off") if feed.full_text else pgettext("button", "Full text on")
    return Button(name, f"feed-text:{feed.id}:{not feed.full_text:d}")


def all_feeds() -> Button:
    """The button to the list of all feeds."""
    return Button(pgettext("button", "All feeds"), "feeds:0")


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


# What is done with them ----------------------------------------------------------------------------------------------


def feed_gone() -> Message:
    """A button of a feed that was removed."""
    return Message("", notice=pgettext("toast", "This feed is not followed any more. See /feeds."))


def remove_feed(feed: Feed) -> Message:
    """Ask before a feed is removed."""
    question = _("Remove <b>{feed}</b>?", feed=cut(words.name(feed), LONGEST_TITLE))
    means = _("Hearsay stops asking for it and forgets its settings. What it told about your deals stays.")
    yes = Button(pgettext("button", "Yes, remove it"), f"feed-drop:{feed.id}")
    return Message(f"{question}\n{means}", ((yes, Button(pgettext("button", "No"), f"feed:{feed.id}")),))


def removed_feed(feed: Feed) -> Message:
    """Confirm a removal, with what it takes to undo it."""
    done = _("Removed: {feed}. What it told stays.", feed=cut(words.name(feed), LONGEST_TITLE))
    again = _("To follow it again: {command}", command=f"/addfeed {_address(feed.url)}")
    return Message(f"{done}\n{again}", ((all_feeds(),),))


def added(found: Added, feed: Feed) -> Message:
    """A feed was added."""
    lines = [_added(found, feed), _address(feed.url), _(_TRUST_MEANS[feed.trust])]
    return Message("\n".join(lines), (_trust_buttons(feed), (_card_button(feed),)))


def _added(found: Added, feed: Feed) -> str:
    return ngettext(
        "Added: <b>{feed}</b>, {count} entry.",
        "Added: <b>{feed}</b>, {count} entries.",
        found.entries,
        feed=cut(words.name(feed), LONGEST_TITLE),
    )


def _card_button(feed: Feed) -> Button:
    return Button(pgettext("button", "Feed"), f"feed:{feed.id}")


def already_polled(url: str, feed: Feed | None) -> Message:
    """The feed is there already; nothing changed."""
    return Message(
        _("This feed is followed already: {address}", address=_address(url)), ((_card_button(feed),),) if feed else ()
    )
