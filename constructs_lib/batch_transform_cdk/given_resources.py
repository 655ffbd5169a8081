"""A job together with the network, the role and the keys that an app gives it: pure functions of the job."""

from __future__ import annotations

from dataclasses import replace

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from batch_transform.job.aws.instance_types import LOCAL_STORAGE_FAMILIES, family
from batch_transform.job.errors import ConstructError
from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.data.job_places import JobPlaces
from batch_transform_cdk.ground.tokens import key_arn
from batch_transform_cdk.model.job_network import JobNetwork


def with_network(job: JobSpec, network: JobNetwork | None) -> JobSpec:
    if network is None:
        return job
    if job.model.vpc_config is not None:
        raise ConstructError(
            "the job has a model.vpc_config and vpc is given as well; leave one of the two out"
        )
    if job.model.existing is not None or job.model.endpoint is not None:
        raise ConstructError("vpc is given, but the job's model exists with its own network; leave vpc out")
    return replace(job, model=replace(job.model, vpc_config=network.vpc_config))


def with_role(job: JobSpec, role: iam.IRole | None) -> JobSpec:
    """Name the role in the job if a run needs its ARN: only a run creates the model of a package."""
    if role is None:
        return job
    if job.model.role is not None:
        raise ConstructError(
            "the job has a model.role and execution_role is given as well; leave one of the two out"
        )
    if job.model.existing is not None or job.model.endpoint is not None:
        raise ConstructError(
            "execution_role is given, but the job's model exists with its own role; leave execution_role out"
        )
    if job.model.package_group is None:
        return job
    return replace(job, model=replace(job.model, role=role.role_arn))


def with_keys(job: JobSpec, places: JobPlaces, key: kms.IKey | None) -> JobSpec:
    """Name the keys in the request: without one, SageMaker writes with the account's default key for S3."""
    transform, output, capture = job.transform, job.output, job.batch_data_capture_config
    local_storage = any(family(one) in LOCAL_STORAGE_FAMILIES for one in transform.instance_type)
    if key is not None and transform.volume_kms_key is None and not local_storage:
        transform = replace(transform, volume_kms_key=key_arn(key))
    if places.output.key is not None:
        output = replace(output, kms_key=places.output.key.text)
    if places.captured is not None and places.captured.key is not None:
        capture = replace(capture, kms_key_id=places.captured.key.text)
    return replace(job, transform=transform, output=output, batch_data_capture_config=capture)
