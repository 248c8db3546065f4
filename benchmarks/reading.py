"""What it costs to read an article, and how little that grows with the number of tracked deals.

Beside the matcher stand a naive alternation of the same names as one regular expression, which only finds the names,
and feedparser's parsing of the same articles, which every polled article has behind it.

CPU time, so that other programs on the machine do not count. The garbage collector stays on, as in the program.
"""

import gc
import io
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import feedparser
from rich.table import Table

from benchmarks import newsroom
from benchmarks.tables import figures
from matcher.matcher import Matcher
from matcher.vocabulary import Article, Deal

SIZES = (10, 1_000, 10_000)
"""Tracked deals."""
ROUNDS = 15
OTHER_ROUNDS = 3
"""For what stands beside the matcher."""
NAIVE_ARTICLES = 5
"""The alternation is so slow that a few must do."""


@dataclass(frozen=True)
class Case:
    """A kind of article, and the most that reading one may cost at 10,000 deals."""

    name: str
    articles: Sequence[Article]
    target: float
    """Microseconds."""


CASES = (
    Case("headline, nobody tracked", newsroom.headlines_on_others(), 30),
    Case("headline, one tracked party", newsroom.headlines_on_companies(), 30),
    Case("headline, a tracked deal", newsroom.headlines_on_deals(), 300),
    Case("3 KB article, nobody tracked", newsroom.stories_on_others(), 30 + 3 * 20),
    Case("3 KB article, a tracked deal", newsroom.stories_on_deals(), 300 + 3 * 20),
)


def measure(step: Callable[[str], None]) -> Table:
    """One line per kind of article; ``step`` is told what is being measured."""
    table = figures(
        "Reading: articles per second by number of tracked deals, and µs of CPU each with the most deals (medians)",
        "article",
        *(f"{size:,}" for size in SIZES),
        f"cost {SIZES[-1]:,}:{SIZES[0]}",
        *("µs", "target", "naive regex µs", "feedparser µs"),
    )
    step("reading: building the watchlists")
    matchers = {size: Matcher(newsroom.deals(size)) for size in SIZES}
    naive = _alternation(newsroom.deals(SIZES[-1]))
    for case in CASES:
        step(f"reading: {case.name}")
        rounds = _rounds(matchers, case.articles)
        others = (_naive_cost(naive, case.articles), _feedparser_cost(case.articles))
        table.add_row(case.name, *_figures(rounds, case.target), *(f"{cost * 1e6:,.0f}" for cost in others))
    return table


def _figures(rounds: Sequence[Mapping[int, float]], target: float) -> list[str]:
    cost = {size: median(costs[size] for costs in rounds) for size in SIZES}
    growth = median(costs[SIZES[-1]] / costs[SIZES[0]] for costs in rounds)
    rates = [f"{1 / cost[size]:,.0f}" for size in SIZES]
    return [*rates, f"{growth:.2f}", f"{cost[SIZES[-1]] * 1e6:.1f}", f"≤ {target:.0f}"]


def _rounds(matchers: Mapping[int, Matcher], articles: Sequence[Article]) -> list[dict[int, float]]:
    """Seconds per article by number of deals; the sizes take turns, so that each round is a fair comparison."""
    for matcher in matchers.values():
        _cost(matcher.read, articles)  # warm-up
    return [{size: _cost(matcher.read, articles) for size, matcher in matchers.items()} for _ in range(ROUNDS)]


def _cost(read: Callable[[Article], object], articles: Sequence[Article]) -> float:
    """Seconds of CPU per article."""
    gc.collect()
    began = time.process_time()
    for article in articles:
        read(article)
    return (time.process_time() - began) / len(articles)


def _alternation(deals: Iterable[Deal]) -> Callable[[Article], object]:
    """What one would write first: every name in one pattern, the longest first. Case must fit, in its favour."""
    names = {name for deal in deals for party in deal.parties for name in party.names}
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})\b")
    return lambda article: pattern.findall(f"{article.title}\n{article.body}")


def _naive_cost(naive: Callable[[Article], object], articles: Sequence[Article]) -> float:
    return median(_cost(naive, articles[:NAIVE_ARTICLES]) for _ in range(OTHER_ROUNDS))


def _feedparser_cost(articles: Sequence[Article]) -> float:
    document = newsroom.rss(articles)
    return median(_cost(lambda _: _parse(document), articles[:1]) for _ in range(OTHER_ROUNDS)) / len(articles)


def _parse(document: bytes) -> object:
    """As :mod:`feeds.parse` asks for it: without the parts of feedparser that it has no use for."""
    return feedparser.parse(io.BytesIO(document), sanitize_html=False, resolve_relative_uris=False)
