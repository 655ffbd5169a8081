"""A transform job as its author writes it: plain values, no rules, no I/O.

Attribute names are those of the job file, and those of the SageMaker Python SDK's `Transformer` and `transform()`.
A value of None means "not given": AWS's default holds. Each field's `Setting` says what it means, what it may be and
which member of CreateTransformJob it becomes. The parts that are declared in `model_spec`, `transform_spec` and
`triggers_spec` can be imported from here as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from batch_transform.job.aws.enums import Architecture, OverlappingRuns, Reconcile
from batch_transform.job.aws.instance_types import INSTANCE_TYPES
from batch_transform.job.aws.limits import (
    ENTITY_NAME,
    KMS_KEY,
    S3_URI,
    TAGS,
    Amount,
    Choice,
    Flag,
    Text,
    Whole,
)
from batch_transform.job.values.bad_records_spec import BadRecordsSpec
from batch_transform.job.values.job_name import MAX_LENGTH
from batch_transform.job.values.model_spec import ContainerSpec, FrameworkImage, ModelSpec, VpcConfig
from batch_transform.job.values.setting import Setting, Values
from batch_transform.job.values.transform_spec import (
    DataProcessingSpec,
    InputSpec,
    OutputSpec,
    TransformSpec,
)
from batch_transform.job.values.triggers_spec import ScheduleSpec, TriggersSpec, UploadSpec

__all__ = [
    "BadRecordsSpec",
    "BatchDataCaptureConfig",
    "ContainerSpec",
    "DataProcessingSpec",
    "ExperimentConfig",
    "FrameworkImage",
    "InputSpec",
    "JobSpec",
    "LimitsSpec",
    "ModelSpec",
    "MonitoringSpec",
    "NotifySpec",
    "OutputSpec",
    "ScheduleSpec",
    "TransformSpec",
    "TriggersSpec",
    "UploadSpec",
    "VpcConfig",
    "WorkflowSpec",
]

# CloudWatch Logs API reference, PutRetentionPolicy.
_LOGS_KEPT = "1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653"
LOG_RETENTION_IN_DAYS = tuple(int(days) for days in _LOGS_KEPT.split())


@dataclass(frozen=True)
class BatchDataCaptureConfig:
    """Which inputs and outputs each job had, written to S3 for Model Monitor; off without a destination.

    Usage
    -----
        BatchDataCaptureConfig("s3://monitoring/churn/", generate_inference_id=True)
    """

    destination_s3_uri: Annotated[
        str | None,
        Setting(
            "DestinationS3Uri; required with data capture",
            S3_URI,
            member="DataCaptureConfig.DestinationS3Uri",
            required=True,
        ),
    ] = None
    kms_key_id: Annotated[
        str | None,
        Setting("KmsKeyId: encrypts the captured data", KMS_KEY, member="DataCaptureConfig.KmsKeyId"),
    ] = None
    generate_inference_id: Annotated[
        bool | None,
        Setting(
            "GenerateInferenceId: adds an id and the time to each result",
            Flag(),
            member="DataCaptureConfig.GenerateInferenceId",
            run_may_change=True,
        ),
    ] = None


@dataclass(frozen=True)
class ExperimentConfig:
    """Where SageMaker Experiments lists the job.

    Usage
    -----
        ExperimentConfig("churn", trial_name="churn-1")
    """

    experiment_name: Annotated[
        str | None,
        Setting("ExperimentName", ENTITY_NAME, member="ExperimentConfig.ExperimentName", run_may_change=True),
    ] = None
    trial_name: Annotated[
        str | None,
        Setting("TrialName", ENTITY_NAME, member="ExperimentConfig.TrialName", run_may_change=True),
    ] = None
    trial_component_display_name: Annotated[
        str | None,
        Setting(
            "TrialComponentDisplayName",
            ENTITY_NAME,
            member="ExperimentConfig.TrialComponentDisplayName",
            run_may_change=True,
        ),
    ] = None
    run_name: Annotated[
        str | None,
        Setting("RunName", ENTITY_NAME, member="ExperimentConfig.RunName", run_may_change=True),
    ] = None


@dataclass(frozen=True)
class NotifySpec:
    """Who is notified of a run that failed, took too long or did not start: addresses, or an SNS topic that exists.

    Usage
    -----
        NotifySpec(email=("team@example.com",))
        NotifySpec(topic="arn:aws:sns:eu-west-1:123456789012:alerts")
    """

    email: Annotated[
        tuple[str, ...],
        Setting(
            "an address or a list; each first gets an email with a link to confirm",
            Text(
                longest=320,
                pattern=r'[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>".]+',
                in_words="an address, such as team@example.com",
            ),
            items=(1, None),
            one_or_more=True,
        ),
    ] = ()
    topic: Annotated[
        str | None,
        Setting(
            "the ARN of an existing SNS topic; its policy must allow CloudWatch alarms to publish",
            Text(
                longest=512,
                pattern=r"arn:aws[a-z\-]*:sns:[a-z0-9\-]+:\d{12}:[a-zA-Z0-9_\-]{1,256}(\.fifo)?",
                in_words="the ARN of a topic, arn:aws:sns:REGION:ACCOUNT:NAME",
            ),
        ),
    ] = None
    details: Annotated[
        bool,
        Setting(
            "false keeps quotes of data and of the model's log out of the cause of a failed run, and so out of its "
            "notification and event",
            default_reason="the cause of a failure is in the notification",
        ),
    ] = True


@dataclass(frozen=True)
class WorkflowSpec(Values):
    """What a run does while another one is in progress, its functions, and the logs and traces that runs leave.

    Usage
    -----
        WorkflowSpec(overlapping_runs=OverlappingRuns.SKIP, tracing=True, log_retention_in_days=365)
    """

    overlapping_runs: Annotated[
        str,
        Setting(
            "what a run does while an earlier run of the job is in progress: `wait`, `skip`, `fail` or `allow`",
            Choice.of(OverlappingRuns),
            default_reason="no run is lost",
        ),
    ] = "wait"
    max_cost: Annotated[
        float | None,
        Setting(
            "the most that a run may cost, over all attempts, in USD (in China, CNY): its time limits follow from it; "
            "default: no limit but `max_runtime_in_seconds` of each attempt",
            Amount(),
        ),
    ] = None
    price_per_hour: Annotated[
        float | None,
        Setting(
            "the price of one instance for an hour, in the same currency; default: that in AWS's Price List",
            Amount(),
        ),
    ] = None
    tracing: Annotated[bool, Setting("true turns on X-Ray for the state machine")] = False
    log_retention_in_days: Annotated[
        int,
        Setting(
            "how long CloudWatch keeps the logs of the state machine and the functions",
            editor_limits=LOG_RETENTION_IN_DAYS,
        ),
    ] = 90
    architecture: Annotated[
        str,
        Setting(
            "Architectures of the functions: `arm64`, or `x86_64` where Lambda has no arm64 or a policy wants it",
            Choice.of(Architecture),
            default_reason="Lambda charges a fifth less for it",
        ),
    ] = "arm64"
    log_execution_data: Annotated[
        bool,
        Setting(
            "false keeps the input and output of runs and their states out of the state machine's log",
            default_reason="a log without them seldom explains a failure",
        ),
    ] = True


@dataclass(frozen=True)
class LimitsSpec:
    """What a run may use at most, beyond what the job declares.

    Usage
    -----
        LimitsSpec(instance_types=("ml.m5.large", "ml.m5.4xlarge"), instance_count=4)
    """

    instance_types: Annotated[
        tuple[str, ...] | None,
        Setting(
            "the instance types that a run may use; default: those in `transform.instance_type`",
            Choice(INSTANCE_TYPES),
            items=(1, None),
        ),
    ] = None
    instance_count: Annotated[
        int | None,
        Setting(
            "the most instances that a run may use; default: `transform.instance_count`",
            Whole(1, documented_most=100),
        ),
    ] = None
    max_runtime_in_seconds: Annotated[
        int | None,
        Setting(
            "the most that `transform.max_runtime_in_seconds` may be, which a run can't change; default: no limit",
            Whole(1),
        ),
    ] = None


@dataclass(frozen=True)
class MonitoringSpec:
    """When a run is unusual.

    Usage
    -----
        MonitoringSpec(longest_duration_in_seconds=3600, starts_within_hours=26)
    """

    longest_duration_in_seconds: Annotated[
        int | None,
        Setting(
            "a run that takes longer raises an alarm; default: CloudWatch learns what is usual", Whole(1)
        ),
    ] = None
    starts_within_hours: Annotated[
        int | None,
        Setting(
            "this many hours without a start raise an alarm, at most 168; default: derived from the schedules",
            Whole(1, 168),  # CloudWatch evaluates seven days at most (User Guide, "Evaluating an alarm")
        ),
    ] = None


@dataclass(frozen=True)
class JobSpec:
    """One batch transform job. `job_file` is the path that messages show; empty when made in Python.

    Usage
    -----
        JobSpec(
            name="churn",
            model=ModelSpec(source=Path("models/churn"), image=FrameworkImage("sklearn", "1.2-1")),
            input=InputSpec(content_type="text/csv", split_type=SplitType.LINE),
            output=OutputSpec(accept="text/csv", assemble_with=AssembleWith.LINE),
            triggers=TriggersSpec(schedule=(ScheduleSpec(cron="0 2 * * ? *"),)),
        )
    """

    name: Annotated[
        str,
        Setting(
            f"letters, digits and inner hyphens, at most {MAX_LENGTH}: TransformJobName, S3 prefixes and resource "
            "names begin with it",
            editor_limits=Text(1, MAX_LENGTH, r"[a-zA-Z0-9](-*[a-zA-Z0-9])*"),
        ),
    ]
    model: Annotated[
        ModelSpec,
        Setting(
            "the model: exactly one of source, artifact, containers, existing, endpoint and package_group"
        ),
    ]
    input: Annotated[InputSpec, Setting("what is scored")] = InputSpec()
    transform: Annotated[TransformSpec, Setting("how it is scored")] = TransformSpec()
    data_processing: Annotated[
        DataProcessingSpec, Setting("what the model gets of each record, and what the result keeps")
    ] = DataProcessingSpec()
    output: Annotated[OutputSpec, Setting("where results go")] = OutputSpec()
    batch_data_capture_config: Annotated[
        BatchDataCaptureConfig,
        Setting("DataCaptureConfig: which inputs and outputs each transform job had, for Model Monitor"),
    ] = BatchDataCaptureConfig()
    experiment_config: Annotated[
        ExperimentConfig, Setting("ExperimentConfig: where SageMaker Experiments lists the transform job")
    ] = ExperimentConfig()
    reconcile: Annotated[
        str,
        Setting(
            "how a run compares its results with its input before it succeeds: `objects`, `records` (also counts the "
            'lines of both) or `"off"`',
            Choice.of(Reconcile),
            default_reason="a run that lost an object fails",
        ),
    ] = "objects"
    triggers: Annotated[TriggersSpec, Setting("what starts the job automatically")] = TriggersSpec()
    notify: Annotated[
        NotifySpec, Setting("who is notified of a run that failed, took too long or did not start")
    ] = NotifySpec()
    bad_records: Annotated[
        BadRecordsSpec | None,
        Setting(
            "how many records may be bad: a run finds them, and completes without them; default: a record that the "
            "model refuses fails the run"
        ),
    ] = None
    workflow: Annotated[WorkflowSpec, Setting("how runs behave")] = WorkflowSpec()
    limits: Annotated[LimitsSpec, Setting("what a run may use at most")] = LimitsSpec()
    monitoring: Annotated[MonitoringSpec, Setting("when a run is unusual")] = MonitoringSpec()
    tags: Annotated[Mapping[str, str], Setting("Tags of the transform job", TAGS, member="Tags")] = field(
        default_factory=dict
    )
    job_file: str = ""
