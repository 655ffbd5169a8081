"""Several requests, sent by one thread: as many on their way at a time as there are places for them.

A hand-over between two threads takes as long as a quick request. So one thread sends the next request on
one connection while the server works on that of another.
"""

from __future__ import annotations

import http.client
import select
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Semaphore
from typing import Protocol

from batch_transform.engine.seams import Answer, Outcome
from batch_transform.local.sagemaker.http_connection import Connection

_GLANCE = 16  # requests between two looks for other free places


class Connections(Protocol):
    """Where a run gets its connections from, and what the errors of a connection mean."""

    def take(self, timeout: float) -> Connection:
        """Return a connection that is free. Raises as `Connection` does."""

    def give_back(self, connection: Connection, *, reusable: bool) -> None:
        """Take back a connection, which serves another request where it is reusable."""

    def no_answer(self, error: OSError | http.client.HTTPException, timeout: float) -> Outcome:
        """Return what became of a request that ended in an error."""


@dataclass(frozen=True)
class Request:
    """What the requests of a run have in common: headers by the length of the body, and the seconds for each."""

    head: Callable[[int], bytes]
    timeout: float


class HttpRun:
    """The requests of one run. The caller holds one of `places`; what it takes of them, the run gives back."""

    def __init__(
        self,
        bodies: Sequence[bytes],
        request: Request,
        connections: Connections,
        places: Semaphore,
        is_stopped: Callable[[], bool],
    ) -> None:
        self._bodies = bodies
        self._request = request
        self._connections = connections
        self._places = places
        self._is_stopped = is_stopped
        self._outcomes: list[Outcome | None] = [None] * len(bodies)
        self._at = 0  # the next body
        self._goes_on = True
        self._held = 1  # places
        self._free: list[Connection] = []  # none, while the run waits
        self._flying: dict[int, tuple[Connection, int, float]] = {}  # by file number, the oldest first
        self._ready = select.poll()

    def outcomes(self) -> list[Outcome | None]:
        """See `RunInvoker.invoke_run`."""
        try:
            while True:
                self._send_all_that_may()
                if not self._flying:
                    return self._outcomes
                self._receive_what_came()
        finally:
            for connection, _, _ in self._flying.values():
                self._connections.give_back(connection, reusable=False)
            self._end(self._held - 1)

    def _send_all_that_may(self) -> None:
        while self._goes_on and self._at < len(self._bodies):
            if len(self._flying) >= self._held:
                return
            if self._is_stopped():
                self._goes_on = False
            else:
                self._send()
        self._end(self._held - max(1, len(self._flying)))  # places and connections that others can use now

    def _send(self) -> None:
        at, body = self._at, self._bodies[self._at]
        self._at += 1
        deadline = time.monotonic() + self._request.timeout
        connection = None
        try:
            connection = self._connection()
            connection.send(self._request.head(len(body)), body, deadline)
        except (OSError, http.client.HTTPException) as error:
            self._failed(at, connection, error)
        else:
            self._flying[connection.fileno] = connection, at, deadline
        if at % _GLANCE == 0:
            while self._held < len(self._bodies) - at and self._places.acquire(blocking=False):
                self._held += 1

    def _receive_what_came(self) -> None:
        connection, at, deadline = next(iter(self._flying.values()))
        ready = self._ready.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not ready:
            del self._flying[connection.fileno]
            self._failed(at, connection, TimeoutError())
        for number, _ in ready:
            connection, at, deadline = self._flying.pop(number)
            try:
                reply = connection.received(deadline)
            except (OSError, http.client.HTTPException) as error:
                self._failed(at, connection, error)
                continue
            self._outcomes[at] = Answer(reply.status, reply.body)
            self._goes_on = self._goes_on and 200 <= reply.status < 300
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
        connection = self._connections.take(self._request.timeout)
        self._ready.register(connection.fileno, select.POLLIN)
        return connection

    def _failed(
        self, at: int, connection: Connection | None, error: OSError | http.client.HTTPException
    ) -> None:
        if connection is not None:
            self._drop(connection, reusable=False)
        self._outcomes[at] = self._connections.no_answer(error, self._request.timeout)
        self._goes_on = False

    def _end(self, places: int) -> None:
        """Give back what is free, and so many places."""
        for connection in self._free:
            self._drop(connection, reusable=True)
        self._free.clear()
        if places:
            self._places.release(places)
            self._held -= places

    def _drop(self, connection: Connection, *, reusable: bool) -> None:
        self._ready.unregister(connection.fileno)
        self._connections.give_back(connection, reusable=reusable)
