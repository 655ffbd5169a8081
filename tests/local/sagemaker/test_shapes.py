from __future__ import annotations

from typing import Any

import pytest

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.sagemaker.shapes import validate

REQUEST: dict[str, Any] = {
    "TransformJobName": "job-1",
    "ModelName": "model",
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}}},
    "TransformOutput": {"S3OutputPath": "s3://b/out"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}


def test_a_valid_request_passes() -> None:
    tags = [{"Key": "Größe: a/b", "Value": "x y"}]
    validate("CreateTransformJob", {**REQUEST, "Tags": tags, "Environment": {"A_1": "any\ntext"}})


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"ModelName": None},
            "Value null at 'modelName' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"Environment": {"A": "x" * 10_241}},
            "at 'environment.A' failed to satisfy constraint: Member must have length less than or equal to 10240",
        ),
        (
            {"TransformJobName": "a_b"},
            "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ),
        ({"MaxPayloadInMB": -1}, "Member must have value greater than or equal to 0"),
        (
            {"MaxPayloadInMB": "6"},
            "Value '6' at 'maxPayloadInMB' failed to satisfy constraint: Member must be of type integer",
        ),
        ({"MaxPayloadInMB": True}, "Member must be of type integer"),
        ({"BatchStrategy": "Many"}, "Member must satisfy enum value set: [MultiRecord, SingleRecord]"),
        ({"DataProcessing": {"InputFilter": "$" * 64}}, "at 'dataProcessing.inputFilter' failed"),
        (
            {"ModelClientConfig": {"InvocationsMaxRetries": 4}},
            "at 'modelClientConfig.invocationsMaxRetries' failed",
        ),
        ({"Tags": [{"Key": "ok", "Value": "v"}, {"Key": "", "Value": "v"}]}, "at 'tags.2.member.key' failed"),
        ({"Environment": {"1A": "x"}}, "Value '1A' at 'environment.key' failed"),
        (
            {"Environment": {f"A{n}": "" for n in range(17)}},
            "Member must have length less than or equal to 16",
        ),
        (
            {"DataProcesing": {}},
            "at 'dataProcesing' failed to satisfy constraint: Member is not known; known members: [",
        ),
    ],
)
def test_fails_when_a_member_breaks_the_model_of_the_api(members: dict[str, Any], message: str) -> None:
    with pytest.raises(RefusedRequestError) as refused:
        validate("CreateTransformJob", {**REQUEST, **members})
    assert refused.value.code == "ValidationException"
    assert refused.value.message.startswith("1 validation error detected: ")
    assert message in refused.value.message


def test_fails_naming_all_errors_at_once() -> None:
    with pytest.raises(RefusedRequestError, match=r"^ValidationException: 3 validation errors detected: "):
        validate(
            "CreateTransformJob",
            {**REQUEST, "TransformJobName": "a_b", "ModelName": "c_d", "MaxPayloadInMB": -1},
        )


def test_fails_when_the_api_has_no_such_operation() -> None:
    with pytest.raises(RefusedRequestError, match="UnknownOperationException"):
        validate("CreateTransfromJob", REQUEST)


def test_patterns_that_python_cannot_compile_are_checked_too() -> None:
    tags = {"CustomerMetadataProperties": {"stage": "Prüfung 1"}, "ModelPackageDescription": "“ça” + ∑!"}
    validate("CreateModelPackage", {"ModelPackageName": "a", **tags})
    with pytest.raises(RefusedRequestError, match="customerMetadataProperties"):
        validate("CreateModelPackage", {"CustomerMetadataProperties": {"a": "semicolon;"}})
    with pytest.raises(RefusedRequestError, match="modelPackageDescription"):
        validate("CreateModelPackage", {"ModelPackageDescription": "a\x00b"})
