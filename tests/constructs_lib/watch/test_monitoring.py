"""Alarms, notifications and dashboard in the template."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Annotations, Match, Template

from batch_transform.job.aws.console_links import DOMAIN_OF_PARTITION
from batch_transform.job.values.job_spec import (
    JobSpec,
    ModelSpec,
    MonitoringSpec,
    NotifySpec,
    ScheduleSpec,
    TriggersSpec,
    UploadSpec,
    WorkflowSpec,
)
from batch_transform_cdk import BatchTransform, Dashboard, DataBuckets, Notifications
from checks.policies import statements

_DAILY = ScheduleSpec(cron="0 2 * * ? *")


def _spec(*schedules: ScheduleSpec, name: str = "tumours", **members: Any) -> JobSpec:
    return JobSpec(
        name=name,
        model=ModelSpec(existing="m"),
        triggers=TriggersSpec(schedule=schedules),
        job_file="jobs/tumours.yaml",
        **members,
    )


def _stack(*jobs: JobSpec) -> cdk.Stack:
    stack = cdk.Stack(cdk.App(), "Stack")
    buckets, notifications = DataBuckets(stack, "Data"), Notifications(stack, "Notifications")
    defined = [
        BatchTransform(stack, job.name, job=job, buckets=buckets, notifications=notifications) for job in jobs
    ]
    Dashboard(stack, "Dashboard", jobs=defined)
    return stack


def _alarms(template: Template) -> dict[str, dict[str, Any]]:
    """The properties of each alarm by the metric it watches; of a learned one by `usual`."""
    found = template.find_resources("AWS::CloudWatch::Alarm").values()
    return {alarm["Properties"].get("MetricName", "usual"): alarm["Properties"] for alarm in found}


def test_a_job_with_a_schedule_has_every_alarm() -> None:
    alarms = _alarms(Template.from_stack(_stack(_spec(_DAILY))))
    assert set(alarms) == {
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsStarted",
        "usual",
        "ApproximateNumberOfMessagesVisible",
    }
    for metric, alarm in alarms.items():
        assert len(alarm["AlarmActions"]) == 1, metric
        assert "OKActions" not in alarm, metric
        missing = "breaching" if metric == "ExecutionsStarted" else "notBreaching"
        assert alarm["TreatMissingData"] == missing
        text = "".join(
            part if isinstance(part, str) else "<>" for part in alarm["AlarmDescription"]["Fn::Join"][1]
        )
        assert text.startswith("Batch transform job tumours (jobs/tumours.yaml): ")
        assert "https://<>.<>/states/home?region=<>#/v2/statemachines/view/<>" in text
        assert len(text) < 900, "CloudWatch takes 1,024 characters, references filled in"


@pytest.mark.parametrize(
    ("region", "domain"),
    [("eu-west-1", "console.aws.amazon.com"), ("cn-north-1", "console.amazonaws.cn"), (None, "")],
)
def test_links_lead_to_the_console_of_the_partition(region: str | None, domain: str) -> None:
    stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(region=region))
    buckets, notifications = DataBuckets(stack, "Data"), Notifications(stack, "Notifications")
    BatchTransform(stack, "tumours", job=_spec(), buckets=buckets, notifications=notifications)
    template = Template.from_stack(stack)
    mapping = template.to_json().get("Mappings", {}).get("ConsoleDomains")
    descriptions = [str(alarm["AlarmDescription"]) for alarm in _alarms(template).values()]
    if region is None:
        assert mapping == {name: {"domain": one} for name, one in DOMAIN_OF_PARTITION.items()}
        assert all("'ConsoleDomains', {'Ref': 'AWS::Partition'}, 'domain'" in text for text in descriptions)
    else:
        assert mapping is None
        assert all(f"https://{region}.{domain}/states/home" in text for text in descriptions)


def test_every_description_fits_whatever_the_job_is_called_and_wherever_its_file_is() -> None:
    spec = dataclasses.replace(
        _spec(_DAILY, name="n" * 32), job_file=f"{'/a-folder' * 400}/jobs/tumours.yaml"
    )
    monitoring = MonitoringSpec(longest_duration_in_seconds=90_061)
    for each in (spec, dataclasses.replace(spec, monitoring=monitoring)):
        alarms = _alarms(Template.from_stack(_stack(each)))
        for alarm in alarms.values():
            description = _at_its_longest(alarm["AlarmDescription"])
            assert 600 < len(description) <= 1024
            assert "/jobs/tumours.yaml): " in description


_LONGEST = {
    "AWS::Region": "ap-southeast-2",
    "AWS::AccountId": "123456789012",
    "AWS::URLSuffix": "amazonaws.com.cn",
    "QueueName": "q" * 80,
}


def _at_its_longest(value: Any) -> str:
    """A text of a template, with the longest that AWS puts in: names of machines and queues have 80 characters."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_at_its_longest, parts))
        case {"Fn::FindInMap": ["ConsoleDomains", {"Ref": "AWS::Partition"}, "domain"]}:
            return max(DOMAIN_OF_PARTITION.values(), key=len)
        case {"Ref": name} | {"Fn::GetAtt": [_, name]}:
            machine = f"arn:aws-us-gov:states:ap-southeast-2:123456789012:stateMachine:{'m' * 80}"
            return _LONGEST.get(name, machine)
    assert isinstance(value, str), value
    return value


def test_a_job_without_triggers_has_no_alarm_for_its_starts() -> None:
    assert set(_alarms(Template.from_stack(_stack(_spec())))) == {
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "usual",
    }


def test_the_alarm_for_a_missing_start_waits_for_the_longest_gap_and_not_on_a_new_stack() -> None:
    alarm = _alarms(Template.from_stack(_stack(_spec(_DAILY))))["ExecutionsStarted"]
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (3600, 25, 1)
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["WarmUpConfiguration"] == {
        "WarmUpPeriodDurationInMinutes": 1500,
        "OnlyStartEvaluatingAfterWarmUpPeriodEnds": True,
    }


def test_a_start_that_cannot_be_watched_is_a_warning() -> None:
    stack = _stack(_spec(ScheduleSpec(cron="0 2 1 * ? *")))
    assert "ExecutionsStarted" not in _alarms(Template.from_stack(stack))
    Annotations.from_stack(stack).has_warning(
        "/Stack/tumours/Monitoring/Alarms/NotStarted",
        Match.string_like_regexp(
            "no alarm fires when the job tumours does not start: .* 31 days without a start"
        ),
    )


def test_a_run_may_take_as_long_as_the_job_file_says() -> None:
    spec = _spec(monitoring=MonitoringSpec(longest_duration_in_seconds=5400))
    alarm = _alarms(Template.from_stack(_stack(spec)))["ExecutionTime"]
    assert (alarm["Threshold"], alarm["Statistic"], alarm["ComparisonOperator"]) == (
        5_400_000,
        "Maximum",
        "GreaterThanThreshold",
    )


def test_without_a_limit_cloudwatch_learns_what_is_usual() -> None:
    alarm = _alarms(Template.from_stack(_stack(_spec())))["usual"]
    assert alarm["ComparisonOperator"] == "GreaterThanUpperThreshold"
    [band] = [query for query in alarm["Metrics"] if query["Id"] == alarm["ThresholdMetricId"]]
    assert band["Expression"] == "ANOMALY_DETECTION_BAND(duration, 3)"


def _target(template: Template, target_id: str) -> dict[str, Any]:
    """A target of the one rule, its input as a function gets it where the event's detail is {}, references as ARN."""
    [rule] = template.find_resources("AWS::Events::Rule").values()
    [target] = [one for one in rule["Properties"]["Targets"] if one["Id"] == target_id]
    assert target["InputTransformer"]["InputPathsMap"] == {"detail": "$.detail"}
    written = target["InputTransformer"]["InputTemplate"]
    parts = written["Fn::Join"][1] if isinstance(written, dict) else [written]
    text = "".join(part if isinstance(part, str) else "ARN" for part in parts)
    return {"Arn": target["Arn"], "Input": json.loads(text.replace("<detail>", "{}"))}


def test_the_event_of_a_failed_run_is_passed_on_unchanged() -> None:
    template = Template.from_stack(_stack(_spec()))
    [rule] = template.find_resources("AWS::Events::Rule").values()
    pattern = rule["Properties"]["EventPattern"]
    assert pattern["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    [machine] = pattern["detail"]["stateMachineArn"]
    assert machine == {"Ref": next(iter(template.find_resources("AWS::StepFunctions::StateMachine")))}
    expected = {"topic": "ARN", "job": "tumours", "job_file": "jobs/tumours.yaml", "detail": {}}
    assert _target(template, "Notify")["Input"] == expected


def test_a_path_cannot_name_a_variable_of_the_rule() -> None:
    spec = dataclasses.replace(_spec(), job_file='jobs/<job>/"a" <detail>.yaml')
    assert _target(Template.from_stack(_stack(spec)), "Notify")["Input"]["job_file"] == spec.job_file


def test_a_job_that_a_failed_run_left_running_is_stopped_by_the_function_of_its_own_workflow() -> None:
    template = Template.from_stack(_stack(_spec()))
    target = _target(template, "Report")
    assert target["Input"] == {"job": "tumours", "ended_badly": {}}
    [report] = [name for name in template.find_resources("AWS::Lambda::Function") if "WorkflowReport" in name]
    assert target["Arn"] == {"Fn::GetAtt": [report, "Arn"]}


def test_the_record_of_a_run_that_was_stopped_is_written_by_the_function_of_its_own_workflow() -> None:
    target = _target(Template.from_stack(_stack(_spec())), "Record")
    place = target["Input"].pop("output")
    assert str(place["S3OutputPath"]).endswith("/tumours/")
    assert target["Input"] == {
        "job": "tumours",
        "job_file": "jobs/tumours.yaml",
        "reconcile": "objects",
        "leaves_out": True,
        "details": True,
        "ended_badly": {},
    }


def test_only_the_rule_may_call_the_functions() -> None:
    template = Template.from_stack(_stack(_spec(), _spec(name="churn")))
    rules = template.find_resources("AWS::Events::Rule")
    let_in = {
        (
            permission["Properties"]["SourceArn"]["Fn::GetAtt"][0],
            str(permission["Properties"]["FunctionName"]),
        )
        for permission in template.find_resources("AWS::Lambda::Permission").values()
        if permission["Properties"]["Principal"] == "events.amazonaws.com"
    }
    called = {
        (name, str(target["Arn"])) for name, rule in rules.items() for target in rule["Properties"]["Targets"]
    }
    assert let_in == called
    assert len(called) == 6, "each job's rule calls its own report and record, and the notify that they share"


def test_the_topic_takes_messages_of_alarms_of_this_account_over_tls_only() -> None:
    template = Template.from_stack(_stack(_spec()))
    [policy] = template.find_resources("AWS::SNS::TopicPolicy").values()
    allow, deny = policy["Properties"]["PolicyDocument"]["Statement"]
    assert allow["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allow["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert "ArnLike" in allow["Condition"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    [topic] = template.find_resources("AWS::SNS::Topic").values()
    assert topic["Properties"]["KmsMasterKeyId"]


def test_the_function_may_publish_to_the_topics_and_do_nothing_else() -> None:
    ops = NotifySpec(email=("ops@example.com",))
    template = Template.from_stack(_stack(_spec(), _spec(name="churn", notify=ops)))
    inline = [
        statement
        for logical_id, role in template.find_resources("AWS::IAM::Role").items()
        if "Notify" in logical_id
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "logs:PutLogEvents" not in statement["Action"]
    ]
    added = [
        statement
        for logical_id, policy in template.find_resources("AWS::IAM::Policy").items()
        if "Notify" in logical_id
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    statements = inline + added
    publish = [one["Resource"] for one in statements if one["Action"] == "sns:Publish"]
    assert len(publish) == 2, "the shared topic, and the one of churn"
    assert "*" not in publish
    [key] = [one for one in statements if one["Action"] != "sns:Publish"]  # both topics are under it
    assert (key["Action"], "Condition" in key) == (["kms:GenerateDataKey", "kms:Decrypt"], True)


def test_addresses_of_a_job_get_notifications_about_this_job_only() -> None:
    ops = NotifySpec(email=("ops@example.com", "data@example.com"))
    template = Template.from_stack(_stack(_spec(name="churn", notify=ops)))
    subscriptions = template.find_resources("AWS::SNS::Subscription").values()
    assert {found["Properties"]["Endpoint"] for found in subscriptions} == set(ops.email)
    [topic] = {found["Properties"]["TopicArn"]["Ref"] for found in subscriptions}
    assert topic.startswith("churnMonitoringTopic")
    for alarm in _alarms(template).values():
        assert alarm["AlarmActions"] == [{"Ref": topic}]


@pytest.mark.parametrize("email", [(), ("ops@example.com",)])
def test_an_existing_topic_gets_the_notifications(email: tuple[str, ...]) -> None:
    arn = "arn:aws:sns:eu-central-1:123456789012:ops"
    template = Template.from_stack(_stack(_spec(notify=NotifySpec(topic=arn, email=email))))
    for alarm in _alarms(template).values():
        assert alarm["AlarmActions"] == [arn]
    template.resource_count_is("AWS::SNS::Subscription", len(email))


def test_a_job_alone_has_notifications_of_its_own() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    topic = sns.Topic(stack, "Mine")
    BatchTransform(stack, "Job", job=_spec(), topic=topic)
    template = Template.from_stack(stack)
    [mine] = template.find_resources("AWS::SNS::Topic")
    for alarm in _alarms(template).values():
        assert alarm["AlarmActions"] == [{"Ref": mine}]


def _functions_that_notify(template: Template) -> list[str]:
    return [
        name for name in template.find_resources("AWS::Lambda::Function") if "NotificationsNotify" in name
    ]


def test_jobs_of_a_stack_share_a_topic_and_a_function_by_themselves() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    for name in ("churn", "fraud", "returns"):
        BatchTransform(stack, name, job=_spec(name=name))
    template = Template.from_stack(stack)
    [topic] = template.find_resources("AWS::SNS::Topic")
    assert topic.startswith("churnNotificationsTopic")  # that of the first job, as when it was alone
    alarms = template.find_resources("AWS::CloudWatch::Alarm").values()
    notified = {alarm["Properties"]["AlarmActions"][0]["Ref"] for alarm in alarms}
    assert notified == {topic}
    [function] = _functions_that_notify(template)
    rules = template.find_resources("AWS::Events::Rule").values()
    targets = [
        target for rule in rules for target in rule["Properties"]["Targets"] if target["Id"] == "Notify"
    ]
    assert [target["Arn"] for target in targets] == [{"Fn::GetAtt": [function, "Arn"]}] * 3
    template.resource_count_is("AWS::KMS::Key", 1)


def test_jobs_under_different_keys_do_not_share_a_topic() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    BatchTransform(stack, "Open", job=_spec(name="open"))
    for name in ("secret", "top-secret"):
        key = kms.Key(stack, f"KeyOf{name}")
        BatchTransform(stack, name, job=_spec(name=name), encryption_key=key)
    template = Template.from_stack(stack)
    topics = template.find_resources("AWS::SNS::Topic").values()
    keys = [topic["Properties"]["KmsMasterKeyId"]["Fn::GetAtt"][0] for topic in topics]
    assert len(set(keys)) == 3
    assert set(keys) == set(template.find_resources("AWS::KMS::Key"))


def test_a_job_with_a_topic_of_its_own_shares_the_function_which_may_publish_to_both() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    mine = sns.Topic(stack, "Mine")
    BatchTransform(stack, "One", job=_spec(name="one"))
    BatchTransform(stack, "Two", job=_spec(name="two"), topic=mine)
    template = Template.from_stack(stack)
    assert len(_functions_that_notify(template)) == 1
    published = [
        statement["Resource"]["Ref"]
        for statement in statements(template, "OneNotificationsNotify")
        if statement["Action"] == "sns:Publish"
    ]
    assert sorted(published) == sorted(template.find_resources("AWS::SNS::Topic"))
    assert len(published) == 2


def test_jobs_of_two_stacks_have_topics_of_their_own() -> None:
    app = cdk.App()
    stacks = [cdk.Stack(app, name) for name in ("A", "B")]
    for stack in stacks:
        BatchTransform(stack, "Job", job=_spec())
    for stack in stacks:
        Template.from_stack(stack).resource_count_is("AWS::SNS::Topic", 1)


def test_the_dashboard_has_a_row_for_each_job() -> None:
    template = Template.from_stack(_stack(_spec(_DAILY), _spec(name="churn")))
    [dashboard] = template.find_resources("AWS::CloudWatch::Dashboard").values()
    parts = dashboard["Properties"]["DashboardBody"]["Fn::Join"][1]
    body = json.loads("".join(part if isinstance(part, str) else "TOKEN" for part in parts))
    titles = [widget["properties"]["title"] for widget in body["widgets"]]
    assert titles == [
        "Alarms",
        *(
            f"{job}: {what}"
            for job in ("tumours", "churn")
            for what in ("runs", "durations", "objects and instance time", "causes of failures", "cost")
        ),
    ]
    assert len(body["widgets"][0]["properties"]["alarms"]) == 8


def test_every_metric_is_of_the_jobs_own_state_machine() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    job = BatchTransform(stack, "Job", job=dataclasses.replace(_spec(), notify=NotifySpec()))
    metrics = [
        job.metric_started(),
        job.metric_succeeded(),
        job.metric_failed(),
        job.metric_timed_out(),
        job.metric_aborted(),
        job.metric_duration(),
        job.metric_input_objects(),
        job.metric_output_objects(),
        job.metric_instance_seconds(),
        job.metric_cost(),
        job.metric_cost_per_thousand_records(),
    ]
    assert len({metric.metric_name for metric in metrics}) == len(metrics)
    for metric in metrics:
        assert metric.dimensions == {"StateMachineArn": job.state_machine.state_machine_arn}


def test_logs_are_kept_as_long_as_the_job_says() -> None:
    spec = _spec(workflow=WorkflowSpec(log_retention_in_days=30))
    groups = Template.from_stack(_stack(spec)).find_resources("AWS::Logs::LogGroup")
    of_the_job = [
        group["Properties"]["RetentionInDays"] for name, group in groups.items() if "tumours" in name
    ]
    assert of_the_job == [30, 30, 30, 30]
    # CloudFormation deletes what names no policy.
    assert all(group.get("DeletionPolicy", "Delete") == "Delete" for group in groups.values())


@pytest.mark.parametrize("tracing", [True, False])
def test_x_ray_traces_machine_and_functions_by_choice(tracing: bool) -> None:
    upload = TriggersSpec(on_upload=UploadSpec())
    spec = dataclasses.replace(_spec(workflow=WorkflowSpec(tracing=tracing)), triggers=upload)
    template = Template.from_stack(_stack(spec))
    [machine] = template.find_resources("AWS::StepFunctions::StateMachine").values()
    assert machine["Properties"].get("TracingConfiguration", {}).get("Enabled", False) is tracing
    functions = {
        name: one["Properties"].get("TracingConfig")
        for name, one in template.find_resources("AWS::Lambda::Function").items()
        if name.startswith("tumours")
    }
    assert len(functions) == 4
    assert set(map(str, functions.values())) == {str({"Mode": "Active"} if tracing else None)}
    allowed = [
        statement
        for role in template.find_resources("AWS::IAM::Role").values()
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
        if "xray" in str(statement["Action"])
    ]
    assert len(allowed) == (5 if tracing else 0), "the machine, and each function"


@pytest.mark.parametrize("details", [True, False])
def test_the_report_may_read_logs_only_if_a_cause_may_quote_them(details: bool) -> None:
    spec = dataclasses.replace(_spec(), notify=NotifySpec(details=details))
    roles = Template.from_stack(_stack(spec)).find_resources("AWS::IAM::Role")
    assert ("logs:FilterLogEvents" in str(roles)) is details


@pytest.mark.parametrize("has_data", [True, False])
def test_the_state_machines_log_has_inputs_and_outputs_by_choice(has_data: bool) -> None:
    spec = _spec(workflow=WorkflowSpec(log_execution_data=has_data))
    [machine] = Template.from_stack(_stack(spec)).find_resources("AWS::StepFunctions::StateMachine").values()
    logging = machine["Properties"]["LoggingConfiguration"]
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ALL", has_data)
