"""Values that a job leaves out and that can be only one thing, because something else in the job needs them.

A join needs ContentType and Accept to be the same, and SplitType and AssembleWith too, both of them Line for CSV.
Names of columns or fields are looked up in each row of CSV and each line of JSON Lines, so they need Line. What the
job says itself is never replaced: rules refuse a contradiction. A filter as JSONPath is sent as it is written, with
AWS's own defaults around it.

Source: "Associate Prediction Results with Input Records", SageMaker Developer Guide. It says that JSON Lines "can" be
joined line by line and nothing of whole files, so Line is the only documented way.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from batch_transform.job.aws.enums import AssembleWith, SplitType
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.media_type import CSV, FILTERABLE, JSON_LINES, media_type

_LINES = frozenset({CSV, JSON_LINES})
_LINE = "Line"
_JOIN = "the join"


@dataclass(frozen=True)
class Derived:
    """A value that was filled in. `needed_by` is what needs it, such as `the join`."""

    field: str
    value: str
    needed_by: str

    def __str__(self) -> str:
        return f"{self.field}: {self.value}, because {self.needed_by} needs it"


def derived_values(spec: JobSpec) -> tuple[Derived, ...]:
    """Return the values that a job, as written, leaves out and that are filled in."""
    is_joined = spec.data_processing.join_source == "Input"
    return (*(_type(spec) if is_joined else ()), *(_joined_lines(spec) if is_joined else _named_lines(spec)))


def with_derived(spec: JobSpec) -> JobSpec:
    """Return the job with these values, and with AWS's defaults for SplitType and AssembleWith."""
    values = {one.field: one.value for one in derived_values(spec)}
    return dataclasses.replace(
        spec,
        input=dataclasses.replace(
            spec.input,
            content_type=values.get("input.content_type", spec.input.content_type),
            split_type=values.get("input.split_type", spec.input.split_type or SplitType.NONE.value),
        ),
        output=dataclasses.replace(
            spec.output,
            accept=values.get("output.accept", spec.output.accept),
            assemble_with=values.get(
                "output.assemble_with", spec.output.assemble_with or AssembleWith.NONE.value
            ),
        ),
    )


def _type(spec: JobSpec) -> tuple[Derived, ...]:
    sent, received = spec.input.content_type, spec.output.accept
    if received is None and sent is not None and media_type(sent) in FILTERABLE:
        return (Derived("output.accept", sent, _JOIN),)
    if sent is None and received is not None and media_type(received) in FILTERABLE:
        return (Derived("input.content_type", received, _JOIN),)
    return ()


def _joined_lines(spec: JobSpec) -> tuple[Derived, ...]:
    type_ = media_type(spec.input.content_type or spec.output.accept)
    given = {spec.input.split_type, spec.output.assemble_with}
    if type_ == CSV or _LINE in given or (type_ == JSON_LINES and given == {None}):
        return _lines(spec, _JOIN)
    return ()


def _named_lines(spec: JobSpec) -> tuple[Derived, ...]:
    """Without a join, only `keep` on lines determines how results are assembled."""
    processing = spec.data_processing
    if media_type(spec.input.content_type) not in _LINES or spec.input.split_type not in {None, _LINE}:
        return ()
    if processing.keep is not None and media_type(spec.output.accept) in _LINES:
        return _lines(spec, "data_processing.keep")
    sent = next((name for name in ("send", "send_except") if getattr(processing, name) is not None), None)
    if sent is None:
        return ()
    return tuple(one for one in _lines(spec, f"data_processing.{sent}") if one.field == "input.split_type")


def _lines(spec: JobSpec, needed_by: str) -> tuple[Derived, ...]:
    given = {"input.split_type": spec.input.split_type, "output.assemble_with": spec.output.assemble_with}
    return tuple(Derived(field, _LINE, needed_by) for field, value in given.items() if value is None)
