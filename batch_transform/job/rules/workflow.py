"""How the runs of a job behave."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.aws.request_shape import Flag
from batch_transform.job.aws.stack_shape import LOG_RETENTION_IN_DAYS, OVERLAPPING_RUNS
from batch_transform.job.errors import Problem
from batch_transform.job.rules.shape import value_problems
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_spec import JobSpec


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
