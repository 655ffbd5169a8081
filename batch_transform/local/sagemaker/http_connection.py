"""One connection to a model server. Common answers are read here, all others by h11.

A library needs 60 µs of CPU time for a small request, most of it for the headers of the answer. An HTTP/1.1 answer
with a Content-Length, as nearly all answers are, can be read for much less. Both readers are strict: a truncated or
contradictory answer is an error. Python's http.client accepts a truncated head as an empty answer, and uses the first
of two different lengths.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import select
import socket
import sys
import time
from typing import NamedTuple

import h11

_FIRST = 64 * 1024  # bytes of an answer to read first: most answers are complete then
_PIECE = 1 << 20  # bytes of a longer answer to read at a time
_MOST_INTERIM = 5  # 1xx answers before the final one; Go's client has the same limit
_LONGEST_HEAD = 10 << 20  # bytes, as in Go's client
_NO_BODY = (204, 304)
_SMALL = 64 * 1024  # bytes; a body up to this size is sent together with its headers


class BrokenAnswerError(http.client.HTTPException):
    """When a server's answer is incomplete or invalid; `str()` says why."""


class Reply(NamedTuple):
    """A server's answer. The content type is None when the answer has no Content-Type."""

    status: int
    body: bytes
    content_type: str | None


class _Head(NamedTuple):
    """What the headers of a common answer say."""

    status: int
    length: int
    content_type: str | None
    is_kept: bool


class Connection:
    """A connection, with one request in flight at a time. Not thread safe, except for `interrupt`.

    `deadline` applies to the whole request, on the clock of `time.monotonic`; after it, TimeoutError is raised. Every
    failure is an OSError or an http.client.HTTPException, and the connection can't be used any more. `is_reusable` says
    whether another request may follow an answer.
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._socket = socket.create_connection((host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)
        self._head = b""  # the last head that was read: a server's heads are mostly the same
        self._parsed = _Head(0, 0, None, is_kept=True)
        self.fileno = self._socket.fileno()
        self.is_reusable = True

    @property
    def is_idle(self) -> bool:
        """False when there is something to read, which can only be the end of the connection: no request was sent."""
        return not self._readable.poll(0)

    def send(self, head: bytes, body: bytes, deadline: float) -> None:
        """Send a request."""
        if len(body) <= _SMALL:
            self.send_bytes(head + body, deadline)
        else:
            self.send_bytes(head, deadline)
            self.send_bytes(body, deadline)

    def send_bytes(self, data: bytes, deadline: float) -> None:
        """Send some bytes of a request."""
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        if sent == len(data):
            return
        left = memoryview(data)[sent:]
        writable = select.poll()
        writable.register(self._socket, select.POLLOUT)
        while left:
            _wait(writable, deadline)
            with contextlib.suppress(BlockingIOError):  # less room than announced: wait again
                left = left[self._socket.send(left) :]

    def receive(self, deadline: float) -> Reply:
        """Wait for the answer and return all of it."""
        _wait(self._readable, deadline)
        return self.received(deadline)

    def received(self, deadline: float) -> Reply:
        """Return the answer. Its first bytes have arrived: the socket is readable."""
        data = self._socket.recv(_FIRST)
        end = data.find(b"\r\n\r\n")
        head = data[:end] if end > 0 else b""
        if not head or (head != self._head and not self._learn(head)):
            return self._any_reply(data, deadline)
        status, length, content_type, self.is_reusable = self._parsed
        body = data[end + 4 :]
        if len(body) != length:
            body = self._rest(body, length, deadline)
        return Reply(status, body, content_type)

    def interrupt(self) -> None:
        """End the request in flight, from any thread."""
        with contextlib.suppress(OSError):  # it has ended by itself
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _learn(self, head: bytes) -> bool:
        """Parse and remember a head. Return False when it is not a common one."""
        parsed = _parsed(head)
        if parsed is not None:
            self._head, self._parsed = head, parsed
        return parsed is not None

    def _rest(self, begun: bytes, length: int, deadline: float) -> bytes:
        """Return the whole body, given its first bytes."""
        _require_no_more(begun[length:], length)
        body = io.BytesIO()  # grows in place, and returns its bytes without a copy
        body.write(begun)
        left = length - len(begun)
        _acknowledge(self._socket)
        while left:
            _wait(self._readable, deadline)
            piece = self._socket.recv(min(left, _PIECE))
            if not piece:
                raise http.client.IncompleteRead(body.getvalue(), left)
            body.write(piece)
            left -= len(piece)
        if self._readable.poll(0):  # the connection has ended, or there is more than the answer
            self.is_reusable = False
            with contextlib.suppress(OSError):
                _require_no_more(self._socket.recv(_FIRST), length)
        return body.getvalue()

    def _any_reply(self, begun: bytes, deadline: float) -> Reply:
        """Read an answer of any form, given its first bytes; there are none if the connection has ended."""
        if not begun:
            raise http.client.RemoteDisconnected("no answer")
        self.is_reusable = False  # until the end of this answer is known
        reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        for sent in _REQUEST:
            reader.send(sent)
        head: h11.Response | None = None
        body = io.BytesIO()
        interim, has_ended = 0, False
        try:
            reader.receive_data(begun)
            while not isinstance(event := reader.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    _acknowledge(self._socket)
                    _wait(self._readable, deadline)
                    piece = self._socket.recv(_PIECE)
                    has_ended = not piece
                    reader.receive_data(piece)
                elif isinstance(event, h11.Data):
                    body.write(event.data)
                elif isinstance(event, h11.Response):
                    head = event
                else:
                    interim += 1
                    if interim > _MOST_INTERIM:
                        raise BrokenAnswerError(
                            f"the server sent more than {_MOST_INTERIM} answers with a status of 1xx"
                        )
        except h11.RemoteProtocolError as error:
            cut = _where_cut(head, begun, body.tell()) if has_ended else None
            raise BrokenAnswerError(
                cut
                or f"the server sent something that isn't an HTTP answer: {error}; it begins with {begun[:60]!r}"
            ) from error
        assert head is not None  # noqa: S101  # it comes before the end of the message
        _require_no_more(reader.trailing_data[0], body.tell())
        self.is_reusable = reader.our_state is h11.DONE and reader.their_state is h11.DONE
        content_type = dict(head.headers).get(b"content-type")
        return Reply(
            head.status_code,
            body.getvalue(),
            content_type.decode("latin-1") if content_type is not None else None,
        )


_REQUEST = (
    h11.Request(method="POST", target="/invocations", headers=[("Host", "model"), ("Content-Length", "0")]),
    h11.EndOfMessage(),
)
"""What h11 needs to know about the request: it is complete, and its answer may have a body."""


def _where_cut(head: h11.Response | None, begun: bytes, got: int) -> str | None:
    """Say where an answer was cut off; None when it isn't an answer at all."""
    if head is not None:
        return (
            f"the server closed the connection in the middle of its answer, after {got:,} bytes of its body"
        )
    if not begun.startswith(b"HTTP/"[: len(begun)]):
        return None
    return f"the server closed the connection in the head of its answer: {begun[:60]!r}"


def _require_no_more(more: bytes, length: int) -> None:
    """Raise BrokenAnswerError when there is more than the stated length: the result would be incomplete.

    Go's client accepts the first part and drops the rest. Bytes that arrive after the answer are not detected.
    """
    if more:
        raise BrokenAnswerError(
            f"the server sent more than its answer of {length:,} bytes: {more[:60]!r}; its Content-Length or its "
            "status is wrong"
        )


def _parsed(head: bytes) -> _Head | None:
    """Parse a head, without the empty line after it; None when h11 has to read the answer."""
    lower = head.lower()
    if not head.startswith(b"HTTP/1.1 ") or b"\r\ntransfer-encoding:" in lower or b"\n " in lower:
        return None
    status, length = lower[9:12], _value(lower, b"content-length")
    if not status.isdigit() or lower[12:13] not in (b" ", b"\r", b"") or status < b"200":
        return None  # 1xx is not the final answer
    if length is None or not length.isdigit() or len(length) > 18 or lower.count(b"\r\ncontent-length:") > 1:
        return None
    if lower.count(b"\n") != lower.count(b"\r\n"):
        return None  # a line that ends with a newline only may hide any of these headers
    content_type = _value(head, b"content-type", lower)
    return _Head(
        int(status),
        0 if int(status) in _NO_BODY else int(length),  # even if they have a Content-Length
        content_type.decode("latin-1") if content_type else None,
        is_kept=_value(lower, b"connection") in (None, b"keep-alive"),
    )


def _value(head: bytes, name: bytes, lower: bytes | None = None) -> bytes | None:
    """Return the value of a header. `name` and `lower` are in lower case; without `lower`, so is `head`."""
    at = (lower or head).find(b"\r\n" + name + b":")
    if at < 0:
        return None
    start = at + len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()


def _acknowledge(sock: socket.socket) -> None:
    """Acknowledge the headers at once, so that the server does not wait before it sends the body.

    A server that writes headers and body separately, as Python's http.server does, waits for the acknowledgement
    because of Nagle's algorithm, and the system otherwise delays it by 40 ms. Linux sends it when this option is set,
    and resets the option.
    """
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _wait(poll: select.poll, deadline: float) -> None:
    if not poll.poll(_left(deadline) * 1000):
        raise TimeoutError


def _left(deadline: float) -> float:
    """Return the seconds until the deadline. Raises TimeoutError after it."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
