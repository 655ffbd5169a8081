"""The role with which EventBridge Scheduler starts a state machine."""

from __future__ import annotations

from constructs import Construct

from batch_transform_cdk.ground.service_role import ServiceRole
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.starts.lost_starts import LostStarts

RETRY_SECONDS = 3600
"""So long a start that fails is tried again: a run that would begin later than that is better looked at."""

RETRIES = 10


def start_role(
    scope: Construct,
    construct_id: str,
    *,
    description: str,
    state_machine_arn: str,
    lost_starts: LostStarts,
) -> ServiceRole:
    """Define a role that may start this machine, and put what it could not start into the queue; nothing else."""
    return ServiceRole(
        scope,
        construct_id,
        service="scheduler.amazonaws.com",
        description=description,
        policy_name="Start",
        statements=[
            Statement(actions=["states:StartExecution"], resources=[state_machine_arn]),
            *lost_starts.send_statements(),
        ],
    )
