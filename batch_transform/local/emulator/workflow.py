"""`arn:aws:states:::sagemaker:createTransformJob[.sync]` and `aws-sdk:sagemaker` for the emulator's Step Functions.

Developer Guide of Step Functions, "Create and manage Amazon SageMaker AI jobs".
"""

from __future__ import annotations

import json
import math
import time
import uuid
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.clients import Credentials, account_credentials
from batch_transform.local.emulator.service import NAME, current_scope
from batch_transform.local.sagemaker.description import event_detail
from batch_transform.local.sagemaker.execution_role import AssumeRole
from batch_transform.local.sagemaker.json_client import SageMakerJsonClient
from batch_transform.local.sagemaker.scope import Scope
from batch_transform.local.sagemaker.service import SageMaker
from batch_transform.spec.errors import RefusedRequestError

SERVICE = "states.amazonaws.com"
RESOURCE = "arn:aws:states:::sagemaker:createTransformJob"
LOOK_SECONDS = 0.05
"""How often a waiting task looks whether its execution was aborted or its time is over."""

_EXCEPTIONS = {
    "ResourceLimitExceeded": "ResourceLimitExceededException",
    "ResourceInUse": "ResourceInUseException",
    "ResourceNotFound": "ResourceNotFoundException",
}


def _end_aborted() -> NoReturn:
    """End the thread of a task whose execution was aborted meanwhile, past every Retry and Catch.

    The emulator knows no such end. A thread ends in silence on SystemExit itself, not on a kind of it, and
    nothing in the interpreter catches it.
    """
    raise SystemExit


@dataclass(frozen=True)
class Task:
    """What the emulator does not tell an integration: whose task it is, and how long it may take."""

    execution: dict[str, Any]
    timeout: float
    assume_role: AssumeRole | None = None

    @property
    def session(self) -> Credentials | None:
        """A session of the state machine's role; None where IAM is not enforced, or for a state by itself."""
        machine_arn = self.execution.get("stateMachineArn")
        machine = stepfunctions._state_machines.get(machine_arn)
        if self.assume_role is None or machine is None:
            return None
        try:
            return self.assume_role(
                machine["roleArn"],
                service=SERVICE,
                session_name=self.execution["name"][:64],
                source_arn=str(machine_arn),
            )
        except RefusedRequestError as error:
            raise stepfunctions._ExecutionError("States.Runtime", error.message) from error

    @property
    def is_aborted(self) -> bool:
        return bool(self.execution["status"] != "RUNNING")


_NO_EXECUTION = Task({"status": "RUNNING", "executionArn": ""}, math.inf)  # the TestState API has none
_current_task: ContextVar[Task] = ContextVar("_current_task", default=_NO_EXECUTION)


def current_task() -> Task:
    """Return the task that this thread works on."""
    return _current_task.get()


class TransformJobTask:
    """The integration. It calls SageMaker over HTTP, as any client, and waits in this process."""

    def __init__(self, sagemaker: SageMaker, client: SageMakerJsonClient) -> None:
        self._sagemaker = sagemaker
        self._client = client

    def __call__(self, resource: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Create the job, and with `.sync` wait for its end; raises the emulator's _ExecutionError."""
        task, scope = _current_task.get(), current_scope()
        if task.is_aborted:
            _end_aborted()
        if not resource.endswith(".sync"):
            return {**self._call("CreateTransformJob", parameters, task, scope), **_sdk_metadata()}
        tags = {
            "AWS_STEP_FUNCTIONS_EXECUTION_ARN": task.execution["executionArn"],
            "MANAGED_BY_AWS": "STARTED_BY_STEP_FUNCTIONS",
        }
        own = [{"Key": key, "Value": value} for key, value in tags.items()]
        tagged = {**parameters, "Tags": [*(parameters.get("Tags") or []), *own]}
        self._call("CreateTransformJob", tagged, task, scope)
        return self._wait(parameters["TransformJobName"], task, scope)

    def _wait(self, name: str, task: Task, scope: Scope) -> dict[str, Any]:
        ended = self._sagemaker.job(scope, name).ended
        deadline = time.monotonic() + task.timeout  # each attempt of a Retry has the whole time
        while not ended.wait(LOOK_SECONDS):
            if task.is_aborted:
                self._stop(name, task, scope)
                _end_aborted()
            if time.monotonic() >= deadline:
                self._stop(name, task, scope)
                raise stepfunctions._ExecutionError(
                    "States.Timeout", f"Task timed out after {task.timeout} seconds"
                )
        description = self._call("DescribeTransformJob", {"TransformJobName": name}, task, scope)
        listed = self._call("ListTags", {"ResourceArn": description["TransformJobArn"]}, task, scope)
        detail = event_detail(description, {tag["Key"]: tag["Value"] for tag in listed["Tags"]})
        if description["TransformJobStatus"] != "Completed":
            raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(detail))
        return detail

    def _stop(self, name: str, task: Task, scope: Scope) -> None:
        """Stop the job as well as may be: without the permission it goes on (Developer Guide of Step Functions)."""
        request = {"TransformJobName": name}
        try:
            self._client.call("StopTransformJob", request, scope.region, _credentials(task, scope))
        except RefusedRequestError as error:
            # a ValidationException says that the job ended by itself at the same moment
            if error.code not in ("ValidationException", "AccessDeniedException"):
                raise

    def _call(self, operation: str, request: dict[str, Any], task: Task, scope: Scope) -> dict[str, Any]:
        try:
            return self._client.call(operation, request, scope.region, _credentials(task, scope))
        except RefusedRequestError as error:
            name = _EXCEPTIONS.get(error.code, "AmazonSageMakerException")
            raise stepfunctions._ExecutionError(
                f"SageMaker.{name}",
                f"{error.message} (Service: AmazonSageMaker; Status Code: 400; Error Code: {error.code}; "
                f"Request ID: {uuid.uuid4()}; Proxy: null)",
            ) from error


def _credentials(task: Task, scope: Scope) -> Credentials:
    """Return a session of the state machine's role; the account's own where there is none."""
    return task.session or account_credentials(scope.account)


def plug_in(sagemaker: SageMaker, client: SageMakerJsonClient, assume_role: AssumeRole | None) -> None:
    """Register the integrations, and keep at hand which execution a task belongs to."""
    stepfunctions._SERVICE_DISPATCH[RESOURCE] = TransformJobTask(sagemaker, client)
    stepfunctions._AWS_SDK_SERVICE_MAP[NAME] = {"target_prefix": "SageMaker", "protocol": "json"}
    stepfunctions._AWS_SDK_ERROR_PREFIX[NAME] = "SageMaker"
    stepfunctions._AWS_SDK_ERROR_CODE_OVERRIDES[NAME] = {
        **_EXCEPTIONS,
        # those that the API does not model
        **dict.fromkeys(
            ("ValidationException", "ThrottlingException", "AccessDeniedException"), "SageMakerException"
        ),
    }
    execute_task, fail_execution = stepfunctions._execute_task, stepfunctions._fail_execution
    invoke_resource = stepfunctions._invoke_resource

    def execute_known_task(
        state_def: dict[str, Any], raw_input: object, execution: dict[str, Any], ctx: dict[str, Any]
    ) -> object:
        timeout = state_def.get("TimeoutSeconds")
        limit = timeout if isinstance(timeout, (int, float)) else math.inf
        token = _current_task.set(Task(execution, limit, assume_role))
        try:
            return execute_task(state_def, raw_input, execution, ctx)
        finally:
            _current_task.reset(token)

    def invoke_unless_aborted(resource: str, parameters: object) -> object:
        if _current_task.get().is_aborted:  # while it waited for its next Retry
            _end_aborted()
        return invoke_resource(resource, parameters)

    def fail_running_execution(execution: dict[str, Any], error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":  # an aborted execution stays aborted
            fail_execution(execution, error, cause)

    stepfunctions._execute_task = execute_known_task
    stepfunctions._invoke_resource = invoke_unless_aborted
    stepfunctions._fail_execution = fail_running_execution


def _sdk_metadata() -> dict[str, Any]:
    """Return what Step Functions adds to the answer of a call that it does not wait for."""
    return {
        "SdkHttpMetadata": {"AllHttpHeaders": {}, "HttpHeaders": {}, "HttpStatusCode": 200},
        "SdkResponseMetadata": {"RequestId": str(uuid.uuid4())},
    }
