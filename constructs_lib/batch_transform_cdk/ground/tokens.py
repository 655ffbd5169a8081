"""CDK tokens: attributes of resources, ARNs and JSON, with few round trips to the CDK's kernel in Node.

Reading an attribute of a resource is a round trip, and its value, a token, never changes: it is read once. ARNs in the
stack's own account and region are assembled here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from batch_transform.job.values.cdk_token import is_token

PARTITION, REGION, ACCOUNT_ID, URL_SUFFIX = (
    cdk.Aws.PARTITION,
    cdk.Aws.REGION,
    cdk.Aws.ACCOUNT_ID,
    cdk.Aws.URL_SUFFIX,
)


def arn(service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
    """Return an ARN. `resource` is its last part, such as `rule/nightly`."""
    return f"arn:{PARTITION}:{service}:{region or REGION}:{account or ACCOUNT_ID}:{resource}"


_Resource = TypeVar("_Resource")
_Answer = TypeVar("_Answer")


def _asked_once(ask: Callable[[_Resource], _Answer]) -> Callable[[_Resource], _Answer]:
    answers: WeakKeyDictionary[_Resource, _Answer] = WeakKeyDictionary()

    @wraps(ask)
    def answer(resource: _Resource) -> _Answer:
        if resource not in answers:
            answers[resource] = ask(resource)
        return answers[resource]

    return answer


@_asked_once
def bucket_name(bucket: s3.IBucket) -> str:
    """Return the bucket's name, which may be a token."""
    return bucket.bucket_name


@_asked_once
def bucket_arn(bucket: s3.IBucket) -> str:
    """Return the bucket's ARN, which may be a token."""
    return bucket.bucket_arn


@_asked_once
def bucket_key(bucket: s3.IBucket) -> kms.IKey | None:
    """Return the customer key of the bucket, if the app knows it."""
    return bucket.encryption_key


@_asked_once
def key_arn(key: kms.IKey) -> str:
    """Return the key's ARN, which may be a token."""
    return key.key_arn


@_asked_once
def topic_arn(topic: sns.ITopic) -> str:
    """Return the topic's ARN, which may be a token."""
    return topic.topic_arn


@_asked_once
def region(stack: cdk.Stack) -> str:
    """Return the stack's region: a token unless its environment sets one."""
    return stack.region


def json_text(scope: Construct, value: Any, *, references: tuple[str, ...] = ()) -> str:  # noqa: ANN401  # any JSON
    """Return `value` as JSON, with tokens that are resolved when the app is synthesized.

    `references` are the tokens in it that need no escaping: ARNs, names and URIs that CloudFormation fills in. If there
    is no other token, the text is made here, which is about 2 ms faster than the CDK's `Stack.to_json_string`: that
    inspects each token, and supports numbers and lists as well.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    others = text
    for reference in sorted(references, key=len, reverse=True):  # a URI contains a bucket's name
        others = others.replace(reference, "")
    if is_token(others) or _has_number_token(value):
        return cdk.Stack.of(scope).to_json_string(value)
    return text


def _has_number_token(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_number_token, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_has_number_token, value))
    return not isinstance(value, str) and is_token(value)
