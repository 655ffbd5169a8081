"""What a job scores and how: input, instances and requests, filters and join, output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from batch_transform.job.aws.enums import (
    AssembleWith,
    BatchStrategy,
    CompressionType,
    JoinSource,
    S3DataType,
    SplitType,
)
from batch_transform.job.aws.instance_types import INSTANCE_TYPES
from batch_transform.job.aws.limits import (
    FILTER,
    JOB_ENVIRONMENT,
    KMS_KEY,
    MEDIA_TYPE,
    NAME_WORDS,
    S3_URI,
    Choice,
    Text,
    Whole,
)
from batch_transform.job.values.setting import Setting, Values

_EDITOR_FILTER = Text(longest=63, pattern=r"\$.*")


@dataclass(frozen=True)
class InputSpec(Values):
    """What is scored.

    Usage
    -----
        InputSpec(content_type="text/csv", split_type=SplitType.LINE, columns=("id", "age", "plan"))
        InputSpec("s3://data/images/", content_type="image/png")              # each object is one record
        InputSpec("s3://data/manifest.json", data_type=S3DataType.MANIFEST_FILE)
    """

    data: Annotated[
        str | None,
        Setting(
            "S3Uri; default: the job's prefix in the stack's input bucket",
            S3_URI,
            member="TransformInput.DataSource.S3DataSource.S3Uri",
            required=True,
            run_may_change=True,
            comment="every object whose key starts with this",
        ),
    ] = None
    data_type: Annotated[
        str,
        Setting(
            "S3DataType: `S3Prefix` or `ManifestFile`",
            # AugmentedManifestFile "is not compatible" (API reference, TransformS3DataSource); Converse is a value of
            # the shared enum that no page on batch transform mentions.
            Choice.of(S3DataType, unfit=("AugmentedManifestFile", "Converse")),
            member="TransformInput.DataSource.S3DataSource.S3DataType",
            required=True,
            run_may_change=True,
            comment={"ManifestFile": "data is a manifest that lists the objects"},
        ),
    ] = "S3Prefix"
    content_type: Annotated[
        str | None,
        Setting(
            "ContentType, such as text/csv; in a join it defaults to `output.accept`",
            MEDIA_TYPE,
            member="TransformInput.ContentType",
            run_may_change=True,
        ),
    ] = None
    compression_type: Annotated[
        str,
        Setting(
            "CompressionType: `None` or `Gzip`",
            Choice.of(CompressionType),
            member="TransformInput.CompressionType",
            run_may_change=True,
            comment={"Gzip": "each object is decompressed before it is split"},
        ),
    ] = "None"
    split_type: Annotated[
        str | None,
        Setting(
            "SplitType: what a record is: `Line` for CSV and JSON Lines, `RecordIO`, `TFRecord`, or `None` for a whole "
            "object; default: `Line` where a join or column names need it, otherwise `None`",
            Choice.of(SplitType),
            member="TransformInput.SplitType",
            run_may_change=True,
            comment={"Line": "each line is a record, including any header line"},
        ),
    ] = None
    columns: Annotated[
        tuple[str, ...],
        Setting(
            "names of the columns of a CSV, in order, or of the fields of JSON records: for filters by name, tables "
            "and checks; not sent to AWS",
            items=(1, None),
        ),
    ] = ()
    columns_from: Annotated[
        Path | None,
        Setting("instead of columns: a local CSV, relative to the job file, whose first line has the names"),
    ] = None
    kms_key: Annotated[
        str | None,
        Setting(
            "id, ARN or alias of a customer key that encrypts the data, in addition to the bucket's; the job gets "
            "permission to decrypt it",
            KMS_KEY,
        ),
    ] = None


@dataclass(frozen=True)
class TransformSpec(Values):
    """How it is scored: the instances, and how records become requests to the model.

    Usage
    -----
        TransformSpec(("ml.m5.xlarge",), instance_count=2)
        TransformSpec(("ml.g5.xlarge", "ml.g4dn.xlarge"))    # the second if AWS has no capacity for the first
        TransformSpec(strategy=BatchStrategy.SINGLE_RECORD, max_payload=1, max_concurrent_transforms=8)
    """

    instance_type: Annotated[
        tuple[str, ...],
        Setting(
            "InstanceType; or a list: the next one is tried when AWS has no capacity for the one before",
            Choice(INSTANCE_TYPES),
            items=(1, None),
            one_or_more=True,
            member="TransformResources.InstanceType",
            required=True,
            run_may_change=True,
        ),
    ] = ("ml.m5.large",)
    instance_count: Annotated[
        int,
        Setting(
            "InstanceCount: input objects are distributed across this many instances",
            Whole(1, documented_most=100),
            member="TransformResources.InstanceCount",
            required=True,
            run_may_change=True,
            comment={
                1: "",
                None: "objects are distributed across instances; a single object is never divided",
            },
        ),
    ] = 1
    strategy: Annotated[
        str | None,
        Setting(
            "BatchStrategy: `MultiRecord` or `SingleRecord`; AWS's default follows the container",
            Choice.of(BatchStrategy),
            member="BatchStrategy",
            run_may_change=True,
            comment={
                "MultiRecord": "as many records per request as fit into max_payload",
                "SingleRecord": "one record per request",
            },
        ),
    ] = None
    max_payload: Annotated[
        int | None,
        Setting(
            "MaxPayloadInMB; 0 streams whole objects; AWS's default is 6",
            Whole(documented_most=100),
            member="MaxPayloadInMB",
            run_may_change=True,
            comment={0: "each object is streamed to the model", None: "MB per request, at most"},
        ),
    ] = None
    max_concurrent_transforms: Annotated[
        int | None,
        Setting(
            "MaxConcurrentTransforms: parallel requests to each container; multiplied by max_payload, at most 100 MB",
            Whole(),
            member="MaxConcurrentTransforms",
            run_may_change=True,
            comment={
                0: "as many as the container asks for, or 1",
                None: "requests at a time per instance",
            },
        ),
    ] = None
    env: Annotated[
        Mapping[str, str],
        Setting(
            "Environment of this job, in addition to the model's; at most 16 variables",
            JOB_ENVIRONMENT,
            member="Environment",
            run_may_change=True,
            comment="for this job, in addition to the model's own",
        ),
    ] = field(default_factory=dict)
    invocations_timeout_in_seconds: Annotated[
        int | None,
        Setting(
            "ModelClientConfig; AWS's default is 600; always sent, since a run may change it",
            Whole(1, 3600),
            member="ModelClientConfig.InvocationsTimeoutInSeconds",
            run_may_change=True,
            comment="per request",
        ),
    ] = None
    invocations_max_retries: Annotated[
        int | None,
        Setting(
            "ModelClientConfig; AWS's default is 3",
            Whole(0, 3),
            member="ModelClientConfig.InvocationsMaxRetries",
            run_may_change=True,
            comment="per request",
        ),
    ] = None
    volume_kms_key: Annotated[
        str | None,
        Setting(
            "VolumeKmsKeyId: id, ARN or alias of the key for the instances' volumes; not for instance types "
            "with local storage",
            KMS_KEY,
            member="TransformResources.VolumeKmsKeyId",
        ),
    ] = None
    transform_ami_version: Annotated[
        str | None,
        Setting(
            "TransformAmiVersion: the machine image, for GPU instances",
            Text(1, 63, r"[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*", NAME_WORDS),
            member="TransformResources.TransformAmiVersion",
            run_may_change=True,
        ),
    ] = None
    max_runtime_in_seconds: Annotated[
        int,
        Setting(
            "the workflow stops the transform job after this time",
            Whole(1, 99_999_999),  # TimeoutSeconds of a Task state (Amazon States Language)
            default_reason="one day, since AWS documents no limit of its own",
        ),
    ] = 86_400


@dataclass(frozen=True)
class DataProcessingSpec(Values):
    """What the model gets of each record, and what is kept of record and answer.

    Each of the two filters is written in one form: by name (`send` or `send_except`, `keep`) or as JSONPath.

    Usage
    -----
        DataProcessingSpec(send_except=("id",), join_source=JoinSource.INPUT, keep=("id", "prediction"))
        DataProcessingSpec("$[1:]", join_source=JoinSource.INPUT, output_filter="$[0,-1]")     # the same
    """

    input_filter: Annotated[
        str | None,
        Setting(
            "InputFilter: the part of each record that the model gets, as JSONPath; AWS's default is `$`, "
            "the whole record",
            FILTER,
            editor_limits=_EDITOR_FILTER,
            member="DataProcessing.InputFilter",
            run_may_change=True,
        ),
    ] = None
    send: Annotated[
        tuple[str, ...] | None,
        Setting(
            "instead of input_filter: the columns or fields that the model gets, by name",
            items=(1, None),
            run_may_change=True,
        ),
    ] = None
    send_except: Annotated[
        tuple[str, ...] | None,
        Setting(
            "instead of input_filter: the columns or fields that the model doesn't get, by name",
            items=(1, None),
            run_may_change=True,
        ),
    ] = None
    join_source: Annotated[
        str,
        Setting(
            "JoinSource: `Input` puts each record before the model's answer to it",
            Choice.of(JoinSource),
            member="DataProcessing.JoinSource",
            run_may_change=True,
        ),
    ] = "None"
    output_filter: Annotated[
        str | None,
        Setting(
            "OutputFilter: the part of the joined record to keep, as JSONPath; AWS's default is `$`, the whole record",
            FILTER,
            editor_limits=_EDITOR_FILTER,
            member="DataProcessing.OutputFilter",
            run_may_change=True,
        ),
    ] = None
    keep: Annotated[
        tuple[str, ...] | None,
        Setting(
            "instead of output_filter: the columns or fields to keep, by name; in a joined JSON record, "
            "`SageMakerOutput` is the answer",
            items=(1, None),
            run_may_change=True,
        ),
    ] = None


@dataclass(frozen=True)
class OutputSpec(Values):
    """Where results go. Each run writes below a prefix of its own.

    Usage
    -----
        OutputSpec(accept="text/csv", assemble_with=AssembleWith.LINE, columns=("prediction",))
        OutputSpec("s3://results/churn/", accept="application/jsonlines", kms_key="alias/results")
    """

    path: Annotated[
        str | None,
        Setting(
            "S3OutputPath; each run writes below its own prefix; default: the job's prefix in the stack's output "
            "bucket",
            S3_URI,
            member="TransformOutput.S3OutputPath",
            required=True,
            comment="each run writes to its own folder below this",
        ),
    ] = None
    accept: Annotated[
        str | None,
        Setting(
            "Accept, such as text/csv; in a join it defaults to `input.content_type`",
            MEDIA_TYPE,
            member="TransformOutput.Accept",
            run_may_change=True,
            comment="the content type to ask the model for",
        ),
    ] = None
    assemble_with: Annotated[
        str | None,
        Setting(
            "AssembleWith: `Line` puts a newline after each record, `None` puts nothing; default: `Line` where a join "
            "or `keep` needs it, otherwise `None`",
            Choice.of(AssembleWith),
            member="TransformOutput.AssembleWith",
            run_may_change=True,
            comment={"Line": "each result ends with a newline"},
        ),
    ] = None
    kms_key: Annotated[
        str | None,
        Setting(
            "KmsKeyId: id, ARN or alias of the key that encrypts the results",
            KMS_KEY,
            member="TransformOutput.KmsKeyId",
        ),
    ] = None
    columns: Annotated[
        tuple[str, ...],
        Setting(
            "names of the columns of the model's answer, or of the fields of a JSON answer", items=(1, None)
        ),
    ] = ()
