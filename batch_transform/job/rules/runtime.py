"""How long a run may take."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.aws.request_shape import Whole
from batch_transform.job.errors import Problem
from batch_transform.job.rules.shape import value_problems
from batch_transform.job.values.job_spec import JobSpec

# TimeoutSeconds of a Task state (Amazon States Language).
_TASK_TIMEOUT = Whole(1, 99_999_999)


def runtime_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check the time after which the workflow stops the transform job."""
    yield from value_problems(
        "transform.max_runtime_in_seconds", spec.transform.max_runtime_in_seconds, _TASK_TIMEOUT
    )
