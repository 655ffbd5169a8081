"""Rules for the named columns of CSV rows and fields of JSON records, and for filters that refer to them.

For JSON the rules only warn: AWS documents neither what happens to a field that it overwrites nor what a filter
returns for a field that does not exist, and a job file may name fewer fields than records have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from batch_transform.job.errors import FilterMissError, InvalidFilterError, Problem
from batch_transform.job.filters.json_path import JsonPath, Name, Names
from batch_transform.job.rules.data_processing import INPUT_FILTER, OUTPUT_FILTER
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.media_type import CSV, FILTERABLE, JSON, JSON_LINES, media_type
from batch_transform.job.values.wording import counted, listed, shown


def column_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check the names of columns, and the filters, which are paths by now, against the number of columns."""
    yield from _names("input.columns", spec.input.columns, spec.input.content_type)
    yield from _names("output.columns", spec.output.columns, spec.output.accept)
    sent, answered = spec.input.columns, spec.output.columns
    if any(map(is_token, (*sent, *answered))):
        return
    for field, text in (
        (INPUT_FILTER, spec.data_processing.input_filter),
        (OUTPUT_FILTER, spec.data_processing.output_filter),
    ):
        yield from _from_both_ends(field, text)
    if sent and media_type(spec.input.content_type) == CSV:
        yield from _reach(INPUT_FILTER, spec.data_processing.input_filter, [("input.columns", sent)])
    if answered and media_type(spec.output.accept) == CSV:
        if spec.data_processing.join_source == "None":
            yield from _reach(
                OUTPUT_FILTER, spec.data_processing.output_filter, [("output.columns", answered)]
            )
        elif spec.data_processing.join_source == "Input" and sent:
            joined = [("input.columns", sent), ("output.columns", answered)]
            yield from _reach(OUTPUT_FILTER, spec.data_processing.output_filter, joined)


def _names(field: str, names: Sequence[str], content_type: str | None) -> Iterator[Problem]:
    if not names:
        return
    if content_type is not None and not is_token(content_type) and media_type(content_type) not in FILTERABLE:
        yield Problem(
            "columns-type-unfit",
            field,
            f"has names of CSV columns or JSON fields, but the type here is '{content_type}'; "
            "leave the names out",
        )
    for at, name in enumerate(names):
        if not is_token(name):
            yield from _one_name(f"{field}[{at}]", name, at)
        if name in names[:at] and not is_token(name):
            yield Problem(
                "column-duplicate",
                f"{field}[{at}]",
                f"'{name}' is the name of two columns; rename one of them",
            )


def _one_name(field: str, name: str, at: int) -> Iterator[Problem]:
    if not name.strip():
        yield Problem("column-empty", field, f"column {at + 1} has an empty name; write a name")
    elif len(name.splitlines()) > 1:
        yield Problem(
            "column-of-lines", field, f"{shown(name)} contains a newline; write the name on one line"
        )
    elif name != name.strip():
        yield Problem(
            "column-outer-blank",
            field,
            f"{shown(name)} begins or ends with a space, which is part of the name; write {shown(name.strip())}",
            severity="warning",
        )


def _reach(field: str, text: str | None, groups: Sequence[tuple[str, Sequence[str]]]) -> Iterator[Problem]:
    """An index outside the row is an error in AWS (API reference, DataProcessing)."""
    if text is None or is_token(text):
        return
    try:
        path = JsonPath.parse(text, content_type=CSV)
    except InvalidFilterError:
        return  # reported by the rules on filters
    if path.undefined:
        return
    if path.forwards:  # reported by the rules on filters; its columns may still be missing
        path = JsonPath.parse(path.forwards)
    names = [name for _, group in groups for name in group]
    if _counts_from_both_ends(path) and all(-len(names) <= index < len(names) for index in path.indexes):
        return  # reported above
    try:
        path.positions(len(names))
    except FilterMissError:
        where = " and ".join(f"{len(group)} in {of}" for of, group in groups)
        listed = ", ".join(f"{at} {name}" for at, name in enumerate(names[:12])) + (
            ", …" if len(names) > 12 else ""
        )
        yield Problem(
            "filter-beyond-columns",
            field,
            f"'{text}' selects a column that doesn't exist: a row has {counted(len(names), 'column')} ({where}), "
            f"counted from 0: {listed}{_end_is_inclusive(path, len(names))}",
        )


def _end_is_inclusive(path: JsonPath, width: int) -> str:
    """Return the fix for a slice whose end is one too high because Python excludes the end."""
    last = path.slice
    if last is None or last.end != width:
        return ""
    return f"; the end of a slice is inclusive: the last column is {width - 1}; or leave the end out"


def _counts_from_both_ends(path: JsonPath) -> bool:
    last = path.slice
    return last is not None and last.start is not None and last.end is not None and last.start < 0 <= last.end


def _from_both_ends(field: str, text: str | None) -> Iterator[Problem]:
    """Warn about a slice that ends before it starts in a wide enough record."""
    if text is None or is_token(text):
        return
    try:
        path = JsonPath.parse(text)
    except InvalidFilterError:
        return  # reported by the rules on filters
    last = path.slice
    if last is None or last.start is None or last.end is None or not _counts_from_both_ends(path):
        return
    yield Problem(
        "filter-from-both-ends",
        field,
        f"'{text}' counts its start from the end and its end from the start, so it selects nothing in a record with "
        f"more than {last.end - last.start} columns or elements; count both from the start",
        severity="warning",
    )


# "Associate Prediction Results with Input Records", SageMaker Developer Guide.
_OF_JOIN = ("SageMakerOutput", "SageMakerInput")
_RESERVED = (*_OF_JOIN, "SageMakerInferenceId", "SageMakerInferenceTime")


def field_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check the named fields of JSON records and answers; the job's filters are paths by now."""
    sent, answered = spec.input.columns, spec.output.columns
    if any(map(is_token, (*sent, *answered))):
        return
    joined = spec.data_processing.join_source == "Input"
    if sent and media_type(spec.input.content_type) in {JSON, JSON_LINES}:
        yield from _reserved(sent)
        yield from _reach_of_names(INPUT_FILTER, spec.data_processing.input_filter, "input.columns", sent)
        if joined:
            kept = spec.data_processing.output_filter
            yield from _reach_of_names(OUTPUT_FILTER, kept, "a joined record", (*sent, *_OF_JOIN))
    if answered and not joined and media_type(spec.output.accept) in {JSON, JSON_LINES}:
        yield from _reach_of_names(
            OUTPUT_FILTER, spec.data_processing.output_filter, "output.columns", answered
        )


def _reserved(names: Sequence[str]) -> Iterator[Problem]:
    for at, name in enumerate(names):
        if name in _RESERVED:
            yield Problem(
                "column-reserved",
                f"input.columns[{at}]",
                f"'{name}' is a name that SageMaker itself writes into records and might overwrite; rename the field",
                severity="warning",
            )


def _reach_of_names(field: str, text: str | None, where: str, known: Sequence[str]) -> Iterator[Problem]:
    if text is None or is_token(text):
        return
    try:
        path = JsonPath.parse(text)
    except InvalidFilterError:
        return  # reported by the rules on filters
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
