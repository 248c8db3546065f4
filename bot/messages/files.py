"""Files that the owner gets and sends: lists of feeds (OPML), and deals as a watchlist (TOML)."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.language import N_, ngettext, number, pgettext, said
from bot.language import gettext as _
from bot.messages.feeds import all_feeds
from bot.messages.frame import (
    LONGEST_ITEM,
    LONGEST_NAME,
    LONGEST_REASON,
    LONGEST_TITLE,
    Button,
    Message,
    cut,
)
from feeds.opml import Imported as ImportedFeeds
from feeds.opml import Unusable
from models.ambiguity import Ambiguity
from models.import_preview import Foreseen
from models.imports import Effect, Imported
from models.watchlist import Problem
from models.wording import Wording

FEEDS_FILE = "hearsay-feeds.opml"
FEED_FILE = "hearsay-feed.opml"
DEALS_FILE = "hearsay-deals.toml"
"""The names of the files that are sent."""
UNUSABLE = 6
"""Unusable lines of an imported list that are named."""
DEALS = 10
"""Deals of an imported watchlist that are named."""
WARNINGS = 3
_EFFECTS = {
    Effect.ADDED: N_("new"),
    Effect.UPDATED: N_("changed"),
    Effect.BROUGHT_BACK: N_("back from the archive"),
    Effect.UNCHANGED: N_("unchanged"),
}


# Out -----------------------------------------------------------------------------------------------------------------


def offer_export() -> Message:
    """Ask which of the two files is meant."""
    question = _("What shall be sent as a file? Such a file can be imported again: /import")
    feeds = Button(pgettext("button", "Feeds as OPML"), "export:feeds")
    deals = Button(pgettext("button", "Deals as a watchlist"), "export:deals")
    return Message(question, ((feeds,), (deals,)))


def exported_feeds(count: int) -> str:
    """The words under a file of feeds."""
    return ngettext(
        "{count} feed. Send such a file here to import it.", "{count} feeds. Send such a file here to import it.", count
    )


def exported_deals(count: int, archived: int) -> str:
    """The words under a file of deals, in which so many others are not that are archived."""
    words = ngettext(
        "{count} deal, as it is described and where it stands. Send such a file here to import it.",
        "{count} deals, as they are described and where they stand. Send such a file here to import it.",
        count,
    )
    return f"{words}\n{_without(archived)}" if archived else words


def _without(archived: int) -> str:
    return ngettext("Without {count} archived deal: /archive", "Without {count} archived deals: /archive", archived)


def removed_feed_file() -> str:
    """The words under the file of a feed that is about to be removed."""
    return _("The feed with its settings, before it is removed. To follow it again as it was, send this file here.")


def no_feeds() -> Message:
    """There is nothing to export."""
    return Message(_("There are no feeds yet. Add one: /addfeed https://news.example"))


def no_deals(archived: int) -> Message:
    """There is nothing to export: no deal, or none but so many that are archived."""
    if archived:
        text = ngettext(
            "There is only {count} deal, and it is archived. Bring it back to export it: /archive",
            "There are only {count} deals, and all are archived. Bring back what you want to export: /archive",
            archived,
        )
        return Message(text)
    return Message(_("There are no deals yet. Take one up: /track Huawei + AT&amp;T partnership"))


# In ------------------------------------------------------------------------------------------------------------------


def ask_for_file() -> Message:
    """What ``/import`` says."""
    lines = [
        _("Send me a file in this chat:"),
        _("• a list of feeds from any feed reader, as OPML (.opml or .xml). They are followed at once."),
        _("• deals as a watchlist (.toml). You see first what would change; nothing is imported before you press."),
        _("For a file to start from: /export"),
    ]
    return Message("\n".join(lines))


def other_file() -> Message:
    """A file of a kind that is not taken."""
    return Message(_("Nothing was imported. Files are taken that end in .opml or .xml (feeds), or in .toml (deals)."))


def bad_file(reason: str) -> Message:
    """A file cannot be imported; ``reason`` says why, and what to do."""
    return Message(_("Nothing was imported. {reason}", reason=cut(reason, LONGEST_REASON)))


def large_file(most: int) -> Message:
    """A file has more bytes than ``most``."""
    return bad_file(_("The file is larger than {count} bytes; split it into several.", count=most))


def not_downloaded() -> Message:
    """Telegram did not hand out a file that was sent."""
    return bad_file(_("The file could not be had from Telegram; send it again."))


# Feeds ---------------------------------------------------------------------------------------------------------------


def bad_feeds(reason: Wording) -> Message:
    """A list of feeds cannot be imported."""
    return bad_file(said(reason))


def imported_feeds(result: ImportedFeeds) -> Message:
    """What became of a list of feeds."""
    if not (result.added or result.known or result.unusable):
        return bad_file(_("This list holds no feeds; export it again from a feed reader."))
    sums = _(
        "Added {added}, known already {known}, not usable {unusable}.",
        added=len(result.added),
        known=len(result.known),
        unusable=len(result.unusable),
    )
    lines = [sums, *map(_unusable, result.unusable[:UNUSABLE]), *_more(len(result.unusable) - UNUSABLE)]
    return Message("\n".join(lines), ((all_feeds(),),))


def _unusable(line: Unusable) -> str:
    reason = cut(said(line.reason), LONGEST_TITLE + LONGEST_NAME)
    return f"• {reason}: <code>{cut(line.url, LONGEST_NAME) or '-'}</code>"


def _more(count: int) -> list[str]:
    return [ngettext("… and {count} more.", "… and {count} more.", count)] if count > 0 else []


# Deals ---------------------------------------------------------------------------------------------------------------


def not_utf8(line: int) -> Message:
    """A watchlist is not in UTF-8; ``line`` (from 1) has the first byte that shows it."""
    return bad_file(_("Line {line} is not UTF-8 text; save the file as UTF-8 and send it again.", line=line))


def bad_watchlist(problems: Sequence[Problem]) -> Message:
    """A watchlist is wrong: the first thing to mend, and how many there are besides."""
    place = said(problems[0].place)
    first = _("{subject}: {reason}.", subject=place[:1].upper() + place[1:], reason=said(problems[0].reason))
    lines = [bad_file(first).text]
    if more := len(problems) - 1:
        others = ngettext("{count} more thing is wrong in it.", "{count} more things are wrong in it.", more)
        lines.append(others)
    lines.append(_("Mend it and send the file again."))
    return Message("\n".join(lines))


def empty_watchlist() -> Message:
    """A watchlist without a deal."""
    return bad_file(_("This file holds no deals; each begins with a line [[deal]]. For an example: /export deals"))


def preview(foreseen: Foreseen, titles: Mapping[str, str], digest: str, notice: str = "") -> Message:
    """What an import would do. ``titles`` are those of the file, by slug; ``digest`` says what was looked at."""
    news = [deal for deal in foreseen.deals if deal.effect is not Effect.UNCHANGED]
    if not news:
        all_same = ngettext(
            "Nothing to import: {count} deal, and it stands here already just so.",
            "Nothing to import: {count} deals, and all stand here already just so.",
            len(foreseen.deals),
        )
        return Message(all_same, notice=notice)
    asked = _("Nothing is imported yet. A deal of the same short name is described anew; what was learned of it stays.")
    lines = [_sums(foreseen.deals), *_named(news, titles), *_parted(news), *_warned(foreseen.doubts), "", asked]
    press = ngettext("Import {count} deal", "Import {count} deals", len(news))
    return Message("\n".join(lines), ((Button(press, f"import:{digest}"),),), notice)


def _sums(deals: Sequence[Imported]) -> str:
    counts = Counter(deal.effect for deal in deals)
    sums = ", ".join(f"{number(counts[effect])} {_(words)}" for effect, words in _EFFECTS.items() if counts[effect])
    return _("<b>Deals in the file</b>: {sums}.", sums=sums)


def _named(news: Sequence[Imported], titles: Mapping[str, str]) -> list[str]:
    return [_line(deal, titles[deal.slug]) for deal in news[:DEALS]] + _more(len(news) - DEALS)


def _line(deal: Imported, title: str) -> str:
    return f"• <code>{deal.slug}</code> ({_(_EFFECTS[deal.effect])}): {cut(title, LONGEST_ITEM)}"


def _parted(news: Sequence[Imported]) -> list[str]:
    """Of deals that were merged before: where they lead until they are imported."""
    parted = [_parting(deal) for deal in news if deal.parted_from]
    return ["", *parted[:WARNINGS], *_more(len(parted) - WARNINGS)] if parted else []


def _parting(deal: Imported) -> str:
    return _(
        "⚠️ <code>{deal}</code> was merged into <code>{into}</code>, and leads there. Imported, it is a deal of its own "
        "again; what was learned of it stays with the other.",
        deal=deal.slug,
        into=deal.parted_from,
    )


def _warned(doubts: Sequence[Ambiguity]) -> list[str]:
    lines = [f"⚠️ {cut(said(doubt.wording), LONGEST_REASON)}" for doubt in doubts[:WARNINGS]]
    if more := len(doubts[WARNINGS:]):
        lines.append(ngettext("… and {count} more warning.", "… and {count} more warnings.", more))
    return ["", *lines] if lines else []


def imported_deals(results: Sequence[Imported], titles: Mapping[str, str]) -> Message:
    """What an import did."""
    news = [deal for deal in results if deal.effect is not Effect.UNCHANGED]
    done = _("<b>Imported</b>. From now on the news of these deals is read: /deals")
    return Message(
        "\n".join([done, _sums(results), *_named(news, titles)]), notice=pgettext("toast", "The deals are imported.")
    )


def file_gone() -> Message:
    """The file under whose preview the button was pressed is not there any more."""
    return bad_file(_("The file is not in this chat any more; send it again."))


def changed_since() -> str:
    """Over the pressed button: the preview is another one now."""
    return pgettext("toast", "The file or the deals have changed since. Look again.")


def not_downloaded_again() -> Message:
    """Telegram does not hand out the file just now. The preview stays, with its button."""
    return Message("", notice=pgettext("toast", "The file could not be had from Telegram. Press again in a while."))
