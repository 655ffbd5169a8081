"""The conditions on CreateTransformJob: what a transform job of this state machine may use at most.

Service Authorization Reference, CreateTransformJob: `sagemaker:InstanceTypes` (several strings), `sagemaker:ModelArn`,
`sagemaker:OutputKmsKey` and `sagemaker:VolumeKmsKey` (ARNs). There is no key for the number of instances: the preflight
alone limits it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_transform.job.request.request import Request
from batch_transform.job.rules.request_values import member
from batch_transform.job.rules.run_limits import RunLimits
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.model_source import NAME_TO_BE_FOUND
from batch_transform_cdk.ground.statement import Conditions
from batch_transform_cdk.ground.tokens import arn

_KEYS = {
    "sagemaker:OutputKmsKey": ("TransformOutput", "KmsKeyId"),
    "sagemaker:VolumeKmsKey": ("TransformResources", "VolumeKmsKeyId"),
}


def create_conditions(request: Request, limits: RunLimits) -> Conditions:
    """Return the conditions for the declared request.

    - A request has one instance type. `ForAnyValue` refuses a request without the key, which `ForAllValues` allows.
    - The model is named if the deployment knows it: not one behind an endpoint, nor one of a package group. SageMaker
      writes some names in lower case in its ARNs, and doesn't document which ones, so its case is ignored.
    - A key is named if the request has its ARN. Which ARN the condition sees for a key's id or the name of an alias
      isn't documented.
    """
    conditions: dict[str, dict[str, Any]] = {
        "ForAnyValue:StringEquals": {"sagemaker:InstanceTypes": list(limits.instance_types)}
    }
    if request["ModelName"] != NAME_TO_BE_FOUND:
        model = arn("sagemaker", f"model/{request['ModelName']}")
        conditions["StringEqualsIgnoreCase"] = {"sagemaker:ModelArn": model}
    if keys := dict(_named_keys(request)):
        conditions["StringEquals"] = keys
    return conditions


def _named_keys(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    named = ((name, member(request, path)) for name, path in _KEYS.items())
    return [
        (name, key)
        for name, key in named
        if isinstance(key, str) and (is_token(key) or key.startswith("arn:"))
    ]
