"""What EventBridge and its Scheduler do with what they cannot deliver.

- A target that is not there: what was for it lands in its dead-letter queue. AWS tries for the time of its
  retry policy first; here nothing comes back by itself, so that it lands there at once.
- A function is invoked asynchronously: Lambda tries again what failed, and tells the function's destination.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from ministack.services import eventbridge, lambda_svc, stepfunctions  # type: ignore[import-untyped]  # it has no types

logger = logging.getLogger(__name__)


def plug_in() -> None:
    """Plug this in before IAM is enforced, which then asks for what happens here as well."""
    invoke_target = eventbridge._invoke_target

    def invoke_or_keep(
        target: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, Any], view: object = None
    ) -> None:
        if _is_there(target["Arn"]):
            invoke_target(target, event, rule, view)
            return
        logger.warning("%s is not there to be started", target["Arn"])
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue is not None:
            letter = {"Arn": queue, "RoleArn": target.get("RoleArn"), "Input": target.get("Input")}
            eventbridge._invoke_target(letter, event, rule, view)

    eventbridge._invoke_target = invoke_or_keep
    eventbridge._dispatch_to_lambda = _invoke_asynchronously


def _is_there(arn: str) -> bool:
    service = arn.split(":")[2]
    if service == "states":
        return stepfunctions._resolve_state_machine_arn(arn) is not None
    if service == "lambda":
        return lambda_svc._get_func_record_for_ref(arn)[0] is not None
    return True


def _invoke_asynchronously(arn: str, payload: str) -> None:
    function, _, _ = lambda_svc._get_func_record_for_ref(arn)
    lambda_svc.invoke_async_with_retry(function, json.loads(payload))
