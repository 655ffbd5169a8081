"""Output that all executions write to the same place, and output with a place per execution."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from nag.apps import KEY, findings, machine, task


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_noncompliance_of_one_place_for_all_executions(language: str) -> None:
    output = {
        "S3OutputPath": "s3://scores/churn/",
        "Accept": "text/csv",
        "AssembleWith": "Line",
        "KmsKeyId": KEY,
    }
    states = {"Transform": task(language, members={"TransformOutput": output})}
    assert findings(lambda stack: machine(stack, language, states)) == {"OutputPathReused[Transform]"}


def test_noncompliance_of_one_place_in_a_bucket_of_the_stack() -> None:
    def define(stack: cdk.Stack) -> None:
        bucket = s3.Bucket(stack, "Scores", enforce_ssl=True)
        output = {
            "S3OutputPath": f"s3://{bucket.bucket_name}/churn/",
            "Accept": "text/csv",
            "AssembleWith": "Line",
            "KmsKeyId": KEY,
        }
        machine(stack, "JSONata", {"Transform": task("JSONata", members={"TransformOutput": output})})

    assert findings(define) == {"OutputPathReused[Transform]"}


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_compliance_of_a_place_for_each_execution(language: str) -> None:
    assert findings(lambda stack: machine(stack, language, {"Transform": task(language)})) == set()
