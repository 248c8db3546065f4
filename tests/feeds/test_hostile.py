"""Documents built to choke parsers. Each goes through the real worker, as a feed and as a web page."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

import pytest
from tally import Tally

from feeds.parse import ParsedFeed, ParseError
from feeds.worker import ParserProcess

GOOD = b"<rss version='2.0'><channel><title>T</title><item><title>Good</title></item></channel></rss>"
MAX_LAG = 0.25
"""Seconds that the event loop may be held up."""


def feed(item: str, before: str = "", channel: str = "") -> bytes:
    return (
        f"{before}<rss version='2.0' xmlns:c='http://purl.org/rss/1.0/modules/content/'><channel><title>T</title>"
        f"{channel}<item>{item}</item></channel></rss>"
    ).encode("utf-8", "surrogatepass")


def titled(title: str) -> bytes:
    return feed(f"<title>{title}</title>")


def html_content(markup: str) -> bytes:
    return feed(f"<title>x</title><c:encoded><![CDATA[{markup}]]></c:encoded>")


def doctype(*declarations: str) -> str:
    return f"<!DOCTYPE rss [{''.join(declarations)}]>"


def laughs(entity: str = "ENTITY") -> str:
    """Each entity stands for ten of the one before."""
    layers = (f'<!{entity} l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    return doctype(f'<!{entity} l0 "ha">', *layers)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a billion laughs": lambda: feed("<title>&l11;</title>", laughs()),
    "a giant entity used often": lambda: feed(
        f"<title>{'&a;' * 1000}</title>", doctype(f'<!ENTITY a "{"x" * 1_000_000}">')
    ),
    "many entities declared": lambda: feed("", doctype(*(f'<!ENTITY e{n} "x">' for n in range(50_000)))),
    "a file as an entity": lambda: feed("<title>&a;</title>", doctype('<!ENTITY a SYSTEM "file:///etc/passwd">')),
    "parameter entities": lambda: feed("", doctype('<!ENTITY % a "b">', "%a;" * 10_000)),
    "laughs in UTF-16": lambda: feed("<title>&l11;</title>", laughs()).decode().encode("utf-16"),
    "laughs in UTF-7": lambda: (
        b'<?xml version="1.0" encoding="utf-7"?>' + feed("<title>&l11;</title>", laughs()).decode().encode("utf-7")
    ),
    "laughs in EBCDIC": lambda: (
        '<?xml version="1.0" encoding="cp037"?>' + feed("<title>&l11;</title>", laughs()).decode()
    ).encode("cp037"),
    "laughs after the first element": lambda: b"<a/>" + feed("<title>&l11;</title>", laughs()),
    "blank lines before the feed": lambda: feed("", "\n" * 1_000_000),
    "blanks in UTF-16": lambda: feed(" " * 1_000_000, " " * 10_000).decode().encode("utf-16"),
    "blank lines in the feed": lambda: feed("\n" * 1_000_000),
    "comments": lambda: feed("<!-- - -->" * 100_000),
    "an endless comment": lambda: feed("<!--" + "- " * 500_000),
    "comments opened": lambda: feed("<!--" * 200_000),
    "markup declarations opened": lambda: feed("<!" * 200_000),
    "marked sections opened": lambda: feed("<![" * 200_000),
    "CDATA opened": lambda: titled("<![CDATA[" * 100_000),
    "CDATA closed": lambda: titled("<![CDATA[x]]>" * 200_000),
    "processing instructions": lambda: feed("<?a b?>" * 200_000),
    "instructions opened": lambda: feed("<?" * 200_000),
    "doctypes": lambda: feed("", "<!DOCTYPE rss>" * 50_000),
    "an endless doctype": lambda: b"<rss><!DOCTYPE " + b"[<!A" * 200_000,
    "deep nesting": lambda: feed("<a>" * 100_000),
    "deep nesting of items": lambda: feed("<item>" * 100_000),
    "deep nesting of XHTML": lambda: feed(
        "<c:encoded type='xhtml'>" + "<div>" * 50_000 + "</div>" * 50_000 + "</c:encoded>"
    ),
    "many attributes": lambda: feed("<a " + " ".join(f"a{n}=''" for n in range(100_000)) + "/>"),
    "one attribute, many times": lambda: feed("<a " + "a='' " * 200_000 + "/>"),
    "many namespaces": lambda: feed("<a " + " ".join(f"xmlns:n{n}='u{n}'" for n in range(50_000)) + "/>"),
    "namespaces, each inside the other": lambda: feed("".join(f"<n{n}:a xmlns:n{n}='u{n}'>" for n in range(20_000))),
    "a token of 5 MB": lambda: titled("x" * 5_000_000),
    "a name of 5 MB": lambda: feed(f"<{'x' * 5_000_000}/>"),
    "an attribute of 5 MB": lambda: feed(f"<link href='{'x' * 5_000_000}'/>"),
    "tags opened and never closed": lambda: feed("<" * 500_000),
    "a quote never closed": lambda: feed("<a b='" * 100_000),
    "ampersands": lambda: titled("&" * 1_000_000),
    "entities of entities": lambda: titled("&" + "amp;" * 1_000_000),
    "entities, one after the other": lambda: titled("&amp;amp;" * 500_000),
    "character numbers": lambda: titled("&#" + "9" * 1_000_000 + ";" + "&#x;&#xD800;" * 50_000),
    "zero bytes": lambda: b"\0" * 2_000_000 + GOOD,
    "zero bytes between the letters": lambda: b"\0".join(bytes([letter]) for letter in titled("x" * 200_000)),
    "lone surrogates": lambda: titled("\ud83d" * 200_000),
    "broken UTF-8": lambda: titled("x").replace(b"x", b"\xff\xc0\x80\xf8" * 200_000),
    "encodings mixed": lambda: titled("ü" * 100_000) + titled("ü" * 100_000).decode().encode("utf-16"),
    "half of UTF-16": lambda: titled("ü" * 500_000).decode().encode("utf-16")[:-1],
    "an unknown encoding": lambda: b'<?xml version="1.0" encoding="' + b"x" * 100_000 + b'"?>' + GOOD,
    "an encoding that is none": lambda: b'<?xml version="1.0" encoding="zlib"?>' + GOOD,
    "a declaration that goes on": lambda: b"<?xml " + b"version='1.0' " * 50_000 + b"?>" + GOOD,
    "a giant date": lambda: feed(f"<title>x</title><pubDate>{'1' * 1_000_000}</pubDate>"),
    "a long date": lambda: feed(f"<title>x</title><pubDate>{'Mon, 08 Jan 2018 ' * 50_000}</pubDate>"),
    "a date of colons": lambda: feed(f"<title>x</title><pubDate>{'00:' * 100_000}</pubDate>"),
    "a date of dashes": lambda: feed(f"<title>x</title><pubDate>2018-01-{'0' * 100_000}T::::</pubDate>"),
    "a giant rhythm": lambda: feed("<title>x</title>", channel=f"<ttl>{'9' * 1_000_000}</ttl>"),
    "many items": lambda: feed("<title>x</title></item><item>" * 50_000),
    "one title many times": lambda: feed("<title>x</title>" * 100_000),
    "many categories": lambda: feed("<category>x</category>" * 50_000),
    "many authors": lambda: feed("<author>a@b.example (x)</author>" * 20_000),
    "an author of brackets": lambda: feed(f"<author>{'a@b(' * 100_000}</author>"),
    "a title of dashes": lambda: titled(" - " * 300_000),
    "an address of slashes": lambda: feed("<link>http://a.example" + "/.." * 200_000 + "</link>"),
    "an address of parameters": lambda: feed("<link>http://a.example/?" + "utm_a=1&amp;" * 200_000 + "</link>"),
    "deeply nested HTML": lambda: html_content("<div>" * 100_000),
    "deeply nested lists": lambda: html_content("<ul><li>" * 50_000),
    "tables in tables": lambda: html_content("<table><tr><td>" * 30_000),
    "HTML that never closes": lambda: html_content("<a href='" * 100_000),
    "HTML of formatting": lambda: html_content("<b><i><u><a>" * 30_000 + "x" + "<p>" * 30_000),
    "HTML of angle brackets": lambda: titled("&lt;" * 500_000),
    "HTML of tickers": lambda: html_content("<A." * 300_000),
    "HTML of scripts": lambda: html_content("<script>" * 100_000),
    "HTML of white space": lambda: html_content("<p>" + " \t\n" * 500_000 + "</p>"),
}


@dataclass
class Lag:
    """How long the event loop was held up at most, in seconds."""

    worst: float = 0.0


@asynccontextmanager
async def measured_lag() -> AsyncIterator[Lag]:
    """Looks at the clock every 5 ms while the block runs."""
    lag, loop = Lag(), asyncio.get_running_loop()

    async def watch() -> None:
        while True:
            due = loop.time() + 0.005
            await asyncio.sleep(0.005)
            lag.worst = max(lag.worst, loop.time() - due)

    watcher = asyncio.create_task(watch())
    try:
        yield lag
    finally:
        watcher.cancel()


async def read_or_refuse(parser: ParserProcess, document: bytes) -> None:
    """Anything but a feed or one of our errors is a failure of the test."""
    with suppress(ParseError):
        assert isinstance(await parser.parse(document, "application/rss+xml", "https://a.example/"), ParsedFeed)


async def lag_beside(parser: ParserProcess, document: bytes) -> float:
    """The worst lag while the document is read, and an honest feed after it."""
    async with measured_lag() as lag, asyncio.timeout(60):
        await read_or_refuse(parser, document)
        assert [entry.title for entry in (await parser.parse(GOOD, "")).entries] == ["Good"]
    return lag.worst


@pytest.mark.chaos
async def test_hostile_documents_choke_nobody(
    times: Callable[..., int], tally: Tally, request: pytest.FixtureRequest
) -> None:
    """Every hostile document ends within its deadline, the event loop runs on, and the next feed is read."""
    count = times(gate=10, chaos=len(HOSTILE))
    tries = 3 if request.config.getoption("--chaos") else 0  # a busy machine lags once, a document every time
    async with ParserProcess(deadline=timedelta(seconds=2 if tries else 1)) as parser:
        await parser.parse(GOOD, "")
        for name, build in islice(HOSTILE.items(), 0, None, len(HOSTILE) // count):
            document = build()
            lag = await lag_beside(parser, document)
            for _ in range(tries):
                lag = min(lag, await lag_beside(parser, document)) if lag > MAX_LAG else lag
            assert not tries or lag <= MAX_LAG, name
            tally.fault("hostile document")


@pytest.mark.chaos
async def test_hostile_pages_choke_nobody(times: Callable[..., int], tally: Tally) -> None:
    """The same documents as web pages: the search for feeds ends as well, and the text of the page is looked for."""
    count = times(gate=5, chaos=len(HOSTILE))
    async with ParserProcess(deadline=timedelta(seconds=1)) as parser:
        for build in islice(HOSTILE.values(), 1, None, len(HOSTILE) // count):
            document = build()
            for read in (parser.find_feeds, parser.read_page):
                with suppress(ParseError):
                    assert await read(document, "text/html", "https://a.example/") is not None
            tally.fault("hostile page")


def test_there_are_as_many_as_promised() -> None:
    """At least 40 kinds of hostile documents."""
    assert len(HOSTILE) >= 40
