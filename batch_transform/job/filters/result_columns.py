"""The names of the columns in a CSV result."""

from __future__ import annotations

from collections.abc import Mapping

from batch_transform.job.filters.json_path import JsonPath
from batch_transform.job.values.derived import with_derived
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.media_type import JSON, JSON_LINES, media_type


def result_columns(spec: JobSpec, data_processing: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the columns in a CSV result; () for a JSON result, or when the job file names none.

    `data_processing` is what the transform job really had, overrides included. With a join, a record
    is the input's columns followed by the answer's; the output filter then picks from them, and picks
    the same from their names.
    """
    if media_type(with_derived(spec).output.accept) in {JSON, JSON_LINES}:
        return ()
    joined = data_processing.get("JoinSource") == "Input"
    names = (*spec.input.columns, *spec.output.columns) if joined else spec.output.columns
    if not spec.output.columns or (joined and not spec.input.columns):
        return ()
    return tuple(JsonPath.parse(data_processing.get("OutputFilter", "$")).select_cells(names))
