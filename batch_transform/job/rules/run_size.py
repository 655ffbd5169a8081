"""How much a job says of each run, against what Step Functions hands on from one state to the next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from batch_transform.job.errors import Problem
from batch_transform.job.values.job_spec import JobSpec

_HANDED_ON = 262_144
"""Bytes of the input or result of a task, as UTF-8 (Step Functions quotas)."""

_ROOM = 62_144
"""Of that for a run's own input, and for what the states say themselves."""


def run_size_problems(spec: JobSpec, request: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that the request and the names of columns fit into what the states hand on.

    The check of a run gets both; what counts its results gets the request, and the job's description, which repeats it.
    """
    names = _size({"input": spec.input.columns, "output": spec.output.columns})
    members = 2 * _size(request)
    if names + members <= _HANDED_ON - _ROOM:
        return
    field, mend = (
        "input.columns",
        "name the columns that filters need by position, in data_processing.input_filter",
    )
    if members > names:
        field, mend = (
            "transform.env",
            "put long values into the model's own environment, or into its archive",
        )
    yield Problem(
        "run-too-large",
        field,
        f"the names of columns, and twice the request, have {names + members} bytes; Step Functions hands on "
        f"{_HANDED_ON} from one state to the next, and {_ROOM} of these are for a run's own input and what is said "
        f"of it; {mend}",
    )


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode())
