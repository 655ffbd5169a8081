"""What the model's container gets: its image, its archive and its environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_transform.local.sagemaker.models import Model
from batch_transform.local.sagemaker.transform_job import TransformJob
from batch_transform.spec.errors import TransformJobError

_STRATEGIES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}


def only_container(model: Model) -> Mapping[str, Any]:
    """Return the model's container. Raises TransformJobError for what the local AWS does not run yet."""
    if len(model.containers) != 1:
        raise TransformJobError(
            f"ClientError: model {model.name} has {len(model.containers)} containers; the local AWS does not run "
            "inference pipelines yet"
        )
    (container,) = model.containers
    if "Image" not in container:
        raise TransformJobError(
            f"ClientError: model {model.name} is made from the model package {container['ModelPackageName']}; the "
            "local AWS has no model registry: give it an Image and a ModelDataUrl"
        )
    return container


def environment(job: TransformJob, container: Mapping[str, Any], endpoint_url: str) -> dict[str, str]:
    """Return the container's environment (Developer Guide, "Use Your Own Inference Code with Batch Transform").

    The job's own variables go before the model's (inferred). What the job's request does not set
    is not there. The AWS variables point any client in the container's code at the local AWS.
    """
    request = job.request
    batch = {"SAGEMAKER_BATCH": "true"}
    if "MaxPayloadInMB" in request:
        batch["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(request["MaxPayloadInMB"])
    if "BatchStrategy" in request:
        batch["SAGEMAKER_BATCH_STRATEGY"] = _STRATEGIES[request["BatchStrategy"]]
    if "MaxConcurrentTransforms" in request:
        batch["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(request["MaxConcurrentTransforms"])
    aws = {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": job.scope.region,
        "AWS_DEFAULT_REGION": job.scope.region,
        "AWS_ACCESS_KEY_ID": job.scope.account,
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    return {**aws, **container.get("Environment", {}), **request.get("Environment", {}), **batch}
