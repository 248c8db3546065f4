"""A small HTTP/1.1 server on loopback, for the stand-ins."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Self

import h11


@dataclass(frozen=True)
class Request:
    """What a client asked. ``headers`` has its names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    gone: Callable[[], bool]
    """Whether the client has closed the connection since."""


@dataclass(frozen=True)
class Response:
    """What it is told. A halved one promises its whole body and breaks off in the middle."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    halved: bool = False


class Cut(Enum):
    """What comes instead of a response."""

    RESET = "TCP RST"


RESET = Cut.RESET
Answer = Response | Cut | None


class HttpServer:
    """Answers every request on a free loopback port with ``answer(request)``, connections kept alive.

    An answer of None closes the connection without a word, RESET resets it. An exception of ``answer`` is raised on
    leaving.
    """

    def __init__(self, answer: Callable[[Request], Awaitable[Answer]]) -> None:
        self._answer = answer
        self._connections: set[asyncio.Task[None]] = set()
        self._mistakes: list[BaseException] = []

    async def __aenter__(self) -> Self:
        self._place = _bound()  # never listens: it keeps the port for us while the server is down
        await self.come_back()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.go_down()
        self._place.close()
        for mistake in self._mistakes:
            raise mistake

    @property
    def url(self) -> str:
        """The server's address, without a trailing slash."""
        host, port = self._place.getsockname()
        return f"http://{host}:{port}"

    async def go_down(self) -> None:
        """Cut every connection and refuse new ones, until :meth:`come_back`."""
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def come_back(self) -> None:
        """Listen, at the same port as before."""
        self._server = await asyncio.start_server(self._connected, sock=_bound(self._place.getsockname()[1]))

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._ended)

    def _ended(self, connection: asyncio.Task[None]) -> None:
        self._connections.discard(connection)
        if not connection.cancelled() and (mistake := connection.exception()):
            self._mistakes.append(mistake)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, h11.RemoteProtocolError):
            while request := await _receive(connection, reader):
                response = await self._answer(request)
                if not isinstance(response, Response):
                    _cut(writer, response)
                    return
                writer.write(_encode(connection, response))
                await writer.drain()
                if response.halved or connection.our_state is h11.MUST_CLOSE:
                    return
                connection.start_next_cycle()


def _bound(port: int = 0) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _cut(writer: asyncio.StreamWriter, how: Cut | None) -> None:
    if how is RESET:
        at_once = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        writer.transport.abort()


async def _receive(connection: h11.Connection, reader: asyncio.StreamReader) -> Request | None:
    """The next request, or None when the client has closed the connection."""
    head, body = None, bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and head:
            headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
            gone = partial(_is_gone, reader)
            return Request(head.method.decode(), head.target.decode(), headers, bytes(body), gone)
        else:
            return None


def _is_gone(reader: asyncio.StreamReader) -> bool:
    return reader.at_eof() or reader.exception() is not None


def _encode(connection: h11.Connection, response: Response) -> bytes:
    headers = {**response.headers, "content-length": str(len(response.body))}
    head = connection.send(h11.Response(status_code=response.status, headers=list(headers.items()))) or b""
    if response.halved:
        return head + response.body[: len(response.body) // 2]
    return b"".join((head, connection.send(h11.Data(response.body)) or b"", connection.send(h11.EndOfMessage()) or b""))
