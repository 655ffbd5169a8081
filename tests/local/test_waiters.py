"""boto3's waiters and paginators work with the services that the templates use, apart from SageMaker.

Each waiter that botocore ships for these services is tested with every outcome that is possible here, or listed with
the reason why it isn't. Paginators are tested for the resources of a deployed job that users list.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import WaiterError

SERVICES = ("s3", "cloudformation", "lambda", "iam", "cloudwatch")
"""The services that botocore has waiters for."""

FOREVER = 300
SOON = 2  # checks of a waiter for something that never happens
ROLE = "arn:aws:iam::000000000000:role/any"
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
STATES = json.dumps(
    {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}}}
)


def template(topics: int, *, is_broken: bool = False) -> str:
    """Return a template with this many exported topics and, if it is broken, a resource that the service refuses."""
    names = [f"Topic{number}" for number in range(topics)]
    resources: dict[str, Any] = {name: {"Type": "AWS::SNS::Topic"} for name in names}
    if is_broken:
        resources["Model"] = {
            "Type": "AWS::SageMaker::Model",
            "DependsOn": "Topic0",
            "Properties": {"ExecutionRoleArn": ROLE},
        }
    outputs = {
        name: {"Value": {"Ref": name}, "Export": {"Name": {"Fn::Sub": f"${{AWS::StackName}}-{name}"}}}
        for name in names
    }
    return json.dumps({"Resources": resources, "Outputs": outputs})


def archive(text: str = "") -> bytes:
    """Return the code of a Lambda function."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("code.py", f"def handler(event, context): return {text!r}")
    return packed.getvalue()


class World:
    """One resource of each kind, created on demand."""

    def __init__(self, lab: Any) -> None:
        self.lab = lab

    def client(self, service: str) -> Any:
        return self.lab.aws.client(service)

    def bucket(self) -> str:
        return str(self.lab.bucket(**{"a": b"x"}))

    def stack(self, *, is_broken: bool = False) -> str:
        name: str = self.lab.name()
        self.client("cloudformation").create_stack(
            StackName=name, TemplateBody=template(1, is_broken=is_broken)
        )
        return name

    def updated(self, *, is_broken: bool = False) -> str:
        name = self.stack()
        cloudformation = self.client("cloudformation")
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
        cloudformation.update_stack(StackName=name, TemplateBody=template(2, is_broken=is_broken))
        return name

    def deleted(self) -> str:
        """Return the id of a deleted stack, whose name is free again."""
        name = self.stack()
        cloudformation = self.client("cloudformation")
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
        stack_id: str = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
        cloudformation.delete_stack(StackName=name)
        return stack_id

    def change_set(self, topics: int) -> dict[str, str]:
        """Return a change set that gives a stack with one topic this number of topics."""
        named = {"StackName": self.stack(), "ChangeSetName": "change"}
        cloudformation = self.client("cloudformation")
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=named["StackName"], WaiterConfig={"Delay": 0.1}
        )
        cloudformation.create_change_set(**named, ChangeSetType="UPDATE", TemplateBody=template(topics))
        return named

    def function(self) -> str:
        name: str = self.lab.name()
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler="code.handler",
            Role=ROLE,
            Code={"ZipFile": archive()},
        )
        return name

    def role(self) -> str:
        name: str = self.lab.name()
        self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        return name

    def policy(self) -> str:
        made = self.client("iam").create_policy(PolicyName=self.lab.name(), PolicyDocument=POLICY)
        return str(made["Policy"]["Arn"])

    def alarm(self) -> str:
        name: str = self.lab.name()
        self.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace="any",
            MetricName="any",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        return name


Made = Callable[[World], dict[str, Any]]
NONE = "no-such-name"
SUCCESS, FAILURE, NEVER_ENDS = "success", "failure", "in progress"

WAITS: Sequence[tuple[str, str, str, Made]] = [
    ("s3", "BucketExists", SUCCESS, lambda world: {"Bucket": world.bucket()}),
    ("s3", "BucketExists", NEVER_ENDS, lambda _: {"Bucket": NONE}),
    ("s3", "BucketNotExists", SUCCESS, lambda _: {"Bucket": NONE}),
    ("s3", "BucketNotExists", NEVER_ENDS, lambda world: {"Bucket": world.bucket()}),
    ("s3", "ObjectExists", SUCCESS, lambda world: {"Bucket": world.bucket(), "Key": "in/a"}),
    ("s3", "ObjectExists", NEVER_ENDS, lambda world: {"Bucket": world.bucket(), "Key": "in/b"}),
    ("s3", "ObjectNotExists", SUCCESS, lambda world: {"Bucket": world.bucket(), "Key": "in/b"}),
    ("s3", "ObjectNotExists", NEVER_ENDS, lambda world: {"Bucket": world.bucket(), "Key": "in/a"}),
    ("cloudformation", "StackExists", SUCCESS, lambda world: {"StackName": world.stack()}),
    ("cloudformation", "StackExists", NEVER_ENDS, lambda _: {"StackName": NONE}),
    ("cloudformation", "StackCreateComplete", SUCCESS, lambda world: {"StackName": world.stack()}),
    (
        "cloudformation",
        "StackCreateComplete",
        FAILURE,
        lambda world: {"StackName": world.stack(is_broken=True)},
    ),
    ("cloudformation", "StackCreateComplete", FAILURE, lambda _: {"StackName": NONE}),
    ("cloudformation", "StackUpdateComplete", SUCCESS, lambda world: {"StackName": world.updated()}),
    (
        "cloudformation",
        "StackUpdateComplete",
        FAILURE,
        lambda world: {"StackName": world.updated(is_broken=True)},
    ),
    ("cloudformation", "StackUpdateComplete", FAILURE, lambda _: {"StackName": NONE}),
    (
        "cloudformation",
        "StackRollbackComplete",
        SUCCESS,
        lambda world: {"StackName": world.updated(is_broken=True)},
    ),
    ("cloudformation", "StackRollbackComplete", FAILURE, lambda _: {"StackName": NONE}),
    ("cloudformation", "StackDeleteComplete", SUCCESS, lambda world: {"StackName": world.deleted()}),
    ("cloudformation", "StackDeleteComplete", SUCCESS, lambda _: {"StackName": NONE}),
    ("cloudformation", "StackDeleteComplete", FAILURE, lambda world: {"StackName": world.updated()}),
    ("cloudformation", "ChangeSetCreateComplete", SUCCESS, lambda world: world.change_set(2)),
    ("cloudformation", "ChangeSetCreateComplete", FAILURE, lambda world: world.change_set(1)),
    (
        "cloudformation",
        "ChangeSetCreateComplete",
        FAILURE,
        lambda world: {"StackName": world.stack(), "ChangeSetName": NONE},
    ),
    ("lambda", "FunctionExists", SUCCESS, lambda world: {"FunctionName": world.function()}),
    ("lambda", "FunctionExists", NEVER_ENDS, lambda _: {"FunctionName": NONE}),
    *[
        ("lambda", name, end, made)
        for name in (
            "FunctionActive",
            "FunctionActiveV2",
            "FunctionUpdated",
            "FunctionUpdatedV2",
            "PublishedVersionActive",
        )
        for end, made in (
            (SUCCESS, lambda world: {"FunctionName": world.function()}),
            (FAILURE, lambda _: {"FunctionName": NONE}),
        )
    ],
    ("iam", "RoleExists", SUCCESS, lambda world: {"RoleName": world.role()}),
    ("iam", "RoleExists", NEVER_ENDS, lambda _: {"RoleName": NONE}),
    ("iam", "PolicyExists", SUCCESS, lambda world: {"PolicyArn": world.policy()}),
    ("iam", "PolicyExists", NEVER_ENDS, lambda _: {"PolicyArn": f"arn:aws:iam::000000000000:policy/{NONE}"}),
    ("cloudwatch", "AlarmExists", SUCCESS, lambda world: {"AlarmNames": [world.alarm()]}),
    ("cloudwatch", "AlarmExists", NEVER_ENDS, lambda _: {"AlarmNames": [NONE]}),
]

NOT_TRIED = {
    ("cloudformation", "StackImportComplete"): "no template imports a resource",
    ("cloudformation", "StackRefactorCreateComplete"): "no stack is refactored",
    ("cloudformation", "StackRefactorExecuteComplete"): "no stack is refactored",
    ("cloudformation", "TypeRegistrationComplete"): "no template has a type of its own",
    ("iam", "InstanceProfileExists"): "no template has an instance",
    ("iam", "UserExists"): "no template has a user",
    ("cloudwatch", "AlarmMuteRuleExists"): "no template has one",
    ("cloudwatch", "CompositeAlarmExists"): "no template has one",
    ("cloudwatch", "LogAlarmExists"): "no template has one",
}


def shipped_waiters() -> Iterator[tuple[str, str]]:
    loader = botocore.session.get_session().get_component("data_loader")
    for service in SERVICES:
        for name in loader.load_service_model(service, "waiters-2")["waiters"]:
            yield service, name


def test_every_waiter_is_tried_or_has_a_reason_why_not() -> None:
    assert set(shipped_waiters()) == {(service, name) for service, name, _, _ in WAITS} | set(NOT_TRIED)


@pytest.mark.parametrize(("service", "waiter", "end", "made"), WAITS)
def test_a_waiter_ends_as_on_aws(lab: Any, service: str, waiter: str, end: str, made: Made) -> None:
    world = World(lab)
    request = made(world)
    config = {"Delay": 0.1, "MaxAttempts": SOON if end == NEVER_ENDS else FOREVER}
    wait = world.client(service).get_waiter(xform_name(waiter)).wait
    if end == SUCCESS:
        wait(**request, WaiterConfig=config)
        return
    with pytest.raises(WaiterError) as failed:
        wait(**request, WaiterConfig=config)
    assert ("Max attempts exceeded" in str(failed.value)) == (end == NEVER_ENDS)


def listed(client: Any, operation: str, request: Mapping[str, Any], size: int | None) -> list[Any]:
    """Return everything that the paginator returns, in order."""
    paginator = client.get_paginator(xform_name(operation))
    (expression, *_) = paginator.result_keys
    config = {} if size is None else {"PageSize": size}
    pages = paginator.paginate(**request, PaginationConfig=config)
    return [row for page in pages for row in expression.search(page) or ()]


def check(
    client: Any, operation: str, member: str | None, expected: Sequence[Any], size: int | None, **request: Any
) -> None:
    """Check that each expected item is listed exactly once, whatever else there is."""
    rows = listed(client, operation, request, size)
    found = [row if member is None else row[member] for row in rows]
    assert sorted(one for one in found if one in set(expected)) == sorted(expected), operation


def test_objects_versions_uploads_and_parts_are_listed_page_by_page(lab: Any) -> None:
    s3, bucket = lab.s3, lab.bucket()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    keys = [f"{folder}/{number}" for folder in "ab" for number in range(4)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    for operation in ("ListObjects", "ListObjectsV2", "ListObjectVersions"):
        check(s3, operation, "Key", keys, 3, Bucket=bucket)
    ids = [s3.create_multipart_upload(Bucket=bucket, Key=f"u{number}")["UploadId"] for number in range(5)]
    check(s3, "ListMultipartUploads", "UploadId", ids, 2, Bucket=bucket)
    parts = list(range(1, 6))
    for number in parts:
        s3.upload_part(Bucket=bucket, Key="u0", UploadId=ids[0], PartNumber=number, Body=b"x")
    check(s3, "ListParts", "PartNumber", parts, 2, Bucket=bucket, Key="u0", UploadId=ids[0])
    check(s3, "ListBuckets", "Name", [bucket, lab.bucket(), lab.bucket()], 2)


def test_stacks_with_their_events_resources_and_exports_are_listed_page_by_page(lab: Any) -> None:
    world = World(lab)
    cloudformation, stacks = lab.aws.client("cloudformation"), [world.stack() for _ in range(3)]
    for name in stacks:
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 0.1})
    check(cloudformation, "DescribeStacks", "StackName", stacks, None)
    check(cloudformation, "ListStacks", "StackName", stacks, None)
    check(cloudformation, "ListExports", "Name", [f"{name}-Topic0" for name in stacks], None)
    for operation in ("ListStackResources", "DescribeStackEvents"):
        rows = listed(cloudformation, operation, {"StackName": stacks[0]}, None)
        assert "Topic0" in {row["LogicalResourceId"] for row in rows}


def test_machines_executions_and_histories_are_listed_page_by_page(lab: Any) -> None:
    states = lab.states
    machines = [
        states.create_state_machine(name=lab.name(), definition=STATES, roleArn=ROLE)["stateMachineArn"]
        for _ in range(3)
    ]
    check(states, "ListStateMachines", "stateMachineArn", machines, 2)
    executions = [lab.execute(machines[0]) for _ in range(3)]
    for execution in executions:
        lab.execution(execution)
    check(states, "ListExecutions", "executionArn", executions, 2, stateMachineArn=machines[0])
    events = listed(states, "GetExecutionHistory", {"executionArn": executions[0]}, None)
    for reverse in (False, True):
        request = {"executionArn": executions[0], "reverseOrder": reverse}
        paged = listed(states, "GetExecutionHistory", request, 2)
        assert [event["id"] for event in paged] == [event["id"] for event in events][:: -1 if reverse else 1]


def test_the_resources_of_a_job_are_listed_page_by_page(lab: Any) -> None:
    world = World(lab)
    check(world.client("lambda"), "ListFunctions", "FunctionName", [world.function() for _ in range(3)], 2)
    iam, roles = world.client("iam"), [world.role() for _ in range(3)]
    check(iam, "ListRoles", "RoleName", roles, 2)
    for name in ("a", "b", "c"):
        iam.put_role_policy(RoleName=roles[0], PolicyName=name, PolicyDocument=POLICY)
    check(iam, "ListRolePolicies", None, ["a", "b", "c"], 2, RoleName=roles[0])
    check(world.client("cloudwatch"), "DescribeAlarms", "AlarmName", [world.alarm() for _ in range(3)], 2)
    kms = world.client("kms")
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)]
    check(kms, "ListKeys", "KeyId", keys, 2)
    sns = world.client("sns")
    topics = [sns.create_topic(Name=lab.name())["TopicArn"] for _ in range(101)]
    check(sns, "ListTopics", "TopicArn", topics, None)
    sqs, mark = world.client("sqs"), lab.name()
    queues = [sqs.create_queue(QueueName=f"{mark}-{number}")["QueueUrl"] for number in range(3)]
    check(sqs, "ListQueues", None, queues, 2, QueueNamePrefix=mark)


def test_the_triggers_of_a_job_are_listed_page_by_page(lab: Any) -> None:
    events, scheduler = lab.aws.client("events"), lab.aws.client("scheduler")
    machine = lab.machine({"A": {"Type": "Succeed"}})
    names = [lab.name() for _ in range(5)]
    for name in names:
        events.put_rule(Name=name, EventPattern='{"source": ["any"]}')
        events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": machine, "RoleArn": ROLE}])
        scheduler.create_schedule(
            Name=name,
            ScheduleExpression="rate(1 hour)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": machine, "RoleArn": ROLE},
        )
        scheduler.create_schedule_group(Name=name)
    check(events, "ListRules", "Name", names, 2)
    check(events, "ListRuleNamesByTarget", None, names, 2, TargetArn=machine)
    check(scheduler, "ListSchedules", "Name", names, 2)
    check(scheduler, "ListScheduleGroups", "Name", names, 2)


def test_log_groups_and_streams_are_listed_page_by_page(lab: Any) -> None:
    mark = f"/{lab.name()}"
    for number in range(5):
        lab.logs.create_log_group(logGroupName=f"{mark}/{number}")
        lab.logs.create_log_stream(logGroupName=f"{mark}/0", logStreamName=f"s{number}")
    groups = [f"{mark}/{number}" for number in range(5)]
    check(lab.logs, "DescribeLogGroups", "logGroupName", groups, 2, logGroupNamePrefix=mark)
    streams = [f"s{number}" for number in range(5)]
    check(lab.logs, "DescribeLogStreams", "logStreamName", streams, 2, logGroupName=f"{mark}/0")
