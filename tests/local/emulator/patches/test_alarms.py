"""The metrics that AWS publishes about executions and queues, and the alarms on them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from batch_transform.local.up import LocalAws

_PASS = {"Done": {"Type": "Pass", "End": True}}
_WAIT = {"Long": {"Type": "Wait", "Seconds": 3600, "End": True}}


@pytest.fixture(scope="module")
def quick(make_lab: Callable[[LocalAws], Any]) -> Iterator[Any]:
    """Start a local AWS whose alarms use a hundredth of their periods."""
    with LocalAws(alarm_scale=0.01) as aws:
        yield make_lab(aws)


def _put_alarm(lab: Any, metric: str, dimensions: dict[str, str], **members: Any) -> str:
    name: str = lab.name()
    alarm = {
        "Namespace": "AWS/States",
        "MetricName": metric,
        "Statistic": "Sum",
        "Period": 180,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }
    lab.aws.client("cloudwatch").put_metric_alarm(AlarmName=name, **{**alarm, **members})
    return name


def _state(lab: Any, alarm: str) -> str:
    described = lab.aws.client("cloudwatch").describe_alarms(AlarmNames=[alarm])
    return str(described["MetricAlarms"][0]["StateValue"])


def _sums(lab: Any, machine: str) -> dict[str, float]:
    cloudwatch = lab.aws.client("cloudwatch")
    names = ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")
    found = {}
    for name in names:
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/States",
            MetricName=f"Executions{name}",
            Dimensions=[{"Name": "StateMachineArn", "Value": machine}],
            StartTime=time.time() - 600,
            EndTime=time.time() + 60,
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        if points:
            found[name] = sum(point["Sum"] for point in points)
    return found


def test_each_end_of_an_execution_is_a_metric(quick: Any, until: Callable[..., None]) -> None:
    machine = quick.machine({"Broken": {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}})
    quick.execution(quick.execute(machine))
    assert _sums(quick, machine) == {"Started": 1, "Failed": 1}
    machine = quick.machine(_PASS)
    quick.execution(quick.execute(machine))
    assert _sums(quick, machine) == {"Started": 1, "Succeeded": 1}
    machine = quick.machine(_WAIT)
    quick.states.stop_execution(executionArn=quick.execute(machine))
    until(lambda: _sums(quick, machine) == {"Started": 1, "Aborted": 1})


def test_an_execution_ends_after_the_timeout_of_its_machine(quick: Any) -> None:
    definition = {"StartAt": "Long", "States": _WAIT, "TimeoutSeconds": 1}
    machine = quick.states.create_state_machine(
        name=quick.name(),
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::000000000000:role/states",
    )["stateMachineArn"]
    execution = quick.execute(machine)
    assert quick.execution(execution)["status"] == "TIMED_OUT"
    events = quick.states.get_execution_history(executionArn=execution)["events"]
    assert events[-1]["type"] == "ExecutionTimedOut"
    assert _sums(quick, machine) == {"Started": 1, "TimedOut": 1}


def test_an_alarm_evaluates_only_its_own_machine(quick: Any, until: Callable[..., None]) -> None:
    broken = quick.machine({"Broken": {"Type": "Fail"}})
    sound = quick.machine(_PASS)
    alarms = [_put_alarm(quick, "ExecutionsFailed", {"StateMachineArn": arn}) for arn in (broken, sound)]
    quick.execution(quick.execute(broken))
    until(lambda: [_state(quick, alarm) for alarm in alarms] == ["ALARM", "OK"])
    until(lambda: _state(quick, alarms[0]) == "OK")


def test_an_alarm_on_missing_data_goes_off_without_data(quick: Any, until: Callable[..., None]) -> None:
    machine = quick.machine(_PASS)
    quick.execution(quick.execute(machine))
    alarm = _put_alarm(
        quick,
        "ExecutionsStarted",
        {"StateMachineArn": machine},
        EvaluationPeriods=3,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )
    until(lambda: _state(quick, alarm) == "OK")
    until(lambda: _state(quick, alarm) == "ALARM")
    quick.execution(quick.execute(machine))
    until(lambda: _state(quick, alarm) == "OK")


def test_a_message_that_waits_in_a_queue_is_a_metric(quick: Any, until: Callable[..., None]) -> None:
    sqs, name = quick.aws.client("sqs"), quick.name()
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    alarm = _put_alarm(
        quick,
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": name},
        Namespace="AWS/SQS",
        Statistic="Maximum",
    )
    until(lambda: _state(quick, alarm) == "OK")
    sqs.send_message(QueueUrl=url, MessageBody="lost")
    until(lambda: _state(quick, alarm) == "ALARM")


def test_an_alarm_notifies_the_subscribers_of_its_topic(quick: Any, until: Callable[..., None]) -> None:
    sns, sqs = quick.aws.client("sns"), quick.aws.client("sqs")
    topic = sns.create_topic(Name=quick.name())["TopicArn"]
    url = sqs.create_queue(QueueName=quick.name())["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    machine = quick.machine({"Broken": {"Type": "Fail"}})
    alarm = _put_alarm(
        quick,
        "ExecutionsFailed",
        {"StateMachineArn": machine},
        AlarmActions=[topic],
        AlarmDescription="look at the log",
    )
    quick.execution(quick.execute(machine))
    received: list[Any] = []

    def is_notified() -> bool:
        received.extend(sqs.receive_message(QueueUrl=url).get("Messages", []))
        return bool(received)

    until(is_notified)
    notified = json.loads(json.loads(received[0]["Body"])["Message"])
    assert (notified["AlarmName"], notified["NewStateValue"]) == (alarm, "ALARM")
    assert notified["AlarmDescription"] == "look at the log"


def test_metrics_embedded_in_log_lines_are_published(quick: Any) -> None:
    group, now = quick.name(), int(time.time() * 1000)
    quick.logs.create_log_group(logGroupName=group)
    quick.logs.create_log_stream(logGroupName=group, logStreamName="s")
    directive = {"Namespace": group, "Dimensions": [["Job"]], "Metrics": [{"Name": "Objects"}]}
    document = {
        "_aws": {"Timestamp": now, "CloudWatchMetrics": [directive]},
        "Job": "tumours",
        "Objects": 7,
    }
    quick.logs.put_log_events(
        logGroupName=group,
        logStreamName="s",
        logEvents=[{"timestamp": now, "message": json.dumps(document)}],
    )
    listed = quick.aws.client("cloudwatch").list_metrics(Namespace=group)["Metrics"]
    assert listed == [
        {"Namespace": group, "MetricName": "Objects", "Dimensions": [{"Name": "Job", "Value": "tumours"}]}
    ]
