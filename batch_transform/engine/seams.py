"""What the engine needs of the world: objects to read and write, and a model to ask."""

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
    """S3, or something like it. Thread safe: several objects are read and written at a time."""

    def list_objects(self, bucket: str, prefix: str) -> Iterator[InputObject]:
        """Yield the objects whose key begins with `prefix`, in key order (UTF-8 binary, as S3 does)."""

    def open(self, bucket: str, key: str) -> BinaryIO:
        """Return a stream that the caller closes. Raises DataNotFoundError when there is no such object."""

    def create(self, bucket: str, key: str) -> ObjectWriter:
        """Begin an object, which replaces one that is there."""


class Answer(NamedTuple):
    """What a model's server answered: the HTTP status and the body."""

    status: int
    body: bytes


Outcome = Answer | NoModelAnswerError
"""What became of a request."""


@runtime_checkable
class SizedBody(Protocol):
    """A body in pieces, whose size in bytes is known. It can be read again."""

    size: int

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces."""


class StreamInvoker(Protocol):
    """A model's server that takes a body in pieces too."""

    def invoke(
        self, body: Iterable[bytes], *, content_type: str | None, accept: str | None, timeout: float
    ) -> Answer:
        """Send the pieces as one body, in HTTP chunks unless it is a SizedBody; else as `ModelInvoker.invoke`.

        Errors of the pieces themselves come through as they are.
        """


class ModelInvoker(Protocol):
    """A model's server. Thread safe; one call is one POST /invocations.

    One that takes jobs with MaxPayloadInMB 0, or bodies of more than 1 MiB, is a `StreamInvoker` as well.
    """

    def invoke(self, body: bytes, *, content_type: str | None, accept: str | None, timeout: float) -> Answer:
        """Send a body and return the answer, of whatever status; a header that is None is not sent.

        `timeout` is in seconds, for the whole call. Raises NoModelAnswerError when there is no HTTP
        answer at all: no connection or a closed one, and ModelTimeoutError when the time is over.
        """


@dataclass(frozen=True)
class Requests:
    """Several requests, which differ only in their bodies. `timeout` is in seconds, for each request.

    `places` limits how many requests are in flight at a time. The caller has acquired one; whoever sends the
    requests may acquire more, and releases those again. Once `is_stopped()`, no more are sent.
    """

    bodies: Sequence[bytes]
    content_type: str | None
    accept: str | None
    timeout: float
    places: Semaphore
    is_stopped: Callable[[], bool]


@runtime_checkable
class ConcurrentInvoker(Protocol):
    """A model's server that several requests can be sent to at a lower cost than one by one."""

    def invoke_all(self, requests: Requests) -> list[Outcome | None]:
        """Send each body as `ModelInvoker.invoke` does, and return the outcomes in the same order.

        After the first request without an answer, or with one other than 2xx, no more are sent; the outcome of
        a request that was not sent is None. Errors are returned, not raised.
        """
