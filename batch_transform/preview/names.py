"""The names of what stands in records, bodies and results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.engine.settings import Settings
from batch_transform.job.errors import FilterMissError
from batch_transform.job.filters.json_path import JsonPath, is_csv
from batch_transform.job.filters.result_columns import result_columns
from batch_transform.job.values.job_spec import JobSpec


@dataclass(frozen=True)
class Names:
    """The names of CSV columns, in order; () where they are not known, or where records are no CSV rows."""

    record: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    answer: tuple[str, ...] = ()
    result: tuple[str, ...] = ()


def names_of(spec: JobSpec, request: Mapping[str, Any], settings: Settings) -> Names:
    """Return the names that the job file gives, also to what its filters select."""
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
