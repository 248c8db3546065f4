import pytest

from feeds.discovery import MAX_LINKS, FeedLink, find_feeds, usual_places

URL = "https://paper.example/business/"


def page(head: str = "", body: str = "") -> bytes:
    return f"<!DOCTYPE html><html><head><title>T</title>{head}</head><body>{body}</body></html>".encode()


def link(href: str, title: str = "", kind: str = "application/rss+xml") -> str:
    return f'<link rel="alternate" type="{kind}" href="{href}" title="{title}">'


def addresses(document: bytes, content_type: str = "text/html") -> list[str]:
    return [feed.url for feed in find_feeds(document, content_type, URL)]


def test_a_page_names_its_feeds() -> None:
    """RSS, Atom and RDF feeds are found in the page's order, with their titles and absolute addresses."""
    head = (
        link("/feed", "  The Paper\n » Feed ")
        + link("deals.xml?a=1&amp;b=2", "Deals &amp; more", "Application/Atom+XML; charset=utf-8")
        + link("//rdf.example/index.rdf#top", kind="application/rdf+xml")
    )
    assert find_feeds(page(head), "text/html", URL) == [
        FeedLink("https://paper.example/feed", "The Paper » Feed"),
        FeedLink("https://paper.example/business/deals.xml?a=1&b=2", "Deals & more"),
        FeedLink("https://rdf.example/index.rdf", ""),
    ]


@pytest.mark.parametrize(
    "head",
    [
        link("/feed.json", kind="application/feed+json"),
        link("/oembed.xml", kind="text/xml+oembed"),
        '<link rel="stylesheet" type="application/rss+xml" href="/feed">',
        '<link rel="alternate" hreflang="de" href="/de/">',
        link(""),
        link("javascript:alert(1)"),
        link("ftp://paper.example/feed"),
        link("http://[::1"),
        link("http:///feed"),
    ],
)
def test_what_cannot_be_read_is_not_offered(head: str) -> None:
    """JSON feeds, translations, style sheets and addresses outside the web are no feeds to us."""
    assert addresses(page(head)) == []


def test_relative_links_start_from_the_base() -> None:
    """The page's base element says where its relative addresses start."""
    assert addresses(page('<base href="/site/">' + link("feed"))) == ["https://paper.example/site/feed"]
    assert addresses(page('<base target="_top"><base href="https://b.example/">' + link("feed"))) == [
        "https://b.example/feed"
    ]


def test_a_feed_named_twice_is_offered_once() -> None:
    """The first title wins."""
    assert find_feeds(page(link("/feed", "One") + link("/feed#x", "Two")), "text/html", URL) == [
        FeedLink("https://paper.example/feed", "One")
    ]


def test_comments_come_last() -> None:
    """A feed of comments is offered, but behind the others."""
    head = (
        link("/comments/feed/", "The Paper » Kommentar-Feed") + link("/c", "X » Comments Feed") + link("/feed", "News")
    )
    assert addresses(page(head)) == [f"https://paper.example{path}" for path in ("/feed", "/comments/feed/", "/c")]


@pytest.mark.parametrize(
    ("anchor", "is_feed"),
    [
        ('<a href="/news.rss">x</a>', True),
        ('<a href="/news.XML?a=1">x</a>', True),
        ('<a href="atom.atom">x</a>', True),
        ('<a href="/index.rdf">x</a>', True),
        ('<a href="/deals/feed/">x</a>', True),
        ('<a href="/rss">x</a>', True),
        ('<a href="/news?format=1"><b>RSS</b></a>', True),
        ('<a href="/news?format=1"> RSS  feed </a>', True),
        ('<a href="/sitemap.xml">x</a>', False),
        ('<a href="/feeds-explained">Why RSS matters</a>', False),
        ('<a href="/feedback">x</a>', False),
        ('<a href="mailto:rss@paper.example">RSS</a>', False),
        ('<a name="rss">RSS</a>', False),
        ('<a href="/a.html">x</a>', False),
    ],
)
def test_plain_links_are_the_fallback(anchor: str, is_feed: bool) -> None:
    """A page that declares no feed may link to one by a plain name; where it declares one, such links do not count."""
    assert bool(addresses(page(body=anchor))) is is_feed
    assert addresses(page(link("/declared"), anchor)) == ["https://paper.example/declared"]


def test_the_offer_is_short() -> None:
    """However many feeds a page names, no more are offered than one can choose from."""
    assert len(addresses(page("".join(link(f"/{n}") for n in range(500))))) == MAX_LINKS


@pytest.mark.parametrize(
    ("encoding", "content_type", "head"),
    [
        ("utf-8", "text/html; charset=utf-8", ""),
        ("utf-8", "text/html", ""),
        ("utf-8", "", ""),
        ("utf-8", "text/html; charset=no-such-thing", ""),
        ("iso-8859-1", "text/html; charset=iso-8859-1", ""),
        ("iso-8859-1", "text/html", '<meta charset="iso-8859-1">'),
        ("windows-1251", 'text/html; charset="windows-1251"', ""),
        ("utf-16", "text/html", ""),
    ],
)
def test_titles_are_read_in_their_encoding(encoding: str, content_type: str, head: str) -> None:
    """The server's charset counts, then UTF-8, then what the page says of itself."""
    title = "Новости" if encoding == "windows-1251" else "Übernahmen"
    document = page(head + link("/feed", title)).decode().encode(encoding)
    assert find_feeds(document, content_type, URL) == [FeedLink("https://paper.example/feed", title)]


@pytest.mark.parametrize("document", [b"", b" ", b"\0", b"<!-- -->", b"\xff\xfe", b"no markup", b"{}"])
def test_a_page_without_anything_names_nothing(document: bytes) -> None:
    """Whatever a server sends for a page, looking for feeds in it fails on nothing."""
    assert addresses(document) == []


def test_usual_places_are_on_the_same_site() -> None:
    """Where a page names nothing, a handful of addresses on its site may be tried."""
    places = usual_places("https://paper.example:8443/business/today.html?x=1")
    assert places[0] == "https://paper.example:8443/feed"
    assert all(place.startswith("https://paper.example:8443/") and "?" not in place for place in places)
    assert len(places) == len(set(places)) < 10
