"""Reserved concurrency: what CloudFormation reserves, and events that are throttled by it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import WaiterError

ROLE = "arn:aws:iam::000000000000:role/function"
SLOW = """
import os, time
import boto3

def handler(event, context):
    time.sleep(0.2)
    key = event["detail"]["object"]["key"].replace("in/", "handled/")
    boto3.client("s3").put_object(Bucket=event["detail"]["bucket"]["name"], Key=key, Body=b"1")
"""


def template(reserved: int | None) -> str:
    properties: dict[str, Any] = {
        "Runtime": "python3.13",
        "Role": ROLE,
        "Handler": "index.handler",
        "Code": {"ZipFile": "def handler(event, context):\n    pass\n"},
    }
    if reserved is not None:
        properties["ReservedConcurrentExecutions"] = reserved
    resources = {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}}
    return json.dumps({"Resources": resources, "Outputs": {"Name": {"Value": {"Ref": "Function"}}}})


def test_a_template_reserves_and_an_update_changes_and_releases_it(lab: Any) -> None:
    formation, functions, name = lab.aws.client("cloudformation"), lab.aws.client("lambda"), lab.name()
    formation.create_stack(StackName=name, TemplateBody=template(5))
    formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    [stack] = formation.describe_stacks(StackName=name)["Stacks"]
    function = stack["Outputs"][0]["OutputValue"]
    assert functions.get_function_concurrency(FunctionName=function)["ReservedConcurrentExecutions"] == 5
    for reserved in (3, None):
        formation.update_stack(StackName=name, TemplateBody=template(reserved))
        formation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        found = functions.get_function_concurrency(FunctionName=function)
        assert found.get("ReservedConcurrentExecutions") == reserved
    formation.delete_stack(StackName=name)


def test_fails_for_a_stack_that_leaves_less_than_a_hundred_unreserved(lab: Any) -> None:
    formation, name = lab.aws.client("cloudformation"), lab.name()
    formation.create_stack(StackName=name, TemplateBody=template(901), OnFailure="DO_NOTHING")
    with pytest.raises(WaiterError):
        formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events]
    assert any(
        "UnreservedConcurrentExecution below its minimum value of [100]" in reason for reason in reasons
    )


def test_throttled_events_wait_and_none_is_lost(lab: Any, until: Callable[..., None]) -> None:
    functions, events, bucket, name = (
        lab.aws.client("lambda"),
        lab.aws.client("events"),
        lab.bucket(),
        lab.name(),
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("handler.py", SLOW)
    arn = functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=ROLE,
        Handler="handler.handler",
        Code={"ZipFile": archive.getvalue()},
    )["FunctionArn"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    lab.s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    detail = {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": "in/"}]}}
    events.put_rule(
        Name=name,
        EventPattern=json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}),
    )
    events.put_targets(Rule=name, Targets=[{"Id": "one", "Arn": arn}])
    keys = [f"{number}.csv" for number in range(5)]
    for key in keys:
        lab.s3.put_object(Bucket=bucket, Key=f"in/{key}", Body=b"1")

    def are_handled() -> bool:
        found = lab.s3.list_objects_v2(Bucket=bucket, Prefix="handled/").get("Contents", [])
        return sorted(entry["Key"] for entry in found) == [f"handled/{key}" for key in keys]

    until(are_handled)
