"""A location in S3 to grant access to: a bucket, a key prefix, and the key that encrypts its objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from batch_transform_cdk.ground.kms_key import ENCRYPTED, KmsKey, through_s3
from batch_transform_cdk.ground.statement import Conditions, Statement
from batch_transform_cdk.ground.tokens import bucket_arn, bucket_name

_READ = ("s3:GetObject",)
# A transform job uploads in parts, and aborts the upload when it is cut off.
_WRITE = ("s3:PutObject", "s3:AbortMultipartUpload")
# S3 generates a data key to encrypt an upload, and decrypts it to complete a multipart upload
# (S3 User Guide, "Using server-side encryption with AWS KMS keys").
_ENCRYPT = ("kms:GenerateDataKey", "kms:Decrypt")
_DECRYPT = ("kms:Decrypt",)


@dataclass(frozen=True)
class DataLocation:
    """A location in S3. `prefix` is a plain string, as everywhere in S3, and may be empty.

    `key` is the customer key of the objects below it, if they have one. `other_key` encrypts some of them: those that
    were uploaded with a key of their own, or before the bucket had one.

    Usage::

        place = DataLocation(data.input, "churn/", KmsKey.of(key))
        place.grant_read(role)
    """

    bucket: s3.IBucket
    prefix: str
    key: KmsKey | None = None
    other_key: KmsKey | None = None

    @property
    def keys(self) -> tuple[KmsKey, ...]:
        """The keys of the objects."""
        return tuple(key for key in dict.fromkeys((self.key, self.other_key)) if key is not None)

    def key_wildcards(self) -> dict[str, str]:
        """Return the wildcards in the statements for the keys, with their reasons."""
        return {resource: reason for key in self.keys for resource, reason in key.wildcards().items()}

    @property
    def bucket_name(self) -> str:
        """The bucket's name."""
        return bucket_name(self.bucket)

    @property
    def uri(self) -> str:
        """The S3 URI, which may hold CDK tokens."""
        return f"s3://{self.bucket_name}/{self.prefix}"

    @property
    def bucket_arn(self) -> str:
        """The ARN of the bucket."""
        return bucket_arn(self.bucket)

    @property
    def object_arn(self) -> str:
        """The ARN of the one object whose key is the prefix."""
        return f"{self.bucket_arn}/{self.prefix}"

    @property
    def objects_arn(self) -> str:
        """The ARN of every object below the prefix."""
        return f"{self.object_arn}*"

    def list_statement(self) -> Statement:
        """Allow listing the keys below the prefix, and no others."""
        return Statement(
            actions=["s3:ListBucket"], resources=[self.bucket_arn], conditions=self._below_prefix()
        )

    def read_statements(self) -> list[Statement]:
        """Allow reading the objects below the prefix, and decrypting them."""
        return [self._statement(_READ), *self._key_statements(_DECRYPT)]

    def write_statements(self) -> list[Statement]:
        """Allow writing objects below the prefix, and encrypting them."""
        return [self._statement(_WRITE), *self._key_statements(_ENCRYPT)]

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant permission to list and read the objects below the prefix, also to a principal of another account."""
        listed = grant_on(self.bucket, grantee, self.list_statement())
        read = listed.combine(grant_on(self.bucket, grantee, self._statement(_READ)))
        return self._with_key(read, grantee, _DECRYPT)

    def grant_write(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant permission to write objects below the prefix, but not to list, read or delete them."""
        written = grant_on(self.bucket, grantee, self._statement(_WRITE))
        return self._with_key(written, grantee, _ENCRYPT)

    def _statement(self, actions: Sequence[str]) -> Statement:
        return Statement(actions=list(actions), resources=[self.objects_arn])

    def _key_statements(self, actions: Sequence[str]) -> list[Statement]:
        return [self._key_statement(key, actions) for key in self.keys]

    def _key_statement(self, key: KmsKey, actions: Sequence[str]) -> Statement:
        conditions = key.s3_conditions([self.bucket_arn, self.objects_arn])
        return Statement(actions=list(actions), resources=[key.resource], conditions=conditions)

    def _with_key(self, granted: iam.Grant, grantee: iam.IGrantable, actions: Sequence[str]) -> iam.Grant:
        for key in self.keys:
            statement = self._key_statement(key, actions)
            if key.construct is None:  # known by its name only: its owner grants access to other accounts
                granted = granted.combine(grant(grantee, statement))
                continue
            # A key policy that names the bucket it encrypts would be a circular dependency.
            own = Statement(actions=list(actions), resources=["*"], conditions=through_s3())
            granted = granted.combine(grant_on(key.construct, grantee, statement, own=own))
        return granted

    def _below_prefix(self) -> Conditions:
        return {"StringLike": {"s3:prefix": f"{self.prefix}*"}}


def joined_in_bucket(statements: Sequence[Statement]) -> list[Statement]:
    """Return the statements, with those that S3's use of one key in one bucket needs as one.

    Where the bucket has a bucket key, each of them allows what the others do, so that none would be needed.
    """
    joined: dict[str, Statement] = {}
    for number, statement in enumerate(statements):
        arns = _encrypted(statement)
        kept = {name: keys for name, keys in (statement.conditions or {}).items() if name != "StringLike"}
        place = f"{statement.resources} {kept} {arns[0]}" if arns else str(number)
        if (first := joined.get(place)) is None:
            joined[place] = statement
            continue
        joined[place] = Statement(
            list(dict.fromkeys([*first.actions, *statement.actions])),
            first.resources,
            {**kept, "StringLike": {ENCRYPTED: list(dict.fromkeys([*_encrypted(first), *arns]))}},
        )
    return list(joined.values())


def _encrypted(statement: Statement) -> list[str]:
    """Return the ARNs to which S3 binds what a statement on a key allows to encrypt: the bucket's first."""
    found = (statement.conditions or {}).get("StringLike", {}).get(ENCRYPTED, [])
    return [found] if isinstance(found, str) else list(found)


_SAME = (cdk.TokenComparison.SAME, cdk.TokenComparison.BOTH_UNRESOLVED)


def grant(grantee: iam.IGrantable, statement: Statement) -> iam.Grant:
    """Add the statement to the policy of the grantee."""
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
    """Add the statement to the policy of the grantee, and in another account to the resource's policy as well.

    `own` is the statement for the resource's policy, if it differs there. The CDK's `add_to_principal_or_resource`
    does the same, but leaves the conditions out of the resource's policy.
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
