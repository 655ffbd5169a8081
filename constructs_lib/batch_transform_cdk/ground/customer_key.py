"""The customer managed KMS key of an app's jobs."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from batch_transform_cdk.ground.kms_key import (
    let_alarms_publish,
    let_log_groups_use,
    let_rules_fill_queues,
)


class CustomerKey(Construct):
    """Define a customer managed key: rotated yearly, and retained when the stack is deleted.

    One key serves all jobs of an app. Its policy lets AWS services use it for the jobs' log groups, topics and queues,
    and leaves everyone else to IAM (KMS Developer Guide, "Default key policy"). The default is to retain it, since
    nothing that it encrypted can be read without it. With RemovalPolicy.DESTROY, KMS deletes it 30 days after the
    stack.

    Usage::

        key = CustomerKey(self, "Key").key
        buckets = DataBuckets(self, "Data", encryption_key=key)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        alias: str | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Resource",
            alias=alias,
            description=f"Encrypts data, results, volumes and logs of the batch transform jobs of {self.node.path}",
            enable_key_rotation=True,
            policy=iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        # Without this statement, nobody could change the key again.
                        actions=["kms:*"],
                        principals=[iam.AccountRootPrincipal()],
                        resources=["*"],  # in a key's policy, this key
                    )
                ]
            ),
            removal_policy=removal_policy,
        )
        # Now rather than with the first job: jobs of other stacks import the key, and cannot change its policy.
        let_log_groups_use(self.key)
        let_alarms_publish(self.key)
        let_rules_fill_queues(self.key)
