"""What a preview shows: each record with its answer and result, the request bodies, and the findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_transform.engine.settings import Settings
from batch_transform.job.errors import FilterMissError
from batch_transform.job.filters.json_path import JsonPath
from batch_transform.job.filters.result_columns import result_columns
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.media_type import is_csv
from batch_transform.preview.finding import Finding


@dataclass(frozen=True)
class Names:
    """The names of CSV columns, in order; () if they are unknown, or if the records are not CSV rows."""

    record: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    answer: tuple[str, ...] = ()
    result: tuple[str, ...] = ()


@dataclass
class Shown:
    """One record, and what the job does with it; None for what is unknown.

    `line` counts from 1, also for records that are not lines; it is 0 for an object that is not split. If the answer
    to a request with several records doesn't have one line for each, the first record has the whole answer and
    result, and `answered` is the number of records that they are for.
    """

    line: int
    record: bytes
    sent: bytes | None = None
    answer: bytes | None = None
    result: bytes | None = None
    answered: int = 1


@dataclass(frozen=True)
class Body:
    """The size of a request body in bytes, and the number of records in it."""

    size: int
    records: int


@dataclass
class Preview:
    """The whole preview. `checked` is the number of records that were checked for problems.

    `is_complete` says whether these are all records of the input, `was_asked` whether there was a model to call.
    `requests` has the bodies that were sent for the records shown. `result` is the object that a run would write for
    these records alone; if there is none, `failure` says why.
    """

    source: str
    size: int
    settings: Settings
    names: Names
    was_asked: bool = False
    shown: list[Shown] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    checked: int = 0
    is_complete: bool = False
    requests: tuple[bytes, ...] = ()
    result: bytes | None = None
    failure: tuple[str, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether the job would fail on this input, or score something that isn't a record."""
        return any(finding.is_error for finding in self.findings)


def names_of(spec: JobSpec, request: Mapping[str, Any], settings: Settings) -> Names:
    """Return the column names in the job file, and the names of the columns that its filters select."""
    is_row, is_answer_row = is_csv(settings.content_type), is_csv(settings.accept or settings.content_type)
    record = tuple(spec.input.columns) if is_row else ()
    return Names(
        record=record,
        sent=_selected(settings.input_filter, record),
        answer=tuple(spec.output.columns) if is_answer_row else (),
        result=_of_result(spec, request) if is_answer_row else (),
    )


def _selected(text: str, names: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(JsonPath.parse(text).select_cells(names)) if names else ()
    except FilterMissError:
        return ()


def _of_result(spec: JobSpec, request: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        return result_columns(spec, request.get("DataProcessing", {}))
    except FilterMissError:
        return ()
