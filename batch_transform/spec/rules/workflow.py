"""How the runs of a job behave."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.spec.cdk_token import is_token
from batch_transform.spec.job_spec import JobSpec
from batch_transform.spec.problem import Problem
from batch_transform.spec.request_shape import Flag
from batch_transform.spec.rules.shape import value_problems
from batch_transform.spec.stack_shape import LOG_RETENTION_IN_DAYS, OVERLAPPING_RUNS


def workflow_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check what runs do beside each other, tracing and logs."""
    workflow = spec.workflow
    yield from value_problems("workflow.overlapping_runs", workflow.overlapping_runs, OVERLAPPING_RUNS)
    yield from value_problems("workflow.tracing", workflow.tracing, Flag())
    days = workflow.log_retention_in_days
    if days not in LOG_RETENTION_IN_DAYS and not is_token(days):
        allowed = ", ".join(map(str, LOG_RETENTION_IN_DAYS))
        yield Problem(
            "log-retention-unknown",
            "workflow.log_retention_in_days",
            f"CloudWatch Logs keeps no log for {days} days; write one of {allowed}",
        )
