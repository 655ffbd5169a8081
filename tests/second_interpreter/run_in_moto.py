"""Run by moto's environment: executions in moto's interpreter of Amazon States Language, on a local AWS.

Reads a line of JSON for each from standard input (see `Asked`) and answers with a line, its result. The
interpreter is moto's; the services that its tasks call are the local AWS's, over HTTP. What of Step Functions
itself belongs to a task (waiting for a job, stopping it, the names of errors) is written here a second time.
"""

# values are JSON, and names are moto's
# mypy: disable-error-code="import-not-found, misc, attr-defined"

from __future__ import annotations

import hashlib
import json
import logging
import sys
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import boto3
import jsonata
from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType, StateMachineType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval import states, variable_store
from moto.stepfunctions.parser.asl.eval.evaluation_details import (
    AWSExecutionDetails,
    EvaluationDetails,
    ExecutionDetails,
    StateMachineDetails,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError
from moto.stepfunctions.parser.asl.jsonata import jsonata as moto_jsonata
from moto.stepfunctions.parser.backend.execution_worker import SyncExecutionWorker

LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Asked:
    """What to run: a definition with its input, and where. `name` is the execution's.

    `loses_sight` lets the task be throttled when it describes its job, once the job is there.
    """

    definition: str
    machine: str
    name: str
    run_input: Any
    endpoint_url: str
    region: str
    wait_scale: float
    loses_sight: bool

    @property
    def execution(self) -> str:
        return f"{self.machine.replace(':stateMachine:', ':execution:')}:{self.name}"


class TaskError(Exception):
    """When a task fails: Error and Cause as Step Functions reports them."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(cause)
        self.error = error


class Services:
    """What tasks call, on the local AWS."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def call(self, resource: str, arguments: dict[str, Any], timeout: float) -> Any:
        service = resource.split(":::")[1]
        if service == "lambda:invoke":
            return self._invoke(arguments)
        if service == "sagemaker:createTransformJob.sync":
            return self._create_transform_job(arguments, timeout)
        if service.startswith("aws-sdk:"):
            _, name, operation = service.split(":")
            return self._sdk(name, operation, arguments)
        raise TaskError("States.Runtime", f"nothing here says what {resource} does")

    def _client(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]  # any service, by name
            service,
            endpoint_url=self._asked.endpoint_url,
            region_name=self._asked.region,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def _invoke(self, arguments: dict[str, Any]) -> Any:
        payload = json.dumps(arguments["Payload"])
        answer = self._client("lambda").invoke(FunctionName=arguments["FunctionName"], Payload=payload)
        result = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise TaskError(result["errorType"], json.dumps(result))
        return {"StatusCode": answer["StatusCode"], "Payload": result}

    def _create_transform_job(self, arguments: dict[str, Any], timeout: float) -> Any:
        """Create the job, wait for its end, and stop it when the time is over."""
        sagemaker = self._client("sagemaker")
        name = arguments["TransformJobName"]
        own = [
            {"Key": "AWS_STEP_FUNCTIONS_EXECUTION_ARN", "Value": self._asked.execution},
            {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"},
        ]
        deadline = time.monotonic() + timeout
        try:
            sagemaker.create_transform_job(**{**arguments, "Tags": [*arguments.get("Tags", []), *own]})
            if self._asked.loses_sight:
                cause = "Rate exceeded (Service: AmazonSageMaker; Status Code: 400; Error Code: ThrottlingException)"
                raise TaskError("SageMaker.AmazonSageMakerException", cause)
            while True:
                described = sagemaker.describe_transform_job(TransformJobName=name)
                if described["TransformJobStatus"] in {"Completed", "Failed", "Stopped"}:
                    break
                if time.monotonic() >= deadline:
                    sagemaker.stop_transform_job(TransformJobName=name)
                    return None  # the interpreter reports States.Timeout
                time.sleep(LOOK_SECONDS)
            tags = sagemaker.list_tags(ResourceArn=described["TransformJobArn"])["Tags"]
        except ClientError as error:
            raise TaskError(*_optimised_error(error)) from error
        described.pop("ResponseMetadata")
        detail = {name: _milliseconds(value) for name, value in described.items()}
        detail["Tags"] = {tag["Key"]: tag["Value"] for tag in tags}
        if described["TransformJobStatus"] != "Completed":
            raise TaskError("States.TaskFailed", json.dumps(detail))
        return detail

    def _sdk(self, name: str, operation: str, arguments: dict[str, Any]) -> Any:
        prefix = {"sagemaker": "SageMaker", "s3": "S3"}[name]
        method = "".join(f"_{one.lower()}" if one.isupper() else one for one in operation)
        try:
            answer = getattr(self._client(name), method)(**arguments)
        except ClientError as error:
            modelled = type(error).__name__
            error_name = prefix if modelled == "ClientError" else modelled
            raise TaskError(
                f"{prefix}.{error_name.removesuffix('Exception')}Exception", _cause(prefix, error)
            ) from error
        answer.pop("ResponseMetadata")
        return json.loads(json.dumps(answer, default=_iso))


class LocalAwsTask(StateTaskService):
    """Every task: the services of the local AWS in place of moto's."""

    services: Services

    def _get_supported_parameters(self) -> set[str]:
        return set()

    def _eval_service_task(
        self,
        env: Any,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        del resource_runtime_part, state_credentials
        self.timeout.eval(env=env)
        timeout = env.stack.pop()
        arn = self.resource.resource_arn
        try:
            env.stack.append(self.services.call(arn, normalised_parameters, timeout))
        except TaskError as error:
            details = TaskFailedEventDetails(
                resource=arn, resourceType=arn, error=error.error, cause=str(error)
            )
            raise FailureEventException(
                FailureEvent(
                    env=env,
                    error_name=ErrorName(error_name=error.error),
                    event_type=HistoryEventType.TaskFailed,
                    event_details=EventDetails(taskFailedEventDetails=details),
                )
            ) from error


def plug_in(asked: Asked) -> None:
    """Give moto what it has in a JVM and on Amazon's machines: JSONata, the services, and a quicker clock."""
    LocalAwsTask.services = Services(asked)
    state_task_factory.state_task_service_for = lambda service_name: LocalAwsTask()
    moto_jsonata._eval_jsonata = _evaluate
    # moto declares its functions in JSONata, for a JVM, and quotes texts without escaping them.
    string_expression.get_intrinsic_functions_declarations = lambda variable_references: ""
    states.encode_jsonata_variable_declarations = _declarations
    variable_store.encode_jsonata_variable_declarations = _declarations
    retrier_decl.time = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds * asked.wait_scale))
    WaitFunction._wait_interval = lambda self, env, wait_seconds: time.sleep(wait_seconds * asked.wait_scale)


def _declarations(bindings: dict[str, Any]) -> str:
    return "".join(f"{name}:={json.dumps(value)};" for name, value in bindings.items())


def _evaluate(text: str) -> Any:
    """Evaluate an expression, with the functions that Step Functions adds to JSONata."""
    expression = jsonata.Jsonata(text)
    expression.register_lambda("hash", lambda value, _algorithm: hashlib.sha256(value.encode()).hexdigest())
    expression.register_lambda("parse", json.loads)
    expression.register_lambda("uuid", lambda: str(uuid.uuid4()))
    return expression.evaluate(None)


def run(asked: Asked) -> dict[str, Any]:
    """Return status, output, error, cause, the states in the order in which they were entered, and the events."""
    plug_in(asked)
    moment = datetime.utcnow().isoformat(timespec="milliseconds") + "Z"
    details = EvaluationDetails(
        AWSExecutionDetails(account="000000000000", region=asked.region, role_arn=""),
        ExecutionDetails(asked.execution, asked.name, "", asked.run_input, moment),
        StateMachineDetails(asked.machine, "machine", StateMachineType.STANDARD, asked.definition),
    )
    worker = SyncExecutionWorker(details, SimpleNamespace(terminated=lambda: None), None, {})
    worker.start()
    events = worker.env.event_manager.get_event_history()
    entered = [
        event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event
    ]
    order = [(event["id"], event["previousEventId"], event["type"].value) for event in events]
    passed = {"states": entered, "events": order}
    ended = worker.env.program_state()
    if isinstance(ended, ProgramEnded):
        return {"status": "SUCCEEDED", "output": worker.env.states.get_input(), **passed}
    failure = ended.error if isinstance(ended, ProgramError) else {}
    return {"status": "FAILED", **passed, **{name: failure.get(name) for name in ("error", "cause")}}


def _optimised_error(error: ClientError) -> tuple[str, str]:
    """Name an error as the optimised integration does."""
    code = error.response["Error"]["Code"]
    modelled = {"ResourceLimitExceeded", "ResourceInUse", "ResourceNotFound"}
    name = code if code in modelled else "AmazonSageMaker"
    return f"SageMaker.{name}Exception", (
        f"{error.response['Error']['Message']} (Service: AmazonSageMaker; Status Code: 400; Error Code: {code}; "
        f"Request ID: {uuid.uuid4()}; Proxy: null)"
    )


def _cause(service: str, error: ClientError) -> str:
    call = f"(Service: {service}, Status Code: 400, Request ID: {uuid.uuid4()}) (SDK Attempt Count: 1)"
    return f"{error.response['Error']['Message']} {call}"


def _milliseconds(value: Any) -> Any:
    return int(value.timestamp() * 1000) if isinstance(value, datetime) else value


def _iso(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is not JSON")


if __name__ == "__main__":
    logging.disable(logging.ERROR)  # moto logs every error that a definition catches
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(run(Asked(**json.loads(line))))}\n")
        sys.stdout.flush()
