"""One polite conditional GET.

What can go wrong, each with one sentence for the owner's list of feeds::

    FetchError
    ├── NotAWebAddress    the address is not http(s), or redirects to something that is not
    ├── PrivateAddress    the address leads into the own network
    ├── Unreachable       no name, no connection, no valid certificate, or the connection broke off
    ├── TooSlow           the whole exchange took longer than the deadline
    ├── TooLarge          the unpacked body is longer than the cap
    ├── RedirectLoop      redirects in a circle, or too many of them
    ├── Garbled           the body is packed in a way that cannot be unpacked
    ├── Refused           4xx
    │   ├── Gone          410: the publisher ended the feed
    │   └── TooMany       429: come less often
    └── ServerTrouble     5xx, and answers that make no sense

"Not modified" is a result, not an error.
"""

import asyncio
import re
import socket
import ssl
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.request import parse_http_list

import httpx

from feeds.addresses import NOBODY, CheckedBackend, CheckedTransport, ForbiddenAddress, PrivateHosts
from feeds.hosts import Hosts
from feeds.reasons import passing
from models.wording import WordedError, Wording

MAX_REDIRECTS = 5
LARGE = 500_000
"""Bytes of a body from which on it is one of the few that may grow at the same time."""
LARGE_AT_ONCE = 4
PIECE = 65_536
"""Bytes to unpack at once, so that no chunk can grow past a cap before anybody looks."""
_PERMANENT = {httpx.codes.MOVED_PERMANENTLY, httpx.codes.PERMANENT_REDIRECT}
_ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"


class FetchError(WordedError):
    """The feed could not be fetched; one sentence says why and what to do.

    ``retry_after`` is how long the server asked to be left alone, if it did, with its answer or on the way to it.
    """

    def __init__(self, wording: Wording, retry_after: timedelta | None = None) -> None:
        super().__init__(wording)
        self.retry_after = retry_after


class NotAWebAddress(FetchError):
    """The address is not http(s), or leads to one that is not."""


class PrivateAddress(FetchError):
    """The address leads into the own network, and the owner has not allowed that."""


class Unreachable(FetchError):
    """The name, the network or the certificate failed, or the connection broke off."""


class TooSlow(FetchError):
    """The exchange was not complete within the deadline."""


class TooLarge(FetchError):
    """The unpacked body is longer than the cap."""


class RedirectLoop(FetchError):
    """A redirect back to where it came from, or more of them than :data:`MAX_REDIRECTS`."""


class Garbled(FetchError):
    """The body cannot be unpacked."""


class Refused(FetchError):
    """The server refuses this request (4xx)."""


class Gone(Refused):
    """The publisher says that the feed has ended (410)."""


class TooMany(Refused):
    """The server asks for fewer requests (429)."""


class ServerTrouble(FetchError):
    """The server failed (5xx) or answered what makes no sense."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server wants to hear at the next visit, byte for byte as it said it (bytes as Latin-1).

    The two are independent: each is stored and echoed whether or not the other is there, and neither is ever read.
    """

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, whether or not a document came with it."""

    url: str
    """The address that answered, after redirects, without user, password and fragment."""
    validators: Validators
    """Those to send next time."""
    fresh_for: timedelta | None
    """How long the server says that its answer stays fresh from now on; zero: no longer, None: it does not say."""
    retry_after: timedelta | None
    """How long a redirect on the way asked to be left alone."""
    moved_to: str | None
    """The address that answered, if every redirect on the way called itself permanent.

    None also where a redirect gave up https, or where the address asked for carries a password, which belongs to that
    address and would be lost.
    """


@dataclass(frozen=True, slots=True)
class Fetched(Answer):
    """A feed document; relative links in it start from ``url``."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class NotModified(Answer):
    """Nothing new since the last visit."""


def make_client(
    user_agent: str, private: PrivateHosts = NOBODY, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """The client for all feeds: says who it is, keeps no cookies, reads no proxies from the environment.

    It connects to public addresses, and to those that ``private`` allows; a ``transport`` of one's own decides itself.
    """
    return httpx.AsyncClient(
        headers={"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip", "Connection": "close"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        trust_env=False,
        timeout=None,  # noqa: S113 - httpx counts each read on its own; the Fetcher's deadline counts everything
        transport=transport or CheckedTransport(CheckedBackend(private)),
    )


class Place:
    """One of so many places at which documents are fetched and read; ``places`` None: there is always one more."""

    def __init__(self, places: asyncio.Semaphore | None = None) -> None:
        self._places = places
        self._taken = False

    async def take(self) -> None:
        """Wait for the place, and take it."""
        if self._places:
            await self._places.acquire()
            self._taken = True

    def give_back(self) -> None:
        """Let somebody else have it, if it is taken."""
        if self._places and self._taken:
            self._taken = False
            self._places.release()


class Fetcher:
    """Fetches feeds with ``client``, each within ``deadline`` and at most ``max_bytes`` unpacked bytes.

    ``hosts`` says when it is a request's turn at its host; waiting for it does not count towards the deadline. Without
    ``hosts``, requests go out at once.
    """

    def __init__(
        self, client: httpx.AsyncClient, *, deadline: timedelta, max_bytes: int, hosts: Hosts | None = None
    ) -> None:
        self._client = client
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._turn: Callable[[str], AbstractAsyncContextManager[object]] = hosts.turn if hosts else nullcontext
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def fetch(self, url: str, validators: Validators, place: "Place | None" = None) -> Fetched | NotModified:
        """Ask for the feed once, with the validators of the last visit. Raises :class:`FetchError`.

        A ``place`` is taken for each exchange, when its turn has come, and kept with the answer: whoever asked gives it
        back.
        """
        trail, place = _Trail(), place or Place()
        try:
            with _in_plain_words():
                request = self._client.build_request("GET", url, headers=_conditions(validators))
                return await self._follow(request, validators, trail, place)
        except FetchError as error:
            error.retry_after = _longer(error.retry_after, trail.retry_after)
            raise

    async def _follow(
        self, request: httpx.Request, validators: Validators, trail: "_Trail", place: "Place"
    ) -> Fetched | NotModified:
        """Ask, and ask where the redirects point to, one turn after the other.

        Not left to httpx, which reads the body of each redirect whole, however large it unpacks.
        """
        clock = asyncio.get_running_loop().time
        left = self._deadline.total_seconds()
        while True:
            trail.enter(request.url)
            async with self._turn(request.url.host.rstrip(".")):
                await place.take()
                began = clock()
                async with asyncio.timeout(left), aclosing(await self._client.send(request, stream=True)) as response:
                    following = response.next_request
                    if following is None:
                        return await self._read(response, validators, trail)
                left -= clock() - began
                place.give_back()
            request = trail.redirected(response, following)

    async def _read(self, response: httpx.Response, validators: Validators, trail: "_Trail") -> Fetched | NotModified:
        if response.status_code == httpx.codes.NOT_MODIFIED and validators != Validators():
            await response.aread()  # it has no body, and once that is read, the connection is free for the next feed
            return NotModified(*_said(response, validators, trail))
        if response.is_success:
            said = _said(response, Validators(), trail)
            return Fetched(*said, await self._body(response), response.headers.get("Content-Type", ""))
        raise _refusal(response)

    async def _body(self, response: httpx.Response) -> bytes:
        """The body, unpacked no further than the cap: httpx itself would unpack first and count later."""
        gzipped = _is_gzipped(response)
        gunzip = _Gunzip()
        body = bytearray()
        async with AsyncExitStack() as place:
            async for chunk in response.aiter_raw():
                for piece in gunzip.pieces(chunk) if gzipped else (chunk,):
                    body += piece
                    if max(len(body), response.num_bytes_downloaded) > self._max_bytes:
                        raise TooLarge(_too_large(self._max_bytes))
                    if len(body) - len(piece) <= LARGE < len(body):
                        await place.enter_async_context(self._large)
        if gzipped and response.num_bytes_downloaded and not gunzip.complete:
            raise Garbled(passing(Wording("The server's answer was cut short")))
        return bytes(body)


class _Trail:
    """The redirects of one fetch, and what they add up to."""

    def __init__(self) -> None:
        self.retry_after: timedelta | None = None
        self._urls: list[str] = []
        self._permanent = True

    def enter(self, url: httpx.URL) -> None:
        """Go on to ``url``, if it is one to go to."""
        if url.scheme not in ("http", "https") or not url.host or not (url.port is None or 0 < url.port < 65_536):
            raise NotAWebAddress(_NO_WEB_ADDRESS)
        shown = _shown(url)
        if shown in self._urls or len(self._urls) > MAX_REDIRECTS:
            raise RedirectLoop(_IN_CIRCLES)
        self._urls.append(shown)

    def redirected(self, response: httpx.Response, following: httpx.Request) -> httpx.Request:
        """The request that a redirect asks for; user and password stay with the origin that they were given for."""
        if _origin(following.url) != _origin(response.url):
            following.headers.pop("Authorization", None)
            following.url = following.url.copy_with(userinfo=b"")
        safe = response.url.scheme == "http" or following.url.scheme == "https"
        self._permanent &= safe and not response.url.userinfo and response.status_code in _PERMANENT
        self.retry_after = _longer(self.retry_after, _retry_after(response))
        return following

    @property
    def url(self) -> str:
        """Where the fetch has come to."""
        return self._urls[-1]

    @property
    def moved_to(self) -> str | None:
        """See :attr:`Answer.moved_to`."""
        return self.url if self._permanent and len(self._urls) > 1 else None


def _said(
    response: httpx.Response, known: Validators, trail: _Trail
) -> tuple[str, Validators, timedelta | None, timedelta | None, str | None]:
    """The fields of an :class:`Answer`; ``known`` are the validators that hold where it names none."""
    return trail.url, _validators(response, known), _fresh_for(response), trail.retry_after, trail.moved_to


class _Gunzip:
    """Unpacks gzip, which may be several members in a row (RFC 1952, 2.2), padded with zeros."""

    def __init__(self) -> None:
        self._member = _gzip_member()

    @property
    def complete(self) -> bool:
        return self._member.eof

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """What ``packed`` holds, at most :data:`PIECE` bytes at a time. Raises zlib.error."""
        while packed:
            if self._member.eof:
                packed = packed.lstrip(b"\0")
                if not packed:
                    return
                self._member = _gzip_member()
            yield self._member.decompress(packed, PIECE)
            packed = self._member.unconsumed_tail or self._member.unused_data


def _gzip_member() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


def _is_gzipped(response: httpx.Response) -> bool:
    """Whether the body is packed; only gzip was asked for."""
    encoding: str = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Garbled(Wording("The server packed the feed in a way that was not asked for; tell the publisher."))
    return encoding.endswith("gzip")


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _shown(url: httpx.URL) -> str:
    """An address as it may be shown and stored."""
    return str(url.copy_with(userinfo=b"", fragment=None) if url.userinfo or url.fragment else url)


def _conditions(validators: Validators) -> list[tuple[bytes, bytes]]:
    """The request headers that make the GET conditional."""
    named = ((b"If-None-Match", validators.etag), (b"If-Modified-Since", validators.last_modified))
    return [(name, value.encode("latin-1")) for name, value in named if value is not None]


def _validators(response: httpx.Response, known: Validators) -> Validators:
    """The validators of an answer; where it names none, those known before."""
    return Validators(
        etag=_header(response, b"etag") or known.etag,
        last_modified=_header(response, b"last-modified") or known.last_modified,
    )


def _header(response: httpx.Response, name: bytes) -> str | None:
    """A header's bytes, untouched; the first one, if the server repeats it."""
    return next((value.decode("latin-1") for key, value in response.headers.raw if key.lower() == name), None)


def _fresh_for(response: httpx.Response) -> timedelta | None:
    """How long the answer stays fresh from now on (RFC 9111, 4.2), for a reader that shares it with nobody.

    ``Expires`` is measured against the server's own ``Date``, so that its clock and ours need not agree. What should
    not be kept says nothing about when to come again.
    """
    lifetime = _lifetime(response)
    if not lifetime:
        return lifetime
    age = _seconds(response.headers.get("Age", "")) or timedelta(0)
    return max(lifetime - age, timedelta(0))


def _lifetime(response: httpx.Response) -> timedelta | None:
    directives = _directives(response.headers.get("Cache-Control", ""))
    if "no-store" in directives or "no-cache" in directives:
        return None
    if "max-age" in directives:
        return _seconds(directives["max-age"])
    expires = response.headers.get("Expires")
    if expires is None:
        return None
    if _http_date(expires) is None:  # such as "0"; means that it has expired already (RFC 9111, 5.3)
        return timedelta(0)
    return _until(response, expires)


def _until(response: httpx.Response, value: str) -> timedelta | None:
    """How long it is from the server's own ``Date`` until a date that it names; zero for one in the past."""
    until, sent = _http_date(value), _http_date(response.headers.get("Date", ""))
    return max(until - sent, timedelta(0)) if until and sent else None


def _directives(header: str) -> dict[str, str]:
    """The directives of a ``Cache-Control`` header, the first of each name (RFC 9111, 4.2.1)."""
    pairs = (item.partition("=") for item in reversed(parse_http_list(header)))
    return {name.strip().lower(): value.strip(' \t"') for name, _, value in pairs}


def _retry_after(response: httpx.Response) -> timedelta | None:
    """How long to stay away: in seconds, or until a date (RFC 9110, 10.2.3).

    A date is measured against the server's own ``Date``, so that its clock and ours need not agree. Without one it
    counts as none: a server that can write a date has a clock, and must say what it shows (RFC 9110, 6.6.1).
    """
    value = response.headers.get("Retry-After", "").strip()
    if not value:
        return None
    seconds = _seconds(value)
    return _until(response, value) if seconds is None else seconds


def _longer(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    return max((wait for wait in (one, other) if wait is not None), default=None)


def _seconds(value: str) -> timedelta | None:
    """A number of seconds in digits; one that is beyond reason is cut to some thirty years."""
    return timedelta(seconds=int(value[:9])) if re.fullmatch(r"[0-9]+", value) else None


def _http_date(value: str) -> datetime | None:
    """Any of the three date forms of RFC 9110, 5.6.7; aware UTC."""
    try:
        moment = parsedate_to_datetime(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


_NO_WEB_ADDRESS = Wording("This does not lead to an http:// or https:// address; correct it.")
_IN_CIRCLES = Wording("The address redirects again and again; look for the feed's present address.")
UNASKED = passing(Wording("The server says that nothing is new, but was never asked that"))
_REFUSALS: dict[int, tuple[type[FetchError], Wording]] = {
    304: (ServerTrouble, UNASKED),
    401: (Refused, Wording("The server wants a password for this feed (401); choose a feed that is open to all.")),
    403: (
        Refused,
        Wording("The server does not let Hearsay read this feed (403); choose another, or ask the publisher."),
    ),
    404: (Refused, Wording("There is nothing at this address (404); look for the feed's present address.")),
    410: (Gone, Wording("The publisher has ended this feed (410); remove it, or look for its successor.")),
    429: (TooMany, passing(Wording("The server asks for fewer visits (429)"))),
}


def _refusal(response: httpx.Response) -> FetchError:
    """The error that a status means."""
    status = response.status_code
    kind, reason = _REFUSALS.get(status) or _other_refusal(status)
    return kind(reason, _retry_after(response))


def _other_refusal(status: int) -> tuple[type[FetchError], Wording]:
    if 400 <= status < 500:
        refused = Wording("The server refuses to send this feed ({status}); check the address.", {"status": status})
        return Refused, refused
    return ServerTrouble, passing(Wording("The server has trouble ({status})", {"status": status}))


def _too_large(most: int) -> Wording:
    return Wording("The feed is larger than {count} bytes; choose a shorter one.", {"count": most})


@contextmanager
def _in_plain_words() -> Iterator[None]:
    """Whatever goes wrong between us and the server, as a :class:`FetchError`."""
    try:
        yield
    except TimeoutError as error:
        raise TooSlow(passing(Wording("The server took too long to send the feed"))) from error
    except ForbiddenAddress as error:
        raise PrivateAddress(_private(error)) from error
    except zlib.error as error:
        raise Garbled(passing(Wording("The server sent damaged data"))) from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:  # of urllib, when httpx joins addresses
        raise NotAWebAddress(_NO_WEB_ADDRESS) from error
    except httpx.TransportError as error:
        raise Unreachable(_what_failed(error)) from error


def _private(error: ForbiddenAddress) -> Wording:
    return Wording(
        "This leads to {host}, a private address ({address}); Hearsay does not go there. "
        "If the feed is your own, name its host in HEARSAY_PRIVATE_HOSTS.",
        {"host": error.host, "address": str(error.address)},
    )


def _what_failed(error: httpx.TransportError) -> Wording:
    """What kept us from the server, in plain words."""
    host = {"host": error.request.url.host}
    causes = tuple(_causes(error))
    if any(isinstance(cause, socket.gaierror | UnicodeError) for cause in causes):
        return Wording("The name {host} was not found; check the address for a typing mistake.", host)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Wording("{host} offers no valid secure connection; check the address, or tell the publisher.", host)
    if isinstance(error, httpx.ConnectError):
        return passing(Wording("{host} takes no connections", host))
    if isinstance(error, httpx.ProtocolError):
        return passing(Wording("{host} broke off, or answers what makes no sense", host))
    return passing(Wording("{host} broke off before the feed was complete", host))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
