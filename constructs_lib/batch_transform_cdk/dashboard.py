"""The dashboard of a stack's jobs."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from batch_transform_cdk.batch_transform import BatchTransform
from batch_transform_cdk.watch.dashboard_body import DashboardJob, dashboard_body


class Dashboard(Construct):
    """Define a CloudWatch dashboard with a row for each job: runs, durations, objects and instance time, causes.

    CloudWatch has no number of records: a transform job publishes none. Objects are what completed runs read and wrote.
    """

    def __init__(self, scope: Construct, construct_id: str, *, jobs: Sequence[BatchTransform]) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        rows = [
            DashboardJob(
                name=job.job_name,
                state_machine_arn=job.workflow.state_machine_arn,
                log_group_name=job.workflow.log_group.ref,
                alarm_arns=[alarm.attr_arn for alarm in job.monitoring.alarms.all],
            )
            for job in jobs
        ]
        self.resource = cloudwatch.CfnDashboard(
            self, "Resource", dashboard_body=stack.to_json_string(dashboard_body(rows, stack.region))
        )
