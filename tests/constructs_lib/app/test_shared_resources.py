"""What the stacks of an app share: buckets, a key and a topic."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match, Template

from batch_transform.job.values.environment import EnvironmentSpec
from batch_transform.job.values.job_spec import JobSpec, ModelSpec, NotifySpec
from batch_transform.job.values.stack_outputs import ENCRYPTION_KEY
from batch_transform_cdk.app.job_stacks import JobStack
from checks.policies import statements, text


def job(name: str) -> JobSpec:
    model = ModelSpec(
        artifact="s3://models/a.tar.gz", image="123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1"
    )
    return JobSpec(name=name, model=model)


def two_stacks(environment: EnvironmentSpec) -> tuple[Template, Template]:
    app = cdk.App()
    first = JobStack(app, "First", jobs=[job("churn")], environment=environment)
    second = JobStack(app, "Second", jobs=[job("fraud")], environment=environment, first=first)
    return Template.from_stack(first), Template.from_stack(second)


def test_a_customer_key_encrypts_what_every_stack_holds() -> None:
    first, second = two_stacks(EnvironmentSpec(customer_key=True))
    first.has_output(ENCRYPTION_KEY, {"Export": {"Name": "First-EncryptionKeyArn"}})
    imported = {"Fn::ImportValue": "First-EncryptionKeyArn"}
    assert {
        str(group["Properties"]["KmsKeyId"]) for group in first.find_resources("AWS::Logs::LogGroup").values()
    } == {str({"Fn::GetAtt": [next(iter(first.find_resources("AWS::KMS::Key"))), "Arn"]})}
    second.resource_count_is("AWS::KMS::Key", 0)
    second.has_resource_properties("AWS::Logs::LogGroup", {"KmsKeyId": imported})
    on_key = [one for one in statements(second, "ExecutionRole") if text(one["Resource"]) == text(imported)]
    used = {
        action
        for one in on_key
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert used == {"kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt"}


def test_the_key_goes_with_the_stack_where_the_buckets_do() -> None:
    first, _ = two_stacks(EnvironmentSpec(customer_key=True, removal_policy="destroy"))
    for kind in ("AWS::KMS::Key", "AWS::S3::Bucket"):
        assert {one["DeletionPolicy"] for one in first.find_resources(kind).values()} == {"Delete"}


@pytest.mark.parametrize(
    ("environment", "is_protected"),
    [
        (EnvironmentSpec(), True),
        (EnvironmentSpec(removal_policy="destroy"), False),
        (EnvironmentSpec(removal_policy="destroy", termination_protection=True), True),
        (EnvironmentSpec(termination_protection=False), False),
    ],
)
def test_stacks_that_keep_their_data_cannot_be_deleted_by_mistake(
    environment: EnvironmentSpec, is_protected: bool
) -> None:
    app = cdk.App()
    first = JobStack(app, "First", jobs=[job("churn")], environment=environment)
    second = JobStack(app, "Second", jobs=[job("fraud")], environment=environment, first=first)
    assert [bool(stack.termination_protection) for stack in (first, second)] == [is_protected] * 2


def test_the_environment_can_expire_results_and_log_access() -> None:
    environment = EnvironmentSpec(keep_outputs_for_in_days=400, access_logs_bucket="our-access-logs")
    first, _ = two_stacks(environment)
    first.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "LifecycleConfiguration": {
                "Rules": Match.array_with([{"ExpirationInDays": 400, "Status": "Enabled"}])
            },
            "LoggingConfiguration": {"DestinationBucketName": "our-access-logs", "LogFilePrefix": "output/"},
        },
    )


def test_without_any_of_it_there_is_no_key_for_data_and_nothing_is_deleted() -> None:
    first, _ = two_stacks(EnvironmentSpec())
    for bucket in first.find_resources("AWS::S3::Bucket").values():
        assert "KMSMasterKeyID" not in str(bucket)
        assert not [
            rule
            for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]
            if "ExpirationInDays" in rule
        ]


_TOPIC = "arn:aws:sns:eu-central-1:123456789012:ops"
_JOBS = [JobSpec(name="churn", model=ModelSpec(existing="m"))]


def _templates(**environment: Any) -> tuple[Template, Template]:
    """The first stack, and another one."""
    app, spec = cdk.App(), EnvironmentSpec(**environment)
    first = JobStack(app, "BatchTransform", jobs=_JOBS, environment=spec, has_others=True)
    other = [JobSpec(name="leads", model=ModelSpec(existing="m"))]
    second = JobStack(app, "BatchTransform-1", jobs=other, environment=spec, first=first)
    return Template.from_stack(first), Template.from_stack(second)


def _alarm_targets(template: Template) -> list[Any]:
    """The targets of a template's alarms, each once."""
    alarms = template.find_resources("AWS::CloudWatch::Alarm").values()
    found = [action for alarm in alarms for action in alarm["Properties"]["AlarmActions"]]
    return [target for at, target in enumerate(found) if target not in found[:at]]


@pytest.fixture(scope="module")
def stacks() -> tuple[Template, Template]:
    return _templates(notify=NotifySpec(email=("ops@example.com",)))


def test_addresses_of_the_environment_subscribe_once(stacks: tuple[Template, Template]) -> None:
    first, second = stacks
    [subscription] = first.find_resources("AWS::SNS::Subscription").values()
    assert subscription["Properties"]["Endpoint"] == "ops@example.com"
    assert _alarm_targets(first) == [subscription["Properties"]["TopicArn"]]
    second.resource_count_is("AWS::SNS::Subscription", 0)
    second.resource_count_is("AWS::SNS::Topic", 0)


def test_other_stacks_notify_the_topic_of_the_first(stacks: tuple[Template, Template]) -> None:
    first, second = stacks
    [output] = first.find_outputs("NotificationTopicArn").values()
    assert _alarm_targets(second) == [{"Fn::ImportValue": output["Export"]["Name"]}]
    second.resource_count_is("AWS::KMS::Key", 0)


def test_other_stacks_name_no_key_of_the_topic_which_may_get_another_one(
    stacks: tuple[Template, Template],
) -> None:
    _, second = stacks
    assert "NotificationKeyArn" not in json.dumps(second.to_json())
    [use] = [one for one in statements(second, "NotificationsNotify") if "kms:Decrypt" in one["Action"]]
    assert text(use["Resource"]).endswith(":key/*")
    assert use["Condition"] == {
        "StringEquals": {
            "kms:ViaService": {
                "Fn::Join": ["", ["sns.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}]]
            }
        },
        "ArnEquals": {
            "kms:EncryptionContext:aws:sns:topicArn": {
                "Fn::ImportValue": "BatchTransform-NotificationTopicArn"
            }
        },
    }


def test_each_stack_has_a_function_of_its_own_for_its_jobs(stacks: tuple[Template, Template]) -> None:
    for template in stacks:
        [rule] = template.find_resources("AWS::Events::Rule").values()
        [target] = [one for one in rule["Properties"]["Targets"] if one["Id"] == "Notify"]
        assert target["Arn"]["Fn::GetAtt"][0] in template.find_resources("AWS::Lambda::Function")


def test_all_stacks_notify_the_topic_that_the_environment_names() -> None:
    first, second = _templates(notify=NotifySpec(topic=_TOPIC, email=("ops@example.com",)))
    assert (_alarm_targets(first), _alarm_targets(second)) == ([_TOPIC], [_TOPIC])
    first.resource_count_is("AWS::SNS::Topic", 0)
    first.resource_count_is("AWS::KMS::Key", 0)
    first.resource_count_is("AWS::SNS::Subscription", 1)
    second.resource_count_is("AWS::SNS::Subscription", 0)


def test_a_customer_key_of_the_environment_encrypts_the_topic() -> None:
    first, _ = _templates(customer_key=True)
    [topic] = first.find_resources("AWS::SNS::Topic").values()
    [(key_id, key)] = first.find_resources("AWS::KMS::Key").items()
    assert topic["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}
    services = [
        statement["Principal"].get("Service") for statement in key["Properties"]["KeyPolicy"]["Statement"]
    ]
    assert services.count("cloudwatch.amazonaws.com") == 1


def _alone(*jobs: JobSpec, has_others: bool = False, **environment: Any) -> Template:
    """A first stack with these jobs."""
    stack = JobStack(
        cdk.App(),
        "BatchTransform",
        jobs=jobs,
        environment=EnvironmentSpec(**environment),
        has_others=has_others,
    )
    return Template.from_stack(stack)


_TELLS_ITS_OWN = replace(_JOBS[0], notify=NotifySpec(topic=_TOPIC))


def test_a_stack_whose_jobs_all_have_their_own_topic_has_no_topic_and_no_key() -> None:
    template = _alone(_TELLS_ITS_OWN)
    assert _alarm_targets(template) == [_TOPIC]
    for kind in ("AWS::SNS::Topic", "AWS::KMS::Key"):
        template.resource_count_is(kind, 0)
    assert template.find_outputs("Notification*") == {}
    assert _published_to(template) == [_TOPIC]


def test_one_job_that_names_nobody_is_enough_for_a_topic() -> None:
    template = _alone(_TELLS_ITS_OWN, replace(_JOBS[0], name="leads"))
    [topic] = template.find_resources("AWS::SNS::Topic")
    assert _published_to(template) == [_TOPIC, {"Ref": topic}]
    assert template.find_outputs("NotificationTopicArn")


@pytest.mark.parametrize(
    "kept",
    [{"has_others": True}, {"notify": NotifySpec(email=("ops@example.com",))}],
    ids=["other stacks", "mail"],
)
def test_a_topic_that_others_import_stays(kept: dict[str, Any]) -> None:
    template = _alone(_TELLS_ITS_OWN, **kept)
    template.resource_count_is("AWS::SNS::Topic", 1)
    assert template.find_outputs("NotificationTopicArn")


def _published_to(template: Template) -> list[Any]:
    """The topics that the function may publish to."""
    [role] = [
        role
        for logical_id, role in template.find_resources("AWS::IAM::Role").items()
        if logical_id.startswith("NotificationsNotify")
    ]
    [policy] = role["Properties"]["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    return [statement["Resource"] for statement in statements if statement["Action"] == "sns:Publish"]
