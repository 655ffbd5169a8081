"""An IAM role that an AWS service assumes for a job."""

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
"""The limit for all inline policies of a role together, without white space (IAM and STS quotas)."""

_TOKEN = re.compile(r"\$\{Token\[[^\]]*\]\}")
_SHORTEST = "arn"
"""The shortest text that a token can become: no role is refused that IAM would accept."""


class ServiceRole:
    """Define a role for `service`, such as `lambda.amazonaws.com`, with the permissions in `statements`.

    `description` is shown in the account's list of roles.

    The service can assume the role only on behalf of a resource in this account. Without that condition, a resource in
    another account could make the service use it (IAM User Guide, "The confused deputy problem"). The guides of
    SageMaker, Step Functions and EventBridge Scheduler recommend it; for Lambda, AWS's own templates have it
    (aws/agent-toolkit-for-aws).

    The role is an L1 construct: all statements are written out here, so the CDK's `Role` has nothing to add.
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
        """Add permissions to the role."""
        self._statements += statements
        self.resource.policies = self._policies()

    def _policies(self) -> list[Any]:
        document = policy_document(self._statements)
        self._require_fit(document)
        # A mapping, since a struct of the CDK takes longer and gives the same result.
        return [{"policyName": self._policy_name, "policyDocument": document}]

    def _require_fit(self, document: object) -> None:
        """Raise ConstructError now for a policy that CloudFormation would reject halfway through a deployment."""
        length = len(_TOKEN.sub(_SHORTEST, json.dumps(document, separators=(",", ":"), ensure_ascii=False)))
        if length > _MOST_CHARACTERS:
            raise ConstructError(
                f"the role of {self._scope.node.path} needs a policy of at least {length} characters, and IAM allows "
                f"{_MOST_CHARACTERS}; use fewer or shorter locations, keys and topics"
            )

    def further_policy(
        self, scope: Construct, construct_id: str, statements: Iterable[Statement]
    ) -> iam.CfnPolicy:
        """Define a separate policy, for permissions on a resource that is created after the role."""
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
