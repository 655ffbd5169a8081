"""Filters by name: `send`, `send_except` and `keep` as the shortest JSONPath with the same result.

    input.columns [id, age, plan], send_except [id]                 InputFilter   $[1:]
    joined, output.columns [score, label], keep [id, label]         OutputFilter  $[0,-1]
    JSON records, joined, keep [id, SageMakerOutput]                OutputFilter  $['id','SageMakerOutput']

For CSV, names are columns from `input.columns` and `output.columns`. For JSON records, they
are top-level fields; a joined record holds the answer in `SageMakerOutput` ("Associate Prediction
Results with Input Records", SageMaker Developer Guide), and `SageMakerOutput.x` is the answer's field x.
"""

from __future__ import annotations

import dataclasses

from batch_transform.job.errors import FilterNamesError, Problem
from batch_transform.job.filters.filter_names import FilterNames, NamedFilter, RowLayout
from batch_transform.job.filters.shortest_path import Place
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.wording import listed

ANSWER = "SageMakerOutput"
"""The field of a joined JSON record that holds the model's answer."""

_RECORD = "SageMakerInput"  # holds a joined record that isn't an object


def with_paths(spec: JobSpec) -> JobSpec:
    """Return the job with both filters as JSONPath and without names.

    Raises FilterNamesError with every problem of the names. Warnings pass.
    """
    compiled = [input_filter(spec), output_filter(spec)]
    wrong = [problem for one in compiled for problem in one.problems if problem.is_error]
    for one in compiled:
        if one.path is None and not wrong:
            message = (
                "can't be compiled, since its names or types are known only at deployment; write the JSONPath"
            )
            wrong.append(Problem("names-unresolved", one.field, message))
    sent, kept = (one.path for one in compiled)
    if wrong or sent is None or kept is None:
        raise FilterNamesError(wrong)
    return with_filters(spec, sent, kept)


def with_filters(spec: JobSpec, sent: str, kept: str) -> JobSpec:
    """Return the job with these two filters instead of names."""
    processing = dataclasses.replace(
        spec.data_processing, input_filter=sent, output_filter=kept, send=None, send_except=None, keep=None
    )
    return dataclasses.replace(spec, data_processing=processing)


def input_filter(spec: JobSpec) -> NamedFilter:
    """Compile `send` or `send_except`; the JSONPath, or AWS's default `$`, if the job sets none of them."""
    processing, columns = spec.data_processing, spec.input.columns
    field = "send" if processing.send is not None else "send_except"
    names = processing.send if processing.send is not None else processing.send_except
    if names is None:
        return NamedFilter("data_processing.input_filter", _path(processing.input_filter))
    given = FilterNames(f"data_processing.{field}", names, "input.content_type", spec.input.content_type)
    if processing.send is not None and processing.send_except is not None:
        given.wrong("filter-twice", "sets the same filter as data_processing.send_except; keep one of them")
    _not_with_path(given, "input_filter", processing.input_filter)
    if not given.can_be_judged(*columns):
        return given.no_filter()
    _columns_must_do(given, columns, all_needed=field == "send_except")
    if field == "send_except":
        names = tuple(name for name in columns if name not in set(names))
        if columns and not names:
            given.wrong("names-empty", "leaves nothing to send; list fewer columns")
    if given.problems:
        return given.no_filter()
    if given.is_csv:
        places = [Place(columns.index(name), columns.index(name) - len(columns)) for name in names]
        return given.select_columns(names, places, len(columns), RowLayout(columns, ()))
    return NamedFilter(given.field, "$") if set(names) == set(columns) else given.select_fields(names)


def _columns_must_do(given: FilterNames, columns: tuple[str, ...], *, all_needed: bool) -> None:
    """Rows need all column names; objects need them only if the path must list what wasn't named."""
    if columns:
        given.must_be_in(columns, "input.columns")
    elif given.is_csv:
        given.wrong(
            "names-need-columns",
            "needs the names of all columns; write them in input.columns, in the order of the data, or name a "
            "sample with a header in input.columns_from",
        )
    elif all_needed:
        given.wrong(
            "names-need-columns",
            "needs the names of all fields, since a filter lists what is sent; write them in input.columns",
        )


def output_filter(spec: JobSpec) -> NamedFilter:
    """Compile `keep`; the JSONPath, or AWS's default `$`, if the job doesn't set it."""
    processing = spec.data_processing
    if processing.keep is None:
        return NamedFilter("data_processing.output_filter", _path(processing.output_filter))
    given = FilterNames("data_processing.keep", processing.keep, "output.accept", spec.output.accept)
    _not_with_path(given, "output_filter", processing.output_filter)
    if not given.can_be_judged(processing.join_source, *spec.input.columns, *spec.output.columns):
        return given.no_filter()
    if processing.join_source == "Input":
        for name in given.names:
            if name in spec.input.columns and name in spec.output.columns:
                message = f"'{name}' is in input.columns and in output.columns; rename one of them"
                given.wrong("name-ambiguous", message, at=name)
    else:
        _only_of_answer(given, spec)
    if given.is_csv:
        return _kept_columns(given, spec)
    return _kept_of_joined(given, spec) if processing.join_source == "Input" else _kept_of_answer(given, spec)


def _kept_columns(given: FilterNames, spec: JobSpec) -> NamedFilter:
    """Columns of the input, where it is joined, and after them the answer's."""
    joined = spec.data_processing.join_source == "Input"
    inputs, answers = (spec.input.columns if joined else ()), spec.output.columns
    where = "input.columns or output.columns" if joined else "output.columns"
    others = [name for name in given.names if name not in inputs]
    fix = f"name the columns of the model's answer, in order: output.columns: [{', '.join(others)}]"
    given.must_be_in((*inputs, *answers), where, fix="" if answers else fix)
    if given.problems:
        return given.no_filter()
    # How many cells the record and the answer have is certain only where they are named.
    before = len(inputs) if inputs or not joined else None
    width = before + len(answers) if before is not None and answers else None
    places = []
    for name in given.names:
        if name in inputs:
            front = inputs.index(name)
            places.append(Place(front, None if width is None else front - width))
        else:
            at = answers.index(name)
            front_of_answer = None if before is None else before + at
            places.append(Place(front_of_answer, at - len(answers), from_back=joined))
    return given.select_columns(given.names, places, width, RowLayout(inputs, answers))


def _kept_of_answer(given: FilterNames, spec: JobSpec) -> NamedFilter:
    """Fields of a JSON answer that stands alone."""
    answers = spec.output.columns
    if answers:
        given.must_be_in(answers, "output.columns")
    if given.problems:
        return given.no_filter()
    if set(given.names) == set(answers):
        return NamedFilter(given.field, "$")
    return given.select_fields(given.names)


def _kept_of_joined(given: FilterNames, spec: JobSpec) -> NamedFilter:
    """Fields of a JSON record with the answer in one of them, or fields of that answer."""
    records, answers = spec.input.columns, spec.output.columns
    of_answer = [name for name in given.names if name in answers or name.startswith(f"{ANSWER}.")]
    of_record = [name for name in given.names if name not in of_answer]
    if records:
        where = f"input.columns, output.columns or {ANSWER}"
        given.must_be_in((*records, *answers, ANSWER, _RECORD), where, of=of_record)
    if of_answer and of_record:
        given.wrong(
            "names-apart",
            f"there is no filter for {listed(of_answer)} from the answer and {listed(of_record)} from the record; "
            f"keep the whole answer, {ANSWER}",
        )
        given.must_be_writable(of_record)
    if given.problems:
        return given.no_filter()
    if of_answer:
        fields = [name.removeprefix(f"{ANSWER}.") for name in of_answer]
        return given.select_fields(fields, below=f"$.{ANSWER}")
    if records and set(of_record) == {*records, ANSWER}:
        return NamedFilter(given.field, "$")
    return given.select_fields(of_record)


def _only_of_answer(given: FilterNames, spec: JobSpec) -> None:
    """Without a join, a result holds only the answer."""
    for name in given.names:
        is_answer = not given.is_csv and name.partition(".")[0] == ANSWER
        if name not in spec.output.columns and (is_answer or name in spec.input.columns):
            what = "exists" if is_answer else "is a column of the input and exists"
            message = f"'{name}' {what} only in joined records; write data_processing.join_source: Input"
            given.wrong("name-not-joined", message, at=name)


def _not_with_path(given: FilterNames, raw: str, path: str | None) -> None:
    if path is not None:
        value = "" if is_token(path) else f", which is '{path}'"
        message = f"sets the same filter as data_processing.{raw}{value}; keep one of them"
        given.wrong("filter-twice", message)


def _path(path: str | None) -> str:
    return "$" if path is None else path
