"""A role that one of AWS's services takes on for a job."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from aws_cdk import aws_iam as iam
from constructs import Construct

from batch_transform.job.errors import ConstructError
from batch_transform_cdk.ground.acknowledgment import INLINE_POLICY, acknowledge_each
from batch_transform_cdk.ground.description import of_role
from batch_transform_cdk.ground.statement import Statement, policy_document
from batch_transform_cdk.ground.tokens import ACCOUNT_ID

_MOST_CHARACTERS = 10_240
"""Of all inline policies of a role together, white space not counted (IAM and STS quotas)."""

_TOKEN = re.compile(r"\$\{Token\[[^\]]*\]\}")
_SHORTEST = "arn"
"""What at least stands in the place of a token: so no role is refused that IAM would take."""


class ServiceRole:
    """Define a role for `service`, such as `lambda.amazonaws.com`, that may do what `statements` allow.

    `description` is what people read in the list of an account's roles.

    The service may use it only when it acts for a resource of this account. Without the condition it could be made to
    use the role by a resource of somebody else's (IAM User Guide, "The confused deputy problem"). The guides of
    SageMaker, Step Functions and EventBridge Scheduler ask for it; for Lambda, AWS's own templates do
    (aws/agent-toolkit-for-aws).

    It is an L1 construct: its statements are written out here, and there is nothing for the CDK's `Role` to work out.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        service: str,
        description: str,
        policy_name: str,
        statements: Iterable[Statement],
    ) -> None:
        self._scope = scope
        self._policy_name = policy_name
        self._statements = list(statements)
        self.resource = iam.CfnRole(
            scope,
            construct_id,
            assume_role_policy_document=_trust(service),
            description=of_role(description),
            policies=self._policies(),
        )
        acknowledge_each(self.resource, INLINE_POLICY)

    @cached_property
    def arn(self) -> str:
        """The role's ARN, as a token."""
        return self.resource.attr_arn

    @cached_property
    def name(self) -> str:
        """The role's name, as a token."""
        return self.resource.ref

    def allow(self, statements: Iterable[Statement]) -> None:
        """Let the role do more."""
        self._statements += statements
        self.resource.policies = self._policies()

    def _policies(self) -> list[Any]:
        document = policy_document(self._statements)
        self._require_fit(document)
        # A mapping, and no struct of the CDK's, which takes longer and says the same.
        return [{"policyName": self._policy_name, "policyDocument": document}]

    def _require_fit(self, document: object) -> None:
        """Raise ConstructError now for what CloudFormation would refuse half-way through a deployment."""
        length = len(_TOKEN.sub(_SHORTEST, json.dumps(document, separators=(",", ":"), ensure_ascii=False)))
        if length > _MOST_CHARACTERS:
            raise ConstructError(
                f"the role of {self._scope.node.path} needs a policy of at least {length} characters, and IAM takes "
                f"{_MOST_CHARACTERS}: name fewer or shorter places, keys and topics"
            )

    def further_policy(
        self, scope: Construct, construct_id: str, statements: Iterable[Statement]
    ) -> iam.CfnPolicy:
        """Define a policy of its own for what is known only after what has the role."""
        policy = iam.CfnPolicy(
            scope,
            construct_id,
            policy_document=policy_document(statements),
            policy_name=construct_id,
            roles=[self.name],
        )
        acknowledge_each(policy, INLINE_POLICY)
        return policy


def _trust(service: str) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}},
            }
        ],
    }
