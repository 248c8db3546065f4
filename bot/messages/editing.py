"""What a deal is: its title, kind, keywords and parties, shown to be changed."""

from collections.abc import Sequence
from enum import StrEnum

from bot.language import N_, pgettext
from bot.language import gettext as _
from bot.messages.frame import (
    LONGEST_NAME,
    LONGEST_REASON,
    LONGEST_TEXT,
    LONGEST_TITLE,
    Button,
    Message,
    Rows,
    cut,
    label,
    visible_length,
)
from bot.messages.reasons import why
from bot.messages.settings import option
from bot.messages.tracking import legal_form
from matcher.vocabulary import Kind, Party
from models.ambiguity import Ambiguity, CommonWord, LegalForm
from models.deal import Deal
from models.watchlist import Problem

NOTHING = "-"
"""What is typed to take away what is there."""
WARNINGS = 3
BUTTONS = 95
"""One for each party, as many as fit: Telegram takes 100 under a message, and five are for the deal."""


class Part(StrEnum):
    """What can be changed, by the word that is typed for it."""

    TITLE = "title"
    KIND = "kind"
    KEYWORDS = "keywords"
    PARTY = "party"
    """A further party."""
    NAME = "name"
    ALIAS = "alias"
    TICKER = "ticker"
    BESIDE = "beside"
    """Words of which one must stand in the article for the party to count."""
    NEVER = "never"
    """Phrases that hold the party's name and are not the party."""

    @property
    def is_of_a_party(self) -> bool:
        """Whether it belongs to one of the parties, not to the deal."""
        return self in (Part.NAME, Part.ALIAS, Part.TICKER, Part.BESIDE, Part.NEVER)


KIND_WORDS = {
    Kind.ACQUISITION: N_("acquisition"),
    Kind.MERGER: N_("merger"),
    Kind.STAKE: N_("stake"),
    Kind.JOINT_VENTURE: N_("joint venture"),
    Kind.PARTNERSHIP: N_("partnership"),
}


# What it is ----------------------------------------------------------------------------------------------------------


def page(deal: Deal, doubts: Sequence[Ambiguity] = (), notice: str = "") -> Message:
    """What a deal is, with a button for each part of it."""
    lines = [
        f"<b>{cut(deal.title, LONGEST_TITLE)}</b> (<code>{deal.slug}</code>)",
        _("Kind: {kind}", kind=_(KIND_WORDS[deal.kind])),
        _("Keywords: {words}", words=_listed(deal.keywords)),
        _("Parties:"),
    ]
    more = _("More is not shown. /export deals has all of it.")
    end = [*([_typed(deal)] if len(deal.parties) > BUTTONS else []), *_warnings(doubts)]
    parties: list[Button] = []
    for place, party in enumerate(deal.parties):
        line = f"{place + 1}. {_party(party.value)}"
        if visible_length([*lines, line, more, *end]) > LONGEST_TEXT:
            lines.append(more)
            break
        lines.append(line)
        parties.append(Button(label(party.name), _place("edit-party", deal, place)))
    return Message("\n".join(lines + end), _deal_buttons(deal, parties[:BUTTONS]), notice)


def _typed(deal: Deal) -> str:
    example = _part_of(deal.slug, Part.ALIAS, deal.parties[-1].name)
    return _("Not every party has a button. Type what is to change, for example {example}", example=example)


def _party(party: Party) -> str:
    parts = [cut(party.name, LONGEST_NAME)]
    parts += [_("also {names}", names=_names(party.aliases))] * bool(party.aliases)
    parts += [_("ticker {ticker}", ticker=party.ticker)] if party.ticker else []
    parts += [_("only beside {words}", words=_listed(party.requires))] * bool(party.requires)
    parts += [_("never in {phrases}", phrases=_listed(party.excludes))] * bool(party.excludes)
    return " · ".join(parts)


def _listed(words: Sequence[str]) -> str:
    return cut(joined(words), LONGEST_REASON) or _("none")


def _names(names: Sequence[str]) -> str:
    """Each in quotation marks, since a name may have a comma."""
    return cut(", ".join(_("“{name}”", name=name) for name in names), LONGEST_REASON) or _("none")


def joined(words: Sequence[str]) -> str:
    """Words in the form in which they can be typed."""
    return ("; " if any("," in word for word in words) else ", ").join(words)


def _warnings(doubts: Sequence[Ambiguity]) -> list[str]:
    return [f"⚠️ {_warning(doubt)}" for doubt in doubts[:WARNINGS]]


def _warning(doubt: Ambiguity) -> str:
    """What may go wrong with a name, and the command that helps."""
    if isinstance(doubt, LegalForm):
        return legal_form(doubt)
    if isinstance(doubt, CommonWord):
        return _(
            "“{word}” is also a common word. It counts only with a capital letter, and only beside another party. "
            "To demand more, send {command} with a word that stands in an article when the company is meant.",
            word=cut(doubt.word, LONGEST_NAME),
            command=_part_of(doubt.slugs[0], Part.BESIDE, doubt.party),
        )
    (first, slug), (second, _slug), *_others = doubt.bearers.items()
    return _(
        "“{name}” is a name of {first}, and of {second}. An article counts for the deal whose other party it names. "
        "To tell them apart, send {command} with a phrase that means the other.",
        name=cut(doubt.name, LONGEST_NAME),
        first=cut(first, LONGEST_NAME),
        second=cut(second, LONGEST_NAME),
        command=_part_of(slug, Part.NEVER, first),
    )


def _part_of(slug: str, part: Part, party: str) -> str:
    return f"<code>/edit {slug} {part} {cut(party, LONGEST_NAME)}: …</code>"


def _deal_buttons(deal: Deal, parties: Sequence[Button]) -> Rows:
    own = (
        Button(pgettext("button", "Title"), f"edit:{deal.id}:{Part.TITLE}"),
        Button(pgettext("button", "Kind"), f"edit:{deal.id}:{Part.KIND}"),
        Button(pgettext("button", "Keywords"), f"edit:{deal.id}:{Part.KEYWORDS}"),
    )
    last = (
        Button(pgettext("button", "Add a party"), f"edit:{deal.id}:{Part.PARTY}"),
        Button(pgettext("button", "Status"), f"status:{deal.id}"),
    )
    return (own, *((button,) for button in parties), last)


def _place(action: str, deal: Deal, place: int, *more: str) -> str:
    """A button's data about one party: by its place in the words that the deal has at this revision."""
    return ":".join([action, str(deal.id), str(deal.revision), str(place), *more])


def party_page(deal: Deal, place: int, doubts: Sequence[Ambiguity] = (), kept: str = "") -> Message:
    """What is known of one party; ``kept`` is its former main name, if that is another name of it now."""
    party = deal.parties[place].value
    lines = [
        _("<b>{party}</b> in {title}", party=cut(party.name, LONGEST_NAME), title=cut(deal.title, LONGEST_TITLE)),
        _("Other names: {names}", names=_names(party.aliases)),
        _("Ticker: {ticker}", ticker=party.ticker or _("none")),
        _("Counts only beside: {words}", words=_listed(party.requires)),
        _("Does not count in: {phrases}", phrases=_listed(party.excludes)),
    ]
    if kept:
        lines.append(
            _(
                "“{name}” stays among the other names, so that its news and its followers stay.",
                name=cut(kept, LONGEST_NAME),
            )
        )
    names = {
        Part.NAME: pgettext("button", "Name"),
        Part.ALIAS: pgettext("button", "Other names"),
        Part.TICKER: pgettext("button", "Ticker"),
        Part.BESIDE: pgettext("button", "Only beside"),
        Part.NEVER: pgettext("button", "Never in"),
    }
    name, alias, *rest = (Button(words, _place("edit-party", deal, place, part)) for part, words in names.items())
    last = (
        Button(pgettext("button", "Remove"), _place("edit-remove", deal, place)),
        Button(pgettext("button", "← Deal"), f"edit:{deal.id}"),
    )
    return Message("\n".join(lines + _warnings(doubts)), ((name, alias), tuple(rest), last))


# Questions -----------------------------------------------------------------------------------------------------------


def ask_kind(deal: Deal) -> Message:
    """Which kind it is."""
    kinds = [option(_(words), f"edit-kind:{deal.id}:{kind}", chosen=kind is deal.kind) for kind, words in _kinds()]
    rows = tuple((button,) for button in kinds)
    return Message(_question(Part.KIND, deal.title), (*rows, (_back(f"edit:{deal.id}"),)))


def _kinds() -> list[tuple[Kind, str]]:
    return list(KIND_WORDS.items())


def ask(deal: Deal, part: Part, place: int | None = None) -> Message:
    """Ask for a text. The last line is the command that an answer is completed to."""
    party = None if place is None else deal.parties[place].value
    lines = [_question(part, party.name if party else deal.title)]
    if now := _now(deal, part, party):
        lines.append(_("Now: <code>{value}</code>", value=cut(now, LONGEST_REASON)))
    if part in (Part.KEYWORDS, Part.ALIAS, Part.BESIDE, Part.NEVER):
        lines.append(_("Put commas between them, or semicolons where one has a comma. A single - means none."))
    if part is Part.TICKER:
        lines.append(_("A single - means none."))
    lines += ["", _("Reply to this message, or type it behind this:"), _command(deal, part, party)]
    back = f"edit:{deal.id}" if place is None else _place("edit-party", deal, place)
    return Message("\n".join(lines), ((_back(back),),))


def _back(data: str) -> Button:
    return Button(pgettext("button", "← Back"), data)


def _command(deal: Deal, part: Part, party: Party | None) -> str:
    about = f" {cut(party.name, LONGEST_REASON)}:" if party else ""
    return f"<code>/edit {deal.slug} {part}{about}</code>"


def _question(part: Part, name: str) -> str:
    about = f"<b>{cut(name, LONGEST_NAME)}</b>"
    match part:
        case Part.TITLE:
            return _("What is the new title of {name}?", name=about)
        case Part.KIND:
            return _("What kind of deal is {name}?", name=about)
        case Part.KEYWORDS:
            return _("Which words stand for a party of {name} that an article does not name?", name=about)
        case Part.PARTY:
            return _("What is the further party of {name} called?", name=about)
        case Part.NAME:
            return _("What is the main name of {name}?", name=about)
        case Part.ALIAS:
            return _(
                "By which other names does the press call {name}? They take the place of those it has.", name=about
            )
        case Part.TICKER:
            return _("What is the ticker of {name}? The bare symbol, such as T.", name=about)
        case Part.BESIDE:
            return _("{name} counts only in articles with one of these words. Which?", name=about)
    return _("Which phrases have the name of {name} in them and mean something else?", name=about)


def _now(deal: Deal, part: Part, party: Party | None) -> str:
    match part:
        case Part.TITLE:
            return deal.title
        case Part.KEYWORDS:
            return joined(deal.keywords)
    if party is None:
        return ""
    values = {
        Part.NAME: party.name,
        Part.ALIAS: joined(party.aliases),
        Part.TICKER: party.ticker or "",
        Part.BESIDE: joined(party.requires),
    }
    return values.get(part, joined(party.excludes))


def ask_to_remove(deal: Deal, place: int) -> Message:
    """Ask before a party goes."""
    lines = [
        _("Remove this party of {title}?", title=cut(deal.title, LONGEST_NAME)),
        _party(deal.parties[place].value),
        _("First you get the deal as it is now as a file."),
    ]
    yes = Button(pgettext("button", "Remove"), _place("edit-drop", deal, place))
    no = Button(pgettext("button", "No"), _place("edit-party", deal, place))
    return Message("\n".join(lines), ((yes, no),))


# What cannot be ------------------------------------------------------------------------------------------------------


def cannot_be(problems: Sequence[Problem]) -> Message:
    """It would be no deal."""
    return Message(_("Nothing was changed. {reason}", reason=why(problems)))


def asked_again(refusal: Message, deal: Deal, part: Part, place: int | None) -> Message:
    """A text cannot be. The last line is that of the question, so that this can be replied to as well."""
    party = None if place is None else deal.parties[place].value
    lines = [refusal.text, "", _("Reply to this message to answer again:"), _command(deal, part, party)]
    return Message("\n".join(lines))


def which_party(deal: Deal, part: Part) -> Message:
    """The text does not begin with the name of a party and a colon."""
    lines = [_("Name the party, then a colon. For example:")]
    lines += [_command(deal, part, party.value) for party in deal.parties[:WARNINGS]]
    return asked_again(Message("\n".join(lines)), deal, part, None)


def unknown_kind() -> Message:
    """There is no such kind of deal."""
    return Message(_("Kinds of deals are: {kinds}.", kinds=", ".join(Kind)))


def changed_meanwhile() -> Message:
    """The deal was described anew since the button was made."""
    return Message("", notice=pgettext("toast", "The deal was changed meanwhile. Ask again with /edit."))


def done() -> str:
    """Over the pressed button."""
    return pgettext("toast", "Changed.")
