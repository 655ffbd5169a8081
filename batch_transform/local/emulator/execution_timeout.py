"""The TimeoutSeconds of a whole state machine (Amazon States Language), which the emulator ignores."""

from __future__ import annotations

import contextvars
import json
import threading
from typing import Any

from ministack.core.responses import now_iso  # type: ignore[import-untyped]  # it has no types
from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types


def plug_in() -> None:
    """Let each execution end with its time. A task that waits sees that its execution runs no more."""
    run_execution = stepfunctions._run_execution

    def run_for_limited_time(execution_arn: str) -> None:
        execution = stepfunctions._executions.get(execution_arn)
        seconds = _timeout(execution)
        if seconds is None:
            run_execution(execution_arn)
            return
        # the timer's thread must know the account and the region of this one
        timer = threading.Timer(seconds, contextvars.copy_context().run, (_time_out, execution))
        timer.daemon = True
        timer.start()
        try:
            run_execution(execution_arn)
        finally:
            timer.cancel()

    stepfunctions._run_execution = run_for_limited_time


def _timeout(execution: dict[str, Any] | None) -> float | None:
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) if execution else None
    seconds = json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None
    return float(seconds) if seconds is not None else None


def _time_out(execution: dict[str, Any]) -> None:
    if execution["status"] != "RUNNING":
        return
    execution.update(status="TIMED_OUT", stopDate=now_iso(), error="States.Timeout")
    stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
    stepfunctions._emit_execution_status_event(execution)
