"""How a chat wants to be told: quiet hours, time zone, digest, language, length."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

from rapidfuzz import fuzz, process
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import FOR_CHANNEL, Handler, argument, pressed, wants_new_message
from bot.commands.places import Place, addressed, governed
from bot.errors import Refusal
from bot.language import languages, speaking, spoken
from bot.messages import settings as messages
from bot.messages.frame import Message
from bot.messages.help import gone
from bot.replies import reply
from models import subscriber as subscribers
from models.database import Database
from models.subscriber import Digest, Subscriber, Wire

NEAR = 6
"""Time zones that are offered when none is called as was typed."""
LEAST_LIKENESS = 60
"""Of two spellings, from 0 to 100."""
_HOURS = re.compile(r"(\d{1,2})(?::(\d\d))?\s*[-–]\s*(\d{1,2})(?::(\d\d))?")


class SettingsCommands:
    """/settings and its buttons, which edit one message."""

    def __init__(self, database: Database, wire: Wire, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._wire = wire
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("settings", self.settings),
            CallbackQueryHandler(self.opened, r"^chat(:(quiet|zone|digest|language|new))?" + FOR_CHANNEL),
            CallbackQueryHandler(self.chosen, r"^chat:[a-z]+:[\w/+-]+" + FOR_CHANNEL),
        ]

    async def settings(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/settings, or one of them typed: /settings quiet HOURS, /settings zone NAME."""
        name, _, value = argument(context).casefold().partition(" ")
        place = await (governed if value else addressed)(self._database, update)
        with place.refusing():
            if value:
                await self._change(place, *_read(name, value.strip()))
            elif name not in _PAGES:
                raise Refusal(messages.unknown_setting(name))
        await self._show(update, place, "" if value else name)

    async def opened(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """What can be chosen for one setting; or back to all of them."""
        page = "".join(pressed(update)[1:]).removesuffix("new")
        await self._show(update, await addressed(self._database, update), page)

    async def chosen(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """One of the choices."""
        _chat, name, value = pressed(update)
        place = await governed(self._database, update)
        await self._change(place, name, value)
        await self._show(update, place, _PAGE_OF.get(name, ""), messages.saved())

    async def _change(self, place: Place, name: str, value: str) -> None:
        async with self._database.write() as session:
            change(await self._met(session, place), name, value)

    async def _show(self, update: Update, place: Place, page: str = "", notice: str = "") -> None:
        async with self._database.write() as session:
            chat = await self._met(session, place)
        with speaking(chat.language or spoken()):  # what the chat spoke when it asked may have been changed
            shown = place.answer(_PAGES[page](chat, self._clock()))
        await reply(update, Message(shown.text, shown.buttons, notice), fresh=wants_new_message(update))

    async def _met(self, session: AsyncSession, place: Place) -> Subscriber:
        return await subscribers.meet(session, place.chat_id, self._wire, self._clock())


def change(chat: Subscriber, name: str, value: str) -> None:
    """Set what a button stands for; a :class:`Refusal` for a button that there is not."""
    match name, value:
        case "quiet", "off":
            chat.quiet_from = chat.quiet_until = None
        case "quiet", _ if hours := _minutes(value):
            chat.quiet_from, chat.quiet_until = hours
        case "zone", _ if value in zones():
            chat.time_zone = value
        case "urgent", "0" | "1":
            chat.breaks_through = value == "1"
        case "digest", _ if value in list(Digest):
            chat.digest = Digest(value)
        case "hour", _ if value in map(str, range(24)):
            chat.digest_at = 60 * int(value)
        case "language", _ if value in languages():
            chat.language = value
        case "compact", "0" | "1":
            chat.compact = value == "1"
        case _:
            raise Refusal(gone())


def _minutes(value: str) -> tuple[int, int] | None:
    """The minutes after midnight of a button."""
    found = re.fullmatch(r"(\d{1,4})-(\d{1,4})", value, re.ASCII)
    return _within_a_day(int(found[1]), int(found[2])) if found else None


def _within_a_day(start: int, end: int) -> tuple[int, int] | None:
    """Quiet hours; None if they are not within a day, or have no length."""
    return (start, end) if start != end and max(start, end) < 24 * 60 else None


def _read(name: str, value: str) -> tuple[str, str]:
    """A typed setting as a button would carry it; a :class:`Refusal` that helps on if it cannot be read."""
    match name:
        case "quiet":
            return name, _typed_hours(value)
        case "zone":
            return name, find_zone(value)
    raise Refusal(messages.unknown_setting(name))


def _typed_hours(value: str) -> str:
    if value.casefold() == "off":
        return "off"
    found = _HOURS.fullmatch(value)
    hours = found and _within_a_day(_minute(found[1], found[2]), _minute(found[3], found[4]))
    if not hours:
        raise Refusal(messages.unknown_hours(value))
    return f"{hours[0]}-{hours[1]}"


def _minute(hour: str, minute: str | None) -> int:
    """Minutes after midnight; a whole day for what no clock shows."""
    after = int(minute or 0)
    return 60 * int(hour) + after if int(hour) < 24 and after < 60 else 24 * 60


# Time zones ----------------------------------------------------------------------------------------------------------


@cache
def zones() -> frozenset[str]:
    """The names of the time zones (IANA): UTC, and those of places."""
    return frozenset(name for name in available_timezones() if "/" in name) | {"UTC"}


@cache
def _spellings() -> dict[str, str]:
    """The city of each time zone, as it is typed."""
    return {name: _plain(name.rpartition("/")[2]) for name in sorted(zones())}


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ").strip()


def find_zone(typed: str) -> str:
    """The time zone of this name or city; a :class:`Refusal` that offers others where it is not a single one."""
    wanted = _plain(typed)
    called = [name for name in zones() if _plain(name) == wanted]
    found = called or [name for name, city in _spellings().items() if city == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        raise Refusal(messages.several_zones(typed, found[:NEAR]))
    near = process.extract(
        wanted.rpartition("/")[2], _spellings(), scorer=fuzz.ratio, limit=NEAR, score_cutoff=LEAST_LIKENESS
    )
    raise Refusal(messages.unknown_zone(typed, [name for _city, _likeness, name in near]))


_PAGES: dict[str, Callable[[Subscriber, datetime], Message]] = {
    "": messages.settings,
    "quiet": messages.quiet_hours,
    "zone": messages.time_zone,
    "digest": messages.digest,
    "language": messages.language,
}
_PAGE_OF = {"quiet": "quiet", "urgent": "quiet", "zone": "zone", "digest": "digest", "hour": "digest",
    "language": "language"}  # fmt: skip
"""Where a setting is chosen; those that are not here on the first page."""
