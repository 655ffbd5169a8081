"""The function that keeps the record of a run, and its permissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_kms as kms
from constructs import Construct

from batch_transform.job.request.request import Request
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.model_source import to_be_found
from batch_transform_cdk.data.data_location import DataLocation
from batch_transform_cdk.ground.acknowledgment import acknowledge_wildcards
from batch_transform_cdk.ground.function_size import KEEPS_RECORD
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import arn
from batch_transform_cdk.ground.workflow_function import WorkflowFunction

_ANY_OBJECT = "the objects below the job's own prefix, whose names are not known"


class RecordFunction(WorkflowFunction):
    """Define the function `record` of a job: it lists the input, compares the results with it, and writes the record.

    Only a job with `reconcile: records` lets it read input and results. Otherwise it can list both, and read and write
    the files of records, whose names begin with `_`.

    `model_arn` is that of a model of the app. `declared_output` is the TransformOutput of the job's request.
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
        model_arn: str | None,
        transform_jobs_arns: Sequence[str],
        encryption_key: kms.IKey | None,
    ) -> None:
        self.declared_output: Mapping[str, Any] = request["TransformOutput"]
        files = f"{output.objects_arn}/_*"
        counts = spec.reconcile == "records"
        read = output.objects_arn if counts else files
        models = {model_arn: ""} if model_arn else _models(spec, str(request["ModelName"]))
        statements = [
            data.list_statement(),
            output.list_statement(),
            Statement(["s3:PutObject", "s3:AbortMultipartUpload"], [files]),
            Statement(["s3:GetObject"], [read]),
            Statement(["sagemaker:ListTransformJobs"], ["*"]),
            Statement(["sagemaker:DescribeTransformJob"], list(transform_jobs_arns)),
            Statement(["sagemaker:DescribeModel"], list(models)),
        ]
        wildcards = {
            files: "each run has its own folder, whose name has the time of its start",
            read: _ANY_OBJECT,
            **models,
        }
        if counts or spec.input.data_type == "ManifestFile":
            statements += data.read_statements()
            wildcards |= {data.objects_arn: _ANY_OBJECT, **data.key_wildcards()}
        if output.key is not None:
            conditions = output.key.s3_conditions([output.bucket_arn, read])
            actions = ["kms:GenerateDataKey", "kms:Decrypt"]
            statements.append(Statement(actions, [output.key.resource], conditions))
            wildcards |= output.key.wildcards()
        super().__init__(
            scope,
            construct_id,
            name="record",
            description=f"Record of {spec.name}: compares a run's results with its input, and writes its record",
            size=KEEPS_RECORD,
            workflow=spec.workflow,
            encryption_key=encryption_key,
            when_it_fails="the state machine handles a failure with Retry and Catch; after a run that was stopped "
            "Lambda retries twice, and a separate notification reports the same run",
            without_resource=("ListTransformJobs",),
            statements=statements,
        )
        acknowledge_wildcards(self, {name: reason for name, reason in wildcards.items() if reason})


def let_read_history(scope: Construct, record: RecordFunction, machine_name: str) -> None:
    """Allow the function to read the histories of the job's executions, for the pages of their runs.

    This is a separate policy, since the state machine depends on the function.
    """
    executions = arn("states", f"execution:{machine_name}:*")
    statement = Statement(["states:GetExecutionHistory"], [executions])
    policy = record.role.further_policy(scope, "RunHistory", [statement])
    acknowledge_wildcards(policy, {executions: "the runs of this job, whose names are not known"})


def _models(spec: JobSpec, model_name: str) -> dict[str, str]:
    """Return the ARNs of the models of others that a run may use, each with the reason for a wildcard in it.

    SageMaker lowercases some names in its ARNs, and IAM is case-sensitive.
    """
    names: tuple[str, ...] = (model_name, model_name.lower())
    reason = ""
    if spec.model.package_group is not None:
        names = (f"{spec.name}-*", f"{spec.name.lower()}-*")
        reason = "one model for each package, with a name that starts with the job's"
    elif to_be_found(spec.model):
        names, reason = ("*",), "each update may give an endpoint another model"
    return {arn("sagemaker", f"model/{name}"): reason for name in names}
