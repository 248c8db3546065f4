"""One polite conditional GET.

What can go wrong, each with one sentence for the owner's list of feeds::

    FetchError
    ├── NotAWebAddress    the address is not http(s), or redirects to something that is not
    ├── Unreachable       no name, no connection, no valid certificate, or the connection broke off
    ├── TooSlow           the whole exchange took longer than the deadline
    ├── TooLarge          the unpacked body is longer than the cap
    ├── RedirectLoop      one redirect after the other
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
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

MAX_REDIRECTS = 5
_ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1"
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


class FetchError(Exception):
    """The feed could not be fetched; ``str(error)`` is one sentence that says why and what to do.

    ``retry_after`` is how long the server asked to be left alone, if it did.
    """

    def __init__(self, sentence: str, retry_after: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class NotAWebAddress(FetchError):
    """The address is not http(s), or leads to one that is not."""


class Unreachable(FetchError):
    """The name, the network or the certificate failed, or the connection broke off."""


class TooSlow(FetchError):
    """The exchange was not complete within the deadline."""


class TooLarge(FetchError):
    """The unpacked body is longer than the cap."""


class RedirectLoop(FetchError):
    """More redirects than :data:`MAX_REDIRECTS`."""


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
class Fetched:
    """A feed document, and what the server said about it."""

    url: str
    """The address that answered, after redirects; relative links in the document start from it."""
    body: bytes
    content_type: str
    validators: Validators
    max_age: timedelta | None
    """How long the server says that the answer stays fresh."""


@dataclass(frozen=True, slots=True)
class NotModified:
    """Nothing new since the last visit. ``validators`` are those to send next time."""

    validators: Validators
    max_age: timedelta | None


def make_client(user_agent: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """The client for all feeds: says who it is, keeps no cookies, reads no proxies from the environment.

    It connects to whatever address a feed's name leads to, those of the own network included: add only feeds you trust
    that far. A ``transport`` that checks addresses belongs here.
    """
    return httpx.AsyncClient(
        headers={"User-Agent": user_agent, "Accept": _ACCEPT, "Accept-Encoding": "gzip"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        trust_env=False,
        timeout=None,  # noqa: S113 - httpx counts each read on its own; the Fetcher's deadline counts everything
        transport=transport,
    )


class Fetcher:
    """Fetches feeds with ``client``, each within ``deadline`` and at most ``max_bytes`` unpacked bytes."""

    def __init__(self, client: httpx.AsyncClient, *, deadline: timedelta, max_bytes: int) -> None:
        self._client = client
        self._deadline = deadline
        self._max_bytes = max_bytes

    async def fetch(self, url: str, validators: Validators) -> Fetched | NotModified:
        """Ask for the feed once, with the validators of the last visit. Raises :class:`FetchError`."""
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                return await self._exchange(url, validators)
        except TimeoutError as error:
            raise TooSlow("The server took too long to send the feed; Hearsay will try again later.") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise NotAWebAddress("This does not lead to an http:// or https:// address; correct it.") from error
        except httpx.TransportError as error:
            raise Unreachable(_what_failed(error)) from error

    async def _exchange(self, url: str, validators: Validators) -> Fetched | NotModified:
        request = self._client.build_request("GET", url, headers=_conditions(validators))
        async with self._answer(request) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED and validators != Validators():
                return NotModified(_validators(response, validators), _max_age(response))
            if not response.is_success:
                raise _refusal(response)
            return Fetched(
                url=str(response.url),
                body=await self._body(response),
                content_type=response.headers.get("Content-Type", ""),
                validators=_validators(response, Validators()),
                max_age=_max_age(response),
            )

    @asynccontextmanager
    async def _answer(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        """The answer at the end of the redirects.

        Not left to httpx, which reads the body of each redirect whole, however large it unpacks.
        """
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._client.send(request, stream=True)
            try:
                if response.next_request is None:
                    yield response
                    return
                request = response.next_request
            finally:
                await response.aclose()
        raise RedirectLoop("The address redirects again and again; look for the feed's present address.")

    async def _body(self, response: httpx.Response) -> bytes:
        """The body, unpacked no further than the cap: httpx itself would unpack first and count later."""
        unzip = _unzipper(response)
        body = bytearray()
        try:
            async for chunk in response.aiter_raw():
                body += unzip.decompress(chunk, self._max_bytes - len(body) + 1) if unzip else chunk
                if len(body) > self._max_bytes:
                    raise TooLarge(f"The feed is larger than {self._max_bytes:,} bytes; choose a shorter one.")
        except zlib.error as error:
            raise Garbled("The server sent damaged data; Hearsay will try again later.") from error
        if unzip and response.num_bytes_downloaded and not unzip.eof:
            raise Garbled("The server's answer was cut short; Hearsay will try again later.")
        return bytes(body)


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


def _max_age(response: httpx.Response) -> timedelta | None:
    found = _MAX_AGE.search(response.headers.get("Cache-Control", ""))
    return timedelta(seconds=int(found[1])) if found else None


def _retry_after(response: httpx.Response) -> timedelta | None:
    """How long to stay away: in seconds, or until a date (RFC 9110, 10.2.3).

    A date is measured against the server's own ``Date``, so that its clock and ours need not agree.
    """
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return timedelta(seconds=int(value[:9]))
    until, sent = _http_date(value), _http_date(response.headers.get("Date", ""))
    return max(until - sent, timedelta(0)) if until and sent else None


def _http_date(value: str) -> datetime | None:
    """Any of the three date forms of RFC 9110, 5.6.7; aware UTC."""
    try:
        moment = parsedate_to_datetime(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _unzipper(response: httpx.Response) -> "zlib._Decompress | None":
    """What unpacks the body, or None where it is not packed. Only gzip was asked for."""
    match response.headers.get("Content-Encoding", "").strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    raise Garbled("The server packed the feed in a way that was not asked for; tell the publisher.")


_REFUSALS: dict[int, tuple[type[FetchError], str]] = {
    304: (ServerTrouble, "The server says that nothing is new, but was never asked that; Hearsay will try again."),
    401: (Refused, "The server wants a password for this feed (401); choose a feed that is open to all."),
    403: (Refused, "The server does not let Hearsay read this feed (403); choose another, or ask the publisher."),
    404: (Refused, "There is nothing at this address (404); look for the feed's present address."),
    410: (Gone, "The publisher has ended this feed (410); remove it, or look for its successor."),
    429: (TooMany, "The server asks for fewer visits (429); Hearsay will wait before the next one."),
}


def _refusal(response: httpx.Response) -> FetchError:
    """The error that a status means."""
    status = response.status_code
    kind, sentence = _REFUSALS.get(status) or _other_refusal(status)
    return kind(sentence, _retry_after(response))


def _other_refusal(status: int) -> tuple[type[FetchError], str]:
    if 400 <= status < 500:
        return Refused, f"The server refuses to send this feed ({status}); check the address."
    return ServerTrouble, f"The server has trouble ({status}); Hearsay will try again later."


def _what_failed(error: httpx.TransportError) -> str:
    """What kept us from the server, in plain words."""
    host = error.request.url.host
    causes = tuple(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return f"The name {host} was not found; check the address for a typing mistake."
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return f"{host} offers no valid secure connection; check the address, or tell the publisher."
    if isinstance(error, httpx.ConnectError):
        return f"{host} takes no connections; Hearsay will try again later."
    return f"{host} broke off before the feed was complete; Hearsay will try again later."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
