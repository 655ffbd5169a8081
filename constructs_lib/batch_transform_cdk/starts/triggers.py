"""What starts a job by itself: its schedules and its upload trigger, with the queue that they share."""

from __future__ import annotations

from aws_cdk import aws_kms as kms
from constructs import Construct

from batch_transform.job.errors import ConstructError
from batch_transform.job.values.job_spec import ScheduleSpec, TriggersSpec, UploadSpec, WorkflowSpec
from batch_transform_cdk.data.data_location import DataLocation
from batch_transform_cdk.machine.workflow import StateMachine
from batch_transform_cdk.starts.schedule import Schedule
from batch_transform_cdk.starts.undelivered_starts import UndeliveredStarts
from batch_transform_cdk.starts.upload_trigger import UploadTrigger


class Triggers:
    """Define a job's triggers as children of `job`; `spec` holds the ones that the job declares.

    Children are called `Schedule` (for a schedule without a name) or `Schedule-NAME`, `Upload` and `LostStarts`: a
    named schedule keeps its resources when others are added or removed. `undelivered_starts` is the queue that all
    triggers share. It is None as long as nothing starts the job by itself.
    """

    def __init__(
        self,
        job: Construct,
        *,
        spec: TriggersSpec,
        state_machine: StateMachine,
        data: DataLocation,
        encryption_key: kms.IKey | None = None,
        workflow: WorkflowSpec = WorkflowSpec(),  # noqa: B008  # it is frozen
    ) -> None:
        self._job = job
        self._state_machine = state_machine
        self._data = data
        self._encryption_key = encryption_key
        self._workflow = workflow
        self.undelivered_starts: UndeliveredStarts | None = None
        for schedule in spec.schedule:
            self.add_schedule(schedule)
        if spec.on_upload is not None:
            self.add_upload_trigger(spec.on_upload)

    def add_schedule(self, spec: ScheduleSpec) -> None:
        """Define a schedule. Raises ConstructError if the job has one with that name, or this one needs a name."""
        child_id = "Schedule" if spec.name is None else f"Schedule-{spec.name}"
        if self._job.node.try_find_child(child_id) is not None:
            called = "without a name" if spec.name is None else f"with the name '{spec.name}'"
            raise ConstructError(
                f"{self._job.node.path} already has a schedule {called}; give each schedule its own name"
            )
        Schedule(
            self._job,
            child_id,
            spec=spec,
            state_machine=self._state_machine,
            undelivered_starts=self._queue(),
        )

    def add_upload_trigger(self, spec: UploadSpec) -> None:
        """Define the upload trigger. Raises ConstructError if the job has one."""
        if self._job.node.try_find_child("Upload") is not None:
            raise ConstructError(
                f"{self._job.node.path} already has an upload trigger, and a job can have only one; leave one of the "
                "two out, or give one a prefix and suffix that match the objects of both"
            )
        UploadTrigger(
            self._job,
            "Upload",
            spec=spec,
            data=self._data,
            state_machine=self._state_machine,
            undelivered_starts=self._queue(),
            encryption_key=self._encryption_key,
            workflow=self._workflow,
        )

    def _queue(self) -> UndeliveredStarts:
        if self.undelivered_starts is None:
            self.undelivered_starts = UndeliveredStarts(
                self._job, "LostStarts", encryption_key=self._encryption_key
            )
        return self.undelivered_starts
