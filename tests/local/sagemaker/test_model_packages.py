from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fakes.archive import archive_of

ROLE = "arn:aws:iam::000000000000:role/transform-role"


@pytest.fixture
def group(lab: Any) -> str:
    name = str(lab.name())
    lab.sagemaker.create_model_package_group(
        ModelPackageGroupName=name, ModelPackageGroupDescription="Ünïcode, €!"
    )
    return name


def register(
    lab: Any, group: str, *containers: dict[str, Any], status: str | None = None, **members: Any
) -> str:
    """Register a version in the group and return its ARN."""
    specification = {"Containers": list(containers) or [{"Image": "x"}]}
    given = {"ModelApprovalStatus": status} if status else {}
    registered = lab.sagemaker.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=specification, **given, **members
    )
    return str(registered["ModelPackageArn"])


def listed(lab: Any, **request: Any) -> list[str]:
    packages = lab.sagemaker.list_model_packages(**request)["ModelPackageSummaryList"]
    return [package["ModelPackageArn"] for package in packages]


def test_versions_count_up_and_wait_for_approval(lab: Any, group: str) -> None:
    first, second = register(lab, group), register(lab, group, status="Approved")
    assert first == f"arn:aws:sagemaker:us-east-1:000000000000:model-package/{group}/1"
    described = lab.sagemaker.describe_model_package(ModelPackageName=first)
    assert described["ModelPackageVersion"] == 1
    assert described["ModelPackageGroupName"] == group
    assert described["ModelPackageStatus"] == "Completed"
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["InferenceSpecification"] == {"Containers": [{"Image": "x"}]}
    by_name = lab.sagemaker.describe_model_package(ModelPackageName=f"{group}/2")
    assert (by_name["ModelPackageArn"], by_name["ModelApprovalStatus"]) == (second, "Approved")


def test_packages_of_a_group_are_listed_by_approval_order_and_page(lab: Any, group: str) -> None:
    packages = [register(lab, group, status=status) for status in ("Approved", "Rejected", "Approved")]
    assert listed(lab, ModelPackageGroupName=group) == packages
    approved = {"ModelPackageGroupName": group, "ModelApprovalStatus": "Approved"}
    assert listed(lab, **approved, SortBy="CreationTime", SortOrder="Descending") == packages[2::-2]
    pages = lab.sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["ModelPackageSummaryList"]) for page in pages] == [2, 1]
    [summary, *_] = lab.sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    assert summary["ModelPackageVersion"] == 1
    assert "ModelPackageName" not in summary


def test_packages_without_a_group_are_listed_by_default(lab: Any, group: str) -> None:
    version, name = register(lab, group), f"{group}-alone"
    alone = lab.sagemaker.create_model_package(ModelPackageName=name)["ModelPackageArn"]
    assert listed(lab, NameContains=group) == [alone]
    assert listed(lab, NameContains=group, ModelPackageType="Versioned") == [version]
    assert listed(lab, NameContains=group, ModelPackageType="Both") == [version, alone]
    _, message = lab.refusal(lambda: lab.sagemaker.create_model_package(ModelPackageName=name))
    assert message == f"ModelPackage {alone} already exists."


def test_an_update_changes_only_the_members_it_names(lab: Any, group: str) -> None:
    arn = register(lab, group, CustomerMetadataProperties={"a": "1", "b": "2"})
    lab.sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={"c": "3"},
        CustomerMetadataPropertiesToRemove=["a"],
    )
    described = lab.sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["CustomerMetadataProperties"] == {"b": "2", "c": "3"}
    assert described["InferenceSpecification"] == {"Containers": [{"Image": "x"}]}
    assert described["LastModifiedTime"] >= described["CreationTime"]


def test_a_group_may_be_named_by_its_arn_and_has_tags(lab: Any) -> None:
    name = lab.name().upper()
    tags = [{"Key": "team", "Value": "a"}]
    arn = lab.sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=tags)[
        "ModelPackageGroupArn"
    ]
    version = register(lab, arn)
    assert listed(lab, ModelPackageGroupName=arn) == listed(lab, ModelPackageGroupName=name) == [version]
    assert lab.sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "Missing ARN."),
        ({"ModelPackageGroupName": "none"}, "model-package-group/none does not exist."),
        (
            {"ModelPackageName": "a", "ModelPackageGroupName": "b"},
            "Both ModelPackageName and ModelPackageGroupName are provided",
        ),
        ({"ModelPackageGroupName": "b", "Tags": [{"Key": "a", "Value": "b"}]}, "leave Tags out"),
    ],
)
def test_fails_when_a_package_has_neither_name_nor_group(
    lab: Any, members: dict[str, Any], message: str
) -> None:
    code, refusal = lab.refusal(lambda: lab.sagemaker.create_model_package(**members))
    assert code == "ValidationException"
    assert message in refusal


def test_fails_when_a_group_is_taken_or_missing(lab: Any, group: str) -> None:
    call = lab.sagemaker.create_model_package_group
    refusal = lab.refusal(lambda: call(ModelPackageGroupName=group))
    assert refusal == ("ValidationException", "Model Package Group already exists")
    _, message = lab.refusal(lambda: listed(lab, ModelPackageGroupName="none"))
    assert message.endswith(":model-package-group/none does not exist.")


def test_a_job_gets_image_and_data_from_the_package(lab: Any, group: str) -> None:
    bucket = lab.bucket(**{"a.csv": b"id-1,2\n"})
    code = b"def model_fn(d): return d\ndef input_fn(d, t): return d\ndef predict_fn(d, m):\n import os\n"
    code += b" return os.environ['A'] + os.environ['B'] + '\\n'\ndef output_fn(p, a): return p, a\n"
    lab.s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=archive_of({"code/inference.py": code}))
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
    container = {
        "Image": image,
        "ModelDataUrl": f"s3://{bucket}/model.tar.gz",
        "Environment": {
            "A": "a",
            "B": "b",
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        },
    }
    model = lab.name()
    primary = {"ModelPackageName": register(lab, group, container), "Environment": {"B": "c"}}
    lab.sagemaker.create_model(ModelName=model, PrimaryContainer=primary, ExecutionRoleArn=ROLE)
    assert lab.sagemaker.describe_model(ModelName=model)["PrimaryContainer"] == primary
    described = lab.run(lab.request(model, bucket))
    assert described["TransformJobStatus"] == "Completed", described
    assert lab.body(bucket, "out/a.csv.out") == b"id-1,ac\n"


def test_a_package_of_several_containers_is_a_pipeline(lab: Any, group: str, model_folder: Path) -> None:
    bucket = lab.bucket(**{"a.csv": b"id-1,2,3\n"})
    image = f"file://{model_folder}"
    echo, count = ({"Image": image, "Environment": {"BEHAVIOUR": what}} for what in ("echo", "count"))
    model, package = lab.name(), register(lab, group, echo, count)
    lab.sagemaker.create_model(
        ModelName=model, Containers=[{"ModelPackageName": package}], ExecutionRoleArn=ROLE
    )
    assert lab.run(lab.request(model, bucket))["TransformJobStatus"] == "Completed"
    assert lab.body(bucket, "out/a.csv.out") == b"id-1,2\n"


def test_fails_when_a_model_names_a_package_that_cannot_run(lab: Any, group: str) -> None:
    def create(package: str) -> object:
        container = {"ModelPackageName": package}
        return lab.sagemaker.create_model(
            ModelName=lab.name(), PrimaryContainer=container, ExecutionRoleArn=ROLE
        )

    _, message = lab.refusal(lambda: create(f"{group}/7"))
    assert message.endswith(f":model-package/{group}/7 does not exist.")
    without_image = register(lab, group, {"ModelDataUrl": "s3://b/model.tar.gz"})
    code, message = lab.refusal(lambda: create(without_image))
    assert code == "ValidationException"
    assert "an Image for each of its Containers" in message
