"""From an article to its reading: the one door of this package.

article -> names (one pass) -> deals named together -> sentences -> claims, or a mention where nothing is claimed
"""

from collections.abc import Iterable
from functools import partial

from matcher.claims import Analysis
from matcher.classifier import Classifier, bundled_classifier
from matcher.cues import Cues, bundled_cues
from matcher.parties import Mention, Names
from matcher.sentence import Part, any_has
from matcher.text import fold
from matcher.vocabulary import Article, Deal, Field, Reading

_NOTHING = Reading()


class Matcher:
    """All tracked deals, ready to read articles."""

    def __init__(self, deals: Iterable[Deal], cues: Cues | None = None, classifier: Classifier | None = None) -> None:
        self.deals = tuple(deals)
        self.names = Names(self.deals)
        self.cues = cues or bundled_cues()
        self.classifier = classifier or bundled_classifier()

    def read(self, article: Article) -> Reading:
        """Every claim and every mention of a tracked deal in one article. The same article is always read alike."""
        parts = self.parts(article)
        mentions = [mention for part in parts for mention in part.mentions]
        if not mentions:
            return _NOTHING
        deals = self.names.together(mentions, partial(any_has, parts))
        if not deals:
            return _NOTHING
        analysis = self._analysis(article, parts)
        claims = tuple(claim for deal in deals for claim in analysis.claims(deal, self.deals[deal]))
        claimed = {claim.deal for claim in claims}
        return Reading(claims, tuple(s for d in deals if (s := self.deals[d].slug) not in claimed))

    def names_a_party(self, article: Article) -> bool:
        """Whether any party of a tracked deal is named: a fuller text of the article may say something of a deal."""
        return any(part.mentions for part in self.parts(article))

    def analysis(self, article: Article) -> Analysis:
        """One article ready to be read for its claims: how the matcher comes to them."""
        return self._analysis(article, self.parts(article))

    def _analysis(self, article: Article, parts: Iterable[Part]) -> Analysis:
        return Analysis(article, parts, self._named_in(article.outlet), self.cues, self.classifier)

    def _named_in(self, outlet: str) -> list[Mention]:
        return self.names.find(outlet, fold(outlet))

    def parts(self, article: Article) -> list[Part]:
        """The parts of an article that have text, with the names in them."""
        return [self._part(article, field) for field in Field if article.text(field)]

    def _part(self, article: Article, field: Field) -> Part:
        text = article.text(field)
        folded = fold(text)
        return Part(field, text, folded, article.moment.year, tuple(self.names.find(text, folded)))
