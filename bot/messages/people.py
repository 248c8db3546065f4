"""Who may use this Hearsay, and for what: the owner's pages, invitations, and what those hear who may not."""

from collections.abc import Sequence
from datetime import datetime

from bot.language import N_, day, moment, ngettext, pgettext
from bot.language import gettext as _
from bot.messages.frame import LONGEST_NAME, PAGE, Button, Message, Rows, escaped, label, page_line, turns
from bot.messages.help import start
from bot.messages.settings import option
from models.people import MOST_SUBSCRIPTIONS, Access, Invitation, Person, Role

LIMITS = (50, MOST_SUBSCRIPTIONS, 1000)
"""How much one chat may follow, as it is offered."""
_ROLES = {Role.OWNER: N_("owner"), Role.ADMIN: N_("admin"), Role.USER: N_("user"), Role.BARRED: N_("barred")}
_MAY = {
    Role.ADMIN: N_("Decides about deals: what is followed, where it stands, what is taken back."),
    Role.USER: N_("May use the bot. Does not decide about deals."),
    Role.BARRED: N_("May not use the bot, and gets no messages. Let in again, it is enough to write to the bot."),
}
_WELCOMES = {
    Role.ADMIN: N_(
        "You are an admin of this Hearsay now. You decide about its deals: "
        "/track follows another one, /set says where one stands, /undo takes a change back."
    ),
    Role.USER: N_("You may use this Hearsay now."),
}


# All of them ---------------------------------------------------------------------------------------------------------


def people(
    access: Access, page: Sequence[Person], number: int, pages: int, waiting: int = 0, notice: str = ""
) -> Message:
    """What holds for all, and one page (``number`` from 0) of those who have a role.

    ``waiting`` is how many invitations nobody has used yet.
    """
    lines = [_("<b>People</b>"), _mode(access), _most(access.most_subscriptions), ""]
    lines += [_line(person) for person in page] or [_("Nobody but you has a role yet. Invite somebody.")]
    lines += ["", _others()]
    persons: Rows = tuple((Button(label(name(p.user_id, p)), f"person:{p.user_id}"),) for p in page)
    rows = (*_choices(access), *_waiting(waiting), *persons, *turns(number, pages, "people:{}"))
    return Message("\n".join(lines + page_line(number, pages)), rows, notice)


def _mode(access: Access) -> str:
    if access.invited_only:
        return _("Only those whom you let in may use it, and the groups that they set it up in.")
    return _("Everybody may use it whom you have not barred.")


def _most(count: int) -> str:
    return _("One chat may follow {count} deals, parties and kinds at most.", count=count)


def _line(person: Person) -> str:
    return f"• {_mention(person.user_id, person)}: {_(_ROLES[person.role])}"


def _others() -> str:
    """How to bar somebody without a role."""
    return _(
        "To bar somebody who is not listed, or to give a role, send the user’s number: <code>/people 123456789</code>. "
        "It stands in a proposal, after the name."
    )


def _choices(access: Access) -> Rows:
    doors = (
        option(pgettext("button", "Open to all"), "people:open", chosen=not access.invited_only),
        option(pgettext("button", "Invited only"), "people:closed", chosen=access.invited_only),
    )
    limits = tuple(
        option(
            pgettext("button", "{count} a chat", count=most),
            f"people:most:{most}",
            chosen=most == access.most_subscriptions,
        )
        for most in LIMITS
    )
    invitations = (
        Button(pgettext("button", "Invite an admin"), f"people:invite:{Role.ADMIN}"),
        Button(pgettext("button", "Invite a user"), f"people:invite:{Role.USER}"),
    )
    return (doors, limits, invitations)


def _waiting(count: int) -> Rows:
    words = ngettext("{count} open invitation", "{count} open invitations", count)
    return ((Button(words, "people:invitations"),),) if count else ()


def closed(staying: int) -> str:
    """Over the pressed button: how many others stay. Who only asked something is not among them."""
    if not staying:
        return pgettext("toast", "From now on, only those whom you invite come in.")
    return ngettext(
        "From now on, only those whom you invite come in. {count} who follows something or used /start stays.",
        "From now on, only those whom you invite come in. {count} who follow something or used /start stay.",
        staying,
    )


def only_in_private() -> Message:
    """People are spoken of where they do not read along."""
    return Message(_("Others can read this chat. Ask in a private chat."))


# One of them ---------------------------------------------------------------------------------------------------------


def name(user_id: int, known: Person | None) -> str:
    """The name as Telegram told it, or else the number by which Telegram knows the user."""
    return (known.name if known else "") or _("User {number}", number=str(user_id))


def _mention(user_id: int, known: Person | None) -> str:
    """The name, which opens the user's profile (Bot API: formatting options)."""
    return f'<a href="tg://user?id={user_id}">{escaped(label(name(user_id, known), LONGEST_NAME))}</a>'


def person(user_id: int, known: Person | None, notice: str = "") -> Message:
    """Somebody's role, and the buttons that change it; ``known`` is None for a user without one."""
    present = known.role if known else None
    others = tuple(button for role, button in _offers(user_id, present).items() if role is not present)
    lines = [f"<b>{_mention(user_id, known)}</b>", *_standing(known)]
    return Message("\n".join(lines), (others, (Button(pgettext("button", "← People"), "people:0"),)), notice)


def _standing(known: Person | None) -> tuple[str, ...]:
    """The role, and what it allows."""
    if known is None:
        return (_("No role. May use the bot as long as it is open to all. Does not decide about deals."),)
    since = _("{role} since {day}", role=_(_ROLES[known.role]), day=day(known.since))
    return f"{since}.", _(_MAY[known.role])


def _offers(user_id: int, present: Role | None) -> dict[Role, Button]:
    """The button to each role; who is barred becomes a user first."""
    this = f"person:{user_id}"
    if present is Role.BARRED:
        return {Role.USER: Button(pgettext("button", "Let in again"), f"{this}:{Role.USER}")}
    return {
        Role.ADMIN: Button(pgettext("button", "Make an admin"), f"{this}:{Role.ADMIN}"),
        Role.USER: Button(pgettext("button", "Make a user"), f"{this}:{Role.USER}"),
        Role.BARRED: Button(pgettext("button", "Bar"), f"{this}:bar"),
    }


def ask_to_bar(user_id: int, known: Person | None) -> Message:
    """Ask before somebody is barred."""
    lines = [
        _("Bar {name}?", name=f"<b>{_mention(user_id, known)}</b>"),
        _("The bot then does nothing for this person, and sends no messages any more."),
        _("What the person follows is kept. You can let the person in again."),
    ]
    yes = Button(pgettext("button", "Yes, bar"), f"person:{user_id}:{Role.BARRED}")
    return Message("\n".join(lines), ((yes, Button(pgettext("button", "No"), f"person:{user_id}")),))


def no_number() -> Message:
    """What was typed after the command is no number of a user."""
    return Message(
        _(
            "Type the number by which Telegram knows the user: <code>/people 123456789</code>. "
            "It stands in a proposal, after the name. /people alone lists all who have a role."
        )
    )


def yourself() -> Message:
    """The owner has no other role."""
    return Message(_("This is you. You are the owner, and stay it."))


# Invitations ---------------------------------------------------------------------------------------------------------


def invitation(role: Role, link: str, until: datetime) -> Message:
    """The link of an invitation, to be forwarded."""
    if role is Role.ADMIN:
        words = _("Whoever opens this link first becomes an admin of this Hearsay.")
    else:
        words = _("Whoever opens this link first may use this Hearsay.")
    return Message("\n".join([words, link, _("It works once, for seven days: until {moment}.", moment=moment(until))]))


def invitations(waiting: Sequence[Invitation], notice: str = "") -> Message:
    """The invitations that nobody has used, each with a button that revokes it."""
    back = (Button(pgettext("button", "← People"), "people:0"),)
    if not waiting:
        return Message(_("No invitation is open."), (back,), notice)
    lines = [_("<b>Open invitations</b>. Whoever has the link can use it once."), *map(_open, waiting[:PAGE])]
    if more := len(waiting[PAGE:]):
        lines.append(ngettext("… and {count} more.", "… and {count} more.", more))
    return Message("\n".join(lines), (*map(_revoking, waiting[:PAGE]), back), notice)


def _open(waiting: Invitation) -> str:
    return _("• {role}, until {moment}", role=_(_ROLES[waiting.role]), moment=moment(waiting.until))


def _revoking(waiting: Invitation) -> tuple[Button]:
    role, until = _(_ROLES[waiting.role]), moment(waiting.until)
    words = pgettext("button", "Revoke: {role}, until {moment}", role=role, moment=until)
    return (Button(words, f"people:revoke:{waiting.key}"),)


def revoked() -> str:
    """Over the list of invitations, one of which lets nobody in any more."""
    return pgettext("toast", "Revoked. The link lets nobody in any more.")


def used_already() -> str:
    """Over the list of invitations, one of which could not be revoked."""
    return pgettext("toast", "Somebody has used it already. /people says who has a role.")


def joined(used: Invitation) -> Message:
    """Tell the owner who used an invitation."""
    user = used.used_by or 0
    came = Person(user_id=user, name=used.name, role=used.role)
    text = _(
        "{name} (user {id}) has used your invitation. Role: {role}.",
        name=_mention(user, came),
        id=f"<code>{user}</code>",
        role=_(_ROLES[used.role]),
    )
    return Message(text, ((Button(pgettext("button", "Change the role"), f"person:{user}"),),))


def welcome(role: Role) -> Message:
    """Greet somebody who came by an invitation."""
    return Message(f"{_(_WELCOMES[role])}\n\n{start('').text}")


def no_need(role: Role) -> Message:
    """The invitation gives nothing that the user has not already; perhaps because it gave that before."""
    words = _(
        "You may use this Hearsay already: your role is {role}. A link that you do not need stays good for others.",
        role=_(_ROLES[role]),
    )
    return Message(f"{words}\n\n{start('').text}")


def void_invitation() -> Message:
    """A link that was used, or is too old, or never was."""
    return Message(
        _("This invitation is not valid: it was used or revoked, or is too old. Ask whoever sent it for a new one.")
    )


# Those who may not ---------------------------------------------------------------------------------------------------


def turned_away(*, barred: bool) -> Message:
    """The only answer in the private chat of somebody who may not use the bot."""
    if barred:
        return Message(_("You may not use this Hearsay. Only its owner can let you in again."))
    return Message(
        _("This Hearsay is for those whom its owner has invited. Ask the owner for an invitation, and open its link.")
    )


def not_for_you(*, barred: bool) -> Message:
    """Over a button that was pressed by somebody who may not use the bot."""
    if barred:
        return Message("", notice=pgettext("toast", "You may not use this Hearsay."))
    return Message("", notice=pgettext("toast", "This Hearsay is for those whom its owner has invited."))


def full(most: int) -> Message:
    """The chat follows as much as one chat may."""
    text = _(
        "This chat follows {count} deals, parties and kinds already; more is not allowed here. "
        "Stop some of them with /subscriptions. One party, or one kind, can stand for many deals.",
        count=most,
    )
    return Message(text)


def full_toast(most: int) -> Message:
    """As :func:`full`, over a pressed button."""
    words = pgettext(
        "toast",
        "This chat follows {count} already; more is not allowed here. Make room with /subscriptions.",
        count=most,
    )
    return Message("", notice=words)
