"""A web server on loopback that answers exactly the bytes a test wants, however odd."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


class Web:
    """Answers each path with the bytes set for it, and keeps the requests that came."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self._answers: dict[str, Answer] = {}
        self._port = 0

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self._port}{path}"

    def at(self, path: str, answer: Answer) -> str:
        """Answer ``path`` so from now on; returns its address."""
        self._answers[path] = answer
        return self.url(path)

    def headers(self, request: int = -1) -> dict[bytes, bytes]:
        """The headers of a request, names in lower case."""
        lines = self.requests[request].split(b"\r\n")[1:-2]
        return {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(request)
            answer = self._answers[request.split()[1].decode()]
            if isinstance(answer, bytes):
                writer.write(answer)
            else:
                await answer(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up, as some tests want it to
        finally:
            writer.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()


def http(body: bytes = b"", *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole HTTP answer, after which the connection closes."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
