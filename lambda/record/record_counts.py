"""Counts the records of a run's objects and of their results, in as many calls of the function as that takes.

Each call continues where the last one stopped, and writes what it counted to `_objects.jsonl`. An object and its result
are counted in ranges, so that one of any size can be continued. Only a gzip file can't: one that takes longer than a
whole call stays uncounted.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from batch_transform.job.values.s3_uri import S3Uri
from counting import RANGE_BYTES, Counted, count_gzip, count_plain
from matching import CHANGED, COMPLETED
from record_files import Line, S3Client
from time_budget import TimeBudget

AT_A_TIME = 10
"""Small objects that are counted at once, since a request mostly waits for S3. boto3 keeps as many connections."""

_BATCH_OBJECTS = 512
_BATCH_BYTES = 256 * 1024 * 1024  # some seconds
_SMALL_GZIP = 4 * 1024 * 1024
_REPLACED = {"PreconditionFailed", "412", "NoSuchKey", "404"}
_DENIED = {"AccessDenied", "403"}
"""What S3 may also answer for a missing object: the function has `s3:ListBucket` with a condition alone."""


def is_countable(request: Mapping[str, Any]) -> bool:
    """Return whether each line of the input is a record, and each line of the results the result of one."""
    source, output = request["TransformInput"], request["TransformOutput"]
    is_prefix = source["DataSource"]["S3DataSource"]["S3DataType"] == "S3Prefix"
    return bool(is_prefix and source.get("SplitType") == output.get("AssembleWith") == "Line")


@dataclass(frozen=True)
class Cursor:
    """Where a call continues: at the line `line` of `_objects.jsonl`, counted from 0.

    A large object may have been begun: `records_in` is None until its input is counted, and `begun` is how far the
    input, and then the result, was counted.
    """

    line: int = 0
    records_in: int | None = None
    begun: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the cursor for the state machine."""
        return asdict(self)


class RecordCounter:
    """Counts for one call, as long as its budget lasts.

    `source_bucket` and `output_bucket` have the inputs and the results. `stopped` is where the next call has to
    continue, and None once everything is counted.
    """

    def __init__(
        self, s3: S3Client, *, source_bucket: str, output_bucket: str, is_gzip: bool, budget: TimeBudget
    ) -> None:
        self._s3 = s3
        self._source_bucket = source_bucket
        self._output_bucket = output_bucket
        self._is_gzip = is_gzip
        self._budget = budget
        self.stopped: Cursor | None = None

    def count(self, lines: Iterable[Line], cursor: Cursor) -> Iterator[Line]:
        """Yield all lines in their order: with the counts that were known before, and those of this call."""
        self.stopped = None
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            batch: list[Line] = []
            held = number = 0
            for number, line in enumerate(lines):
                if number < cursor.line or self.stopped is not None:
                    yield line
                    continue
                is_large, is_over = self._is_large(line), not self._is_time_left()
                if is_large or is_over or held >= _BATCH_BYTES or len(batch) >= _BATCH_OBJECTS:
                    yield from pool.map(self._count_small, batch)
                    batch, held = [], 0
                if is_over:
                    self.stopped = Cursor(number)
                    yield line
                elif is_large:
                    yield self._count_large(line, cursor if number == cursor.line else Cursor(number), cursor)
                else:
                    batch.append(line)
                    held += (line["Size"] or 0) + (line["OutputSize"] or 0)
            yield from pool.map(self._count_small, batch)

    def _is_time_left(self) -> bool:
        return not self._budget.is_over

    def _is_large(self, line: Line) -> bool:
        if line["Status"] != COMPLETED:
            return False
        most = _SMALL_GZIP if self._is_gzip else RANGE_BYTES
        return (line["Size"] or 0) > most or (line["OutputSize"] or 0) > RANGE_BYTES

    def _count_small(self, line: Line) -> Line:
        """Count an object and its result with a request each, whatever the time."""
        if line["Status"] != COMPLETED:
            return line
        try:
            return {**line, "RecordsIn": self._records_in(line), "RecordsOut": self._result(line).records}
        except ClientError as error:
            return self._replaced(line, error)

    def _records_in(self, line: Line) -> int | None:
        source = S3Uri(self._source_bucket, line["Key"])
        if not line["Size"]:
            return 0
        if not self._is_gzip:
            return count_plain(source, line["ETag"], line["Size"], self._s3).records
        try:
            counted = count_gzip(source, line["ETag"], self._s3)
        except zlib.error:
            return None  # no job can read it either
        return counted.records if counted else None

    def _count_large(self, line: Line, begun: Cursor, first: Cursor) -> Line:
        """Count an object and its result as long as there is time. `first` is where this call began."""
        try:
            known = begun.records_in
            counted = Counted(**begun.begun)
            if known is None:
                if self._is_gzip:
                    known = self._large_gzip(line, begun, first)
                else:
                    counted = count_plain(
                        S3Uri(self._source_bucket, line["Key"]),
                        line["ETag"],
                        line["Size"],
                        self._s3,
                        begun=counted,
                        is_time_left=self._is_time_left,
                    )
                    if counted.offset < line["Size"]:
                        self.stopped = Cursor(begun.line, None, asdict(counted))
                    known = counted.records
                if self.stopped is not None:
                    return line
                counted = Counted()
            counted = self._result(line, counted)
        except ClientError as error:
            return self._replaced(line, error)
        if counted.offset < (line["OutputSize"] or 0):
            self.stopped = Cursor(begun.line, known, asdict(counted))
            return line
        return {**line, "RecordsIn": known, "RecordsOut": counted.records}

    def _large_gzip(self, line: Line, begun: Cursor, first: Cursor) -> int | None:
        source = S3Uri(self._source_bucket, line["Key"])
        try:
            counted = count_gzip(source, line["ETag"], self._s3, self._is_time_left)
        except zlib.error:
            return None
        if counted is None:
            # If a whole call wasn't enough, the object stays uncounted; otherwise the next call begins with it.
            self.stopped = Cursor(begun.line + (begun.line == first.line))
            return None
        return counted.records

    def _result(self, line: Line, begun: Counted = Counted()) -> Counted:  # noqa: B008  # it is frozen
        place = S3Uri(self._output_bucket, line["OutputKey"])
        return count_plain(
            place, None, line["OutputSize"] or 0, self._s3, begun=begun, is_time_left=self._is_time_left
        )

    def _replaced(self, line: Line, error: ClientError) -> Line:
        """Return the line of an object that was replaced or deleted since it was matched; raise any other error."""
        code = str(error.response["Error"]["Code"])
        if code in _REPLACED or (code in _DENIED and self._is_gone(line)):
            return {**line, "Status": CHANGED}
        raise error

    def _is_gone(self, line: Line) -> bool:
        """Return whether the object or its result isn't listed any more."""
        places = (
            S3Uri(self._source_bucket, line["Key"]),
            S3Uri(self._output_bucket, line["OutputKey"]),
        )
        for place in places:
            listed = self._s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key, MaxKeys=1)
            if not any(entry["Key"] == place.key for entry in listed.get("Contents", [])):
                return True
        return False
