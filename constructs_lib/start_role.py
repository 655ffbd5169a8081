"""The role with which EventBridge Scheduler starts a state machine."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from constructs_lib.lost_starts import LostStarts

RETRY_SECONDS = 3600
"""So long a start that fails is tried again: a run that would begin later than that is better looked at."""

RETRIES = 10


def start_role(
    scope: Construct, construct_id: str, *, state_machine: sfn.IStateMachine, lost_starts: LostStarts
) -> iam.Role:
    """Define a role that may start this machine, and put what it could not start into the queue; nothing else."""
    return iam.Role(
        scope,
        construct_id,
        # Only schedules of this account may use the role (Scheduler User Guide, confused deputy).
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
        ),
        inline_policies={
            "Start": iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        actions=["states:StartExecution"], resources=[state_machine.state_machine_arn]
                    ),
                    *lost_starts.send_statements(),
                ]
            )
        },
    )
