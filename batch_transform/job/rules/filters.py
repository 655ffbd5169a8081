"""The two filters: are they paths that SageMaker follows, and does the data have what they ask for."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.errors import FilterSyntaxError, InvalidFilterError, Problem
from batch_transform.job.filters.json_path import JsonPath, check_filter_type
from batch_transform.job.rules.values import RequestValues
from batch_transform.job.values.media_type import CSV, media_type

INPUT_FILTER = "data_processing.input_filter"
OUTPUT_FILTER = "data_processing.output_filter"

_TYPOGRAPHIC_QUOTES = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u2032\u00b4`"

# AWS documents no greatest index. More columns or elements than this are in no record of 100 MB.
_GREATEST_INDEX = 2**31 - 1


def filter_problems(values: RequestValues) -> Iterator[Problem]:
    """Check both filters. An input filter is judged by ContentType and an output filter by Accept."""
    yield from _one_filter(values, INPUT_FILTER, "InputFilter", "input.content_type")
    yield from _one_filter(values, OUTPUT_FILTER, "OutputFilter", "output.accept")
    yield from _csv_without_lines(values)


def _one_filter(values: RequestValues, field: str, member: str, type_field: str) -> Iterator[Problem]:
    text = values.text(field) if values.knows(field) else None
    if text is None:
        return
    content_type = values.text(type_field) if values.knows(type_field) else None
    if values.knows(type_field):
        try:
            check_filter_type(text, member=member, content_type=content_type)
        except InvalidFilterError as error:
            fix = f"Write one of them in {type_field}, or leave the filter out"
            yield Problem("filter-type-unfit", field, f"{error} {fix}")
    try:
        path = JsonPath.parse(text, member=member, content_type=content_type)
    except FilterSyntaxError as error:
        yield Problem("filter-syntax", field, f"{error}; CreateTransformJob takes it and the job then fails")
        return
    except InvalidFilterError as error:
        yield Problem("filter-refused", field, f"{error}{_mend(text, content_type)}")
        return
    if path.undefined:
        yield Problem(
            "filter-undefined",
            field,
            f"what '{text}' selects is not known: {path.undefined}; the local AWS refuses it",
            severity="warning",
        )
    yield from _selects_nothing(field, path)


def _selects_nothing(field: str, path: JsonPath) -> Iterator[Problem]:
    """Warnings: what AWS makes of such a path is not recorded."""
    last = path.slice
    if path.forwards and last:
        yield Problem(
            "filter-backwards",
            field,
            f"'{path.text}' starts at {last.start} and ends at {last.end}: selects nothing; "
            f"write {path.forwards}",
            severity="warning",
        )
    for index in path.indexes:
        if abs(index) > _GREATEST_INDEX:
            yield Problem(
                "filter-index-too-large",
                field,
                f"no record has an index {index}, which '{path.text}' asks for; correct it",
                severity="warning",
            )


def _mend(text: str, content_type: str | None) -> str:
    if any(character.isspace() and character != " " for character in text) or "\u200b" in text:
        return "; type a plain blank, or none"
    if any(character in _TYPOGRAPHIC_QUOTES for character in text):
        return "; write straight quotes '"
    if text.startswith("$") and media_type(content_type) == CSV:
        return "; columns of a CSV are selected by index, such as $[1:] or $[0,-1]"
    if text.startswith("$") and "_" in text:
        return (
            "; a name with _ cannot be written in a filter: rename the field in the data, or select around it"
        )
    if text.startswith("$") and '"' in text:
        return "; write names in single quotes"
    return ""


def _csv_without_lines(values: RequestValues) -> Iterator[Problem]:
    """A filter works on rows, and a whole object is no row. A warning: the outcome is not recorded."""
    if not values.knows(INPUT_FILTER, "input.content_type", "input.split_type"):
        return
    if values.text(INPUT_FILTER) in {None, "$"} or media_type(values.text("input.content_type")) != CSV:
        return
    split = values.text("input.split_type") or "None"
    if split != "Line":
        yield Problem(
            "filter-csv-needs-line",
            INPUT_FILTER,
            f"filters CSV rows, and input.split_type is {split}, so that a whole object is one record; "
            "write input.split_type: Line",
            severity="warning",
        )
