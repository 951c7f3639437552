"""A web server on the loopback that serves one file in whatever broken way a test asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Exchange"], None]


class Exchange(BaseHTTPRequestHandler):
    """One request and what is answered."""

    server: FileServer

    def do_GET(self) -> None:
        self.server.ranges.append(self.headers.get("Range"))
        answers = self.server.answers
        (answers.pop(0) if answers else whole_or_range)(self)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""

    @property
    def body(self) -> bytes:
        return self.server.body

    @property
    def offset(self) -> int:
        wanted = self.headers.get("Range")
        return int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0

    def head(self, code: int, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class FileServer(ThreadingHTTPServer):
    """Serves ``body``; each entry of ``answers`` stands in for one request."""

    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.body = body
        self.answers: list[Answer] = []
        self.ranges: list[str | None] = []
        self.let_go = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/file.whl"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is part of the tests."""


def whole_or_range(exchange: Exchange) -> None:
    total = len(exchange.body)
    rest = exchange.body[exchange.offset :]
    headers = {"Content-Length": str(len(rest))}
    if exchange.offset:
        headers["Content-Range"] = f"bytes {exchange.offset}-{total - 1}/{total}"
    exchange.head(206 if exchange.offset else 200, headers)
    exchange.wfile.write(rest)


def whole(exchange: Exchange) -> None:
    """Ignore the range, as simple servers do."""
    exchange.head(200, {"Content-Length": str(len(exchange.body))})
    exchange.wfile.write(exchange.body)


def wrong_range(exchange: Exchange) -> None:
    total = len(exchange.body)
    headers = {"Content-Length": str(total - exchange.offset)}
    headers["Content-Range"] = f"bytes 0-{total - 1}/{total}"
    exchange.head(206, headers)
    exchange.wfile.write(exchange.body[exchange.offset :])


def stops_after(count: int) -> Answer:
    """Send that many of the promised bytes and hang up."""

    def answer(exchange: Exchange) -> None:
        rest = exchange.body[exchange.offset :]
        exchange.head(200, {"Content-Length": str(len(rest))})
        exchange.wfile.write(rest[:count])

    return answer


def stalls_after(count: int) -> Answer:
    """Send that many bytes, then nothing until the test lets go."""

    def answer(exchange: Exchange) -> None:
        exchange.head(200, {"Content-Length": str(len(exchange.body))})
        exchange.wfile.write(exchange.body[:count])
        exchange.wfile.flush()
        exchange.server.let_go.wait(30)

    return answer


def refuses(code: int) -> Answer:
    def answer(exchange: Exchange) -> None:
        exchange.head(code, {"Content-Length": "0"})

    return answer
