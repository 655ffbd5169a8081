"""The engine over an input that is never in memory; prints the peak of this process in MiB.

python -m benchmarks.memory GIBIBYTES MAX_PAYLOAD_IN_MB none|join
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO, cast

from batch_transform.engine.interfaces import InputObject
from batch_transform.local.sagemaker.http_invoker import HttpInvoker
from benchmarks.clients import Job, run_engine
from benchmarks.inputs import lines
from benchmarks.measure import CSV_FILTERS, model_server
from benchmarks.peak_memory import peak_mib


class Repeated(io.RawIOBase):
    """The same lines, repeated up to a size."""

    def __init__(self, text: bytes, size: int) -> None:
        self._text = text
        self._left = size // len(text)
        self._piece = io.BytesIO(text)

    def read(self, size: int = -1, /) -> bytes:
        some = self._piece.read(size)
        if not some and self._left > 1:
            self._left -= 1
            self._piece = io.BytesIO(self._text)
            some = self._piece.read(size)
        return some


class Sink:
    """A result that is discarded."""

    def write(self, data: bytes) -> None:
        """Discard the data."""

    def commit(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""


class EndlessStore:
    """One object that is generated while it is read."""

    def __init__(self, size: int) -> None:
        self._text = b"".join(lines("narrow", 100_000))
        self._size = size

    def list_objects(self, bucket: str, prefix: str) -> Iterator[InputObject]:
        yield InputObject(bucket, f"{prefix}large.csv", self._size)

    def open(self, bucket: str, key: str) -> BinaryIO:
        return cast(BinaryIO, Repeated(self._text, self._size))

    def create(self, bucket: str, key: str) -> Sink:
        return Sink()


def main(gibibytes: str, max_payload: str, filters: str) -> None:
    job = Job(max_payload=int(max_payload), **(CSV_FILTERS if filters == "join" else {}))
    with (
        model_server("constant") as port,
        closing(HttpInvoker(f"http://127.0.0.1:{port}")) as invoker,
    ):
        run_engine(job, EndlessStore(int(float(gibibytes) * 2**30)), invoker)
    print(peak_mib())  # noqa: T201 - the parent process reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
