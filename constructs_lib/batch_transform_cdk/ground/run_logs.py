"""The log groups of a job, which keep what they have as long as the job says."""

from __future__ import annotations

from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from batch_transform_cdk.ground.acknowledgment import OWN_KEY_IS_A_CHOICE, acknowledge
from batch_transform_cdk.ground.attributes import key_arn


def run_logs(
    scope: Construct, *, retention_in_days: int, encryption_key: kms.IKey | None, name: str | None = None
) -> logs.CfnLogGroup:
    """Define the log group `Logs` below `scope`: its lines go after so many days, and it goes with the stack."""
    group = logs.CfnLogGroup(
        scope,
        "Logs",
        kms_key_id=key_arn(encryption_key) if encryption_key else None,
        log_group_name=name,
        retention_in_days=retention_in_days,
    )
    if encryption_key is None:
        acknowledge(group, ("CloudWatchLogGroupEncrypted", "CKV_AWS_158"), OWN_KEY_IS_A_CHOICE)
    return group
