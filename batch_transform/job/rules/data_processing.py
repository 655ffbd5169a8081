"""Rules for filters and joins: whether content types, SplitType and AssembleWith fit them.

Source: "Associate Prediction Results with Input Records", SageMaker Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.errors import FilterSyntaxError, InvalidFilterError, Problem
from batch_transform.job.filters.json_path import JsonPath, check_filter_type
from batch_transform.job.rules.request_values import RequestValues
from batch_transform.job.values.media_type import CSV, FILTERABLE, JSON_LINES, media_type

INPUT_FILTER = "data_processing.input_filter"
OUTPUT_FILTER = "data_processing.output_filter"

_TYPOGRAPHIC_QUOTES = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u2032\u00b4`"

# AWS documents no maximum index. No record of 100 MB has more columns or elements than this.
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
        yield Problem(
            "filter-syntax", field, f"{error}; CreateTransformJob accepts it, and the job then fails"
        )
        return
    except InvalidFilterError as error:
        yield Problem("filter-refused", field, f"{error}{_fix(text, content_type)}")
        return
    if path.undefined:
        yield Problem(
            "filter-undefined",
            field,
            f"the result of '{text}' is unknown: {path.undefined}; the local AWS refuses it",
            severity="warning",
        )
    yield from _selects_nothing(field, path)


def _selects_nothing(field: str, path: JsonPath) -> Iterator[Problem]:
    """Warn about a path that selects nothing: what AWS returns for it isn't recorded."""
    last = path.slice
    if path.forwards and last:
        yield Problem(
            "filter-backwards",
            field,
            f"'{path.text}' starts at {last.start} and ends at {last.end}, so it selects nothing; "
            f"write {path.forwards}",
            severity="warning",
        )
    for index in path.indexes:
        if abs(index) > _GREATEST_INDEX:
            yield Problem(
                "filter-index-too-large",
                field,
                f"no record has an index {index}, as in '{path.text}'; correct it",
                severity="warning",
            )


def _fix(text: str, content_type: str | None) -> str:
    if any(character.isspace() and character != " " for character in text) or "\u200b" in text:
        return "; use a plain space, or none"
    if any(character in _TYPOGRAPHIC_QUOTES for character in text):
        return "; write straight quotes '"
    if text.startswith("$") and media_type(content_type) == CSV:
        return "; columns of a CSV are selected by index, such as $[1:] or $[0,-1]"
    if text.startswith("$") and "_" in text:
        return "; a filter can't contain a name with _: rename the field in the data, or select around it"
    if text.startswith("$") and '"' in text:
        return "; write names in single quotes"
    return ""


def _csv_without_lines(values: RequestValues) -> Iterator[Problem]:
    """A filter works on rows, and a whole object isn't a row. A warning, as AWS's result isn't recorded."""
    if not values.knows(INPUT_FILTER, "input.content_type", "input.split_type"):
        return
    if values.text(INPUT_FILTER) in {None, "$"} or media_type(values.text("input.content_type")) != CSV:
        return
    split = values.text("input.split_type") or "None"
    if split != "Line":
        yield Problem(
            "filter-csv-needs-line",
            INPUT_FILTER,
            f"filters CSV rows, but input.split_type is {split}, so a whole object is one record; "
            "write input.split_type: Line",
            severity="warning",
        )


_SPLIT = "input.split_type"
_ASSEMBLE = "output.assemble_with"
_CONTENT_TYPE = "input.content_type"
_ACCEPT = "output.accept"
_JOIN_SOURCE = "data_processing.join_source"
_WHY = f"{_JOIN_SOURCE} is Input"

ASKED_BY = dict.fromkeys(
    ("join-needs-content-type", "join-needs-accept", "join-csv-needs-line"), _JOIN_SOURCE
)
"""Codes of problems with a missing field, and the field that requires it."""


def join_problems(values: RequestValues) -> Iterator[Problem]:
    """Check types, split and assembly of a job that joins."""
    if not values.knows(_JOIN_SOURCE) or values.text(_JOIN_SOURCE) != "Input":
        return
    yield from _types(values)
    yield from _split(values)


def _types(values: RequestValues) -> Iterator[Problem]:
    """A join requires ContentType and Accept, which must be equal and one of three types."""
    allowed = ", ".join(FILTERABLE)
    for field in (_CONTENT_TYPE, _ACCEPT):
        if not values.has(field):
            code = "join-needs-content-type" if field == _CONTENT_TYPE else "join-needs-accept"
            yield Problem(code, field, f"is required because {_WHY}; write one of {allowed}")
        elif values.knows(field) and media_type(values.text(field)) not in FILTERABLE:
            yield Problem(
                "join-type-unfit",
                field,
                f"'{values.text(field)}' can't be joined, but {_WHY}; write one of {allowed}, "
                "or join_source: None",
            )
    if not (values.has(_CONTENT_TYPE) and values.has(_ACCEPT) and values.knows(_CONTENT_TYPE, _ACCEPT)):
        return
    sent, received = values.text(_CONTENT_TYPE), values.text(_ACCEPT)
    if sent != received and media_type(sent) in FILTERABLE and media_type(received) in FILTERABLE:
        yield Problem(
            "join-types-differ",
            _ACCEPT,
            f"'{received}' differs from input.content_type '{sent}', but {_WHY}: records and answers must have the "
            "same type; write the same type in both",
        )


def _split(values: RequestValues) -> Iterator[Problem]:
    """Records and answers are paired: SplitType and AssembleWith are equal, and for CSV both are Line."""
    if not values.knows(_SPLIT, _ASSEMBLE):
        return
    split, assemble = values.text(_SPLIT) or "None", values.text(_ASSEMBLE) or "None"
    type_ = media_type(values.text(_CONTENT_TYPE)) if values.knows(_CONTENT_TYPE) else None
    if split not in {"None", "Line"}:
        yield Problem(
            "join-split-unfit", _SPLIT, f"{split} records can't be joined, but {_WHY}; write Line or None"
        )
    elif type_ == CSV:
        for field, value in ((_SPLIT, split), (_ASSEMBLE, assemble)):
            if value != "Line":
                yield Problem(
                    "join-csv-needs-line",
                    field,
                    f"is {value}, but text/csv is joined row by row and {_WHY}; write Line, or leave it out",
                )
    elif split != assemble:
        yield Problem(
            "join-split-differs",
            _ASSEMBLE,
            f"is {assemble} but input.split_type is {split}, and {_WHY}: both must be the same; "
            "write Line in both if each line is a record, or None in both if each object is one",
        )
    elif type_ == JSON_LINES and split == "None":
        yield Problem(
            "join-json-lines-whole",
            _SPLIT,
            "is None, so a whole JSON Lines file is joined as one record, which AWS doesn't document; "
            "write Line in input.split_type and output.assemble_with",
            severity="warning",
        )
