"""Greetings, the list of commands, and answers to what cannot be done."""

from dataclasses import dataclass

from bot.language import N_, any_of, pgettext
from bot.language import gettext as _
from bot.messages.frame import LONGEST_NAME, Message, cut


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its purpose (translated when shown; Telegram allows 256 characters) and how it may be typed."""

    purpose: str
    examples: tuple[str, ...] = ()


COMMANDS = {
    "start": Command(N_("what this bot does")),
    "help": Command(N_("all commands")),
    "deals": Command(N_("the deals that are followed"), ("/deals", "/deals rumored", "/deals huawei denied")),
    "status": Command(N_("where a deal stands, and on whose word"), ("/status huawei-att",)),
    "why": Command(N_("every word said about it, and what became of it"), ("/why huawei-att",)),
    "history": Command(N_("how it came there, with the evidence"), ("/history huawei-att",)),
    "timeline": Command(N_("a picture of how it came there, and on whose reports"), ("/timeline huawei-att",)),
    "search": Command(
        N_("look for words in all stored articles and headlines"), ('/search "merger talks" acqui* -shares',)
    ),
    "subscribe": Command(
        N_("get a message when something changes"),
        ("/subscribe huawei-att", "/subscribe AT&T", "/subscribe mergers", "/subscribe everything"),
    ),
    "unsubscribe": Command(N_("stop the messages"), ("/unsubscribe huawei-att", "/unsubscribe everything")),
    "subscriptions": Command(N_("what this chat follows, how much of it, and how loud")),
    "settings": Command(
        N_("quiet hours, time zone, digest, language and length of messages"),
        ("/settings", "/settings quiet 22:30-06:45", "/settings zone Madrid"),
    ),
    "missed": Command(N_("what this chat was not told, and where those deals stand now")),
    "channel": Command(N_("set up a channel of yours from here"), ("/channel", "/channel @name", "/channel done")),
    "set": Command(N_("for admins: say where a deal stands"), ("/set huawei-att denied reason",)),
    "undo": Command(N_("for admins: take a change back"), ("/undo huawei-att",)),
    "spotted": Command(N_("for admins: deals in the news that nobody tracks yet")),
    "proposals": Command(N_("for admins: the deals that users propose")),
    "edit": Command(
        N_("for admins: what a deal is called, its kind, its parties and their names"),
        ("/edit huawei-att", "/edit huawei-att alias AT&T: ATT, AT and T"),
    ),
    "merge": Command(N_("for admins: make one deal of two"), ("/merge att-huawei into huawei-att",)),
    "archive": Command(
        N_("for admins: read the news of a deal no more, and see which are archived"), ("/archive huawei-att",)
    ),
    "claim": Command(N_("become the owner, with the code from the first start"), ("/claim CODE",)),
    "feeds": Command(N_("for the owner: the feeds, how they do, how often they are asked")),
    "addfeed": Command(
        N_("for the owner: follow a feed, or the feed of a website"), ("/addfeed https://news.example",)
    ),
    "track": Command(
        N_("take up another deal, or propose it"),
        ("/track", "/track Huawei + AT&T = ATT Mobility partnership"),
    ),
    "people": Command(N_("for the owner: who may use this Hearsay, its admins, invitations")),
    "health": Command(N_("for the owner: how Hearsay is, and what needs a hand")),
    "export": Command(
        N_("for the owner: all feeds, or all deals, as a file"), ("/export", "/export feeds", "/export deals")
    ),
    "import": Command(N_("for the owner: which files may be sent here, and what becomes of them")),
}
"""Every command: /help and Telegram's menu are made from this list."""


def start(example: str, unknown: str = "") -> Message:
    """The first thing a subscriber reads; ``example`` is the slug of some deal, or empty.

    ``unknown`` is what a link wanted to follow and is no deal.
    """
    lines = [_("There is no deal “{name}” here.", name=cut(unknown, LONGEST_NAME)), ""] if unknown else []
    lines += [
        _(
            "<b>Hearsay</b> follows business deals from the first rumour to the end. "
            "You get one message when something really changed, with the words and the source behind it."
        ),
        "",
        _("See the deals: /deals"),
    ]
    if example:
        lines.append(_("Ask about one: <code>/status {deal}</code>", deal=example))
        lines.append(_("Follow one: <code>/subscribe {deal}</code>", deal=example))
    lines += [_("Follow every deal: <code>/subscribe everything</code>"), _("All commands: /help")]
    return Message("\n".join(lines))


def help_() -> Message:
    """All commands."""
    lines = []
    for name, command in COMMANDS.items():
        lines.append(f"/{name} – {_(command.purpose)}")
        if command.examples:
            lines.append(f"    {_examples(command)}")
    words = _(
        "A deal is <b>rumored</b>, <b>denied</b> or <b>finalized</b>. "
        "<b>Confirmed</b> means that a party, a filing or an authority says so; "
        "else it is reported, by so many independent sources. Copies of one report count once."
    )
    return Message("\n".join([*lines, "", words]))


def missing(name: str) -> Message:
    """A command came without what it needs."""
    command = COMMANDS[name]
    text = _("{command}: {purpose}. For example: {examples}",
        command=f"/{name}", purpose=_(command.purpose), examples=_examples(command))  # fmt: skip
    return Message(text)


def _examples(command: Command) -> str:
    return any_of([cut(example, LONGEST_NAME) for example in command.examples])


def unknown_command(name: str, near: str) -> Message:
    """Answer to a command that does not exist, with the one that was perhaps meant."""
    typed = cut(name, LONGEST_NAME)
    if not near:
        return Message(_("There is no command {name}. /help lists them all.", name=typed))
    text = _("There is no command {name}. Did you mean {near}? /help lists them all.", name=typed, near=f"/{near}")
    return Message(text)


def broken() -> Message:
    """Answer when a handler failed."""
    return Message(_("That did not work, because of a fault in Hearsay. It is in the log. Please try again."))


def gone() -> Message:
    """A button under an old message points to something that is no longer there."""
    return Message("", notice=pgettext("toast", "This is out of date. Ask again with /deals or /subscriptions."))
