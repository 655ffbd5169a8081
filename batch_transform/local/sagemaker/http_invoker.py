"""The engine's model invoker over HTTP: kept connections, one for each request in flight, all of them interruptible."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from batch_transform.engine.seams import Answer
from batch_transform.spec.errors import NoModelAnswerError

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Reply:
    """What a server answered, with its Content-Type, None when it named none."""

    status: int
    body: bytes
    content_type: str | None


class _Pieces:
    """A body in pieces that remembers its own error, to tell it from one of the connection."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        except Exception as error:
            self.error = error
            raise


class HttpInvoker:
    """Calls POST /invocations of the model server at `url`. Thread safe."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._lock = threading.Lock()
        self._kept: list[http.client.HTTPConnection] = []
        self._busy: dict[http.client.HTTPConnection, socket.socket] = {}
        self._interrupted = False

    def invoke(
        self, body: bytes | Iterable[bytes], *, content_type: str | None, accept: str | None, timeout: float
    ) -> Answer:
        """Send one mini-batch as `post` does."""
        reply = self.post(body, content_type=content_type, accept=accept, timeout=timeout)
        return Answer(status=reply.status, body=reply.body)

    def post(
        self, body: bytes | Iterable[bytes], *, content_type: str | None, accept: str | None, timeout: float
    ) -> Reply:
        """Send a body; one that is no bytes goes in chunks. `timeout` is in seconds, for the whole call.

        A header whose value was not given is not sent. Raises NoModelAnswerError, which says why, when
        there is no HTTP answer. Errors of the pieces of a body come through as they are.
        """
        pieces = body if isinstance(body, bytes) else _Pieces(body)
        headers = {
            name: value for name, value in (("Content-Type", content_type), ("Accept", accept)) if value
        }
        try:
            return self._answer("POST", "/invocations", pieces, headers, timeout)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(pieces, _Pieces) and pieces.error is error:
                raise
            raise NoModelAnswerError(self._why(error, timeout)) from error

    def get(self, path: str, *, timeout: float) -> Reply:
        """Send GET `path`. Raises OSError or http.client.HTTPException when there is no HTTP answer."""
        return self._answer("GET", path, None, {}, timeout)

    def interrupt(self) -> None:
        """End every request in flight, and refuse new ones: the job stops."""
        with self._lock:
            self._interrupted = True
            busy = list(self._busy.values())
        for sock in busy:
            with contextlib.suppress(OSError):  # it ended by itself meanwhile
                sock.shutdown(socket.SHUT_RDWR)
        self.close()

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            kept, self._kept = self._kept, []
        for connection in kept:
            connection.close()

    def _why(self, error: OSError | http.client.HTTPException, timeout: float) -> str:
        """Say why there is no answer."""
        if isinstance(error, TimeoutError):
            return f"nothing whole came within {round(timeout, 1):g} s"
        if isinstance(error, http.client.RemoteDisconnected):
            return "the server closed the connection without an answer"
        if isinstance(error, http.client.IncompleteRead):
            if not error.expected:
                return "the server closed the connection in the middle of its answer"
            got = len(error.partial)
            whole = got + error.expected
            return f"the server closed the connection after {got:,} of {whole:,} bytes of its answer"
        if isinstance(error, ConnectionRefusedError):
            return f"nobody listens at {self._host}:{self._port} any more"
        broke = isinstance(error, OSError)
        return (
            f"the connection broke: {error}"
            if broke
            else f"what the server sent is no HTTP answer: {error!r}"
        )

    def _answer(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None,
        headers: dict[str, str],
        timeout: float,
    ) -> Reply:
        deadline = time.monotonic() + timeout
        connection, sock = self._take(timeout)
        try:
            connection.request(method, path, body=body, headers=headers)
            _acknowledge_at_once(sock)
            response = connection.getresponse()
            reply = Reply(
                response.status, _read(response, sock, deadline), response.headers.get("Content-Type")
            )
        except BaseException:
            self._give_back(connection, reusable=False)
            raise
        self._give_back(connection, reusable=not response.will_close)
        return reply

    def _take(self, timeout: float) -> tuple[http.client.HTTPConnection, socket.socket]:
        connection = self._kept_connection()
        if connection is None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
            connection.connect()
        sock: socket.socket = connection.sock
        sock.settimeout(timeout)
        with self._lock:
            if not self._interrupted:
                self._busy[connection] = sock
                return connection, sock
        connection.close()
        raise ConnectionAbortedError("the job stops")

    def _kept_connection(self) -> http.client.HTTPConnection | None:
        """Return a connection that the server has not closed while it was idle."""
        with self._lock:
            while self._kept:
                connection = self._kept.pop()
                if not _is_readable(connection.sock):
                    return connection
                connection.close()
        return None

    def _give_back(self, connection: http.client.HTTPConnection, *, reusable: bool) -> None:
        with self._lock:
            self._busy.pop(connection, None)
            keep = reusable and not self._interrupted
            if keep:
                self._kept.append(connection)
        if not keep:
            connection.close()


def _read(response: http.client.HTTPResponse, sock: socket.socket, deadline: float) -> bytes:
    """Return the body. Each wait gets what is left of the time, so that a server that trickles has no more of it.

    The length is counted here: HTTPResponse.read1 does not count it in every release of Python.
    """
    chunks = []
    left = response.length  # None when the body is chunked, or ends with the connection
    while left is None or left > 0:
        chunk = response.read1(_CHUNK if left is None else min(left, _CHUNK))
        if not chunk:
            break
        chunks.append(chunk)
        left = None if left is None else left - len(chunk)
        sock.settimeout(max(0.001, deadline - time.monotonic()))
    if left:
        raise http.client.IncompleteRead(b"".join(chunks), left)
    response.close()
    return b"".join(chunks)


def _acknowledge_at_once(sock: socket.socket) -> None:
    """Do not let the server wait for our acknowledgement of its headers before it sends the body.

    One that writes them apart, as Python's http.server does, does so with Nagle's algorithm, and the
    acknowledgement is otherwise put off by 40 ms. Linux forgets the setting, so each request sets it.
    """
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _is_readable(sock: socket.socket) -> bool:
    """Say whether an idle connection has something to read: the end of it, since nobody asked for an answer."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
