"""Every waiter and paginator of botocore for an operation that the local SageMaker supports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import WaiterError

from batch_transform.local.sagemaker.job_runner import JobRunner
from batch_transform.local.sagemaker.service import SageMaker

SERVED = SageMaker(cast(JobRunner, None), lambda *_: None).operations
VARIANT = {"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
ONCE = {"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 10}


def shipped(kind: str) -> dict[str, dict[str, Any]]:
    """Return botocore's own data for SageMaker, by the name of the waiter or paginated operation."""
    loader = botocore.session.get_session().get_component("data_loader")
    (content,) = (
        value for value in loader.load_service_model("sagemaker", kind).values() if isinstance(value, Mapping)
    )
    return dict(content)


WAITERS = {name: one for name, one in shipped("waiters-2").items() if one["operation"] in SERVED}
ENDS = [
    (name, acceptor["expected"], acceptor["state"])
    for name, one in WAITERS.items()
    for acceptor in one["acceptors"]
    if acceptor["state"] != "retry"
]
PAGINATED = sorted(SERVED & set(shipped("paginators-1")))


def a_job(lab: Any, behaviour: str = "count") -> str:
    bucket = lab.bucket(**{"a.csv": b"1,2\n"})
    return str(lab.start(lab.request(lab.model(behaviour), bucket, ModelClientConfig=ONCE)))


def a_stopped_job(lab: Any) -> str:
    name = a_job(lab, "hang")
    lab.sagemaker.stop_transform_job(TransformJobName=name)
    return name


def an_endpoint(lab: Any) -> str:
    name = str(lab.name())
    variant = VARIANT | {"ModelName": lab.model()}
    lab.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    lab.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return name


def a_deleted_endpoint(lab: Any) -> str:
    name = an_endpoint(lab)
    lab.sagemaker.delete_endpoint(EndpointName=name)
    return name


MADE: Mapping[tuple[str, str], Callable[[Any], str]] = {
    ("TransformJobCompletedOrStopped", "Completed"): a_job,
    ("TransformJobCompletedOrStopped", "Stopped"): a_stopped_job,
    ("TransformJobCompletedOrStopped", "Failed"): lambda lab: a_job(lab, "fail"),
    ("TransformJobCompletedOrStopped", "ValidationException"): lambda lab: str(lab.name()),
    ("EndpointInService", "InService"): an_endpoint,
    ("EndpointInService", "ValidationException"): lambda lab: str(lab.name()),
    ("EndpointDeleted", "ValidationException"): a_deleted_endpoint,
}
NEVER = {
    ("EndpointInService", "Failed"): "no instance is started for an endpoint: it is in service at once",
    ("EndpointDeleted", "Failed"): "no instance is started for an endpoint: it is in service at once",
}


def test_every_end_of_every_waiter_is_tested_or_has_a_reason_why_it_cannot_be_reached() -> None:
    assert {(name, expected) for name, expected, _ in ENDS} == {*MADE, *NEVER}


@pytest.mark.parametrize(("waiter", "expected", "state"), [end for end in ENDS if end[:2] in MADE])
def test_a_waiter_ends_as_on_aws(lab: Any, waiter: str, expected: str, state: str) -> None:
    name = MADE[waiter, expected](lab)
    input_shape = lab.sagemaker.meta.service_model.operation_model(WAITERS[waiter]["operation"]).input_shape
    (member,) = input_shape.required_members

    def wait() -> None:
        config = {"Delay": 0.1, "MaxAttempts": 300}
        lab.sagemaker.get_waiter(xform_name(waiter)).wait(**{member: name}, WaiterConfig=config)

    if state == "success":
        wait()
        return
    with pytest.raises(WaiterError) as failed:
        wait()
    last = failed.value.last_response
    assert expected in {last.get("Error", {}).get("Code"), last.get("TransformJobStatus")}


def five_jobs(lab: Any) -> tuple[dict[str, Any], set[str]]:
    model, bucket, mark = lab.model(), lab.bucket(**{"a.csv": b"1,2\n"}), lab.name()
    names = {f"{mark}-{number}" for number in range(5)}
    for name in names:
        lab.start(lab.request(model, bucket, TransformJobName=name))
    return {"NameContains": mark}, names


def five_models(lab: Any) -> tuple[dict[str, Any], set[str]]:
    mark = lab.name()
    names = {f"{mark}-{number}" for number in range(5)}
    for name in names:
        lab.sagemaker.create_model(
            ModelName=name,
            PrimaryContainer={"Image": "x"},
            ExecutionRoleArn="arn:aws:iam::000000000000:role/x",
        )
    return {"NameContains": mark}, names


def five_packages(lab: Any) -> tuple[dict[str, Any], set[str]]:
    group = lab.name()
    lab.sagemaker.create_model_package_group(ModelPackageGroupName=group)
    arns = {
        lab.sagemaker.create_model_package(ModelPackageGroupName=group)["ModelPackageArn"] for _ in range(5)
    }
    return {"ModelPackageGroupName": group}, arns


def fifty_tags(lab: Any) -> tuple[dict[str, Any], set[str]]:
    """Return as many tags as a resource may have: a page of ListTags has at least 50, so there is a single page."""
    arn = lab.sagemaker.describe_model(ModelName=lab.model())["ModelArn"]
    keys = {f"key-{number}" for number in range(50)}
    lab.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": key, "Value": "x"} for key in keys])
    return {"ResourceArn": arn}, keys


LISTED: Mapping[str, tuple[Callable[[Any], tuple[dict[str, Any], set[str]]], str, int, int]] = {
    "ListTransformJobs": (five_jobs, "TransformJobName", 2, 3),
    "ListModels": (five_models, "ModelName", 2, 3),
    "ListModelPackages": (five_packages, "ModelPackageArn", 2, 3),
    "ListTags": (fifty_tags, "Key", 50, 1),
}
"""By operation: the member with the list, the member with the name, the page size and the number of pages."""


def test_every_paginated_operation_is_tested() -> None:
    assert list(PAGINATED) == sorted(LISTED)


@pytest.mark.parametrize("operation", PAGINATED)
def test_a_paginator_returns_everything_once_and_ends(lab: Any, operation: str) -> None:
    make, member, size, pages = LISTED[operation]
    request, expected = make(lab)
    paginator = lab.sagemaker.get_paginator(xform_name(operation))
    found = list(paginator.paginate(**request, PaginationConfig={"PageSize": size}))
    result = shipped("paginators-1")[operation]["result_key"]
    names = [one[member] for each in found for one in each[result]]
    assert (len(found), sorted(names)) == (pages, sorted(expected))
    resumed = paginator.paginate(**request, PaginationConfig={"PageSize": size, "MaxItems": len(expected)})
    assert len(resumed.build_full_result()[result]) == len(expected)
