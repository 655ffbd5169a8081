from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import urllib3


def test_each_change_of_a_jobs_status_is_an_event(lab: Any, until: Callable[..., None]) -> None:
    queue = lab.aws.client("sqs").create_queue(QueueName=lab.name())["QueueUrl"]
    sqs, events = lab.aws.client("sqs"), lab.aws.client("events")
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    request = lab.request(lab.model("hang"), lab.bucket(**{"a.csv": b"1,2\n"}))
    rule = lab.name()
    pattern = {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Transform Job State Change"],
        "detail": {"TransformJobName": [request["TransformJobName"]]},
    }
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": queue_arn}])
    name = lab.start(request)
    lab.sagemaker.stop_transform_job(TransformJobName=name)
    lab.wait(name)
    received: list[Any] = []

    def all_are_there() -> bool:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            received.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return len(received) >= 3

    until(all_are_there)
    assert [event["detail"]["TransformJobStatus"] for event in received] == [
        "InProgress",
        "Stopping",
        "Stopped",
    ]
    last = received[-1]
    assert last["resources"] == [last["detail"]["TransformJobArn"]]
    assert isinstance(last["detail"]["TransformEndTime"], int)


def test_fails_when_a_web_page_calls(lab: Any) -> None:
    headers = {"Origin": "https://example.com"}
    answer = urllib3.request("POST", lab.aws.endpoint_url, body=b"Action=ListTopics", headers=headers)
    assert answer.status == 403


def test_fails_when_the_request_is_not_json(lab: Any) -> None:
    headers = {"X-Amz-Target": "SageMaker.ListModels"}
    answer = urllib3.request("POST", lab.aws.endpoint_url, body=b"[1]", headers=headers)
    assert (answer.status, answer.json()["__type"]) == (400, "SerializationException")
