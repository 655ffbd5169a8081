"""The policies of a deployed stack, read and written with AWS's APIs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from least_privilege.mutation import Document

Client = Callable[[str], Any]


@dataclass(frozen=True)
class Policy:
    """`owner` is the path of the construct that has it, without the stack; `kind` says which of its policies."""

    owner: str
    kind: str
    document: Document
    write: Callable[[Document], None]

    def __str__(self) -> str:
        return f"{self.owner} ({self.kind})"


def deployed_policies(
    client: Client, resources: Sequence[dict[str, Any]], paths: dict[str, str]
) -> Iterator[Policy]:
    """Yield every identity, trust and resource policy of the stack's resources. `paths` are by logical id."""
    for resource in resources:
        find = _FINDERS.get(resource["ResourceType"])
        if find is not None:
            path = paths[resource["LogicalResourceId"]]
            for kind, document, write in find(client, resource["PhysicalResourceId"]):
                yield Policy(path, kind, document, write)


Found = Iterator[tuple[str, Document, Callable[[Document], None]]]


def _of_role(client: Client, role: str) -> Found:
    iam = client("iam")
    role = role.rpartition("/")[2]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:

        def write(document: Document, name: str = name) -> None:
            if document["Statement"]:
                iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
            else:
                iam.delete_role_policy(RoleName=role, PolicyName=name)

        yield "identity", iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"], write
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    yield (
        "trust",
        trust,
        lambda document: iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document)),
    )


def _of_bucket(client: Client, bucket: str) -> Found:
    s3 = client("s3")

    def write(document: Document) -> None:
        if document["Statement"]:
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
        else:
            s3.delete_bucket_policy(Bucket=bucket)

    yield "resource", json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]), write


def _of_key(client: Client, key: str) -> Found:
    kms = client("kms")
    yield (
        "resource",
        json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
        lambda document: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(document)),
    )


def _of_topic(client: Client, topic: str) -> Found:
    sns = client("sns")
    policy = sns.get_topic_attributes(TopicArn=topic)["Attributes"].get("Policy")
    if policy:
        yield (
            "resource",
            json.loads(policy),
            lambda document: sns.set_topic_attributes(
                TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(document)
            ),
        )


def _of_queue(client: Client, url: str) -> Found:
    sqs = client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    if attributes.get("Policy"):
        yield (
            "resource",
            json.loads(attributes["Policy"]),
            lambda document: sqs.set_queue_attributes(
                QueueUrl=url, Attributes={"Policy": json.dumps(document)}
            ),
        )


def _of_function(client: Client, name: str) -> Found:
    """A function's policy is written by statement: one is removed, or restored."""
    functions = client("lambda")
    try:
        policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
    except functions.exceptions.ResourceNotFoundException:
        return  # most have none: their callers are roles of this account

    def write(document: Document) -> None:
        for statement in policy["Statement"]:
            _forget(functions, name, statement["Sid"])
        for statement in document["Statement"]:
            _remember(functions, name, statement)

    yield "resource", policy, write


def _forget(functions: Any, name: str, sid: str) -> None:
    try:
        functions.remove_permission(FunctionName=name, StatementId=sid)
    except functions.exceptions.ResourceNotFoundException:
        return  # a mutation removed it


def _remember(functions: Any, name: str, statement: dict[str, Any]) -> None:
    (source,) = [
        value
        for keys in statement.get("Condition", {}).values()
        for key, value in keys.items()
        if key.lower() == "aws:sourcearn"
    ]
    functions.add_permission(
        FunctionName=name,
        StatementId=statement["Sid"],
        Action=statement["Action"],
        Principal=statement["Principal"]["Service"],
        SourceArn=source[0] if isinstance(source, list) else source,
    )


_FINDERS: dict[str, Callable[[Client, str], Found]] = {
    "AWS::IAM::Role": _of_role,
    "AWS::S3::Bucket": _of_bucket,
    "AWS::KMS::Key": _of_key,
    "AWS::SNS::Topic": _of_topic,
    "AWS::SQS::Queue": _of_queue,
    "AWS::Lambda::Function": _of_function,
}
