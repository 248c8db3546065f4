"""Deals, articles and feeds made by rule, the same in every run.

The companies are invented; the sentences were written for this purpose, in the manner of the business press.
"""

import html
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import cycle, islice, product
from xml.etree import ElementTree as ET

from matcher.vocabulary import Article, Deal, Kind, Party

ARTICLES = 200
"""Of each kind: enough for every sentence to meet several companies."""
BODY_LENGTH = 3_000
"""Characters of a full article."""
NAMED_DEALS = 10
"""Articles name only the first deals, so that watchlists of every size track what is named."""

FEED_DEALS = 100
"""Feeds name so many in turn."""

_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
_MEDIA = "http://search.yahoo.com/mrss/"
_NAMESPACES = f' xmlns:dc="{_DUBLIN_CORE}" xmlns:media="{_MEDIA}"'
_HEAD = b"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"%s><channel><title>%s</title><link>https://ledger.example/</link>"""
ET.register_namespace("dc", _DUBLIN_CORE)
ET.register_namespace("media", _MEDIA)

DAWN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When the news of feeds begins."""
_BEGINNINGS = (
    *("Bel", "Bran", "Cor", "Cres", "Dra", "Ever", "Fal", "Gran", "Hal", "Ing", "Jor", "Kel"),
    *("Lum", "Mar", "Nor", "Ost", "Pel", "Quan", "Ral", "Sol", "Tor", "Ven", "Wes", "Yar"),
)
_MIDDLES = (
    "a",
    "ba",
    "be",
    "bi",
    "bo",
    "co",
    "da",
    "de",
    "fa",
    "fi",
    "fo",
    "ga",
    "go",
    "i",
    "ja",
    "ka",
    "ki",
    "lo",
    "ma",
)
_LINKS = ("", "n", "r", "s")
_ENDINGS = ("bank", "berg", "con", "dale", "dor", "fex", "gard", "lane", "mont", "port", "quist", "rix", "tech", "vale")
_NAMES = tuple(map("".join, product(_BEGINNINGS, _MIDDLES, _LINKS, _ENDINGS)))
_STRIDE = 7919
"""Shares no factor with the number of names: the names of neighbours look different, and none comes twice."""
_FIELDS = ("Energy", "Foods", "Pharma", "Motors", "Telecom", "Mining", "Media", "Systems", "Airlines", "Capital")
_UNTRACKED = 20_000
"""Companies from here on are in no deal."""
_OTHERS = len(_NAMES) - _UNTRACKED - ARTICLES
"""So many of them can be named in turn."""

_ON_DEALS = (
    "{a} in talks to buy {b}, sources say",
    "{a} agrees to acquire {b} for $4.2 billion in cash",
    "{b} rejects takeover bid from {a} as too low",
    "{a} and {b} call off merger talks",
    "{a} denies it is in talks with {b}",
    "{a} nears deal to buy {b}: report",
    "Regulators clear {a}'s purchase of {b}",
    "{b} shares jump on report of {a} interest",
    "{a} raises offer for {b} to $31 a share",
    "Why {a} may not want {b} after all",
    "{a} will carry {b} products from next spring",
)
_ON_COMPANIES = (
    "{a} lifts full-year outlook after strong quarter",
    "{a} names new finance chief",
    "{a} to close two plants and cut 1,200 jobs",
    "{a} recalls 40,000 heaters over faulty switch",
    "Analysts turn cautious on {a} before results",
)
_ON_THE_DAY = (
    "Oil slips as traders weigh supply and a stronger dollar",
    "Central bank keeps rates on hold and hints at patience",
    "City council backs plan for a second tram line",
    "Wheat harvest smaller than hoped after dry spring",
    "Home sales fall for a third month as loans cost more",
)
_SENTENCES = (
    "{a} is weighing a bid for {b}, according to people who know the plans and asked not to be named.",
    "The board met twice last week and heard from its bankers, one of these people said.",
    "A spokesman for {b} declined to comment on what he called market talk.",
    "The shares had lost a fifth of their value since the summer, when a large order fell through.",
    "Both companies sell to the same hospitals, and investors have long asked why they do not work together.",
    "There is no assurance that the talks between {a} and {b} will lead to an agreement.",
    "The region's output grew by 1.4 percent in the quarter, less than most economists had expected.",
    "“We look at many things, and most of them come to nothing,” the chairman told reporters in Geneva.",
    "In March, {b} sold its bottling business to a group of pension funds for about $900 million.",
    "Any purchase would need the approval of regulators in Europe and in the United States.",
    "The unions want to be heard before a decision is made, and have called a meeting for Tuesday.",
    "A rise in the price of copper has made new lines dearer, and several orders were put off until next year.",
)


def deals(number: int) -> list[Deal]:
    """The first deals of one long watchlist. A company is in about two of them, under its full and its short name."""
    return [_deal(index) for index in range(number)]


def headlines_on_deals() -> list[Article]:
    """Headlines that name both parties of a tracked deal."""
    return _headlines(_ON_DEALS, _tracked)


def headlines_on_companies() -> list[Article]:
    """Headlines that name one tracked company, thus no deal."""
    return _headlines(_ON_COMPANIES, _tracked)


def headlines_on_others() -> list[Article]:
    """Headlines that name nobody tracked: other companies, their deals, or no company at all."""
    return _headlines(_ON_COMPANIES + _ON_DEALS + _ON_THE_DAY, _untracked)


def stories_on_deals() -> list[Article]:
    """Full articles about a tracked deal."""
    return [replace(article, body=_body(index, _tracked)) for index, article in enumerate(headlines_on_deals())]


def stories_on_others() -> list[Article]:
    """Full articles that name nobody tracked."""
    return [replace(article, body=_body(index, _untracked)) for index, article in enumerate(headlines_on_others())]


def entry(number: int, on_deals_every: int) -> Article:
    """What stands in a news site's feed: a headline with a short summary, one in so many about a tracked deal."""
    turn, other = divmod(number, on_deals_every)
    names, index = (_untracked, number % _OTHERS) if other else (_tracked_in_feeds, turn)
    headline = _article(index, _ON_DEALS, names)
    moment = DAWN + timedelta(seconds=number)
    return replace(headline, id=f"entry-{number}", published=moment, summary=_summary(index, names))


def report(number: int, deal: int) -> Article:
    """An article about a tracked deal, with a short summary."""

    def names(_: int) -> dict[str, str]:
        return _parties(deal)

    return replace(_article(number, _ON_DEALS, names), summary=_summary(number, names))


def archive(headlines: int, deals: int, on_deals_every: int) -> Iterator[bytes]:
    """The lines of a wire's archive, one every 40 seconds. Those about deals go through all of them in turn."""
    for number in range(1, headlines + 1):
        yield json.dumps(_line(number, deals, on_deals_every)).encode() + b"\n"


def first_report(deal: Deal) -> Article:
    """A report that makes a deal move which nobody has heard of before. It has no date, so it is news when seen."""
    one, other = (party.name for party in deal.parties)
    title = f"{one} in talks to buy {other}, sources say"
    return Article(id=deal.slug, title=title, first_seen=DAWN, outlet="The Daily Ledger")


def rss(articles: Iterable[Article]) -> bytes:
    """A feed as news sites write it: texts as HTML, with author, sections and a picture."""
    return channel("The Daily Ledger", map(item, articles))


def channel(title: str, items: Iterable[bytes]) -> bytes:
    """A feed of written items."""
    return b"".join((_HEAD % (_NAMESPACES.encode(), html.escape(title).encode()), *items, b"</channel></rss>"))


def item(article: Article) -> bytes:
    """An article as it stands in :func:`rss`."""
    item = ET.Element("item")
    ET.SubElement(item, "title").text = article.title
    ET.SubElement(item, "link").text = f"https://ledger.example/{article.id}"
    ET.SubElement(item, "guid", isPermaLink="false").text = article.id
    if article.published:
        ET.SubElement(item, "pubDate").text = format_datetime(article.published)
    ET.SubElement(item, f"{{{_DUBLIN_CORE}}}creator").text = "The Ledger's business desk"
    for section in ("Business", "Companies"):
        ET.SubElement(item, "category").text = section
    ET.SubElement(item, f"{{{_MEDIA}}}content", url=f"https://ledger.example/{article.id}.jpeg", medium="image")
    ET.SubElement(item, "description").text = _markup(article.body or article.summary)
    written: bytes = ET.tostring(item, encoding="utf-8", xml_declaration=False)
    return written.replace(_NAMESPACES.encode(), b"")  # declared once, above


def _deal(index: int) -> Deal:
    return Deal(f"deal-{index}", f"Deal {index}", Kind.ACQUISITION, (_party(index), _party(_partner(index))))


def _party(company: int) -> Party:
    return Party(_full_name(company), aliases=(_short_name(company),))


def _partner(company: int) -> int:
    return company + 1 + company % 7


def _full_name(company: int) -> str:
    return f"{_short_name(company)} {_FIELDS[company % len(_FIELDS)]}"


def _short_name(company: int) -> str:
    return _NAMES[company * _STRIDE % len(_NAMES)]


def _line(number: int, deals: int, on_deals_every: int) -> dict[str, str]:
    turn, other = divmod(number, on_deals_every)
    if other == 0:
        headline = _article(turn, _ON_DEALS, lambda _: _parties(turn * _STRIDE % deals))
    elif other % 10 == 0:  # one tracked company
        headline = _article(number // 10, _ON_COMPANIES, lambda index: _parties(index % deals))
    else:
        headline = _article(number, _ON_COMPANIES + _ON_DEALS + _ON_THE_DAY, lambda index: _untracked(index % _OTHERS))
    return {
        "id": f"line-{number}",
        "published": (DAWN + timedelta(seconds=40 * number)).isoformat(),
        "outlet": "The Daily Ledger",
        "url": f"https://ledger.example/{number}",
        "title": headline.title,
    }


_Names = Callable[[int], dict[str, str]]


def _parties(deal: int) -> dict[str, str]:
    """The parties of a tracked deal, by their full and by their short names in turn."""
    name = _full_name if deal % 2 else _short_name
    return {"a": name(deal), "b": name(_partner(deal))}


def _tracked(index: int) -> dict[str, str]:
    return _parties(index % NAMED_DEALS)


def _tracked_in_feeds(index: int) -> dict[str, str]:
    return _parties(index % FEED_DEALS)


def _untracked(index: int) -> dict[str, str]:
    return {"a": _short_name(_UNTRACKED + index), "b": _full_name(_UNTRACKED + ARTICLES + index)}


def _headlines(templates: Sequence[str], names: _Names) -> list[Article]:
    return [_article(index, templates, names) for index in range(ARTICLES)]


def _article(index: int, templates: Sequence[str], names: _Names) -> Article:
    title = templates[index % len(templates)].format(**names(index))
    return Article(id=f"article-{index}", title=title, first_seen=DAWN, published=DAWN, outlet="The Daily Ledger")


def _summary(index: int, names: _Names) -> str:
    return " ".join(islice(_sentences(index, names), 2))


def _body(index: int, names: _Names) -> str:
    sentences, body = _sentences(index, names), ""
    while len(body) < BODY_LENGTH:
        body += " ".join(islice(sentences, 3)) + "\n"
    return body


def _sentences(index: int, names: _Names) -> Iterator[str]:
    """Endless; each article begins at another sentence."""
    return (sentence.format(**names(index)) for sentence in islice(cycle(_SENTENCES), index % len(_SENTENCES), None))


def _markup(text: str) -> str:
    paragraphs = "".join(f"<p>{line}</p>" for line in text.splitlines())
    return f'{paragraphs}<p><a href="https://ledger.example/more">Read on</a> &amp; share</p>'
