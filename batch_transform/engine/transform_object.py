"""One input object, from its bytes to its `.out` object."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from batch_transform.engine.assemble import assemble
from batch_transform.engine.batches import cut_batches
from batch_transform.engine.in_order import Workers
from batch_transform.engine.input_filter import InputFilter
from batch_transform.engine.invoke import Model
from batch_transform.engine.pace import Pace
from batch_transform.engine.progress import CountedStream, ProgressMeter
from batch_transform.engine.records import read_records
from batch_transform.engine.results import Results
from batch_transform.engine.seams import ObjectStore, ObjectWriter
from batch_transform.engine.selection import Selected
from batch_transform.engine.settings import Settings
from batch_transform.spec.errors import (
    DataNotFoundError,
    FilterMissError,
    InvalidFilterError,
    RecordError,
    TransformError,
)


@dataclass(frozen=True)
class Failure:
    """Why an object has no result: how the job's FailureReason begins, and the lines for the data log."""

    failure_class: str
    log_lines: tuple[str, ...]


@dataclass(frozen=True)
class ObjectTransform:
    """What the transforms of a job's objects share. `requests` are the workers that ask the model."""

    settings: Settings
    store: ObjectStore
    model: Model
    requests: Workers
    pace: Pace
    meter: ProgressMeter

    def run(self, selected: Selected) -> Failure | None:
        """Write the object's result, or return why there is none. A failed object leaves nothing behind."""
        try:
            self._run(selected)
        except TransformError as error:
            self.meter.add(objects_failed=1)
            return Failure(error.failure_class, error.log_lines)
        self.meter.add(objects_done=1)
        return None

    def _run(self, selected: Selected) -> None:
        try:
            input_filter, results = InputFilter.of(self.settings), Results.of(self.settings)
        except InvalidFilterError as error:
            raise FilterMissError(str(error)) from error  # AWS too finds it here, once for each object
        writer = self.store.create(selected.output.bucket, selected.output.key)
        try:
            self._write(selected, input_filter, results, writer)
            writer.commit()
        except BaseException:  # of whatever kind: no half-written object
            writer.abort()
            raise

    def _write(
        self, selected: Selected, input_filter: InputFilter, results: Results, writer: ObjectWriter
    ) -> None:
        settings = self.settings
        try:
            stored = self.store.open(selected.source.bucket, selected.source.key)
        except DataNotFoundError as error:
            raise RecordError(str(error)) from error
        is_empty = True
        with stored:
            records = read_records(CountedStream(stored, self.meter), settings)
            batches = cut_batches(records, input_filter, settings)
            with closing(self.requests.in_order(self.model.answers, self.pace.runs(batches))) as answered:
                for run, answers in answered:
                    is_empty = False
                    for batch, answer in zip(run, answers, strict=True):
                        for some in results.in_parts(batch, answer):
                            writer.write(assemble(some, with_lines=settings.assemble_lines))
                    self.meter.add(records=sum([batch.count for batch in run]))
        if is_empty and settings.join and settings.record_format == "JSON":
            raise RecordError("the object is empty, and an empty object is no JSON; remove it")
