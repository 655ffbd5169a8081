"""Where a run keeps the sections of objects with bad records, and the permissions to use it.

`lambda/bad_records` describes how it works.
"""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from batch_transform_cdk.data.data_location import DataLocation, joined_in_bucket
from batch_transform_cdk.ground.acknowledgment import acknowledge_wildcards
from batch_transform_cdk.ground.kms_key import KmsKey
from batch_transform_cdk.ground.service_role import ServiceRole
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import arn, bucket_key

_SECTIONS = "_sections/"
"""The prefix of all sections in the output bucket. It is apart from the results, which may be another job's input."""

_KEPT_FOR = cdk.Duration.days(30)
"""How long sections are kept if a run couldn't delete them: longer than any usual run."""

_MARK = "batch-transform:sections-expire"


@dataclass(frozen=True)
class Sections:
    """`location` is the job's prefix for sections. `data` is what the job reads, and `output` where its results go."""

    location: DataLocation
    data: DataLocation
    output: DataLocation

    @classmethod
    def of(cls, job_name: str, *, bucket: s3.IBucket, data: DataLocation, output: DataLocation) -> Sections:
        """Return the sections of a job in the output bucket, under the key of its results, or else of the bucket."""
        own_key = bucket_key(bucket)
        key = output.key or (KmsKey.of(own_key) if own_key else None)
        return cls(DataLocation(bucket, f"{_SECTIONS}{job_name}/", key), data, output)

    def role_statements(self) -> list[Statement]:
        """Allow the model's role to write the job's results, to read what a round scores, and to write its results.

        Of these not `s3:AbortMultipartUpload`: a lifecycle rule ends what a stopped job leaves.
        """
        scored, results = self._below("in/"), self._below("out/")
        statements = [
            *self.output.write_statements(),
            scored.list_statement(),
            *scored.read_statements(),
            Statement(["s3:PutObject"], [results.objects_arn]),
            # S3 decrypts the data key to complete a multipart upload.
            *self._key_statement(results, "kms:GenerateDataKey", "kms:Decrypt"),
        ]
        return joined_in_bucket(statements)

    def function_statements(self) -> list[Statement]:
        """Allow cutting the job's data into sections, putting the results together, and deleting the sections."""
        scored, plan = self._below("in/"), self._below("plan/")
        listed = self.location.list_statement()
        statements = [
            self.data.list_statement(),
            *self.data.read_statements(),
            self.output.list_statement(),
            *self.output.write_statements(),
            Statement(["s3:ListBucket", "s3:ListBucketVersions"], listed.resources, listed.conditions),
            *self.location.read_statements(),
            Statement(["s3:PutObject"], [scored.objects_arn, plan.objects_arn]),
            *self._key_statement(self.location, "kms:GenerateDataKey"),
            # DeleteObjects needs both, also for versions (API reference).
            Statement(["s3:DeleteObject", "s3:DeleteObjectVersion"], [self.location.objects_arn]),
        ]
        return joined_in_bucket(statements)

    def _key_statement(self, place: DataLocation, *actions: str) -> list[Statement]:
        if place.key is None:
            return []
        conditions = place.key.s3_conditions([place.bucket_arn, place.objects_arn])
        return [Statement(list(actions), [place.key.resource], conditions)]

    def wildcards(self) -> dict[str, str]:
        """Return the wildcards in the statements, each with its reason."""
        own = (self.location, *(self._below(folder) for folder in ("in/", "out/", "plan/")))
        places = {
            self.data: "the job reads every object below its own prefix",
            self.output: "the job's results, whose names are made from the input's",
            **dict.fromkeys(own, "the sections of the job's own runs, whose names the function makes"),
        }
        keys = {key for place in places for key in place.keys}
        return {
            **{place.objects_arn: reason for place, reason in places.items()},
            **{resource: reason for key in keys for resource, reason in key.wildcards().items()},
        }

    def expire(self) -> None:
        """Let a bucket of this app delete what a run couldn't, with its older versions."""
        bucket = self.location.bucket
        if not isinstance(bucket, s3.Bucket) or any(one.type == _MARK for one in bucket.node.metadata):
            return
        bucket.node.add_metadata(_MARK, True)
        bucket.add_lifecycle_rule(
            prefix=_SECTIONS,
            expiration=_KEPT_FOR,
            noncurrent_version_expiration=cdk.Duration.days(1),
            abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
        )

    def _below(self, folder: str) -> DataLocation:
        return DataLocation(self.location.bucket, f"{self.location.prefix}{folder}", self.location.key)


def let_describe_executions(scope: Construct, role: ServiceRole, machine_name: str) -> None:
    """Allow the function to see whether the run was stopped while it wrote sections: then it deletes them.

    This is a separate policy, since the state machine depends on the function.
    """
    executions = arn("states", f"execution:{machine_name}:*")
    statement = Statement(["states:DescribeExecution"], [executions])
    policy = role.further_policy(scope, "SectionsOfStoppedRun", [statement])
    acknowledge_wildcards(policy, {executions: "the runs of this job, whose names are not known"})
