"""A feed server in a process of its own, so that its work does not count as the program's.

Run as ``python -m benchmarks.newsstand`` it prints its port and serves until it is stopped.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

from benchmarks import newsroom

ENTRIES = 50


@contextmanager
def newsstand() -> Iterator[str]:
    """Gives the server's address.

    ``/50`` is a feed with 50 entries that are fresh at every visit, and so on; ``/0`` answers 304 from the second visit
    on.
    """
    command = [sys.executable, "-m", "benchmarks.newsstand"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 (this very file)
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


class _Visitor(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    visits: ClassVar = Counter[str]()

    def do_GET(self) -> None:
        fresh = int(self.path.removeprefix("/"))
        if not fresh and "If-None-Match" in self.headers:
            self._answer(304, b"")
            return
        first = self.visits[self.path] * fresh
        self.visits[self.path] += 1
        self._answer(200, newsroom.rss(newsroom.feed_page(first, ENTRIES)))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"edition"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    with HTTPServer(("127.0.0.1", 0), _Visitor) as server:
        print(server.server_port, flush=True)
        server.serve_forever()
