"""When a chat is told: at once, when its quiet hours are over, or with its digest."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.subscriber import Digest, Subscriber

MONDAY = 0


def held_until(chat: Subscriber, now: datetime) -> datetime | None:
    """Until when a message is held back that comes up now; None if it may be sent at once.

    Hours are those of the chat's own time zone, on the day in question: a day with a change of the clocks has one hour
    more or less.
    """
    if chat.digest is not Digest.OFF:
        return next_digest(chat, now)
    return quiet_until(chat, now)


def quiet_until(chat: Subscriber, now: datetime) -> datetime | None:
    """When the chat's quiet hours are over; None outside of them. They may reach over midnight."""
    if chat.quiet_from is None or chat.quiet_until is None or chat.quiet_from == chat.quiet_until:
        return None
    local = now.astimezone(ZoneInfo(chat.time_zone))
    minute = local.hour * 60 + local.minute
    if chat.quiet_from < chat.quiet_until:
        quiet = chat.quiet_from <= minute < chat.quiet_until
    else:
        quiet = minute >= chat.quiet_from or minute < chat.quiet_until
    return _next(chat, now, chat.quiet_until) if quiet else None


def next_digest(chat: Subscriber, now: datetime) -> datetime:
    """When the chat's next digest is sent."""
    return _next(chat, now, chat.digest_at, weekday=MONDAY if chat.digest is Digest.WEEKLY else None)


def _next(chat: Subscriber, now: datetime, minutes: int, weekday: int | None = None) -> datetime:
    """The next time that the chat's clocks show so many minutes after midnight (on this weekday), later than now.

    In the night in which they are set back they may show it twice (PEP 495: ``fold``).
    """
    zone = ZoneInfo(chat.time_zone)
    day = now.astimezone(zone).date()
    while True:
        shown = (time(minutes // 60, minutes % 60, fold=fold) for fold in (0, 1))
        moments = (datetime.combine(day, at, zone).astimezone(UTC) for at in shown)
        coming = next((moment for moment in moments if moment > now), None)
        if coming and weekday in (None, day.weekday()):
            return coming
        day += timedelta(days=1)
