"""What the engine needs from its caller: objects to read and write, and a model to send requests to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Semaphore
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

from batch_transform.job.errors import NoModelAnswerError


@dataclass(frozen=True)
class InputObject:
    """An object in storage; `size` in bytes."""

    bucket: str
    key: str
    size: int


class ObjectWriter(Protocol):
    """An object that is being written. Nothing of it is visible before `commit`."""

    def write(self, data: bytes) -> None:
        """Append bytes; an empty write is harmless."""

    def commit(self) -> None:
        """Make the object appear, whole; it may be empty."""

    def abort(self) -> None:
        """Leave nothing behind, no open multipart upload either."""


class ObjectStore(Protocol):
    """S3 or a substitute. Thread safe: several objects are read and written at the same time."""

    def list_objects(self, bucket: str, prefix: str) -> Iterator[InputObject]:
        """Yield the objects whose key begins with `prefix`, in key order (UTF-8 binary, as S3 does)."""

    def open(self, bucket: str, key: str) -> BinaryIO:
        """Return a stream that the caller closes. Raises DataNotFoundError if there is no such object."""

    def create(self, bucket: str, key: str) -> ObjectWriter:
        """Start to write an object. It replaces an existing one."""


class Answer(NamedTuple):
    """The answer of a model's server: the HTTP status and the body."""

    status: int
    body: bytes


Outcome = Answer | NoModelAnswerError
"""The answer to a request, or why there is none."""


@runtime_checkable
class SizedBody(Protocol):
    """A body in pieces, of known size in bytes. It can be read more than once."""

    size: int

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces."""


class StreamInvoker(Protocol):
    """A model's server that also accepts a body in pieces."""

    def invoke(
        self, body: Iterable[bytes], *, content_type: str | None, accept: str | None, timeout: float
    ) -> Answer:
        """Send the pieces as one body, in HTTP chunks unless it is a SizedBody; otherwise like `ModelInvoker.invoke`.

        Errors raised by the pieces themselves are passed on unchanged.
        """


class ModelInvoker(Protocol):
    """A model's server. Thread safe; one call is one POST /invocations.

    For jobs with MaxPayloadInMB 0 and bodies of more than 1 MiB it must also be a `StreamInvoker`.
    """

    def invoke(self, body: bytes, *, content_type: str | None, accept: str | None, timeout: float) -> Answer:
        """Send a body and return the answer, whatever its status. A header that is None is not sent.

        `timeout` is in seconds, for the whole call. Raises NoModelAnswerError if there is no HTTP answer
        (no connection, or a closed one), and ModelTimeoutError after the timeout.
        """


@dataclass(frozen=True)
class Requests:
    """Several requests, which differ only in their bodies. `timeout` is in seconds, for each request.

    `slots` limits how many requests are in flight at a time. The caller has acquired one; the
    invoker may acquire more, and releases those again. Once `is_stopped()`, no more are sent.
    """

    bodies: Sequence[bytes]
    content_type: str | None
    accept: str | None
    timeout: float
    slots: Semaphore
    is_stopped: Callable[[], bool]


@runtime_checkable
class ConcurrentInvoker(Protocol):
    """A model's server that several requests can be sent to at a lower cost than one by one."""

    def invoke_all(self, requests: Requests) -> list[Outcome | None]:
        """Send each body as `ModelInvoker.invoke` does, and return the outcomes in the same order.

        After the first request without an answer, or with one other than 2xx, no more are sent; the outcome of
        a request that was not sent is None. Errors are returned, not raised.
        """
