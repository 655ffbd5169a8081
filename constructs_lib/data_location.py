"""A place in S3 that a role may be allowed to use: a bucket and a key prefix."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3


@dataclass(frozen=True)
class DataLocation:
    """`prefix` is a plain string, as everywhere in S3; it may be empty."""

    bucket: s3.IBucket
    prefix: str

    @property
    def uri(self) -> str:
        """The S3 URI, which may hold CDK tokens."""
        return f"s3://{self.bucket.bucket_name}/{self.prefix}"

    @property
    def objects_arn(self) -> str:
        """The ARN of every object below the prefix."""
        return self.bucket.arn_for_objects(f"{self.prefix}*")

    def list_statement(self) -> iam.PolicyStatement:
        """Allow to list the keys below the prefix, and no others."""
        return iam.PolicyStatement(
            actions=["s3:ListBucket"],
            resources=[self.bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": f"{self.prefix}*"}},
        )
