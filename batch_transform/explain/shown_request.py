"""The CreateTransformJob request of a job, with placeholders for what is unknown before a deployment."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name

from batch_transform.job.request.integration import OPTIMISED, SDK, unseen_members
from batch_transform.job.request.request import Request, transform_job_request
from batch_transform.job.values.job_spec import JobSpec, ModelSpec

MODEL_NAME = "MODEL_NAME"
INPUT_BUCKET = "INPUT_BUCKET"
OUTPUT_BUCKET = "OUTPUT_BUCKET"
RUN = "RUN"


@dataclass(frozen=True)
class ShownRequest:
    """A request. `placeholders` explains the words in capitals in it: values that only a deployment or a run knows."""

    request: Request
    placeholders: dict[str, str]


def shown_request(spec: JobSpec) -> ShownRequest:
    """Return the request of a run's first attempt, with members in the order of the API reference."""
    placeholders = {RUN: "the run's id, such as 20261122T020001-1a2b3c4d; each run has its own"}
    model_name = spec.model.existing or MODEL_NAME
    if model_name == MODEL_NAME:
        placeholders[MODEL_NAME] = _model_words(spec.model)
    data = spec.input.data
    if data is None:
        data = f"s3://{INPUT_BUCKET}/{spec.name}/"
        placeholders[INPUT_BUCKET] = (
            "the stack's input bucket; its name is in the stack output InputBucketName"
        )
    path = spec.output.path
    if path is None:
        path = f"s3://{OUTPUT_BUCKET}/{spec.name}"
        placeholders[OUTPUT_BUCKET] = (
            "the stack's output bucket; its name is in the stack output OutputBucketName"
        )
    request = transform_job_request(
        spec, model_name=model_name, data=data, output_path=f"{path.rstrip('/')}/{RUN}"
    )
    return ShownRequest({"TransformJobName": f"{spec.name}-{RUN}-1", **request}, placeholders)


def _model_words(model: ModelSpec) -> str:
    if model.endpoint is not None:
        return f"the model that the endpoint {model.endpoint} serves when the run starts"
    if model.package_group is not None:
        return f"a model created from the latest approved package in the group {model.package_group}"
    return "the model that the stack creates; CloudFormation names it"


def call_words(request: Mapping[str, Any]) -> str:
    """Return a sentence about which integration of Step Functions creates the transform jobs, and why."""
    unseen = unseen_members(request)
    if not unseen:
        return f"Step Functions creates each transform job with {OPTIMISED}, and waits for its end."
    return (
        f"Step Functions creates each transform job with {SDK}, and the state machine checks its status once a minute "
        f"or less often: nobody is known to send {', '.join(unseen)} with {OPTIMISED}, where an unknown member would "
        "end the run without a diagnosis."
    )


def aws_cli_command(request: Mapping[str, Any]) -> str:
    """Return `aws sagemaker create-transform-job ...` for a POSIX shell, with one option per line."""
    options = [
        f"--{xform_name(name, '-')} {shlex.quote(_argument(value))}" for name, value in request.items()
    ]
    return " \\\n    ".join(["aws sagemaker create-transform-job", *options])


def _argument(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
