"""The notifications of a job: failed runs and alarms reach its topic."""

from __future__ import annotations

import json
import time
import uuid

from least_privilege.account import Account
from least_privilege.stories.point import Points
from least_privilege.stories.runs import functions_log


def tells_of_failure(account: Account, job: str) -> Points:
    """A run that fails is told of."""
    topic, mark = _topic(account, job), f"no-{uuid.uuid4().hex}"
    account.ear(topic)
    began = int(time.time() * 1000)
    account.execution(account.start(job, {mark: True}))  # an unknown field: the check before the run names it
    yield f"{job} tells", account.wait_until(lambda: _is_heard(account, topic, mark))
    yield "the function logs", functions_log(account, None, began, "Notifications")


def tells_of_alarm(account: Account, job: str) -> Points:
    """An alarm of the job is told of."""
    topic, mark = _topic(account, job), uuid.uuid4().hex
    account.ear(topic)
    cloudwatch = account.client("cloudwatch")
    (alarm, *_) = account.physical_ids(job, "AWS::CloudWatch::Alarm")

    def is_heard() -> bool:
        # again and again: the alarm's own look may change it between the two
        for state in ("OK", "ALARM"):
            cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason=mark)
        return _is_heard(account, topic, mark)

    yield f"{job} alarms", account.wait_until(is_heard)


def _topic(account: Account, job: str) -> str:
    """The topic that the job's alarms go to."""
    alarms = account.physical_ids(job, "AWS::CloudWatch::Alarm")
    described = account.client("cloudwatch").describe_alarms(AlarmNames=alarms)["MetricAlarms"]
    topics = {action for alarm in described for action in alarm["AlarmActions"]}
    (topic,) = topics
    return str(topic)


def _is_heard(account: Account, topic: str, words: str) -> bool:
    """Take what came through the topic, and say whether a message has these words."""
    sqs = account.client("sqs")
    found = sqs.receive_message(QueueUrl=account.ear(topic), MaxNumberOfMessages=10).get("Messages", [])
    for message in found:
        sqs.delete_message(QueueUrl=account.ear(topic), ReceiptHandle=message["ReceiptHandle"])
    return any(words in json.loads(message["Body"])["Message"] for message in found)
