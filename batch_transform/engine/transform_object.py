"""One input object, from its bytes to its `.out` object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from batch_transform.engine.batches import Batch, RereadRecords, StreamedBody, cut_batches, cut_framed
from batch_transform.engine.data_capture import inference_time
from batch_transform.engine.framed import read_framed
from batch_transform.engine.input_filter import InputFilter
from batch_transform.engine.interfaces import ObjectStore, ObjectWriter
from batch_transform.engine.invoke import Model, NotSentError, ObjectRequests
from batch_transform.engine.progress import CountedObject, ProgressMeter
from batch_transform.engine.records import WHOLE_OBJECT, ByteStream, Records, read_pieces, read_records
from batch_transform.engine.request_groups import RequestGroups
from batch_transform.engine.results import Results
from batch_transform.engine.selection import Selected
from batch_transform.engine.settings import Settings
from batch_transform.engine.silent_losses import CheckedWriter, count_byte_order_marks
from batch_transform.engine.workers import Workers
from batch_transform.job.errors import (
    DataNotFoundError,
    FilterMissError,
    InvalidFilterError,
    RecordError,
    TransformError,
)


@dataclass(frozen=True)
class Failure:
    """Why an object has no result: how the job's FailureReason begins, and the lines for the data log.

    `line` is the place of the record, as in `TransformError`.
    """

    failure_class: str
    log_lines: tuple[str, ...]
    line: int | None = None


@dataclass(frozen=True)
class ObjectTransform:
    """Transforms one object after another; what it holds is the same for all objects of a job.

    `request_workers` are the threads that send requests to the model, `groups` how many requests each gets at a time.
    """

    settings: Settings
    store: ObjectStore
    model: Model
    request_workers: Workers
    groups: RequestGroups
    meter: ProgressMeter
    started_at: datetime

    def run(self, selected: Selected) -> Failure | None:
        """Write the object's result, or return why there is none. A failed object leaves nothing behind."""
        requests = ObjectRequests(self.model)
        try:
            self._run(selected, requests)
        except (TransformError, NotSentError) as error:
            first, *others = requests.failures(error)
            self.meter.add(objects_failed=1)
            lines = [line for failure in (first, *others) for line in failure.log_lines]
            return Failure(first.failure_class, tuple(lines), first.line)
        self.meter.add(objects_done=1)
        return None

    def _run(self, selected: Selected, requests: ObjectRequests) -> None:
        """Read the filters, then write the object: all of it, or none."""
        try:
            input_filter = InputFilter.of(self.settings)
            results = Results.of(self.settings, inference_time(self.started_at))
        except InvalidFilterError as error:
            raise FilterMissError(str(error)) from error  # like AWS, which finds it once for each object
        for path in (input_filter.path, results.path):
            path.check_defined()  # wrong for every record, so the error names none
        writer = self.store.create(selected.output.bucket, selected.output.key)
        try:
            self._write(selected, requests, input_filter, results, writer)
            writer.commit()
        except BaseException:  # of any kind: leave no half-written object
            writer.abort()
            raise

    def _write(
        self,
        selected: Selected,
        requests: ObjectRequests,
        input_filter: InputFilter,
        results: Results,
        writer: ObjectWriter,
    ) -> None:
        """Read, batch, send, join and filter, write: a group of requests at a time."""
        settings = self.settings
        output = CheckedWriter(settings, self.meter, writer)
        with self._open(selected) as stored:
            groups = self._groups(selected, CountedObject(self.meter).stream(stored), input_filter)
            after_failure = settings.max_concurrent_transforms - 1
            sent_groups = self.request_workers.in_order(requests.answers, groups, after_failure=after_failure)
            with closing(sent_groups) as answered:
                for group, answers in answered:
                    output.begin_group(group, answers)
                    sent = [_with_count(batch) for batch in group]
                    for part in results.of_requests(sent, answers):
                        output.write(part)
                        del part  # large results must not stay in memory while the next bodies are cut
                    output.end_group(sum([batch.count for batch in sent]))
                    del group, sent, answers
        output.finish()
        if output.is_empty and settings.join and settings.record_format == "JSON":
            raise RecordError("the object is empty, and an empty object isn't JSON; remove it")

    def _groups(
        self, selected: Selected, stream: ByteStream, input_filter: InputFilter
    ) -> Iterator[list[Batch]]:
        """Yield the requests of the object, in groups: see `request_groups`."""
        settings = self.settings
        if settings.is_streamed:
            return iter([[self._streamed(selected, input_filter)]])
        if settings.is_framed:
            return self.groups.of(cut_framed(read_framed(stream, settings), settings))
        records = count_byte_order_marks(read_records(stream, settings), self.meter)
        return self.groups.of(cut_batches(records, input_filter, settings))

    def _streamed(self, selected: Selected, input_filter: InputFilter) -> Batch:
        counted = CountedObject(self.meter)

        def read() -> Iterator[Records]:
            with self._open(selected) as stored:
                pieces = read_records if self.settings.looks_into_records else read_pieces
                yield from count_byte_order_marks(pieces(counted.stream(stored), self.settings), self.meter)

        return Batch(StreamedBody(read, input_filter), RereadRecords(read), 1, WHOLE_OBJECT)

    def _open(self, selected: Selected) -> BinaryIO:
        try:
            return self.store.open(selected.source.bucket, selected.source.key)
        except DataNotFoundError as error:
            raise RecordError(str(error)) from error


def _with_count(batch: Batch) -> Batch:
    """Return the batch with its number of records, which is known for a streamed one only after it was sent."""
    return batch._replace(count=batch.body.count) if isinstance(batch.body, StreamedBody) else batch
