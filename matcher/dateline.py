"""The dateline: where and when a text was filed, and the agency that filed it, ahead of its first words.

"LONDON, March 3 (Reuters) - ", "DALLAS--(BUSINESS WIRE)--", "NEW YORK, March 3, 2015 /PRNewswire/ -- ". It is no part
of the news, but a text with one comes from that agency, whoever carries it.
"""

import re
from typing import NamedTuple, Protocol

from matcher.attribution import news_agency, outlet_name

_LOOKED_FOR = 400
"""Characters: a dateline may stand below a byline and a note of what was changed."""

_DASH = r"[-_\u2013\u2014]"
_DAY = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\.? \d{1,2}(?:, \d{4})?"
_PLACE = r"(?:(?:[A-Z][\w.'\u2019/-]*+|\d{1,4}|and|by|de|of)(?:[ ,]++|(?=[(/]))){0,12}+"
_AGENCY = r"(?:\((?P<agency>[\w&.' -]{2,30})\)|/(?P<wire>[\w .-]{2,40})/)"
_FILED = re.compile(rf"^(?P<place>{_PLACE})[\s-]*{_AGENCY}\s*(?P<dash>{_DASH}*)\s*(?=\S)", re.MULTILINE)
_REGION = r"(?:, [A-Z][\w.]{1,15}(?: [A-Z][\w.]+)?)?"
_CITY = re.compile(rf"[A-Z]{{2}}[A-Z .'\u2019-]+{_REGION},? {_DAY}\s+{_DASH}{{1,2}}\s+(?=\S)")
_ENDS_A_SENTENCE = re.compile(r"[.!?][\"'\u201d\u2019)]*\s*\Z")
_WIRE = "wire"


class Dateline(NamedTuple):
    """A dateline's place in a text."""

    start: int
    end: int
    agency: str | None = None
    """The news agency that filed the text, by the name under which it is known."""
    release: bool = False
    """Whether it came over a wire for press releases: "/PRNewswire/"."""


def dateline(text: str) -> Dateline | None:
    """The dateline of a text, where it has one. What stands above it is no whole sentence."""
    top = text[:_LOOKED_FOR]
    for filed in _FILED.finditer(top):
        name = filed["agency"] or filed["wire"]
        agency = news_agency(name)
        release = agency is None and (filed["wire"] is not None or _WIRE in name.lower())
        in_capitals = filed["place"].partition(" ")[0].rstrip(",").isupper()
        if bool(agency or release) + in_capitals + bool(filed["dash"]) > 1:
            below_news = _ENDS_A_SENTENCE.search(top[: filed.start()])
            return None if below_news else Dateline(*filed.span(), agency, release)
    city = _CITY.match(top)
    return Dateline(*city.span()) if city else None


class _Carried(Protocol):
    """An article, read or stored."""

    @property
    def summary(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def outlet(self) -> str: ...


def reporter(article: _Carried) -> str:
    """The outlet whose text it is: the news agency that filed it, whoever carries it, or else the carrying one."""
    found = (dateline(text) for text in (article.summary, article.body))
    return next((line.agency for line in found if line and line.agency), outlet_name(article.outlet))
