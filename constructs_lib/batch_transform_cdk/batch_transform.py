"""One batch transform job as one construct."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self, TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from batch_transform.job.errors import ConstructError, JobSpecError
from batch_transform.job.files.job_file import load_job_file
from batch_transform.job.problems import problems
from batch_transform.job.request.request import transform_job_request
from batch_transform.job.values.job_spec import JobSpec, ScheduleSpec, TriggersSpec, UploadSpec
from batch_transform_cdk.data.data_buckets import Buckets, DataBuckets
from batch_transform_cdk.data.job_places import JobPlaces, require_in
from batch_transform_cdk.data.sections import Sections
from batch_transform_cdk.given_resources import with_keys, with_network, with_role
from batch_transform_cdk.ground.stack_part import StackPart
from batch_transform_cdk.job_listing import describe_job, list_job
from batch_transform_cdk.machine.run_lock import RunLock
from batch_transform_cdk.machine.workflow import Workflow
from batch_transform_cdk.model.job_network import JobNetwork
from batch_transform_cdk.model.model import Model
from batch_transform_cdk.starts.triggers import Triggers
from batch_transform_cdk.starts.undelivered_starts import UndeliveredStarts
from batch_transform_cdk.watch import run_metrics
from batch_transform_cdk.watch.failed_runs import NOT_SUCCEEDED, SUCCEEDED, run_ended_rule
from batch_transform_cdk.watch.monitoring import Monitoring
from batch_transform_cdk.watch.notifications import Notifications


class Settings(TypedDict, total=False):
    """The keyword arguments of BatchTransform apart from `job`."""

    buckets: Buckets | None
    input_bucket: s3.IBucket | None
    output_bucket: s3.IBucket | None
    encryption_key: kms.IKey | None
    execution_role: iam.IRole | None
    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None
    notifications: Notifications | None
    topic: sns.ITopic | None
    listed_as: str | None


class BatchTransform(StackPart):
    """Define a batch transform job: its model, execution role, state machine, triggers, alarms and notifications.

    Usage::

        BatchTransform(self, "Churn", job=job)                               # with its own buckets
        churn = BatchTransform(self, "Shared", job=job, buckets=data)        # in buckets that other jobs use too
        BatchTransform.from_job_file(self, "FromFile", "jobs/smallest.yaml")
        churn.grant_start(role)
        churn.metric_failed()

    - `job` holds the fields of a job file as values, which may be CDK tokens. `from_job_file` reads it from a file.
    - `buckets` may be shared with other jobs: each job owns the prefix with its name. Default: new DataBuckets, in
      which `input_bucket` and `output_bucket` replace a bucket.
    - `encryption_key` encrypts the results, the instances' volumes, the logs, and buckets that are defined here.
      Default: the key of `buckets`, or without one, the services' own keys. Instance types with local storage accept no
      key for their volume (API reference, TransformResources): their hardware encrypts it.
    - `execution_role` is the role of the model's containers, and gets the permissions that they need. Default: a new
      role.
    - `vpc`, `vpc_subnets` and `security_groups` attach the containers to a network (`JobNetwork`). Default: none.
    - `notifications` may be shared with other jobs. Default: one topic and one function for all jobs of the stack under
      the same key, defined with the first of them. `topic` replaces the topic for this job. A job with its own
      `notify` uses neither.
    - `listed_as` is the name by which `batch-transform start`, `runs` and `show` find the job. Default: the job's name.

    Raises JobSpecError with every problem of the job, and ConstructError for arguments that contradict each other.
    Child ids are a contract: `Data/Input`, `Data/Output`, `Model`, `Workflow`, `Schedule`, `Upload`, `Monitoring`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        job: JobSpec,
        buckets: Buckets | None = None,
        input_bucket: s3.IBucket | None = None,
        output_bucket: s3.IBucket | None = None,
        encryption_key: kms.IKey | None = None,
        execution_role: iam.IRole | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        notifications: Notifications | None = None,
        topic: sns.ITopic | None = None,
        listed_as: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if buckets is not None and (input_bucket or output_bucket):
            raise ConstructError(
                "buckets is given together with input_bucket or output_bucket; "
                "pass the bucket to DataBuckets instead, or leave buckets out"
            )
        if notifications is not None and topic is not None:
            raise ConstructError(
                "notifications is given together with topic; pass the topic to Notifications instead"
            )
        require_in(input_bucket, job.input.data, field="input.data", argument="input_bucket")
        require_in(output_bucket, job.output.path, field="output.path", argument="output_bucket")
        if vpc is None and (vpc_subnets or security_groups):
            raise ConstructError("vpc_subnets and security_groups require vpc; pass it as well")
        self.network = (
            JobNetwork(self, "Network", vpc=vpc, vpc_subnets=vpc_subnets, security_groups=security_groups)
            if vpc is not None
            else None
        )
        declared = job
        job = with_role(with_network(job, self.network), execution_role)
        _require_legal(job)
        self.buckets: Buckets = buckets or DataBuckets(
            self,
            "Data",
            encryption_key=encryption_key,
            input_bucket=input_bucket,
            output_bucket=output_bucket,
        )
        if isinstance(self.buckets, DataBuckets):
            self.buckets.give_prefix_to(job.name, self)
        self.encryption_key = encryption_key or self.buckets.encryption_key
        places = JobPlaces(
            self,
            job=job,
            input_bucket=self.buckets.input,
            output_bucket=self.buckets.output,
            encryption_key=self.encryption_key,
        )
        self.data, self.output, self.captured = places.data, places.output, places.captured
        sections = None
        if job.bad_records is not None:
            sections = Sections.of(
                job.name, bucket=self.buckets.output, data=places.readable, output=self.output
            )
            sections.expire()
        job = with_keys(job, places, self.encryption_key)
        self.model = Model(
            self,
            "Model",
            job_name=job.name,
            spec=job.model,
            # One model serves all of the job's instance types: the rules refuse a type that needs another image.
            instance_type=job.transform.instance_type[0],
            data=places.readable,
            output=self.output,
            captured=self.captured,
            sections=sections,
            execution_role=execution_role,
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
            lock=self._lock(job),
            sections=sections,
            execution_role_arn=self.model.role_arn,
            model_arn=self.model.arn,
            encryption_key=self.encryption_key,
        )
        self._triggers = Triggers(
            self,
            spec=job.triggers,
            state_machine=self.workflow,
            data=self.data,
            encryption_key=self.encryption_key,
            workflow=job.workflow,
        )
        self._job, self._declared = job, declared
        self.job_name = job.name
        self.monitoring = Monitoring(
            self,
            "Monitoring",
            job=job,
            state_machine=self.workflow,
            report=self.workflow.report,
            record=self.workflow.record,
            bad_records=self.workflow.bad_records,
            undelivered_starts=self.undelivered_starts,
            notifications=notifications or Notifications.of_stack(self, self.encryption_key),
            topic=topic,
        )
        list_job(self, self.workflow, listed_as or job.name)
        describe_job(self.workflow, declared)

    @classmethod
    def from_job_file(
        cls, scope: Construct, construct_id: str, path: str | Path, **settings: Unpack[Settings]
    ) -> Self:
        """Define the job of a job file, whose path is relative to the folder of `cdk.json`.

        `settings` are the keyword arguments of BatchTransform, apart from `job`. Raises JobSpecError with every
        problem in the file.

        Usage::

            BatchTransform.from_job_file(self, "Churn", "jobs/churn.yaml", buckets=data)
        """
        return cls(scope, construct_id, job=load_job_file(Path(path)), **settings)

    @property
    def undelivered_starts(self) -> UndeliveredStarts | None:
        """The queue with the starts that failed; None as long as the job has no trigger."""
        return self._triggers.undelivered_starts

    def add_schedule(self, schedule: ScheduleSpec) -> None:
        """Start the job on a schedule, in addition to the triggers of its job file.

        The schedule gets what one in the job file has: retries, the queue of undelivered starts with its alarm, and
        the alarm for a job that did not start, which watches all schedules of the job. A job with several schedules
        needs a name for each: `ScheduleSpec(name="nightly", …)`.

        Raises JobSpecError with every problem of the schedule, and ConstructError if its name is taken.

        Usage::

            job.add_schedule(ScheduleSpec(cron="0 2 * * ? *", timezone="Europe/Vienna"))
        """
        _require_legal(replace(self._job, triggers=TriggersSpec(schedule=(schedule,))))
        self._triggers.add_schedule(schedule)
        triggers = self._declared.triggers
        self._declare(replace(triggers, schedule=(*triggers.schedule, schedule)))

    def add_upload_trigger(self, upload: UploadSpec) -> None:
        """Start the job after uploads below its input, in addition to the triggers of its job file.

        A job has one upload trigger at most. Raises JobSpecError with every problem of the trigger, and
        ConstructError if the job has one already.

        Usage::

            job.add_upload_trigger(UploadSpec(suffix=".csv"))
        """
        _require_legal(replace(self._job, triggers=TriggersSpec(on_upload=upload)))
        self._triggers.add_upload_trigger(upload)
        self._declare(replace(self._declared.triggers, on_upload=upload))

    def _declare(self, triggers: TriggersSpec) -> None:
        """Let the alarms and the metadata follow the job's triggers."""
        self._declared = replace(self._declared, triggers=triggers)
        self.monitoring.alarms.watch_starts(self._declared, self.undelivered_starts)
        describe_job(self.workflow, self._declared)

    @property
    def state_machine(self) -> sfn.IStateMachine:
        """The state machine that runs the job."""
        return self.workflow.state_machine

    @property
    def execution_role(self) -> iam.IRole | None:
        """The role of the model's containers; None for a model that exists with its own role."""
        return self.model.role

    @property
    def connections(self) -> ec2.Connections:
        """The network connections of the containers, for rules of your own.

        Raises ConstructError without a VPC.
        """
        if self.network is None:
            raise ConstructError(f"{self.node.path} has no vpc and therefore no security groups; pass vpc")
        return self.network.connections

    def _lock(self, job: JobSpec) -> RunLock | None:
        if job.workflow.overlapping_runs == "allow":
            return None
        return RunLock.of(
            job.name,
            bucket=self.buckets.output,
            encryption_key=self.encryption_key,
            one_waits=job.workflow.overlapping_runs == "wait",
        )

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant permission to start runs, with any input."""
        return self.state_machine.grant_start_execution(grantee)

    def grant_start_and_wait(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant another state machine permission to start a run as a task, `startExecution.sync:2`, and wait for it.

        The task follows the run, stops it when it is stopped itself, and learns of its end by a rule that Step
        Functions manages (Developer Guide, "IAM policies for nested workflows"). The CDK's task
        StepFunctionsStartExecution adds the same permissions by itself.
        """
        started = self.grant_start(grantee)
        followed = self.state_machine.grant_execution(
            grantee, "states:DescribeExecution", "states:StopExecution"
        )
        rule = self.stack.format_arn(
            service="events",
            resource="rule",
            resource_name="StepFunctionsGetEventsForStepFunctionsExecutionRule",
        )
        managed_rule = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            resource_arns=[rule],
        )
        return started.combine(followed).combine(managed_rule)

    def grant_read_output(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant permission to list, read and decrypt the results of this job, but of no other."""
        return self.output.grant_read(grantee)

    def grant_read_input(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant permission to list and read the job's input."""
        return self.data.grant_read(grantee)

    def grant_write_input(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant permission to upload the job's input."""
        return self.data.grant_write(grantee)

    def metric(
        self,
        metric_name: str,
        *,
        statistic: str | None = None,
        period: cdk.Duration | None = None,
        label: str | None = None,
        color: str | None = None,
    ) -> cloudwatch.Metric:
        """Return a metric of the state machine (Step Functions Developer Guide, CloudWatch metrics).

        Default statistic and period are the CDK's: the average over five minutes.
        """
        return self.state_machine.metric(
            metric_name, statistic=statistic, period=period, label=label, color=color
        )

    def metric_started(self, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
        """Return the number of runs that started."""
        return run_metrics.STARTED.of(self.state_machine, period=period)

    def metric_succeeded(self, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
        """Return the number of runs that succeeded."""
        return run_metrics.SUCCEEDED.of(self.state_machine, period=period)

    def metric_failed(self, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
        """Return the number of runs that failed."""
        return run_metrics.FAILED.of(self.state_machine, period=period)

    def metric_timed_out(self, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
        """Return the number of runs that timed out."""
        return run_metrics.TIMED_OUT.of(self.state_machine, period=period)

    def metric_aborted(self, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
        """Return the number of runs that somebody stopped."""
        return run_metrics.ABORTED.of(self.state_machine, period=period)

    def metric_duration(
        self, *, statistic: str = "Maximum", period: cdk.Duration | None = None
    ) -> cloudwatch.Metric:
        """Return the duration of runs in milliseconds. Default: the longest, which an alarm watches."""
        return run_metrics.DURATION.of(self.state_machine, period=period, statistic=statistic)

    def metric_input_objects(self, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
        """Return the number of objects that completed runs read."""
        return run_metrics.INPUT_OBJECTS.of(self.state_machine, period=period)

    def metric_output_objects(self, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
        """Return the number of result objects that completed runs wrote."""
        return run_metrics.OUTPUT_OBJECTS.of(self.state_machine, period=period)

    def metric_instance_seconds(self, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
        """Return the instance time of completed runs, in seconds: the time that SageMaker bills."""
        return run_metrics.INSTANCE_SECONDS.of(self.state_machine, period=period)

    def metric_cost(self, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
        """Return what runs cost, over all attempts, in the currency of AWS's Price List."""
        return run_metrics.COST.of(self.state_machine, period=period)

    def metric_cost_per_thousand_records(self, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
        """Return what a thousand records cost, for a job that counts them (`reconcile: records`)."""
        return run_metrics.COST_PER_THOUSAND_RECORDS.of(self.state_machine, period=period)

    def on_failed(self, rule_id: str, *, target: events.IRuleTarget | None = None) -> events.Rule:
        """Define a rule for runs that failed, timed out or were stopped."""
        return run_ended_rule(self, rule_id, self.state_machine, NOT_SUCCEEDED, target)

    def on_succeeded(self, rule_id: str, *, target: events.IRuleTarget | None = None) -> events.Rule:
        """Define a rule for runs that succeeded, whose results are available."""
        return run_ended_rule(self, rule_id, self.state_machine, SUCCEEDED, target)


def _require_legal(job: JobSpec) -> None:
    if errors := [problem for problem in problems(job) if problem.is_error]:
        raise JobSpecError(errors)
