"""Each monitored failure happens once on the local AWS, under the stack's own roles, and notifies subscribers."""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from batch_transform.job.values.stack_outputs import INPUT_BUCKET, NOTIFICATION_TOPIC, state_machine_output
from batch_transform.local.deploy import deploy
from batch_transform.local.up import LocalAws
from checks.synthesis import synthesise_here
from e2e.project_copy import PROJECT
from e2e.sleeper import SLEEPER, write_sleeper
from e2e.subscriber import Subscriber
from patience import PATIENCE_SECONDS

ALARM_SCALE = 0.005
"""An hour without a start, which is 13 periods of 5 minutes, takes 20 s."""


@dataclass
class Watched:
    """A local AWS with the stack in it, and a subscriber to its topic."""

    aws: LocalAws
    outputs: dict[str, str]
    subscriber: Subscriber

    def start(self, job: str, data: str) -> str:
        """Start a run that reads these lines; the model sleeps as long as each says."""
        bucket, folder = self.outputs[INPUT_BUCKET], f"{job}/{time.monotonic_ns()}"
        self.aws.client("s3").put_object(Bucket=bucket, Key=f"{folder}/a.csv", Body=data.encode())
        started = self.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.machine(job),
            input=json.dumps({"input": {"data": f"s3://{bucket}/{folder}/"}}),
        )
        return str(started["executionArn"])

    def machine(self, job: str) -> str:
        return self.outputs[state_machine_output(job)]

    def mail(self, execution: str) -> tuple[str, str]:
        return self.subscriber.mail(execution)

    def alarm(self, name: str) -> dict[str, Any]:
        """Return CloudWatch's notification of an alarm with this in its name: the ids of stack, job and alarm."""
        found = self.subscriber.message(
            lambda one: one["Subject"].startswith("ALARM:") and name in one["Message"]
        )
        notification: dict[str, Any] = json.loads(found["Message"])
        return notification


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("monitoring")
    write_sleeper(folder)
    (folder / "jobs").mkdir()
    common = {
        "model": SLEEPER,
        "input": {"content_type": "text/csv", "split_type": "Line"},
        "monitoring": {"longest_duration_in_seconds": 1, "starts_within_hours": 1},
        # never: only the test starts runs
        "triggers": {"schedule": {"cron": "0 0 1 1 ? 2190"}},
    }
    for name, longest in (("steady", 300), ("sleeper", 3), ("idle", 300)):
        job = {"name": name, "transform": {"max_runtime_in_seconds": longest}, **common}
        (folder / "jobs" / f"{name}.yaml").write_text(yaml.safe_dump(job))
    synthesise_here(PROJECT, jobs=folder / "jobs", assembly=folder / "cdk.out")
    with LocalAws(enforce_iam=True, wait_scale=0.002, alarm_scale=ALARM_SCALE) as aws:
        outputs = deploy(folder / "cdk.out", "BatchTransform", aws.client, lambda _event: None)
        yield Watched(aws, outputs, Subscriber.of(aws, outputs[NOTIFICATION_TOPIC]))


@pytest.fixture(scope="module")
def failed(watched: Watched) -> str:
    """A run whose model breaks."""
    return watched.start("steady", "not a number\n")


def test_a_failed_run_sends_a_notification_with_cause_and_next_step(watched: Watched, failed: str) -> None:
    subject, text = watched.mail(failed)
    assert re.fullmatch(r"steady: run \d{8}T\d{6}-[0-9a-f]{8} failed", subject)
    assert re.match(r"The run \S+ of the batch transform job steady \(.*jobs/steady\.yaml\) failed\.\n", text)
    assert "could not convert string to float" in text, "the model's own words"
    assert "a.csv" in text
    assert text.count("next step: ") == 1
    described = watched.aws.client("stepfunctions").describe_execution(executionArn=failed)
    assert described["cause"] in text, "with its line breaks and quotation marks as they are"


def test_the_link_to_the_log_finds_the_streams_of_this_run(watched: Watched, failed: str) -> None:
    _, text = watched.mail(failed)
    [link] = re.findall(r"https://\S+#logsV2:\S+", text)
    _, _, fragment = link.partition("log-group/")
    group, _, prefix = urllib.parse.unquote(urllib.parse.unquote(fragment.replace("$", "%"))).partition(
        "?logStreamNameFilter="
    )
    streams = watched.aws.client("logs").describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)
    assert streams["logStreams"]
    assert all(stream["logStreamName"].startswith(prefix) for stream in streams["logStreams"])


def test_the_alarm_of_failed_runs_has_a_next_step(watched: Watched, failed: str) -> None:
    notification = watched.alarm("steadyMonitoringAlarmsFailed")
    assert watched.machine("steady") in str(notification["Trigger"]["Dimensions"])
    assert "A run failed." in notification["AlarmDescription"]
    assert f"/statemachines/view/{watched.machine('steady')}" in notification["AlarmDescription"]


def test_a_transform_job_that_takes_too_long_is_a_failed_run_and_a_long_one(watched: Watched) -> None:
    _, text = watched.mail(watched.start("sleeper", "600\n"))
    assert "failed." in text
    assert "ran longer than transform.max_runtime_in_seconds" in text
    assert "next step: increase transform.max_runtime_in_seconds" in text
    notification = watched.alarm("sleeperMonitoringAlarmsTookLonger")
    assert "longer than 1 s, its monitoring.longest_duration_in_seconds" in notification["AlarmDescription"]


def test_a_stopped_run_sends_a_notification(watched: Watched) -> None:
    execution = watched.start("sleeper", "600\n")
    watched.aws.client("stepfunctions").stop_execution(executionArn=execution, cause="wrong data")
    subject, text = watched.mail(execution)
    assert subject.endswith(" was stopped")
    assert "The execution was stopped" in text
    assert "next step: retry the run, unless you meant to stop it" in text


def test_a_timed_out_run_sends_a_notification_and_an_alarm(watched: Watched) -> None:
    stepfunctions, machine = watched.aws.client("stepfunctions"), watched.machine("sleeper")
    deployed = json.loads(stepfunctions.describe_state_machine(stateMachineArn=machine)["definition"])
    assert deployed["TimeoutSeconds"] > 86_400
    # no run of the deployed machine takes that long: shorten its timeout
    stepfunctions.update_state_machine(
        stateMachineArn=machine, definition=json.dumps({**deployed, "TimeoutSeconds": 2})
    )
    execution = watched.start("sleeper", "600\n")
    subject, text = watched.mail(execution)
    assert subject.endswith(" timed out")
    assert "check whether a transform job of this run is still in progress" in text
    assert "#/transform-jobs\n" in text
    notification = watched.alarm("sleeperMonitoringAlarmsTimedOut")
    assert "reached the timeout of its state machine" in notification["AlarmDescription"]


def test_a_start_that_was_lost_raises_an_alarm(watched: Watched) -> None:
    sqs = watched.aws.client("sqs")
    [queue] = [url for url in sqs.list_queues()["QueueUrls"] if "sleeperLostStarts" in url]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    notification = watched.alarm("sleeperMonitoringAlarmsStartLost")
    assert "A run could not be started" in notification["AlarmDescription"]
    assert urllib.parse.quote(queue.rpartition("/")[2], safe="") in notification["AlarmDescription"]


def test_a_job_that_does_not_start_raises_an_alarm_and_not_before_it_is_late(watched: Watched) -> None:
    notification = watched.alarm("idleMonitoringAlarmsNotStarted")
    assert "No run has started for 1 h 5 min" in notification["AlarmDescription"]
    assert "no datapoints were received" in notification["NewStateReason"]
    described = watched.aws.client("cloudwatch").describe_alarm_history(AlarmName=notification["AlarmName"])
    changes = [entry for entry in described["AlarmHistoryItems"] if "to ALARM" in entry["HistorySummary"]]
    assert len(changes) == 1
    [alarm] = watched.aws.client("cloudwatch").describe_alarms(AlarmNames=[notification["AlarmName"]])[
        "MetricAlarms"
    ]
    waited = alarm["StateUpdatedTimestamp"] - alarm["AlarmConfigurationUpdatedTimestamp"]
    assert waited.total_seconds() >= 65 * 60 * ALARM_SCALE - 1, "a new stack has time for its first start"


def test_a_completed_run_publishes_its_objects_and_instance_time(watched: Watched) -> None:
    execution = watched.start("steady", "0\n")
    stepfunctions, deadline = watched.aws.client("stepfunctions"), time.monotonic() + PATIENCE_SECONDS
    while stepfunctions.describe_execution(executionArn=execution)["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    now = time.time()
    sums = {}
    for name in ("InputObjects", "OutputObjects", "InstanceSeconds"):
        points = watched.aws.client("cloudwatch").get_metric_statistics(
            Namespace="BatchTransform",
            MetricName=name,
            Dimensions=[{"Name": "StateMachineArn", "Value": watched.machine("steady")}],
            StartTime=now - 600,
            EndTime=now + 60,
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        assert points, name
        sums[name] = sum(point["Sum"] for point in points)
    assert (sums["InputObjects"], sums["OutputObjects"]) == (1, 1)


def test_the_dashboard_is_there(watched: Watched) -> None:
    cloudwatch = watched.aws.client("cloudwatch")
    [dashboard] = cloudwatch.list_dashboards()["DashboardEntries"]
    body = json.loads(cloudwatch.get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"])
    [alarms, *rest] = body["widgets"]
    names = {alarm["AlarmArn"] for alarm in cloudwatch.describe_alarms()["MetricAlarms"]}
    assert set(alarms["properties"]["alarms"]) == names
    machines = {line[3] for widget in rest for line in widget["properties"].get("metrics", [])}
    assert machines == {watched.machine(job) for job in ("steady", "sleeper", "idle")}
