"""A Lambda function's log: the service writes it with the function's role.

Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs": without the permissions the function
runs, and its lines are lost.
"""

from __future__ import annotations

import logging
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped]  # it has no types
from ministack.services import cloudwatch_logs, lambda_svc  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.enforcement.permissions import denial
from batch_transform.local.emulator.service import current_scope

logger = logging.getLogger(__name__)


def plug_in() -> None:
    """Ask before the lines of an invocation are kept."""
    emit = lambda_svc._emit_lambda_logs

    def emit_as_role(func: dict[str, Any], *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # the emulator's
        if (why := _why_not(func.get("config") or func)) is None:
            emit(func, *arguments, **named)
        else:
            logger.warning("lines of a function's log are lost: %s", why)

    lambda_svc._emit_lambda_logs = emit_as_role


def _why_not(config: dict[str, Any]) -> str | None:
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
