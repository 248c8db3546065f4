"""Which entries of a freshly read feed are known, which are new, and which their publisher has edited.

No mark of an entry can be trusted by itself: feeds leave guids out, change all of them at once, or write one guid on
everything; links change with every answer of the server; headlines recur; dates are stamped anew. So two entries are
the same when their marks agree as one line of the tables below asks, the surest line first, one to one. Entries
that stand side by side in a document are different entries, unless one is a plain double of the other.

In doubt a line prefers a false edit (read again as a revision) to a false "new" (told twice), and both to a false
"known" (never told). A date alone never makes an entry new or known.
"""

import html
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from hashlib import blake2b
from operator import attrgetter

from feeds.parse import Entry, untracked
from matcher.vocabulary import NEVER, fold_name
from models.entry import Marks

_ADDRESS = re.compile(r"https?://(?:www\.)?([^/?#]*?)(?::(?:80|443)?)?(?=[/?#]|$)([^?#]*)\??([^#]*)#?(.*)", re.I | re.S)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a document holds, by index into its entries; plain doubles appear nowhere."""

    new: tuple[int, ...]
    """In the order of the document."""
    edited: Mapping[int, int]
    """The row id of the known entry whose title or text changed."""
    unchanged: Mapping[int, int]
    """The row id of the known entry. Its guid, address or date may have changed."""


def marks(entry: Entry) -> Marks:
    """What the entry is recognised by, next time."""
    words = html.unescape(f"{entry.title}\n{entry.summary}\n{entry.body}")
    return Marks(
        guid=_hash(entry.guid.strip()),
        url=_hash(_comparable(entry.url)),
        title=_hash(_headline(entry)),
        text=_hash(" ".join(unicodedata.normalize("NFKC", words).casefold().split())),
        published=entry.published,
    )


def _hash(text: str) -> int | None:
    """64 bits, signed as SQLite keeps them; None for nothing."""
    if not text:
        return None
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _headline(entry: Entry) -> str:
    """Publisher and title; a title of nothing but signs would equal all others of its kind."""
    title = fold_name(html.unescape(entry.title))
    return title and f"{fold_name(entry.outlet)}|{title}"


def _comparable(url: str) -> str:
    """An address without what may differ between two links to one page; empty for a home page, which is no entry's own.

    courlan and its like clean more: they drop ``?12345`` and parameters such as ``cid`` and ``eid``, which are all that
    tells the articles of some sites apart.
    """
    parts = _ADDRESS.match(url)
    if not parts:
        return ""
    host, path, query, fragment = parts.groups()
    wanted = sorted(filter(None, untracked(query).split("&")))
    place = f"{path.rstrip('/')}?{'&'.join(wanted)}#{fragment if fragment[:1] in '!/' else ''}"
    return "" if place == "?#" else f"{host.lower()}{place}"


_Key = Callable[[Marks], tuple[object, ...]]
_Doubt = Callable[[Marks, Marks], bool]


def _differ(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other


def _moment(marks: Marks) -> datetime | None:
    """The date, if it says more than the day: midnight is how a bare day arrives, and many entries share a day."""
    published = marks.published
    return None if published is None or published.time() == time.min else published


def _another_place(one: Marks, other: Marks) -> bool:
    return _differ(one.url, other.url) and _both_have_words(one, other)


def _another_guid(one: Marks, other: Marks) -> bool:
    return _differ(one.guid, other.guid) and _both_have_words(one, other)


def _both_have_words(one: Marks, other: Marks) -> bool:
    """Rows of a time that kept no text have none; they get the benefit of the doubt."""
    return one.text is not None and other.text is not None


def _another_report(one: Marks, other: Marks) -> bool:
    return all(map(_differ, (one.guid, one.url, one.text), (other.guid, other.url, other.text)))


def _another_issue(one: Marks, other: Marks) -> bool:
    """Two of guid, address and date differ. Equal dates outweigh the other two; missing ones outweigh nothing."""
    same_date = one.published is not None and one.published == other.published
    return not same_date and _differences(one, other) >= 2


def _anything_else(one: Marks, other: Marks) -> bool:
    return _differences(one, other) > 0


def _differences(one: Marks, other: Marks) -> int:
    return sum(map(_differ, (one.guid, one.url, one.published), (other.guid, other.url, other.published)))


def _nothing(_: Marks, __: Marks) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class _Rule:
    """Entries with equal keys are the same; a key with a None in it equals nothing."""

    key: _Key
    own: str = ""
    """The mark that no second entry of the document, and no second known one, may bear: else it names neither."""
    unless: _Doubt = _nothing
    """What speaks against it all the same. Only for rules with an own mark: those have one candidate, not many."""


_UNCHANGED = (
    # Equal in all, and in all but the date. The inner tuple lets what both lack count as equal.
    _Rule(lambda m: ((m.guid, m.url, m.title, m.text, m.published),)),
    _Rule(lambda m: ((m.guid, m.url, m.title, m.text),)),
)
_RULES = (
    # The same guid on the same words, even where the feed has one guid for everything.
    _Rule(lambda m: (m.guid, m.text)),
    # A guid or an address of its own, and the same words or headline. By address: the guid was reset.
    _Rule(lambda m: (m.guid, m.title), own="guid"),
    _Rule(lambda m: (m.url, m.text), own="url"),
    _Rule(lambda m: (m.url, m.title), own="url"),
    # Guid and address both change: servers that take turns, or Google News. Where the words change too, it is another
    # report: at 07:00:00 several filers publish under one headline.
    _Rule(lambda m: (m.title, m.text, _moment(m))),
    _Rule(lambda m: (m.title, _moment(m)), own="title", unless=_another_report),
    # An address that many share, and the same headline of the same day, or of none.
    _Rule(lambda m: (m.url, m.title, m.published or NEVER)),
    # Only the words. Boilerplate comes back too, but then it is another issue, or no longer the only one. So an undated
    # feed whose guids and addresses all change is new once: better than a notice that is never told.
    _Rule(lambda m: (m.text,), own="text", unless=_another_issue),
    # From here on the headline was edited, and maybe with it the address made from the headline, or the guid. This
    # comes after all words are paired, for some feeds count their guids from 1 every time.
    _Rule(lambda m: (m.guid, _moment(m)), own="guid"),
    _Rule(lambda m: (m.url, _moment(m)), own="url"),
    # Only the guid, where the address does not differ too: else the guid stands on one story after the other.
    _Rule(lambda m: (m.guid,), own="guid", unless=_another_place),
    # Only the address: enough where one of them has no guid. With another guid it is a page that changes its story.
    _Rule(lambda m: (m.url,), own="url", unless=_another_guid),
    # Only the headline. "Morning briefing" comes back with another guid, address or date.
    _Rule(lambda m: (m.title,), own="title", unless=_anything_else),
)


def recognise(entries: Sequence[Marks], known: Mapping[int, Marks]) -> Recognised:
    """Tell the new entries of one document from the known ones, by row id, of its feed.

    Known are those that stood in the feed last time, and departed ones that share a mark. The time taken grows with
    the number of both, not with their product, whatever they have in common.
    """
    singles = _without_doubles(entries)
    rows = _Matching(singles, known).rows
    edited = {index: row for index, row in rows.items() if _edited(entries[index], known[row])}
    return Recognised(
        new=tuple(index for index in singles if index not in rows),
        edited=edited,
        unchanged={index: row for index, row in rows.items() if index not in edited},
    )


def _without_doubles(entries: Sequence[Marks]) -> dict[int, Marks]:
    """The entries by index, less those equal to an earlier one in all marks, or in guid and text."""
    firsts: dict[object, int] = {}
    for index, m in enumerate(entries):
        firsts.setdefault(m if m.guid is None or m.text is None else (m.guid, m.text), index)
    return {index: entries[index] for index in firsts.values()}


def _edited(now: Marks, before: Marks) -> bool:
    return _differ(now.text, before.text) or (before.text is not None and now.title != before.title)


class _Matching:
    """Pairs entries with known ones, rule by rule; what is paired is out of the game."""

    def __init__(self, entries: Mapping[int, Marks], known: Mapping[int, Marks]) -> None:
        self.rows: dict[int, int] = {}
        """The row id of each recognised entry, by its index."""
        self._entries, self._known = entries, known
        self._left, self._free = dict(entries), dict(known)
        self._own: dict[str, set[object]] = {}
        self._apply(_UNCHANGED)
        self._drop_strangers()
        self._apply(_RULES)

    def _apply(self, rules: Iterable[_Rule]) -> None:
        for rule in rules:
            if not self._left or not self._free:
                return
            pairs = self._pairs(rule)
            self.rows.update(pairs)
            for index, row in pairs:
                del self._left[index], self._free[row]

    def _drop_strangers(self) -> None:
        """All other rules ask for at least one common mark; in most feeds this leaves them little to do."""
        borne = {value for m in self._left.values() for value in (m.guid, m.url, m.title, m.text)} - {None}
        self._free = {
            row: m
            for row, m in self._free.items()
            if m.guid in borne or m.url in borne or m.title in borne or m.text in borne
        }

    def _pairs(self, rule: _Rule) -> list[tuple[int, int]]:
        """Index and row id; of several with the same key the first goes with the first."""
        candidates: defaultdict[object, list[int]] = defaultdict(list)
        for row in reversed(self._free):
            candidates[rule.key(self._free[row])].append(row)
        pairs = []
        for index, m in self._left.items():
            key = rule.key(m)
            rows = candidates.get(key)
            if rows and None not in key and self._names(rule, m) and not rule.unless(m, self._free[rows[-1]]):
                pairs.append((index, rows.pop()))
        return pairs

    def _names(self, rule: _Rule, m: Marks) -> bool:
        """Whether the mark that the rule builds on is this entry's own."""
        return not rule.own or getattr(m, rule.own) in self._owned(rule.own)

    def _owned(self, mark: str) -> set[object]:
        if mark not in self._own:
            self._own[mark] = _borne_once(mark, self._entries.values()) & _borne_once(mark, self._known.values())
        return self._own[mark]


def _borne_once(mark: str, bearers: Iterable[Marks]) -> set[object]:
    return {value for value, times in Counter(map(attrgetter(mark), bearers)).items() if times == 1}
