"""A change of a job file, a model or an environment changes what is deployed; undoing it restores everything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from batch_transform.job.record.names import RUN_FILE
from batch_transform.job.values.fields import written_fields
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.s3_uri import S3Uri
from batch_transform.local.up import LocalAws
from e2e.redeployed import Redeployed

Look = Callable[[Redeployed, Mapping[str, Any]], Any]
"""What can be seen of the stack, and of the run after the deployment."""


@dataclass(frozen=True)
class Setting:
    """What is seen without the change, and with it."""

    look: Look
    before: Any
    after: Any


@dataclass(frozen=True)
class Update:
    """One deployment: what it changes, by sections of the job file, and each setting that it changes."""

    settings: Mapping[str, Setting]
    job: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    answer: str = "1"


def schedules(stack: Redeployed, _run: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    scheduler = stack.aws.client("scheduler")
    found = [scheduler.get_schedule(Name=each["Name"]) for each in scheduler.list_schedules()["Schedules"]]
    return [(each["State"], each["ScheduleExpression"], each["ScheduleExpressionTimezone"]) for each in found]


def patterns_of_uploads(stack: Redeployed, _run: Mapping[str, Any]) -> list[list[Any]]:
    """The key patterns of the enabled rules on new objects."""
    rules = stack.aws.client("events").list_rules()["Rules"]
    wanted = [
        json.loads(rule["EventPattern"])
        for rule in rules
        if "aws.s3" in rule.get("EventPattern", "") and rule["State"] == "ENABLED"
    ]
    return [each["detail"]["object"]["key"] for each in wanted]


def transform_job(stack: Redeployed, run: Mapping[str, Any]) -> dict[str, Any]:
    name = run["TransformJobName"]
    described: dict[str, Any] = stack.aws.client("sagemaker").describe_transform_job(TransformJobName=name)
    return described


def machines(stack: Redeployed, run: Mapping[str, Any]) -> tuple[str, int]:
    resources = transform_job(stack, run)["TransformResources"]
    return resources["InstanceType"], resources["InstanceCount"]


def environment_of_job(stack: Redeployed, run: Mapping[str, Any]) -> dict[str, str] | None:
    return transform_job(stack, run).get("Environment")


def tag_of_job(stack: Redeployed, run: Mapping[str, Any]) -> str | None:
    tags = stack.aws.client("sagemaker").list_tags(ResourceArn=run["TransformJobArn"])["Tags"]
    return next((tag["Value"] for tag in tags if tag["Key"] == "cost-centre"), None)


def rows(stack: Redeployed, run: Mapping[str, Any]) -> list[str]:
    return [line for each in stack.results(run).values() for line in each["Text"].splitlines()]


def model(stack: Redeployed, run: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = stack.aws.client("sagemaker").describe_model(ModelName=run["ModelName"])
    return described


def level_of_model(stack: Redeployed, run: Mapping[str, Any]) -> str | None:
    level: str | None = model(stack, run)["PrimaryContainer"]["Environment"].get("LEVEL")
    return level


def network_of_model(stack: Redeployed, run: Mapping[str, Any]) -> dict[str, Any] | None:
    network: dict[str, Any] | None = model(stack, run).get("VpcConfig")
    return network


def number_of_models(stack: Redeployed, _run: Mapping[str, Any]) -> int:
    return len(stack.aws.client("sagemaker").list_models()["Models"])


def machine(stack: Redeployed) -> dict[str, Any]:
    described = stack.aws.client("stepfunctions").describe_state_machine(stateMachineArn=stack.machine)
    return {**described, "States": json.loads(described["definition"])["States"]}


def time_of_a_job(stack: Redeployed, _run: Mapping[str, Any]) -> int:
    seconds: int = machine(stack)["States"]["Transform"]["TimeoutSeconds"]
    return seconds


def permissions(stack: Redeployed) -> str:
    """The permissions of the machine's role, as text."""
    iam = stack.aws.client("iam")
    role = machine(stack)["roleArn"].rpartition("/")[2]
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
    return json.dumps(documents)


def may_trace(stack: Redeployed, _run: Mapping[str, Any]) -> bool:
    """The local AWS has no X-Ray: the permission is all that shows it."""
    return "xray:PutTraceSegments" in permissions(stack)


def waits_for_other_runs(stack: Redeployed, _run: Mapping[str, Any]) -> bool:
    return "WaitForOtherRun" in machine(stack)["States"]


def looks_for_bad_records(stack: Redeployed, _run: Mapping[str, Any]) -> bool:
    return "PlanSections" in machine(stack)["States"]


def compared(stack: Redeployed, run: Mapping[str, Any]) -> str:
    """What the run's record was compared by."""
    place = S3Uri.parse(f"{run['S3OutputPath']}/{RUN_FILE}")
    with stack.aws.client("s3").get_object(Bucket=place.bucket, Key=place.key)["Body"] as body:
        record = json.loads(body.read())
    by: str = record["Reconciliation"]["By"]
    return by


def may_use_larger_instances(stack: Redeployed, _run: Mapping[str, Any]) -> bool:
    return "ml.m5.xlarge" in permissions(stack)


def may_release_lock(stack: Redeployed, _run: Mapping[str, Any]) -> bool:
    return "s3:DeleteObjectVersion" in permissions(stack)


def days_of_logs(stack: Redeployed, _run: Mapping[str, Any]) -> set[int]:
    """How long the log groups of the machine and its functions are kept, without those that all jobs share."""
    groups = stack.aws.client("logs").describe_log_groups()["logGroups"]
    return {each["retentionInDays"] for each in groups if "Workflow" in each["logGroupName"]}


def days_of_results(stack: Redeployed, _run: Mapping[str, Any]) -> list[int]:
    found = stack.aws.client("s3").get_bucket_lifecycle_configuration(Bucket=stack.output_bucket)
    return [rule["Expiration"]["Days"] for rule in found["Rules"] if rule.get("Expiration", {}).get("Days")]


def addresses(stack: Redeployed, _run: Mapping[str, Any]) -> set[str]:
    return {each["Endpoint"] for each in stack.aws.client("sns").list_subscriptions()["Subscriptions"]}


def alarm(stack: Redeployed, part: str) -> dict[str, Any] | None:
    alarms = stack.aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return next((each for each in alarms if part in each["AlarmName"]), None)


def longest_duration(stack: Redeployed, _run: Mapping[str, Any]) -> float | None:
    """The alarm's threshold in milliseconds; None while CloudWatch learns what is usual."""
    found = alarm(stack, "TookLonger")
    assert found is not None
    threshold: float | None = found.get("Threshold")
    return threshold


def hours_without_a_start(stack: Redeployed, _run: Mapping[str, Any]) -> float | None:
    found = alarm(stack, "NotStarted")
    return None if found is None else found["Period"] * found["EvaluationPeriods"] / 3600


NIGHTLY = {"cron": "0 2 * * ? *"}
UPDATES = {
    "when it starts": Update(
        job={
            "triggers": {
                "schedule": {"cron": "30 4 ? * MON-FRI *", "timezone": "Europe/Vienna", "enabled": False},
                "on_upload": {"suffix": ".csv"},
            },
            "monitoring": {"starts_within_hours": 72},
        },
        settings={
            "schedule": Setting(
                schedules,
                [("ENABLED", "cron(0 2 * * ? *)", "UTC")],
                [("DISABLED", "cron(30 4 ? * MON-FRI *)", "Europe/Vienna")],
            ),
            "upload": Setting(patterns_of_uploads, [], [[{"wildcard": "churn/*.csv"}]]),
            "alarm": Setting(hours_without_a_start, 24 + 1, 72 + 1),  # and an hour of grace
        },
    ),
    "how it scores": Update(
        job={
            "transform": {
                "instance_type": ["ml.m5.xlarge", "ml.m5.2xlarge"],
                "instance_count": 2,
                "env": {"LEVEL": "debug"},
                "max_runtime_in_seconds": 600,
            },
            "data_processing": {"keep": ["id", "age", "score"]},
            "tags": {"cost-centre": "4711"},
        },
        settings={
            "instances": Setting(machines, ("ml.m5.large", 1), ("ml.m5.xlarge", 2)),
            "environment": Setting(environment_of_job, {}, {"LEVEL": "debug"}),
            "filter": Setting(rows, ["id-1,1", "id-2,1"], ["id-1,41,1", "id-2,52,1"]),
            "time": Setting(time_of_a_job, 86_400, 600),
            "tags": Setting(tag_of_job, None, "4711"),
        },
    ),
    "its model": Update(
        answer="2",
        job={
            "model": {
                "env": {"LEVEL": "debug"},
                "vpc_config": {"subnets": ["subnet-0a1b"], "security_group_ids": ["sg-0a1b"]},
            }
        },
        settings={
            "code": Setting(rows, ["id-1,1", "id-2,1"], ["id-1,2", "id-2,2"]),
            "variables": Setting(level_of_model, None, "debug"),
            "network": Setting(
                network_of_model, None, {"Subnets": ["subnet-0a1b"], "SecurityGroupIds": ["sg-0a1b"]}
            ),
            "the old model goes": Setting(number_of_models, 1, 1),
        },
    ),
    "how runs behave, and who is notified": Update(
        job={
            "workflow": {"overlapping_runs": "allow", "tracing": True, "log_retention_in_days": 365},
            "monitoring": {"longest_duration_in_seconds": 5400},
            "notify": {"email": ["team@example.com"]},
        },
        settings={
            "overlap": Setting(waits_for_other_runs, True, False),
            "permissions on the lock": Setting(may_release_lock, True, False),
            "tracing": Setting(may_trace, False, True),
            "logs": Setting(days_of_logs, {90}, {365}),
            "alarm": Setting(longest_duration, None, 5_400_000),
            "mail": Setting(addresses, set(), {"team@example.com"}),
        },
    ),
    "what its runs may use, and how their results are checked": Update(
        job={
            "limits": {"instance_types": ["ml.m5.large", "ml.m5.xlarge"]},
            "bad_records": {"max_count": 1},
            "reconcile": "records",
        },
        settings={
            "limits": Setting(may_use_larger_instances, False, True),
            "bad records": Setting(looks_for_bad_records, False, True),
            "record": Setting(compared, "objects", "records"),
        },
    ),
    "its environment": Update(
        environment={
            "schedules": "paused",
            "instance_type": "ml.c5.xlarge",
            "keep_outputs_for_in_days": 30,
            "notify": {"email": ["ops@example.com"]},
        },
        settings={
            "schedule": Setting(
                schedules,
                [("ENABLED", "cron(0 2 * * ? *)", "UTC")],
                [("DISABLED", "cron(0 2 * * ? *)", "UTC")],
            ),
            "instances": Setting(machines, ("ml.m5.large", 1), ("ml.c5.xlarge", 1)),
            "results": Setting(days_of_results, [], [30]),
            "mail": Setting(addresses, set(), {"ops@example.com"}),
        },
    ),
}
BEFORE = {"triggers": {"schedule": NIGHTLY}}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redeployed]:
    # no schedule starts a run: it may be two in the night on this machine
    with LocalAws(schedules=False, wait_scale=0.002, enforce_iam=True) as aws:
        found = Redeployed(tmp_path_factory.mktemp("changed"), aws)
        found.deploy(found.synthesise("before", job=BEFORE))
        found.upload("a.csv", "id-1,41,7\nid-2,52,8\n")
        yield found


def seen(stack: Redeployed, update: Update) -> dict[str, Any]:
    """Run the job as it is deployed, and return what can be seen."""
    run = stack.run()
    return {name: setting.look(stack, run) for name, setting in update.settings.items()}


@pytest.mark.parametrize("update", UPDATES.values(), ids=list(UPDATES))
def test_a_change_is_deployed_and_undone(stack: Redeployed, update: Update) -> None:
    buckets = {stack.input_bucket, stack.output_bucket}
    before = {name: setting.before for name, setting in update.settings.items()}
    stack.deploy("before")
    assert seen(stack, update) == before
    job = {**BEFORE, **update.job}
    stack.deploy(stack.synthesise("after", job=job, environment=update.environment, answer=update.answer))
    assert seen(stack, update) == {name: setting.after for name, setting in update.settings.items()}
    stack.deploy("before")
    assert seen(stack, update) == before
    assert {stack.input_bucket, stack.output_bucket} == buckets


def test_every_section_of_the_job_file_is_changed_but_those_that_only_the_request_has() -> None:
    changed = {section for update in UPDATES.values() for section in update.job}
    of_request = {"input", "output", "batch_data_capture_config", "experiment_config"}
    assert written_fields(JobSpec).keys() == changed | of_request | {"name"}
