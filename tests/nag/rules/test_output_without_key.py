"""Output without and with a customer managed key."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from nag.apps import KEY, OUTPUT_PATH, findings, machine, task


def output(language: str, **members: Any) -> dict[str, Any]:
    return {**OUTPUT_PATH[language], "Accept": "text/csv", "AssembleWith": "Line", **members}


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_noncompliance_of_output_without_a_key(language: str) -> None:
    states = {"Transform": task(language, members={"TransformOutput": output(language)})}
    assert findings(lambda stack: machine(stack, language, states)) == {"OutputWithoutKey[Transform]"}


@pytest.mark.parametrize(
    ("language", "key"),
    [
        ("JSONata", {"KmsKeyId": KEY}),
        ("JSONata", {"KmsKeyId": "{% $states.input.key %}"}),
        ("JSONPath", {"KmsKeyId.$": "$.key"}),
    ],
)
def test_compliance_of_output_with_a_key(language: str, key: dict[str, Any]) -> None:
    states = {"Transform": task(language, members={"TransformOutput": output(language, **key)})}
    assert findings(lambda stack: machine(stack, language, states)) == set()


@pytest.mark.parametrize("with_key", [False, True])
def test_compliance_of_a_bucket_of_the_stack_with_a_key(*, with_key: bool) -> None:
    def define(stack: cdk.Stack) -> None:
        key = kms.Key(stack, "Key") if with_key else None
        bucket = s3.Bucket(stack, "Scores", enforce_ssl=True, encryption_key=key)
        path = f"{{% 's3://{bucket.bucket_name}/' & $states.context.Execution.Name %}}"
        members = {"TransformOutput": output("JSONata", S3OutputPath=path)}
        machine(stack, "JSONata", {"Transform": task("JSONata", members=members)})

    assert findings(define) == (set() if with_key else {"OutputWithoutKey[Transform]"})
