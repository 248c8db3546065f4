import asyncio
import gzip
import socket
import ssl
import tracemalloc
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Literal

import httpx
import pytest
from loopback import Answer, Web, http
from tally import Tally

from feeds.addresses import PrivateHosts
from feeds.fetch import (
    LARGE,
    MAX_REDIRECTS,
    PIECE,
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
from feeds.hosts import Hosts

AGENT = "Hearsay/1.0 (+https://example.org/contact)"
LOOPBACK = PrivateHosts.parse("127.0.0.0/8")
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
    async with make_client(AGENT, LOOPBACK) as client:
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
        fresh_for=timedelta(minutes=30),
        retry_after=None,
        moved_to=None,
    )


async def test_the_request_says_who_asks_and_nothing_more(fetcher: Fetcher, web: Web) -> None:
    """A first request carries the agent's name, wants gzip at most, and has no cookie, referrer or condition."""
    await fetcher.fetch(web.at("/feed?a=b", http(b"<rss/>")), UNKNOWN)
    headers = web.headers()
    assert headers.keys() == {b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"}
    assert headers[b"user-agent"] == AGENT.encode()
    assert headers[b"accept-encoding"] == b"gzip"
    assert web.requests[0].startswith(b"GET /feed?a=b HTTP/1.1\r\n")


def odd_values(count: int) -> Iterator[bytes | None]:
    """The odd values above, then whatever bytes HTTP lets through, now and then nothing."""
    rng = Random(4)  # noqa: S311 - the same values in every run
    visible = bytes({*range(1, 256)} - {*b"\t\n\v\f\r "})
    yield from ODD_VALUES
    for _ in range(count - len(ODD_VALUES)):
        words = [bytes(rng.choices(visible, k=rng.randint(1, 40))) for _ in range(rng.randint(1, 3))]
        quoted = rng.choice([b"%s", b'"%s"', b'W/"%s"']) % rng.choice([b" ", b"\t", b"  "]).join(words)
        yield rng.choice([quoted, quoted, quoted, None])


@pytest.mark.chaos
async def test_validators_are_echoed_byte_for_byte(fetcher: Fetcher, web: Web, times: Callable[..., int]) -> None:
    """Whatever bytes a server sends as ETag and Last-Modified, each alone or both, it gets the same bytes back."""
    values = list(odd_values(times(gate=300, chaos=10_000)))
    known, sent = UNKNOWN, (None, None)
    for etag, last_modified in zip(values, values[::-1], strict=True):
        named = ((b"ETag: ", etag), (b"Last-Modified: ", last_modified))
        url = web.at("/feed", http(b"<rss/>", *(name + value for name, value in named if value is not None)))
        known = (await fetched(fetcher, url, known)).validators
        headers = web.headers()
        assert (headers.get(b"if-none-match"), headers.get(b"if-modified-since")) == sent
        sent = (etag, last_modified)


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
    assert result == NotModified(url, next_time, timedelta(minutes=1), retry_after=None, moved_to=None)


@pytest.mark.parametrize("encoding", [b"gzip", b"br", b"zstd"])
async def test_a_304_says_nothing_of_how_its_body_is_packed(fetcher: Fetcher, web: Web, encoding: bytes) -> None:
    """It has no body, whatever encoding its headers repeat from the document."""
    url = web.at("/", http(b"", b"Content-Encoding: " + encoding, status=b"304 Not Modified"))
    assert isinstance(await fetcher.fetch(url, Validators('"1"')), NotModified)


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
    async with make_client(AGENT, LOOPBACK) as client:
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


def redirect(target: bytes, *headers: bytes, status: bytes = b"302 Found") -> bytes:
    return http(b"", b"Location: " + target, *headers, status=status)


def chain(web: Web, *hops: bytes) -> str:
    """A way to a feed whose redirects have these statuses; its address."""
    web.at(f"/{len(hops)}", http(b"<rss/>"))
    for number, status in enumerate(hops):
        web.at(f"/{number}", redirect(b"/%d" % (number + 1), status=status))
    return web.url("/0")


@pytest.mark.parametrize("circle", [(b"/0",), (b"/1", b"/0"), (b"/1", b"/2", b"/1#again")])
async def test_a_circle_of_redirects_ends_where_it_began(fetcher: Fetcher, web: Web, circle: tuple[bytes, ...]) -> None:
    """No address is asked twice in one fetch."""
    for number, target in enumerate(circle):
        web.at(f"/{number}", redirect(target, status=b"301 Moved"))
    assert type(await refusal(fetcher, web.url("/0"))) is RedirectLoop
    assert len(web.requests) == len(circle)


async def test_a_long_chain_of_redirects_ends(fetcher: Fetcher, web: Web) -> None:
    """After a few hops the way is given up, though it leads to a feed."""
    assert (await fetched(fetcher, chain(web, *[b"302 Found"] * MAX_REDIRECTS))).body == b"<rss/>"
    assert type(await refusal(fetcher, chain(web, *[b"302 Found"] * (MAX_REDIRECTS + 1)))) is RedirectLoop


@pytest.mark.parametrize(
    ("hops", "moved"),
    [
        ((), False),
        ((b"301 Moved",), True),
        ((b"308 Permanent",), True),
        ((b"301 Moved", b"308 Permanent", b"301 Moved"), True),
        ((b"302 Found",), False),
        ((b"303 Other",), False),
        ((b"307 Temporary",), False),
        ((b"301 Moved", b"302 Found"), False),
        ((b"307 Temporary", b"308 Permanent"), False),
    ],
)
@pytest.mark.parametrize("status", [b"200 OK", b"304 Not Modified"])
async def test_only_permanent_redirects_move_a_feed(
    fetcher: Fetcher, web: Web, hops: tuple[bytes, ...], moved: bool, status: bytes
) -> None:
    """The address that answered is the new one if every redirect on the way was a 301 or 308."""
    url = chain(web, *hops)
    end = web.at(f"/{len(hops)}", http(b"", status=status))
    answer = await fetcher.fetch(url, Validators('"1"'))
    assert answer.url == end
    assert answer.moved_to == (end if moved else None)


def answering(answers: dict[str, httpx.Response], hosts: Hosts | None = None) -> Fetcher:
    """A fetcher in a web of these addresses."""
    client = make_client(AGENT, transport=httpx.MockTransport(lambda request: answers[str(request.url)]))
    return Fetcher(client, deadline=timedelta(seconds=20), max_bytes=1000, hosts=hosts)


def document() -> httpx.Response:
    return httpx.Response(200, stream=httpx.ByteStream(b"<rss/>"))


def moved(target: str) -> httpx.Response:
    return httpx.Response(301, headers={"Location": target})


@pytest.mark.parametrize(
    ("way", "moved_to"),
    [
        (["http://a.example/", "https://a.example/"], "https://a.example/"),
        (["https://a.example/", "http://a.example/"], None),
        (["https://a.example/", "http://a.example/", "https://b.example/"], None),
    ],
)
async def test_no_feed_moves_away_from_https(way: list[str], moved_to: str | None) -> None:
    """A redirect that gives up https is followed, but never remembered: anybody on the way may have written it."""
    answers = {url: moved(target) for url, target in pairwise(way)} | {way[-1]: document()}
    assert (await fetched(answering(answers), way[0])).moved_to == moved_to


async def test_fragments_are_dropped(fetcher: Fetcher, web: Web) -> None:
    """What stands behind # is nothing to the server, nor part of the feed's address."""
    web.at("/new", http(b"<rss/>"))
    url = web.at("/old", redirect(b"/new#there", status=b"301 Moved"))
    answer = await fetched(fetcher, url + "#here")
    assert answer.url == answer.moved_to == web.url("/new")
    assert [request.split()[1] for request in web.requests] == [b"/old", b"/new"]


def with_password(url: str) -> str:
    return url.replace("http://", "http://me:secret@")


PASSWORD = b"Basic " + b64encode(b"me:secret")


async def test_a_password_in_an_address_is_used_and_not_shown(fetcher: Fetcher, web: Web) -> None:
    """A feed behind a password is fetched, also behind a redirect of its own server; its address comes without."""
    web.at("/new", http(b"<rss/>"))
    url = web.at("/old", redirect(b"/new", status=b"301 Moved"))
    answer = await fetched(fetcher, with_password(url))
    assert [web.headers(request)[b"authorization"] for request in range(2)] == [PASSWORD] * 2
    assert answer.url == web.url("/new")
    assert answer.moved_to is None


@pytest.mark.parametrize("userinfo", ["", "you:too@"])
async def test_a_password_goes_to_no_other_server(fetcher: Fetcher, web: Web, userinfo: str) -> None:
    """A redirect to another origin takes no password along, neither the feed's nor one of its own."""
    elsewhere = web.at("/new", http(b"<rss/>")).replace("127.0.0.1", f"{userinfo}localhost")
    url = web.at("/old", redirect(elsewhere.encode()))
    answer = await fetched(fetcher, with_password(url))
    assert b"authorization" in web.headers(0)
    assert b"authorization" not in web.headers(1)
    assert "@" not in answer.url


async def test_a_password_does_not_change_its_scheme() -> None:
    """The same host by another scheme is another origin, and gets no password either."""
    seen: list[bool] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append("authorization" in request.headers)
        return document() if request.url.scheme == "https" else moved("https://a.example/")

    client = make_client(AGENT, transport=httpx.MockTransport(answer))
    await fetched(Fetcher(client, deadline=timedelta(seconds=20), max_bytes=1000), "http://me:secret@a.example/")
    assert seen == [True, False]


@pytest.mark.parametrize("status", [b"200 OK", b"304 Not Modified"])
async def test_redirects_may_ask_for_a_pause(fetcher: Fetcher, web: Web, status: bytes) -> None:
    """The longest Retry-After of the redirects counts; that of an answer which brings what was asked for does not."""
    web.at("/2", http(b"", b"Retry-After: 999", status=status))
    web.at("/1", redirect(b"/2", b"Retry-After: 60"))
    url = web.at("/0", redirect(b"/1", b"Retry-After: 120"))
    assert (await fetcher.fetch(url, Validators('"1"'))).retry_after == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        (http(b"", b"Retry-After: 60", status=b"404 Nothing"), 120),
        (http(b"", b"Retry-After: 180", status=b"404 Nothing"), 180),
        (http(b"", status=b"503 Busy"), 120),
        (b"", 120),
        (redirect(b"ftp://127.0.0.1/"), 120),
    ],
)
async def test_a_pause_asked_for_on_the_way_outlives_an_error(
    fetcher: Fetcher, web: Web, end: bytes, seconds: int
) -> None:
    """Whatever a redirect leads to, the longest pause that was asked for is kept."""
    web.at("/end", end)
    error = await refusal(fetcher, web.at("/", redirect(b"/end", b"Retry-After: 120")))
    assert error.retry_after == timedelta(seconds=seconds)


@pytest.mark.chaos
async def test_no_redirect_target_does_harm(times: Callable[..., int], dice: Random, tally: Tally) -> None:
    """However broken an address is that a redirect names, the fetch ends with a feed or a plain error."""
    target = ""
    broken = "[::1 ] @ : 99999 -1 # ? % %zz .. \\ é \u2100 xn-- " + "x" * 70_000
    parts = ["http:", "https:", "ftp:", "//", "/", "a.example", " ", "\u3000", *broken.split(" ")]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host != "start.example" or request.url.path != "/begin":
            return document()
        return httpx.Response(302, headers={"Location": target.encode()}, stream=httpx.ByteStream(b""))

    client = make_client(AGENT, transport=httpx.MockTransport(answer))
    fetcher = Fetcher(client, deadline=timedelta(seconds=20), max_bytes=1000)
    for _ in range(times(gate=300, chaos=10_000)):
        target = "".join(dice.choices(parts, k=dice.randint(1, 6)))
        with suppress(FetchError):
            await fetcher.fetch("http://start.example/begin", UNKNOWN)
        tally.fault("broken redirect")


@pytest.mark.parametrize(
    "target", [b"ftp://127.0.0.1/feed", b"file:///etc/passwd", b"javascript:1", b"//[::1/", b":http://[::1"]
)
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
    "url",
    [
        "ftp://example.org/feed",
        "/feed",
        "",
        "feed",
        "mailto:a@b",
        "http://[::1",
        "http:///x",
        "ws://a/",
        "http://a:0/",
        "http://a:65536/",
        "http://xn--\\/",
    ],
)
async def test_only_web_addresses_are_fetched(fetcher: Fetcher, url: str) -> None:
    """Whatever is not an http(s) address is refused before anything is sent."""
    assert type(await refusal(fetcher, url)) is NotAWebAddress


async def test_gzip_is_unpacked(fetcher: Fetcher, web: Web) -> None:
    """A gzipped body arrives unpacked."""
    url = web.at("/", http(gzip.compress(b"<rss/>" * 1000), b"Content-Encoding: gzip"))
    assert (await fetched(fetcher, url)).body == b"<rss/>" * 1000


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
@pytest.mark.parametrize("padding", [b"", bytes(512)])
async def test_gzip_may_come_in_several_members(fetcher: Fetcher, web: Web, size: int, padding: bytes) -> None:
    """Members in a row are one document, whatever their size, and zeros at the end are padding."""
    body = gzip.compress(b"a" * size) + gzip.compress(b"") + gzip.compress(b"b" * size)
    result = await fetched(fetcher, web.at("/", http(body + padding, b"Content-Encoding: gzip")))
    assert result.body == b"a" * size + b"b" * size


async def test_members_without_content_have_an_end(fetcher: Fetcher, web: Web) -> None:
    """Gzip that unpacks to nothing for ever is cut at the cap too."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
        while True:
            writer.write(gzip.compress(b"") * 1000)
            await writer.drain()

    assert type(await refusal(fetcher, web.at("/", endless))) is TooLarge


class Places(asyncio.Semaphore):
    """No place for large bodies at first; tells when one is wanted."""

    def __init__(self) -> None:
        super().__init__(0)
        self.wanted = asyncio.Event()

    async def acquire(self) -> Literal[True]:
        self.wanted.set()
        return await super().acquire()


async def test_few_large_bodies_grow_at_the_same_time(fetcher: Fetcher, web: Web) -> None:
    """A large body waits for a place before it grows on, and gives it back; others need none."""
    fetcher._large = places = Places()
    waiting = asyncio.create_task(fetcher.fetch(web.at("/large", http(bytes(LARGE + 1))), UNKNOWN))
    await places.wanted.wait()
    places.wanted.clear()
    assert len((await fetched(fetcher, web.at("/exact", http(bytes(LARGE))))).body) == LARGE
    assert not places.wanted.is_set()
    assert not waiting.done()
    places.release()
    await waiting
    assert not places.locked()


async def test_an_empty_gzipped_body_is_just_empty(fetcher: Fetcher, web: Web) -> None:
    """Some servers announce gzip and send nothing; that is an empty document, no damage."""
    assert (await fetched(fetcher, web.at("/", http(b"", b"Content-Encoding: gzip")))).body == b""


async def test_a_body_of_exactly_the_cap_is_accepted(web: Web) -> None:
    """The cap counts unpacked bytes and is itself allowed; one byte more is too many."""
    async with make_client(AGENT, LOOPBACK) as client:
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


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<rss/>", id="not packed"),
        pytest.param(gzip.compress(b"<rss/>")[:-9], id="breaks off"),
        pytest.param(b"\x1f\x8b", id="no more than its mark"),
        pytest.param(gzip.compress(b"<rss/>") + b"more", id="something behind it"),
    ],
)
async def test_damaged_gzip_is_an_error(fetcher: Fetcher, web: Web, body: bytes) -> None:
    """A body that is no gzip, or breaks off, is not taken for a feed."""
    assert type(await refusal(fetcher, web.at("/", http(body, b"Content-Encoding: gzip")))) is Garbled


def dripping(head: bytes, drop: bytes) -> Answer:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.01)

    return drip


@pytest.mark.parametrize(
    "behaviour",
    [
        dripping(b"", b""),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        dripping(b"", b"HTTP/1.1 103 Early\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b""),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    ],
    ids=["silent", "slow header", "more headers", "more interim answers", "no body", "slow body"],
)
async def test_the_deadline_ends_every_exchange(web: Web, behaviour: Answer) -> None:
    """A server that sends nothing, or little by little without an end, is left when the deadline has passed."""
    async with make_client(AGENT, LOOPBACK) as client:
        fetcher = Fetcher(client, deadline=timedelta(seconds=0.1), max_bytes=1_000_000)
        assert type(await refusal(fetcher, web.at("/", behaviour))) is TooSlow


async def test_headers_have_an_end(fetcher: Fetcher, web: Web) -> None:
    """A server that never stops sending headers is left long before the deadline."""

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X: y\r\n" * 1000)
            await writer.drain()

    assert type(await refusal(fetcher, web.at("/", endless))) is Unreachable


@pytest.fixture
async def skip(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets so many seconds pass at once for everything that the event loop times."""
    loop = asyncio.get_running_loop()
    real, skipped = loop.time, [0.0]
    monkeypatch.setattr(loop, "time", lambda: real() + sum(skipped))
    return skipped.append


async def test_the_deadline_counts_all_redirects_together(
    fetcher: Fetcher, web: Web, skip: Callable[[float], None]
) -> None:
    """Two hops that are each within the deadline of twenty seconds can be too slow together."""

    def slowly(answer: bytes) -> Answer:
        async def after_a_while(writer: asyncio.StreamWriter) -> None:
            skip(15)
            for _ in range(5):  # the time that has passed must have been noticed before the answer arrives
                await asyncio.sleep(0)
            writer.write(answer)

        return after_a_while

    assert (await fetched(fetcher, web.at("/end", slowly(http(b"<rss/>"))))).body == b"<rss/>"
    assert type(await refusal(fetcher, web.at("/", slowly(redirect(b"/end"))))) is TooSlow


class Doors(Hosts):
    """Notes who goes in and out, and lets everybody wait long."""

    def __init__(self, skip: Callable[[float], None]) -> None:
        super().__init__(timedelta(0))
        self._skip = skip
        self.steps: list[str] = []

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        self._skip(3600)
        await asyncio.sleep(0)
        self.steps.append(f"into {host}")
        yield
        self.steps.append(f"out of {host}")


async def test_each_hop_waits_for_its_turn(skip: Callable[[float], None]) -> None:
    """A fetch is at one host at a time, and waiting for its turn is not the server's fault."""
    doors = Doors(skip)
    fetcher = answering({"http://a.example/": moved("http://b.example./"), "http://b.example./": document()}, doors)
    await fetcher.fetch("http://a.example/", UNKNOWN)
    assert doors.steps == ["into a.example", "out of a.example", "into b.example", "out of b.example"]


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


DATE = b"Date: Sun, 06 Nov 1994 08:49:37 GMT"
EXPIRES = b"Expires: Sun, 06 Nov 1994 08:51:37 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], None),
        ([b"Cache-Control: max-age=60"], 60),
        ([b'Cache-Control: public, MAX-AGE = "60"'], 60),
        ([b"Cache-Control: public", b"Cache-Control: max-age=60"], 60),
        ([b"Cache-Control: max-age=60, max-age=90"], 60),
        ([b"Cache-Control: max-age=60", b"Age: 20"], 40),
        ([b"Cache-Control: max-age=60", b"Age: 70"], 0),
        ([b"Cache-Control: max-age=60", b"Age: young"], 60),
        ([b"Cache-Control: max-age=0", DATE, EXPIRES], 0),
        ([b"Cache-Control: s-maxage=60"], None),
        ([b"Cache-Control: max-age=-1"], None),
        ([b"Cache-Control: max-age=" + b"9" * 5000], 999_999_999),
        ([b'Cache-Control: x="no-store, max-age=1", max-age=60'], 60),
        ([b"Cache-Control: max-age=60, no-cache"], None),
        ([b"Cache-Control: no-store", DATE, EXPIRES], None),
        ([DATE, EXPIRES], 120),
        ([DATE, EXPIRES, b"Age: 20"], 100),
        ([DATE, EXPIRES, b"Cache-Control: max-age=60"], 60),
        ([DATE, b"Expires: Sun, 06 Nov 1994 08:00:00 GMT"], 0),
        ([DATE, b"Expires: 0"], 0),
        ([EXPIRES], None),
        ([b"Date: today", EXPIRES], None),
    ],
)
async def test_how_long_an_answer_stays_fresh(
    fetcher: Fetcher, web: Web, headers: list[bytes], seconds: int | None
) -> None:
    """A private reader's max-age, else Expires by the server's own clock, less the answer's age; nonsense is none."""
    result = await fetched(fetcher, web.at("/", http(b"<rss/>", *headers)))
    assert result.fresh_for == (None if seconds is None else timedelta(seconds=seconds))


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

    async with make_client(AGENT, transport=httpx.MockTransport(fail)) as client:
        fetcher = Fetcher(client, deadline=timedelta(seconds=20), max_bytes=1000)
        error = await refusal(fetcher, "https://me:secret@news.example/feed")
    assert type(error) is Unreachable
    assert str(error).startswith(sentence)


@pytest.mark.parametrize("answer", [b"", http(status=b"404 No"), http(status=b"500 No"), http(b"x" * 2_000_000)])
async def test_no_error_shows_the_password_in_an_address(fetcher: Fetcher, web: Web, answer: bytes) -> None:
    """Error texts are shown in lists and chats; what stands before the @ stays out of them."""
    url = web.at("/feed", answer).replace("http://", "http://me:secret@")
    assert "secret" not in str(await refusal(fetcher, url))
