"""The lock that keeps runs of a job from overlapping: an S3 object, and the permissions to use it.

`lambda/preflight/run_lock.py` describes how it works.
"""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from batch_transform_cdk.data.data_location import DataLocation
from batch_transform_cdk.ground.acknowledgment import acknowledge_wildcards
from batch_transform_cdk.ground.kms_key import KmsKey
from batch_transform_cdk.ground.service_role import ServiceRole
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import arn, bucket_key

_LOCKS = ".locks/"
"""The prefix of all locks in the output bucket. It is apart from the results, which may be another job's input."""


@dataclass(frozen=True)
class RunLock:
    """`location` is the lock's only object: its prefix is the whole key."""

    location: DataLocation

    @classmethod
    def of(cls, job_name: str, *, bucket: s3.IBucket, encryption_key: kms.IKey | None) -> RunLock:
        """Return the lock of a job in the output bucket. `encryption_key` is for a bucket whose key isn't known."""
        key = bucket_key(bucket) or encryption_key
        return cls(DataLocation(bucket, f"{_LOCKS}{job_name}", KmsKey.of(key) if key else None))

    @property
    def place(self) -> dict[str, str]:
        """The Bucket and Key for calls to S3."""
        return {"Bucket": self.location.bucket_name, "Key": self.location.prefix}

    def take_statements(self) -> list[Statement]:
        """Allow taking the lock, and replacing a stale one together with its version."""
        actions = ["s3:PutObject", "s3:GetObject", "s3:DeleteObjectVersion"]
        return [self._statement(*actions), *self._key_statements()]

    def release_statements(self) -> list[Statement]:
        """Allow deleting the version that the run wrote, or the object if the bucket's versioning isn't known."""
        versioned = isinstance(self.location.bucket, s3.Bucket)
        return [self._statement("s3:DeleteObjectVersion", *([] if versioned else ["s3:DeleteObject"]))]

    def let_describe_executions(self, scope: Construct, role: ServiceRole, machine_name: str) -> None:
        """Allow `role` to check whether the execution that holds the lock is still running.

        This is a separate policy, since the state machine depends on the function that has the role.
        """
        executions = arn("states", f"execution:{machine_name}:*")
        statement = Statement(["states:DescribeExecution"], [executions])
        policy = role.further_policy(scope, "LockHolder", [statement])
        acknowledge_wildcards(policy, {executions: "any run of this job may hold its lock"})

    def _statement(self, *actions: str) -> Statement:
        return Statement(actions=list(actions), resources=[self._arn])

    def _key_statements(self) -> list[Statement]:
        key = self.location.key
        if key is None:
            return []
        return [
            Statement(
                actions=["kms:GenerateDataKey", "kms:Decrypt"],
                resources=[key.resource],
                conditions=key.s3_conditions([self.location.bucket_arn, self._arn]),
            )
        ]

    @property
    def _arn(self) -> str:
        return self.location.object_arn
