"""The parameters of the calls that create a transform job, and the CreateTransformJob members that they set.

One table per call lists the parameters in positional order, each with its member; None if it is not part of a request.
`Transformer` and `transform()` are those of the SageMaker Python SDK 2.257.7 and 3 (sagemaker-core 2.27.0), which adds
`transform_ami_version`. `TransformJob.create()` of SDK 3 has the API's members in snake case, as botocore writes them.
"""

from __future__ import annotations

from collections.abc import Mapping

from botocore import xform_name

from batch_transform.job.values.fields import LIMITS_OF_MEMBER, Path

Parameters = Mapping[str, Path | None]

_TRANSFORMER: dict[str, Path | None] = {
    "model_name": ("ModelName",),
    "instance_count": ("TransformResources", "InstanceCount"),
    "instance_type": ("TransformResources", "InstanceType"),
    "strategy": ("BatchStrategy",),
    "assemble_with": ("TransformOutput", "AssembleWith"),
    "output_path": ("TransformOutput", "S3OutputPath"),
    "output_kms_key": ("TransformOutput", "KmsKeyId"),
    "accept": ("TransformOutput", "Accept"),
    "max_concurrent_transforms": ("MaxConcurrentTransforms",),
    "max_payload": ("MaxPayloadInMB",),
    "tags": ("Tags",),
    "env": ("Environment",),
    "base_transform_job_name": None,
    "sagemaker_session": None,
    "volume_kms_key": ("TransformResources", "VolumeKmsKeyId"),
    "transform_ami_version": ("TransformResources", "TransformAmiVersion"),
}

TRANSFORM: Parameters = {
    "data": ("TransformInput", "DataSource", "S3DataSource", "S3Uri"),
    "data_type": ("TransformInput", "DataSource", "S3DataSource", "S3DataType"),
    "content_type": ("TransformInput", "ContentType"),
    "compression_type": ("TransformInput", "CompressionType"),
    "split_type": ("TransformInput", "SplitType"),
    "job_name": ("TransformJobName",),
    "input_filter": ("DataProcessing", "InputFilter"),
    "output_filter": ("DataProcessing", "OutputFilter"),
    "join_source": ("DataProcessing", "JoinSource"),
    "experiment_config": ("ExperimentConfig",),
    "model_client_config": ("ModelClientConfig",),
    "batch_data_capture_config": ("DataCaptureConfig",),
    "wait": None,
    "logs": None,
}

# `.transformer()` of an estimator and of a model: it creates the model, so no model name comes first.
_ON_ESTIMATOR: dict[str, Path | None] = {
    **{
        name: _TRANSFORMER[name]
        for name in (
            "instance_count",
            "instance_type",
            "strategy",
            "assemble_with",
            "output_path",
            "output_kms_key",
            "accept",
            "env",
            "max_concurrent_transforms",
            "max_payload",
            "tags",
        )
    },
    # by name only: their positions differ between kinds of estimators
    "volume_kms_key": _TRANSFORMER["volume_kms_key"],
    "model_name": ("ModelName",),
    "role": None,
    "model_server_workers": None,
    "entry_point": None,
    "vpc_config_override": None,
    "enable_network_isolation": None,
    "source_dir": None,
    "dependencies": None,
    "image_uri": None,
}

CONSTRUCTORS: Mapping[str, Parameters] = {"Transformer": _TRANSFORMER, "transformer": _ON_ESTIMATOR}

# `TransformInput` of a pipeline's TransformStep (sagemaker.inputs), and the same parameters elsewhere.
_PIPELINE_INPUT: Parameters = {
    name: TRANSFORM[name]
    for name in (
        "data",
        "data_type",
        "content_type",
        "compression_type",
        "split_type",
        "input_filter",
        "output_filter",
        "join_source",
        "model_client_config",
        "batch_data_capture_config",
    )
}
_AIRFLOW_CONFIG: Parameters = {
    "transformer": None,
    **{name: path for name, path in list(TRANSFORM.items())[:9] if name in TRANSFORM},
}
_STATE: Parameters = {
    "state_id": None,
    "transformer": None,
    "job_name": TRANSFORM["job_name"],
    "model_name": ("ModelName",),
    **{name: path for name, path in TRANSFORM.items() if name not in {"job_name", "wait", "logs"}},
    "wait_for_completion": None,
    "tags": ("Tags",),
    "comment": None,
    "timeout_seconds": None,
    "input_path": None,
    "parameters": None,
    "output_path": None,
    "result_path": None,
}

JOB_CALLS: Mapping[str, Parameters] = {
    "transform": TRANSFORM,
    "TransformInput": _PIPELINE_INPUT,
    "transform_config": _AIRFLOW_CONFIG,
    "TransformStep": _STATE,
}
"""The SDK's calls that define a job: `.transform()`, a pipeline's input, helpers for other workflows."""

POSITIONAL = {
    **{name: len(parameters) for name, parameters in {**CONSTRUCTORS, **JOB_CALLS}.items()},
    "transformer": 11,
    "TransformStep": 5,
}

CREATE_ARGUMENTS = (
    "transform_job_name",
    "model_name",
    "transform_input",
    "transform_output",
    "transform_resources",
    "max_concurrent_transforms",
    "model_client_config",
    "max_payload_in_mb",
    "batch_strategy",
    "environment",
    "data_capture_config",
    "data_processing",
    "tags",
    "experiment_config",
    "session",
    "region",
)
"""The parameters of `TransformJob.create()`, in order. The last two are not part of a request."""


SHAPE_CLASSES = frozenset(
    {
        "BatchDataCaptureConfig",
        "DataProcessing",
        "ExperimentConfig",
        "ModelClientConfig",
        "Tag",
        "TransformDataSource",
        "TransformInput",
        "TransformOutput",
        "TransformResources",
        "TransformS3DataSource",
    }
)
"""The classes of SDK 3 whose objects are parts of a request, with the API's members in snake case."""


def member_of(parameter: str) -> str | None:
    """Return the API's name of a parameter of SDK 3, such as `S3OutputPath` for `s3_output_path`, or None."""
    return _API_NAMES.get(parameter)


_API_NAMES = {xform_name(name): name for path in LIMITS_OF_MEMBER for name in path} | {
    "key": "Key",
    "value": "Value",
}

DATA_CAPTURE: Mapping[str, str] = {
    "destination_s3_uri": "DestinationS3Uri",
    "kms_key_id": "KmsKeyId",
    "generate_inference_id": "GenerateInferenceId",
}
"""The parameters of `BatchDataCaptureConfig`, in order."""

SAID_ELSEWHERE: Mapping[str, str] = {
    "enable_network_isolation": "network isolation belongs to the model",
    "vpc_config_override": "the VPC belongs to the model",
    "role": "the role belongs to the model",
    "model_server_workers": "the number of workers belongs to the model's environment, SAGEMAKER_MODEL_SERVER_WORKERS",
    "entry_point": "the code belongs to the model",
    "source_dir": "the code belongs to the model",
    "dependencies": "the code belongs to the model",
    "image_uri": "the image belongs to the model",
}
"""Parameters that define the model and not the transform job, with the remark for each."""
