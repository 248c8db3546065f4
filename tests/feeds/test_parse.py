import asyncio
import json
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.parse import Entry, Hostile, NotAFeed, ParsedFeed, ParseError, ParserProcess, TooHard, parse

RSS = "application/rss+xml"


def rss(*items: str) -> bytes:
    """An RSS document with these items."""
    wrapped = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>{wrapped}</channel></rss>'.encode()


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
    assert (entry.published, entry.outlet) == (datetime(2018, 1, 8, 20, 30, tzinfo=UTC), "The Paper")


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
    ],
)
def test_addresses_lead_to_the_web(item: str, url: str) -> None:
    """Links are http(s) addresses, relative ones seen from the feed; anything else is left out."""
    assert only(rss(item), "https://feed.example/rss/").url == url


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


def test_malformed_xml_is_read_as_far_as_it_goes() -> None:
    """A feed that breaks the rules of XML, or breaks off, still gives its entries."""
    broken = rss("<title>A & B <talk></title><guid isPermaLink='false'>1</guid>", "<title>Next</title>")[:-30]
    assert [entry.guid for entry in parse(broken, RSS).entries] == ["1", ""]


def test_a_feed_without_entries_is_a_feed() -> None:
    """A quiet search feed has no entries now and then."""
    assert parse(rss(), RSS) == ParsedFeed("T", ())


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


def documents(corpus: Path) -> list[Path]:
    """The feeds that others wrote, gofeed's results aside."""
    return [path for path in sorted(corpus.rglob("*")) if path.suffix not in {".json", ".md", ""} and path.is_file()]


def outcome(path: Path) -> list[str] | str:
    """The keys of a document's entries, or the kind of its error."""
    try:
        return [entry.key for entry in parse(path.read_bytes(), "", "https://feed.example/").entries]
    except ParseError as error:
        return type(error).__name__


def test_the_feeds_of_others_are_read(corpus: Path) -> None:
    """All of 2,693 documents give entries with keys, the same in two runs, or one of our errors; few give errors."""
    paths = documents(corpus)
    outcomes = [outcome(path) for path in paths]
    assert outcomes == [outcome(path) for path in paths]
    assert all(chain.from_iterable(keys for keys in outcomes if isinstance(keys, list)))
    assert len(paths) > 2600
    assert sum(isinstance(result, str) for result in outcomes) <= 17
    assert "TooHard" not in outcomes


def test_entries_are_counted_as_gofeed_counts_them(corpus: Path) -> None:
    """An independent parser finds the same number of entries; only an RSS 0.90 without any is no feed to us."""
    pairs = [(path, path.with_suffix(".json")) for path in documents(corpus / "gofeed")]
    results = {path: json.loads(result.read_bytes()) for path, result in pairs if result.exists()}
    differing = [
        path.name
        for path, result in results.items()
        if len(outcome(path)) != len(result.get("items") or result.get("entries") or ())
    ]
    assert len(results) > 500
    assert differing == ["version_rdf_090.xml"]


@pytest.fixture
async def parser() -> AsyncIterator[ParserProcess]:
    async with ParserProcess(deadline=timedelta(seconds=20)) as process:
        yield process


GOOD = rss("<title>Good</title>")
SLOW = b'<rss version="2.0"><channel><item ' + b" ".join(b'a%d=""' % i for i in range(100_000)) + b">"
"""A megabyte of attributes, to which feedparser gives a minute and a half."""


def crash(*_: object) -> None:
    """What a fault in a C library does to its process."""
    os.abort()


async def test_the_process_parses_as_the_function_does(parser: ParserProcess) -> None:
    """Results and errors cross the border unchanged."""
    assert await parser.parse(GOOD, RSS) == parse(GOOD, RSS)
    with pytest.raises(NotAFeed, match="web page"):
        await parser.parse(b"<html></html>", "text/html")


async def test_a_document_that_takes_too_long_is_given_up() -> None:
    """The deadline ends a parse that would not end, the event loop runs on, and the next feed is read."""
    async with ParserProcess(deadline=timedelta(seconds=0.5)) as parser:
        hard = asyncio.create_task(parser.parse(SLOW, RSS))
        waiting = asyncio.create_task(parser.parse(GOOD, RSS))
        with pytest.raises(TooHard):
            await hard
        assert (await waiting).entries


async def test_a_document_that_takes_too_much_memory_is_given_up() -> None:
    """The limit stops a parse that would eat the machine, and the next feed is read."""
    async with ParserProcess(deadline=timedelta(seconds=20), max_memory=150_000_000) as parser:
        with pytest.raises(TooHard):
            await parser.parse(rss("<title>" + "x" * 60_000_000 + "</title>"), RSS)
        assert (await parser.parse(GOOD, RSS)).entries


async def test_a_crash_costs_one_document(parser: ParserProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that kills the process is told as an error, and the next feed is read."""
    with monkeypatch.context() as patch:
        patch.setattr("feeds.parse.parse", crash)
        with pytest.raises(TooHard):
            await parser.parse(GOOD, RSS)
    assert (await parser.parse(GOOD, RSS)).entries


async def test_a_process_killed_while_idle_costs_nothing(parser: ParserProcess) -> None:
    """A process that was killed from outside between two documents is replaced unnoticed."""
    await parser.parse(GOOD, RSS)
    (worker,) = multiprocessing.active_children()
    os.kill(worker.pid or 0, signal.SIGKILL)
    assert (await parser.parse(GOOD, RSS)).entries


async def test_nothing_is_left_behind() -> None:
    """After closing no process is left, whether or not anything was parsed."""
    async with ParserProcess():
        pass
    async with ParserProcess() as parser:
        await parser.parse(GOOD, RSS)
    assert multiprocessing.active_children() == []
