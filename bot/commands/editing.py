"""Changing what a deal is: its title, kind, keywords and parties."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import telegram
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update
from telegram.ext import CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from bot.commands import Handler, pressed, require_editor
from bot.commands.deals import one_deal
from bot.errors import Refusal
from bot.messages import editing as messages
from bot.messages.editing import NOTHING, Part
from bot.messages.frame import Message
from bot.messages.help import gone, missing
from bot.messages.merging import merged_meanwhile, words_exported
from bot.messages.subscriptions import typed_kind
from bot.replies import reply, send_file
from matcher import vocabulary
from matcher.parties import is_legal_form
from matcher.vocabulary import Kind, Party
from models import deal as deals
from models import imports, shorthand
from models.ambiguity import Ambiguity, ambiguities
from models.database import Database
from models.deal import Deal, spelling_key
from models.watchlist import WatchlistError, checked

_OWN = "|".join(part for part in Part if not part.is_of_a_party)
_PARTYS = "|".join(part for part in Part if part.is_of_a_party)
_ASKED = re.compile(rf"^/edit ([a-z0-9][a-z0-9-]* (?:(?:{_OWN})|(?:{_PARTYS})(?: .+:)?))\Z", re.MULTILINE)
"""The end of a question for a text: what the text completes."""


class _Answer(filters.MessageFilter):
    """A reply to one of the bot's questions for a text."""

    def filter(self, message: telegram.Message) -> bool:
        return bool(_asked(message))


@dataclass(frozen=True, slots=True)
class _Wish:
    """What was typed behind the deal."""

    part: Part | None = None
    """None for a look at the deal."""
    place: int | None = None
    """Of the party among the deal's; None for what belongs to the deal."""
    value: str = ""
    """Empty if it is still to be asked for."""


class EditingCommands:
    """/edit, for the owner and admins.

    Nothing of a conversation is kept: a question ends with the command that its answer completes, so that the answer is
    the same as if it had been typed behind /edit. A button about a party names the deal's revision, too, by which its
    place among the parties is meant; every change ends it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def handlers(self) -> list[Handler]:
        """What PTB dispatches to."""
        place = r"\d{1,18}:\d{1,18}:\d{1,6}"
        return [
            CommandHandler("edit", self.typed),
            MessageHandler(filters.UpdateType.MESSAGE & filters.TEXT & ~filters.COMMAND & _Answer(), self.answered),
            CallbackQueryHandler(self.opened, r"^edit:\d{1,18}\Z"),
            CallbackQueryHandler(self.asked, rf"^edit:\d{{1,18}}:({_OWN})\Z"),
            CallbackQueryHandler(self.kind_pressed, rf"^edit-kind:\d{{1,18}}:({'|'.join(Kind)})\Z"),
            CallbackQueryHandler(self.party_opened, rf"^edit-party:{place}\Z"),
            CallbackQueryHandler(self.party_asked, rf"^edit-party:{place}:({_PARTYS})\Z"),
            CallbackQueryHandler(self.remove_asked, rf"^edit-remove:{place}\Z"),
            CallbackQueryHandler(self.remove_pressed, rf"^edit-drop:{place}\Z"),
        ]

    # Texts

    async def typed(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """/edit DEAL [PART [PARTY:] VALUE]; without a value, the question for it, or the whole deal."""
        await self._edit(update, context.args or [])

    async def answered(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """The text, in reply to a question."""
        if update.message:
            await self._edit(update, f"{_asked(update.message)} {update.message.text or ''}".split())

    async def _edit(self, update: Update, words: Sequence[str]) -> None:
        """Do what was typed, or ask for what is missing."""
        end = next((place for place, word in enumerate(words) if place and word.casefold() in list(Part)), len(words))
        async with self._database.write() as session:
            await require_editor(session, update)
            if not words:
                raise Refusal(missing("edit"))
            typed = " ".join(words[:end])
            deal = await _described(session, (await one_deal(session, typed, "edit")).id)
            wish = _wish(deal, words[end:])
            before = deal.value
            if wish.part and wish.value:
                await _refuse_if_merged(session, typed, deal)
                await _fulfil(session, deal, wish.part, wish.place, wish.value)
        if wish.part and not wish.value:
            await reply(update, _question(deal, wish.part, wish.place))
        else:
            doubts = await self._doubts(deal) if wish.part else []
            await reply(update, _shown(deal, wish.place, doubts, before))

    async def _doubts(self, deal: Deal) -> list[Ambiguity]:
        """What may go wrong with the deal's names, seen beside all others."""
        async with self._database.read() as session:
            others = [row.value for row in await deals.all_deals(session) if row.id != deal.id]
        value = deal.value
        return await asyncio.to_thread(lambda: list(ambiguities([value, *others], about={value.slug})))

    # Buttons

    async def opened(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """What a deal is."""
        await reply(update, messages.page(await self._pressed(update)))

    async def asked(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Ask for something of the deal."""
        await reply(update, _question(await self._pressed(update), Part(pressed(update)[2]), None))

    async def kind_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Let the deal be of this kind."""
        _action, number, kind = pressed(update)
        async with self._database.write() as session:
            await require_editor(session, update)
            deal = await _described(session, int(number))
            await _describe(session, deal, replace(deal.value, kind=Kind(kind)))
        await reply(update, messages.page(deal, notice=messages.done()))

    async def party_opened(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """What is known of a party."""
        await reply(update, messages.party_page(await self._pressed(update), _pressed_place(update)))

    async def party_asked(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Ask for something of a party."""
        await reply(update, messages.ask(await self._pressed(update), Part(pressed(update)[4]), _pressed_place(update)))

    async def remove_asked(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Ask before a party is removed."""
        deal, place = await self._pressed(update), _pressed_place(update)
        _check(_without(deal.value, place))
        await reply(update, messages.ask_to_remove(deal, place))

    async def remove_pressed(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Send the deal as a file, then remove the party."""
        deal = await self._pressed(update)
        await send_file(update, f"{deal.slug}.toml", imports.export_deals([deal]), words_exported(deal))
        async with self._database.write() as session:
            deal = await _pressed_deal(session, update)
            await _describe(session, deal, _without(deal.value, _pressed_place(update)))
        await reply(update, messages.page(deal, notice=messages.done()))

    async def _pressed(self, update: Update) -> Deal:
        async with self._database.read() as session:
            return await _pressed_deal(session, update)


async def _refuse_if_merged(session: AsyncSession, typed: str, deal: Deal) -> None:
    """Raise :class:`Refusal` if another deal is meant, which was merged into this one: as by an old question."""
    if typed.casefold() != deal.slug and typed.casefold() in await deals.merged_slugs(session):
        raise Refusal(merged_meanwhile(deal))


async def _described(session: AsyncSession, deal_id: int) -> Deal:
    deal = await deals.described(session, deal_id)
    if deal is None:
        going_on = await deals.by_id(session, deal_id)
        raise Refusal(merged_meanwhile(going_on) if going_on else gone())
    return deal


async def _pressed_deal(session: AsyncSession, update: Update) -> Deal:
    """The deal of a button, if whoever pressed it may; and if it has the revision that the button names, if any."""
    await require_editor(session, update)
    action, number, *more = pressed(update)
    deal = await _described(session, int(number))
    if action != "edit" and int(more[0]) != deal.revision:
        raise Refusal(messages.changed_meanwhile())
    return deal


def _pressed_place(update: Update) -> int:
    return int(pressed(update)[3])


async def _describe(session: AsyncSession, deal: Deal, value: vocabulary.Deal) -> None:
    await imports.describe(session, deal, _check(value))


async def _fulfil(session: AsyncSession, deal: Deal, part: Part, place: int | None, typed: str) -> None:
    """Change the part; a :class:`Refusal` asks again if it cannot be."""
    try:
        await _describe(session, deal, _changed(deal.value, part, place, typed))
    except Refusal as refusal:
        raise Refusal(messages.asked_again(refusal.answer, deal, part, place)) from refusal


def _check(value: vocabulary.Deal) -> vocabulary.Deal:
    """The deal as it can be; a :class:`Refusal` that says why it cannot."""
    try:
        return checked(value)
    except WatchlistError as error:
        raise Refusal(messages.cannot_be(error.problems)) from error


def _question(deal: Deal, part: Part, place: int | None) -> Message:
    return messages.ask_kind(deal) if part is Part.KIND else messages.ask(deal, part, place)


def _shown(deal: Deal, place: int | None, doubts: Sequence[Ambiguity], before: vocabulary.Deal) -> Message:
    if place is None:
        return messages.page(deal, doubts)
    name, party = before.parties[place].name, deal.parties[place].value
    return messages.party_page(deal, place, doubts, kept=name if name in party.aliases else "")


# What was typed ------------------------------------------------------------------------------------------------------


def _wish(deal: Deal, words: Sequence[str]) -> _Wish:
    if not words:
        return _Wish()
    part, text = Part(words[0].casefold()), " ".join(words[1:])
    if not part.is_of_a_party:
        return _Wish(part, None, text)
    place, value = _party_and_value(deal, part, text)
    return _Wish(part, place, value)


def _party_and_value(deal: Deal, part: Part, text: str) -> tuple[int, str]:
    """The party before the colon, and what stands behind it. Without a value the colon may be missing."""
    parties = deal.value.parties
    found = shorthand.addressed(parties, text) or shorthand.addressed(parties, f"{text}:")
    if found is None:
        raise Refusal(messages.which_party(deal, part))
    return found


def _changed(deal: vocabulary.Deal, part: Part, place: int | None, typed: str) -> vocabulary.Deal:
    """The deal with one part as it was typed."""
    text = "" if typed == NOTHING else typed
    match part:
        case Part.TITLE:
            return replace(deal, title=text)
        case Part.KIND:
            return replace(deal, kind=_kind(text))
        case Part.KEYWORDS:
            return replace(deal, keywords=_listed(text))
        case Part.PARTY:
            _refuse_legal_forms([text])
            known = {spelling_key(name) for party in deal.parties for name in party.names}
            return deal if spelling_key(text) in known else replace(deal, parties=(*deal.parties, Party(text)))
    return replace(
        deal,
        parties=tuple(
            _changed_party(party, part, text) if here == place else party for here, party in enumerate(deal.parties)
        ),
    )


def _changed_party(party: Party, part: Part, text: str) -> Party:
    if part in (Part.NAME, Part.ALIAS):
        _refuse_legal_forms(name for name in _names(text) if name not in party.names)
    match part:
        case Part.NAME:
            # The press and whoever follows the party may know it by its former name only.
            former = dict.fromkeys((party.name, *party.aliases))
            return replace(party, name=text, aliases=tuple(name for name in former if name != text))
        case Part.ALIAS:
            return replace(party, aliases=tuple(name for name in _names(text) if name != party.name))
        case Part.TICKER:
            return replace(party, ticker=text or None)
        case Part.BESIDE:
            return replace(party, requires=_listed(text))
    return replace(party, excludes=_listed(text))


def _refuse_legal_forms(names: Iterable[str]) -> None:
    """Who has several names typed them with a slip; in a file, which is written with more care, it is a warning."""
    try:
        shorthand.refuse_legal_forms(names)
    except WatchlistError as error:
        raise Refusal(messages.cannot_be(error.problems)) from error


def _kind(text: str) -> Kind:
    kind = typed_kind(text)
    if kind is None:
        raise Refusal(messages.unknown_kind())
    return kind


def _names(text: str) -> tuple[str, ...]:
    """As :func:`_listed`, but no comma before a legal form ("Alpha Holdings, Inc.") ends a name."""
    names: list[str] = []
    for piece in text.split(","):
        if names and is_legal_form(piece):
            names[-1] += f",{piece}"
        else:
            names.append(piece)
    return _listed(text) if ";" in text else _distinct(names)


def _listed(text: str) -> tuple[str, ...]:
    """What stands between commas; between semicolons, if there is one."""
    return _distinct(text.split(";" if ";" in text else ","))


def _distinct(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(str.strip, words))))


def _without(deal: vocabulary.Deal, place: int) -> vocabulary.Deal:
    return replace(deal, parties=(*deal.parties[:place], *deal.parties[place + 1 :]))


def _asked(message: telegram.Message) -> str:
    """What the text completes, if the message replies to one of the bot's questions; else empty."""
    question = message.reply_to_message
    if question is None or question.from_user is None or question.from_user.id != message.get_bot().id:
        return ""
    found = _ASKED.search(question.text or "")
    return found[1] if found else ""
