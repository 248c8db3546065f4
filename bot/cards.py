"""The living cards: one message about a deal in each chat, edited in place whenever the deal moves.

An edit says where the deal stands now, so it may be done twice, late, or not at all when a later one follows. What
must not be missed is told by a letter of its own, in reply to the card.
"""

import asyncio
import logging
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden
from telegram.ext import ExtBot

from bot.failures import is_telegrams_own, reason
from bot.language import speaking
from bot.messages import deals as messages
from bot.messages import merging, push
from bot.messages.frame import Message
from bot.pacing import Pacer, Turn
from bot.replies import NO_PREVIEW, keyboard
from models import card as cards
from models import subscriber as subscribers
from models import subscription as subscriptions
from models.card import Card, LastEdit
from models.database import Database
from models.deal import Deal
from models.subscriber import Wire

logger = logging.getLogger(__name__)

AT_ONCE = 20
"""Cards that are edited side by side, and that one look brings."""
LONGEST_REST = 64
"""Looks that are left out after failures: half a minute's worth."""


class CardKeeper:
    """Keeps the cards of one wire up to date."""

    def __init__(self, database: Database, bot: ExtBot[Turn], pacer: Pacer, wire: Wire) -> None:
        self._database = database
        self._bot = bot
        self._pacer = pacer
        self._wire = wire
        self._stopping = False
        self._failures = self._rest = 0
        self._editing: list[asyncio.Task[bool]] = []

    def stop(self) -> None:
        """Edit no further card: what is left, or is under way, is edited after the next start."""
        self._stopping = True
        for task in self._editing:
            task.cancel()

    async def refresh(self) -> None:
        """Edit the cards that are out of date, until none is left, or one cannot be edited now.

        After a failure some looks are left out: twice as many after each at which nothing was done.
        """
        if self._rest:
            self._rest -= 1
            return
        while not self._stopping:
            async with self._database.read() as session:
                crowded = self._pacer.crowded()
                found: list[Card | LastEdit] = [
                    *await cards.outdated(session, self._wire, AT_ONCE, crowded=crowded),
                    *await cards.last_edits(session, self._wire, AT_ONCE, crowded=crowded),
                ]
            done = await self._edited(found)
            self._failures = 0 if any(done) or not found else self._failures + 1
            self._rest = 0 if all(done) else min(2**self._failures, LONGEST_REST)
            if not found or not all(done):
                return

    async def _edited(self, found: Sequence[Card | LastEdit]) -> list[bool]:
        """For each card whether it is done with."""
        self._editing = [asyncio.create_task(self._edit(card)) for card in found]
        if self._editing:
            await asyncio.wait(self._editing)
        return [not task.cancelled() and task.result() for task in self._editing]

    async def _edit(self, card: Card | LastEdit) -> bool:
        """Whether the card is done with: it shows the present, or is there no more."""
        chat = card.subscriber
        async with self._database.read() as session:
            with speaking(chat.language):
                message = await _words(session, card)
        if chat.is_channel:
            message = push.in_channel(message, self._bot.username)
        await self._pacer.start(chat.chat_id, urgent=False)
        try:
            if self._stopping:
                return False
            there = await self._send(card, message)
        except Exception as error:  # noqa: BLE001 (such as PTB's KeyError on an answer without a result)
            logger.warning("card not edited yet", extra={"reason": reason(error)})
            return False
        finally:
            self._pacer.end(chat.chat_id)
        async with self._database.write() as session:
            if isinstance(card, LastEdit):
                await cards.finish(session, card)
            else:
                await (cards.show if there else cards.drop)(session, card)
        return True

    async def _send(self, card: Card | LastEdit, message: Message) -> bool:
        """Whether the message is still there."""
        try:
            await self._bot.edit_message_text(
                message.text,
                card.subscriber.chat_id,
                card.message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard(message),
                link_preview_options=NO_PREVIEW,
                rate_limit_args=Turn.HELD,
            )
        except (BadRequest, Forbidden, ChatMigrated) as error:
            if not is_telegrams_own(error):
                raise
            return "not modified" in error.message.casefold()
        return True


async def _words(session: AsyncSession, card: Card | LastEdit) -> Message:
    if isinstance(card, LastEdit):
        return merging.goes_on(card.merged.title, card.merged.into)
    return await card_for(session, card.subscriber.chat_id, card.deal)


async def card_for(session: AsyncSession, chat_id: int | None, deal: Deal, notice: str = "") -> Message:
    """The deal's card as a chat sees it."""
    evident = await cards.evident(session, deal)
    followed = chat_id is not None and await subscriptions.follows(session, chat_id, deal)
    compact = chat_id is not None and await subscribers.is_compact(session, chat_id)
    return messages.status(deal, evident, followed=followed, notice=notice, compact=compact)
