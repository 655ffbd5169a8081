"""Several requests, sent from one thread, with as many in flight at a time as there are slots for.

Handing work from one thread to another costs as much as a fast request. So one thread sends the next request
on one connection while the server works on the request of another.
"""

from __future__ import annotations

import http.client
import select
import time
from typing import Protocol

from batch_transform.engine.interfaces import Answer, Outcome, Requests
from batch_transform.local.sagemaker.http_connection import Connection

_REQUESTS_BETWEEN_CHECKS = 16  # for other free slots


class Connections(Protocol):
    """Where the connections come from, and what their errors mean."""

    def take(self, timeout: float) -> Connection:
        """Return a free connection. Raises as `Connection` does."""

    def give_back(self, connection: Connection, *, reusable: bool) -> None:
        """Take back a connection; it serves another request if it is reusable."""

    def no_answer(self, error: OSError | http.client.HTTPException, timeout: float) -> Outcome:
        """Return the outcome of a request that ended in an error."""


def head_with_length(head: bytes, length: int) -> bytes:
    """Complete the head of a request with the length of its body, in bytes."""
    return b"%bContent-Length: %d\r\n\r\n" % (head, length)


class ConcurrentRequests:
    """The requests of one `ConcurrentInvoker.invoke_all`.

    `head` is the request line and the headers that all of them share, up to the length of the body.
    """

    def __init__(self, requests: Requests, head: bytes, connections: Connections) -> None:
        self._requests = requests
        self._bodies = requests.bodies
        self._head = head
        self._connections = connections
        self._slots = requests.slots
        self._outcomes: list[Outcome | None] = [None] * len(requests.bodies)
        self._next = 0  # the body to send next
        self._sends_more = True
        self._slots_held = 1
        self._free: list[Connection] = []  # empty while waiting for answers
        self._in_flight: dict[int, tuple[Connection, int, float]] = {}  # by file number, the oldest first
        self._ready = select.poll()

    def outcomes(self) -> list[Outcome | None]:
        """See `ConcurrentInvoker.invoke_all`."""
        try:
            while True:
                self._send_all_allowed()
                if not self._in_flight:
                    return self._outcomes
                self._receive_available()
        finally:
            for connection, _, _ in self._in_flight.values():
                self._connections.give_back(connection, reusable=False)
            self._end(self._slots_held - 1)

    def _send_all_allowed(self) -> None:
        while self._sends_more and self._next < len(self._bodies):
            if len(self._in_flight) >= self._slots_held:
                return
            if self._requests.is_stopped():
                self._sends_more = False
            else:
                self._send()
        self._end(
            self._slots_held - max(1, len(self._in_flight))
        )  # others can use these slots and connections now

    def _send(self) -> None:
        at, body = self._next, self._bodies[self._next]
        self._next += 1
        deadline = time.monotonic() + self._requests.timeout
        connection = None
        try:
            connection = self._connection()
            connection.send(head_with_length(self._head, len(body)), body, deadline)
        except (OSError, http.client.HTTPException) as error:
            self._failed(at, connection, error)
        else:
            self._in_flight[connection.fileno] = connection, at, deadline
        if at % _REQUESTS_BETWEEN_CHECKS == 0:
            while self._slots_held < len(self._bodies) - at and self._slots.acquire(blocking=False):
                self._slots_held += 1

    def _receive_available(self) -> None:
        connection, at, deadline = next(iter(self._in_flight.values()))
        ready = self._ready.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not ready:
            del self._in_flight[connection.fileno]
            self._failed(at, connection, TimeoutError())
        for number, _ in ready:
            connection, at, deadline = self._in_flight.pop(number)
            try:
                reply = connection.received(deadline)
            except (OSError, http.client.HTTPException) as error:
                self._failed(at, connection, error)
                continue
            self._outcomes[at] = Answer(reply.status, reply.body)
            self._sends_more = self._sends_more and 200 <= reply.status < 300
            if connection.is_reusable:
                self._free.append(connection)
            else:
                self._drop(connection, reusable=False)

    def _connection(self) -> Connection:
        while self._free:
            connection = self._free.pop()
            if connection.is_idle:
                return connection
            self._drop(connection, reusable=False)
        connection = self._connections.take(self._requests.timeout)
        self._ready.register(connection.fileno, select.POLLIN)
        return connection

    def _failed(
        self, at: int, connection: Connection | None, error: OSError | http.client.HTTPException
    ) -> None:
        if connection is not None:
            self._drop(connection, reusable=False)
        self._outcomes[at] = self._connections.no_answer(error, self._requests.timeout)
        self._sends_more = False

    def _end(self, slots: int) -> None:
        """Give back the free connections, and this number of slots."""
        for connection in self._free:
            self._drop(connection, reusable=True)
        self._free.clear()
        if slots:
            self._slots.release(slots)
            self._slots_held -= slots

    def _drop(self, connection: Connection, *, reusable: bool) -> None:
        self._ready.unregister(connection.fileno)
        self._connections.give_back(connection, reusable=reusable)
