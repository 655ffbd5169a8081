"""The state machine that runs a job, its functions, and its permissions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Protocol

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from batch_transform.job.request.integration import uses_sdk
from batch_transform.job.request.request import Request
from batch_transform.job.rules.run_limits import RunLimits
from batch_transform.job.rules.unfit_data import Reading
from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.data.data_location import DataLocation
from batch_transform_cdk.data.sections import Sections, let_describe_executions
from batch_transform_cdk.ground.acknowledgment import (
    OWN_KEY_IS_A_CHOICE,
    Reasons,
    acknowledge_each,
    acknowledge_wildcards,
)
from batch_transform_cdk.ground.function_size import LISTS_OBJECTS
from batch_transform_cdk.ground.kms_key import KmsKey, let_log_groups_use
from batch_transform_cdk.ground.service_role import ServiceRole
from batch_transform_cdk.ground.stack_part import StackPart
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import PARTITION, arn, json_text
from batch_transform_cdk.ground.workflow_function import WorkflowFunction, machine_statement, run_logs
from batch_transform_cdk.machine.create_conditions import create_conditions
from batch_transform_cdk.machine.definition import Parts, state_machine_definition
from batch_transform_cdk.machine.model_lookup import ModelLookup
from batch_transform_cdk.machine.record_function import RecordFunction, let_read_history
from batch_transform_cdk.machine.run_lock import RunLock


class StateMachine(Protocol):
    """Anything with the ARN of a state machine: a job's `Workflow`, or any `IStateMachine` of the CDK."""

    @property
    def state_machine_arn(self) -> str: ...


TRANSFORM_JOB_LOGS = "/aws/sagemaker/TransformJobs"

# The time in a run's id, `20261122T020001`, as a pattern of IAM: it matches no other job's name, not even one that
# starts with this job's name. The job's name is given as written and in lower case, since public reports show ARNs
# of transform jobs in both spellings and IAM is case-sensitive.
_RUN = "?" * 15

_KEPT_WITH_BAD_RECORDS: Reasons = {
    "BatchTransform::FailureHidden[Transform]": "the job declares how many bad records a run may leave out, and the "
    "run says which: its output, a metric, an alarm and _bad_records.jsonl"
}
_KEPT_WITHOUT_TRACING: Reasons = {
    "AwsSolutions-SF2": "the log has every event, and X-Ray adds cost but little insight for a "
    "batch job: workflow.tracing turns it on"
}
_KEPT_WITHOUT_KEY: dict[tuple[str, str], Reasons] = {
    ("TransformOutput", "KmsKeyId"): {"BatchTransform::OutputWithoutKey[Transform]": OWN_KEY_IS_A_CHOICE},
    ("TransformResources", "VolumeKmsKeyId"): {
        "BatchTransform::VolumeWithoutKey[Transform]": "no customer key was requested, or the instance types have "
        "local storage, which their hardware encrypts"
    },
}
_REFERENCES = {"ModelName", "S3Uri", "S3OutputPath", "KmsKeyId", "VolumeKmsKeyId", "DestinationS3Uri"}
"""Members of the request with the name of a resource."""

_LOG_DELIVERY = Statement(
    # These have no resource-level permissions (Developer Guide, "IAM policies for logging to CloudWatch Logs").
    actions=[
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    ],
    resources=["*"],
)


class Workflow(StackPart):
    """Define the state machine of `spec`, which sends `request` for each run.

    The permissions of its role follow the Step Functions Developer Guide (IAM policies for SageMaker).

    Usage::

        Workflow(
            self,
            "Workflow",
            spec=job,
            request={
                "ModelName": "churn",
                "TransformInput": {
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{data.input.bucket_name}/churn/"}}
                },
                "TransformOutput": {"S3OutputPath": f"s3://{data.output.bucket_name}/churn/"},
                "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            },
            data=DataLocation(data.input, "churn/"),
            output=DataLocation(data.output, "churn/"),
            lock=None,
            execution_role_arn=None,
        )

    - `request` is a CreateTransformJob request without a job name.
    - `lock` keeps runs from overlapping; None lets them.
    - `sections` is where a job with `bad_records` keeps the sections of objects.
    - `execution_role_arn` is the model's role, if the state machine must be able to pass it.
    - `model_arn` is the model's ARN, if the app defines the model. Default: the ARN of the model that `request` names.
    - `encryption_key` encrypts the logs, but not the state machine: EventBridge would leave the cause of a failure out
      of its events (Developer Guide, data at rest encryption), and a notification could not say why a run failed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: JobSpec,
        request: Request,
        data: DataLocation,
        output: DataLocation,
        lock: RunLock | None,
        execution_role_arn: str | None,
        model_arn: str | None = None,
        sections: Sections | None = None,
        encryption_key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        if encryption_key is not None:
            let_log_groups_use(encryption_key)
        job_logs_arn = arn("logs", f"log-group:{TRANSFORM_JOB_LOGS}:*")
        jobs_arns = [
            arn("sagemaker", f"transform-job/{name}-{_RUN}-*")
            for name in dict.fromkeys((spec.name, spec.name.lower()))
        ]
        lookup = ModelLookup(job_name=spec.name, model=spec.model)
        is_priced = spec.workflow.price_per_hour is not None
        reads_data = bool(spec.input.columns) or Reading.of(request).looks_at_first_bytes
        # One reason for `*`, whichever of its two actions there are: a second one would have no finding of its own.
        lookup_wildcards = dict(lookup.wildcards)
        unbound = [] if is_priced else ["GetProducts"]
        if unbound and lookup_wildcards.pop("*", ""):
            unbound.append("perhaps ListModelPackages")
        preflight = WorkflowFunction(
            self,
            "Preflight",
            name="preflight",
            description=f"Preflight of {spec.name}: checks a run's input and request before anything is billed",
            size=LISTS_OBJECTS,
            workflow=spec.workflow,
            encryption_key=encryption_key,
            statements=[
                data.list_statement(),
                *(data.read_statements() if reads_data else []),
                *lookup.statements,
                *(lock.take_statements() if lock else []),
                *([] if is_priced else [Statement(actions=["pricing:GetProducts"], resources=["*"])]),
            ],
            without_resource=unbound,
        )
        objects = "the objects below the job's own prefix, whose names are not known"
        wildcards = {data.objects_arn: objects, **data.key_wildcards()} if reads_data else {}
        acknowledge_wildcards(preflight, wildcards | lookup_wildcards)
        reads_log = [Statement(actions=["logs:FilterLogEvents"], resources=[job_logs_arn])]
        if not spec.notify.details:
            reads_log = []  # the cause of a failed run quotes no log
        self.report = WorkflowFunction(
            self,
            "Report",
            name="report",
            description=f"Report of {spec.name}: counts a run's results, or explains its failure and stops its "
            "transform job",
            size=LISTS_OBJECTS,
            workflow=spec.workflow,
            encryption_key=encryption_key,
            when_it_fails="the state machine handles a failure with Retry and Catch; after a failed run Lambda retries "
            "twice, and a separate notification reports the same run",
            without_resource=("ListTransformJobs",),
            statements=[
                data.list_statement(),
                output.list_statement(),
                *reads_log,
                # To find and stop a transform job that a failed run left running.
                Statement(actions=["sagemaker:ListTransformJobs"], resources=["*"]),
                Statement(actions=["sagemaker:StopTransformJob"], resources=jobs_arns),
            ],
        )
        streams = "the streams of one group: SageMaker names them"
        acknowledge_wildcards(self.report, {job_logs_arn: streams} if reads_log else {})
        self.record = RecordFunction(
            self,
            "Record",
            spec=spec,
            request=request,
            data=data,
            output=output,
            model_arn=model_arn,
            transform_jobs_arns=jobs_arns,
            encryption_key=encryption_key,
        )
        volume_key = KmsKey(spec.transform.volume_kms_key) if spec.transform.volume_kms_key else None
        self.bad_records = self._bad_records(spec, sections, job_logs_arn, encryption_key)
        function_arns = [
            preflight.arn,
            self.report.arn,
            self.record.arn,
            *([self.bad_records.arn] if self.bad_records else []),
        ]
        self.log_group = run_logs(
            self,
            retention_in_days=spec.workflow.log_retention_in_days,
            encryption_key=encryption_key,
            # With this prefix, the resource policy for log delivery never exceeds its size limit.
            name=f"/aws/vendedlogs/states/{cdk.Names.unique_resource_name(self, max_length=60)}",
        )
        self.role = ServiceRole(
            self,
            "Role",
            service="states.amazonaws.com",
            description=f"Runs the batch transform job {spec.name}",
            policy_name="Workflow",
            statements=[
                Statement(actions=["lambda:InvokeFunction"], resources=function_arns),
                Statement(
                    actions=["sagemaker:CreateTransformJob"],
                    resources=jobs_arns,
                    conditions=create_conditions(request, RunLimits.of(spec)),
                ),
                *_transform_job_statements(request, jobs_arns, execution_role_arn),
                *(volume_key.volume_statements() if volume_key else []),
                *(lock.release_statements() if lock else []),
                _LOG_DELIVERY,
                *([machine_statement()] if spec.workflow.tracing else []),
            ],
        )
        if volume_key is not None:
            acknowledge_wildcards(self.role.resource, volume_key.wildcards())
        place, waiting = (lock.place, lock.waiting_place) if lock else (None, None)
        definition = state_machine_definition(
            spec,
            request,
            Parts(
                preflight_arn=preflight.arn,
                report_arn=self.report.arn,
                record_arn=self.record.arn,
                lock=place,
                waiting=waiting,
                bad_records_arn=self.bad_records.arn if self.bad_records else None,
            ),
            partition=PARTITION,
        )
        self.resource = sfn.CfnStateMachine(
            self,
            "StateMachine",
            definition_string=json_text(
                self,
                definition,
                references=(*function_arns, PARTITION, *(place or {}).values(), *_references(request)),
            ),
            logging_configuration={
                "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": self.log_group.attr_arn}}],
                "includeExecutionData": spec.workflow.log_execution_data,
                "level": "ALL",
            },
            role_arn=self.role.arn,
            tracing_configuration={"enabled": True} if spec.workflow.tracing else None,
        )
        let_read_history(self, self.record, self.resource.attr_name)
        if self.bad_records is not None:
            let_describe_executions(self, self.bad_records.role, self.resource.attr_name)
        if lock is not None:
            lock.let_describe_executions(self, preflight.role, self.resource.attr_name)
        acknowledge_wildcards(
            self,
            {
                **dict.fromkeys(
                    jobs_arns,
                    "each attempt of each run has its own transform job name, which starts with the job's name",
                ),
                "*": "the actions of log delivery and of X-Ray support no resource-level permissions",
            },
        )
        acknowledge_each(self, _kept(spec, request))

    def _bad_records(
        self, spec: JobSpec, sections: Sections | None, job_logs_arn: str, encryption_key: kms.IKey | None
    ) -> WorkflowFunction | None:
        """Define the function that finds bad records; None for a job whose runs fail with the first one."""
        if spec.bad_records is None or sections is None:
            return None
        function = WorkflowFunction(
            self,
            "BadRecords",
            name="bad_records",
            description=f"Bad records of {spec.name}: cuts objects into sections, and puts their results together",
            size=LISTS_OBJECTS,
            workflow=spec.workflow,
            encryption_key=encryption_key,
            environment={
                "SECTIONS_BUCKET": sections.location.bucket_name,
                "SECTIONS_PREFIX": sections.location.prefix,
            },
            when_it_fails="the state machine handles a failure with Retry and Catch; after a failed run Lambda retries "
            "twice, and a lifecycle rule of the bucket deletes what is left",
            statements=[
                *sections.function_statements(),
                Statement(actions=["logs:FilterLogEvents"], resources=[job_logs_arn]),
                Statement(actions=["sagemaker:ListTransformJobs"], resources=["*"]),
            ],
            without_resource=("ListTransformJobs",),
        )
        acknowledge_wildcards(
            function,
            {**sections.wildcards(), job_logs_arn: "the streams of one group: SageMaker names them"},
        )
        return function

    @cached_property
    def state_machine_arn(self) -> str:
        """The state machine's ARN, as a token."""
        return self.resource.ref

    @cached_property
    def state_machine(self) -> sfn.IStateMachine:
        """The state machine as an `sfn.IStateMachine`: for grants, metrics and targets."""
        return sfn.StateMachine.from_state_machine_arn(self, "Given", self.state_machine_arn)


def _transform_job_statements(
    request: Request, jobs_arns: list[str], execution_role_arn: str | None
) -> list[Statement]:
    """Return what the role needs to follow and stop transform jobs, and to pass the model's role."""
    # Both are states of their own as well.
    actions = ["sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob"]
    managed_rule: list[Statement] = []
    if uses_sdk(request):
        actions += ["sagemaker:AddTags"] if "Tags" in request else []
    else:
        # `.sync` tags the transform job with the execution that started it, and reads the tags of an ended one. It
        # learns of the end by a rule that Step Functions manages.
        actions += ["sagemaker:AddTags", "sagemaker:ListTags"]
        rule_arn = arn("events", "rule/StepFunctionsGetEventsForSageMakerTransformJobsRule")
        managed_rule.append(
            Statement(
                actions=["events:PutTargets", "events:PutRule", "events:DescribeRule"], resources=[rule_arn]
            )
        )
    statements = [Statement(actions=actions, resources=jobs_arns), *managed_rule]
    if execution_role_arn is not None:
        statements.append(
            Statement(
                actions=["iam:PassRole"],
                resources=[execution_role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )
    return statements


def _kept(spec: JobSpec, request: Request) -> Reasons:
    """Return the findings of security rules that the job's settings explain."""
    kept = {} if spec.workflow.tracing else dict(_KEPT_WITHOUT_TRACING)
    if spec.bad_records is not None:
        kept |= _KEPT_WITH_BAD_RECORDS
    for (structure, name), reasons in _KEPT_WITHOUT_KEY.items():
        if name not in request[structure]:
            kept |= reasons
    return kept


def _references(request: Request) -> Iterator[str]:
    """Yield the names, ARNs and URIs in a request, which may be tokens."""
    for member, value in request.items():
        if isinstance(value, dict):
            yield from _references(value)
        elif member in _REFERENCES:
            yield str(value)
