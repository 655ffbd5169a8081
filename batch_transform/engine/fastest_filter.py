"""Chooses how the records of an object are filtered and joined: see `record_filter`."""

from __future__ import annotations

from dataclasses import dataclass

from batch_transform.engine.answers import Answers
from batch_transform.engine.compiled_filter import compiled_filter
from batch_transform.engine.csv_lines import CsvLines
from batch_transform.engine.formats import FORMATS
from batch_transform.engine.json_lines import JsonLines
from batch_transform.engine.record_by_record import RecordByRecord
from batch_transform.engine.record_filter import DECLINED, Ending, RecordFilter
from batch_transform.engine.records import Records
from batch_transform.job.filters.json_path import JsonPath


def fastest_filter(format_name: str, path: JsonPath) -> RecordFilter:
    """Return the fastest filter for records of a format, "CSV" or "JSON".

    It takes every block of records, and raises FaultyRecordError for a record that has no result.
    """
    by_record = RecordByRecord(FORMATS[format_name], path)
    in_python = CsvLines(path) if format_name == "CSV" else JsonLines(path)
    return _Fastest(compiled_filter(by_record) or in_python, by_record)


@dataclass(frozen=True)
class _Fastest:
    """Gives blocks of lines to `fast`, and to `by_record` what that declines and what isn't lines."""

    fast: RecordFilter
    by_record: RecordByRecord

    def filtered(self, records: Records, ending: Ending) -> bytes:
        if records.are_lines:
            try:
                return self.fast.filtered(records, ending)
            except DECLINED:
                pass
        return self.by_record.filtered(records, ending)

    def joined(self, records: Records, answers: Answers, ending: Ending) -> bytes:
        if records.are_lines and answers.are_lines:
            place = answers.place
            try:
                return self.fast.joined(records, answers, ending)
            except DECLINED:
                answers.return_to(place)
        return self.by_record.joined(records, answers, ending)
