"""What a single run may change: the names of the job file, in the input of the execution.

{"data_processing": {"input_filter": "$[1:]"}}       # nested, as in the job file
{"data_processing.input_filter": "$[1:]"}            # or with a dotted name
{"transform.env": {"LOG_LEVEL": "debug"}}            # added to the job's own variables
{"transform.env.LOG_LEVEL": "debug"}                 # the same
{"transform.max_concurrent_transforms": null}        # back to AWS's default, where a value means that
{"data_processing.keep": ["id", "label"]}            # by name, where the job names its columns
{"transform.instance_type": ["ml.m5.xlarge", "ml.c5.xlarge"]}   # one, or those to try in this order
"""

from __future__ import annotations

import copy
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from batch_transform.job.errors import Problem, RunInputError
from batch_transform.job.filters.named_filters import input_filter, output_filter
from batch_transform.job.request.request import (
    Request,
    complete_model_client_config,
    members_of,
    place,
    restore_neutral_values,
)
from batch_transform.job.rules import request_problems
from batch_transform.job.rules.request_values import INSTANCE_TYPE, field_of, member
from batch_transform.job.rules.run_limits import RunLimits, beyond_limits
from batch_transform.job.values.bad_records_spec import BadRecordsSpec
from batch_transform.job.values.fields import MEMBERS, NAME_FIELDS, OVERRIDABLE, REQUIRED, Member
from batch_transform.job.values.job_spec import DataProcessingSpec, InputSpec, JobSpec, ModelSpec, OutputSpec
from batch_transform.job.values.wording import shown

FILTER_FIELDS = ("data_processing.input_filter", "data_processing.output_filter")
"""The same filters as JSONPath."""


@dataclass(frozen=True)
class Columns:
    """The names that a job gives its columns or fields; () if it gives none."""

    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()


def place_named_filters(
    request: Request, names: Mapping[str, object], columns: Columns, *, raw: Collection[str]
) -> list[Problem]:
    """Put the filters that `names` define into the request, and return their problems.

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
    for field, name, compiled in (
        ("data_processing.input_filter", "InputFilter", sent),
        ("data_processing.output_filter", "OutputFilter", kept),
    ):
        if compiled.field == field:
            continue  # not by name
        problems += [problem for problem in compiled.problems if problem.is_error]
        if compiled.path is not None:
            place(request, ("DataProcessing", name), compiled.path)
    return problems


def _as_job(request: Request, names: Mapping[str, object], columns: Columns, raw: Collection[str]) -> JobSpec:
    """Return the job that names are checked against: with the run's types and join, and the job's columns."""
    processing: dict[str, Any] = request.get("DataProcessing", {})
    listed: dict[str, Any] = {
        field.rpartition(".")[2]: tuple(value) for field, value in names.items() if isinstance(value, list)
    }
    for field, name in zip(FILTER_FIELDS, ("InputFilter", "OutputFilter"), strict=True):
        if field in raw:
            listed[field.rpartition(".")[2]] = processing.get(name)
    return JobSpec(
        name="",
        model=ModelSpec(),
        input=InputSpec(content_type=request["TransformInput"].get("ContentType"), columns=columns.input),
        output=OutputSpec(accept=request["TransformOutput"].get("Accept"), columns=columns.output),
        data_processing=DataProcessingSpec(join_source=processing.get("JoinSource", "None"), **listed),
    )


_MEMBER_OF = {known.field: known for known in MEMBERS}
_ENV = "transform.env"

# Members that others add to the input of an execution: the Step Functions console suggests a Comment, and a
# parent execution adds its id.
_NOT_OURS = frozenset({"Comment", "comment", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"})


@dataclass(frozen=True)
class RunRequest:
    """The request of one run, and the instance types to try; the request has the first of them."""

    request: Request
    instance_types: tuple[str, ...]


def apply_overrides(
    request: Mapping[str, Any],
    run_input: object,
    columns: Columns | None = None,
    *,
    instance_types: Sequence[str] = (),
    limits: RunLimits | None = None,
    bad_records: BadRecordsSpec | None = None,
    only_declared: bool = True,
) -> RunRequest:
    """Return the request of one run: a copy of the job's request with what the run's input changes.

    `columns` are the names that the job gives, for filters by name; `instance_types` are the job's, by default that of
    its request alone. `limits` is what a run may use at most; None for no limits. `bad_records` is the job's.
    `only_declared` is False for a state machine that sends any member, as those of version 0.1 do. `{}` changes
    nothing, and so does the event that EventBridge sends for a schedule without an input of its own. Raises
    RunInputError with all problems at once: fields that a run can't change, members that the job doesn't declare,
    values beyond the limits, and problems of the resulting request.
    """
    effective = copy.deepcopy(dict(request))
    to_try: tuple[Any, ...] = tuple(instance_types) or (effective["TransformResources"].get("InstanceType"),)
    problems: list[Problem] = []
    names: dict[str, object] = {}
    raw: set[str] = set()
    for field, value in _given(run_input, problems):
        if field in NAME_FIELDS:
            names[field] = value
            continue
        raw |= {field} & set(FILTER_FIELDS)
        if field == INSTANCE_TYPE and isinstance(value, list):
            to_try = tuple(value)
            value = next(iter(to_try), None)  # noqa: PLW2901 - the request holds the first
        elif field == INSTANCE_TYPE:
            to_try = (value,)
        _set(effective, _MEMBER_OF[field], value)
    restore_neutral_values(effective, request)
    problems += place_named_filters(effective, names, columns or Columns(), raw=raw)
    if only_declared:
        problems += _members_not_sent(request, effective)
    else:
        complete_model_client_config(effective)
    problems += [problem for problem in request_problems(effective, to_try, bad_records) if problem.is_error]
    if limits is not None:
        problems += beyond_limits(limits, to_try, member(effective, ("TransformResources", "InstanceCount")))
    if problems:
        raise RunInputError(problems)
    return RunRequest(effective, to_try)


def _members_not_sent(declared: Mapping[str, Any], effective: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield members that the run adds to the declared request, or takes out of it.

    The state machine sends exactly the declared members (`transform_states`): Step Functions checks their names when
    it creates the machine, and an expression for a missing member would fail the execution.
    """
    before, after = list(members_of(declared)), list(members_of(effective))
    for path in (path for path in after if path not in before):
        section, _, name = field_of(path).rpartition(".")
        line = f"{name}: {json.dumps(member(effective, path), ensure_ascii=False)}"
        message = f"a run can change it only if the job file declares it; add `{line}` under `{section}`, and deploy"
        yield Problem("override-undeclared", field_of(path), message)
    for path in (path for path in before if path not in (*after, *REQUIRED)):
        message = (
            "the job file declares it, and AWS documents no value that means the same as leaving it out; write a "
            "value, or remove it from the job file and deploy"
        )
        yield Problem("override-null", field_of(path), message)


def _given(run_input: object, problems: list[Problem]) -> Iterator[tuple[str, object]]:
    """Yield the fields in the input; add what it shouldn't have to `problems`."""
    if not isinstance(run_input, Mapping):
        message = f'must be a JSON object, such as {{"transform.max_payload": 6}}; got {shown(run_input)}'
        problems.append(Problem("run-input-not-object", "input", message))
        return
    if run_input.get("detail-type") == "Scheduled Event":
        return
    ours = {name: value for name, value in run_input.items() if name not in _NOT_OURS}
    seen: set[str] = set()
    for field, value in _leaves(ours, ""):
        problem = _problem(field, value, seen)
        if problem is not None:
            problems.append(problem)
        elif field.startswith(f"{_ENV}."):
            # A whole number is passed as it is written, as in a job file.
            text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
            yield _ENV, {field.removeprefix(f"{_ENV}."): text}
        else:
            yield field, value
        seen.add(field)


def _leaves(node: Mapping[str, object], path: str) -> Iterator[tuple[str, object]]:
    for name, value in node.items():
        field = f"{path}{name}"
        if isinstance(value, Mapping) and any(known.startswith(f"{field}.") for known in _MEMBER_OF):
            yield from _leaves(value, f"{field}.")
        elif isinstance(value, Mapping) and field == _ENV:
            yield from ((f"{field}.{variable}", text) for variable, text in value.items())
        else:
            yield field, value


def _problem(field: str, value: object, seen: set[str]) -> Problem | None:
    if field in seen:
        return Problem("override-twice", field, "is given twice, nested and with dots; keep one")
    if field in OVERRIDABLE or field.startswith(f"{_ENV}."):
        return None
    if field in _MEMBER_OF or field.startswith("tags."):
        return Problem(
            "override-fixed", field, "belongs to the deployed stack; change it in the job file, and deploy"
        )
    if any(known.startswith(f"{field}.") for known in _MEMBER_OF):
        return Problem("wrong-type", field, f"must be an object of fields; got {shown(value)}")
    near = get_close_matches(field, OVERRIDABLE, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    allowed = ", ".join(OVERRIDABLE)
    return Problem("override-unknown", field, f"can't be changed by a run; {hint}allowed are {allowed}")


def _set(request: Request, member: Member, value: object) -> None:
    if value is None:
        _remove(request, member.path)
    elif member.field == _ENV and isinstance(value, Mapping):
        place(request, member.path, _with_variables(request.get("Environment", {}), value))
    else:
        place(request, member.path, value)


def _with_variables(base: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    return {name: text for name, text in {**base, **changes}.items() if text is not None}


def _remove(request: Request, path: tuple[str, ...]) -> None:
    *parents, last = path
    node: Any = request
    for name in parents:
        node = node.get(name, {})
    node.pop(last, None)
