"""The log groups of a job, which keep what they have as long as the job says."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from constructs_lib.acknowledgment import OWN_KEY_IS_A_CHOICE, acknowledge

_RETENTION = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1096: logs.RetentionDays.THREE_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    2192: logs.RetentionDays.SIX_YEARS,
    2557: logs.RetentionDays.SEVEN_YEARS,
    2922: logs.RetentionDays.EIGHT_YEARS,
    3288: logs.RetentionDays.NINE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}
"""The CDK's words for the days that CloudWatch Logs takes."""


def run_logs(
    scope: Construct, *, retention_in_days: int, encryption_key: kms.IKey | None, name: str | None = None
) -> logs.LogGroup:
    """Define the log group `Logs` below `scope`: its lines go after so many days, and it goes with the stack."""
    group = logs.LogGroup(
        scope,
        "Logs",
        encryption_key=encryption_key,
        log_group_name=name,
        removal_policy=cdk.RemovalPolicy.DESTROY,
        retention=_RETENTION[retention_in_days],
    )
    if encryption_key is None:
        acknowledge(group, ("CloudWatchLogGroupEncrypted", "CKV_AWS_158"), OWN_KEY_IS_A_CHOICE)
    return group
