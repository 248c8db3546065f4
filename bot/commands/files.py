"""Files in the owner's hands: feeds as OPML, deals as a watchlist, out of Telegram and into it.

Addresses of feeds may hold passwords, so all of this happens in the private chat with the owner, and the right to it is
checked at every command, button and file.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from pathlib import PurePath

import telegram
from telegram import Document, Update
from telegram.error import TelegramError
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.commands import Handler, argument, pressed, require_owner_in_private
from bot.errors import Refusal
from bot.failures import reason
from bot.messages import files as messages
from bot.messages.frame import Message
from bot.replies import reply, send_file
from feeds import opml
from feeds.opml import BadOpml, export_opml, import_feeds, sift_opml
from models import archiving, imports
from models import deal as deals
from models import feed as feeds
from models.database import Database
from models.import_preview import foresee, known_deals
from models.watchlist import WatchlistDeal, WatchlistError, read_watchlist

logger = logging.getLogger(__name__)

MOST_BYTES = 2_000_000
"""Of a watchlist. Ten thousand deals need about as much."""

_SENT = filters.ChatType.PRIVATE & filters.Document.ALL & filters.UpdateType.MESSAGE


class FileCommands:
    """/export, /import, the files that are sent, and the buttons under them.

    Nothing of a file is kept between its preview and the press that imports it: the preview answers the message with
    the file, from which it is fetched again. What is read takes a second for the largest, so it is read in a thread.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [
            CommandHandler("export", self.export),
            CommandHandler("import", self.import_),
            MessageHandler(_SENT, self.received),
            CallbackQueryHandler(self.export_pressed, r"^export:(feeds|deals)\Z"),
            CallbackQueryHandler(self.import_pressed, r"^import:[0-9a-f]{32}\Z"),
        ]

    # Out

    async def export(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/export, /export feeds or /export deals."""
        await self._require_owner(update)
        match argument(context).casefold():
            case "feeds":
                await self._send_feeds(update)
            case "deals":
                await self._send_deals(update)
            case _:
                await reply(update, messages.offer_export())

    async def export_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """One of the buttons under /export, which stay."""
        await self._require_owner(update)
        await reply(update, Message(""))
        await (self._send_feeds(update) if pressed(update)[1] == "feeds" else self._send_deals(update))

    async def _send_feeds(self, update: Update) -> None:
        async with self._database.read() as session:
            count = (await feeds.page(session, 0, 1))[1]
            data = await export_opml(session)
        if not count:
            raise Refusal(messages.no_feeds())
        await send_file(update, messages.FEEDS_FILE, data, messages.exported_feeds(count))

    async def _send_deals(self, update: Update) -> None:
        async with self._database.read() as session:
            rows = await deals.all_deals(session)
            archived = (await archiving.archived(session, 0, 0))[1]
        if not rows:
            raise Refusal(messages.no_deals(archived))
        data = await asyncio.to_thread(imports.export_deals, rows)
        await send_file(update, messages.DEALS_FILE, data, messages.exported_deals(len(rows), archived))

    # In

    async def import_(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """/import: say what may be sent."""
        await self._require_owner(update)
        await reply(update, messages.ask_for_file())

    async def received(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """A file."""
        await self._require_owner(update)
        document = update.message.document if update.message else None
        if document is None:
            raise ValueError("an update without a document reached the import")  # the filter lets none through
        match PurePath(document.file_name or "").suffix.casefold():
            case ".opml" | ".xml":
                await reply(update, await self._import_feeds(await _sent(document, opml.MAX_BYTES)))
            case ".toml":
                await reply(update, await self._preview(await _sent(document, MOST_BYTES)), quoting=True)
            case _:
                raise Refusal(messages.other_file())

    async def import_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Import the deals of the file that was looked at.

        If the file or the watchlist is another one by now, show anew what would be done; so, too, pressed twice.
        """
        await self._require_owner(update)
        data = await _answered_file(update)
        entries = await asyncio.to_thread(_read, data)
        async with self._database.write() as session:
            looked_at = pressed(update)[1] == _digest(data, await deals.watchlist_version(session))
            results = await imports.import_deals(session, entries, self._clock()) if looked_at else None
        if results is None:
            await reply(update, await self._preview(data, messages.changed_since()))
        else:
            await reply(update, messages.imported_deals(results, _titles(entries)))

    async def _import_feeds(self, data: bytes) -> Message:
        try:
            found = await asyncio.to_thread(sift_opml, data)
        except BadOpml as error:
            raise Refusal(messages.bad_feeds(error.wording)) from error
        async with self._database.write() as session:
            return messages.imported_feeds(await import_feeds(session, found))

    async def _preview(self, data: bytes, notice: str = "") -> Message:
        entries = await asyncio.to_thread(_read, data)
        async with self._database.read() as session:
            known, version = await known_deals(session), await deals.watchlist_version(session)
            merged = await deals.merged_slugs(session)
        foreseen = await asyncio.to_thread(foresee, known, merged, entries)
        return messages.preview(foreseen, _titles(entries), _digest(data, version), notice)

    async def _require_owner(self, update: Update) -> None:
        async with self._database.read() as session:
            await require_owner_in_private(session, update)


def _titles(entries: list[WatchlistDeal]) -> dict[str, str]:
    return {entry.deal.slug: entry.deal.title for entry in entries}


def _read(data: bytes) -> list[WatchlistDeal]:
    """The deals of a watchlist, or a :class:`Refusal` that says what to mend."""
    try:
        entries = read_watchlist(data.decode())
    except UnicodeDecodeError as error:
        raise Refusal(messages.not_utf8(data.count(b"\n", 0, error.start) + 1)) from error
    except WatchlistError as error:
        raise Refusal(messages.bad_watchlist(error.problems)) from error
    if not entries:
        raise Refusal(messages.empty_watchlist())
    return entries


async def _sent(document: Document, most: int) -> bytes:
    """A file of at most so many bytes that was sent just now."""
    try:
        return await _download(document, most)
    except TelegramError as error:
        logger.warning("file not downloaded", extra={"reason": reason(error)})
        raise Refusal(messages.not_downloaded()) from error


async def _answered_file(update: Update) -> bytes:
    """The file under whose preview the button was pressed, if it is still there."""
    preview = update.callback_query.message if update.callback_query else None
    answered = preview.reply_to_message if isinstance(preview, telegram.Message) else None
    if answered is None or answered.document is None:
        raise Refusal(messages.file_gone())
    try:
        return await _download(answered.document, MOST_BYTES)
    except TelegramError as error:
        logger.warning("file not downloaded again", extra={"reason": reason(error)})
        raise Refusal(messages.not_downloaded_again()) from error


async def _download(document: Document, most: int) -> bytes:
    """The content of a file. Its size is looked at before; Telegram itself hands out no more than 20 MB."""
    if (document.file_size or 0) > most:
        raise Refusal(messages.large_file(most))
    file = await document.get_file()
    if (file.file_size or 0) > most:
        raise Refusal(messages.large_file(most))
    return bytes(await file.download_as_bytearray())


def _digest(data: bytes, version: tuple[int, int]) -> str:
    """What a preview was made of: the file, and the watchlist at that time."""
    return sha256(b"%d %d " % version + data).hexdigest()[:32]
