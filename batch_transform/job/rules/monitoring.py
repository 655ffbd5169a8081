"""When a run is unusual."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.aws.stack_shape import LONGEST_DURATION_IN_SECONDS, STARTS_WITHIN_HOURS
from batch_transform.job.errors import Problem
from batch_transform.job.rules.shape import value_problems
from batch_transform.job.values.job_spec import JobSpec


def monitoring_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check both times against what CloudWatch can watch."""
    for name, shape in (
        ("longest_duration_in_seconds", LONGEST_DURATION_IN_SECONDS),
        ("starts_within_hours", STARTS_WITHIN_HOURS),
    ):
        value = getattr(spec.monitoring, name)
        if value is not None:
            yield from value_problems(f"monitoring.{name}", value, shape)
