"""The model of a run, if the job names an endpoint or a model package group instead of a model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Protocol

from botocore.exceptions import ClientError

from batch_transform.job.errors import ModelNotFoundError


class SageMakerClient(Protocol):
    """The part of boto3's SageMaker client that is used here."""

    def describe_endpoint(self, *, EndpointName: str) -> Any:
        """As boto3 has it."""

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> Any:
        """As boto3 has it."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""

    def create_model(self, *, ModelName: str, **request: Any) -> Any:
        """As boto3 has it."""


def run_model(job: str, source: Mapping[str, Any], sagemaker: SageMakerClient) -> str:
    """Return the name of the model for this run.

    `source` holds `endpoint`, or `package_group` with `role` and, if the job sets them, `env`, `vpc_config` and
    `enable_network_isolation`. Raises ModelNotFoundError.
    """
    if "endpoint" in source:
        return _model_of_endpoint(source["endpoint"], sagemaker)
    return _model_of_package(job, _newest_package(source["package_group"], sagemaker), source, sagemaker)


def _model_of_endpoint(endpoint: str, sagemaker: SageMakerClient) -> str:
    """Return the model of the endpoint's current configuration, even during an update of the endpoint."""
    try:
        described = sagemaker.describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        raise ModelNotFoundError(
            f"the endpoint {endpoint} of model.endpoint cannot be described: {_reason(error)}"
        ) from error
    config = described["EndpointConfigName"]
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    models = list(dict.fromkeys(variant["ModelName"] for variant in variants if variant.get("ModelName")))
    if len(models) == 1:
        return str(models[0])
    if models:
        raise ModelNotFoundError(
            f"the endpoint {endpoint} serves {len(models)} models ({', '.join(models)}); name the one to use in "
            "model.existing"
        )
    raise ModelNotFoundError(
        f"the configuration {config} of the endpoint {endpoint} names no model (inference components have their own); "
        "name a model in model.existing"
    )


def _newest_package(group: str, sagemaker: SageMakerClient) -> str:
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        SortBy="CreationTime",
        SortOrder="Descending",
    )
    try:
        for page in pages:
            for package in page["ModelPackageSummaryList"]:
                if package["ModelPackageStatus"] == "Completed":
                    return str(package["ModelPackageArn"])
    except ClientError as error:
        raise ModelNotFoundError(
            f"the packages of {group} of model.package_group cannot be listed: {_reason(error)}"
        ) from error
    raise ModelNotFoundError(
        f"the model package group {group} has no approved package; approve one, then start the run again"
    )


def _model_of_package(job: str, package: str, source: Mapping[str, Any], sagemaker: SageMakerClient) -> str:
    """Create a model, which a transform job needs, or return the one that an earlier run created in the same way."""
    container: dict[str, Any] = {"ModelPackageName": package}
    if source.get("env"):
        container["Environment"] = source["env"]
    request: dict[str, Any] = {"ExecutionRoleArn": source["role"], "PrimaryContainer": container}
    if "vpc_config" in source:
        request["VpcConfig"] = source["vpc_config"]
    if "enable_network_isolation" in source:
        request["EnableNetworkIsolation"] = source["enable_network_isolation"]
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    name = f"{job}-{digest[:16]}"
    try:
        sagemaker.create_model(ModelName=name, **request)
    except ClientError as error:
        if "already existing model" in error.response["Error"]["Message"]:
            return name  # created by an earlier run, or by one that started at the same time
        raise ModelNotFoundError(
            f"no model can be created from the package {package}: {_reason(error)}"
        ) from error
    return name


def _reason(error: ClientError) -> str:
    return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
