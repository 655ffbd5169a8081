"""Filters that a single run changes by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.job.errors import Problem
from batch_transform.job.filters.named_filters import input_filter, output_filter
from batch_transform.job.request.request import Request, place
from batch_transform.job.values.job_spec import DataProcessingSpec, InputSpec, JobSpec, ModelSpec, OutputSpec

NAME_FIELDS = ("data_processing.send", "data_processing.send_except", "data_processing.keep")
"""What a run may give as a list of names."""

FILTER_FIELDS = ("data_processing.input_filter", "data_processing.output_filter")
"""The same filters as JSONPath."""


@dataclass(frozen=True)
class Columns:
    """The names that a job gives its columns or fields; () where it gives none."""

    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()


def place_named_filters(
    request: Request, names: Mapping[str, object], columns: Columns, *, raw: Collection[str]
) -> list[Problem]:
    """Put the filters that `names` say into the request, and return what is wrong with them.

    `raw` are the filters that the run gives as JSONPath as well.
    """
    problems = [
        Problem("wrong-type", field, 'must be a list of names, such as ["id", "label"]')
        for field, value in names.items()
        if not (isinstance(value, list) and all(isinstance(name, str) for name in value))
    ]
    if problems or not names:
        return problems
    spec = _as_job(request, names, columns, raw)
    sent, kept = input_filter(spec), output_filter(spec)
    for field, member, compiled in (
        ("data_processing.input_filter", "InputFilter", sent),
        ("data_processing.output_filter", "OutputFilter", kept),
    ):
        if compiled.field == field:
            continue  # not by name
        problems += [problem for problem in compiled.problems if problem.is_error]
        if compiled.path is not None:
            place(request, ("DataProcessing", member), compiled.path)
    return problems


def _as_job(request: Request, names: Mapping[str, object], columns: Columns, raw: Collection[str]) -> JobSpec:
    """Return what names are judged by: the run's types and join, and the job's columns."""
    processing: dict[str, Any] = request.get("DataProcessing", {})
    listed: dict[str, Any] = {
        field.rpartition(".")[2]: tuple(value) for field, value in names.items() if isinstance(value, list)
    }
    for field, member in zip(FILTER_FIELDS, ("InputFilter", "OutputFilter"), strict=True):
        if field in raw:
            listed[field.rpartition(".")[2]] = processing.get(member)
    return JobSpec(
        name="",
        model=ModelSpec(),
        input=InputSpec(content_type=request["TransformInput"].get("ContentType"), columns=columns.input),
        output=OutputSpec(accept=request["TransformOutput"].get("Accept"), columns=columns.output),
        data_processing=DataProcessingSpec(join_source=processing.get("JoinSource", "None"), **listed),
    )
