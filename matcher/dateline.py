"""The dateline: where and when a text was filed, and the agency that filed it, ahead of its first words.

"LONDON, March 3 (Reuters) - ", "DALLAS--(BUSINESS WIRE)--", "NEW YORK, March 3, 2015 /PRNewswire/ -- ". It is no part
of the news, but a text with one comes from that agency, whoever carries it.
"""

import re
from typing import NamedTuple

from matcher.attribution import known_as

_LOOKED_FOR = 400
"""Characters: a dateline may stand below a byline and a note of what was changed."""

_DASH = r"[-_\u2013\u2014]"
_DAY = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\.? \d{1,2}(?:, \d{4})?"
_PLACE = r"(?:(?:[A-Z][\w.'\u2019/-]*+|\d{1,4}|and|by|de|of)(?:[ ,]++|(?=[(/]))){0,12}+"
_AGENCY = r"(?:\((?P<agency>[\w&.' -]{2,30})\)|/(?P<wire>[\w .-]{2,40})/)"
_FILED = re.compile(rf"^(?P<place>{_PLACE})[\s-]*{_AGENCY}\s*(?P<dash>{_DASH}*)\s*(?=\S)", re.MULTILINE)
_REGION = r"(?:, [A-Z][\w.]{1,15}(?: [A-Z][\w.]+)?)?"
_CITY = re.compile(rf"[A-Z]{{2}}[A-Z .'\u2019-]+{_REGION}(?:,? {_DAY})?(?:\s+{_DASH}{{1,2}}\s+|--)(?=\S)")


class Dateline(NamedTuple):
    """A dateline's place in a text."""

    start: int
    end: int
    agency: str | None = None
    """The outlet or press wire that filed the text, by the name under which it is known."""


def dateline(text: str) -> Dateline | None:
    """The dateline of a text, where it has one."""
    top = text[:_LOOKED_FOR]
    for filed in _FILED.finditer(top):
        agency = known_as(filed["agency"] or filed["wire"])
        in_capitals = filed["place"].partition(" ")[0].rstrip(",").isupper()
        if bool(agency) + in_capitals + bool(filed["dash"]) > 1:
            return Dateline(*filed.span(), agency)
    city = _CITY.match(top)
    return Dateline(*city.span()) if city else None
