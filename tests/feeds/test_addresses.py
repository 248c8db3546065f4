import ipaddress
import socket
import ssl
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import timedelta
from urllib.parse import unquote

import httpcore
import pytest
from loopback import Web, http
from tally import Tally

from feeds.addresses import (
    NOBODY,
    CheckedBackend,
    CheckedTransport,
    ForbiddenAddress,
    PrivateHosts,
    Resolve,
    is_public,
    resolve,
)
from feeds.fetch import (
    Fetched,
    Fetcher,
    FetchError,
    NotAWebAddress,
    PrivateAddress,
    Unreachable,
    Validators,
    make_client,
)

PUBLIC = "93.184.215.14"
FORBIDDEN = {
    # loopback, in every dress that some resolver or browser understands
    "http://127.0.0.1/": "127.0.0.1",
    "http://127.1/": "127.0.0.1",
    "http://2130706433/": "127.0.0.1",
    "http://0x7f000001/": "127.0.0.1",
    "http://0x7f.0.0.1/": "127.0.0.1",
    "http://017700000001/": "127.0.0.1",
    "http://0177.0.0.1/": "127.0.0.1",
    "http://127.255.255.254:22/": "127.255.255.254",
    "http://[::1]/": "::1",
    "http://[0:0:0:0:0:0:0:1]/": "::1",
    "http://localhost/": "127.0.0.1",
    "https://LOCALHOST./": "::1",
    "http://example.com@127.0.0.1/": "127.0.0.1",
    "http://127.0.0.1#@example.com/": "127.0.0.1",
    "http://１２７．０．０．１/": "127.0.0.1",
    "http://127。0。0。1/": "127.0.0.1",
    "http://ｌｏｃａｌｈｏｓｔ/": "127.0.0.1",
    "http://%31%32%37.0.0.1/": "127.0.0.1",
    # this host, everybody, link-local, site-local
    "http://0/": "0.0.0.0",  # noqa: S104 - not bound, but forbidden
    "http://[::]/": "::",
    "http://255.255.255.255/": "255.255.255.255",
    "http://224.0.0.1/": "224.0.0.1",
    "http://[ff02::1]/": "ff02::1",
    "http://[fe80::1%25lo]/": "fe80::1",
    "http://[fec0::1]/": "fec0::1",
    # the metadata of clouds
    "http://169.254.169.254/latest/meta-data/": "169.254.169.254",
    "http://[fd00:ec2::254]/": "fd00:ec2::254",
    "http://168.63.129.16/": "168.63.129.16",
    "http://192.0.0.192/": "192.0.0.192",
    # private networks, also a carrier's
    "http://10.1.2.3/": "10.1.2.3",
    "http://172.31.255.255/": "172.31.255.255",
    "http://192.168.0.1/": "192.168.0.1",
    "http://100.64.0.1/": "100.64.0.1",
    # IPv4 in disguise: mapped, compatible, NAT64, 6to4, Teredo
    "http://[::ffff:127.0.0.1]/": "::ffff:127.0.0.1",
    "http://[::FFFF:7F00:0001]/": "::ffff:7f00:1",
    "http://[::127.0.0.1]/": "::7f00:1",
    "http://[64:ff9b::7f00:1]/": "64:ff9b::7f00:1",
    "http://[64:ff9b:1::a00:1]/": "64:ff9b:1::a00:1",
    "http://[2002:7f00:1::]/": "2002:7f00:1::",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/": "2001:0:4136:e378:8000:63bf:80ff:fffe",
}
UNKNOWN = Validators()
OK = http(b"<rss/>")


class Stream(httpcore.AsyncMockStream):
    """A connection that answers and, asked for TLS, notes what would have been verified."""

    def __init__(self, says: bytes, secured: list[tuple[str | None, ssl.SSLContext]]) -> None:
        super().__init__([says, says])
        self._secured = secured

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        self._secured.append((server_hostname, ssl_context))
        return self


class Network(httpcore.AsyncNetworkBackend):
    """The wire: whatever it is asked to connect to answers ``says``, unless it is one of the ``dead``."""

    def __init__(self) -> None:
        self.says = OK
        self.dead: set[str] = set()
        self.reached: list[str] = []
        self.secured: list[tuple[str | None, ssl.SSLContext]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,  # noqa: ARG002 - httpcore's signature
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        self.reached.append(host)
        if host in self.dead:
            raise httpcore.ConnectTimeout
        return Stream(self.says, self.secured)


class Names:
    """A resolver that takes every spelling of an address for that address, and knows the names it is told.

    A name's answers are given one after the other, the last one again and again.
    """

    def __init__(self) -> None:
        self.known = {"localhost": [["127.0.0.1"]], "localhost.": [["::1"]], "public.example": [[PUBLIC]]}

    async def __call__(self, host: str) -> Sequence[str]:
        host = unicodedata.normalize("NFKC", unquote(host))
        if answers := self.known.get(host):
            return answers.pop(0) if len(answers) > 1 else answers[0]
        return [str(found[4][0]) for found in socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)]


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def names() -> Names:
    return Names()


def fetcher(network: Network, names: Resolve, private: PrivateHosts = NOBODY) -> Fetcher:
    client = make_client("Hearsay tests", transport=CheckedTransport(CheckedBackend(private, names, network)))
    return Fetcher(client, deadline=timedelta(seconds=20), max_bytes=1000)


async def refused(fetcher: Fetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.fetch(url, UNKNOWN)
    return caught.value


@pytest.mark.chaos
@pytest.mark.parametrize("url", FORBIDDEN)
async def test_nothing_leads_to_an_address_that_is_not_public(
    network: Network, names: Names, url: str, tally: Tally
) -> None:
    """Neither named directly, nor by a redirect, nor by a name that changes its mind, nor among public addresses."""
    looking = fetcher(network, names)
    blocked = PrivateAddress | NotAWebAddress | Unreachable

    assert isinstance(await refused(looking, url), blocked)
    assert network.reached == []

    network.says = http(b"", b"Location: " + url.encode(), status=b"302 Found")
    assert isinstance(await refused(looking, "http://public.example/"), blocked)
    assert network.reached == [PUBLIC]

    tally.fault("address in the own network")
    network.says = OK
    names.known["rebound.example"] = [[PUBLIC], [FORBIDDEN[url]]]
    await looking.fetch("http://rebound.example/", UNKNOWN)
    assert type(await refused(looking, "http://rebound.example/")) is PrivateAddress
    assert network.reached == [PUBLIC, PUBLIC]

    names.known["mixed.example"] = [[FORBIDDEN[url], PUBLIC]]
    await looking.fetch("http://mixed.example/", UNKNOWN)
    network.dead = {PUBLIC}
    await refused(looking, "http://mixed.example/")
    assert network.reached == [PUBLIC] * 4


def test_there_are_forty_spellings() -> None:
    """Forty spellings in four ways are the 160 tries that were promised."""
    assert len(FORBIDDEN) == 40


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://public.example/",
        "gopher://public.example/",
        "unix:///run/x",
        "ws://public.example/",
    ],
)
async def test_other_schemes_lead_nowhere(network: Network, names: Names, target: str) -> None:
    """Only http(s) is spoken, whether the address says otherwise or a redirect."""
    assert type(await refused(fetcher(network, names), target)) is NotAWebAddress
    network.says = http(b"", b"Location: " + target.encode(), status=b"301 Moved")
    assert type(await refused(fetcher(network, names), "http://public.example/")) is NotAWebAddress
    assert network.reached == [PUBLIC]


async def test_the_owner_reads_how_to_allow_a_private_feed(network: Network, names: Names) -> None:
    """The refusal names the host, the address and the setting."""
    names.known["feeds.lan"] = [["192.168.1.5"]]
    assert str(await refused(fetcher(network, names), "http://me:secret@feeds.lan/feed")) == (
        "This leads to feeds.lan, a private address (192.168.1.5); Hearsay does not go there. "
        "If the feed is your own, name its host in HEARSAY_PRIVATE_HOSTS."
    )


@pytest.mark.parametrize(
    ("allowed", "reached"),
    [
        ("feeds.lan", "10.0.0.1"),
        ("FEEDS.LAN.", "10.0.0.1"),
        ("192.168.1.5", "192.168.1.5"),
        ("192.168.0.0/16, ::1", "192.168.1.5"),
    ],
)
@pytest.mark.parametrize("url", ["http://feeds.lan/", "http://Feeds.Lan./"])
async def test_an_allowed_host_is_read(network: Network, names: Names, allowed: str, reached: str, url: str) -> None:
    """The owner allows a private feed by its name, its address or its network; what is not named stays closed."""
    names.known |= {name: [["10.0.0.1", "192.168.1.5"]] for name in ("feeds.lan", "feeds.lan.")}
    looking = fetcher(network, names, PrivateHosts.parse(allowed))
    assert isinstance(await looking.fetch(url, UNKNOWN), Fetched)
    assert type(await refused(looking, "http://10.0.0.1/")) is PrivateAddress
    assert network.reached == [reached]


async def test_a_name_that_is_not_allowed_does_not_profit_from_one_that_is(network: Network, names: Names) -> None:
    """Allowing a name opens its addresses to that name alone."""
    names.known |= {"feeds.lan": [["192.168.1.5"]], "other.example": [["192.168.1.5"]]}
    looking = fetcher(network, names, PrivateHosts.parse("feeds.lan"))
    assert type(await refused(looking, "http://other.example/")) is PrivateAddress
    assert network.reached == []


async def test_the_next_address_is_tried_when_one_is_dead(network: Network, names: Names) -> None:
    """A host with a broken IPv6 is read by IPv4, and each address is tried once."""
    names.known["twice.example"] = [["2606:2800:21f::1", "2606:2800:21f::1", PUBLIC]]
    network.dead = {"2606:2800:21f::1"}
    assert isinstance(await fetcher(network, names).fetch("http://twice.example/", UNKNOWN), Fetched)
    assert network.reached == ["2606:2800:21f::1", PUBLIC]


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "x" * 64 + ".example"])
async def test_a_name_that_does_not_exist_is_told_as_such(host: str) -> None:
    """Whether the resolver says so or the name cannot be one, the owner should look for a typing mistake."""

    async def unknown(name: str) -> Sequence[str]:
        name.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    error = await refused(fetcher(Network(), unknown), f"http://{host}/")
    assert str(error) == f"The name {host} was not found; check the address for a typing mistake."


@pytest.mark.parametrize(
    "address", [PUBLIC, "8.8.8.8", "192.0.1.1", "223.255.255.255", "2606:4700::1111", "2a00:1450::1"]
)
def test_the_open_web_is_public(address: str) -> None:
    """Ordinary addresses of either family may be connected to."""
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("text", ["", " , ", "127.0.0.1, 192.168.1.7/24 ,feeds.lan,fd00::/8,host_1"])
def test_the_list_of_private_hosts_is_read(text: str) -> None:
    """Addresses, networks and names stand between commas; nothing at all allows nobody."""
    hosts = PrivateHosts.parse(text)
    if not text.strip(" ,"):
        assert hosts == NOBODY
    else:
        assert list(map(str, hosts.networks)) == ["127.0.0.1/32", "192.168.1.0/24", "fd00::/8"]
        assert hosts.names == {"feeds.lan", "host_1"}


@pytest.mark.parametrize("part", ["http://feeds.lan", "feeds.lan:80", "*.lan", "300.1.1.1", "10.0.0.0/33", "a b", "-x"])
def test_nonsense_in_the_list_is_refused(part: str) -> None:
    """What is neither name nor address nor network is named, with what to write instead."""
    with pytest.raises(ValueError, match="neither a host name") as caught:
        PrivateHosts.parse(f"127.0.0.1, {part}")
    assert repr(part) in str(caught.value)


async def test_a_connection_serves_one_request(network: Network, names: Names) -> None:
    """Feeds are asked minutes apart: nothing is kept open until then, and the name is looked up and checked anew."""
    network.says = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    looking = fetcher(network, names)
    for path in ("one", "two"):
        await looking.fetch(f"http://public.example/{path}", Validators('"1"'))
    assert network.reached == [PUBLIC, PUBLIC]


async def test_the_name_stays_the_name_for_tls_and_the_server(web: Web) -> None:
    """The connection goes to an address, but the server hears the name that was asked for."""
    url = web.at("/feed", OK).replace("127.0.0.1", "localhost")
    async with make_client("Hearsay tests", PrivateHosts.parse("127.0.0.0/8")) as client:
        await Fetcher(client, deadline=timedelta(seconds=20), max_bytes=1000).fetch(url, UNKNOWN)
    assert web.headers()[b"host"].startswith(b"localhost:")


async def test_the_machines_resolver_is_asked_by_default() -> None:
    """Without another resolver a name leads where the machine says."""
    assert "127.0.0.1" in await resolve("localhost")
    with pytest.raises(ForbiddenAddress):
        await CheckedBackend().connect_tcp("localhost", 80)


async def test_certificates_are_checked_for_the_name(network: Network, names: Names) -> None:
    """Though the connection goes to an address, the certificate must be valid for the name."""
    await fetcher(network, names).fetch("https://public.example/", UNKNOWN)
    [(name, context)] = network.secured
    assert name == "public.example"
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
