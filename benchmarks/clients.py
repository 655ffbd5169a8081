"""The engine and the bare clients that it is compared with, in one process."""

from __future__ import annotations

import http.client
import io
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from batch_transform.engine.interfaces import Answer, InputObject, ModelInvoker, ObjectStore, SizedBody
from batch_transform.engine.transform_job import Outcome, run_transform_job
from batch_transform.local.sagemaker.http_connection import Connection
from batch_transform.local.sagemaker.http_invoker import HttpInvoker


@dataclass(frozen=True)
class FileStore:
    """Folders as buckets, for both clients, so that no object store is timed."""

    source: Path
    output: Path

    def list_objects(self, bucket: str, prefix: str) -> Iterator[InputObject]:
        for path in sorted(self.source.iterdir()):
            yield InputObject(bucket, f"{prefix}{path.name}", path.stat().st_size)

    def open(self, bucket: str, key: str) -> BinaryIO:
        return (self.source / Path(key).name).open("rb")

    def create(self, bucket: str, key: str) -> FileWriter:
        return FileWriter(self.output / Path(key).name)


class FileWriter:
    """A file that appears when it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.with_suffix(".partial").open("wb")

    def write(self, data: bytes) -> None:
        self._stream.write(data)

    def commit(self) -> None:
        self._stream.close()
        Path(self._stream.name).rename(self._path)

    def abort(self) -> None:
        self._stream.close()
        Path(self._stream.name).unlink()


@dataclass(frozen=True)
class Job:
    """A transform job to run. `concurrent` is MaxConcurrentTransforms."""

    content_type: str = "text/csv"
    strategy: str = "MultiRecord"
    input_filter: str = "$"
    join: bool = False
    output_filter: str = "$"
    concurrent: int = 1
    max_payload: int = 6
    split_type: str = "Line"

    def with_filters(self, filters: Mapping[str, Any]) -> Job:
        """Return the same job with a filter and a join."""
        return replace(self, **filters)

    def request(self) -> dict[str, Any]:
        """Return the CreateTransformJob request."""
        return {
            "BatchStrategy": self.strategy,
            "MaxConcurrentTransforms": self.concurrent,
            "MaxPayloadInMB": self.max_payload,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bench/in/"}},
                "ContentType": self.content_type,
                "SplitType": self.split_type,
            },
            "TransformOutput": {
                "S3OutputPath": "s3://bench/out",
                "Accept": self.content_type,
                "AssembleWith": "Line",
            },
            "DataProcessing": {
                "InputFilter": self.input_filter,
                "JoinSource": "Input" if self.join else "None",
                "OutputFilter": self.output_filter,
            },
        }


def run_engine(job: Job, store: ObjectStore, invoker: ModelInvoker) -> float:
    """Run a job to its end and return the seconds it took."""
    began = time.perf_counter()
    outcome: Outcome = run_transform_job(
        job.request(),
        store=store,
        invoker=invoker,
        execution_parameters={},
        log=lambda _: None,
        on_progress=lambda _: None,
        stop=threading.Event(),
        started_at=datetime.now(UTC),
    )
    took = time.perf_counter() - began
    if outcome.status != "Completed":
        raise RuntimeError(f"the engine ended {outcome}")
    return took


@dataclass
class Recorded:
    """An invoker that records the bodies, which the bare client then posts. One request at a time."""

    invoker: HttpInvoker
    bodies: list[bytes] = field(default_factory=list)

    def invoke(
        self, body: bytes | SizedBody, *, content_type: str | None, accept: str | None, timeout: float
    ) -> Answer:
        self.bodies.append(body if isinstance(body, bytes) else b"".join(body))
        return self.invoker.invoke(body, content_type=content_type, accept=accept, timeout=timeout)


def run_bare(port: int, content_type: str, bodies: list[bytes], outputs: list[bytes], path: Path) -> float:
    """Post finished bodies and write a finished output; return the seconds it took.

    It reads, splits, filters and joins nothing, and checks only the HTTP status: with one request at a time, no
    client of the same HTTP library can be faster.
    """
    headers = {"Content-Type": content_type, "Accept": content_type}
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    with path.open("wb") as stream:
        for body, output in zip(bodies, outputs, strict=True):
            connection.request("POST", "/invocations", body=body, headers=headers)
            response = connection.getresponse()
            response.read()
            if response.status != http.client.OK:
                raise RuntimeError(f"the bench model answered {response.status}")
            stream.write(output)
    connection.close()
    return time.perf_counter() - began


def run_lean(port: int, content_type: str, bodies: list[bytes], outputs: list[bytes], path: Path) -> float:
    """The same over this project's HTTP connection: the difference to the engine is the engine's own work."""
    start = f"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n".encode()
    began = time.perf_counter()
    connection = Connection("127.0.0.1", port, 60)
    with path.open("wb") as stream:
        for body, output in zip(bodies, outputs, strict=True):
            deadline = time.monotonic() + 60
            connection.send(b"%bContent-Length: %d\r\n\r\n" % (start, len(body)), body, deadline)
            reply = connection.receive(deadline)
            if reply.status != http.client.OK:
                raise RuntimeError(f"the bench model answered {reply.status}")
            stream.write(output)
    connection.close()
    return time.perf_counter() - began


BareClient = Callable[[int, str, list[bytes], list[bytes], Path], float]


def in_pieces(output: bytes, bodies: list[bytes]) -> list[bytes]:
    """Split an output of one line per record into the parts that belong to each body."""
    stream = io.BytesIO(output)
    return [
        b"".join([stream.readline() for _ in range(body.count(b"\n") + (not body.endswith(b"\n")))])
        for body in bodies
    ]
