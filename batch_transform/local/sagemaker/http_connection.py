"""One connection to a model server. The usual answer is read here, any other by Python's http.client.

http.client takes 60 µs of a core for a small request, most of them for the headers of the answer. An answer
of HTTP/1.1 with a Content-Length needs little of that, and nearly all answers are such.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import select
import socket
import sys
import time
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_FIRST = 64 * 1024  # bytes of an answer that are read at once: most are whole then
_PIECE = 1 << 20  # bytes of a longer one that are read at a time
_SMALL = 64 * 1024  # bytes of a body up to which it is copied behind its headers, to be sent at once


class Reply(NamedTuple):
    """What a server answered, with its Content-Type, None when it named none."""

    status: int
    body: bytes
    content_type: str | None


class _Head(NamedTuple):
    """What the headers of a usual answer say."""

    status: int
    length: int
    content_type: str | None


class Connection:
    """A connection, with one request on its way at a time. Not thread safe, apart from `interrupt`.

    `deadline` is that of the whole request, on the clock of `time.monotonic`; past it, TimeoutError is
    raised. Whatever breaks is an OSError or an http.client.HTTPException, and the connection is then of no
    more use. `is_reusable` says whether another request may follow an answer.
    """

    def __init__(self, host: str, port: int, timeout: float) -> None:
        self._socket = socket.create_connection((host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)
        self._head = b""  # the last head that was read, since a server's heads are much alike
        self._said = _Head(0, 0, None)
        self.fileno = self._socket.fileno()
        self.is_reusable = True

    @property
    def is_idle(self) -> bool:
        """False when there is something to read: the end of it, since nobody asked for an answer."""
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
            with contextlib.suppress(BlockingIOError):  # less room than was promised: wait again
                left = left[self._socket.send(left) :]

    def receive(self, deadline: float) -> Reply:
        """Wait for the answer and return it whole."""
        _wait(self._readable, deadline)
        return self.received(deadline)

    def received(self, deadline: float) -> Reply:
        """Return the answer, which has begun to come: the socket is readable."""
        data = self._socket.recv(_FIRST)
        end = data.find(b"\r\n\r\n")
        head = data[:end] if end > 0 else b""
        if not head or (head != self._head and not self._learn(head)):
            return self._any_reply(data, deadline)
        status, length, content_type = self._said
        body = data[end + 4 :]
        if len(body) != length:
            body = self._rest(body, length, deadline)
        return Reply(status, body, content_type)

    def interrupt(self) -> None:
        """End the request on its way, from any thread."""
        with contextlib.suppress(OSError):  # it ended by itself meanwhile
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _learn(self, head: bytes) -> bool:
        """Remember what a head says; say whether it is a usual one."""
        said = _said(head)
        if said is not None:
            self._head, self._said = head, said
        return said is not None

    def _rest(self, begun: bytes, length: int, deadline: float) -> bytes:
        """Return the body of which the first bytes are here."""
        if len(begun) > length:
            self.is_reusable = False  # more than the answer: nobody can tell where the next one would begin
            return begun[:length]
        body = io.BytesIO()  # grows in place, and gives its bytes away without a copy
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
        return body.getvalue()

    def _any_reply(self, begun: bytes, deadline: float) -> Reply:
        """Read an answer of whatever form, of which the first bytes are here."""
        _acknowledge(self._socket)
        self._socket.settimeout(_left(deadline))
        # HTTPResponse asks for nothing but `makefile`.
        response = http.client.HTTPResponse(cast("socket.socket", _Begun(begun, self._socket)))
        try:
            response.begin()
            body = _read(response, self._socket, deadline)
        finally:
            response.close()
        self._socket.setblocking(False)
        self.is_reusable = not response.will_close
        return Reply(response.status, body, response.headers.get("Content-Type"))


class _Begun(io.RawIOBase):
    """A socket's stream of which the first bytes were read already."""

    def __init__(self, begun: bytes, sock: socket.socket) -> None:
        self._begun = begun
        self._is_at_end = not begun
        self._socket = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        """The stream, as a socket gives it."""
        del mode
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        if self._begun:
            some, self._begun = self._begun[: len(view)], self._begun[len(view) :]
            view[: len(some)] = some
            return len(some)
        return 0 if self._is_at_end else self._socket.recv_into(view)


def _said(head: bytes) -> _Head | None:
    """What a head says, without the empty line after it; None where it is for http.client to tell."""
    lower = head.lower()
    if not lower.startswith(b"http/1.1 ") or b"\r\ntransfer-encoding:" in lower or b"\n " in lower:
        return None
    status, length = lower[9:12], _value(lower, b"content-length")
    kept = _value(lower, b"connection") in (None, b"keep-alive")
    if not status.isdigit() or status < b"200" or status in (b"204", b"304") or not kept:
        return None  # 1xx is no answer yet, 204 and 304 have no body whatever they say
    if length is None or not length.isdigit() or len(length) > 18 or lower.count(b"\r\ncontent-length:") > 1:
        return None
    content_type = _value(head, b"content-type", lower)
    return _Head(int(status), int(length), content_type.decode("latin-1") if content_type else None)


def _value(head: bytes, name: bytes, lower: bytes | None = None) -> bytes | None:
    """The value of a header. `name` is in lower case, and so are `lower` and, without it, `head`."""
    at = (lower or head).find(b"\r\n" + name + b":")
    if at < 0:
        return None
    start = at + len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()


def _read(response: http.client.HTTPResponse, sock: socket.socket, deadline: float) -> bytes:
    """Return the body. Each wait gets what is left of the time, so that a server that trickles has no more of it.

    The length is counted here: HTTPResponse.read1 does not count it in every release of Python.
    """
    body = io.BytesIO()
    left = response.length  # None when the body is chunked, or ends with the connection
    while left is None or left > 0:
        chunk = response.read1(_PIECE if left is None else min(left, _PIECE))
        if not chunk:
            break
        body.write(chunk)
        left = None if left is None else left - len(chunk)
        sock.settimeout(_left(deadline))
    if left:
        raise http.client.IncompleteRead(body.getvalue(), left)
    return body.getvalue()


def _acknowledge(sock: socket.socket) -> None:
    """Do not let the server wait for our acknowledgement of its headers before it sends the body.

    One that writes them apart, as Python's http.server does, does so with Nagle's algorithm, and the
    acknowledgement is otherwise put off by 40 ms. Linux sends it when the option is set, and forgets the
    option.
    """
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _wait(poll: select.poll, deadline: float) -> None:
    if not poll.poll(_left(deadline) * 1000):
        raise TimeoutError


def _left(deadline: float) -> float:
    """Return the seconds that are left. Raises TimeoutError when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
