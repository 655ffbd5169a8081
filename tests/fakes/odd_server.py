"""A model server that answers in odd ways: as the body says."""

from __future__ import annotations

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_VERBATIM = {
    b"chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    b"until the end": b"HTTP/1.1 200 OK\r\n\r\nall",
    b"cut": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
    b"cut chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    b"mumble": b"hello\r\n\r\n",
    b"interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nafter 100",
    b"nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
    b"old": b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold",
    b"folded": b"HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\nCONTENT-LENGTH:6\r\n\r\nfolded",
    b"close": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nclose",
    b"too much": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef",
    b"type": b"HTTP/1.1 200 OK\r\ncontent-type:  text/csv; x=Y \r\nContent-Length: 1\r\n\r\n1",
    b"type chunks": b"HTTP/1.1 200 OK\r\nContent-Type: text/csv; x=Y\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n",
}
_THEN_CLOSED = {b"until the end", b"cut", b"cut chunks", b"mumble", b"old"}


class OddServer(ThreadingHTTPServer):
    """Answers as the path or the body says; counts connections and requests.

    `most_at_a_time` is how many requests it had in hand together, `closed` how many connections it has ended.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        self.connections = 0
        self.headers: list[dict[str, str]] = []
        self.most_at_a_time = 0
        self.closed = 0
        self.stopped = threading.Event()
        self._at_a_time = 0
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def begin(self, headers: dict[str, str]) -> None:
        with self._lock:
            self.headers.append(headers)
            self._at_a_time += 1
            self.most_at_a_time = max(self.most_at_a_time, self._at_a_time)

    def end(self) -> None:
        with self._lock:
            self._at_a_time -= 1

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        super().shutdown_request(request)
        with self._lock:
            self.closed += 1

    def server_close(self) -> None:
        self.stopped.set()
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: OddServer

    def do_POST(self) -> None:
        body = self.body()
        self.server.begin(dict(self.headers))
        try:
            self.answer(body)
        finally:
            self.server.end()

    def answer(self, body: bytes) -> None:
        if body == b"hang":
            self.server.stopped.wait(600)
        elif body == b"drop":
            self.close_connection = True
        elif body in _VERBATIM:
            self.wfile.write(_VERBATIM[body])
            self.close_connection = body in _THEN_CLOSED
        elif body in (b"trickle", b"stream"):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(100_000):
                self.wfile.write(b".")
                if self.server.stopped.wait(0.1 if body == b"trickle" else 0.001):
                    return
        else:
            time.sleep(0.05 if body.startswith(b"slow") else 0)
            self.whole({b"fail": 500, b"refuse": 400}.get(body, 200), body)
            self.close_connection = body == b"bye"

    def whole(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def log_message(self, *arguments: object) -> None:
        pass
