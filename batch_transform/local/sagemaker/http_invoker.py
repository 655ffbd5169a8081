"""The engine's model invoker over HTTP: one connection per request in flight, kept for later ones."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from batch_transform.engine.interfaces import Answer, Outcome, Requests, SizedBody
from batch_transform.job.errors import ModelTimeoutError, NoModelAnswerError
from batch_transform.local.sagemaker.concurrent_requests import ConcurrentRequests, head_with_length
from batch_transform.local.sagemaker.http_connection import BrokenAnswerError, Connection, Reply

__all__ = ["HttpInvoker", "Reply"]

_LINE_END = re.compile(r"[\r\n]")


class _Pieces:
    """A body in pieces that remembers its own error, to distinguish it from one of the connection."""

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
        self._kept: list[Connection] = []
        self._busy: set[Connection] = set()
        self._interrupted = False

    def invoke(
        self, body: bytes | Iterable[bytes], *, content_type: str | None, accept: str | None, timeout: float
    ) -> Answer:
        """Send one request, as `post` does."""
        reply = self.post(body, content_type=content_type, accept=accept, timeout=timeout)
        return Answer(status=reply.status, body=reply.body)

    def invoke_all(self, requests: Requests) -> list[Outcome | None]:
        """See `ConcurrentInvoker`."""
        head = self._head("POST /invocations", requests.content_type, requests.accept)
        return ConcurrentRequests(requests, head, self).outcomes()

    def post(
        self, body: bytes | Iterable[bytes], *, content_type: str | None, accept: str | None, timeout: float
    ) -> Reply:
        """Send a body; pieces of unknown total size are sent in chunks. `timeout` is in seconds, for the whole call.

        A header whose value is None is not sent. Raises NoModelAnswerError, with the reason, when there is no HTTP
        answer. Errors of the body's pieces are raised unchanged.
        """
        pieces = body if isinstance(body, bytes | SizedBody) else _Pieces(body)
        head = self._head("POST /invocations", content_type, accept)
        try:
            return self._answer(head, pieces, timeout)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(pieces, _Pieces) and pieces.error is error:
                raise
            raise self.no_answer(error, timeout) from error

    def get(self, path: str, *, timeout: float) -> Reply:
        """Send GET `path`. Raises OSError or http.client.HTTPException when there is no HTTP answer."""
        return self._answer(self._head(f"GET {path}"), None, timeout)

    def interrupt(self) -> None:
        """End every request in flight, and refuse new ones: the job is stopping."""
        with self._lock:
            self._interrupted = True
            busy = list(self._busy)
        for connection in busy:
            connection.interrupt()
        self.close()

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            kept, self._kept = self._kept, []
        for connection in kept:
            connection.close()

    def take(self, timeout: float) -> Connection:
        """Return a free connection that the server has not closed, or a new one."""
        connection = self._kept_connection() or Connection(self._host, self._port, timeout)
        with self._lock:
            if not self._interrupted:
                self._busy.add(connection)
                return connection
        connection.close()
        raise ConnectionAbortedError("the job is stopping")

    def give_back(self, connection: Connection, *, reusable: bool) -> None:
        """Take back a connection, and keep it if it is reusable."""
        with self._lock:
            self._busy.discard(connection)
            keep = reusable and connection.is_reusable and not self._interrupted
            if keep:
                self._kept.append(connection)
        if not keep:
            connection.close()

    def no_answer(self, error: OSError | http.client.HTTPException, timeout: float) -> NoModelAnswerError:
        """Return the error that explains why there is no answer."""
        kind = ModelTimeoutError if isinstance(error, TimeoutError) else NoModelAnswerError
        failure = kind(self._why(error, timeout))
        failure.__cause__ = error
        return failure

    def _why(self, error: OSError | http.client.HTTPException, timeout: float) -> str:
        if isinstance(error, TimeoutError):
            return f"no complete answer within {round(timeout, 1):g} s"
        if isinstance(error, http.client.RemoteDisconnected):
            return "the server closed the connection without an answer"
        if isinstance(error, BrokenAnswerError):
            return str(error)
        if isinstance(error, http.client.IncompleteRead):
            got = len(error.partial)
            whole = got + (error.expected or 0)
            return f"the server closed the connection after {got:,} of {whole:,} bytes of its answer"
        if isinstance(error, ConnectionRefusedError):
            return f"nothing listens on {self._host}:{self._port} any more"
        return f"the connection broke: {error}"

    def _head(self, request: str, content_type: str | None = None, accept: str | None = None) -> bytes:
        """Return the request line and the headers, up to the length of the body."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        lines = [f"{request} HTTP/1.1", f"Host: {host}:{self._port}", "Accept-Encoding: identity"]
        for name, value in (("Content-Type", content_type), ("Accept", accept)):
            if value and _LINE_END.search(value):
                raise ValueError(f"{name} {value!r} cannot be sent: a header must not contain a line break")
            if value:
                lines.append(f"{name}: {value}")
        return "\r\n".join([*lines, ""]).encode("latin-1")

    def _answer(self, head: bytes, body: bytes | Iterable[bytes] | None, timeout: float) -> Reply:
        deadline = time.monotonic() + timeout
        connection = self.take(timeout)
        try:
            if body is None:
                connection.send_bytes(head + b"\r\n", deadline)
            elif isinstance(body, bytes):
                connection.send(head_with_length(head, len(body)), body, deadline)
            elif isinstance(body, SizedBody):
                connection.send_bytes(head_with_length(head, body.size), deadline)
                for piece in body:
                    connection.send_bytes(piece, deadline)
            else:
                connection.send_bytes(head + b"Transfer-Encoding: chunked\r\n\r\n", deadline)
                for piece in body:
                    connection.send_bytes(b"%x\r\n%b\r\n" % (len(piece), piece), deadline)
                connection.send_bytes(b"0\r\n\r\n", deadline)
            reply = connection.receive(deadline)
        except BaseException:
            self.give_back(connection, reusable=False)
            raise
        self.give_back(connection, reusable=True)
        return reply

    def _kept_connection(self) -> Connection | None:
        with self._lock:
            while self._kept:
                connection = self._kept.pop()
                if connection.is_idle:
                    return connection
                connection.close()
        return None
