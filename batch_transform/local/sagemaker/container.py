"""The model's containers: their log streams, their environment and their execution parameters."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any

from batch_transform.job.errors import TransformJobError
from batch_transform.local.clients import Credentials
from batch_transform.local.sagemaker.http_invoker import HttpInvoker
from batch_transform.local.sagemaker.models import Model
from batch_transform.local.sagemaker.transform_job import TransformJob

_STRATEGIES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}


def log_stream(model: Model, stream: str, number: int) -> str:
    """Return the log stream of the container with this number, counted from 1. `stream` is the instance's.

    In a pipeline each container has its own stream, which ends with its ContainerHostname, or with `container-N` if
    it has none (Developer Guide, "Inference pipeline logs and metrics").
    """
    if len(model.containers) == 1:
        return stream
    name = model.containers[number - 1].get("ContainerHostname", f"container-{number}")
    return f"{stream}/{name}"


def environment(
    job: TransformJob, container: Mapping[str, Any], endpoint_url: str, credentials: Credentials
) -> dict[str, str]:
    """Return the container's environment.

    The job's own variables override the model's (inferred). The AWS variables point every client in the container's
    code to the local AWS, with the credentials of the execution role.
    """
    aws = {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": job.scope.region,
        "AWS_DEFAULT_REGION": job.scope.region,
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        **({"AWS_SESSION_TOKEN": credentials.token} if credentials.token else {}),
    }
    request = job.request
    return {
        **aws,
        **container.get("Environment", {}),
        **request.get("Environment", {}),
        **batch_variables(request),
    }


def batch_variables(request: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables that describe the job to a container; one for each setting that the request has.

    Developer Guide, "Use Your Own Inference Code with Batch Transform". A MaxConcurrentTransforms of 0 counts as left
    out (API reference, CreateTransformJob); what AWS sets for it isn't documented.
    """
    batch = {"SAGEMAKER_BATCH": "true"}
    if "MaxPayloadInMB" in request:
        batch["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(request["MaxPayloadInMB"])
    if "BatchStrategy" in request:
        batch["SAGEMAKER_BATCH_STRATEGY"] = _STRATEGIES[request["BatchStrategy"]]
    if request.get("MaxConcurrentTransforms"):
        batch["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(request["MaxConcurrentTransforms"])
    return batch


EXECUTION_PARAMETERS_SECONDS = 10.0
"""Time limit of GET /execution-parameters. It is optional, and a server without it answers 404 at once."""


def execution_parameters(invoker: HttpInvoker) -> dict[str, Any]:
    """Return the answer to GET /execution-parameters, {} when the container does not implement it.

    Raises TransformJobError when the answer is not a JSON object.
    """
    try:
        answer = invoker.get("/execution-parameters", timeout=EXECUTION_PARAMETERS_SECONDS)
    except (OSError, http.client.HTTPException):
        return {}
    if answer.status != http.client.OK:
        return {}
    try:
        parameters = json.loads(answer.body)
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        raise TransformJobError(
            "AlgorithmError: GET /execution-parameters did not answer with a JSON object: "
            + repr(answer.body[:200])
        )
    return parameters
