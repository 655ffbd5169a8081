"""A transform job as its author writes it: plain values, no rules, no I/O.

Attribute names are those of the job file, and those of the SageMaker Python SDK's
`Transformer` and `transform()`. A value of None means "not said": AWS's default holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class FrameworkImage:
    """An AWS framework container, such as scikit-learn 1.2-1; its address is looked up per region."""

    framework: str
    version: str


@dataclass(frozen=True)
class ModelSpec:
    """Where the model comes from: exactly one of `source`, `artifact` and `existing`.

    `source` is a folder that is packed into `model.tar.gz` (with `code/inference.py` inside) and
    shipped with the stack; `artifact` is the S3 URI of a `model.tar.gz`; `existing` names a model
    that SageMaker already has. `image` is a framework container or an image URI, and is left out
    with `existing`. `env` is the model's own environment.
    """

    source: Path | None = None
    artifact: str | None = None
    existing: str | None = None
    image: FrameworkImage | str | None = None
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InputSpec:
    """What is scored. `data` is an S3 URI; left out, it is the job's prefix in the stack's input bucket.

    `columns` names the columns of a CSV, in order: for people and tables, never sent to AWS.
    """

    data: str | None = None
    data_type: str = "S3Prefix"
    content_type: str | None = None
    compression_type: str = "None"
    split_type: str = "None"
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class TransformSpec:
    """How it is scored.

    `max_runtime_in_seconds` is not part of the request: it is the time after which the workflow
    stops the transform job. Default one day, since no limit of AWS's own is documented.
    """

    instance_type: str = "ml.m5.large"
    instance_count: int = 1
    strategy: str | None = None
    max_payload: int | None = None
    max_concurrent_transforms: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    invocations_timeout_in_seconds: int | None = None
    invocations_max_retries: int | None = None
    max_runtime_in_seconds: int = 86_400


@dataclass(frozen=True)
class DataProcessingSpec:
    """What the model sees of a record, and what is kept of record and prediction. Defaults are AWS's."""

    input_filter: str = "$"
    join_source: str = "None"
    output_filter: str = "$"


@dataclass(frozen=True)
class OutputSpec:
    """Where results go. `path` is an S3 URI; left out, it is the job's prefix in the stack's output bucket.

    Each run writes below a prefix of its own. `columns` names the columns of the model's answer.
    """

    path: str | None = None
    accept: str | None = None
    assemble_with: str = "None"
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScheduleSpec:
    """When EventBridge Scheduler starts the job: exactly one of `cron` and `rate`, in AWS's notation.

    `cron` is the six fields without the word `cron(...)`; `rate` is such as `1 hour`.
    """

    cron: str | None = None
    rate: str | None = None
    timezone: str = "UTC"
    enabled: bool = True

    @property
    def expression(self) -> str:
        """The ScheduleExpression of the Scheduler API."""
        return f"cron({self.cron})" if self.cron is not None else f"rate({self.rate})"


@dataclass(frozen=True)
class TriggersSpec:
    """What starts the job by itself."""

    schedule: ScheduleSpec | None = None


@dataclass(frozen=True)
class JobSpec:
    """One transform job. `job_file` is the path that messages show; empty when made in Python."""

    name: str
    model: ModelSpec
    input: InputSpec = InputSpec()
    transform: TransformSpec = TransformSpec()
    data_processing: DataProcessingSpec = DataProcessingSpec()
    output: OutputSpec = OutputSpec()
    triggers: TriggersSpec = TriggersSpec()
    tags: Mapping[str, str] = field(default_factory=dict)
    job_file: str = ""
