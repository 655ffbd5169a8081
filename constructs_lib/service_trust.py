"""Which of AWS's services may use a role of ours, and for whom."""

from __future__ import annotations

import functools

from aws_cdk import aws_iam as iam

from constructs_lib.arn import ACCOUNT_ID


@functools.cache  # a principal belongs to no stack, and each costs a round trip
def service_of_this_account(principal: str) -> iam.ServicePrincipal:
    """Return the service as a role's trust names it: only acting for a resource of this account.

    Without the condition the service could be made to use the role by a resource of somebody else's (IAM User
    Guide, "The confused deputy problem"). The guides of SageMaker, Step Functions and EventBridge Scheduler ask
    for it; for Lambda, AWS's own templates do (aws/agent-toolkit-for-aws).
    """
    return iam.ServicePrincipal(principal, conditions={"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}})
