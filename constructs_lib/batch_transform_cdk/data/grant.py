"""A grant on a bucket or a key, with its conditions wherever it is written down."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from batch_transform_cdk.ground.statement import Statement

_SAME = (cdk.TokenComparison.SAME, cdk.TokenComparison.BOTH_UNRESOLVED)


def grant(grantee: iam.IGrantable, statement: Statement) -> iam.Grant:
    """Allow the statement to somebody, by a policy of theirs."""
    return iam.Grant.add_to_principal(
        grantee=grantee,
        actions=statement.actions,
        resource_arns=statement.resources,
        conditions=statement.conditions,
    )


def grant_on(
    resource: s3.IBucket | kms.IKey,
    grantee: iam.IGrantable,
    statement: Statement,
    *,
    own: Statement | None = None,
) -> iam.Grant:
    """Allow the statement to somebody: in another account, by the resource's policy as well.

    `own` is the statement as the resource's own policy writes it, where that is otherwise. The CDK's
    `add_to_principal_or_resource` does the same, and leaves the conditions out of the resource's policy.
    """
    granted = grant(grantee, statement)
    if granted.success and _in_account_of(resource, grantee):
        return granted
    own = own or statement
    return iam.Grant.add_statement_to_resource_policy(
        grantee=grantee,
        actions=statement.actions,
        resource_arns=statement.resources,
        resource=resource,
        statement=iam.PolicyStatement(
            actions=own.actions,
            conditions=own.conditions,
            principals=[grantee.grant_principal],
            resources=own.resources,
        ),
    )


def _in_account_of(resource: cdk.IResource, grantee: iam.IGrantable) -> bool:
    account = grantee.grant_principal.principal_account
    return account is not None and cdk.Token.compare_strings(resource.env.account, account) in _SAME
