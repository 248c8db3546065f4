"""What a chat follows."""

from collections.abc import Sequence

from bot.language import gettext as _
from bot.language import ngettext, pgettext
from bot.messages.frame import LONGEST_NAME, PAGE, Button, Message, cut, label
from models.deal import Deal
from models.subscription import Subscription

LONGEST_STOP = 40
"""Characters of what a button would stop following."""


def subscribed(name: str, *, party: bool = False, new: bool = True) -> Message:
    """Confirm a subscription to a deal, a party or, without a name, everything."""
    if not new:
        return Message(_followed_already(cut(name, LONGEST_NAME), party=party))
    return Message(_now_followed(cut(name, LONGEST_NAME), party=party))


def _now_followed(name: str, *, party: bool) -> str:
    if not name:
        return _("This chat now follows every deal. /subscriptions shows all.")
    if party:
        return _("This chat now follows every deal of {party}, future ones too. /subscriptions shows all.", party=name)
    return _("This chat now follows {deal}. /subscriptions shows all.", deal=name)


def _followed_already(name: str, *, party: bool) -> str:
    if not name:
        return _("This chat follows every deal already.")
    if party:
        return _("This chat follows every deal of {party} already, future ones too.", party=name)
    return _("This chat follows {deal} already.", deal=name)


def unsubscribed(name: str, *, party: bool = False, found: bool = True) -> Message:
    """Confirm the end of a subscription to a deal or a party; ``found`` is whether there was one."""
    what = cut(name, LONGEST_NAME)
    if party and not found:
        return Message(_("This chat did not follow every deal of {party}. /subscriptions shows all.", party=what))
    if party:
        return Message(_("This chat no longer follows every deal of {party}.", party=what))
    if found:
        return Message(_("This chat no longer follows {deal}.", deal=what))
    return Message(_("This chat did not follow {deal}.", deal=what))


def unsubscribed_all(count: int) -> Message:
    """Confirm the end of all subscriptions."""
    if not count:
        return Message(_("This chat followed nothing."))
    return Message(ngettext("Done. {count} subscription ended.", "Done. {count} subscriptions ended.", count))


def still_followed(deal: Deal) -> Message:
    """The deal itself is not followed, but a party of it or everything is."""
    return Message(
        _(
            "This chat follows {deal} through a party or through everything. /subscriptions shows which.",
            deal=cut(deal.title, LONGEST_NAME),
        )
    )


def subscribed_toast() -> str:
    """Over the pressed button of a card."""
    return pgettext("toast", "Subscribed. You get a message when something changes.")


def unsubscribed_toast(*, still: bool) -> str:
    """Over the pressed button of a card; ``still`` is whether the deal is followed through something else."""
    if still:
        return pgettext("toast", "This chat still follows it through a party or everything: see /subscriptions.")
    return pgettext("toast", "Unsubscribed.")


def subscriptions(followed: Sequence[Subscription]) -> Message:
    """What the chat follows, each with a button that ends it."""
    if not followed:
        return Message(_("This chat follows nothing yet. /subscribe everything, or pick one from /deals."))
    shown, more = followed[:PAGE], len(followed) - PAGE
    lines = [_("This chat follows ({count}):", count=len(followed))]
    lines += [f"• {cut(_target(subscription), LONGEST_NAME)}" for subscription in shown]
    if more > 0:
        lines.append(
            ngettext(
                "… and {count} more: /unsubscribe and a name ends it.",
                "… and {count} more: /unsubscribe and a name ends any of them.",
                more,
            )
        )
    return Message("\n".join(lines), tuple((_stop_button(subscription),) for subscription in shown))


def _stop_button(subscription: Subscription) -> Button:
    target = label(_target(subscription), LONGEST_STOP)
    return Button(pgettext("button", "Stop: {target}", target=target), f"drop:{subscription.id}")


def _target(subscription: Subscription) -> str:
    if subscription.party_key:
        return _("every deal of {party}", party=subscription.party_name or "")
    return subscription.deal.title if subscription.deal else _("everything")
