"""The output of an execution that succeeded (docs/reference/run-output.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_transform.job.record.names import BAD_RECORDS_FILE
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.job.values.wording import counted

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class RunOutput:
    """The fields that the commands show. A field is None if it is unknown, or if the run was skipped.

    `at_least` has lower bounds, under the names of the output's members, of what was not counted to the end.
    """

    transform_job: str | None
    place: S3Uri | None
    instance_type: str | None
    instance_count: int | None
    attempts: int | None
    billable_seconds: int | None
    input_objects: int | None
    input_bytes: int | None
    output_objects: int | None
    output_bytes: int | None
    running_execution: str | None
    waiting_execution: str | None
    bad_records: int = 0
    at_least: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, output: Mapping[str, Any]) -> RunOutput:
        """Read the output of an execution."""
        path = output["S3OutputPath"]
        return cls(
            transform_job=output["TransformJobName"],
            place=None if path is None else S3Uri.parse(path),
            instance_type=output["InstanceType"],
            instance_count=output["InstanceCount"],
            attempts=output["Attempts"],
            billable_seconds=output["BillableTimeInSeconds"],
            input_objects=output["InputObjects"],
            input_bytes=output["InputBytes"],
            output_objects=output["OutputObjects"],
            output_bytes=output["OutputBytes"],
            running_execution=output["RunningExecutionArn"],
            waiting_execution=output.get("WaitingExecutionArn"),  # 0.1.0 has none
            bad_records=output.get("BadRecords") or 0,  # releases before 0.2.0 have no such member
            at_least=output.get("AtLeast") or {},  # releases before 0.2.0 have no such member
        )

    def __str__(self) -> str:
        """What was read and written, and on which instances, in one line."""
        if self.place is None:
            if self.waiting_execution:
                return f"skipped: {self.waiting_execution} waits already, and will score the data"
            return f"skipped: {self.running_execution} is in progress"
        attempts = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        return (
            f"{self._side('Input', self.input_objects, self.input_bytes)} in, "
            f"{self._side('Output', self.output_objects, self.output_bytes)} out, on {self.instance_count} x "
            f"{self.instance_type}, {attempts}" + (f"; {self.left_out}" if self.left_out else "")
        )

    @property
    def left_out(self) -> str:
        """How many bad records were left out, and what lists them; empty without any."""
        if not self.bad_records:
            return ""
        return f"{counted(self.bad_records, 'bad record')} left out, listed in {BAD_RECORDS_FILE}"

    def _side(self, side: str, objects: int | None, size: int | None) -> str:
        if objects is None and f"{side}Objects" in self.at_least:
            least = objects_text(self.at_least[f"{side}Objects"], self.at_least[f"{side}Bytes"])
            return f"at least {least}"
        return objects_text(objects, size)


def objects_text(count: int | None, size: int | None) -> str:
    """Return a text such as `3 objects of 37.7 kB`."""
    if count is None or size is None:
        return "objects not counted"
    return f"{counted(count, 'object')} of {size_text(size)}"


def size_text(size: float) -> str:
    """Return a number of bytes in a readable unit."""
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            break
        size /= 1000
    return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
