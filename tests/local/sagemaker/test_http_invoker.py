from __future__ import annotations

import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from batch_transform.engine.batches import LargeBody
from batch_transform.job.errors import NoModelAnswerError
from batch_transform.local.sagemaker.http_invoker import HttpInvoker
from fakes.misbehaving_server import Close, MisbehavingServer, Way
from fakes.odd_server import OddServer
from patience import PATIENCE_SECONDS


def body_of(invoker: HttpInvoker, body: bytes, timeout: float = PATIENCE_SECONDS) -> bytes:
    return invoker.invoke(body, content_type="text/csv", accept=None, timeout=timeout).body


def test_one_connection_serves_one_request_after_another(server: OddServer, invoker: HttpInvoker) -> None:
    assert [body_of(invoker, b"%d" % number) for number in range(20)] == [
        b"%d" % number for number in range(20)
    ]
    assert server.connections == 1


def test_a_header_that_was_not_given_is_not_sent(server: OddServer, invoker: HttpInvoker) -> None:
    invoker.invoke(b"x", content_type=None, accept=None, timeout=PATIENCE_SECONDS)
    assert {"Content-Type", "Accept"}.isdisjoint(server.headers[0])
    invoker.invoke(b"x", content_type="text/csv", accept="application/json", timeout=PATIENCE_SECONDS)
    assert (server.headers[1]["Content-Type"], server.headers[1]["Accept"]) == (
        "text/csv",
        "application/json",
    )


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"chunks", b"abcde"),
        (b"until the end", b"all"),
        (b"", b""),
        (b"interim", b"after 100"),
        (b"nothing", b""),
        (b"old", b"old"),
        (b"folded", b"folded"),
        (b"close", b"close"),
    ],
)
def test_an_answer_is_read_however_its_length_is_given(
    invoker: HttpInvoker, body: bytes, answer: bytes
) -> None:
    assert body_of(invoker, body) == answer
    assert body_of(invoker, b"next") == b"next"


def test_a_large_body_is_sent_and_received(invoker: HttpInvoker) -> None:
    body = bytes(range(256)) * 40_000
    assert body_of(invoker, body) == body


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_QUICKACK is Linux's")
def test_a_server_that_writes_headers_and_body_separately_is_not_kept_waiting(invoker: HttpInvoker) -> None:
    took = []
    for _ in range(40):
        started = time.perf_counter()
        body_of(invoker, b"x")
        took.append(time.perf_counter() - started)
    assert statistics.median(took) < 0.02  # 0.044 with delayed acknowledgements


@pytest.mark.parametrize("value", ["text/csv\r\nX: y", "text/csv\n"])
def test_fails_for_a_header_with_a_line_break(invoker: HttpInvoker, value: str) -> None:
    with pytest.raises(ValueError, match="a header must not contain a line break"):
        invoker.invoke(b"x", content_type=value, accept=None, timeout=PATIENCE_SECONDS)


def test_the_content_type_is_returned_however_the_answer_is_read(
    server: OddServer, invoker: HttpInvoker
) -> None:
    for body in (b"type", b"type chunks"):
        reply = invoker.post(body, content_type=None, accept=None, timeout=PATIENCE_SECONDS)
        assert (reply.body, reply.content_type) == (b"1", "text/csv; x=Y")
    assert server.connections == 1


def test_a_header_on_two_lines_is_read_completely() -> None:
    folded = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv;\r\n charset=utf-8\r\nContent-Length: 1\r\n\r\n1"
    with (
        MisbehavingServer(Way("folded", lambda _: [folded], None, "body"), bytes) as server,
        closing(HttpInvoker(server.url)) as invoker,
    ):
        assert invoker.post(b"x", content_type=None, accept=None, timeout=PATIENCE_SECONDS).content_type == (
            "text/csv; charset=utf-8"
        )


@pytest.mark.parametrize("digits", [19, 5_000])
def test_fails_for_an_impossible_length(digits: int) -> None:
    """Python raises an unexpected error for a number with more than 4,300 digits."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * digits + b"\r\n\r\n1"
    with (
        MisbehavingServer(Way("long", lambda _: [head, Close], "", "error"), bytes) as server,
        closing(HttpInvoker(server.url)) as invoker,
        pytest.raises(NoModelAnswerError),
    ):
        body_of(invoker, b"x")


def test_fails_for_a_second_length_after_a_bare_newline() -> None:
    head = b"HTTP/1.1 200 OK\r\nX: 1\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nabc"
    with (
        MisbehavingServer(Way("newline", lambda _: [head, Close], "", "error"), bytes) as server,
        closing(HttpInvoker(server.url)) as invoker,
        pytest.raises(NoModelAnswerError),
    ):
        body_of(invoker, b"x")


def test_any_status_is_an_answer(invoker: HttpInvoker) -> None:
    assert invoker.invoke(b"fail", content_type=None, accept=None, timeout=PATIENCE_SECONDS).status == 500


def test_a_connection_that_the_server_closed_while_idle_is_not_a_failure(
    server: OddServer, invoker: HttpInvoker
) -> None:
    assert body_of(invoker, b"bye") == b"bye"
    while not server.closed:
        time.sleep(0.01)
    assert body_of(invoker, b"again") == b"again"
    assert server.connections == 2


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"drop", "the server closed the connection without an answer"),
        (b"cut", "the server closed the connection after 5 of 10 bytes of its answer"),
        (b"cut chunks", "the server closed the connection in the middle of its answer"),
        (b"too much", "the server sent more than its answer of 3 bytes: b'def'"),
        (b"mumble", "the server sent something that isn't an HTTP answer: .*hello"),
    ],
)
def test_fails_when_the_connection_ends_before_the_answer_does(
    invoker: HttpInvoker, body: bytes, why: str
) -> None:
    with pytest.raises(NoModelAnswerError, match=f"^{why}"):
        body_of(invoker, body)


@pytest.mark.parametrize("body", [b"hang", b"trickle", b"stream"])
def test_fails_after_the_time_limit(invoker: HttpInvoker, body: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(NoModelAnswerError, match=r"^no complete answer within 0.5 s$"):
        body_of(invoker, body, timeout=0.5)
    assert time.monotonic() - started < PATIENCE_SECONDS  # the server is silent for longer


def test_fails_when_nothing_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but it does not listen
        with pytest.raises(NoModelAnswerError, match=r"^nothing listens on 127\.0\.0\.1:\d+ any more$"):
            body_of(HttpInvoker(f"http://127.0.0.1:{taken.getsockname()[1]}"), b"x")


def test_an_interrupt_ends_requests_in_flight_and_refuses_new_ones(
    server: OddServer, invoker: HttpInvoker
) -> None:
    failures: list[NoModelAnswerError] = []

    def call() -> None:
        try:
            body_of(invoker, b"hang", timeout=600)
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
        caller.join(PATIENCE_SECONDS)
    assert len(failures) == 3
    assert time.monotonic() - started < PATIENCE_SECONDS  # the server is silent for longer
    with pytest.raises(NoModelAnswerError):
        body_of(invoker, b"new")


def test_a_body_in_pieces_of_unknown_size_is_sent_in_chunks(server: OddServer, invoker: HttpInvoker) -> None:
    chunks = (b"x" * 100_000 for _ in range(30))
    answer = invoker.invoke(chunks, content_type="text/csv", accept=None, timeout=PATIENCE_SECONDS)
    assert answer.body == b"x" * 3_000_000
    assert server.headers[0]["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in server.headers[0]


def test_a_body_in_pieces_of_known_size_is_sent_with_its_length(
    server: OddServer, invoker: HttpInvoker
) -> None:
    body = LargeBody([b"x" * 100_000, b"", b"y"])
    answer = invoker.invoke(body, content_type="text/csv", accept=None, timeout=PATIENCE_SECONDS)
    assert answer.body == b"x" * 100_000 + b"y"
    assert server.headers[0]["Content-Length"] == "100001"


@pytest.mark.parametrize("error", [ValueError, OSError])
def test_raises_the_error_of_a_body_that_cannot_be_read(invoker: HttpInvoker, error: type[Exception]) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise error("no more input")

    with pytest.raises(error, match="no more input"):
        invoker.invoke(broken(), content_type=None, accept=None, timeout=PATIENCE_SECONDS)
    assert body_of(invoker, b"next") == b"next"
