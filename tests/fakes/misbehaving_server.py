"""A model server that breaks HTTP in one of many ways, byte for byte, in its first answers or in all of them."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

OK = b"HTTP/1.1 200 OK\r\n"
CSV = b"Content-Type: text/csv\r\n"


class Close:
    """The server closes the connection."""


class Reset:
    """The server breaks the connection off (RST)."""


Step = bytes | float | type[Close] | type[Reset]
Script = Callable[[bytes], Sequence[Step]]


@dataclass(frozen=True)
class Way:
    """A way to answer: what the server sends instead of the right body.

    `why` is how the error of a failed request begins; None if the request succeeds. `cut` is the part that a client
    takes for the whole answer, if it can't notice that the rest is missing. `go` is what Go 1.19's net/http client
    returns: `body` (the right answer), `part` (a part of it, without an error) or `error`.
    """

    name: str
    script: Script
    why: str | None
    go: str
    cut: Callable[[bytes], bytes] | None = None


def _length(body: bytes, *, status: bytes = OK, of: int | bytes | None = None, more: bytes = b"") -> bytes:
    length = len(body) if of is None else of
    shown = length if isinstance(length, bytes) else b"%d" % length
    return status + CSV + b"Content-Length: " + shown + b"\r\n" + more + b"\r\n" + body


def _chunks(body: bytes) -> bytes:
    half = len(body) // 2
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part)


CHUNKED = OK + CSV + b"Transfer-Encoding: chunked\r\n\r\n"
NO_ANSWER = "the server closed the connection without an answer"
IN_HEAD = "the server closed the connection in the head of its answer"
IN_BODY = "the server closed the connection "
NO_HTTP = "the server sent something that isn't an HTTP answer"
MORE = "the server sent more than its answer"
TOO_LATE = "Model server did not respond"
NONE = b""

WAYS = (
    Way("as it should be", lambda body: [_length(body)], None, "body"),
    Way("in chunks", lambda body: [CHUNKED + _chunks(body) + b"0\r\n\r\n"], None, "body"),
    Way(
        "in chunks with a trailer",
        lambda body: [CHUNKED + _chunks(body) + b"0\r\nX-Sum: 1\r\n\r\n"],
        None,
        "body",
    ),
    Way("until the connection ends", lambda body: [OK + CSV + b"\r\n" + body, Close], None, "body"),
    Way("HTTP/1.0", lambda body: [_length(body, status=b"HTTP/1.0 200 OK\r\n"), Close], None, "body"),
    Way("HTTP/1.0 without a length", lambda body: [b"HTTP/1.0 200 OK\r\n\r\n" + body, Close], None, "body"),
    Way("a status without a phrase", lambda body: [_length(body, status=b"HTTP/1.1 200\r\n")], None, "body"),
    Way(
        "byte by byte",
        lambda body: [piece for byte in _length(body) for piece in (bytes([byte]), 0.001)],
        None,
        "body",
    ),
    Way(
        "the same length twice",
        lambda body: [_length(body, more=b"Content-Length: %d\r\n" % len(body))],
        None,
        "body",
    ),
    Way(
        "a length and chunks",
        lambda body: [
            OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + _chunks(body) + b"0\r\n\r\n"
        ],
        None,
        "body",
    ),
    Way("100 Continue first", lambda body: [b"HTTP/1.1 100 Continue\r\n\r\n" + _length(body)], None, "body"),
    Way("a long header", lambda body: [_length(body, more=b"X: " + b"x" * 100_000 + b"\r\n")], None, "body"),
    Way("closed after the answer, which does not say so", lambda body: [_length(body), Close], None, "body"),
    Way("closed before the head", lambda _: [Close], NO_ANSWER, "error"),
    Way("closed in the status line", lambda _: [b"HTTP/1.1 20", Close], IN_HEAD, "error"),
    Way("closed after the status line", lambda _: [OK, Close], IN_HEAD, "error"),
    Way("closed in the head", lambda body: [_length(body)[:60], Close], IN_HEAD, "error"),
    Way(
        "closed before the end of the head",
        lambda body: [OK + b"Content-Length: %d\r\n" % len(body), Close],
        IN_HEAD,
        "error",
    ),
    Way("closed after 100 Continue", lambda _: [b"HTTP/1.1 100 Continue\r\n\r\n", Close], IN_HEAD, "error"),
    Way("closed after the head", lambda body: [_length(b"", of=len(body)), Close], IN_BODY, "error"),
    Way("closed in the body", lambda body: [_length(body)[:-1], Close], IN_BODY, "error"),
    Way("closed in the body later", lambda body: [_length(body)[:-1], 0.05, Close], IN_BODY, "error"),
    Way("closed in a chunk", lambda body: [CHUNKED + _chunks(body)[:-3], Close], IN_BODY, "error"),
    Way(
        "closed in the size of a chunk",
        lambda body: [CHUNKED + _chunks(body) + b"5", Close],
        IN_BODY,
        "error",
    ),
    Way("without the last chunk", lambda body: [CHUNKED + _chunks(body), Close], IN_BODY, "error"),
    Way(
        "closed after the size of the last chunk",
        lambda body: [CHUNKED + _chunks(body) + b"0\r\n", Close],
        IN_BODY,
        "error",
    ),
    Way(
        "a wrong size of a chunk",
        lambda body: [CHUNKED + b"2\r\n" + body + b"\r\n0\r\n\r\n", Close],
        NO_HTTP,
        "error",
    ),
    Way(
        "a size of a chunk that is no number",
        lambda body: [CHUNKED + b"zz\r\n" + body + b"\r\n0\r\n\r\n", Close],
        NO_HTTP,
        "error",
    ),
    Way(
        "a negative size of a chunk",
        lambda body: [CHUNKED + b"-5\r\n" + body + b"\r\n0\r\n\r\n", Close],
        NO_HTTP,
        "error",
    ),
    Way("more than the length", lambda body: [_length(body, of=len(body) - 1)], MORE, "part"),
    Way(
        "more than the length, and a connection that ends",
        lambda body: [_length(body, of=1, more=b"Connection: close\r\n"), Close],
        MORE,
        "part",
    ),
    Way(
        "two lengths that differ",
        lambda body: [_length(body, more=b"Content-Length: 1\r\n")],
        NO_HTTP,
        "error",
    ),
    Way("a negative length", lambda body: [_length(body, of=b"-1"), Close], NO_HTTP, "error"),
    Way("a length that is no number", lambda body: [_length(body, of=b"some"), Close], NO_HTTP, "error"),
    Way("a length with a sign", lambda body: [_length(body, of=b"+%d" % len(body)), Close], NO_HTTP, "error"),
    Way(
        "an unknown transfer encoding",
        lambda body: [OK + b"Transfer-Encoding: gzip\r\n\r\n" + body, Close],
        NO_HTTP,
        "error",
    ),
    Way("garbage before the status line", lambda body: [b"hello\r\n" + _length(body)], NO_HTTP, "error"),
    Way("no HTTP at all", lambda body: [body, Close], NO_HTTP, "error"),
    Way(
        "a status of four digits",
        lambda body: [_length(body, status=b"HTTP/1.1 2000 OK\r\n")],
        NO_HTTP,
        "error",
    ),
    Way(
        "slower than the timeout",
        lambda body: [_length(b"", of=len(body)), *[step for _ in range(40) for step in (b"1", 0.5)]],
        TOO_LATE,
        "error",
    ),
    Way("never", lambda _: [60.0], TOO_LATE, "error"),
    Way("broken off before the answer", lambda _: [Reset], "the connection broke", "error"),
    Way(
        "broken off in the body",
        lambda body: [_length(body)[:-1], 0.05, Reset],
        "the connection broke",
        "error",
    ),
    Way(
        "broken off in a body without a length",
        lambda body: [OK + b"\r\n" + body[:-1], 0.05, Reset],
        "the connection broke",
        "error",
    ),
    Way(
        "a flood of 1xx",
        lambda body: [b"HTTP/1.1 102 Processing\r\n\r\n" * 20 + _length(body)],
        "the server sent more than 5 answers with a status of 1xx",
        "error",
    ),
    Way("a header without an end", lambda _: [OK + b"X: " + b"x" * (11 << 20), Close], NO_HTTP, "error"),
    Way("200 without a body", lambda _: [_length(b"")], None, "body", lambda _: NONE),
    Way("204", lambda _: [b"HTTP/1.1 204 No Content\r\n\r\n"], None, "body", lambda _: NONE),
    Way(
        "204 with a length",
        lambda body: [_length(b"", status=b"HTTP/1.1 204 No Content\r\n", of=len(body))],
        None,
        "body",
        lambda _: NONE,
    ),
    Way("204 with a body", lambda body: [_length(body, status=b"HTTP/1.1 204 No Content\r\n")], MORE, "part"),
    Way(
        "a redirect",
        lambda _: [b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"],
        "Bad HTTP status",
        "follows it",
    ),
    Way(
        "an upgrade",
        lambda _: [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"],
        NO_HTTP,
        "101",
    ),
    Way(
        "closed in a body without a length",
        lambda body: [OK + CSV + b"\r\n" + body[:-2], Close],
        None,
        "part",
        lambda body: body[:-2],
    ),
)


class MisbehavingServer:
    """Answers POST with `answer(body)` sent in one way, `times` times, and as it should afterwards.

    `times` None is always. `requests` counts what came whole.
    """

    def __init__(self, way: Way, answer: Callable[[bytes], bytes], times: int | None = None) -> None:
        self.requests = 0
        self._way = way
        self._answer = answer
        self._left = times
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> MisbehavingServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (body := _read_request(connection)) is not None:
                with self._lock:
                    self.requests += 1
                    odd = self._left is None or self._left > 0
                    if self._left:
                        self._left -= 1
                way = self._way if odd else WAYS[0]
                for step in way.script(self._answer(body)):
                    if isinstance(step, bytes):
                        connection.sendall(step)
                    elif isinstance(step, float):
                        if self._ended.wait(step):
                            return
                    else:
                        if step is Reset:  # no lingering: RST
                            linger = struct.pack("ii", 1, 0)
                            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                        return


def _read_request(connection: socket.socket) -> bytes | None:
    """Return the body of the next request, which has a length; None where the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    if head.startswith(b"GET"):
        return b""
    [length] = [
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    ]
    while len(body) < length:
        body += connection.recv(65536)
    return body


def main() -> None:
    """Serve each way on a port of its own, and print `port name`, for a client of another kind to be tried."""
    servers = [MisbehavingServer(way, lambda body: body) for way in WAYS]
    for way, server in zip(WAYS, servers, strict=True):
        server.__enter__()
        print(server.url, way.go, way.name, sep="\t", flush=True)  # noqa: T201 - for that client
    time.sleep(600)


if __name__ == "__main__":
    main()
