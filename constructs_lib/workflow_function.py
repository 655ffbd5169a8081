"""A Lambda function of the workflow."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from batch_transform.spec.job_spec import WorkflowSpec
from constructs_lib.acknowledgment import INLINE_POLICY, Reasons, acknowledge_each, acknowledge_wildcards
from constructs_lib.once_per_stack import once_per_stack
from constructs_lib.run_logs import run_logs
from constructs_lib.service_trust import service_of_this_account
from constructs_lib.statement import Statement, policy_document
from constructs_lib.tracing import NO_RESOURCES, function_statement, trace_function

_ARCHITECTURE = lambda_.Architecture.ARM_64
_RUNTIME = lambda_.Runtime.PYTHON_3_13
# Shorter than the state's own timeout, so that the function's error is the one reported.
_TIMEOUT = cdk.Duration.seconds(50)
_PROJECT = Path(__file__).resolve().parent.parent
# They read files, or write for people: no function does.
_NOT_SHIPPED = shutil.ignore_patterns(
    "__pycache__",
    "job_file.py",
    "yaml_document.py",
    "environment_file.py",
    "sample_header.py",
    "job_schema.py",
    "field_texts.py",
)


_KEPT_OF_FUNCTIONS: Reasons = {
    "AwsSolutions-L1": "3.13 is the newest Python that this project's tests run on",
    ("LambdaConcurrency", "CKV_AWS_115"): (
        "a run calls it a few times; what is reserved for it would be taken from the account's other functions"
    ),
    ("LambdaInsideVPC", "CKV_AWS_117"): (
        "it calls AWS APIs only, as a role of its own: a network would ask for an endpoint of each service and "
        "protect nothing more"
    ),
}
_CALLER_WAITS = "the state machine waits for its answer, and deals with a failure by Retry and Catch"


class WorkflowFunction(Construct):
    """Define the function in `lambda/<name>`, with the rules of `batch_transform.spec` beside its handler.

    It runs the same rules as `cdk synth` did, on the values that only a run knows. `statements` are
    all that it may do, apart from writing its own log, which `encryption_key` encrypts: the key's policy must let
    CloudWatch Logs in (`key_policy`). An environment holds nothing that is not in the template, and needs no key.
    `workflow` says how long the log is kept, and whether calls are traced. `when_it_fails` says who deals with a
    call that fails, in place of a dead-letter queue. Default: the state machine, which waits for the answer.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        statements: Sequence[Statement],
        encryption_key: kms.IKey | None = None,
        workflow: WorkflowSpec = WorkflowSpec(),  # noqa: B008  # it is frozen
        when_it_fails: str = _CALLER_WAITS,
    ) -> None:
        super().__init__(scope, construct_id)
        log_group = run_logs(
            self, retention_in_days=workflow.log_retention_in_days, encryption_key=encryption_key
        )
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=service_of_this_account("lambda.amazonaws.com"),
            inline_policies={
                "Function": policy_document(
                    [
                        Statement(
                            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                            resources=[log_group.log_group_arn],
                        ),
                        *statements,
                        *([function_statement()] if workflow.tracing else []),
                    ]
                )
            },
        )
        self.function = lambda_.Function(
            self,
            "Resource",
            architecture=_ARCHITECTURE,
            code=once_per_stack(
                self, (__name__, name), lambda _: lambda_.Code.from_asset(str(_staged(name)))
            ),
            handler="handler.handler",
            log_group=log_group,
            memory_size=256,
            role=self.role,
            runtime=_RUNTIME,
            timeout=_TIMEOUT,
        )

        if workflow.tracing:
            trace_function(self.function)
            acknowledge_wildcards(self.role, NO_RESOURCES)
        acknowledge_each(self.function, {**_KEPT_OF_FUNCTIONS, ("LambdaDLQ", "CKV_AWS_116"): when_it_fails})
        acknowledge_each(self.role, INLINE_POLICY)


@functools.cache
def _staged(name: str) -> Path:
    """Copy the handler's folder and the spec package to one folder; the same files are the same asset."""
    stage = Path(tempfile.mkdtemp(prefix="batch-transform-"))
    atexit.register(shutil.rmtree, stage, ignore_errors=True)
    shutil.copytree(_PROJECT / "lambda" / name, stage, dirs_exist_ok=True, ignore=_NOT_SHIPPED)
    package = stage / "batch_transform"
    shutil.copytree(_PROJECT / "batch_transform" / "spec", package / "spec", ignore=_NOT_SHIPPED)
    shutil.copyfile(_PROJECT / "batch_transform" / "__init__.py", package / "__init__.py")
    return stage
