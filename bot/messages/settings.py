"""How a chat wants to be told, and who may decide that."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from babel import Locale

from bot.language import gettext as _
from bot.language import languages, moment, pgettext, spoken
from bot.messages.frame import LONGEST_NAME, Button, Message, Rows, cut
from models.subscriber import Digest, Subscriber

QUIET_HOURS = ((22 * 60, 7 * 60), (23 * 60, 8 * 60), (0, 6 * 60))
"""Those that are offered as buttons, from and until, in minutes after local midnight."""
ZONES = ("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "Asia/Tokyo")
"""Those that are offered before anybody asked for one."""
HOURS_A_ROW = 8
LANGUAGES_A_ROW = 2


def option(words: str, data: str, *, chosen: bool) -> Button:
    """One of several choices; the one that holds now is marked."""
    return Button(f"✓ {words}" if chosen else words, data)


def clock_time(minutes: int) -> str:
    """``22:30``, of minutes after midnight."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


# What holds now ------------------------------------------------------------------------------------------------------


def settings(chat: Subscriber, now: datetime) -> Message:
    """All settings of a chat in words, with a button to each."""
    cards = (
        option(pgettext("button", "Full cards"), "chat:compact:0", chosen=not chat.compact),
        option(pgettext("button", "Compact cards"), "chat:compact:1", chosen=chat.compact),
    )
    rows = (
        (Button(pgettext("button", "Quiet hours"), "chat:quiet"), Button(pgettext("button", "Time zone"), "chat:zone")),
        (Button(pgettext("button", "Digest"), "chat:digest"), Button(pgettext("button", "Language"), "chat:language")),
        cards,
    )
    return Message(_overview(chat, now), rows)


def _overview(chat: Subscriber, now: datetime) -> str:
    here = moment(now, ZoneInfo(chat.time_zone))
    lines = [
        _("<b>Settings of this chat</b>"),
        _quiet(chat),
        _urgent(chat),
        _("Time zone: {zone}. It is {moment} there.", zone=cut(chat.time_zone, LONGEST_NAME), moment=here),
        _digest(chat),
        _("Language: {language}.", language=language_name(spoken())),
        _("Cards: compact, without quotes and sources.")
        if chat.compact
        else _("Cards: full, with quotes and sources."),
    ]
    return "\n".join(lines)


def _quiet(chat: Subscriber) -> str:
    if chat.quiet_from is None or chat.quiet_until is None:
        return _("Quiet hours: none.")
    return _(
        "Quiet hours: {start} to {end}. What comes up then is told in one message when they are over.",
        start=clock_time(chat.quiet_from),
        end=clock_time(chat.quiet_until),
    )


def _urgent(chat: Subscriber) -> str:
    if chat.breaks_through:
        return _("A deal that is denied or finalized is told at once, whatever the hour.")
    return _("A deal that is denied or finalized waits like the rest.")


def _digest(chat: Subscriber) -> str:
    match chat.digest:
        case Digest.DAILY:
            return _("Digest: one message every day at {time}.", time=clock_time(chat.digest_at))
        case Digest.WEEKLY:
            return _("Digest: one message every Monday at {time}.", time=clock_time(chat.digest_at))
    return _("Digest: none, each change is a message of its own.")


def language_name(code: str) -> str:
    """What a language calls itself."""
    name = Locale.parse(code).display_name or code
    return name[:1].upper() + name[1:]


# What can be chosen --------------------------------------------------------------------------------------------------


def quiet_hours(chat: Subscriber, now: datetime) -> Message:
    """Choose when messages are held back, and whether all are."""
    present = (chat.quiet_from, chat.quiet_until)
    hours = tuple(
        option(f"{clock_time(start)}–{clock_time(end)}", f"chat:quiet:{start}-{end}", chosen=present == (start, end))
        for start, end in QUIET_HOURS
    )
    off = option(pgettext("button", "No quiet hours"), "chat:quiet:off", chosen=chat.quiet_from is None)
    urgent = (
        option(pgettext("button", "All wait"), "chat:urgent:0", chosen=not chat.breaks_through),
        option(pgettext("button", "Denied, finalized at once"), "chat:urgent:1", chosen=chat.breaks_through),
    )
    typed = _("Other hours: <code>/settings quiet 22:30-06:45</code>")
    return _page(chat, now, typed, ((off,), hours, urgent))


def time_zone(chat: Subscriber, now: datetime) -> Message:
    """Choose the time zone."""
    typed = _("Another one: <code>/settings zone Madrid</code>")
    return _page(chat, now, typed, _zones(ZONES, chat.time_zone))


def digest(chat: Subscriber, now: datetime) -> Message:
    """Choose whether messages are gathered, and when they are told."""
    kinds = (
        option(pgettext("button", "No digest"), "chat:digest:off", chosen=chat.digest is Digest.OFF),
        option(pgettext("button", "Daily"), "chat:digest:daily", chosen=chat.digest is Digest.DAILY),
        option(pgettext("button", "On Mondays"), "chat:digest:weekly", chosen=chat.digest is Digest.WEEKLY),
    )
    hours = [
        option(str(hour), f"chat:hour:{hour}", chosen=chat.digest is not Digest.OFF and chat.digest_at == 60 * hour)
        for hour in range(24)
    ]
    rows = _in_rows(hours, HOURS_A_ROW) if chat.digest is not Digest.OFF else ()
    asked = _("At which hour?") if rows else _("How often?")
    return _page(chat, now, asked, (kinds, *rows))


def language(chat: Subscriber, now: datetime) -> Message:
    """Choose the language, each by its own name."""
    buttons = [option(language_name(code), f"chat:language:{code}", chosen=code == spoken()) for code in languages()]
    return _page(chat, now, _("Which language?"), _in_rows(buttons, LANGUAGES_A_ROW))


def _page(chat: Subscriber, now: datetime, question: str, rows: Rows) -> Message:
    back = (Button(pgettext("button", "← Settings"), "chat"),)
    return Message(f"{_overview(chat, now)}\n\n{question}", (*rows, back))


def _zones(names: Sequence[str], present: str) -> Rows:
    return _in_rows([option(name, f"chat:zone:{name}", chosen=name == present) for name in names], 2)


def _in_rows(buttons: Sequence[Button], length: int) -> Rows:
    return tuple(tuple(buttons[start : start + length]) for start in range(0, len(buttons), length))


def saved() -> str:
    """Over the pressed button."""
    return pgettext("toast", "Saved.")


# What cannot be done -------------------------------------------------------------------------------------------------


def unknown_zone(typed: str, near: Sequence[str]) -> Message:
    """No time zone is called so; ``near`` are those that come near."""
    name = cut(typed, LONGEST_NAME)
    if near:
        return Message(_("No time zone is called “{name}”. Did you mean one of these?", name=name), _zones(near, ""))
    text = _(
        "No time zone is called “{name}”. Type a large city of yours, such as <code>/settings zone Madrid</code>, "
        "or press one.",
        name=name,
    )
    return Message(text, _zones(ZONES, ""))


def several_zones(typed: str, found: Sequence[str]) -> Message:
    """Several time zones are called so."""
    return Message(_("Which “{name}”?", name=cut(typed, LONGEST_NAME)), _zones(found, ""))


def unknown_hours(typed: str) -> Message:
    """These are no quiet hours."""
    text = _(
        "“{typed}” are no quiet hours. Type from and until when, such as <code>/settings quiet 22:30-06:45</code>, "
        "or <code>/settings quiet off</code>.",
        typed=cut(typed, LONGEST_NAME),
    )
    return Message(text)


def unknown_setting(typed: str) -> Message:
    """Nothing is called so."""
    text = _(
        "There is no setting “{typed}”. /settings shows them all. Typed can be "
        "<code>/settings quiet 22:30-06:45</code> and <code>/settings zone Madrid</code>.",
        typed=cut(typed, LONGEST_NAME),
    )
    return Message(text)


def only_admins() -> Message:
    """A command that would change what the group gets."""
    return Message(_("Only the admins of this chat may change that."))


def no_admin() -> Message:
    """A button that would change what the group gets."""
    return Message("", notice=pgettext("toast", "Only the admins of this chat may change that."))


def rights_unknown() -> Message:
    """Telegram did not say who the admins are."""
    return Message(
        _("Telegram did not say whether you are an admin here, so nothing was changed. Please try again."),
        notice=pgettext("toast", "Nothing was changed."),
    )
