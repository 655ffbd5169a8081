"""Runs the engine over a few records in memory, and records the requests and answers."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

from batch_transform.engine.interfaces import Answer, InputObject, ModelInvoker, ObjectWriter
from batch_transform.engine.transform_job import run_transform_job
from batch_transform.engine.transform_object import Failure
from batch_transform.job.errors import DataNotFoundError

_BUCKET = "preview"
_INPUT = "records"
_OUTPUT = "records.out"


@dataclass(frozen=True)
class Exchange:
    """A request body and the model's answer to it; None if there was no successful answer.

    `refusal` is a response with a status other than 2xx.
    """

    body: bytes
    answer: bytes | None
    refusal: Answer | None = None


@dataclass(frozen=True)
class Rehearsal:
    """What the engine did. `result` is the `.out` object; None if the job failed, with the reason in `failure`."""

    exchanges: tuple[Exchange, ...]
    result: bytes | None
    failure: Failure | None


def rehearse(
    request: Mapping[str, Any],
    records: bytes,
    *,
    invoker: ModelInvoker | None,
    execution_parameters: Mapping[str, Any],
) -> Rehearsal:
    """Run a transform job over one object that consists of these unpacked records, one model request at a time.

    Without an `invoker`, only the request bodies matter: nothing is joined, or filtered after the model.
    """
    recorder = _Recorder(invoker)
    store = _Memory({_INPUT: records})
    outcome = run_transform_job(
        _on_memory(request, asks=invoker is not None),
        store=store,
        invoker=recorder,
        execution_parameters={**execution_parameters, "MaxConcurrentTransforms": 1},
        log=lambda line: None,
        on_progress=lambda progress: None,
        stop=threading.Event(),
        started_at=datetime.now(UTC),
    )
    return Rehearsal(tuple(recorder.exchanges), store.objects.get(_OUTPUT), outcome.failure)


def _on_memory(request: Mapping[str, Any], *, asks: bool) -> dict[str, Any]:
    source, result = dict(request["TransformInput"]), dict(request["TransformOutput"])
    source["DataSource"] = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{_BUCKET}/{_INPUT}"}}
    source["CompressionType"] = "None"
    result["S3OutputPath"] = f"s3://{_BUCKET}/"
    processing = dict(request.get("DataProcessing", {}))
    if not asks:
        processing |= {"JoinSource": "None", "OutputFilter": "$"}
    return {
        **request,
        "TransformInput": source,
        "TransformOutput": result,
        "DataProcessing": processing,
        "MaxConcurrentTransforms": 1,
    }


@dataclass
class _Recorder:
    """Calls the model, and keeps each request body and answer. A request that is retried counts once."""

    model: ModelInvoker | None
    exchanges: list[Exchange] = field(default_factory=list)

    def invoke(
        self, body: bytes | Iterable[bytes], *, content_type: str | None, accept: str | None, timeout: float
    ) -> Answer:
        body = body if isinstance(body, bytes) else b"".join(body)  # a stream of a few records fits in memory
        if self.exchanges and self.model is not None and self._is_sent_again(body):
            self.exchanges.pop()
        self.exchanges.append(Exchange(body, None))
        if self.model is None:
            return Answer(200, b"")
        answer = self.model.invoke(body, content_type=content_type, accept=accept, timeout=timeout)
        is_success = 200 <= answer.status < 300
        self.exchanges[-1] = Exchange(body, answer.body) if is_success else Exchange(body, None, answer)
        return answer

    def _is_sent_again(self, body: bytes) -> bool:
        last = self.exchanges[-1]
        return last.body == body and last.answer is None


@dataclass
class _Memory:
    """The engine's object store, with one input object and one output object."""

    objects: dict[str, bytes]

    def list_objects(self, bucket: str, prefix: str) -> Iterator[InputObject]:
        for key, data in sorted(self.objects.items()):
            if key.startswith(prefix):
                yield InputObject(bucket, key, len(data))

    def open(self, bucket: str, key: str) -> BinaryIO:
        if key not in self.objects:
            raise DataNotFoundError(f"there is no s3://{bucket}/{key}")
        return io.BytesIO(self.objects[key])

    def create(self, bucket: str, key: str) -> ObjectWriter:
        del bucket
        return _Writer(self, key)


@dataclass
class _Writer:
    store: _Memory
    key: str
    data: io.BytesIO = field(default_factory=io.BytesIO)

    def write(self, data: bytes) -> None:
        self.data.write(data)

    def commit(self) -> None:
        self.store.objects[self.key] = self.data.getvalue()

    def abort(self) -> None:
        self.data.close()
