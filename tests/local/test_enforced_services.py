"""IAM is enforced beyond the call itself: for KMS keys, passed roles, and policies that allow services."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from batch_transform.local.up import LocalAws
from patience import PATIENCE_SECONDS

ACCOUNT = "000000000000"
MACHINE = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})


class Services:
    """An account with users who have only the permissions that they are given."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws = aws
        self.last = ""
        self.iam, self.s3, self.kms = (aws.client(name) for name in ("iam", "s3", "kms"))

    def role(self, service: str, *statements: dict[str, Any], **condition: Any) -> str:
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            **condition,
        }
        role: str = self.iam.create_role(RoleName=name(), AssumeRolePolicyDocument=policy(trust))["Role"][
            "Arn"
        ]
        if statements:
            self.iam.put_role_policy(
                RoleName=role.rpartition("/")[2], PolicyName="p", PolicyDocument=policy(*statements)
            )
        return role

    def person(self, service: str, *statements: dict[str, Any]) -> Any:
        """Return a client for a user with these permissions."""
        user = self.last = name()
        self.iam.create_user(UserName=user)
        self.iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=policy(*statements))
        key = self.iam.create_access_key(UserName=user)["AccessKey"]
        return boto3.client(
            service,  # type: ignore[call-overload]  # the stubs list every name as a literal
            region_name=self.aws.region,
            endpoint_url=self.aws.endpoint_url,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )

    def key(self) -> str:
        return str(self.kms.create_key()["KeyMetadata"]["Arn"])

    def bucket(self, key: str | None = None) -> str:
        bucket = name()
        self.s3.create_bucket(Bucket=bucket)
        if key is not None:
            default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
            self.s3.put_bucket_encryption(
                Bucket=bucket,
                ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
                },
            )
        return bucket


def name() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


def allow(*actions: str, resource: str = "*", **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **condition}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call()
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with LocalAws(enforce_iam=True, wait_scale=0.01) as aws:
        yield Services(aws)


@pytest.mark.parametrize(
    ("actions", "below", "may"),
    [
        (("s3:DeleteObjectVersion",), "own/", False),
        (("s3:DeleteObject",), "own/", False),
        (("s3:DeleteObject", "s3:DeleteObjectVersion"), "own/a", False),
        (("s3:DeleteObject", "s3:DeleteObjectVersion"), "own/", True),
    ],
)
def test_many_versions_are_deleted_only_with_both_permissions_for_each_of_them(
    services: Services, actions: tuple[str, ...], below: str, may: bool
) -> None:
    bucket = services.bucket()
    for key in ("own/a", "own/b"):
        services.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    person = services.person("s3", allow(*actions, resource=f"arn:aws:s3:::{bucket}/{below}*"))
    versions = [{"Key": key, "VersionId": "null"} for key in ("own/a", "own/b")]

    def delete() -> Any:
        return person.delete_objects(Bucket=bucket, Delete={"Objects": versions})

    if may:
        assert len(delete()["Deleted"]) == 2
    else:
        assert refusal(delete)[0] == "AccessDenied"
        assert services.s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 2


def test_an_object_encrypted_with_the_buckets_key_requires_the_key(services: Services) -> None:
    key = services.key()
    bucket = services.bucket(key)
    writer = services.person("s3", allow("s3:*"), allow("kms:GenerateDataKey", resource=key))
    writer.put_object(Bucket=bucket, Key="a", Body=b"x")
    code, message = refusal(lambda: writer.get_object(Bucket=bucket, Key="a"))
    assert (code, "kms:Decrypt" in message) == ("AccessDenied", True)
    reader = services.person("s3", allow("s3:*"), allow("kms:Decrypt", resource=key))
    assert reader.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
    code, message = refusal(lambda: reader.put_object(Bucket=bucket, Key="b", Body=b"x"))
    assert (code, "kms:GenerateDataKey" in message) == ("AccessDenied", True)


def test_a_multipart_upload_with_a_key_also_requires_permission_to_decrypt(services: Services) -> None:
    key = services.key()
    bucket = services.bucket()
    person = services.person("s3", allow("s3:*"), allow("kms:GenerateDataKey", resource=key))
    request = {"Bucket": bucket, "Key": "a", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    assert "kms:Decrypt" in refusal(lambda: person.create_multipart_upload(**request))[1]


@pytest.mark.parametrize(("via", "arn"), [("sns", "bucket"), ("s3", "object")])
def test_a_key_may_be_restricted_to_one_service_and_one_bucket(
    services: Services, via: str, arn: str
) -> None:
    key = services.key()
    bucket = services.bucket(key)
    bound = f"arn:aws:s3:::{bucket}" if arn == "bucket" else f"arn:aws:s3:::{bucket}/a"  # it has a bucket key
    condition = {
        "StringEquals": {
            "kms:ViaService": f"{via}.us-east-1.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": bound,
        }
    }
    person = services.person("s3", allow("s3:*"), allow("kms:*", resource=key, Condition=condition))
    assert refusal(lambda: person.put_object(Bucket=bucket, Key="a", Body=b"x"))[0] == "AccessDenied"


def test_a_grant_lets_its_grantee_use_the_key(services: Services) -> None:
    key = services.key()
    bucket = services.bucket(key)
    person = services.person("s3", allow("s3:*"))
    assert refusal(lambda: person.put_object(Bucket=bucket, Key="a", Body=b"x"))[0] == "AccessDenied"
    (grantee,) = [
        user["Arn"] for user in services.iam.list_users()["Users"] if user["UserName"] == services.last
    ]
    services.kms.create_grant(KeyId=key, GranteePrincipal=grantee, Operations=["GenerateDataKey"])
    person.put_object(Bucket=bucket, Key="a", Body=b"x")


def test_a_key_whose_policy_omits_the_account_refuses_its_roles(services: Services) -> None:
    key = services.key()
    bucket = services.bucket(key)
    nobody = {**allow("kms:*"), "Principal": {"Service": "logs.us-east-1.amazonaws.com"}}
    services.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(nobody))
    person = services.person("s3", allow("s3:*"), allow("kms:*"))
    assert refusal(lambda: person.put_object(Bucket=bucket, Key="a", Body=b"x"))[0] == "AccessDenied"


def test_fails_with_a_key_that_is_disabled_or_in_another_account(services: Services) -> None:
    key = services.key()
    person = services.person("s3", allow("s3:*", "kms:*"))
    services.kms.disable_key(KeyId=key)
    bucket = services.bucket(key)
    assert refusal(lambda: person.put_object(Bucket=bucket, Key="a", Body=b""))[0] == "KMS.DisabledException"
    foreign = services.bucket(key.replace(ACCOUNT, "999999999999"))
    code, _ = refusal(lambda: person.put_object(Bucket=foreign, Key="a", Body=b""))
    assert code == "KMS.NotFoundException"


def test_a_log_group_accepts_a_key_whose_policy_allows_the_service(services: Services) -> None:
    logs, key, group = services.aws.client("logs"), services.key(), name()
    code, message = refusal(lambda: logs.create_log_group(logGroupName=group, kmsKeyId=key))
    assert (code, "is not allowed to be used" in message) == ("InvalidParameterException", True)
    of_account = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:*:{ACCOUNT}:*"}}
    let_in = {
        **allow("kms:*", Condition=of_account),
        "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
    }
    services.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(let_in))
    logs.create_log_group(logGroupName=group, kmsKeyId=key)


def test_a_role_can_be_passed_only_to_the_service_in_the_permission(services: Services) -> None:
    role = services.role("states.amazonaws.com")
    create = allow("states:CreateStateMachine")
    request = {"definition": MACHINE, "roleArn": role}
    for service, other_role, is_allowed in (
        ("states.amazonaws.com", role, True),
        ("sagemaker.amazonaws.com", role, False),
        ("states.amazonaws.com", services.role("states.amazonaws.com"), False),
    ):
        passing = allow(
            "iam:PassRole",
            resource=other_role,
            Condition={"StringEquals": {"iam:PassedToService": service}},
        )
        person = services.person("stepfunctions", create, passing)
        if is_allowed:
            person.create_state_machine(name=name(), **request)
        else:
            code, message = refusal(partial(person.create_state_machine, name=name(), **request))
            assert (code, "iam:PassRole" in message) == ("AccessDeniedException", True)


def test_a_model_and_a_schedule_require_a_role_that_may_be_passed(services: Services) -> None:
    model = services.person("sagemaker", allow("sagemaker:*"))
    role = services.role("sagemaker.amazonaws.com")
    container = {"Image": "http://127.0.0.1:1"}
    code, message = refusal(
        lambda: model.create_model(ModelName=name(), PrimaryContainer=container, ExecutionRoleArn=role)
    )
    assert (code, "iam:PassRole" in message) == ("AccessDeniedException", True)
    schedule = services.person("scheduler", allow("scheduler:*"))
    target = {"Arn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m", "RoleArn": role}
    code, message = refusal(
        lambda: schedule.create_schedule(
            Name=name(), ScheduleExpression="rate(1 day)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
        )
    )
    assert (code, "iam:PassRole" in message) == ("AccessDeniedException", True)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": "999999999999"}},
        {"ArnLike": {"aws:SourceArn": f"arn:aws:states:us-east-1:{ACCOUNT}:activity:*"}},
    ],
)
def test_fails_when_a_machines_role_trusts_only_other_services(
    services: Services, condition: dict[str, Any]
) -> None:
    role = services.role("states.amazonaws.com", Condition=condition)
    states = services.aws.client("stepfunctions")
    code, message = refusal(
        lambda: states.create_state_machine(name=name(), definition=MACHINE, roleArn=role)
    )
    assert (code, "is authorized to assume the provided role" in message) == ("AccessDeniedException", True)


def test_an_sdk_integration_acts_with_the_machines_role(services: Services) -> None:
    states, bucket = services.aws.client("stepfunctions"), services.bucket()
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:listObjectsV2",
        "Parameters": {"Bucket": bucket},
        "End": True,
    }
    look = {"StartAt": "Look", "States": {"Look": task}}
    ended = {}
    for action in ("s3:ListBucket", "s3:GetObject"):
        role = services.role("states.amazonaws.com", allow(action))
        machine = states.create_state_machine(name=name(), definition=json.dumps(look), roleArn=role)
        execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        described = states.describe_execution(executionArn=execution)
        ended[action] = (described["status"], described.get("error"))
    assert ended == {
        "s3:ListBucket": ("SUCCEEDED", None),
        "s3:GetObject": ("FAILED", "S3.AccessDeniedException"),
    }


def test_a_rule_reaches_a_topic_whose_policy_allows_it(services: Services) -> None:
    sns, sqs, events = (services.aws.client(each) for each in ("sns", "sqs", "events"))
    topic, rule = sns.create_topic(Name=name())["TopicArn"], name()
    queue = sqs.create_queue(QueueName=name())["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    let_sns_in = {**allow("sqs:SendMessage", resource=arn), "Principal": {"Service": "sns.amazonaws.com"}}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy(let_sns_in)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    rule_arn = events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))["RuleArn"]
    events.put_targets(Rule=rule, Targets=[{"Id": "t", "Arn": topic}])
    heard = {}
    for source in ("arn:aws:events:us-east-1:999999999999:rule/other", rule_arn.replace("/default/", "/")):
        statement = {
            **allow("sns:Publish", resource=topic, Condition={"ArnEquals": {"aws:SourceArn": source}}),
            "Principal": {"Service": "events.amazonaws.com"},
        }
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(statement))
        events.put_events(Entries=[{"Source": rule, "DetailType": "d", "Detail": "{}"}])
        heard[source] = len(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", []))
    assert list(heard.values()) == [0, 1]


@pytest.mark.parametrize(
    ("condition", "is_let_in"),
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, False),
        ({"ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:*"}}, True),
    ],
)
def test_a_rule_uses_the_key_of_a_topic_without_condition_keys_of_its_source(
    services: Services, condition: dict[str, Any], is_let_in: bool
) -> None:
    sns, events, key, rule = services.aws.client("sns"), services.aws.client("events"), services.key(), name()
    topic = sns.create_topic(Name=name(), Attributes={"KmsMasterKeyId": key})["TopicArn"]
    let_in = {"Principal": {"Service": "events.amazonaws.com"}}
    sns.set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=policy({**allow("sns:Publish", resource=topic), **let_in}),
    )
    services.kms.put_key_policy(
        KeyId=key, PolicyName="default", Policy=policy({**allow("kms:*"), **let_in, "Condition": condition})
    )
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    events.put_targets(Rule=rule, Targets=[{"Id": "t", "Arn": topic}])
    events.put_events(Entries=[{"Source": rule, "DetailType": "d", "Detail": "{}"}])
    refused = f"events.amazonaws.com may not kms:GenerateDataKey on {key}"
    assert (refused not in services.aws.log_file.read_text()) == is_let_in


def test_no_service_can_publish_under_the_aws_managed_key_of_sns(services: Services) -> None:
    sns, cloudwatch = services.aws.client("sns"), services.aws.client("cloudwatch")
    topic = sns.create_topic(Name=name(), Attributes={"KmsMasterKeyId": "alias/aws/sns"})["TopicArn"]
    let_in = {**allow("sns:Publish", resource=topic), "Principal": {"Service": "cloudwatch.amazonaws.com"}}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(let_in))
    alarm = name()
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        AlarmActions=[topic],
        Namespace="n",
        MetricName="m",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Period=60,
        Statistic="Sum",
        Threshold=1.0,
    )
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="it is tried")
    assert f"{topic} is not notified" in services.aws.log_file.read_text()


def test_each_refusal_is_a_line_with_caller_action_and_resource(services: Services) -> None:
    key, bucket = services.key(), services.bucket()
    nobody, user_of_s3 = services.person("s3", allow("s3:ListBucket")), services.person("s3", allow("s3:*"))
    user = f"arn:aws:iam::{ACCOUNT}:user/{services.last}"
    request = {"Bucket": bucket, "Key": "a", "Body": b"x"}
    refusal(lambda: nobody.put_object(**request))
    refusal(lambda: user_of_s3.put_object(**request, ServerSideEncryption="aws:kms", SSEKMSKeyId=key))
    role = services.role("lambda.amazonaws.com")
    refusal(
        lambda: services.aws.client("stepfunctions").create_state_machine(
            name=name(), definition=MACHINE, roleArn=role
        )
    )
    lines = services.aws.log_file.read_text()
    assert f" may not s3:PutObject on arn:aws:s3:::{bucket}/a\n" in lines
    assert f"refused: {user} may not kms:GenerateDataKey on {key}\n" in lines
    assert f"refused: states.amazonaws.com may not sts:AssumeRole on {role}\n" in lines


def test_an_allowed_call_prints_no_refusal(services: Services) -> None:
    key = services.key()
    bucket = services.bucket(key)
    person = services.person("s3", allow("s3:*"))
    services.kms.create_grant(
        KeyId=key,
        GranteePrincipal=f"arn:aws:iam::{ACCOUNT}:user/{services.last}",
        Operations=["GenerateDataKey"],
    )
    person.put_object(Bucket=bucket, Key="a", Body=b"x")
    assert f"kms:GenerateDataKey on {key}" not in services.aws.log_file.read_text()


def test_plain_http_can_be_claimed_by_a_header(services: Services) -> None:
    bucket = services.bucket()
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    services.s3.put_bucket_policy(Bucket=bucket, Policy=policy(deny))
    person = services.person("s3", allow("s3:*"))
    person.put_object(Bucket=bucket, Key="a", Body=b"")
    person.meta.events.register(
        "before-sign.s3.*", lambda request, **_: request.headers.add_header("x-forwarded-proto", "http")
    )
    assert refusal(lambda: person.put_object(Bucket=bucket, Key="a", Body=b""))[0] == "AccessDenied"


def test_a_topic_in_a_stack_has_the_key_of_its_template(services: Services) -> None:
    formation, sns, key = services.aws.client("cloudformation"), services.aws.client("sns"), services.key()
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": key}}
    stack = name()
    template = {"Resources": {"Topic": topic}, "Outputs": {"Arn": {"Value": {"Ref": "Topic"}}}}
    formation.create_stack(StackName=stack, TemplateBody=json.dumps(template))
    formation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})
    (output,) = formation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    attributes = sns.get_topic_attributes(TopicArn=output["OutputValue"])["Attributes"]
    assert attributes["KmsMasterKeyId"] == key
