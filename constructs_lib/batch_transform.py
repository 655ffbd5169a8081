"""One batch transform job as one construct."""

from __future__ import annotations

from aws_cdk import aws_s3 as s3
from constructs import Construct

from batch_transform.spec.errors import JobSpecError
from batch_transform.spec.job_problems import problems
from batch_transform.spec.job_spec import JobSpec
from batch_transform.spec.request import transform_job_request
from batch_transform.spec.s3_uri import S3Uri
from constructs_lib.data_buckets import Buckets
from constructs_lib.data_location import DataLocation
from constructs_lib.kms_key import KmsKey
from constructs_lib.model import Model
from constructs_lib.triggers import add_triggers
from constructs_lib.workflow import Workflow


class BatchTransform(Construct):
    """Define all that a job needs: its model and execution role, the state machine, and its schedule.

    Data that the job does not place lie in `buckets`, below a prefix with the job's name. Raises
    JobSpecError with all that the rules refuse.

    Usage::

        buckets = DataBuckets(self, "Data")
        tumours = BatchTransform(self, "tumours", job=spec, buckets=buckets)
        tumours.state_machine.grant_start_execution(nightly_role)
    """

    def __init__(self, scope: Construct, construct_id: str, *, job: JobSpec, buckets: Buckets) -> None:
        super().__init__(scope, construct_id)
        if wrong := [problem for problem in problems(job) if problem.is_error]:
            raise JobSpecError(wrong)
        self.data = self._location("Data", job.input.data, buckets.input, job)
        self.output = self._location("Output", _folder(job.output.path), buckets.output, job)
        capture = job.batch_data_capture_config
        self.captured = (
            self._location("Captured", _folder(capture.destination_s3_uri), buckets.output, job)
            if capture.destination_s3_uri
            else None
        )
        self.model = Model(
            self,
            "Model",
            spec=job.model,
            # One model serves every type of the ladder: the rules let none in that needs another image.
            instance_type=job.transform.instance_type[0],
            # A manifest names objects anywhere in its bucket, and nobody knows them before the run.
            data=DataLocation(self.data.bucket, "") if job.input.data_type == "ManifestFile" else self.data,
            output=self.output,
            written_with=[
                KmsKey(key) for key in dict.fromkeys((job.output.kms_key, capture.kms_key_id)) if key
            ],
            captured=self.captured,
        )
        self.workflow = Workflow(
            self,
            "Workflow",
            spec=job,
            request=transform_job_request(
                job, model_name=self.model.name, data=self.data.uri, output_path=self.output.uri
            ),
            data=self.data,
            output=self.output,
            execution_role=self.model.role,
        )
        self.state_machine = self.workflow.state_machine
        self.lost_starts = add_triggers(
            self, spec=job.triggers, state_machine=self.state_machine, data=self.data
        )

    def _location(self, construct_id: str, uri: str | None, bucket: s3.IBucket, job: JobSpec) -> DataLocation:
        if uri is None:
            return DataLocation(bucket, f"{job.name}/")
        place = S3Uri.parse(uri)
        return DataLocation(s3.Bucket.from_bucket_name(self, construct_id, place.bucket), place.key)


def _folder(uri: str | None) -> str | None:
    """What is written lies in a folder of its own: `s3://b/churn` must not open `s3://b/churn2/` to the role."""
    return f"{uri.rstrip('/')}/" if uri else uri
