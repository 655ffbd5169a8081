"""Whose resources: an account in a region."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """Names are unique within it (API reference, CreateTransformJob)."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """`aws-cn` and `aws-us-gov` regions have ARNs of their own."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a SageMaker resource; SageMaker writes the name in lower case."""
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:{kind}/{name.lower()}"
