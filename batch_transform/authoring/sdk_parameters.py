"""The parameters of the SageMaker Python SDK's `Transformer` and `transform()`, release 2.257.7.

One table a call: each parameter, in the order in which it can be given without its name, with the
member of CreateTransformJob that the SDK makes of it; None for what reaches no request.
"""

from __future__ import annotations

from collections.abc import Mapping

from batch_transform.spec.request_shape import Path

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

# `.transformer()` of an estimator and of a model: the model is made there, so its name is not told first.
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
    # by name only: their places differ between kinds of estimators
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
POSITIONAL = {"Transformer": len(_TRANSFORMER), "transformer": 11, "transform": len(TRANSFORM)}

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
"""Parameters that make the model and not the transform job: what to say of them."""
