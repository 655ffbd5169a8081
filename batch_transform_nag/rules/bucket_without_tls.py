"""A bucket that answers requests without TLS."""

from __future__ import annotations

from batch_transform_nag.cfn_template import Resource, as_list, text
from batch_transform_nag.role import Statement, in_condition
from batch_transform_nag.rule import Compliance, RuleResult


def bucket_without_tls(resource: Resource) -> RuleResult:
    """Require a bucket policy that denies every action to requests without TLS."""
    if resource.type != "AWS::S3::Bucket":
        return Compliance.NOT_APPLICABLE
    template = resource.template
    for policy in template.resources("AWS::S3::BucketPolicy"):
        if template.referred(policy.properties.get("Bucket")) is resource:
            statements = as_list(policy.properties.get("PolicyDocument", {}).get("Statement"))
            if any(_denies_plain_http(Statement(body)) for body in statements):
                return Compliance.COMPLIANT
    return Compliance.NON_COMPLIANT


def _denies_plain_http(statement: Statement) -> bool:
    principal = statement.body.get("Principal")
    return (
        not statement.allows
        and statement.covers("s3:GetObject")
        and statement.covers("s3:PutObject")
        and (principal == "*" or (isinstance(principal, dict) and text(principal.get("AWS")) == "*"))
        and "false" in in_condition(statement, "aws:SecureTransport")
    )
