"""The names of the columns in a CSV result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    return names_of_result(spec.input.columns, spec.output.columns, data_processing)


def names_of_result(
    inputs: Sequence[str], answers: Sequence[str], data_processing: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the same from the names of the input's columns and of the answer's, for a CSV result."""
    joined = data_processing.get("JoinSource") == "Input"
    if not answers or (joined and not inputs):
        return ()
    names = (*inputs, *answers) if joined else tuple(answers)
    return tuple(JsonPath.parse(data_processing.get("OutputFilter", "$")).select_cells(names))
