import asyncio
import gzip
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from loopback import Answer, Web, http

from feeds.fetch import (
    MAX_REDIRECTS,
    Fetched,
    Fetcher,
    FetchError,
    Garbled,
    Gone,
    NotAWebAddress,
    NotModified,
    RedirectLoop,
    Refused,
    ServerTrouble,
    TooLarge,
    TooMany,
    TooSlow,
    Unreachable,
    Validators,
    make_client,
)

AGENT = "Hearsay/1.0 (+https://example.org/contact)"
UNKNOWN = Validators()
ODD_VALUES = [
    b'"strong"',
    b'W/"weak"',
    b"unquoted",
    b'"a""b" , "c"',
    "“Zürich” 日本".encode(),
    b"\x80\xff\xfe",
    b'"' + b"x" * 4096 + b'"',
    b"Thu, 01 Jan 1970 00:00:00 GMT",
    b"Tue, 01 Jan 2041 00:00:00 GMT",
    b"not a date",
]


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with make_client(AGENT) as client:
        yield Fetcher(client, deadline=timedelta(seconds=20), max_bytes=1_000_000)


async def fetched(fetcher: Fetcher, url: str, validators: Validators = UNKNOWN) -> Fetched:
    result = await fetcher.fetch(url, validators)
    assert isinstance(result, Fetched)
    return result


async def refusal(fetcher: Fetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(url, UNKNOWN)
    return caught.value


async def test_a_feed_comes_with_all_that_the_server_said(fetcher: Fetcher, web: Web) -> None:
    """A 200 gives the body, its type, its validators and how long it stays fresh."""
    headers = (b"Content-Type: application/rss+xml; charset=utf-8", b'ETag: "1"', b"Last-Modified: yesterday")
    url = web.at("/feed", http(b"<rss/>", *headers, b"Cache-Control: public, max-age=1800"))
    assert await fetcher.fetch(url, UNKNOWN) == Fetched(
        url=url,
        body=b"<rss/>",
        content_type="application/rss+xml; charset=utf-8",
        validators=Validators('"1"', "yesterday"),
        max_age=timedelta(minutes=30),
    )


async def test_the_request_says_who_asks_and_nothing_more(fetcher: Fetcher, web: Web) -> None:
    """A first request carries the agent's name, wants gzip at most, and has no cookie, referrer or condition."""
    await fetcher.fetch(web.at("/feed?a=b", http(b"<rss/>")), UNKNOWN)
    headers = web.headers()
    assert headers.keys() == {b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"}
    assert headers[b"user-agent"] == AGENT.encode()
    assert headers[b"accept-encoding"] == b"gzip"
    assert web.requests[0].startswith(b"GET /feed?a=b HTTP/1.1\r\n")


@pytest.mark.parametrize("value", ODD_VALUES)
async def test_validators_are_echoed_byte_for_byte(fetcher: Fetcher, web: Web, value: bytes) -> None:
    """Whatever bytes a server sends as ETag and Last-Modified, it gets the same bytes back."""
    url = web.at("/feed", http(b"<rss/>", b"ETag: " + value, b"Last-Modified: " + value))
    first = await fetched(fetcher, url)
    await fetcher.fetch(url, first.validators)
    assert web.headers()[b"if-none-match"] == value
    assert web.headers()[b"if-modified-since"] == value


@pytest.mark.parametrize(
    ("validators", "sent", "missing"),
    [
        (Validators(etag='"1"'), b"if-none-match", b"if-modified-since"),
        (Validators(last_modified="then"), b"if-modified-since", b"if-none-match"),
    ],
)
async def test_each_validator_stands_alone(
    fetcher: Fetcher, web: Web, validators: Validators, sent: bytes, missing: bytes
) -> None:
    """A server that gave only one validator hears only that one."""
    await fetcher.fetch(web.at("/feed", http(b"<rss/>")), validators)
    assert sent in web.headers()
    assert missing not in web.headers()


@pytest.mark.parametrize(
    ("header", "next_time"),
    [
        (b'ETag: "2"', Validators('"2"', "then")),
        (b"Last-Modified: now", Validators('"1"', "now")),
        (b"X-Other: x", Validators('"1"', "then")),
    ],
)
async def test_a_304_refreshes_the_validators_it_names(
    fetcher: Fetcher, web: Web, header: bytes, next_time: Validators
) -> None:
    """Not modified is a result: validators it names replace the old ones, the others stay."""
    url = web.at("/feed", http(b"", header, b"Cache-Control: max-age=60", status=b"304 Not Modified"))
    result = await fetcher.fetch(url, Validators('"1"', "then"))
    assert result == NotModified(next_time, timedelta(minutes=1))


async def test_a_new_document_without_validators_forgets_the_old_ones(fetcher: Fetcher, web: Web) -> None:
    """The validators of a replaced document say nothing of the new one."""
    result = await fetched(fetcher, web.at("/feed", http(b"<rss/>")), Validators('"1"', "then"))
    assert result.validators == UNKNOWN


async def test_a_304_that_nobody_asked_for_is_an_error(fetcher: Fetcher, web: Web) -> None:
    """Without a condition "not modified" would leave the feed empty for ever."""
    error = await refusal(fetcher, web.at("/feed", http(status=b"304 Not Modified")))
    assert type(error) is ServerTrouble


async def test_no_cookie_is_ever_sent_back(fetcher: Fetcher, web: Web) -> None:
    """A cookie set by an answer, or by a redirect on the way, is not kept."""
    web.at("/end", http(b"<rss/>", b"Set-Cookie: b=2; Path=/"))
    url = web.at("/", http(b"", b"Location: /end", b"Set-Cookie: a=1; Path=/", status=b"302 Found"))
    await fetcher.fetch(url, UNKNOWN)
    await fetcher.fetch(url, UNKNOWN)
    assert len(web.requests) == 4
    assert not any(b"cookie" in web.headers(request) for request in range(4))


async def test_proxies_in_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, web: Web) -> None:
    """Where a feed is fetched from depends on its address, not on variables of the shell."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with make_client(AGENT) as client:
        fetcher = Fetcher(client, deadline=timedelta(seconds=20), max_bytes=1000)
        assert (await fetched(fetcher, web.at("/", http(b"<rss/>")))).body == b"<rss/>"


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"303 Other", b"307 Temporary", b"308 Permanent"])
async def test_redirects_are_followed(fetcher: Fetcher, web: Web, status: bytes) -> None:
    """The answer comes from the end of the way, without a referrer, and still conditional."""
    web.at("/b/feed", http(b"<rss/>"))
    url = web.at("/a", http(b"moved", b"Location: b/feed", status=status))
    result = await fetched(fetcher, url, Validators('"1"'))
    assert result.url == web.url("/b/feed")
    assert web.headers()[b"if-none-match"] == b'"1"'
    assert b"referer" not in web.headers()


async def test_a_chain_of_redirects_ends(fetcher: Fetcher, web: Web) -> None:
    """An address that redirects to itself is given up after a few hops."""
    error = await refusal(fetcher, web.at("/", http(b"", b"Location: /", status=b"301 Moved")))
    assert type(error) is RedirectLoop
    assert len(web.requests) == MAX_REDIRECTS + 1


@pytest.mark.parametrize("target", [b"ftp://127.0.0.1/feed", b"file:///etc/passwd", b"javascript:1", b"//[::1/"])
async def test_redirects_lead_nowhere_but_to_the_web(fetcher: Fetcher, web: Web, target: bytes) -> None:
    """A redirect out of http(s), or to no address at all, is refused."""
    error = await refusal(fetcher, web.at("/", http(b"", b"Location: " + target, status=b"302 Found")))
    assert isinstance(error, NotAWebAddress | Unreachable)


@contextmanager
def memory_below(limit: int) -> Iterator[None]:
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < limit


async def test_the_body_of_a_redirect_is_not_read(fetcher: Fetcher, web: Web) -> None:
    """A redirect whose body is a bomb is followed without unpacking it."""
    web.at("/end", http(b"<rss/>"))
    bomb = gzip.compress(bytes(50_000_000))
    url = web.at("/", http(bomb, b"Location: /end", b"Content-Encoding: gzip", status=b"302 Found"))
    with memory_below(10_000_000):
        assert (await fetched(fetcher, url)).body == b"<rss/>"


@pytest.mark.parametrize(
    "url", ["ftp://example.org/feed", "/feed", "", "feed", "mailto:a@b", "http://[::1", "http:///x"]
)
async def test_only_web_addresses_are_fetched(fetcher: Fetcher, url: str) -> None:
    """Whatever is not an http(s) address is refused before anything is sent."""
    assert type(await refusal(fetcher, url)) is NotAWebAddress


async def test_gzip_is_unpacked(fetcher: Fetcher, web: Web) -> None:
    """A gzipped body arrives unpacked."""
    url = web.at("/", http(gzip.compress(b"<rss/>" * 1000), b"Content-Encoding: gzip"))
    assert (await fetched(fetcher, url)).body == b"<rss/>" * 1000


async def test_an_empty_gzipped_body_is_just_empty(fetcher: Fetcher, web: Web) -> None:
    """Some servers announce gzip and send nothing; that is an empty document, no damage."""
    assert (await fetched(fetcher, web.at("/", http(b"", b"Content-Encoding: gzip")))).body == b""


async def test_a_body_of_exactly_the_cap_is_accepted(web: Web) -> None:
    """The cap counts unpacked bytes and is itself allowed; one byte more is too many."""
    async with make_client(AGENT) as client:
        fetcher = Fetcher(client, deadline=timedelta(seconds=20), max_bytes=1000)
        exact = web.at("/exact", http(gzip.compress(b"x" * 1000), b"Content-Encoding: gzip"))
        assert len((await fetched(fetcher, exact)).body) == 1000
        over = web.at("/over", http(gzip.compress(b"x" * 1001), b"Content-Encoding: gzip"))
        assert type(await refusal(fetcher, over)) is TooLarge


async def test_a_bomb_is_unpacked_no_further_than_the_cap(fetcher: Fetcher, web: Web) -> None:
    """A small answer that would unpack to a hundred megabytes is refused."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(10_000_000)) for _ in range(10)) + packer.flush()
    url = web.at("/", http(bomb, b"Content-Encoding: gzip"))
    with memory_below(10_000_000):
        assert type(await refusal(fetcher, url)) is TooLarge


async def test_an_endless_body_is_cut_at_the_cap(fetcher: Fetcher, web: Web) -> None:
    """A server that never stops sending is left at the cap."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65_536))
            await writer.drain()

    assert type(await refusal(fetcher, web.at("/", endless))) is TooLarge


@pytest.mark.parametrize("encoding", [b"br", b"deflate", b"zstd", b"gzip, gzip", b"gzip, br", b"nonsense"])
async def test_an_encoding_that_was_not_asked_for_is_refused(fetcher: Fetcher, web: Web, encoding: bytes) -> None:
    """Only gzip was asked for; twice packed is the classic bomb."""
    body = gzip.compress(gzip.compress(b"<rss/>"))
    error = await refusal(fetcher, web.at("/", http(body, b"Content-Encoding: " + encoding)))
    assert type(error) is Garbled


@pytest.mark.parametrize("body", [b"<rss/>", gzip.compress(b"<rss/>")[:-9], b"\x1f\x8b"])
async def test_damaged_gzip_is_an_error(fetcher: Fetcher, web: Web, body: bytes) -> None:
    """A body that is no gzip, or breaks off, is not taken for a feed."""
    assert type(await refusal(fetcher, web.at("/", http(body, b"Content-Encoding: gzip")))) is Garbled


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def stall(_: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize("behaviour", [drip, stall])
async def test_the_deadline_ends_every_exchange(web: Web, behaviour: Answer) -> None:
    """A server that sends a byte at a time, or nothing, is left when the deadline has passed."""
    async with make_client(AGENT) as client:
        fetcher = Fetcher(client, deadline=timedelta(seconds=0.2), max_bytes=1_000_000)
        assert type(await refusal(fetcher, web.at("/", behaviour))) is TooSlow


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (b"400 Bad", Refused),
        (b"401 Who", Refused),
        (b"403 No", Refused),
        (b"404 Nothing", Refused),
        (b"410 Gone", Gone),
        (b"418 Teapot", Refused),
        (b"429 Slow down", TooMany),
        (b"500 Oops", ServerTrouble),
        (b"503 Busy", ServerTrouble),
        (b"300 Choose", ServerTrouble),
        (b"999 Odd", ServerTrouble),
    ],
)
async def test_each_refusal_has_its_kind(fetcher: Fetcher, web: Web, status: bytes, kind: type[FetchError]) -> None:
    """A status that brings no feed becomes the error that tells what it means."""
    assert type(await refusal(fetcher, web.at("/", http(b"no", status=status)))) is kind


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"120", 120),
        (b"Sun, 06 Nov 1994 08:51:37 GMT", 120),
        (b"Sunday, 06-Nov-94 08:51:37 GMT", 120),
        (b"Sun Nov  6 08:51:37 1994", 120),
        (b"Sun, 06 Nov 1994 08:00:00 GMT", 0),
        (b"9" * 5000, 999_999_999),
        (b"soon", None),
        (b"-5", None),
        (b"Sun, 06 Nov 99999 08:51:37 GMT", None),
        (b"", None),
    ],
)
@pytest.mark.parametrize("status", [b"429 Slow down", b"503 Busy"])
async def test_retry_after_is_understood_in_all_its_forms(
    fetcher: Fetcher, web: Web, status: bytes, value: bytes, seconds: int | None
) -> None:
    """Seconds or any of the three date forms, counted from the server's own clock; nonsense counts as none."""
    date = b"Date: Sun, 06 Nov 1994 08:49:37 GMT"
    error = await refusal(fetcher, web.at("/", http(b"", date, b"Retry-After: " + value, status=status)))
    assert error.retry_after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"max-age=60", 60),
        (b'public, MAX-AGE = "60"', 60),
        (b"s-maxage=60", None),
        (b"no-cache", None),
        (b"max-age=-1", None),
        (b"max-age=" + b"9" * 5000, 999_999_999),
    ],
)
async def test_max_age_is_read_from_cache_control(
    fetcher: Fetcher, web: Web, value: bytes, seconds: int | None
) -> None:
    """Only a private reader's max-age counts, in any spelling; a huge one does no harm."""
    result = await fetched(fetcher, web.at("/", http(b"<rss/>", b"Cache-Control: " + value)))
    assert result.max_age == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<rss"])
async def test_a_broken_answer_is_an_error(fetcher: Fetcher, web: Web, answer: bytes) -> None:
    """Silence, noise, and a body that breaks off are told as such."""
    assert type(await refusal(fetcher, web.at("/", answer))) is Unreachable


async def test_a_closed_port_is_unreachable(fetcher: Fetcher) -> None:
    """Where nobody listens there is no feed."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = await refusal(fetcher, f"http://127.0.0.1:{closed.getsockname()[1]}/")
    assert type(error) is Unreachable


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        (socket.gaierror(-2, "unknown"), "The name news.example was not found"),
        (ssl.SSLCertVerificationError("expired"), "news.example offers no valid secure connection"),
        (ConnectionRefusedError(), "news.example takes no connections"),
    ],
)
async def test_the_owner_reads_why_no_connection_was_made(cause: OSError, sentence: str) -> None:
    """A wrong name, a bad certificate and a closed door need different remedies, so they are told apart."""

    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request) from cause

    async with make_client(AGENT, httpx.MockTransport(fail)) as client:
        fetcher = Fetcher(client, deadline=timedelta(seconds=20), max_bytes=1000)
        error = await refusal(fetcher, "https://me:secret@news.example/feed")
    assert type(error) is Unreachable
    assert str(error).startswith(sentence)


@pytest.mark.parametrize("answer", [b"", http(status=b"404 No"), http(status=b"500 No"), http(b"x" * 2_000_000)])
async def test_no_error_shows_the_password_in_an_address(fetcher: Fetcher, web: Web, answer: bytes) -> None:
    """Error texts are shown in lists and chats; what stands before the @ stays out of them."""
    url = web.at("/feed", answer).replace("http://", "http://me:secret@")
    assert "secret" not in str(await refusal(fetcher, url))
