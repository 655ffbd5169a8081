"""The errors of Lambda functions: AWS names them after the exception's class, and adds a stack trace.

Developer Guide of Lambda, "Understanding Lambda function errors in Python". The members are those of a recorded run,
LocalStack's `test_lambda_invoke_with_retry_base`.
"""

from __future__ import annotations

import re
from typing import Any

from ministack.services import lambda_svc  # type: ignore[import-untyped]  # it has no types

UNNAMED = "Runtime.HandlerError"
_FIRST = "Traceback (most recent call last):\n"
_FRAME = re.compile(r'^  File ".*?(?=^  File "|\Z)', re.MULTILINE | re.DOTALL)
_CLASS = re.compile(r"^(?P<path>[A-Za-z_][\w.<>]*)(?:: (?P<message>.*)|$)", re.MULTILINE)


def plug_in() -> None:
    """Name the errors of functions in Python. The emulator calls all of them Runtime.HandlerError."""
    execute = lambda_svc._execute_function_warm

    def execute_and_name(function: dict[str, Any], event: object, request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == UNNAMED:
            # the emulator ends the log with the traceback
            result["body"] = payload(str(body["errorMessage"]), str(result.get("log")), request_id) or body
        return result

    lambda_svc._execute_function_warm = execute_and_name


def payload(message: str, log: str, request_id: str) -> dict[str, Any] | None:
    """Return Lambda's payload for an exception, from a log that ends with its traceback; None for any other log."""
    _, found, last = log.rpartition(_FIRST)
    raised = _CLASS.search(last)
    if not found or raised is None or (raised["message"] or "") != message.partition("\n")[0]:
        return None
    return {
        "errorMessage": message,
        "errorType": raised["path"].rpartition(".")[2],
        "requestId": request_id,
        "stackTrace": _FRAME.findall(last[: raised.start()])[1:],  # the first is the call of the handler
    }
