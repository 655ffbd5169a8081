"""The stack that `cdk deploy` ships: the data buckets, and every job over them."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from batch_transform.spec.errors import InputError
from batch_transform.spec.job_spec import JobSpec
from batch_transform.spec.stack_outputs import INPUT_BUCKET, MOST_JOBS, OUTPUT_BUCKET, state_machine_output
from constructs_lib.batch_transform import BatchTransform
from constructs_lib.data_buckets import DataBuckets


class BatchTransformStack(cdk.Stack):
    """Define the jobs. Its outputs are what a person needs to start one, and what the command line reads."""

    def __init__(self, scope: Construct, construct_id: str, *, jobs: Sequence[JobSpec]) -> None:
        super().__init__(
            scope, construct_id, description="SageMaker batch transform jobs, run by Step Functions"
        )
        buckets = DataBuckets(self, "Data")
        self._output(INPUT_BUCKET, buckets.input.bucket_name, "where the jobs read, each below its own name")
        self._output(
            OUTPUT_BUCKET, buckets.output.bucket_name, "where the jobs write, each below its own name"
        )
        _require_room(jobs)
        namespace = Construct(self, "Jobs")
        for job in jobs:
            transform = BatchTransform(namespace, job.name, job=job, buckets=buckets)
            self._output(
                state_machine_output(job.name),
                transform.state_machine.state_machine_arn,
                f"runs the job {job.name}",
            )

    def _output(self, key: str, value: str, description: str) -> None:
        cdk.CfnOutput(self, key, value=value, description=description)


def _require_room(jobs: Sequence[JobSpec]) -> None:
    """CloudFormation takes 500 resources a stack, and each output once."""
    if len(jobs) > MOST_JOBS:
        raise InputError(
            f"{len(jobs)} job files do not fit into one stack, which holds {MOST_JOBS}; use fewer"
        )
    taken: dict[str, JobSpec] = {}
    for job in jobs:
        other = taken.setdefault(state_machine_output(job.name), job)
        if other is not job:
            raise InputError(
                f"{other.job_file or other.name} and {job.job_file or job.name}: the names {other.name} and {job.name} "
                "differ only in hyphens or capitals, and would share a stack output; rename one"
            )
