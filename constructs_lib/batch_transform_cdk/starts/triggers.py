"""All that starts a job by itself."""

from __future__ import annotations

from aws_cdk import aws_kms as kms
from constructs import Construct

from batch_transform.job.values.job_spec import TriggersSpec, WorkflowSpec
from batch_transform_cdk.data.data_location import DataLocation
from batch_transform_cdk.machine.workflow import StateMachine
from batch_transform_cdk.starts.schedule import Schedule
from batch_transform_cdk.starts.undelivered_starts import UndeliveredStarts
from batch_transform_cdk.starts.upload_trigger import UploadTrigger


def add_triggers(
    job: Construct,
    *,
    spec: TriggersSpec,
    state_machine: StateMachine,
    data: DataLocation,
    encryption_key: kms.IKey | None = None,
    workflow: WorkflowSpec = WorkflowSpec(),  # noqa: B008  # it is frozen
) -> UndeliveredStarts | None:
    """Define a job's schedules and its start by uploads, as children of `job`; return the queue they share.

    Children are called `Schedule` (a lone one without a name) or `Schedule-NAME`, `Upload` and `LostStarts`:
    a named schedule keeps its resources when others come and go. None where nothing starts the job by itself.
    """
    if not spec.schedule and spec.on_upload is None:
        return None
    undelivered_starts = UndeliveredStarts(job, "LostStarts", encryption_key=encryption_key)
    for schedule in spec.schedule:
        child_id = "Schedule" if schedule.name is None else f"Schedule-{schedule.name}"
        Schedule(
            job, child_id, spec=schedule, state_machine=state_machine, undelivered_starts=undelivered_starts
        )
    if spec.on_upload is not None:
        UploadTrigger(
            job,
            "Upload",
            spec=spec.on_upload,
            data=data,
            state_machine=state_machine,
            undelivered_starts=undelivered_starts,
            encryption_key=encryption_key,
            workflow=workflow,
        )
    return undelivered_starts
