"""Lets the integrations of a state machine act with its role.

SDK integrations (`aws-sdk:…`) and SageMaker's go over HTTP, signed with a session of the role. The others are calls
within the emulator, so their permissions are checked first (Step Functions Developer Guide, "IAM policies for
integrated services").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.httpsession import URLLib3Session
from ministack import app  # type: ignore[import-untyped]  # it has no types
from ministack.services import lambda_svc, stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.enforcement import topics_and_queues
from batch_transform.local.emulator.enforcement.permissions import Denial, Policy, denial
from batch_transform.local.emulator.enforcement.roles import assume_role
from batch_transform.local.emulator.operations import HttpAnswer
from batch_transform.local.emulator.sagemaker_service import current_scope
from batch_transform.local.emulator.sagemaker_tasks import machine_session

Parameters = Mapping[str, Any]
Need = tuple[str, str, Policy]
"""An action, the resource, and the policy of the resource."""
_PREFIX = ":states:::"
_ERRORS = {  # the error of a task whose role lacks the permission; from practice, not documented
    "lambda": "Lambda.AWSLambdaException",
    "sns": "SNS.AuthorizationErrorException",
    "sqs": "SQS.AccessDeniedException",
    "events": "EventBridge.AccessDeniedException",
    "states": "StepFunctions.AccessDeniedException",
    "dynamodb": "DynamoDB.AccessDeniedException",
}


def plug_in(endpoint_url: str) -> None:
    """Check the role before each task, and call other services over HTTP."""
    invoke, call_handler = stepfunctions._invoke_resource, app.call_service_handler_sync
    http = URLLib3Session(timeout=300, max_pool_connections=64)

    def invoke_as_role(resource: str, parameters: Any) -> object:  # noqa: ANN401  # a task's arguments
        session = machine_session(assume_role)
        if session is not None and (why := _task_denial(resource, parameters, session.access_key)):
            service = resource.partition(_PREFIX)[2].partition(":")[0]
            raise stepfunctions._ExecutionError(_ERRORS[service], why.message)
        return invoke(resource, parameters)

    def call_as_role(  # noqa: PLR0917  # the emulator's arguments
        handler: object,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | str,
        query_params: Mapping[str, Any],
        timeout: float | None = None,
    ) -> HttpAnswer:
        session = machine_session(assume_role)
        if session is None:
            answer: HttpAnswer = call_handler(handler, method, path, headers, body, query_params, timeout)
            return answer
        url = f"{endpoint_url}{quote(path, safe='/~:')}"
        if query_params:
            url += f"?{urlencode(query_params, doseq=True, quote_via=quote)}"
        service = headers["host"].partition(".")[0]
        kept = {name: value for name, value in headers.items() if name not in ("host", "authorization")}
        request = AWSRequest(method, url, data=body, headers=kept)
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        key = BotocoreCredentials(session.access_key, session.secret_key, session.token)
        signer(key, service, current_scope().region).add_auth(request)
        response = http.send(request.prepare())
        return response.status_code, dict(response.headers), response.content

    stepfunctions._invoke_resource = invoke_as_role
    app.call_service_handler_sync = call_as_role


def _task_denial(resource: str, parameters: Parameters, access_key: str) -> Denial | None:
    service, _, operation = resource.partition(_PREFIX)[2].partition(":")
    if not service or service in ("aws-sdk", "sagemaker"):
        return None  # these go over HTTP
    needs = _NEEDS.get(service)
    if needs is None:
        raise stepfunctions._ExecutionError(
            "States.Runtime", f"the local AWS does not know which permissions {resource} needs of the role"
        )
    for action, arn, policy in needs(operation, parameters):
        if why := denial(access_key, action, arn, policy=policy):
            return why
    return _key_denial(service, parameters, access_key)


def _key_denial(service: str, parameters: Parameters, access_key: str) -> Denial | None:
    """Return why the publisher may not use the key of the topic or queue."""
    target = parameters.get("TopicArn") or parameters.get("QueueUrl")
    if service not in ("sns", "sqs") or not target:
        return None
    return topics_and_queues.key_denial(_queue_arn(str(target)), access_key)


def _lambda(_operation: str, parameters: Parameters) -> Iterator[Need]:
    scope = current_scope()
    name = str(parameters["FunctionName"])
    arn = (
        name
        if name.startswith("arn:")
        else f"arn:{scope.partition}:lambda:{scope.region}:{scope.account}:function:{name}"
    )
    found = lambda_svc.function_policy_for_arn(arn)
    yield "lambda:InvokeFunction", arn, found[0] if found else None


def _states(operation: str, parameters: Parameters) -> Iterator[Need]:
    machine = str(parameters["StateMachineArn"])
    yield "states:StartExecution", machine, None
    if ".sync" in operation:
        executions = machine.replace(":stateMachine:", ":execution:") + ":*"
        yield from ((f"states:{each}", executions, None) for each in ("DescribeExecution", "StopExecution"))


def _sns(_operation: str, parameters: Parameters) -> Iterator[Need]:
    arn = str(parameters.get("TopicArn") or parameters["TargetArn"])
    yield "sns:Publish", arn, topics_and_queues.policy_of(arn)


def _sqs(_operation: str, parameters: Parameters) -> Iterator[Need]:
    arn = _queue_arn(str(parameters["QueueUrl"]))
    yield "sqs:SendMessage", arn, topics_and_queues.policy_of(arn)


def _events(_operation: str, parameters: Parameters) -> Iterator[Need]:
    scope = current_scope()
    for entry in parameters["Entries"]:
        bus = str(entry.get("EventBusName", "default")).rpartition("/")[2]
        yield (
            "events:PutEvents",
            f"arn:{scope.partition}:events:{scope.region}:{scope.account}:event-bus/{bus}",
            None,
        )


def _dynamodb(operation: str, parameters: Parameters) -> Iterator[Need]:
    scope = current_scope()
    table = str(parameters["TableName"]).rpartition("/")[2]
    yield (
        f"dynamodb:{operation[0].upper()}{operation[1:]}",
        f"arn:{scope.partition}:dynamodb:{scope.region}:{scope.account}:table/{table}",
        None,
    )


def _queue_arn(target: str) -> str:
    if target.startswith("arn:"):
        return target
    scope = current_scope()
    account, name = target.rstrip("/").split("/")[-2:]
    return f"arn:{scope.partition}:sqs:{scope.region}:{account}:{name}"


_NEEDS: Mapping[str, Callable[[str, Parameters], Iterator[Need]]] = {
    "lambda": _lambda,
    "states": _states,
    "sns": _sns,
    "sqs": _sqs,
    "events": _events,
    "dynamodb": _dynamodb,
}
