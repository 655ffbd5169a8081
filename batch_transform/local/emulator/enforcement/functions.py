"""The role of a Lambda function: it must trust Lambda, which writes the log and sends to destinations with it.

Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs": without the permissions, the function runs
and its log is lost. "Capturing records of asynchronous invocations": failed events go to the destination with the
role.
"""

from __future__ import annotations

import logging
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped]  # it has no types
from ministack.services import cloudwatch_logs, lambda_svc  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator.enforcement import topics_and_queues
from batch_transform.local.emulator.enforcement.permissions import denial
from batch_transform.local.emulator.enforcement.roles import assume_role
from batch_transform.local.emulator.sagemaker_service import current_scope

logger = logging.getLogger(__name__)


PRINCIPAL = "lambda.amazonaws.com"


def plug_in() -> None:
    """Check the role before a function runs, and before its log is written."""
    _run_trusted()
    _log_as_role()
    _deliver_as_role()


def _run_trusted() -> None:
    execute = lambda_svc._execute_function

    def execute_trusted(func: dict[str, Any], event: object) -> dict[str, Any]:
        config = func.get("config") or func
        try:
            assume_role(
                config["Role"], service=PRINCIPAL, session_name="Lambda", source_arn=config["FunctionArn"]
            )
        except RefusedRequestError as error:
            body = {"errorType": "AccessDeniedException", "errorMessage": error.message}
            return {"error": True, "body": body}
        result: dict[str, Any] = execute(func, event)
        return result

    lambda_svc._execute_function = execute_trusted


def _log_as_role() -> None:
    emit = lambda_svc._emit_lambda_logs

    def emit_as_role(func: dict[str, Any], *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # the emulator's
        if (why := _log_denial(func.get("config") or func)) is None:
            emit(func, *arguments, **named)
        else:
            logger.warning("a function's log is lost: %s", why)

    lambda_svc._emit_lambda_logs = emit_as_role


def _deliver_as_role() -> None:
    route = lambda_svc._route_async_failure

    def route_as_role(target_arn: str, func_name: str, event: object, result: object) -> None:
        _, config, _ = lambda_svc._get_func_record_for_ref(func_name)
        access_key = lambda_runtime.execution_credentials(config)["AWS_ACCESS_KEY_ID"]
        if (why := topics_and_queues.sender_denial(access_key, target_arn)) is None:
            route(target_arn, func_name, event, result)
        else:
            logger.warning("a failed event of %s is lost: %s", func_name, why.message)

    lambda_svc._route_async_failure = route_as_role


def _log_denial(config: dict[str, Any]) -> str | None:
    scope = current_scope()
    name = config["FunctionName"]
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
    access_key = lambda_runtime.execution_credentials(config)["AWS_ACCESS_KEY_ID"]
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    if group not in cloudwatch_logs._log_groups:
        actions.insert(0, "logs:CreateLogGroup")
    arn = f"arn:{scope.partition}:logs:{scope.region}:{scope.account}:log-group:{group}:log-stream:{name}"
    denials = (denial(access_key, action, arn) for action in actions)
    return next((why.message for why in denials if why is not None), None)
