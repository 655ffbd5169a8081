"""Concurrency: CloudFormation reserves it, and an event that is throttled waits in Lambda's queue.

Lambda Developer Guide, "Configuring reserved concurrency" and "Error handling for asynchronous invocation": a throttled
event goes back to the queue, and is tried again for as long as MaximumEventAgeInSeconds says. Unlike an error of the
function, that is no attempt.
"""

from __future__ import annotations

import contextvars
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import lambda_svc  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator import resources
from batch_transform.local.emulator.operations import HttpAnswer

LEAST_UNRESERVED = 100
_ACCOUNT = 1000
"""The default quota of an account (Lambda Developer Guide, "Lambda quotas"). New accounts have less."""

_LONGEST_PAUSE = 300.0  # seconds, as in the Developer Guide
_DEFAULT_AGE = 21_600

_is_event: contextvars.ContextVar[bool] = contextvars.ContextVar("is_event", default=False)


_given: Callable[[], int | None] = lambda: None  # noqa: E731  # `limit_account` replaces it


def limit_account(given: Callable[[], int | None]) -> None:
    """Ask `given` for the account's concurrency; None is AWS's default.

    It bounds what functions may reserve. Calls aren't throttled by it: this machine runs few of them at once.
    """
    global _given  # noqa: PLW0603  # the server has one account
    _given = given


def _account_limit() -> int:
    given = _given()
    return _ACCOUNT if given is None else given


def plug_in() -> None:
    """Reserve what templates say, keep throttled events, and show the account's concurrency."""
    resources.apply_properties("AWS::Lambda::Function", _reserve)
    invoke, execute = lambda_svc.invoke_async_with_retry, lambda_svc._execute_function

    def invoke_event(function: Mapping[str, Any], event: object) -> None:
        token = _is_event.set(True)
        try:
            invoke(function, event)  # its thread has a copy of the context
        finally:
            _is_event.reset(token)

    def execute_or_wait(function: Mapping[str, Any], event: object) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, event)
        if not _is_event.get():
            return result
        ends = time.monotonic() + _longest_age(function)
        pause = float(lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS)
        while result.get("throttle") and time.monotonic() + pause < ends:
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            result = execute(function, event)
        return result

    settings = lambda_svc._get_account_settings

    def account_settings() -> HttpAnswer:
        status, headers, body = settings()
        answer = json.loads(body)
        total = _account_limit()
        answer["AccountLimit"] |= {
            "ConcurrentExecutions": total,
            "UnreservedConcurrentExecutions": max(0, total - _reserved()),
        }
        return status, headers, json.dumps(answer).encode()

    lambda_svc._get_account_settings = account_settings
    lambda_svc.invoke_async_with_retry = invoke_event
    lambda_svc._execute_function = execute_or_wait


def _longest_age(function: Mapping[str, Any]) -> float:
    of_latest = (function.get("event_invoke_configs") or {}).get("$LATEST")
    config = function.get("event_invoke_config") or of_latest or {}
    return float(config.get("MaximumEventAgeInSeconds", _DEFAULT_AGE))


def _reserved(*, without: str = "") -> int:
    """Return what functions have reserved, but for one of them."""
    functions = lambda_svc._functions
    return sum(int(functions[name].get("concurrency") or 0) for name in functions if name != without)


def _reserve(name: str, _old: resources.Properties, new: resources.Properties) -> None:
    """Reserve what the properties say. A ValueError has AWS's text."""
    functions = lambda_svc._functions
    wanted = new.get("ReservedConcurrentExecutions")
    if wanted is not None and _account_limit() - _reserved(without=name) - int(wanted) < LEAST_UNRESERVED:
        raise ValueError(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{LEAST_UNRESERVED}]."
        )
    functions[name]["concurrency"] = None if wanted is None else int(wanted)
