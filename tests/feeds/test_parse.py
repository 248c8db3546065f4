from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.parse import Entry, Hostile, NotAFeed, ParsedFeed, TooHard, WebPage, parse

RSS = "application/rss+xml"


def rss(*items: str, title: str = "T", channel: str = "") -> bytes:
    """An RSS document with these items."""
    wrapped = "".join(f"<item>{item}</item>" for item in items)
    about = f"<title>{title}</title>{channel}"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{about}{wrapped}</channel></rss>'.encode()


def only(document: bytes, url: str = "") -> Entry:
    (entry,) = parse(document, RSS, url).entries
    return entry


def test_an_rss_item_becomes_an_entry() -> None:
    """Title, link, guid, text, date and source of an RSS item arrive as plain values."""
    feed = parse(
        b"""<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
        <channel><title>Phones &amp;amp; more</title><item>
        <guid isPermaLink="false">id-1</guid><link>https://paper.example/1</link>
        <title>Carrier said to\n  drop the phone</title>
        <description>&lt;p&gt;People close to it &lt;b&gt;say so&lt;/b&gt;.&lt;/p&gt;</description>
        <content:encoded><![CDATA[<p>First.</p><script>no()</script><p>Second &amp; last.</p>]]></content:encoded>
        <pubDate>Mon, 08 Jan 2018 15:30:00 -0500</pubDate>
        <source url="https://paper.example">The &amp;amp; \x01Paper</source>
        </item></channel></rss>""",
        RSS,
    )
    assert feed == ParsedFeed(
        title="Phones & more",
        entries=(
            Entry(
                guid="id-1",
                url="https://paper.example/1",
                title="Carrier said to drop the phone",
                summary="People close to it say so.",
                body="First.\nSecond & last.",
                published=datetime(2018, 1, 8, 20, 30, tzinfo=UTC),
                day_only=False,
                outlet="The & Paper",
            ),
        ),
    )


def test_an_atom_entry_becomes_an_entry() -> None:
    """Atom says the same things in other words."""
    entry = only(
        b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry>
        <id>tag:paper.example,2018:1</id><link href="https://paper.example/1"/>
        <title type="html">Carrier &amp;amp; maker</title><summary>In short &lt;T&gt;</summary>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>At length</p></div></content>
        <updated>2018-01-08T20:30:00Z</updated><source><title>The Paper</title></source>
        </entry></feed>""",
    )
    assert (entry.guid, entry.url) == ("tag:paper.example,2018:1", "https://paper.example/1")
    assert (entry.title, entry.summary, entry.body) == ("Carrier & maker", "In short <T>", "At length")
    assert entry.published == entry.updated == datetime(2018, 1, 8, 20, 30, tzinfo=UTC)
    assert entry.outlet == "The Paper"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("AT&amp;amp;amp;T", "AT&T"),
        ("<![CDATA[AT&T]]>", "AT&T"),
        ("<![CDATA[AT&amp;T]]>", "AT&T"),
        ("<![CDATA[<b>AT&amp;T</b> deal]]>", "AT&T deal"),
        ("Huawei&amp;#8217;s phone", "Huawei’s phone"),
        ("  two \n\t lines&amp;nbsp;", "two lines"),
        ("AT&amp;T &lt;T.N&gt; in talks", "AT&T <T.N> in talks"),
        ("1 &lt; 2", "1 < 2"),
        ("BTC&amp;ETH", "BTC&ETH"),
        ("a\x01b", "ab"),
        ("&#xD83D;&#xDE00; deal", "\ufffd\ufffd deal"),
        ("&#99999999; deal", "\ufffd deal"),
    ],
)
def test_titles_are_plain_text(markup: str, text: str) -> None:
    """Markup, entities (encoded up to three times), odd characters and surplus space are gone from a title."""
    assert only(rss(f"<title>{markup}</title>")).title == text
    assert only(rss(f"<description>{markup}</description>")).summary == text


def test_tickers_are_no_markup() -> None:
    """Some agencies write tickers in angle brackets, which survive the removal of the real tags around them."""
    entry = only(rss("<description><![CDATA[<p>AT&amp;T <T.N> in <b>talks</b></p>]]></description>"))
    assert entry.summary == "AT&T <T.N> in talks"


def test_paragraphs_stay_apart() -> None:
    """Each paragraph of a text is a line of its own, so that sentences do not run together."""
    entry = only(
        rss("<description><![CDATA[<h1>Deal off</h1><p>It is\nover.</p><ul><li>One<li>Two</ul>]]></description>")
    )
    assert entry.summary.splitlines() == ["Deal off", "It is over.", "One", "Two"]


def test_a_text_given_twice_is_kept_once() -> None:
    """A body that only repeats the summary is left out."""
    content = 'xmlns:c="http://purl.org/rss/1.0/modules/content/"'
    entry = only(rss(f"<description>All of it</description><c:encoded {content}>&lt;p&gt;All of it</c:encoded>"))
    assert (entry.summary, entry.body) == ("All of it", "")


@pytest.mark.parametrize(
    ("date", "published", "day_only"),
    [
        ("Mon, 08 Jan 2018 20:30:00 GMT", datetime(2018, 1, 8, 20, 30, tzinfo=UTC), False),
        ("Mon, 08 Jan 2018 15:30 EST", datetime(2018, 1, 8, 20, 30, tzinfo=UTC), False),
        ("2018-01-08T20:30:00+01:00", datetime(2018, 1, 8, 19, 30, tzinfo=UTC), False),
        ("2018-01-08", datetime(2018, 1, 8, tzinfo=UTC), True),
        ("2018-01-08+05:00", datetime(2018, 1, 8, tzinfo=UTC), True),
        ("8 Jan 2018", datetime(2018, 1, 8, tzinfo=UTC), True),
        ("Mon, 08 Jan 2018 00:00:00 -0500", datetime(2018, 1, 8, 5, tzinfo=UTC), True),
        ("2018-01-08T00:00:00Z", datetime(2018, 1, 8, tzinfo=UTC), True),
        ("2018-01-08T00:00:30Z", datetime(2018, 1, 8, 0, 0, 30, tzinfo=UTC), False),
        ("2018-01-08T00:30:00Z", datetime(2018, 1, 8, 0, 30, tzinfo=UTC), False),
        ("0000-01-01T00:00:00Z", None, False),
        ("0001-01-01T00:00:00Z", None, False),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None, False),
        ("9999-12-31T23:59:59-10:00", None, False),
        ("Mon, 32 Jan 2018 25:61:00 GMT", None, False),
        ("1" * 5000, None, False),
        ("yesterday", None, False),
        ("", None, False),
    ],
)
def test_dates_are_utc_or_none(date: str, published: datetime | None, day_only: bool) -> None:
    """A date is aware UTC, marked if it names only the day, and absent if it is none."""
    entry = only(rss(f"<title>x</title><pubDate>{date}</pubDate>"))
    assert (entry.published, entry.day_only) == (published, day_only)


@given(st.text("0123456789-:TZ+ .,JanMo", max_size=40))
def test_no_date_breaks_a_feed(date: str) -> None:
    """Whatever stands in a date, the entry is read and its date is sound."""
    published = only(rss(f"<title>x</title><pubDate>{date}</pubDate>")).published
    assert published is None or (published.tzinfo == UTC and published.year >= 1990)


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<link>https://paper.example/a?b=1&amp;c=2</link>", "https://paper.example/a?b=1&c=2"),
        ("<link>https://a.example/?b=1&amp;copy=2&amp;section=3</link>", "https://a.example/?b=1&copy=2&section=3"),
        ("<link>https://a.example/?b=1&amp;amp;c=2</link>", "https://a.example/?b=1&c=2"),
        ("<link>/a</link>", "https://feed.example/a"),
        ("<guid>https://paper.example/a</guid>", "https://paper.example/a"),
        ("<guid>number-1</guid>", ""),
        ("<link>javascript:alert(1)</link>", ""),
        ("<link>http://[::1</link>", ""),
        ("<title>no link</title>", ""),
        ("<link>HTTPS://Paper.Example:443/A?B=1#C</link>", "https://paper.example/A?B=1#C"),
        ("<link>http://paper.example:8080</link>", "http://paper.example:8080/"),
        ("<link>https://Me:Pw@paper.example/a b</link>", "https://Me:Pw@paper.example/a%20b"),
    ],
)
def test_addresses_lead_to_the_web(item: str, url: str) -> None:
    """Links are http(s) addresses, relative ones seen from the feed; anything else is left out."""
    assert only(rss(item), "https://feed.example/rss/").url == url


@pytest.mark.parametrize(
    "tracking",
    [
        "utm_source=rss&amp;utm_medium=feed",
        "UTM_Campaign=x",
        "fbclid=1&amp;gclid=2&amp;msclkid=3",
        "at_medium=RSS&amp;at_campaign=KARANGA",
        "mc_cid=1&amp;mc_eid=2",
        "source=rss-b4981c59ffa5------2",
        "mod=rss_markets_main",
        "partner=rss&amp;emc=rss",
        "feedType=RSS&amp;feedName=businessNews",
        "xtor=RSS-4",
        "cmpid=rss&amp;smid=rss-home",
        "PHPSESSID=5f2e",
        "ttclid=1&amp;dclid=2&amp;ysclid=3",
        "itm_source=x&amp;piwik_keyword=y&amp;at_custom1=z",
        "guccounter",
    ],
)
def test_tracking_is_dropped_from_addresses(tracking: str) -> None:
    """What only says how a reader came to an article is no part of its address."""
    for address in (f"a?{tracking}&amp;id=5", f"a?id=5&amp;{tracking}", f"a?id=5#{tracking}"):
        assert only(rss(f"<link>https://p.example/{address}</link>")).url == "https://p.example/a?id=5"
    assert only(rss(f"<link>https://p.example/a/?{tracking}</link>")).url == "https://p.example/a/"


@pytest.mark.parametrize(
    "address",
    [
        "?12345",
        "?b=2&a=1&a=3&c&d=",
        "?cid=1&uid=2&eid=3&gallery=4&reference=5&keyword=6&session=7&source=wire&ref=8&mod=9",
        "a//b/https://other.example/c/",
        "@name/a(1)_b;c~d,e'f+g%2Fh",
        "ü/?q=é+ß",
        "#!story/3",
        "?utm=1&xutm_source=2&fbclid2=3",
        "?article=utm_source",
        "?id=rss&section=feed",
        "?smid=1&cmpid=2&at_id=3&pk_id=4",
        "?mod=rssreader&ref=rss2html",
    ],
)
def test_addresses_keep_what_matters(address: str) -> None:
    """Parameters in their order, bare and empty ones, slashes and characters stay as the publisher wrote them."""
    url = f"https://paper.example/{address}"
    assert only(rss(f"<link>{url.replace('&', '&amp;')}</link>")).url == url


DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'


@pytest.mark.parametrize(
    ("item", "outlet"),
    [
        ("<source url='x'>The Paper</source><dc:publisher>House</dc:publisher>", "The Paper"),
        ("<dc:publisher>House</dc:publisher><dc:creator>Reuters</dc:creator>", "House"),
        ("<dc:creator>Reuters</dc:creator>", "Reuters"),
        (
            "<dc:creator>Ann Onymous</dc:creator><dc:creator>The Wall Street Journal</dc:creator>",
            "The Wall Street Journal",
        ),
        ("<author>desk@paper.example (Reuters)</author>", "Reuters"),
        ("<dc:creator>Ann Onymous</dc:creator>", ""),
        ("<dc:creator>fortune</dc:creator>", ""),
        ("<title>X</title>", ""),
    ],
)
def test_the_outlet_is_what_the_entry_names(item: str, outlet: str) -> None:
    """The publisher is the entry's source, its publisher, or an author that is a known outlet; people are none."""
    document = rss(item).replace(b"<rss ", f"<rss {DC} ".encode())
    assert only(document).outlet == outlet


@pytest.mark.parametrize(
    ("feed", "source", "headline", "title", "outlet"),
    [
        ("Alerts", "Reuters", "X to buy Y - Reuters", "X to buy Y", "Reuters"),
        ("Alerts", "The Small Paper", "X to buy Y - The Small Paper", "X to buy Y", "The Small Paper"),
        ("Alerts", "The Wall Street Journal", "X to buy Y - WSJ", "X to buy Y", "The Wall Street Journal"),
        ("Alerts", "Small Paper", "X-Y talks - off - Small Paper", "X-Y talks - off", "Small Paper"),
        ("Alerts", "Reuters", "X to buy Y - Bloomberg", "X to buy Y - Bloomberg", "Reuters"),
        ("Alerts", "", "X to buy Y | CNBC", "X to buy Y", "CNBC"),
        ("Alerts", "", "X to buy Y – Financial Times", "X to buy Y", "Financial Times"),
        ("Alerts", "", "Deal talks - report", "Deal talks - report", ""),
        ("Alerts", "", "X to buy Y - sources", "X to buy Y - sources", ""),
        ("Alerts", "", "X shifts its business - focus", "X shifts its business - focus", ""),
        ("Alerts", "", "X to buy Y -WSJ", "X to buy Y -WSJ", ""),
        ("Alerts", "", "Reuters", "Reuters", ""),
        ("Reuters: Company News", "", "X drops Y - WSJ", "X drops Y - WSJ", ""),
        ("Reuters: Company News", "", "X drops Y - Reuters", "X drops Y", "Reuters"),
        ("The Daily Ledger", "", "X, Y - and Z | The Daily Ledger", "X, Y - and Z", "The Daily Ledger"),
        ("", "", "X drops Y - ?", "X drops Y - ?", ""),
    ],
)
def test_a_title_does_not_end_in_its_outlet(feed: str, source: str, headline: str, title: str, outlet: str) -> None:
    """The outlet's name behind a headline is the outlet, and no part of the title; credits to others stay."""
    named = f"<source url='x'>{source}</source>" if source else ""
    entry = only(rss(f"<title>{headline}</title>{named}", title=feed))
    assert (entry.title, entry.outlet) == (title, outlet)


@pytest.mark.parametrize(
    ("dates", "updated"),
    [
        ("<pubDate>Mon, 08 Jan 2018 20:30:00 GMT</pubDate>", None),
        ("<a:updated>2018-01-09T01:00:00+01:00</a:updated>", datetime(2018, 1, 9, tzinfo=UTC)),
        ("<a:updated>soon</a:updated>", None),
    ],
)
def test_a_change_is_dated_only_where_the_entry_says_so(dates: str, updated: datetime | None) -> None:
    """The time of the last change is the entry's own, never its publication."""
    atom = dates.replace("<a:updated>", '<a:updated xmlns:a="http://www.w3.org/2005/Atom">')
    assert only(rss(f"<title>x</title>{atom}")).updated == updated


SY = 'xmlns:s="http://purl.org/rss/1.0/modules/syndication/"'


@pytest.mark.parametrize(
    ("ttl", "period", "frequency", "interval"),
    [
        ("60", None, None, timedelta(hours=1)),
        (" 5 ", None, None, timedelta(minutes=5)),
        (None, "hourly", "2", timedelta(minutes=30)),
        (None, "Daily", None, timedelta(days=1)),
        (None, None, "4", timedelta(hours=6)),
        (None, "weekly", "1", timedelta(weeks=1)),
        (None, "monthly", "3", timedelta(days=10)),
        (None, "yearly", "1", timedelta(days=365)),
        ("60", "hourly", "2", timedelta(hours=1)),
        ("15", "hourly", "2", timedelta(minutes=30)),
        ("15", "now and then", "2", timedelta(minutes=15)),
        ("0", None, None, None),
        ("-60", None, None, None),
        ("often", None, None, None),
        ("1e3", None, None, None),
        ("٦٠", None, None, None),
        ("9" * 4000, None, None, None),
        ("525601", None, None, None),
        (None, "hourly", "0", None),
        (None, "hourly", "61", None),
        (None, "hourly", "-1", None),
        (None, None, None, None),
    ],
)
def test_a_feed_says_how_often_it_changes(
    ttl: str | None, period: str | None, frequency: str | None, interval: timedelta | None
) -> None:
    """The rhythm is ttl or the syndication module's, the larger if both; between a minute and a year, or none."""
    named = {f"s:updatePeriod {SY}": period, f"s:updateFrequency {SY}": frequency, "ttl": ttl}
    channel = "".join(f"<{name}>{value}</{name.split()[0]}>" for name, value in named.items() if value is not None)
    assert parse(rss(channel=channel), RSS).update_every == interval


@pytest.mark.parametrize(
    ("item", "key"),
    [
        ("<guid isPermaLink='false'>g</guid><link>https://a.example/1</link><title>T</title>", "guid:g"),
        ("<link>https://a.example/1</link><title>T</title>", "url:https://a.example/1"),
        ("<title>The Deal: it’s OFF!</title><source url='x'>The Paper</source>", "title:paper|deal it s off"),
        ("<description>Only words</description>", "title:|only words"),
    ],
)
def test_the_key_is_the_best_identity_there_is(item: str, key: str) -> None:
    """An entry is known by its guid, else its address, else its publisher and title."""
    assert only(rss(item)).key == key


def test_a_guid_does_not_depend_on_where_the_feed_lives() -> None:
    """A feed that moves does not turn all its old entries into new ones."""
    document = rss("<guid>number-1</guid>")
    assert only(document, "http://old.example/").key == only(document, "https://new.example/").key


def test_long_keys_are_short_and_still_different() -> None:
    """A guid of any length gives a key that fits an index, without confusing two guids."""
    long = "x" * 5000
    one, other = (only(rss(f"<guid isPermaLink='false'>{long}{end}</guid>")).key for end in "ab")
    assert one != other
    assert len(one) < 100


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The server sent an empty document"),
        (b" \n ", "The server sent an empty document"),
        (b"<!DOCTYPE html><html><head><title>T</title></head><body><p>Hi</p></body></html>", "This is a web page"),
        (b"\n<HTML><body>Sign in</body></HTML>", "This is a web page"),
        (b'{"version": "https://jsonfeed.org/version/1"}', "This document is neither RSS nor Atom"),
        (b"<note>hello</note>", "This document is neither RSS nor Atom"),
        (b"\x1f\x8b\x08\x00\x00", "This document is neither RSS nor Atom"),
    ],
)
def test_what_is_no_feed_is_named(body: bytes, sentence: str) -> None:
    """The owner reads whether the document was empty, a web page or something else."""
    with pytest.raises(NotAFeed, match=sentence):
        parse(body, "text/html")


def test_a_web_page_is_told_from_other_things() -> None:
    """The caller learns that a document is a web page, on which feeds may be found; JSON is none."""
    with pytest.raises(WebPage):
        parse(b"<!DOCTYPE html><html></html>", "text/html")
    with pytest.raises(NotAFeed) as no_page:
        parse(b"{}", "application/json")
    assert no_page.type is NotAFeed


def test_malformed_xml_is_read_as_far_as_it_goes() -> None:
    """A feed that breaks the rules of XML, or breaks off, still gives its entries."""
    broken = rss("<title>A & B <talk></title><guid isPermaLink='false'>1</guid>", "<title>Next</title>")[:-30]
    assert [entry.guid for entry in parse(broken, RSS).entries] == ["1", ""]


def test_a_feed_without_entries_is_a_feed() -> None:
    """A quiet search feed has no entries now and then; RSS 0.90 is known by either of its namespaces."""
    assert parse(rss(), RSS) == ParsedFeed("T", ())
    for host in ("my", "channel"):
        names = f'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://{host}.netscape.com/rdf/simple/0.9/"'
        rdf = f"<rdf:RDF {names}><channel><title>T</title></channel></rdf:RDF>"
        assert parse(rdf.encode(), RSS) == ParsedFeed("T", ())


@pytest.mark.parametrize("declared", ["", '<?xml version="1.0" encoding="utf-16"?>', '\n<?xml version="1.0"?>'])
@pytest.mark.parametrize("content_type", ["", "text/xml", "application/rss+xml; charset=utf-8"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_read(encoding: str, content_type: str, declared: str) -> None:
    """UTF-16 and UTF-32 are read with and without a mark, whatever the declaration and the server say."""
    document = (
        declared + "<rss version='2.0'><channel><item><title>Übernahme für 3 € geplatzt</title></item></channel></rss>"
    )
    (entry,) = parse(document.encode(encoding), content_type).entries
    assert entry.title == "Übernahme für 3 € geplatzt"


def test_bytes_are_never_taken_for_a_file_name(tmp_path: Path) -> None:
    """A body that spells the path of a feed on this machine is not that feed."""
    secret = tmp_path / "secret.xml"
    secret.write_bytes(rss("<title>secret</title>"))
    with pytest.raises(NotAFeed):
        parse(bytes(secret), RSS)


ENTITY = '<!DOCTYPE rss [<!ENTITY a "b">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
def test_entity_declarations_are_refused(encoding: str) -> None:
    """No honest feed declares entities; in UTF-16 and UTF-32 they are seen as well."""
    with pytest.raises(Hostile):
        parse((ENTITY + rss("<title>&a;</title>").decode()).encode(encoding), RSS)


@pytest.mark.parametrize("filler", [b"\n", b"<!-- -->", b"<?a b?>"])
def test_a_giant_prolog_is_refused(filler: bytes) -> None:
    """Pages of anything before the feed are refused before the parser sees them; some lines are not."""
    with pytest.raises(Hostile):
        parse(filler * 20_000 + rss(), RSS)
    assert parse(filler * 20 + rss("<title>x</title>"), RSS).entries


def test_whatever_breaks_the_parser_is_told() -> None:
    """A failure inside the parsing library comes out as one of our errors."""
    with pytest.raises(TooHard):
        parse(b'<?xml version="1.0" encoding="undefined"?>' + rss("<title>x</title>"), "")
