from __future__ import annotations

from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from batch_transform.adopt.described_job import adopt_described
from batch_transform.job.errors import DataNotFoundError, InputError

DESCRIPTION = {
    "TransformJobName": "churn-2026-01-02-10-00-00-123",
    "TransformJobArn": "arn:aws:sagemaker:eu-west-1:1:transform-job/churn",
    "TransformJobStatus": "Completed",
    "ModelName": "churn-model",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://in-bucket/x"}}
    },
    "TransformOutput": {"S3OutputPath": "s3://out-bucket/y"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "ResponseMetadata": {"HTTPStatusCode": 200},
}


class FakeAccount:
    """An account with one transform job; each call can be made to fail."""

    def __init__(
        self, *, describe_error: Exception | None = None, tags_error: Exception | None = None
    ) -> None:
        self._describe_error = describe_error
        self._tags_error = tags_error

    def client(self, service: str) -> FakeAccount:
        assert service == "sagemaker"
        return self

    def describe_transform_job(self, TransformJobName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if self._describe_error:
            raise self._describe_error
        assert TransformJobName == "churn"
        return dict(DESCRIPTION)

    def get_paginator(self, operation: str) -> FakeAccount:
        assert operation == "list_tags"
        return self

    def paginate(self, ResourceArn: str) -> list[dict[str, Any]]:  # noqa: N803 - AWS's name
        if self._tags_error:
            raise self._tags_error
        assert ResourceArn == DESCRIPTION["TransformJobArn"]
        return [{"Tags": [{"Key": "team", "Value": "data"}]}, {"Tags": [{"Key": "aws:x", "Value": "y"}]}]


def refused(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeTransformJob")


def adopt(account: FakeAccount) -> Any:
    return adopt_described("churn", cast(boto3.Session, account))


def test_a_job_of_the_account_is_read_with_its_own_tags() -> None:
    adopted = adopt(FakeAccount())
    assert adopted.request["Tags"] == [{"Key": "team", "Value": "data"}]
    assert adopted.request["ModelName"] == "churn-model"
    assert adopted.origin == "the transform job churn"


def test_tags_that_the_caller_may_not_read_are_reported() -> None:
    adopted = adopt(FakeAccount(tags_error=refused("AccessDeniedException", "no")))
    assert adopted.notes == ("Its tags could not be read (AccessDeniedException).",)
    assert "Tags" not in adopted.request


def test_fails_when_there_is_no_such_job() -> None:
    error = refused("ValidationException", "Could not find requested job with name: churn")
    with pytest.raises(DataNotFoundError, match="nor a transform job with that name in the account"):
        adopt(FakeAccount(describe_error=error))


def test_fails_when_the_call_to_aws_fails() -> None:
    with pytest.raises(InputError, match=r"cannot be described: .*AccessDenied"):
        adopt(FakeAccount(describe_error=refused("AccessDenied", "no")))
    with pytest.raises(InputError, match="could not look for a transform job"):
        adopt(FakeAccount(describe_error=EndpointConnectionError(endpoint_url="http://127.0.0.1:1")))
