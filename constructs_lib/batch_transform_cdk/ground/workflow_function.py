"""A Lambda function of the workflow, with its log group and its tracing."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path

from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from batch_transform.job.values.job_spec import WorkflowSpec
from batch_transform_cdk.ground.acknowledgment import (
    OWN_KEY_IS_A_CHOICE,
    Reasons,
    acknowledge,
    acknowledge_each,
    acknowledge_wildcards,
)
from batch_transform_cdk.ground.description import OF_FUNCTION, within
from batch_transform_cdk.ground.function_size import FEW_CALLS, FunctionSize
from batch_transform_cdk.ground.service_role import ServiceRole
from batch_transform_cdk.ground.stack_part import StackPart, once_per_stack
from batch_transform_cdk.ground.statement import Statement
from batch_transform_cdk.ground.tokens import key_arn

ACTIONS_OF_X_RAY = "the actions of X-Ray"
"""Their name in a reason for `*`: they support no resource-level permissions (Service Authorization Reference)."""

_WRITE = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_SAMPLE = ("xray:GetSamplingRules", "xray:GetSamplingTargets")


def machine_statement() -> Statement:
    """Return the X-Ray permissions of a state machine's role (Step Functions Developer Guide)."""
    return Statement((*_WRITE, *_SAMPLE), ("*",))


def function_statement() -> Statement:
    """Return the X-Ray permissions of a function's role (Lambda Developer Guide, tracing with X-Ray)."""
    return Statement(_WRITE, ("*",))


def run_logs(
    scope: Construct, *, retention_in_days: int, encryption_key: kms.IKey | None, name: str | None = None
) -> logs.CfnLogGroup:
    """Define the log group `Logs` below `scope`. It is deleted with the stack."""
    group = logs.CfnLogGroup(
        scope,
        "Logs",
        kms_key_id=key_arn(encryption_key) if encryption_key else None,
        log_group_name=name,
        retention_in_days=retention_in_days,
    )
    if encryption_key is None:
        acknowledge(group, ("CloudWatchLogGroupEncrypted", "CKV_AWS_158"), OWN_KEY_IS_A_CHOICE)
    return group


_RUNTIME = "python3.14"
_FUNCTIONS = "batch_transform_cdk.functions"
_SHARED = "shared"
ENGINE_MODULES = {
    "bad_records": ("compiled", "csv_record", "go_json", "interfaces", "records", "selection", "settings"),
}
"""The modules of `batch_transform.engine` that a function ships: pure Python, over the standard library and the job."""

# Functions read no job files, so batch_transform.job.files is not shipped.
_NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "files")


_OLDER_RUNTIME: Reasons = {
    "AwsSolutions-L1": f"{_RUNTIME} is the newest runtime that the functions are tested on"
}
_UNRESERVED: Reasons = {
    ("LambdaConcurrency", "CKV_AWS_115"): (
        "a run calls it a few times; reserved concurrency would be taken from the account's other functions"
    ),
}
_KEPT_OF_FUNCTIONS: Reasons = {
    ("LambdaInsideVPC", "CKV_AWS_117"): (
        "it calls AWS APIs only, with its own role: a VPC would need an endpoint for each service and protect "
        "nothing more"
    ),
}
_NAMES_ONLY = "its environment holds no secrets, only names that are in the template as well"
_CALLER_WAITS = "the state machine waits for its result, and handles a failure with Retry and Catch"


class WorkflowFunction(StackPart):
    """Define the function in `lambda/<name>`, with `lambda/shared` and the rules of `batch_transform.job` beside it.

    It applies the same rules as `cdk synth`, to values that only a run knows.

    - `description` is shown in the console for the function and its role: what it does, and for which job.
    - `statements` are all its permissions, apart from writing its own log.
    - `size` is its memory and timeout. Default: that of a function that makes a few calls. A state that calls it has
      the size's `state_timeout_seconds` as its timeout.
    - `encryption_key` encrypts the log. Its policy must let CloudWatch Logs use it (`let_log_groups_use`).
    - `workflow` sets the architecture, how long the log is kept, and whether calls are traced.
    - `reserved_concurrency` is taken from the account's concurrency, and limits how many calls may be in progress at
      once. None reserves nothing.
    - `environment` holds no secrets, only names that are in the template as well: it needs no key.
    - `when_it_fails` says who handles a failed call, in place of a dead-letter queue. Default: the state machine, which
      waits for the result.
    - `without_resource` names the actions of statements on `*`, which support no resource-level permissions (Service
      Authorization Reference).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        description: str,
        statements: Sequence[Statement],
        size: FunctionSize = FEW_CALLS,
        reserved_concurrency: int | None = None,
        encryption_key: kms.IKey | None = None,
        workflow: WorkflowSpec = WorkflowSpec(),  # noqa: B008  # it is frozen
        environment: Mapping[str, str] | None = None,
        when_it_fails: str = _CALLER_WAITS,
        without_resource: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = run_logs(
            self, retention_in_days=workflow.log_retention_in_days, encryption_key=encryption_key
        )
        self.role = ServiceRole(
            self,
            "Role",
            service="lambda.amazonaws.com",
            description=description,
            policy_name="Function",
            statements=[
                Statement(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.attr_arn]
                ),
                *statements,
                *([function_statement()] if workflow.tracing else []),
            ],
        )
        self.resource = lambda_.CfnFunction(
            self,
            "Resource",
            architectures=[workflow.architecture],
            code=once_per_stack(self.stack, (__name__, name), lambda _: _asset(self, name)),
            description=within(OF_FUNCTION, description),
            environment={"variables": dict(environment)} if environment else None,
            handler="handler.handler",
            logging_config={"logGroup": log_group.ref},
            memory_size=size.memory_mb,
            reserved_concurrent_executions=reserved_concurrency,
            role=self.role.arn,
            runtime=_RUNTIME,
            timeout=size.timeout_seconds,
            tracing_config={"mode": "Active"} if workflow.tracing else None,
        )
        if unbound := [*without_resource, *([ACTIONS_OF_X_RAY] if workflow.tracing else [])]:
            acknowledge_wildcards(
                self.role.resource, {"*": f"{' and '.join(unbound)} support no resource-level permissions"}
            )
        acknowledge_each(
            self.resource,
            {
                **_KEPT_OF_FUNCTIONS,
                **(_UNRESERVED if reserved_concurrency is None else {}),
                **(_OLDER_RUNTIME if _newest_runtime() != _RUNTIME else {}),
                ("LambdaDLQ", "CKV_AWS_116"): when_it_fails,
                **({"CKV_AWS_173": _NAMES_ONLY} if environment else {}),
            },
        )

    def run_on(self, architecture: str) -> None:
        """Replace the architecture, for a function that several jobs share."""
        self.resource.architectures = [architecture]

    @cached_property
    def arn(self) -> str:
        """The function's ARN, as a token."""
        return self.resource.attr_arn

    @cached_property
    def name(self) -> str:
        """The function's name, as a token."""
        return self.resource.ref


def _newest_runtime() -> str:
    """Return the newest Python runtime of this CDK release, which AwsSolutions-L1 asks for."""
    versions = [
        name.removeprefix("PYTHON_3_") for name in dir(lambda_.Runtime) if name.startswith("PYTHON_3_")
    ]
    return f"python3.{max(map(int, versions))}"


def _asset(scope: Construct, name: str) -> dict[str, str]:
    """Return the location of the code, for all functions of the stack with this handler."""
    asset = assets.Asset(scope, "Code", path=str(_staged(name)))
    return {"s3Bucket": asset.s3_bucket_name, "s3Key": asset.s3_object_key}


@functools.cache
def _staged(name: str) -> Path:
    """Copy the handler's folder, what functions share, the job package and what it needs of the engine to one folder.

    The same files are the same asset.
    """
    stage = Path(tempfile.mkdtemp(prefix="batch-transform-"))
    atexit.register(shutil.rmtree, stage, ignore_errors=True)
    for folder in (_SHARED, name):
        shutil.copytree(_folder(_FUNCTIONS) / folder, stage, dirs_exist_ok=True, ignore=_NOT_SHIPPED)
    package = stage / "batch_transform"
    shutil.copytree(_folder("batch_transform.job"), package / "job", ignore=_NOT_SHIPPED)
    shutil.copyfile(_folder("batch_transform") / "__init__.py", package / "__init__.py")
    for module in ("__init__", *ENGINE_MODULES[name]) if name in ENGINE_MODULES else ():
        (package / "engine").mkdir(exist_ok=True)
        shutil.copyfile(
            _folder("batch_transform.engine") / f"{module}.py", package / "engine" / f"{module}.py"
        )
    return stage


def _folder(package: str) -> Path:
    """Return the folder of an installed package. In a checkout, the functions are in `lambda/`."""
    return Path(str(resources.files(package)))
