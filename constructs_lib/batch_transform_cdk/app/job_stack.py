"""One stack of jobs; the first one also has what all jobs share."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from batch_transform.job.values.environment import EnvironmentSpec, in_environment
from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.app.shared_buckets import ImportedBuckets, define_shared
from batch_transform_cdk.app.shared_notifications import export_topic, shared_notifications
from batch_transform_cdk.batch_transform import BatchTransform
from batch_transform_cdk.dashboard import Dashboard
from batch_transform_cdk.data.data_buckets import Buckets
from batch_transform_cdk.ground.stack_part import StackPart


class JobStack(cdk.Stack):
    """Define jobs over what `first` shares; without it, this is the first stack, and `has_others` if there are more.

    The first stack of several has a topic whether or not one of its jobs needs it, since an export that
    others import cannot come and go. One that is alone has it while a job of its own, or an address, needs it.

    Its outputs are what a person needs to start a job, and what the command line reads.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        jobs: Sequence[JobSpec],
        environment: EnvironmentSpec,
        first: JobStack | None = None,
        has_others: bool = False,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="SageMaker batch transform jobs, run by Step Functions",
            env=cdk.Environment(account=environment.account, region=environment.region),
            stack_name=f"{environment.prefix}{construct_id}",
            tags=environment.all_tags(),
        )
        buckets: Buckets = (
            ImportedBuckets.of(first.stack_name, self, environment)
            if first
            else define_shared(self, environment)
        )
        notifications = shared_notifications(
            self,
            environment.notify,
            encryption_key=buckets.encryption_key,
            first_stack_name=first.stack_name if first else None,
        )
        namespace = StackPart(self, "Jobs")
        defined = []
        for job in jobs:
            transform = BatchTransform(
                namespace,
                job.name,
                job=in_environment(job, environment),
                buckets=buckets,
                notifications=notifications,
                listed_as=job.name,
            )
            defined.append(transform)
            cdk.Tags.of(transform).add("job", job.name)
        if first is None and environment.notify.topic is None and (has_others or notifications.has_topic):
            export_topic(self, notifications)
        Dashboard(self, "Dashboard", jobs=defined)
