"""Connects to public addresses only, so that no feed can make Hearsay look into the network it runs in.

A name says nothing about where it leads, and may lead elsewhere a moment later. So the check is made here, on each
address itself and at the only place where connections are opened: the name is resolved, each address is checked, and
the connection goes to an address that was checked, never to the name. Redirects come through here like any request.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import httpcore
import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""A host name → its addresses, the preferred one first. Raises :class:`socket.gaierror`."""

TRY = 3.0
"""Seconds to wait for one address while there are others, so that one which is never answered costs little."""

_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that IANA has opened for unicast. What lies outside is local, multicast, reserved, or IPv4 in disguise:
``::/96``, ``::ffff:0:0/96``, NAT64 (``64:ff9b::/96``, ``64:ff9b:1::/48``), ``fc00::/7``, ``fe80::/10``, ``fec0::/10``.
"""

_SPECIAL_IPV6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo (IPv4 in disguise), benchmarks, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: IPv4 in disguise
            "3fff::/20",  # documentation
        ),
    )
)
_SPECIAL_IPV4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this host
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's platform, public by its number only
            "169.254.0.0/16",  # link-local, and the metadata of most clouds
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments, and Oracle's metadata
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)


def is_public(address: Address) -> bool:
    """Whether an address is globally routable unicast, by the IANA special-purpose registries (RFC 6890).

    An address that carries an IPv4 address inside is not: whoever unpacks it may stand in the own network.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL_IPV6)


@dataclass(frozen=True, slots=True)
class PrivateHosts:
    """The hosts of the own network whose feeds may be read. The default names none."""

    networks: tuple[Network, ...] = ()
    names: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``127.0.0.1, 192.168.1.0/24, feeds.lan``. Raises ValueError with a sentence for the owner.

        A network allows its addresses under every name; a name allows whatever addresses it leads to.
        """
        read = [_network_or_name(part.strip()) for part in text.split(",") if part.strip()]
        return cls(
            networks=tuple(entry for entry in read if not isinstance(entry, str)),
            names=frozenset(entry for entry in read if isinstance(entry, str)),
        )

    def allow(self, host: str, address: Address) -> bool:
        """Whether ``address`` may be connected to, as one that ``host`` leads to."""
        return host.lower().rstrip(".") in self.names or any(address in network for network in self.networks)


NOBODY = PrivateHosts()


def _network_or_name(text: str) -> Network | str:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        name = text.lower().rstrip(".")
        if not _HOST_NAME.fullmatch(name) or name.rpartition(".")[2].isdigit():
            raise ValueError(
                f"{text!r} is neither a host name (feeds.lan), nor an address (192.168.1.5), "
                "nor a network (192.168.1.0/24); write one of these."
            ) from None
        return name


class ForbiddenAddress(Exception):
    """``host`` leads to ``address``, which is not public, and to none that may be connected to."""

    def __init__(self, host: str, address: Address) -> None:
        super().__init__(f"{host} leads to {address}")
        self.host = host
        self.address = address


async def resolve(host: str) -> Sequence[str]:
    """The addresses of a name, as the machine's resolver knows them, in its order (RFC 6724)."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to public addresses, and to those of ``private``; ``inner`` does the connecting.

    To nothing else: httpcore's own refusal of socket files stands.
    """

    def __init__(
        self,
        private: PrivateHosts = NOBODY,
        resolve: Resolve = resolve,
        inner: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._private = private
        self._resolve = resolve
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first allowed address of ``host`` that answers. Raises :class:`ForbiddenAddress`."""
        *others, last = await self._allowed(host)
        for address in others:
            try:
                return await self._inner.connect_tcp(str(address), port, TRY, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(str(last), port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """As ``inner`` sleeps."""
        await self._inner.sleep(seconds)

    async def _allowed(self, host: str) -> list[Address]:
        """The addresses of ``host`` that may be connected to, at least one."""
        addresses = await self._addresses(host)
        allowed = [address for address in addresses if is_public(address) or self._private.allow(host, address)]
        if not allowed:
            raise ForbiddenAddress(host, addresses[0])
        return allowed

    async def _addresses(self, host: str) -> list[Address]:
        try:
            return [ipaddress.ip_address(host)]
        except ValueError:  # a name, or an address in a dress that only resolvers know, such as 127.1
            pass
        try:
            found = [ipaddress.ip_address(text) for text in await self._resolve(host)]
        except (OSError, UnicodeError) as error:  # UnicodeError: the name has a part that no name can have
            raise httpcore.ConnectError(str(error)) from error
        return list(dict.fromkeys(found))


class CheckedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over a :class:`CheckedBackend`, without proxies and without a pool.

    httpx has no argument for the backend, so the pool that it made is replaced. Feeds are asked minutes apart: a
    connection serves one request, and httpcore's pool, which looks at all connections for each request, is not missed.
    """

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        context = httpx.create_ssl_context(trust_env=False)
        super().__init__(verify=context, trust_env=False)
        self._pool = _OneRequestEach(context, backend)


class _OneRequestEach(httpcore.AsyncConnectionPool):
    """Opens a connection for each request, which the answer closes, since it is asked to (RFC 9112, 9.6)."""

    def __init__(self, context: ssl.SSLContext, backend: httpcore.AsyncNetworkBackend) -> None:
        super().__init__(ssl_context=context, network_backend=backend)
        self._context = context
        self._backend = backend

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send the request and return the head of the answer."""
        connection = httpcore.AsyncHTTPConnection(
            request.url.origin, ssl_context=self._context, network_backend=self._backend
        )
        return await connection.handle_async_request(request)
