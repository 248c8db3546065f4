"""A small HTTP/1.1 server on loopback, for the stand-ins."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

import h11


@dataclass(frozen=True)
class Request:
    """What a client asked. ``headers`` has its names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """What it is told."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpServer:
    """Answers every request on a free loopback port with ``answer(request)``, connections kept alive.

    An answer of None closes the connection without a word. An exception of ``answer`` is raised on leaving.
    """

    def __init__(self, answer: Callable[[Request], Awaitable[Response | None]]) -> None:
        self._answer = answer
        self._connections: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        outcomes = await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        for mistake in (outcome for outcome in outcomes if isinstance(outcome, Exception)):
            raise mistake

    @property
    def url(self) -> str:
        """The server's address, without a trailing slash."""
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        with contextlib.closing(writer), contextlib.suppress(ConnectionError, h11.RemoteProtocolError):
            while request := await _receive(connection, reader):
                response = await self._answer(request)
                if response is None:
                    return
                writer.write(_encode(connection, response))
                await writer.drain()
                if connection.our_state is h11.MUST_CLOSE:
                    return
                connection.start_next_cycle()


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
            return Request(head.method.decode(), head.target.decode(), headers, bytes(body))
        else:
            return None


def _encode(connection: h11.Connection, response: Response) -> bytes:
    headers = {**response.headers, "content-length": str(len(response.body))}
    events = (
        h11.Response(status_code=response.status, headers=list(headers.items())),
        h11.Data(response.body),
        h11.EndOfMessage(),
    )
    return b"".join(connection.send(event) or b"" for event in events)
