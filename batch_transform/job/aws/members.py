"""Which field of the job file becomes which member of CreateTransformJob.

The one table that the request, the rules' messages and a run's overrides are made from.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """`field` is the job file's dotted path, `path` the member's place in the request.

    `overridable` says whether a single run may change it (from the console, a schedule or the
    command line). What belongs to the deployed stack (where output goes, keys that its roles may use,
    tags) may not change.
    """

    field: str
    path: tuple[str, ...]
    overridable: bool = True


MEMBERS: tuple[Member, ...] = (
    Member("input.data", ("TransformInput", "DataSource", "S3DataSource", "S3Uri")),
    Member("input.data_type", ("TransformInput", "DataSource", "S3DataSource", "S3DataType")),
    Member("input.content_type", ("TransformInput", "ContentType")),
    Member("input.compression_type", ("TransformInput", "CompressionType")),
    Member("input.split_type", ("TransformInput", "SplitType")),
    Member("output.path", ("TransformOutput", "S3OutputPath"), overridable=False),
    Member("output.accept", ("TransformOutput", "Accept")),
    Member("output.assemble_with", ("TransformOutput", "AssembleWith")),
    Member("output.kms_key", ("TransformOutput", "KmsKeyId"), overridable=False),
    Member("transform.instance_type", ("TransformResources", "InstanceType")),
    Member("transform.instance_count", ("TransformResources", "InstanceCount")),
    Member("transform.volume_kms_key", ("TransformResources", "VolumeKmsKeyId"), overridable=False),
    Member("transform.transform_ami_version", ("TransformResources", "TransformAmiVersion")),
    Member("transform.strategy", ("BatchStrategy",)),
    Member("transform.max_payload", ("MaxPayloadInMB",)),
    Member("transform.max_concurrent_transforms", ("MaxConcurrentTransforms",)),
    Member("transform.env", ("Environment",)),
    Member("transform.invocations_timeout_in_seconds", ("ModelClientConfig", "InvocationsTimeoutInSeconds")),
    Member("transform.invocations_max_retries", ("ModelClientConfig", "InvocationsMaxRetries")),
    Member("data_processing.input_filter", ("DataProcessing", "InputFilter")),
    Member("data_processing.join_source", ("DataProcessing", "JoinSource")),
    Member("data_processing.output_filter", ("DataProcessing", "OutputFilter")),
    Member(
        "batch_data_capture_config.destination_s3_uri",
        ("DataCaptureConfig", "DestinationS3Uri"),
        overridable=False,
    ),
    Member("batch_data_capture_config.kms_key_id", ("DataCaptureConfig", "KmsKeyId"), overridable=False),
    Member("batch_data_capture_config.generate_inference_id", ("DataCaptureConfig", "GenerateInferenceId")),
    Member("experiment_config.experiment_name", ("ExperimentConfig", "ExperimentName")),
    Member("experiment_config.trial_name", ("ExperimentConfig", "TrialName")),
    Member(
        "experiment_config.trial_component_display_name", ("ExperimentConfig", "TrialComponentDisplayName")
    ),
    Member("experiment_config.run_name", ("ExperimentConfig", "RunName")),
    Member("tags", ("Tags",), overridable=False),
)

WITHOUT_FIELD: dict[tuple[str, ...], str] = {
    ("TransformJobName",): "the workflow makes it, new for each attempt of each run, led by the job's name",
    ("ModelName",): "follows from `model`: the stack defines the model, or the run's check finds it",
}
"""Members of the request that no field sets, each with its reason."""

FIELD_OF = {member.path: member.field for member in MEMBERS}
