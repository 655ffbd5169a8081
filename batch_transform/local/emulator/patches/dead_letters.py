"""What EventBridge and EventBridge Scheduler do with an event that they can't deliver.

- If the target doesn't exist, or refuses the start of an execution, the event goes to the dead-letter queue. AWS
  retries first, for the time of the retry policy; here nothing comes back by itself, so it goes there at once.
- Functions are invoked asynchronously: Lambda retries a failed one, and then sends to its destination.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from ministack.services import eventbridge, lambda_svc, stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.emulator.patches.start_targets import StartTarget, delivered_to

logger = logging.getLogger(__name__)


def plug_in() -> None:
    """Plug this in before `enforcement`, whose checks then cover dead letters, too."""
    invoke_target = eventbridge._invoke_target

    def invoke_or_keep(
        target: Mapping[str, Any], event: Mapping[str, Any], rule: Mapping[str, Any], view: object = None
    ) -> None:
        arn = delivered_to(target)
        if _is_there(arn):
            start = StartTarget.of(target)
            if start is None:
                invoke_target(target, event, rule, view)
                return
            try:
                start.start()
            except RefusedRequestError as error:
                logger.warning("%s is not started: %s", arn, error)
            else:
                return
        else:
            logger.warning("%s does not exist, so nothing is delivered to it", arn)
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
