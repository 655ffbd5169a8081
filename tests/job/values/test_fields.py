"""Whether a job file can express all of CreateTransformJob."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter
from typing import Any

import botocore.session
from botocore.model import Shape, StructureShape

from batch_transform.job.request.request import transform_job_request
from batch_transform.job.values.fields import MEMBERS, WITHOUT_FIELD, all_fields
from batch_transform.job.values.job_spec import (
    BatchDataCaptureConfig,
    ExperimentConfig,
    InputSpec,
    JobSpec,
    ModelSpec,
    OutputSpec,
    TransformSpec,
)

SPEC = JobSpec(
    name="churn",
    model=ModelSpec(existing="churn"),
    input=InputSpec(content_type="text/csv"),
    transform=TransformSpec(
        strategy="MultiRecord",
        max_payload=1,
        max_concurrent_transforms=2,
        env={"A": "b"},
        invocations_timeout_in_seconds=60,
        invocations_max_retries=1,
        volume_kms_key="alias/volume",
        transform_ami_version="al2-ami-sagemaker-batch-gpu-535",
    ),
    output=OutputSpec(accept="text/csv", kms_key="alias/output"),
    batch_data_capture_config=BatchDataCaptureConfig("s3://bucket/captured/", "alias/captured", True),
    experiment_config=ExperimentConfig("churn", "churn-1", "scores", "nightly"),
    tags={"team": "churn"},
)


def _leaves(shape: Shape, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from _leaves(member, (*path, name))
    else:
        yield path


def members_of_the_service_model() -> set[tuple[str, ...]]:
    shape = (
        botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateTransformJob")
    )
    assert shape.input_shape is not None
    return set(_leaves(shape.input_shape))


def test_every_member_of_the_service_model_has_a_field_or_a_reason_why_not() -> None:
    members = members_of_the_service_model()
    fields = {member.path for member in MEMBERS}
    assert len(members) > 30
    assert fields | WITHOUT_FIELD.keys() == members
    assert not fields & WITHOUT_FIELD.keys()
    assert all(len(reason) > 20 for reason in WITHOUT_FIELD.values())


def test_every_field_of_a_member_is_one_of_the_job_file() -> None:
    assert {member.field for member in MEMBERS} <= set(all_fields())
    for member in MEMBERS:
        attrgetter(member.field)(SPEC)


def test_a_job_with_every_field_sends_every_member() -> None:
    request = transform_job_request(SPEC, model_name="churn", data="s3://in/a/", output_path="s3://out/a/")

    def paths(node: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if isinstance(node, dict) and path != ("Environment",):
            for name, member in node.items():
                yield from paths(member, (*path, name))
        else:
            yield path

    assert set(paths(request, ())) == members_of_the_service_model() - {("TransformJobName",)}
    assert request["DataCaptureConfig"] == {
        "DestinationS3Uri": "s3://bucket/captured/",
        "KmsKeyId": "alias/captured",
        "GenerateInferenceId": True,
    }


def test_a_flag_that_is_set_to_false_is_sent() -> None:
    off = replace(SPEC, batch_data_capture_config=BatchDataCaptureConfig("s3://bucket/c/", None, False))
    request = transform_job_request(off, model_name="churn", data="s3://in/a/", output_path="s3://out/a/")
    assert request["DataCaptureConfig"] == {
        "DestinationS3Uri": "s3://bucket/c/",
        "GenerateInferenceId": False,
    }
