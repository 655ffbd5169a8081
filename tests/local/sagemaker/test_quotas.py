from __future__ import annotations

import json
from pathlib import Path

import pytest

from batch_transform.job.errors import RefusedRequestError, TransformJobError
from batch_transform.local.sagemaker.quotas import Quotas
from batch_transform.local.sagemaker.resource import Scope
from batch_transform.local.sagemaker.transform_job import TransformJob


def job(count: int, instance_type: str = "ml.m5.large") -> TransformJob:
    resources = {"InstanceType": instance_type, "InstanceCount": count}
    return TransformJob(Scope("1", "r"), {"TransformJobName": "j", "TransformResources": resources})


def quotas(path: Path, **limits: object) -> Quotas:
    path.write_text(json.dumps(limits))
    return Quotas(path)


def test_without_a_file_nothing_is_limited() -> None:
    Quotas(None).admit(job(1_000), [job(1_000)])
    Quotas(None).provision(job(1_000))


def test_instances_of_the_same_type_are_counted(tmp_path: Path) -> None:
    limited = quotas(tmp_path / "q", ServiceQuotas={"ml.m5.large for transform job usage": 5})
    limited.admit(job(2), [job(3), job(9, "ml.m5.xlarge")])
    with pytest.raises(RefusedRequestError, match="is 5 Instances, with current utilization of 4 Instances"):
        limited.admit(job(2), [job(3), job(1)])


def test_an_unavailable_type_is_a_capacity_error(tmp_path: Path) -> None:
    limited = quotas(tmp_path / "q", InsufficientInstanceCapacity=["ml.m5.large"])
    limited.provision(job(1, "ml.m5.xlarge"))
    with pytest.raises(
        TransformJobError, match=r"^CapacityError: Unable to provision requested ML compute capacity"
    ):
        limited.provision(job(1))


def test_an_edit_of_the_file_takes_effect_at_once(tmp_path: Path) -> None:
    path = tmp_path / "q"
    limited = quotas(path, InsufficientInstanceCapacity=["ml.m5.large"])
    quotas(path, InsufficientInstanceCapacity=[])
    limited.provision(job(1))


def test_a_type_with_internal_errors_fails_its_jobs(tmp_path: Path) -> None:
    limited = quotas(tmp_path / "q", InternalServerError=["ml.m5.large"])
    limited.provision(job(1, "ml.m5.xlarge"))
    with pytest.raises(TransformJobError, match=r"^InternalServerError: "):
        limited.provision(job(1))


def test_a_throttled_operation_is_refused_and_the_others_are_not(tmp_path: Path) -> None:
    limited = quotas(tmp_path / "q", ThrottlingException=["DescribeTransformJob"])
    limited.throttle("CreateTransformJob")
    with pytest.raises(RefusedRequestError) as caught:
        limited.throttle("DescribeTransformJob")
    assert (caught.value.code, caught.value.message) == ("ThrottlingException", "Rate exceeded")
