"""What InputFilter, JoinSource and OutputFilter do to records: the interface of three implementations.

- `record_by_record` parses and writes each record by itself. It defines the result, and names the record that is wrong.
- `csv_lines` and `json_lines` work on many lines at a time, in Python.
- `compiled_filter` does the same in C, many times as fast.

`fastest_filter` chooses one. The two fast ones may decline a block of records; `record_by_record` never does.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Literal, Protocol

from batch_transform.engine.answers import Answers
from batch_transform.engine.records import Records
from batch_transform.job.errors import FilterMissError, TransformError, UnparsableError

DECLINED = (TransformError, LookupError, TypeError, ValueError, OverflowError)
"""What a fast implementation raises for a block that it doesn't take: a record in it is wrong, or just unusual."""


class Ending(IntEnum):
    """Where the newlines go in the text of several results. The C module uses the same numbers."""

    NOTHING = 0
    AFTER_EACH = 1
    BETWEEN = 2

    def put_together(self, results: Sequence[bytes]) -> bytes:
        """Return the results as one text."""
        text = (b"" if self is Ending.NOTHING else b"\n").join(results)
        return text + b"\n" if self is Ending.AFTER_EACH and results else text


class RecordFilter(Protocol):
    """One filter, for records of one format. Returns one result for each record, in their order."""

    def filtered(self, records: Records, ending: Ending) -> bytes:
        """Apply the filter to each record."""

    def joined(self, records: Records, answers: Answers, ending: Ending) -> bytes:
        """Join each record with its answer, the next ones of `answers`, and apply the filter to that."""


class FaultyRecordError(Exception):
    """When a record has no result. It never leaves the engine: the caller says it in the words of the data log.

    `position` counts from 0, in the block of records. `text` is what `cause` is about: the record, its answer, or what
    the filter was applied to.
    """

    def __init__(
        self,
        cause: UnparsableError | FilterMissError,
        position: int,
        text: Literal["record", "answer", "result"],
    ) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.position = position
        self.text = text
