"""What EventBridge and Lambda do with events that they fail to deliver."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

ROLE = "arn:aws:iam::000000000000:role/function"
FAILS = "def handler(event, context):\n    raise ValueError('no')\n"


class Letters:
    """A queue for undelivered events."""

    def __init__(self, lab: Any) -> None:
        self._sqs = lab.aws.client("sqs")
        self.url = self._sqs.create_queue(QueueName=lab.name())["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = attributes["Attributes"]["QueueArn"]
        self.found: list[Any] = []

    def have_come(self) -> bool:
        received = self._sqs.receive_message(QueueUrl=self.url).get("Messages", [])
        self.found += [json.loads(message["Body"]) for message in received]
        return bool(self.found)


@pytest.fixture
def letters(lab: Any) -> Letters:
    return Letters(lab)


def function(lab: Any, code: str) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("handler.py", code)
    created = lab.aws.client("lambda").create_function(
        FunctionName=lab.name(),
        Runtime="python3.13",
        Role=ROLE,
        Handler="handler.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    return str(created["FunctionArn"])


def rule(lab: Any, bucket: str, target: dict[str, Any], **pattern: Any) -> None:
    """Make a rule that sends the events of a bucket's objects to the target."""
    events, name = lab.aws.client("events"), lab.name()
    lab.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    detail = {"bucket": {"name": [bucket]}, **({"object": pattern} if pattern else {})}
    events.put_rule(
        Name=name,
        EventPattern=json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}),
    )
    failed = events.put_targets(Rule=name, Targets=[{"Id": "one", **target}])["FailedEntryCount"]
    assert failed == 0


def test_a_failed_event_is_retried_and_then_sent_to_the_functions_destination(
    lab: Any, letters: Letters, until: Callable[..., None]
) -> None:
    arn = function(lab, FAILS)
    lab.aws.client("lambda").put_function_event_invoke_config(
        FunctionName=arn,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": letters.arn}},
    )
    bucket = lab.bucket()
    rule(lab, bucket, {"Arn": arn})
    lab.s3.put_object(Bucket=bucket, Key="in/a.csv", Body=b"1")
    until(letters.have_come)
    (letter,) = letters.found
    assert letter["requestPayload"]["detail"]["object"]["key"] == "in/a.csv"
    assert letter["requestContext"]["condition"] == "RetriesExhausted"


def test_an_event_for_a_deleted_target_is_sent_to_the_rules_queue(
    lab: Any, letters: Letters, until: Callable[..., None]
) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:nobody"
    bucket = lab.bucket()
    rule(lab, bucket, {"Arn": arn, "DeadLetterConfig": {"Arn": letters.arn}})
    lab.s3.put_object(Bucket=bucket, Key="in/b.csv", Body=b"1")
    until(letters.have_come)
    assert letters.found[0]["detail"]["object"]["key"] == "in/b.csv"


def test_a_rule_matches_objects_by_prefix_suffix_and_size(
    lab: Any, letters: Letters, until: Callable[..., None]
) -> None:
    bucket = lab.bucket()
    wanted = {"key": [{"wildcard": "in/\\**.csv"}], "size": [{"numeric": [">", 0]}]}
    rule(lab, bucket, {"Arn": letters.arn}, **wanted)
    for key, body in {
        "in/*empty.csv": b"",
        "in/*.txt": b"1",
        "in/a.csv": b"1",
        "other/*.csv": b"1",
        "in/*deep/b.csv": b"1",
    }.items():
        lab.s3.put_object(Bucket=bucket, Key=key, Body=body)
    until(letters.have_come)
    assert [letter["detail"]["object"]["key"] for letter in letters.found] == ["in/*deep/b.csv"]
