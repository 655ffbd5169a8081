from __future__ import annotations

import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from batch_transform.local.sagemaker.http_invoker import HttpInvoker
from batch_transform.spec.errors import NoModelAnswerError


class Server(ThreadingHTTPServer):
    """Answers as the path or the body says; counts the connections that it accepted."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        self.connections = 0
        self.headers: list[dict[str, str]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.body()
        self.server.headers.append(dict(self.headers))
        if body == b"hang":
            time.sleep(30)
        elif body == b"drop":
            self.close_connection = True
        elif body == b"chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        elif body == b"until the end":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"all")
            self.close_connection = True
        elif body == b"cut":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"12345")
            self.close_connection = True
        elif body == b"cut chunks":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5\r\nabc")
            self.close_connection = True
        elif body == b"mumble":
            self.wfile.write(b"hello\r\n\r\n")
            self.close_connection = True
        elif body == b"trickle":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            for _ in range(100):
                self.wfile.write(b".")
                time.sleep(0.1)
        else:
            self.send_response(500 if body == b"fail" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = body == b"bye"

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


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def invoker(server: Server) -> Iterator[HttpInvoker]:
    made = HttpInvoker(server.url)
    yield made
    made.close()


def body_of(invoker: HttpInvoker, body: bytes, timeout: float = 10) -> bytes:
    return invoker.invoke(body, content_type="text/csv", accept=None, timeout=timeout).body


def test_one_connection_serves_one_request_after_another(server: Server, invoker: HttpInvoker) -> None:
    assert [body_of(invoker, b"%d" % number) for number in range(20)] == [
        b"%d" % number for number in range(20)
    ]
    assert server.connections == 1


def test_a_header_that_was_not_given_is_not_sent(server: Server, invoker: HttpInvoker) -> None:
    invoker.invoke(b"x", content_type=None, accept=None, timeout=10)
    assert {"Content-Type", "Accept"}.isdisjoint(server.headers[0])
    invoker.invoke(b"x", content_type="text/csv", accept="application/json", timeout=10)
    assert (server.headers[1]["Content-Type"], server.headers[1]["Accept"]) == (
        "text/csv",
        "application/json",
    )


@pytest.mark.parametrize(("body", "answer"), [(b"chunks", b"abcde"), (b"until the end", b"all"), (b"", b"")])
def test_an_answer_is_read_however_its_end_is_told(invoker: HttpInvoker, body: bytes, answer: bytes) -> None:
    assert body_of(invoker, body) == answer
    assert body_of(invoker, b"next") == b"next"


def test_a_large_body_goes_there_and_back(invoker: HttpInvoker) -> None:
    body = bytes(range(256)) * 40_000
    assert body_of(invoker, body) == body


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_QUICKACK is Linux's")
def test_a_server_that_writes_headers_and_body_apart_is_not_kept_waiting(invoker: HttpInvoker) -> None:
    took = []
    for _ in range(40):
        started = time.perf_counter()
        body_of(invoker, b"x")
        took.append(time.perf_counter() - started)
    assert statistics.median(took) < 0.02  # 0.044 with acknowledgements that are put off


def test_any_status_is_an_answer(invoker: HttpInvoker) -> None:
    assert invoker.invoke(b"fail", content_type=None, accept=None, timeout=10).status == 500


def test_a_connection_that_the_server_closed_while_idle_is_no_failure(
    server: Server, invoker: HttpInvoker
) -> None:
    assert body_of(invoker, b"bye") == b"bye"
    time.sleep(0.1)
    assert body_of(invoker, b"again") == b"again"
    assert server.connections == 2


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"drop", "the server closed the connection without an answer"),
        (b"cut", "the server closed the connection after 5 of 10 bytes of its answer"),
        (b"cut chunks", "the server closed the connection in the middle of its answer"),
        (b"mumble", "what the server sent is no HTTP answer: .*hello"),
    ],
)
def test_fails_when_the_connection_ends_before_the_answer_does(
    invoker: HttpInvoker, body: bytes, why: str
) -> None:
    with pytest.raises(NoModelAnswerError, match=f"^{why}"):
        body_of(invoker, body)


@pytest.mark.parametrize("body", [b"hang", b"trickle"])
def test_fails_when_the_time_is_over(invoker: HttpInvoker, body: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(NoModelAnswerError, match=r"^nothing whole came within 0.5 s$"):
        body_of(invoker, body, timeout=0.5)
    assert time.monotonic() - started < 5


def test_fails_when_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but it does not listen
        with pytest.raises(NoModelAnswerError, match=r"^nobody listens at 127\.0\.0\.1:\d+ any more$"):
            body_of(HttpInvoker(f"http://127.0.0.1:{taken.getsockname()[1]}"), b"x")


def test_an_interrupt_ends_requests_in_flight_and_refuses_new_ones(
    server: Server, invoker: HttpInvoker
) -> None:
    failures: list[NoModelAnswerError] = []

    def call() -> None:
        try:
            body_of(invoker, b"hang", timeout=30)
        except NoModelAnswerError as error:
            failures.append(error)

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    while len(server.headers) < 3:
        time.sleep(0.01)
    started = time.monotonic()
    invoker.interrupt()
    for caller in callers:
        caller.join(10)
    assert len(failures) == 3
    assert time.monotonic() - started < 5
    with pytest.raises(NoModelAnswerError):
        body_of(invoker, b"new")


def test_a_body_that_is_no_bytes_is_sent_in_chunks(server: Server, invoker: HttpInvoker) -> None:
    chunks = (b"x" * 100_000 for _ in range(30))
    answer = invoker.invoke(chunks, content_type="text/csv", accept=None, timeout=10)
    assert answer.body == b"x" * 3_000_000
    assert server.headers[0]["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in server.headers[0]


@pytest.mark.parametrize("error", [ValueError, OSError])
def test_fails_as_its_source_does_when_a_body_ends_in_the_middle(
    invoker: HttpInvoker, error: type[Exception]
) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise error("no more input")

    with pytest.raises(error, match="no more input"):
        invoker.invoke(broken(), content_type=None, accept=None, timeout=10)
    assert body_of(invoker, b"next") == b"next"
