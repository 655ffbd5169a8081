"""A transform job as its author writes it: plain values, no rules, no I/O.

Attribute names are those of the job file, and those of the SageMaker Python SDK's
`Transformer` and `transform()`. A value of None means "not said": AWS's default holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class FrameworkImage:
    """An AWS framework container, such as scikit-learn 1.2-1; its address is looked up per region."""

    framework: str
    version: str


@dataclass(frozen=True)
class ContainerSpec:
    """One container of an inference pipeline: `source` or `artifact`, `kms_key`, `image` and `env`, as in ModelSpec.

    An image that needs no model data has neither `source` nor `artifact`.
    """

    image: FrameworkImage | str
    source: Path | None = None
    artifact: str | None = None
    kms_key: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VpcConfig:
    """The network that the model's containers are attached to: ids of subnets and of security groups."""

    subnets: tuple[str, ...]
    security_group_ids: tuple[str, ...]


@dataclass(frozen=True)
class ModelSpec:
    """Where the model comes from: exactly one of six.

    `source` is a folder that is packed into `model.tar.gz` (with `code/inference.py` inside) and
    shipped with the stack; `artifact` is the S3 URI of a `model.tar.gz`; `containers` is an inference
    pipeline, whose first container gets the records and whose last one answers. `existing` names a
    model that SageMaker already has. Two are resolved when a run starts: `endpoint`, the model that
    this endpoint then serves, and `package_group`, the newest approved package of the model registry.

    `kms_key` is the customer key that the archive is encrypted with, if any: the model's role must decrypt it. For
    `source` it is the key of the bucket of `cdk bootstrap`. `image` is a framework container or an image URI. Both
    are given with `source` or `artifact` only. `env` is the model's own environment. `role` is the ARN of an
    execution role that takes the place of the one that the stack defines; a package group needs it, since only
    its author knows what its packages read. `vpc_config` and `enable_network_isolation` are those of CreateModel.
    """

    source: Path | None = None
    artifact: str | None = None
    containers: tuple[ContainerSpec, ...] = ()
    existing: str | None = None
    endpoint: str | None = None
    package_group: str | None = None
    kms_key: str | None = None
    image: FrameworkImage | str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    role: str | None = None
    vpc_config: VpcConfig | None = None
    enable_network_isolation: bool | None = None


@dataclass(frozen=True)
class InputSpec:
    """What is scored. `data` is an S3 URI; left out, it is the job's prefix in the stack's input bucket.

    `columns` names the columns of a CSV in order, or the top-level fields of JSON records: filters by
    name and tables need them, and they are never sent to AWS. `columns_from` is a local CSV whose
    first line holds them; reading a job file fills `columns` from it (in Python: `sample_header`).
    `kms_key` is the customer key that the objects are encrypted with, if any: the job must decrypt them.
    """

    data: str | None = None
    data_type: str = "S3Prefix"
    content_type: str | None = None
    compression_type: str = "None"
    split_type: str = "None"
    columns: tuple[str, ...] = ()
    columns_from: Path | None = None
    kms_key: str | None = None


@dataclass(frozen=True)
class TransformSpec:
    """How it is scored.

    `instance_type` is a ladder: the first is asked for first, and the others one after the other when AWS
    has no machine of the one before. `max_runtime_in_seconds` is not part of the request: it is the time
    after which the workflow stops the transform job. Default one day, since no limit of AWS's own is
    documented.
    """

    instance_type: tuple[str, ...] = ("ml.m5.large",)
    instance_count: int = 1
    strategy: str | None = None
    max_payload: int | None = None
    max_concurrent_transforms: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    invocations_timeout_in_seconds: int | None = None
    invocations_max_retries: int | None = None
    volume_kms_key: str | None = None
    transform_ami_version: str | None = None
    max_runtime_in_seconds: int = 86_400


@dataclass(frozen=True)
class DataProcessingSpec:
    """What the model sees of a record, and what is kept of record and answer.

    By name: `send` or `send_except` for the model, `keep` for the result. By JSONPath: `input_filter`
    and `output_filter`. One form for each of the two filters; with neither, AWS's default `$` holds.
    `named_filters` makes the JSONPath of names.
    """

    input_filter: str | None = None
    send: tuple[str, ...] | None = None
    send_except: tuple[str, ...] | None = None
    join_source: str = "None"
    output_filter: str | None = None
    keep: tuple[str, ...] | None = None


@dataclass(frozen=True)
class OutputSpec:
    """Where results go. `path` is an S3 URI; left out, it is the job's prefix in the stack's output bucket.

    Each run writes below a prefix of its own. `columns` names the columns of the model's answer, or
    the top-level fields of a JSON answer. `kms_key` encrypts the results in S3.
    """

    path: str | None = None
    accept: str | None = None
    assemble_with: str = "None"
    kms_key: str | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class BatchDataCaptureConfig:
    """Which inputs and outputs each job had, written to S3 for Model Monitor; off without a destination."""

    destination_s3_uri: str | None = None
    kms_key_id: str | None = None
    generate_inference_id: bool | None = None


@dataclass(frozen=True)
class ExperimentConfig:
    """Where SageMaker Experiments lists the job."""

    experiment_name: str | None = None
    trial_name: str | None = None
    trial_component_display_name: str | None = None
    run_name: str | None = None


@dataclass(frozen=True)
class ScheduleSpec:
    """When EventBridge Scheduler starts the job: exactly one of `cron` and `rate`, in AWS's notation.

    `cron` is the six fields without the word `cron(...)`; `rate` is such as `1 hour`. Within
    `maximum_window_in_minutes` after that the Scheduler chooses the moment; without it, it starts on time.
    `start_date` and `end_date` are moments in UTC, such as `2026-12-01T00:00:00Z`, between which it starts
    anything. `input` is the run's input, as a person would give it in the console. `name` tells the schedules
    of a job apart; a lone one needs none.
    """

    cron: str | None = None
    rate: str | None = None
    timezone: str = "UTC"
    enabled: bool = True
    name: str | None = None
    maximum_window_in_minutes: int | None = None
    start_date: str | None = None
    end_date: str | None = None
    input: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expression(self) -> str:
        """The ScheduleExpression of the Scheduler API."""
        return f"cron({self.cron})" if self.cron is not None else f"rate({self.rate})"


@dataclass(frozen=True)
class UploadSpec:
    """Which new objects below the job's input start it, once no more of them have come for a while.

    `prefix` is relative to the job's input, `suffix` is the end of the key. `input` is the run's input, as a
    person would give it in the console. Default quiet period one minute: EventBridge Scheduler, which
    ends it, is exact to the minute.
    """

    prefix: str = ""
    suffix: str = ""
    quiet_period_in_seconds: int = 60
    enabled: bool = True
    input: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TriggersSpec:
    """What starts the job by itself."""

    schedule: tuple[ScheduleSpec, ...] = ()
    on_upload: UploadSpec | None = None


@dataclass(frozen=True)
class NotifySpec:
    """Who is told of a run that failed, was late or did not start: addresses, or an SNS topic (ARN) that exists."""

    email: tuple[str, ...] = ()
    topic: str | None = None


@dataclass(frozen=True)
class WorkflowSpec:
    """How runs of the job behave towards each other, and what they leave behind.

    `overlapping_runs` says what a run does while an earlier one goes on: `wait` (nothing is lost, hence the
    default), `skip`, `fail`, or `allow`. `tracing` turns X-Ray on.
    """

    overlapping_runs: str = "wait"
    tracing: bool = False
    log_retention_in_days: int = 90


@dataclass(frozen=True)
class MonitoringSpec:
    """When a run is unusual.

    `longest_duration_in_seconds` is what a run may take; without it CloudWatch learns what is usual.
    `starts_within_hours` is the longest time without a start; without it the schedules say.
    """

    longest_duration_in_seconds: int | None = None
    starts_within_hours: int | None = None


@dataclass(frozen=True)
class JobSpec:
    """One transform job. `job_file` is the path that messages show; empty when made in Python."""

    name: str
    model: ModelSpec
    input: InputSpec = InputSpec()
    transform: TransformSpec = TransformSpec()
    data_processing: DataProcessingSpec = DataProcessingSpec()
    output: OutputSpec = OutputSpec()
    batch_data_capture_config: BatchDataCaptureConfig = BatchDataCaptureConfig()
    experiment_config: ExperimentConfig = ExperimentConfig()
    triggers: TriggersSpec = TriggersSpec()
    notify: NotifySpec = NotifySpec()
    workflow: WorkflowSpec = WorkflowSpec()
    monitoring: MonitoringSpec = MonitoringSpec()
    tags: Mapping[str, str] = field(default_factory=dict)
    job_file: str = ""


ONE_OR_MORE = frozenset({"transform.instance_type", "triggers.schedule", "notify.email"})
"""A job file gives one value, or a list of them; in Python they are always a tuple."""


def item_field(field: str, at: int, count: int) -> str:
    """Return what an item is called, the `at`th (from 0) of `count`."""
    return f"{field}[{at}]" if count > 1 or field not in ONE_OR_MORE else field
