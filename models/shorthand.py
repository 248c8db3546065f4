"""A deal in one line: how a person types it in the conversation, and how a proposal keeps it.

::

    Huawei + AT&T partnership
    Huawei = 华为 + AT&T = ATT Mobility = $T = beside carrier = not AT&T Park partnership

The parties are joined by plus signs, and what they are to each other stands at the end; without it the deal is an
acquisition. After a party, each behind an equals sign: its other names, its ticker with a dollar sign, words that must
stand in the same article, and phrases that are not this party.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from matcher.parties import is_legal_form
from matcher.vocabulary import Deal, Kind, Party
from models.deal import spelling_key
from models.watchlist import (
    SLUG_LENGTH,
    Problem,
    WatchlistDeal,
    WatchlistError,
    new_deal,
    read_watchlist,
    write_watchlist,
)
from models.wording import Wording

LONGEST = 500
"""Characters of a line: it must fit a message together with all that is found."""
MOST_PARTIES = 8

_TICKER, _BESIDE, _NOT = "$", "beside ", "not "
_PLUS = re.compile(r"\s\+(?=\s|$)")
"""With space around it wherever there is such a one, since some names end in a plus sign."""
_PLAIN = str.maketrans({"æ": "ae", "đ": "d", "ı": "i", "ł": "l", "ø": "o", "œ": "oe", "þ": "th"})
"""Latin letters that are none with an accent."""


class IncompleteError(Exception):
    """Fewer than two parties are named."""


@dataclass(slots=True)
class _Pieces:
    """What stands behind a party's equals signs."""

    aliases: list[str] = field(default_factory=list)
    ticker: str | None = None
    requires: list[str] = field(default_factory=list)
    excludes: list[str] = field(default_factory=list)


def read(line: str) -> WatchlistDeal:
    """The deal that the line describes.

    Raises :class:`IncompleteError` where it does not name two parties, and :class:`WatchlistError` where a watchlist
    with it would be refused.
    """
    if len(line) > LONGEST:
        raise _refused(Wording("This is too long; use at most {count} characters.", {"count": LONGEST}))
    words, kind = _kind(line)
    parties = [_party(part) for part in _parts(words)]
    if len(parties) < 2 or not all(party.name for party in parties):
        raise IncompleteError
    if len(parties) > MOST_PARTIES:
        counts = {"count": len(parties), "most": MOST_PARTIES}
        raise _refused(Wording("These are {count} parties; name at most {most}, the most important ones.", counts))
    refuse_legal_forms(name for party in parties for name in party.names)
    entry = new_deal([party.name for party in parties], kind, slug=_slug(parties))
    deal = replace(entry.deal, parties=tuple(parties))
    (valid,) = read_watchlist(write_watchlist([replace(entry, deal=deal)]))
    return valid


def refuse_legal_forms(names: Iterable[str]) -> None:
    """Raise :class:`WatchlistError` if one of the names, typed by hand, says only what form a company has."""
    if form := next(filter(is_legal_form, names), None):
        raise _refused(
            Wording("“{name}” is a legal form, which many companies have; write the whole name.", {"name": form})
        )


def write(deal: Deal) -> str:
    """The line that describes the deal. Read again, it is the same."""
    return f"{' + '.join(' = '.join([party.name, *_written(party)]) for party in deal.parties)} {deal.kind}"


def is_writable(name: str) -> bool:
    """Whether a name can stand in a line as what it is."""
    return "=" not in name and not _PLUS.search(name) and not name.startswith((_TICKER, _BESIDE, _NOT))


def addressed(parties: Sequence[Party], typed: str) -> tuple[int, str] | None:
    """The place of the party that is named before a colon, and what stands behind the colon; None if none is.

    A name may have a colon itself: the longest that is a party's counts.
    """
    for colon in reversed([found.start() for found in re.finditer(":", typed)]):
        key = spelling_key(typed[:colon])
        for place, party in enumerate(parties):
            if key in map(spelling_key, party.names):
                return place, typed[colon + 1 :].strip()
    return None


def with_pieces(party: Party, typed: str) -> Party:
    """The party with more behind it: names, or a ticker, words and phrases as in a line.

    Raises :class:`WatchlistError` where a line cannot hold them.
    """
    for piece in map(str.strip, typed.split("=")):
        if _PLUS.search(piece):
            raise _refused(
                Wording(
                    "“{name}” has a plus sign between two words, so it cannot be typed here; leave the plus sign out.",
                    {"name": piece},
                )
            )
    return _party(" = ".join([party.name, *_written(party), typed]))


def _kind(line: str) -> tuple[str, Kind]:
    """What stands before the kind, and the kind, of one word or of two (joint venture)."""
    words = line.split()
    for count in (2, 1):
        typed = "-".join(words[-count:]).casefold()
        if len(words) > count and typed in list(Kind):
            return " ".join(words[:-count]), Kind(typed)
    return " ".join(words), Kind.ACQUISITION


def _parts(words: str) -> Sequence[str]:
    spaced = _PLUS.split(words)
    return spaced if len(spaced) > 1 else words.split("+")


def _party(part: str) -> Party:
    name, *typed = (piece.strip() for piece in part.split("="))
    pieces = _Pieces()
    for piece in filter(None, typed):
        if piece.startswith(_TICKER):
            pieces.ticker = piece.removeprefix(_TICKER)
        elif piece.startswith(_BESIDE):
            pieces.requires.append(piece.removeprefix(_BESIDE))
        elif piece.startswith(_NOT):
            pieces.excludes.append(piece.removeprefix(_NOT))
        else:
            pieces.aliases.append(piece)
    return Party(
        name,
        aliases=tuple(dict.fromkeys(pieces.aliases)),
        ticker=pieces.ticker,
        requires=tuple(dict.fromkeys(pieces.requires)),
        excludes=tuple(dict.fromkeys(pieces.excludes)),
    )


def _written(party: Party) -> Iterator[str]:
    yield from party.aliases
    if party.ticker:
        yield f"{_TICKER}{party.ticker}"
    yield from (f"{_BESIDE}{word}" for word in party.requires)
    yield from (f"{_NOT}{phrase}" for phrase in party.excludes)


def _slug(parties: Sequence[Party]) -> str:
    """The short name, of as much of each party's as fits."""
    longest = (SLUG_LENGTH + 1) // len(parties) - 1
    return "-".join(_key(party)[:longest] for party in parties)


def _key(party: Party) -> str:
    for name in party.names:
        key = "".join(filter(str.isascii, spelling_key(name).translate(_PLAIN)))
        if key:
            return key
    raise _refused(Wording("“{name}” has no Latin letter; add such a name behind it: {name} = …", {"name": party.name}))


def _refused(reason: Wording) -> WatchlistError:
    return WatchlistError([Problem(Wording("the line"), reason)])
