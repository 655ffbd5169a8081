"""ARNs in the account and region of the stack, put together without asking the CDK's kernel each time."""

from __future__ import annotations

import aws_cdk as cdk

PARTITION, REGION, ACCOUNT_ID, URL_SUFFIX = (
    cdk.Aws.PARTITION,
    cdk.Aws.REGION,
    cdk.Aws.ACCOUNT_ID,
    cdk.Aws.URL_SUFFIX,
)


def arn(service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
    """Return the ARN of a resource that is named as in an ARN, such as `rule/nightly`."""
    return f"arn:{PARTITION}:{service}:{region or REGION}:{account or ACCOUNT_ID}:{resource}"
