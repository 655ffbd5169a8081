"""CDK constructs that define batch transform jobs, for any CDK app; `docs/constructs.md` shows how.

`BatchTransform` puts one job together. All else that is named here can be used by itself as well; what is not
named here may change.
"""

from constructs_lib.batch_transform import BatchTransform
from constructs_lib.customer_key import CustomerKey
from constructs_lib.dashboard import Dashboard
from constructs_lib.data_buckets import DataBuckets
from constructs_lib.data_location import DataLocation
from constructs_lib.execution_role import ExecutionRole
from constructs_lib.job_network import JobNetwork
from constructs_lib.kms_key import KmsKey
from constructs_lib.lost_starts import LostStarts
from constructs_lib.model import Model
from constructs_lib.monitoring import Monitoring
from constructs_lib.notification_topic import NotificationTopic
from constructs_lib.notifications import Notifications
from constructs_lib.run_alarms import RunAlarms
from constructs_lib.schedule import Schedule
from constructs_lib.upload_trigger import UploadTrigger
from constructs_lib.workflow import Workflow

__all__ = [
    # a job, and what jobs share
    "BatchTransform",
    "CustomerKey",
    "Dashboard",
    "DataBuckets",
    "Notifications",
    # the parts of a job
    "ExecutionRole",
    "JobNetwork",
    "LostStarts",
    "Model",
    "Monitoring",
    "NotificationTopic",
    "RunAlarms",
    "Schedule",
    "UploadTrigger",
    "Workflow",
    # values that parts take
    "DataLocation",
    "KmsKey",
]
