"""A feed server in a process of its own, so that its work does not count as the program's.

It answers under every loopback address (127.x.y.z), so that each feed can have a host of its own: pollers that wait
between two visits to one host are not held up. Only Linux has so many.

Run as ``python -m benchmarks.newsstand`` it prints its port and serves until it is stopped.
"""

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache
from typing import Any
from urllib.request import urlopen

from benchmarks import newsroom

ENTRIES = 50
KINDS = 1_000
"""Feeds that differ from each other; more than that repeat them."""
SPARE = 10_000
"""Entries that one of them may come to in a run."""
CHANGING = 5
"""One feed in so many gets the fresh entries."""
ON_DEALS_EVERY = 200
"""One entry in so many is about a tracked deal."""


@dataclass(frozen=True)
class Newsstand:
    """The running server."""

    port: int

    def url(self, number: int) -> str:
        """The address of a feed, at a host of its own."""
        high, low = divmod(number, 250)
        return f"http://127.1.{high}.{low + 1}:{self.port}/{number % KINDS}"

    def publish(self, fresh: int) -> None:
        """Put so many fresh entries into some of the feeds, the first among them, in place of the oldest."""
        with urlopen(f"http://127.0.0.1:{self.port}/publish/{fresh}"):
            pass


@contextmanager
def newsstand(feeds: int = 1, on_deals_every: int = ON_DEALS_EVERY) -> Iterator[Newsstand]:
    """Serve; the entries of so many feeds are written beforehand, so that nobody has to wait for them."""
    command = [sys.executable, "-m", "benchmarks.newsstand", str(feeds), str(on_deals_every)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 (this very file)
        try:
            yield Newsstand(int(server.stdout.readline() if server.stdout else ""))
        finally:
            server.terminate()


class _Visitor(asyncio.Protocol):
    """Answers GET requests, one after the other on each connection."""

    published = 0
    on_deals_every = ON_DEALS_EVERY

    def __init__(self) -> None:
        self._asked = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._asked += data
        while b"\r\n\r\n" in self._asked:
            request, _, self._asked = self._asked.partition(b"\r\n\r\n")
            self._transport.write(self._answer(request))

    def _answer(self, request: bytes) -> bytes:
        path = request.split(b" ", 2)[1].decode()
        if path.startswith("/publish/"):
            _Visitor.published += int(path.removeprefix("/publish/"))
            return _response("204 No Content", b"", 0)
        kind = int(path.removeprefix("/"))
        edition = 0 if kind % CHANGING else _Visitor.published
        if _known_edition(request) == str(edition):
            return _response("304 Not Modified", b"", edition)
        return _response("200 OK", _document(kind, edition, self.on_deals_every), edition)


def _known_edition(request: bytes) -> str | None:
    found = re.search(rb'if-none-match: "(\d+)"', request, re.IGNORECASE)
    return found[1].decode() if found else None


def _response(status: str, body: bytes, edition: int) -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/rss+xml; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        f'ETag: "{edition}"\r\nLast-Modified: {formatdate(1_770_000_000 + edition, usegmt=True)}\r\n\r\n'
    )
    return head.encode() + body


def _document(kind: int, edition: int, on_deals_every: int) -> bytes:
    """The newest entry comes first."""
    first = kind * SPARE + edition
    items = [_item(number, on_deals_every) for number in reversed(range(first, first + ENTRIES))]
    return newsroom.channel(f"The Daily Ledger {kind}", items)


@cache
def _item(number: int, on_deals_every: int) -> bytes:
    return newsroom.item(newsroom.entry(number, on_deals_every))


def _socket() -> socket.socket:
    """For all loopback addresses, and for no others."""
    listening = socket.socket()
    if sys.platform == "linux":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        listening.bind(("0.0.0.0", 0))  # noqa: S104 (of the loopback device)
    else:
        listening.bind(("127.0.0.1", 0))
    return listening


async def _serve(feeds: int, on_deals_every: int) -> None:
    _Visitor.on_deals_every = on_deals_every
    for kind in range(feeds):
        _document(kind, 0, on_deals_every)
    server = await asyncio.get_running_loop().create_server(_Visitor, sock=_socket(), backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(*map(int, sys.argv[1:])))
