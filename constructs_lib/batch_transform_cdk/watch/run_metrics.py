"""The metrics of a job's runs: those of its state machine, and those that its function `report` publishes."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_stepfunctions as sfn

from batch_transform.job.values import stack_outputs

STATES = "AWS/States"
DIMENSION = stack_outputs.METRICS_DIMENSION
"""The dimension of all of them: Step Functions uses it, and our own metrics do the same."""


@dataclass(frozen=True)
class RunMetric:
    """A metric of a state machine, with its usual statistic."""

    namespace: str
    name: str
    statistic: str
    label: str

    def of(
        self, machine: sfn.IStateMachine, *, period: cdk.Duration | None = None, statistic: str | None = None
    ) -> cloudwatch.Metric:
        """Return the metric of one state machine. Default: its usual statistic over five minutes."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=self.name,
            dimensions_map={DIMENSION: machine.state_machine_arn},
            statistic=statistic or self.statistic,
            period=period,
            label=self.label,
        )


# Step Functions delivers these "best effort": late, and in rare cases not at all (Developer Guide, "CloudWatch
# metrics delivery"). Failed runs are therefore reported by events as well.
STARTED = RunMetric(STATES, "ExecutionsStarted", "Sum", "started")
SUCCEEDED = RunMetric(STATES, "ExecutionsSucceeded", "Sum", "succeeded")
FAILED = RunMetric(STATES, "ExecutionsFailed", "Sum", "failed")
TIMED_OUT = RunMetric(STATES, "ExecutionsTimedOut", "Sum", "timed out")
ABORTED = RunMetric(STATES, "ExecutionsAborted", "Sum", "stopped")
DURATION = RunMetric(STATES, "ExecutionTime", "Maximum", "longest run")
"""In milliseconds, including waits; published when a run ends."""

INPUT_OBJECTS = RunMetric(stack_outputs.METRICS_NAMESPACE, stack_outputs.INPUT_OBJECTS, "Sum", "objects read")
OUTPUT_OBJECTS = RunMetric(stack_outputs.METRICS_NAMESPACE, stack_outputs.OUTPUT_OBJECTS, "Sum", "results")
BAD_RECORDS = RunMetric(stack_outputs.METRICS_NAMESPACE, stack_outputs.BAD_RECORDS, "Sum", "bad records")
COST = RunMetric(stack_outputs.METRICS_NAMESPACE, stack_outputs.COST, "Sum", "cost")
COST_PER_THOUSAND_RECORDS = RunMetric(
    stack_outputs.METRICS_NAMESPACE,
    stack_outputs.COST_PER_THOUSAND_RECORDS,
    "Average",
    "cost of 1,000 records",
)
INSTANCE_SECONDS = RunMetric(
    stack_outputs.METRICS_NAMESPACE, stack_outputs.INSTANCE_SECONDS, "Sum", "instance time"
)
"""From start to end of a transform job, for each of its instances: the time that SageMaker bills."""
