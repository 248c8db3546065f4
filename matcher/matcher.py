"""From an article to its reading: the one door of this package.

article -> names (one pass) -> deals named together -> sentences -> claims, or a mention where nothing is claimed
"""

import re
from collections.abc import Iterable

from matcher.claims import Analysis
from matcher.cues import Cues, bundled
from matcher.parties import Names
from matcher.sentence import Part
from matcher.text import fold
from matcher.vocabulary import Article, Deal, Field, Reading

_NOTHING = Reading()


class Matcher:
    """All tracked deals, ready to read articles."""

    def __init__(self, deals: Iterable[Deal], cues: Cues | None = None) -> None:
        self._deals = tuple(deals)
        self._names = Names(self._deals)
        self._cues = cues or bundled()

    def read(self, article: Article) -> Reading:
        """Every claim and every mention of a tracked deal in one article. The same article is always read alike."""
        parts = [self._part(article, field) for field in Field if article.text(field)]
        mentions = [mention for part in parts for mention in part.mentions]
        if not mentions:
            return _NOTHING

        def has(word: re.Pattern[str]) -> bool:
            return any(word.search(part.folded) for part in parts)

        deals = self._names.together(mentions, has)
        if not deals:
            return _NOTHING
        analysis = Analysis(article, parts, self._cues)
        claims = tuple(claim for deal in deals for claim in analysis.claims(deal, self._deals[deal]))
        claimed = {claim.deal for claim in claims}
        return Reading(claims, tuple(s for d in deals if (s := self._deals[d].slug) not in claimed))

    def _part(self, article: Article, field: Field) -> Part:
        text = article.text(field)
        folded = fold(text)
        return Part(field, text, folded, article.moment.year, tuple(self._names.find(text, folded)))
