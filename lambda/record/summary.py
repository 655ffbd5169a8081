"""What `_objects.jsonl` says about a run: how many objects and records it has, and which of them don't match."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from matching import CHANGED, COMPLETED, FAILED, MISSING, STRAY
from record_files import Line

MOST_MISMATCHES = 100
_NAMED = 5

_REASONS = {
    MISSING: "the object has no result",
    CHANGED: "the object was replaced or deleted while the run was in progress",
    STRAY: "no input object has this result",
}


class Summary:
    """Collects counts line by line, and keeps the first MOST_MISMATCHES mismatches.

    `source_bucket` and `output_bucket` have the inputs and the results. `leaves_out` says that a bad record has no line
    in the results; otherwise it has a marker there.
    """

    def __init__(self, *, source_bucket: str, output_bucket: str, leaves_out: bool = True) -> None:
        self._source_bucket = source_bucket
        self._output_bucket = output_bucket
        self._leaves_out = leaves_out
        self.total = self.success = self.error = self.bad_records = 0
        self.records_in: int | None = 0
        self.records_out: int | None = 0
        self.mismatches: list[dict[str, Any]] = []
        self.mismatch_count = 0
        self.is_ended = True

    def add(self, lines: Iterable[Line]) -> Summary:
        """Add lines, and return self."""
        for line in lines:
            self._add(line)
        return self

    def _add(self, line: Line) -> None:
        status = line["Status"]
        self.is_ended = self.is_ended and status is not None
        if status != STRAY:
            self.total += 1
            self.success += status == COMPLETED
            self.error += status in {FAILED, MISSING, CHANGED}
        bad = line["BadRecords"] or 0
        self.bad_records += bad
        if status in _REASONS:
            self._mismatch(line, _REASONS[status])
        if status == STRAY:
            return
        read, written = line["RecordsIn"], line["RecordsOut"]
        self.records_in = None if self.records_in is None or read is None else self.records_in + read
        self.records_out = None if self.records_out is None or written is None else self.records_out + written
        if status == COMPLETED and read is not None and written is not None:
            expected = read - bad if self._leaves_out else read
            if written != expected:
                self._mismatch(line, _uneven(read, written, bad))

    def _mismatch(self, line: Line, reason: str) -> None:
        self.mismatch_count += 1
        if len(self.mismatches) >= MOST_MISMATCHES:
            return
        place = (
            f"s3://{self._output_bucket}/{line['OutputKey']}"
            if line["Key"] is None
            else f"s3://{self._source_bucket}/{line['Key']}"
        )
        self.mismatches.append(
            {
                "Object": place,
                "RecordsIn": line["RecordsIn"],
                "RecordsOut": line["RecordsOut"],
                "Reason": reason,
            }
        )

    def objects(self) -> dict[str, int | None]:
        """Return the member `Objects` of the record."""
        ended = self.is_ended
        return {
            "Total": self.total,
            "Success": self.success if ended else None,
            "Error": self.error if ended else None,
        }

    def records(self) -> dict[str, int | None]:
        """Return the member `Records`: what isn't known of all objects is None."""
        if self.records_in is None or self.records_out is None:
            return unknown_records()
        markers = 0 if self._leaves_out else self.bad_records
        return {
            "Total": self.records_in,
            "Success": self.records_out - markers,
            "Error": self.bad_records,
        }

    def reconciliation(self, by: str) -> dict[str, Any]:
        """Return the member `Reconciliation` of a run that completed, or that failed because of it."""
        if by == "off" or not self.is_ended:
            return not_checked(by)
        if self.mismatch_count:
            return {"By": by, "Result": "Mismatched", "Mismatches": self.mismatches}
        if by == "records" and self.records_in is None:
            return not_checked(by)
        return {"By": by, "Result": "Matched", "Mismatches": []}

    def cause(self, files: str) -> str:
        """Return the cause of a ReconciliationError; `files` is the run's output prefix."""
        first, *lines = [f"{one['Object']}: {one['Reason']}" for one in self.mismatches[:_NAMED]]
        if (more := self.mismatch_count - _NAMED) > 0:
            lines.append(f"and {more:,} more, in {files}_objects.jsonl")
        # A list of runs shows only the first line.
        where = f" in {self.mismatch_count:,} places" if self.mismatch_count > 1 else ""
        return "\n".join([f"the results don't match the input{where}: {first}", *lines])


def not_checked(by: str) -> dict[str, Any]:
    """Return the member `Reconciliation` of a run that wasn't reconciled."""
    return {"By": by, "Result": "NotChecked", "Mismatches": []}


def unknown_records() -> dict[str, int | None]:
    """Return the member `Records` if they weren't counted."""
    return {"Total": None, "Success": None, "Error": None}


def _uneven(read: int, written: int, bad: int) -> str:
    also = f", {bad:,} of them bad" if bad else ""
    return f"{read:,} records in{also}, {written:,} results out"
