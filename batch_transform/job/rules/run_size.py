"""Checks that a run's state data stays within what Step Functions passes from one state to the next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from batch_transform.job.errors import Problem
from batch_transform.job.values.job_spec import JobSpec

_PASSED_ON = 262_144
"""Bytes of the input or result of a task, as UTF-8 (Step Functions quotas)."""

_ROOM = 62_144
"""Reserved for a run's own input, and for what the states add themselves."""


def run_size_problems(spec: JobSpec, request: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that the request and the names of columns fit into the data that states pass on.

    The preflight receives both; the report receives the request, and again as part of the transform job's description.
    """
    names = _size({"input": spec.input.columns, "output": spec.output.columns})
    members = 2 * _size(request)
    if names + members <= _PASSED_ON - _ROOM:
        return
    field, fix = (
        "input.columns",
        "select columns by position instead, in data_processing.input_filter",
    )
    if members > names:
        field, fix = (
            "transform.env",
            "put long values into the model's own environment, or into its archive",
        )
    yield Problem(
        "run-too-large",
        field,
        f"the column names and twice the request are {names + members} bytes; Step Functions passes at most "
        f"{_PASSED_ON} from one state to the next, and {_ROOM} of them are reserved for a run's own input and "
        f"metadata; {fix}",
    )


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode())
