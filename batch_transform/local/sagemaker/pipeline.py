"""The containers of a model as one invoker: a server, or several in sequence."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from http import HTTPStatus

from batch_transform.engine.interfaces import Answer, Outcome, Requests
from batch_transform.engine.invoke import one_by_one
from batch_transform.job.errors import NoModelAnswerError
from batch_transform.local.sagemaker.http_invoker import HttpInvoker, Reply


class Pipeline:
    """Calls the servers in sequence: each answer is the next server's request, and the last one is the result.

    Developer Guide, "Batch transforms with inference pipelines". Thread safe. A model with one container is a
    pipeline of one.
    """

    def __init__(self, servers: Sequence[HttpInvoker]) -> None:
        self._servers = tuple(servers)

    @property
    def first(self) -> HttpInvoker:
        """The server that the agent talks to; its /execution-parameters apply to the model."""
        return self._servers[0]

    def invoke(
        self, body: bytes | Iterable[bytes], *, content_type: str | None, accept: str | None, timeout: float
    ) -> Answer:
        """Send one request through all servers. `timeout` is in seconds, for all of them together.

        A request between two servers has the Content-Type of the previous answer (recorded: a second container that
        refuses the first one's type, amazon-sagemaker-examples issue 729). Accept goes to the last server only
        (inferred from the same issue: the first server's own setting decides what it answers). The first answer other
        than 2xx is the result.
        """
        deadline = time.monotonic() + timeout
        *before, last = self._servers
        for server in before:
            reply = server.post(body, content_type=content_type, accept=None, timeout=_left(deadline))
            if not _is_success(reply):
                return Answer(reply.status, reply.body)
            body, content_type = reply.body, reply.content_type or content_type
        return last.invoke(body, content_type=content_type, accept=accept, timeout=_left(deadline))

    def invoke_all(self, requests: Requests) -> list[Outcome | None]:
        """See `ConcurrentInvoker`. With several containers, one request is in flight at a time."""
        if len(self._servers) == 1:
            return self.first.invoke_all(requests)

        def ask(body: bytes) -> Outcome:
            try:
                return self.invoke(
                    body,
                    content_type=requests.content_type,
                    accept=requests.accept,
                    timeout=requests.timeout,
                )
            except NoModelAnswerError as error:
                return error

        return one_by_one(ask, requests.bodies, requests.is_stopped)

    def interrupt(self) -> None:
        """End every request in flight, and refuse new ones: the job stops."""
        for server in self._servers:
            server.interrupt()

    def close(self) -> None:
        """Close the kept connections."""
        for server in self._servers:
            server.close()


def _is_success(reply: Reply) -> bool:
    return HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES


def _left(deadline: float) -> float:
    return max(0.001, deadline - time.monotonic())
