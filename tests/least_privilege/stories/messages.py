"""The notifications of a job: failed runs and alarms reach its topic."""

from __future__ import annotations

import json
import time
import uuid

from least_privilege.account import Account
from least_privilege.stories.point import Points
from least_privilege.stories.runs import functions_log


def notifies_of_failure(account: Account, job: str) -> Points:
    """A failed run sends a notification."""
    topic, mark = _topic(account, job), f"no-{uuid.uuid4().hex}"
    account.subscriber(topic)
    began = int(time.time() * 1000)
    account.execution(account.start(job, {mark: True}))  # an unknown field, which the preflight names
    yield f"{job} notifies of a failure", account.wait_until(lambda: _is_notified(account, topic, mark))
    yield "the function logs", functions_log(account, None, began, "Notifications")


def notifies_of_alarm(account: Account, job: str) -> Points:
    """An alarm of the job sends a notification."""
    topic, mark = _topic(account, job), uuid.uuid4().hex
    account.subscriber(topic)
    cloudwatch = account.client("cloudwatch")
    (alarm, *_) = account.physical_ids(job, "AWS::CloudWatch::Alarm")

    def is_notified() -> bool:
        # repeated, since the alarm's own evaluation may change its state in between
        for state in ("OK", "ALARM"):
            cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason=mark)
        return _is_notified(account, topic, mark)

    yield f"{job} notifies of an alarm", account.wait_until(is_notified)


def _topic(account: Account, job: str) -> str:
    """Return the topic of the job's alarms."""
    alarms = account.physical_ids(job, "AWS::CloudWatch::Alarm")
    described = account.client("cloudwatch").describe_alarms(AlarmNames=alarms)["MetricAlarms"]
    topics = {action for alarm in described for action in alarm["AlarmActions"]}
    (topic,) = topics
    return str(topic)


def _is_notified(account: Account, topic: str, words: str) -> bool:
    """Receive the messages of the topic, and return whether one has these words."""
    sqs = account.client("sqs")
    found = sqs.receive_message(QueueUrl=account.subscriber(topic), MaxNumberOfMessages=10).get(
        "Messages", []
    )
    for message in found:
        sqs.delete_message(QueueUrl=account.subscriber(topic), ReceiptHandle=message["ReceiptHandle"])
    return any(words in json.loads(message["Body"])["Message"] for message in found)
