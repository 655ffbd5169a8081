"""The lock that keeps runs of a job from overlapping: S3 objects, and the permissions to use them.

`lambda/preflight/run_lock.py` describes how it works.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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

_WAITING = ".waiting"
"""The end of the key of the run that waits. A job's name has no dot, so no lock has this key."""


@dataclass(frozen=True)
class RunLock:
    """`location` is the lock's only object: its prefix is the whole key.

    `waiting` is the object of the one run that waits for the lock; None for a job whose runs don't wait.
    """

    location: DataLocation
    waiting: DataLocation | None = None

    @classmethod
    def of(
        cls, job_name: str, *, bucket: s3.IBucket, encryption_key: kms.IKey | None, one_waits: bool = False
    ) -> RunLock:
        """Return the lock of a job in the output bucket. `encryption_key` is for a bucket whose key isn't known.

        With `one_waits`, a run waits for the lock if no other one does.
        """
        key = bucket_key(bucket) or encryption_key
        lock = DataLocation(bucket, f"{_LOCKS}{job_name}", KmsKey.of(key) if key else None)
        return cls(lock, replace(lock, prefix=f"{lock.prefix}{_WAITING}") if one_waits else None)

    @property
    def place(self) -> dict[str, str]:
        """The Bucket and Key for calls to S3."""
        return _place(self.location)

    @property
    def waiting_place(self) -> dict[str, str] | None:
        """The Bucket and Key of the run that waits; None if runs don't wait."""
        return None if self.waiting is None else _place(self.waiting)

    def take_statements(self) -> list[Statement]:
        """Allow taking the lock or the place that waits for it, and replacing a stale object together with its version.

        A run that gets the lock gives up its place.
        """
        statements = [
            Statement(["s3:PutObject", "s3:GetObject", "s3:DeleteObjectVersion"], self._arns),
            *self._key_statements(),
        ]
        if self.waiting is not None and not self._is_versioned:
            statements.append(Statement(["s3:DeleteObject"], [self.waiting.object_arn]))
        return statements

    def release_statements(self) -> list[Statement]:
        """Allow deleting the version that the run wrote, or the object if the bucket's versioning isn't known."""
        actions = ["s3:DeleteObjectVersion", *([] if self._is_versioned else ["s3:DeleteObject"])]
        return [Statement(actions, [self.location.object_arn])]

    def let_describe_executions(self, scope: Construct, role: ServiceRole, machine_name: str) -> None:
        """Allow `role` to check whether the execution that holds the lock is still running.

        This is a separate policy, since the state machine depends on the function that has the role.
        """
        executions = arn("states", f"execution:{machine_name}:*")
        statement = Statement(["states:DescribeExecution"], [executions])
        policy = role.further_policy(scope, "LockHolder", [statement])
        acknowledge_wildcards(policy, {executions: "any run of this job may hold its lock, or wait for it"})

    def _key_statements(self) -> list[Statement]:
        key = self.location.key
        if key is None:
            return []
        return [
            Statement(
                actions=["kms:GenerateDataKey", "kms:Decrypt"],
                resources=[key.resource],
                conditions=key.s3_conditions([self.location.bucket_arn, *self._arns]),
            )
        ]

    @property
    def _arns(self) -> list[str]:
        return [one.object_arn for one in (self.location, self.waiting) if one is not None]

    @property
    def _is_versioned(self) -> bool:
        return isinstance(self.location.bucket, s3.Bucket)


def _place(one: DataLocation) -> dict[str, str]:
    return {"Bucket": one.bucket_name, "Key": one.prefix}
