"""SageMaker in Step Functions: its optimized integrations, and `aws-sdk:sagemaker`.

Developer Guide of Step Functions, "Create and manage Amazon SageMaker AI jobs".
"""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.clients import Credentials, account_credentials
from batch_transform.local.emulator.patches.interpreter.place import RUNTIME, end_aborted, failure
from batch_transform.local.emulator.patches.interpreter.retry import TIMEOUT
from batch_transform.local.emulator.patches.interpreter.services import sdk_metadata
from batch_transform.local.emulator.patches.interpreter.task import LOOK_SECONDS, current_call
from batch_transform.local.emulator.sagemaker_service import NAME, current_scope
from batch_transform.local.sagemaker.execution_role import AssumeRole
from batch_transform.local.sagemaker.json_client import SageMakerJsonClient
from batch_transform.local.sagemaker.resource import Scope
from batch_transform.local.sagemaker.service import SageMaker
from batch_transform.local.sagemaker.shapes import unknown_member
from batch_transform.local.sagemaker.transform_job import event_detail

SERVICE = "states.amazonaws.com"
PREFIX = "arn:aws:states:::sagemaker:"
OPERATIONS = ("CreateModel", "CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint", "CreateTransformJob")
"""The optimized integrations that the local SageMaker has. As on AWS, only CreateTransformJob has `.sync`."""

_EXCEPTIONS = {
    "ResourceLimitExceeded": "ResourceLimitExceededException",
    "ResourceInUse": "ResourceInUseException",
    "ResourceNotFound": "ResourceNotFoundException",
}


def machine_session(assume_role: AssumeRole) -> Credentials | None:
    """Return a session of the role of the state machine whose task this thread runs, or None without one."""
    execution = current_call().execution
    machine_arn = execution.get("stateMachineArn")
    machine = stepfunctions._state_machines.get(machine_arn)
    if machine is None:  # a single state, in TestState
        return None
    try:
        return assume_role(
            machine["roleArn"],
            service=SERVICE,
            session_name=execution["name"][:64],
            source_arn=str(machine_arn),
        )
    except RefusedRequestError as error:
        raise stepfunctions._ExecutionError("States.Runtime", error.message) from error


class SageMakerTask:
    """The integrations. They call SageMaker over HTTP, like any client, and wait in this process."""

    def __init__(
        self, sagemaker: SageMaker, client: SageMakerJsonClient, assume_role: AssumeRole | None
    ) -> None:
        self._sagemaker = sagemaker
        self._client = client
        self._assume_role = assume_role

    def __call__(self, resource: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Make the call, and with `.sync` wait for the transform job to end. Raises the emulator's _ExecutionError."""
        scope = current_scope()
        name, _, pattern = resource.removeprefix(PREFIX).partition(".")
        operation = f"{name[0].upper()}{name[1:]}"
        unknown = unknown_member(operation, parameters)
        if unknown is not None:
            message = f'The field "{unknown}" is not supported by Step Functions'
            text = json.dumps(parameters, separators=(",", ":"))
            raise failure(
                RUNTIME, f"The Parameters '{text}' could not be used to start the Task: [{message}]"
            )
        if not pattern:
            return {**self._call(operation, parameters, scope), **sdk_metadata()}
        tags = {
            "AWS_STEP_FUNCTIONS_EXECUTION_ARN": current_call().execution["executionArn"],
            "MANAGED_BY_AWS": "STARTED_BY_STEP_FUNCTIONS",
        }
        own = [{"Key": key, "Value": value} for key, value in tags.items()]
        tagged = {**parameters, "Tags": [*(parameters.get("Tags") or []), *own]}
        created = self._call(operation, tagged, scope)
        current_call().submitted({**created, **sdk_metadata()})
        return self._wait(parameters["TransformJobName"], scope)

    def _wait(self, name: str, scope: Scope) -> dict[str, Any]:
        call, ended = current_call(), self._sagemaker.job(scope, name).ended
        deadline = time.monotonic() + call.timeout  # each attempt of a Retry has the full timeout
        while not ended.wait(LOOK_SECONDS):
            if call.is_over:
                self._stop(name, scope)
                end_aborted()
            if time.monotonic() >= deadline:
                self._stop(name, scope)
                raise stepfunctions._ExecutionError(TIMEOUT, "")
        description = self._call("DescribeTransformJob", {"TransformJobName": name}, scope)
        listed = self._call("ListTags", {"ResourceArn": description["TransformJobArn"]}, scope)
        detail = event_detail(description, {tag["Key"]: tag["Value"] for tag in listed["Tags"]})
        if description["TransformJobStatus"] != "Completed":
            raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(detail))
        return detail

    def _stop(self, name: str, scope: Scope) -> None:
        """Stop the transform job, best effort: without the permission it runs on (Step Functions Developer Guide)."""
        request = {"TransformJobName": name}
        try:
            self._client.call("StopTransformJob", request, scope.region, self._credentials(scope))
        except RefusedRequestError as error:
            # a ValidationException says that the transform job has just ended by itself
            if error.code not in ("ValidationException", "AccessDeniedException"):
                raise

    def _call(self, operation: str, request: dict[str, Any], scope: Scope) -> dict[str, Any]:
        try:
            return self._client.call(operation, request, scope.region, self._credentials(scope))
        except RefusedRequestError as error:
            name = _EXCEPTIONS.get(error.code, "AmazonSageMakerException")
            raise stepfunctions._ExecutionError(
                f"SageMaker.{name}",
                f"{error.message} (Service: AmazonSageMaker; Status Code: 400; Error Code: {error.code}; "
                f"Request ID: {uuid.uuid4()}; Proxy: null)",
            ) from error

    def _credentials(self, scope: Scope) -> Credentials:
        """Return a session of the state machine's role, or the account's own credentials."""
        session = machine_session(self._assume_role) if self._assume_role else None
        return session or account_credentials(scope.account)


def plug_in(sagemaker: SageMaker, client: SageMakerJsonClient, assume_role: AssumeRole | None) -> None:
    """Register the integrations."""
    task = SageMakerTask(sagemaker, client, assume_role)
    for operation in OPERATIONS:
        # the emulator uses the first name that the resource starts with: CreateEndpointConfig is before CreateEndpoint
        stepfunctions._SERVICE_DISPATCH[f"{PREFIX}{operation[0].lower()}{operation[1:]}"] = task
    stepfunctions._AWS_SDK_SERVICE_MAP[NAME] = {"target_prefix": "SageMaker", "protocol": "json"}
    stepfunctions._AWS_SDK_ERROR_PREFIX[NAME] = "SageMaker"
    stepfunctions._AWS_SDK_ERROR_CODE_OVERRIDES[NAME] = {
        **_EXCEPTIONS,
        # errors that the API doesn't model
        **dict.fromkeys(
            ("ValidationException", "ThrottlingException", "AccessDeniedException"), "SageMakerException"
        ),
    }
