"""A bucket that the CDK empties is deleted with its stack, whatever it contains."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError


def test_a_bucket_is_deleted_with_all_versions_of_its_objects(lab: Any, until: Callable[..., None]) -> None:
    cloudformation, name = lab.aws.client("cloudformation"), lab.name()
    bucket = {
        "Type": "AWS::S3::Bucket",
        "Properties": {"VersioningConfiguration": {"Status": "Enabled"}},
    }
    emptied = {
        "Type": "Custom::S3AutoDeleteObjects",
        "Properties": {
            "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:not-there",
            "BucketName": {"Ref": "Bucket"},
        },
    }
    template = {
        "Resources": {"Bucket": bucket, "Emptied": emptied},
        "Outputs": {"Name": {"Value": {"Ref": "Bucket"}}},
    }
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))

    def described() -> dict[str, Any]:
        [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return dict(stack)

    until(lambda: described()["StackStatus"] == "CREATE_COMPLETE")
    data, stack_id = described()["Outputs"][0]["OutputValue"], described()["StackId"]
    for key in ("a", "a", "b"):
        lab.s3.put_object(Bucket=data, Key=key, Body=b"x")
    lab.s3.delete_object(Bucket=data, Key="b")
    cloudformation.delete_stack(StackName=name)

    def is_gone() -> bool:
        [stack] = cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
        assert stack["StackStatus"] != "DELETE_FAILED", stack.get("StackStatusReason")
        return bool(stack["StackStatus"] == "DELETE_COMPLETE")

    until(is_gone)
    try:
        lab.s3.head_bucket(Bucket=data)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "404"
    else:
        raise AssertionError("the bucket is still there")
