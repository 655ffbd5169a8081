"""What the engine needs, for tests: objects in memory, and a model that is a function."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

from batch_transform.engine.interfaces import Answer, InputObject
from batch_transform.engine.progress import Progress
from batch_transform.engine.transform_job import Outcome, run_transform_job
from batch_transform.job.errors import DataNotFoundError

BUCKET = "bucket"
Reply = Callable[[bytes], bytes | Answer]


class SlowDrip(io.BytesIO):
    """A stream that gives at most `step` bytes a read, as a network may."""

    def __init__(self, data: bytes, step: int | None) -> None:
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1, /) -> bytes:
        if self._step is None:
            return super().read(size)
        return super().read(self._step if size is None or size < 0 else min(size, self._step))


class MemoryStore:
    """Objects of one bucket. `objects` maps keys to bytes; `aborted` are the keys of aborted writes."""

    def __init__(self, objects: Mapping[str, bytes], *, step: int | None = None) -> None:
        self.objects = dict(objects)
        self.open_writers: set[str] = set()
        self.aborted: list[str] = []
        self._step = step

    def list_objects(self, bucket: str, prefix: str) -> Iterator[InputObject]:
        assert bucket == BUCKET
        for key in sorted(self.objects, key=str.encode):
            if key.startswith(prefix):
                yield InputObject(bucket, key, len(self.objects[key]))

    def open(self, bucket: str, key: str) -> BinaryIO:
        if bucket != BUCKET or key not in self.objects:
            raise DataNotFoundError(f"there is no s3://{bucket}/{key}")
        return SlowDrip(self.objects[key], self._step)

    def create(self, bucket: str, key: str) -> MemoryWriter:
        assert bucket == BUCKET
        self.open_writers.add(key)
        return MemoryWriter(self, key)


class MemoryWriter:
    def __init__(self, store: MemoryStore, key: str) -> None:
        self._store = store
        self.key = key
        self._data = b""

    def write(self, data: bytes) -> None:
        self._data += data

    def commit(self) -> None:
        self._store.open_writers.remove(self.key)
        self._store.objects[self.key] = self._data

    def abort(self) -> None:
        self._store.open_writers.remove(self.key)
        self._store.aborted.append(self.key)


class FunctionModel:
    """A model that answers with a function of the body, and records its requests."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._lock = threading.Lock()
        self.bodies: list[bytes] = []
        self.headers: list[tuple[str | None, str | None]] = []
        self.timeouts: list[float] = []
        self.streamed: list[list[bytes]] = []  # the pieces of streamed bodies

    def invoke(
        self, body: bytes | Iterable[bytes], *, content_type: str | None, accept: str | None, timeout: float
    ) -> Answer:
        pieces = None if isinstance(body, bytes) else list(body)
        body = body if isinstance(body, bytes) else b"".join(pieces or ())
        with self._lock:
            if pieces is not None:
                self.streamed.append(pieces)
            self.bodies.append(body)
            self.headers.append((content_type, accept))
            self.timeouts.append(timeout)
        reply = self._reply(body)
        return reply if isinstance(reply, Answer) else Answer(200, reply)


def line_by_line(answer: Callable[[bytes], bytes]) -> Reply:
    """A model that answers each line of its input with one line."""

    def reply(body: bytes) -> bytes:
        return b"".join(answer(line) + b"\n" for line in body.removesuffix(b"\n").split(b"\n"))

    return reply


def request(  # one parameter for each setting of the request
    *,
    uri: str = f"s3://{BUCKET}/in/",
    output: str = f"s3://{BUCKET}/out/",
    data_type: str = "S3Prefix",
    content_type: str | None = "text/csv",
    accept: str | None = "text/csv",
    split_type: str | None = "Line",
    assemble_with: str | None = "Line",
    compression_type: str | None = None,
    input_filter: str | None = None,
    join_source: str | None = None,
    output_filter: str | None = None,
    **top_level: Any,
) -> dict[str, Any]:
    """A CreateTransformJob request."""
    return {
        "TransformJobName": "job",
        "ModelName": "model",
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": data_type, "S3Uri": uri}},
            "ContentType": content_type,
            "SplitType": split_type,
            "CompressionType": compression_type,
        },
        "TransformOutput": {"S3OutputPath": output, "Accept": accept, "AssembleWith": assemble_with},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {
            "InputFilter": input_filter,
            "JoinSource": join_source,
            "OutputFilter": output_filter,
        },
        **top_level,
    }


@dataclass
class Ran:
    """The result of a job."""

    outcome: Outcome
    store: MemoryStore
    model: FunctionModel
    log: list[str] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)

    def out(self, name: str) -> bytes | None:
        """The output object, by its name below `out/`; None if there is none."""
        return self.store.objects.get(f"out/{name}")


def run_job(
    objects: Mapping[str, bytes],
    reply: Reply,
    job: Mapping[str, Any] | None = None,
    *,
    execution_parameters: Mapping[str, Any] | None = None,
    stop: threading.Event | None = None,
    store_type: type[MemoryStore] | None = None,
    started_at: datetime = datetime(2026, 11, 22, tzinfo=UTC),
) -> Ran:
    """Run a job over objects, whose names are below `in/` unless they hold a slash."""
    store = (store_type or MemoryStore)(
        {key if "/" in key else f"in/{key}": data for key, data in objects.items()}
    )
    model = FunctionModel(reply)
    log: list[str] = []
    progress: list[Progress] = []
    outcome = run_transform_job(
        job if job is not None else request(),
        store=store,
        invoker=model,
        execution_parameters=execution_parameters or {},
        log=log.append,
        on_progress=progress.append,
        stop=stop or threading.Event(),
        started_at=started_at,
    )
    assert not store.open_writers  # nothing stays half written
    return Ran(outcome, store, model, log, progress)
