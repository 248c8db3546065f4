"""The people around this Hearsay, for its owner: who may use it, and for what."""

import re
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes

from bot.commands import Handler, argument, chat_id, is_private, pressed, require_owner
from bot.commands.access import INVITED
from bot.errors import Refusal
from bot.messages import people as messages
from bot.messages.frame import PAGE, Message
from bot.messages.settings import saved
from bot.replies import reply
from models import outbox, people
from models import subscriber as subscribers
from models.database import Database
from models.owner import owner_id
from models.people import INVITATION_LASTS, KEY_LENGTH, Role
from models.subscriber import Wire

_USER_ID = re.compile(r"[1-9][0-9]{0,17}")
"""The number by which Telegram knows a user (Bot API: User.id)."""


class PeopleCommands:
    """/people and its buttons, which edit one message, and the invitations that come of it.

    A button says what shall hold afterwards, so that it may be handled twice. An invitation that is made twice leaves
    one whose code nobody has read.
    """

    def __init__(self, database: Database, wire: Wire, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._wire = wire
        self._clock = clock

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        limits = "|".join(map(str, messages.LIMITS))
        roles = f"{Role.ADMIN}|{Role.USER}|{Role.BARRED}"
        return [
            CommandHandler("people", self.people),
            CommandHandler("start", self.join, INVITED),
            CallbackQueryHandler(self.page_turned, r"^people:\d{1,6}\Z"),
            CallbackQueryHandler(self.opened, r"^people:open\Z"),
            CallbackQueryHandler(self.closed, r"^people:closed\Z"),
            CallbackQueryHandler(self.limited, rf"^people:most:({limits})\Z"),
            CallbackQueryHandler(self.invited, rf"^people:invite:({Role.ADMIN}|{Role.USER})\Z"),
            CallbackQueryHandler(self.invitations_listed, r"^people:invitations\Z"),
            CallbackQueryHandler(self.revoked, rf"^people:revoke:[0-9a-f]{{{KEY_LENGTH}}}\Z"),
            CallbackQueryHandler(self.person_pressed, r"^person:\d{1,18}\Z"),
            CallbackQueryHandler(self.bar_asked, r"^person:\d{1,18}:bar\Z"),
            CallbackQueryHandler(self.role_given, rf"^person:\d{{1,18}}:({roles})\Z"),
        ]

    # All of them

    async def people(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/people, or /people with the number of a user."""
        typed = argument(context)
        await reply(update, await (self._typed_person(update, typed) if typed else self._page(update, 0)))

    async def page_turned(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Another page of /people."""
        await reply(update, await self._page(update, int(pressed(update)[1])))

    async def opened(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Let everybody in."""
        async with self._database.write() as session:
            await _require_owner(session, update)
            await people.open_to_all(session)
        await reply(update, await self._page(update, 0, saved()))

    async def closed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Let nobody new in but by an invitation."""
        async with self._database.write() as session:
            await _require_owner(session, update)
            staying = await people.close(session, self._clock())
        await reply(update, await self._page(update, 0, messages.closed(staying)))

    async def limited(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """How much one chat may follow."""
        async with self._database.write() as session:
            await _require_owner(session, update)
            await people.limit_subscriptions(session, int(pressed(update)[2]))
        await reply(update, await self._page(update, 0, saved()))

    async def _page(self, update: Update, number: int, notice: str = "") -> Message:
        """A page of /people, or the last one if there are not so many any more."""
        async with self._database.read() as session:
            await _require_owner(session, update)
            pages = max(-(-(await people.page(session, 0, 0))[1] // PAGE), 1)
            number = min(number, pages - 1)
            listed, _total = await people.page(session, number * PAGE, PAGE)
            waiting = len(await people.invitations(session, self._clock()))
            return messages.people(await people.access(session), listed, number, pages, waiting, notice)

    # One of them

    async def _typed_person(self, update: Update, typed: str) -> Message:
        """Who it is, and what may be done. Nothing of a user without a role is kept before a button is pressed."""
        async with self._database.read() as session:
            await _require_owner(session, update)
            if not _USER_ID.fullmatch(typed):
                raise Refusal(messages.no_number())
            if int(typed) == await owner_id(session):
                raise Refusal(messages.yourself())
            return messages.person(int(typed), await people.find(session, int(typed)))

    async def person_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Who it is, and what may be done."""
        async with self._database.read() as session:
            user = await _pressed_user(session, update)
            answer = messages.person(user, await people.find(session, user))
        await reply(update, answer)

    async def bar_asked(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Ask before somebody is barred."""
        async with self._database.read() as session:
            user = await _pressed_user(session, update)
            answer = messages.ask_to_bar(user, await people.find(session, user))
        await reply(update, answer)

    async def role_given(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Another role, or the first one."""
        async with self._database.write() as session:
            user = await _pressed_user(session, update)
            await people.give(session, user, Role(pressed(update)[2]), self._clock())
            answer = messages.person(user, await people.find(session, user), saved())
        await reply(update, answer)

    # Invitations

    async def invited(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Make the link of an invitation, in a message of its own: it is to be forwarded."""
        role, now = Role(pressed(update)[2]), self._clock()
        async with self._database.write() as session:
            await _require_owner(session, update)
            code = await people.invite(session, role, now)
        link = f"https://t.me/{context.bot.username}?start={code}"
        await reply(update, messages.invitation(role, link, now + INVITATION_LASTS), fresh=True)

    async def invitations_listed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The invitations that nobody has used."""
        await reply(update, await self._invitations(update))

    async def revoked(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Let an invitation let nobody in."""
        async with self._database.write() as session:
            await _require_owner(session, update)
            done = await people.revoke(session, pressed(update)[2])
        await reply(update, await self._invitations(update, messages.revoked() if done else messages.used_already()))

    async def _invitations(self, update: Update, notice: str = "") -> Message:
        async with self._database.read() as session:
            await _require_owner(session, update)
            return messages.invitations(await people.invitations(session, self._clock()), notice)

    async def join(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/start with the code of an invitation, as its link sends it."""
        user, now = update.effective_user, self._clock()
        if user is None:
            raise ValueError("an invitation was opened by nobody")  # nobody but a user writes in a private chat
        async with self._database.write() as session:
            before = await people.role_of(session, user.id)
            role = await people.accept(session, argument(context), user.id, user.full_name, now)
            if role is None:
                raise Refusal(messages.void_invitation())
            used = await people.invitation(session, argument(context)) if role is not before else None
            if used:
                await outbox.post_joined(session, used, now)
            await subscribers.meet(session, chat_id(update), self._wire, now)
            await outbox.fold(session, now, chat_id(update))  # as for any chat that is back: see the inbox
        await reply(update, messages.welcome(role) if role is not before else messages.no_need(role))


async def _require_owner(session: AsyncSession, update: Update) -> None:
    """Raise a :class:`Refusal` unless it is the owner, where nobody else reads along."""
    await require_owner(session, update)
    if not is_private(update):
        raise Refusal(messages.only_in_private())


async def _pressed_user(session: AsyncSession, update: Update) -> int:
    """Whom a button stands for, if it is the owner who pressed it, and about somebody else."""
    await _require_owner(session, update)
    user = int(pressed(update)[1])
    if user == await owner_id(session):  # who became the owner after the button was made
        raise Refusal(messages.yourself())
    return user
