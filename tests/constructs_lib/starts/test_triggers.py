"""What starts a job by itself, as resources."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Template
from aws_cdk.aws_s3_notifications import SqsDestination
from constructs import Construct

from batch_transform.job.values.job_spec import ScheduleSpec, TriggersSpec, UploadSpec
from batch_transform_cdk.data.data_location import DataLocation
from batch_transform_cdk.starts.triggers import Triggers

HOURLY = ScheduleSpec(rate="1 hour")
Resources = dict[str, dict[str, Any]]


def resources(triggers: TriggersSpec, *, own_key: bool = False, foreign: bool = False) -> Resources:
    """Return the properties of all resources, by the path of their construct below the job."""
    app = cdk.App(context={"aws:cdk:enable-path-metadata": True})
    stack = cdk.Stack(app, "Stack")
    key = kms.Key(stack, "Key") if own_key else None
    bucket: s3.IBucket = s3.Bucket(stack, "Bucket")
    if foreign:
        bucket = s3.Bucket.from_bucket_name(stack, "Foreign", "their-bucket")
    machine = sfn.StateMachine(
        stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(sfn.Succeed(stack, "Done"))
    )
    job = Construct(stack, "Job")
    Triggers(
        job,
        spec=triggers,
        state_machine=machine,
        data=DataLocation(bucket, "demo/"),
        encryption_key=key,
    )
    template = Template.from_stack(stack).to_json()["Resources"]
    return {
        resource["Metadata"]["aws:cdk:path"].removeprefix("Stack/"): resource.get("Properties", {})
        for resource in template.values()
        if "aws:cdk:path" in resource.get("Metadata", {})
    }


def started_by(target: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of StartExecution, with words for what CloudFormation fills in."""
    [_, parts] = target["Input"]["Fn::Join"]
    words = {"Ref": "MACHINE", "Fn::ImportValue": "FILTER"}
    text = "".join(part if isinstance(part, str) else words[next(iter(part))] for part in parts)
    started: dict[str, Any] = json.loads(text)
    return started


def statements(role: dict[str, Any]) -> list[tuple[Any, Any]]:
    return [
        (statement["Action"], statement["Resource"])
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_a_job_without_triggers_has_no_queue() -> None:
    assert not [path for path in resources(TriggersSpec()) if path.startswith("Job/")]


def test_names_of_schedules_are_their_place_and_a_lone_one_needs_none() -> None:
    lone = resources(TriggersSpec(schedule=(HOURLY,)))
    several = resources(
        TriggersSpec(schedule=(ScheduleSpec(name="a", rate="1 hour"), ScheduleSpec(name="b", rate="1 day")))
    )
    assert "Job/Schedule/Resource" in lone
    assert {"Job/Schedule-a/Resource", "Job/Schedule-b/Resource"} <= several.keys()


def test_a_schedule_has_its_window_dates_state_input_and_retries() -> None:
    spec = ScheduleSpec(
        cron="0 2 * * ? *",
        timezone="Europe/Vienna",
        enabled=False,
        maximum_window_in_minutes=15,
        start_date="2030-01-01T00:00:00Z",
        end_date="2031-01-01T00:00:00Z",
        input={"transform": {"max_payload": 1}},
    )
    schedule = resources(TriggersSpec(schedule=(spec,)))["Job/Schedule/Resource"]
    target = schedule.pop("Target")
    assert schedule == {
        "Description": "Starts Stack/Job",
        "StartDate": "2030-01-01T00:00:00Z",
        "EndDate": "2031-01-01T00:00:00Z",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "ScheduleExpression": "cron(0 2 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Vienna",
        "State": "DISABLED",
    }
    started = started_by(target)
    assert json.loads(started.pop("Input")) == {"transform": {"max_payload": 1}}
    assert started == {"StateMachineArn": "MACHINE", "Name": "schedule-<aws.scheduler.execution-id>"}
    partition = {"Ref": "AWS::Partition"}
    universal = ["", ["arn:", partition, ":scheduler:::aws-sdk:sfn:startExecution"]]
    assert target["Arn"] == {"Fn::Join": universal}
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10}
    assert "LostStartsQueue" in target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]


def test_what_a_trigger_gives_may_be_known_at_deployment_only() -> None:
    token = cdk.Fn.import_value("Filter")
    found = resources(
        TriggersSpec(schedule=(ScheduleSpec(rate="1 hour", input={"data_processing.output_filter": token}),))
    )
    [_, parts] = found["Job/Schedule/Resource"]["Target"]["Input"]["Fn::Join"]
    assert {"Fn::ImportValue": "Filter"} in parts
    run_input = started_by(found["Job/Schedule/Resource"]["Target"])["Input"]
    assert json.loads(run_input) == {"data_processing.output_filter": "FILTER"}


def test_the_name_of_an_execution_has_that_of_its_schedule() -> None:
    longest = "a" * 32
    found = resources(TriggersSpec(schedule=(ScheduleSpec(name=longest, rate="1 hour"),)))
    name = started_by(found[f"Job/Schedule-{longest}/Resource"]["Target"])["Name"]
    assert name == f"schedule-{longest}-<aws.scheduler.execution-id>"
    # StartExecution accepts 80 characters; the documented example of an id has 16, a UUID 36.
    assert len(name.replace("<aws.scheduler.execution-id>", "d32c5kddcf5bb8c3".ljust(36))) <= 80


def test_a_schedules_role_starts_this_machine_and_fills_the_queue_and_no_more() -> None:
    role = resources(TriggersSpec(schedule=(HOURLY,)))["Job/Schedule/Role"]
    (start, machine), (send, queue) = statements(role)
    assert (start, send) == ("states:StartExecution", "sqs:SendMessage")
    assert "Machine" in machine["Ref"]
    assert "LostStartsQueue" in queue["Fn::GetAtt"][0]


def test_the_queue_is_encrypted_kept_two_weeks_and_takes_tls_only() -> None:
    found = resources(TriggersSpec(schedule=(HOURLY,)))
    assert found["Job/LostStarts/Queue"] == {
        "MessageRetentionPeriod": 1_209_600,
        "SqsManagedSseEnabled": True,
    }
    [denied] = found["Job/LostStarts/QueuePolicy"]["PolicyDocument"]["Statement"]
    assert denied["Effect"] == "Deny"
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_with_a_key_of_the_customers_who_sends_may_use_it() -> None:
    found = resources(TriggersSpec(schedule=(HOURLY,), on_upload=UploadSpec()), own_key=True)
    assert "Key" in found["Job/LostStarts/Queue"]["KmsMasterKeyId"]["Fn::GetAtt"][0]
    for path in (
        "Job/Schedule/Role",
        "Job/Upload/Role",
        "Job/Upload/StartLater/Role",
    ):
        assert [actions for actions, _ in statements(found[path])][-1] == [
            "kms:GenerateDataKey",
            "kms:Decrypt",
        ]
    of_service = found["Key/Resource"]["KeyPolicy"]["Statement"][-1]
    assert of_service["Principal"] == {"Service": "events.amazonaws.com"}
    assert of_service["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_jobs_that_share_a_key_let_the_service_in_once() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    key, bucket = kms.Key(stack, "Key"), s3.Bucket(stack, "Bucket")
    machine = sfn.StateMachine(
        stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(sfn.Succeed(stack, "Done"))
    )
    for name in ("a", "b"):
        Triggers(
            Construct(stack, name),
            spec=TriggersSpec(on_upload=UploadSpec()),
            state_machine=machine,
            data=DataLocation(bucket, f"{name}/"),
            encryption_key=key,
        )
    [made] = Template.from_stack(stack).find_resources("AWS::KMS::Key").values()
    services = [
        statement["Principal"].get("Service") for statement in made["Properties"]["KeyPolicy"]["Statement"]
    ]
    assert services == [None, "events.amazonaws.com"]


@pytest.mark.parametrize(
    ("upload", "key"),
    [
        (UploadSpec(), {"prefix": "demo/"}),
        (UploadSpec(prefix="in/"), {"prefix": "demo/in/"}),
        (UploadSpec(prefix="in/", suffix=".csv"), {"wildcard": "demo/in/*.csv"}),
        (UploadSpec(prefix="a*b\\", suffix="*"), {"wildcard": "demo/a\\*b\\\\*\\*"}),
    ],
)
def test_a_rule_takes_new_objects_with_data_by_prefix_and_suffix(
    upload: UploadSpec, key: dict[str, str]
) -> None:
    rule = resources(TriggersSpec(on_upload=upload))["Job/Upload/Rule"]
    detail = rule["EventPattern"].pop("detail")
    assert rule["EventPattern"] == {"source": ["aws.s3"], "detail-type": ["Object Created"]}
    assert detail["object"] == {"key": [key], "size": [{"numeric": [">", 0]}]}
    assert "Bucket" in detail["bucket"]["name"][0]["Ref"]


def test_a_paused_upload_is_a_disabled_rule() -> None:
    found = resources(TriggersSpec(on_upload=UploadSpec(enabled=False)))
    assert found["Job/Upload/Rule"]["State"] == "DISABLED"


def test_a_bucket_of_the_app_sends_its_events_and_an_imported_one_is_unchanged() -> None:
    upload = TriggersSpec(on_upload=UploadSpec())
    own = resources(upload)["Bucket/Resource"]
    assert own["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert "NotificationConfiguration" not in resources(upload, foreign=True)["Bucket/Resource"]


def test_a_bucket_with_notifications_of_its_own_keeps_them() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    bucket = s3.Bucket(stack, "Bucket")
    bucket.add_event_notification(s3.EventType.OBJECT_REMOVED, SqsDestination(sqs.Queue(stack, "Queue")))
    machine = sfn.StateMachine(
        stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(sfn.Succeed(stack, "Done"))
    )
    Triggers(
        Construct(stack, "Job"),
        spec=TriggersSpec(on_upload=UploadSpec()),
        state_machine=machine,
        data=DataLocation(bucket, "demo/"),
    )
    template = Template.from_stack(stack)
    [notifications] = template.find_resources("Custom::S3BucketNotifications").values()
    configuration = notifications["Properties"]["NotificationConfiguration"]
    assert configuration.keys() == {"EventBridgeConfiguration", "QueueConfigurations"}
    [made] = template.find_resources("AWS::S3::Bucket").values()
    assert "NotificationConfiguration" not in made.get("Properties", {})


def test_the_function_may_change_its_two_schedules_pass_their_role_and_send_failures() -> None:
    found = resources(TriggersSpec(on_upload=UploadSpec(quiet_period_in_seconds=90, input={"Comment": "x"})))
    _, (change, schedules), (pass_role, role), (send, _) = statements(found["Job/Upload/StartLater/Role"])
    assert change == ["scheduler:CreateSchedule", "scheduler:GetSchedule", "scheduler:UpdateSchedule"]
    variables = found["Job/Upload/StartLater/Resource"]["Environment"]["Variables"]
    names = variables["SCHEDULES"].split(",")
    assert [arn["Fn::Join"][1][-1] for arn in schedules] == [f":schedule/default/{name}" for name in names]
    assert all(len(name) <= 64 for name in names)
    assert (pass_role, send) == ("iam:PassRole", "sqs:SendMessage")
    assert role == variables["ROLE_ARN"]
    assert (variables["QUIET_SECONDS"], variables["INPUT"]) == ("90", '{"Comment":"x"}')
    config = found["Job/Upload/WhenItFails"]
    assert "LostStartsQueue" in config["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]


@pytest.mark.parametrize(("reserved", "expected"), [(5, 5), (1, 1), (0, None)])
def test_the_function_reserves_its_concurrency_or_uses_the_accounts(
    reserved: int, expected: int | None
) -> None:
    found = resources(TriggersSpec(on_upload=UploadSpec(reserved_concurrency=reserved)))
    assert found["Job/Upload/StartLater/Resource"].get("ReservedConcurrentExecutions") == expected


def test_only_this_rule_invokes_the_function_and_fills_the_queue_as_a_service() -> None:
    found = resources(TriggersSpec(on_upload=UploadSpec()))
    rule = {"Fn::GetAtt": ["JobUploadRule", "Arn"]}
    permission = found["Job/Upload/MayInvoke"]
    assert permission["Principal"] == "events.amazonaws.com"
    assert permission["SourceArn"]["Fn::GetAtt"][0].startswith(rule["Fn::GetAtt"][0])
    allowed = found["Job/LostStarts/QueuePolicy"]["PolicyDocument"]["Statement"][-1]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Condition"]["ArnEquals"]["aws:SourceArn"] == permission["SourceArn"]
    [target] = found["Job/Upload/Rule"]["Targets"]
    assert target["DeadLetterConfig"]["Arn"] == allowed["Resource"]
