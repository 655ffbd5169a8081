"""The role with which EventBridge Scheduler starts a state machine."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from constructs_lib.acknowledgment import INLINE_POLICY, acknowledge_each
from constructs_lib.lost_starts import LostStarts
from constructs_lib.service_trust import service_of_this_account
from constructs_lib.statement import Statement, policy_document

RETRY_SECONDS = 3600
"""So long a start that fails is tried again: a run that would begin later than that is better looked at."""

RETRIES = 10


def start_role(
    scope: Construct, construct_id: str, *, state_machine: sfn.IStateMachine, lost_starts: LostStarts
) -> iam.Role:
    """Define a role that may start this machine, and put what it could not start into the queue; nothing else."""
    role = iam.Role(
        scope,
        construct_id,
        assumed_by=service_of_this_account("scheduler.amazonaws.com"),
        inline_policies={
            "Start": policy_document(
                [
                    Statement(actions=["states:StartExecution"], resources=[state_machine.state_machine_arn]),
                    *lost_starts.send_statements(),
                ]
            )
        },
    )
    acknowledge_each(role, INLINE_POLICY)
    return role
