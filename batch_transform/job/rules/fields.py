"""The named fields of JSON records: against the names that SageMaker takes itself, and against the filters.

Warnings: AWS documents neither what becomes of a field that it overwrites nor what a filter gives for
one that is not there, and a job file may name fewer fields than records have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from batch_transform.job.errors import InvalidFilterError, Problem
from batch_transform.job.filters.json_path import JsonPath, Name, Names
from batch_transform.job.rules.filters import INPUT_FILTER, OUTPUT_FILTER
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.counted import listed
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.media_type import JSON, JSON_LINES, media_type

# "Associate Prediction Results with Input Records", SageMaker Developer Guide.
_OF_JOIN = ("SageMakerOutput", "SageMakerInput")
_RESERVED = (*_OF_JOIN, "SageMakerInferenceId", "SageMakerInferenceTime")


def field_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check the named fields of JSON records and answers; the job's filters are paths here."""
    sent, answered = spec.input.columns, spec.output.columns
    if any(map(is_token, (*sent, *answered))):
        return
    joined = spec.data_processing.join_source == "Input"
    if sent and media_type(spec.input.content_type) in {JSON, JSON_LINES}:
        yield from _reserved(sent)
        yield from _reach(INPUT_FILTER, spec.data_processing.input_filter, "input.columns", sent)
        if joined:
            kept = spec.data_processing.output_filter
            yield from _reach(OUTPUT_FILTER, kept, "a joined record", (*sent, *_OF_JOIN))
    if answered and not joined and media_type(spec.output.accept) in {JSON, JSON_LINES}:
        yield from _reach(OUTPUT_FILTER, spec.data_processing.output_filter, "output.columns", answered)


def _reserved(names: Sequence[str]) -> Iterator[Problem]:
    for at, name in enumerate(names):
        if name in _RESERVED:
            yield Problem(
                "column-reserved",
                f"input.columns[{at}]",
                f"'{name}' is a name that SageMaker writes itself into records, and might overwrite; rename the field",
                severity="warning",
            )


def _reach(field: str, text: str | None, where: str, known: Sequence[str]) -> Iterator[Problem]:
    if text is None or is_token(text):
        return
    try:
        path = JsonPath.parse(text)
    except InvalidFilterError:
        return  # told by the rules on filters
    first = path.steps[0] if path.steps else None
    names = (first.name,) if isinstance(first, Name) else first.names if isinstance(first, Names) else ()
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            yield Problem(
                "filter-beyond-fields",
                field,
                f"'{text}' asks for {name}, which is not in {where}; {hint}there are {listed(known)}",
                severity="warning",
            )
