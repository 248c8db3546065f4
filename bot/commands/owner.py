"""What only the owner may do."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import joinedload
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, argument, pressed, require_owner
from bot.errors import Refusal
from bot.messages import owner as messages
from bot.messages import push
from bot.messages.help import gone, missing
from bot.replies import reply
from models import ledger, outbox, owner
from models import subscriber as subscribers
from models.article import Claim
from models.database import Database
from models.subscriber import Wire


class OwnerCommands:
    """/claim, and the button under a held claim."""

    def __init__(self, database: Database, wire: Wire, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._wire = wire
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        return [CommandHandler("claim", self.claim), CallbackQueryHandler(self.release_pressed, r"^release:\d{1,18}$")]

    async def claim(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/claim CODE."""
        chat, user = update.effective_chat, update.effective_user
        if chat is None or user is None or chat.type != chat.PRIVATE:
            async with self._database.write() as session:
                voided = await owner.void_code(session, argument(context))
            raise Refusal(messages.claim_in_private(voided=voided))
        if not context.args:
            raise Refusal(missing("claim"))
        async with self._database.write() as session:
            success = await owner.claim(session, argument(context), user.id)
            if success:
                await subscribers.meet(session, chat.id, self._wire, self._clock())
                await outbox.post_waiting(session, self._clock())
        await reply(update, messages.claimed(success=success))

    async def release_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Let a held claim through."""
        async with self._database.write() as session:
            await require_owner(session, update)
            options = [joinedload(Claim.deal), joinedload(Claim.article)]
            claim = await session.get(Claim, int(pressed(update)[1]), options=options)
            if claim is None:
                raise Refusal(gone())
            change = await ledger.release(session, claim, self._clock())
        await reply(update, push.released(claim.deal, change))
