"""Even a user with all permissions may do nothing over plain HTTP or an old version of TLS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from least_privilege.account import Account
from least_privilege.stories.point import Points

Use = Callable[[dict[str, str]], object]


def refuses_plain_http(account: Account, job: str | None) -> Points:
    """Buckets, topics and queues accept a call over TLS and refuse the same call over plain HTTP."""
    for name, use in _uses(account, job):
        yield f"{name} over TLS", _is_served(use, {})
        yield f"{name} over plain HTTP", not _is_served(use, {"x-forwarded-proto": "http"})
        if name.startswith("s3"):
            yield f"{name} over TLS 1.1", not _is_served(use, {"x-tls-version": "1.1"})


def _uses(account: Account, job: str | None) -> Iterator[tuple[str, Use]]:
    for bucket in account.physical_ids(job, "AWS::S3::Bucket"):
        yield f"s3 list {bucket}", _with(account, "s3", partial(_list, bucket))
        yield f"s3 put {bucket}", _with(account, "s3", partial(_put, bucket))
    for queue in account.physical_ids(job, "AWS::SQS::Queue"):
        yield queue, _with(account, "sqs", partial(_look, queue))
    for topic in account.physical_ids(job, "AWS::SNS::Topic"):
        yield topic, _with(account, "sns", partial(_publish, topic))


def _list(bucket: str, s3: Any) -> object:
    return s3.list_objects_v2(Bucket=bucket, MaxKeys=1)


def _put(bucket: str, s3: Any) -> object:
    return s3.put_object(Bucket=bucket, Key="plain", Body=b"")


def _look(queue: str, sqs: Any) -> object:
    return sqs.get_queue_attributes(QueueUrl=queue)


def _publish(topic: str, sns: Any) -> object:
    return sns.publish(TopicArn=topic, Message="x")


def _with(account: Account, service: str, call: Callable[[Any], object]) -> Use:
    def use(headers: dict[str, str]) -> object:
        client = account.somebody(service)

        def add(request: Any, **_kwargs: object) -> None:
            for name, value in headers.items():
                request.headers[name] = value

        client.meta.events.register_first("before-sign.*.*", add, unique_id="headers")
        try:
            return call(client)
        finally:
            client.meta.events.unregister("before-sign.*.*", unique_id="headers")

    return use


def _is_served(use: Use, headers: dict[str, str]) -> bool:
    try:
        use(headers)
    except ClientError:
        return False
    return True
