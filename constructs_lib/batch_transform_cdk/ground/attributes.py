"""What is the same for many jobs, asked of the CDK once.

Each question is a round trip to the CDK's kernel in Node, and the answer, a token, never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

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
    """Return the customer key of the bucket, as far as the app knows of one."""
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
    """Return the stack's region: a token, unless its environment names one."""
    return stack.region
