import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from feeds.discovery import FeedLink
from feeds.parse import NotAFeed, ParsedFeed, TooHard, parse
from feeds.worker import ParserProcess

RSS = "application/rss+xml"


def titled(title: str) -> bytes:
    """A feed with one item."""
    return f"<rss version='2.0'><channel><title>T</title><item><title>{title}</title></item></channel></rss>".encode()


GOOD = titled("Good")
SLOW = b'<rss version="2.0"><channel><item ' + b" ".join(b'a%d=""' % i for i in range(100_000)) + b">"
"""A megabyte of attributes, to which feedparser gives a minute and a half."""
PAGE = b"""<html><head><link rel="alternate" type="application/rss+xml" href="/feed" title="News"></head><body><article>
<p>The company said on Monday that it would buy its rival for three billion dollars in cash and shares.</p>
<p>The board of the rival had turned down two lower offers since the summer, people close to it said.</p>
</article></body></html>"""


@pytest.fixture
async def parser() -> AsyncIterator[ParserProcess]:
    async with ParserProcess(deadline=timedelta(seconds=20)) as process:
        yield process


def crash(*_: object) -> None:
    """What a fault in a C library does to its process."""
    os.abort()


def recurse(*_: object) -> None:
    """What a library does with too deep a document; to Python a kind of RuntimeError."""
    raise RecursionError


async def test_the_process_parses_as_the_function_does(parser: ParserProcess) -> None:
    """Results and errors cross the border unchanged."""
    assert await parser.parse(GOOD, RSS) == parse(GOOD, RSS)
    with pytest.raises(NotAFeed, match="web page"):
        await parser.parse(b"<html></html>", "text/html")


async def test_pages_are_read_elsewhere_too(parser: ParserProcess) -> None:
    """The feeds and the text of a page, and its language, are found within the memory that a process is given."""
    address = "https://paper.example/a"
    assert await parser.find_feeds(PAGE, "text/html", address) == [FeedLink("https://paper.example/feed", "News")]
    text = await parser.read_page(PAGE, "text/html", address)
    assert text.startswith("The company said on Monday")
    assert await parser.language(text) == "en"


async def test_documents_are_parsed_side_by_side() -> None:
    """With two workers a document that takes its time holds up nobody."""
    async with ParserProcess(2) as parser:
        slow = asyncio.create_task(parser.parse(SLOW, RSS))
        assert (await parser.parse(GOOD, RSS)).entries
        assert (await parser.parse(GOOD, RSS)).entries
        assert not slow.done()
    with pytest.raises(asyncio.CancelledError):
        await slow


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
            await parser.parse(titled("x" * 60_000_000), RSS)
        assert (await parser.parse(GOOD, RSS)).entries


async def test_a_crash_costs_one_document(parser: ParserProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that kills the process is told as an error, and the next feed is read."""
    with monkeypatch.context() as patch:
        patch.setattr("feeds.worker.parse", crash)
        with pytest.raises(TooHard, match="died"):
            await parser.parse(GOOD, RSS)
    assert (await parser.parse(GOOD, RSS)).entries


async def test_whatever_a_library_raises_is_told(parser: ParserProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error inside a library comes out as one of ours, and is not taken for a broken process."""
    monkeypatch.setattr("feeds.worker.find_feeds", recurse)
    with pytest.raises(TooHard, match="breaks the parser"):
        await parser.find_feeds(PAGE, "text/html", "")


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


async def test_closing_waits_for_no_document() -> None:
    """Documents under way or in the queue at closing are dropped with their processes, and none comes after."""
    async with ParserProcess(deadline=timedelta(hours=1)) as parser:
        await parser.parse(GOOD, RSS)
        tasks = [asyncio.create_task(parser.parse(SLOW, RSS)) for _ in range(3)]
        await asyncio.sleep(0)
    outcomes: list[ParsedFeed | BaseException] = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    assert multiprocessing.active_children() == []
    with pytest.raises(RuntimeError):
        await parser.parse(GOOD, RSS)
    assert multiprocessing.active_children() == []
