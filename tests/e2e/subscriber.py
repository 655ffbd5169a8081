"""A subscriber to a stack's topic, who reads its notifications."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from batch_transform.local.up import LocalAws
from patience import PATIENCE_SECONDS


@dataclass
class Subscriber:
    """A queue that is subscribed to the topic; `messages` are those received so far, as SNS delivers them."""

    sqs: Any
    queue_url: str
    messages: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, aws: LocalAws, topic: str) -> Subscriber:
        sqs = aws.client("sqs")
        url = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
                }
            ],
        }
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return cls(sqs, url)

    def message(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a message from SNS, and return it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for message in self.messages:
                if is_it(message):
                    return message
            received = self.sqs.receive_message(
                QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            self.messages += [json.loads(message["Body"]) for message in received.get("Messages", [])]
        raise AssertionError(f"no such message; received were {[one['Subject'] for one in self.messages]}")

    def mail(self, execution: str) -> tuple[str, str]:
        """Return subject and text of the e-mail about a run."""
        found = self.message(lambda one: f"/executions/details/{execution}\n" in one["Message"])
        return found["Subject"], found["Message"]
