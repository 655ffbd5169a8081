"""CDK constructs that define batch transform jobs, for any CDK app; `docs/how-to/your-own-cdk-app.md` shows how.

`add_job_stacks` defines the stacks of all job files, and `BatchTransform` defines one job. The other names are the
parts of a job, which you can use on their own. Anything that isn't exported here may change.
"""

from batch_transform.job.aws.enums import (
    Architecture,
    AssembleWith,
    BatchStrategy,
    CompressionType,
    JoinSource,
    OverlappingRuns,
    S3DataType,
    SplitType,
)
from batch_transform.job.files.job_file import load_job_files
from batch_transform.job.values.job_spec import (
    BadRecordsSpec,
    BatchDataCaptureConfig,
    ContainerSpec,
    DataProcessingSpec,
    ExperimentConfig,
    FrameworkImage,
    InputSpec,
    JobSpec,
    LimitsSpec,
    ModelSpec,
    MonitoringSpec,
    NotifySpec,
    OutputSpec,
    ScheduleSpec,
    TransformSpec,
    TriggersSpec,
    UploadSpec,
    VpcConfig,
    WorkflowSpec,
)
from batch_transform_cdk.app.job_stacks import add_job_stacks, add_security_checks
from batch_transform_cdk.batch_transform import BatchTransform
from batch_transform_cdk.dashboard import Dashboard
from batch_transform_cdk.data.data_buckets import DataBuckets
from batch_transform_cdk.data.data_location import DataLocation
from batch_transform_cdk.ground.customer_key import CustomerKey
from batch_transform_cdk.ground.kms_key import KmsKey
from batch_transform_cdk.machine.workflow import Workflow
from batch_transform_cdk.model.execution_role import ExecutionRole
from batch_transform_cdk.model.job_network import JobNetwork
from batch_transform_cdk.model.model import Model
from batch_transform_cdk.starts.schedule import Schedule
from batch_transform_cdk.starts.undelivered_starts import UndeliveredStarts
from batch_transform_cdk.starts.upload_trigger import UploadTrigger
from batch_transform_cdk.watch.monitoring import Monitoring
from batch_transform_cdk.watch.notifications import Notifications, NotificationTopic
from batch_transform_cdk.watch.run_alarms import RunAlarms

__all__ = [
    # an app of job files
    "add_job_stacks",
    "add_security_checks",
    # a job, and what several jobs share
    "BatchTransform",
    "CustomerKey",
    "Dashboard",
    "DataBuckets",
    "Notifications",
    # the parts of a job
    "ExecutionRole",
    "JobNetwork",
    "UndeliveredStarts",
    "Model",
    "Monitoring",
    "NotificationTopic",
    "RunAlarms",
    "Schedule",
    "UploadTrigger",
    "Workflow",
    # the fields of a job file, as values
    "load_job_files",
    "JobSpec",
    "BadRecordsSpec",
    "BatchDataCaptureConfig",
    "ContainerSpec",
    "DataProcessingSpec",
    "ExperimentConfig",
    "FrameworkImage",
    "InputSpec",
    "ModelSpec",
    "LimitsSpec",
    "MonitoringSpec",
    "NotifySpec",
    "OutputSpec",
    "ScheduleSpec",
    "TransformSpec",
    "TriggersSpec",
    "UploadSpec",
    "VpcConfig",
    "WorkflowSpec",
    # enums for closed sets of their values, which accept the API's strings as well
    "Architecture",
    "AssembleWith",
    "BatchStrategy",
    "CompressionType",
    "JoinSource",
    "OverlappingRuns",
    "S3DataType",
    "SplitType",
    # values for the parts of a job
    "DataLocation",
    "KmsKey",
]
