"""What filters and joins do to records: one interface, and the choice among three implementations.

| implementation | handles | relative time |
|---|---|---|
| `compiled_filter` | lines of CSV or JSON, the usual filters; needs the C module | 1 |
| `csv_lines`, `json_lines` | lines | 3 to 50 times as long |
| `record_by_record` | everything, and names a faulty record; it defines what the others write | longer still |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from batch_transform.engine.answers import Answers
from batch_transform.engine.compiled_filter import compiled_filter
from batch_transform.engine.csv_lines import CsvLines
from batch_transform.engine.formats import FORMATS
from batch_transform.engine.json_lines import JsonLines
from batch_transform.engine.record_by_record import RecordByRecord
from batch_transform.engine.records import Ending, Records
from batch_transform.job.errors import TransformError
from batch_transform.job.filters.json_path import JsonPath

DECLINED = (TransformError, LookupError, TypeError, ValueError, OverflowError)
"""What a fast implementation raises for a block that it declines: a record in it is wrong, or just unusual."""


class RecordFilter(Protocol):
    """One filter, for records of one format. Returns one result for each record, in their order.

    Raises FaultyRecordError for a record that has no result.
    """

    def filtered(self, records: Records, ending: Ending) -> bytes:
        """Apply the filter to each record."""

    def joined(self, records: Records, answers: Answers, ending: Ending) -> bytes:
        """Join each record with its answer, the next ones of `answers`, and apply the filter to that."""


def record_filter(format_name: str, path: JsonPath) -> RecordFilter:
    """Return the fastest filter for records of a format, "CSV" or "JSON". It handles every block of records."""
    by_record = RecordByRecord(FORMATS[format_name], path)
    in_python = CsvLines(path) if format_name == "CSV" else JsonLines(path)
    return _Fastest(compiled_filter(by_record) or in_python, by_record)


@dataclass(frozen=True)
class _Fastest:
    """Gives blocks of lines to `fast`, and everything else, or what it declines, to `by_record`."""

    fast: RecordFilter
    by_record: RecordFilter

    def filtered(self, records: Records, ending: Ending) -> bytes:
        if records.are_lines:
            try:
                return self.fast.filtered(records, ending)
            except DECLINED:
                pass
        return self.by_record.filtered(records, ending)

    def joined(self, records: Records, answers: Answers, ending: Ending) -> bytes:
        if records.are_lines and answers.are_lines:
            position = answers.position
            try:
                return self.fast.joined(records, answers, ending)
            except DECLINED:
                answers.return_to(position)
        return self.by_record.joined(records, answers, ending)
