"""The cause of a failed run: AWS's reason, the objects without a result, the next step, and lines of the log."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batch_transform.job.request.request import Request
from next_step import next_step
from object_listing import S3Lister
from time_budget import TimeBudget
from transform_log import LOG_GROUP, LogsClient, log_lines
from unserved_files import unserved_files

_OBJECTS_SECONDS = 540
"""For two listings of a million objects, which take seven and a half minutes (docs/how-it-works/speed.md)."""

_LOG_SECONDS = 120
"""With the last call of each part, both end within the function's 15 minutes."""

_TIMEOUT = "States.Timeout"
_KIND = re.compile(r"[A-Za-z]+Error")

_LONGEST_LINE = 2_000
_LONGEST_CAUSE = 30_000  # Step Functions takes 32,768 characters


@dataclass(frozen=True)
class FailedRun:
    """What the state machine passes: the job, the request as sent, and the error as caught.

    `instance_types` are the ones that the run could use. `stop_result` is the result of StopTransformJob for a
    transform job that the state machine lost track of; it is empty for any other run. `max_cost` is empty for a job
    without `workflow.max_cost`; for others it has the `amount` and its `currency`, what earlier attempts have `spent`,
    the attempt's `time_limit` in seconds, and `is_bound`: whether the cost bounds that. `details` says whether the
    cause may quote what the transform job said about the data. `could_leave_out_records` says that the job could have
    `bad_records`, and has none. The `Explanation` in an error never has data.
    """

    job: str
    job_file: str
    execution_arn: str
    request: Request
    transform_job_name: str
    instance_types: Sequence[str]
    error: dict[str, str]
    stop_result: str = ""
    max_cost: Mapping[str, Any] = field(default_factory=dict)
    details: bool = True
    could_leave_out_records: bool = False

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> FailedRun:
        """Read what the state `Diagnose` passes.

        A run in progress during an upgrade keeps its definition: that of release 0.1 calls `stop_result` `fate`.
        """
        return cls(**{"stop_result" if name == "fate" else name: value for name, value in event.items()})


def explain(run: FailedRun, s3: S3Lister, logs: LogsClient, budget: TimeBudget) -> dict[str, str]:
    """Return Error and Cause of the failed execution.

    Each part of the cause has its own time and its own failure: one that AWS doesn't answer is a line that says so,
    and the others stay.
    """
    cause = run.error.get("Cause", "")
    description = _description(cause)
    name = description.get("TransformJobName", run.transform_job_name)
    status = description.get("TransformJobStatus", "")
    error = run.error["Error"]
    if error == _TIMEOUT and run.max_cost.get("is_bound"):
        error = "MaxCostError"
        reason = _cost_reason(run.max_cost)
    elif error == _TIMEOUT:
        reason = "stopped: it ran longer than transform.max_runtime_in_seconds"
    elif status == "Stopped":
        reason = "stopped from outside the state machine (StopTransformJob)"
    else:
        reason = _reason(run, description)
    origin = f" ({run.job_file})" if run.job_file else ""
    data = run.request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    lines = [f"job {run.job}{origin}: transform job {name} on {data}: {reason}"]
    lines += [run.stop_result] if run.stop_result else []
    if description or run.error["Error"] == _TIMEOUT:
        objects = budget.part(_OBJECTS_SECONDS)
        lines += _or_why_not(
            "files without a result: could not be determined",
            lambda: unserved_files(run.request, s3, objects),
        )
    could = run.could_leave_out_records
    lines.append(f"next step: {next_step(error, reason, run.instance_types, could_leave_out_records=could)}")
    if run.error["Error"] != "ReconciliationError":  # its transform job completed
        where = f"log: group {LOG_GROUP}, streams {name}/…"
        log = budget.part(_LOG_SECONDS)
        lines.append(where)
        if run.details:
            lines += _or_why_not("the log could not be read", lambda: log_lines(name, logs, log))
    text = "\n".join(line[:_LONGEST_LINE] for line in lines)
    return {"Error": error, "Cause": text[:_LONGEST_CAUSE]}


def _cost_reason(max_cost: Mapping[str, Any]) -> str:
    """Return why a transform job was stopped before its own time limit."""
    money = f"{max_cost['currency']} {max_cost['amount']:g}"
    earlier = f", after earlier ones had cost {max_cost['spent']:.2f}" if max_cost["spent"] else ""
    return f"stopped after {max_cost['time_limit']:,} seconds, for which workflow.max_cost ({money}) pays{earlier}"


def _reason(run: FailedRun, description: Mapping[str, Any]) -> str:
    """Return AWS's reason. Without details, that of a transform job is only its kind, such as ClientError."""
    cause = run.error.get("Cause", "")
    if run.details or run.error["Error"] != "States.TaskFailed":
        return description.get("FailureReason", cause) or run.error["Error"]
    kind = str(description.get("FailureReason", cause)).partition(":")[0]
    reason = kind if _KIND.fullmatch(kind) else "the transform job failed"
    explanation = run.error.get("Explanation")
    return f"{reason}; {explanation}" if explanation else reason


def _or_why_not(otherwise: str, lines: Callable[[], list[str]]) -> list[str]:
    """Return the lines of one part of the cause, or one that says why there are none."""
    try:
        return lines()
    except Exception as error:  # noqa: BLE001  # whatever it is, the run's own failure must be reported
        traceback.print_exc()  # for the function's log
        return [f"{otherwise}: {error or type(error).__name__}"]


def _description(cause: str) -> dict[str, Any]:
    """Return the transform job's description, the Cause of a failed `.sync` task; {} if there was no job."""
    if not (cause.startswith("{") and cause.endswith("}")):
        return {}  # not a document, or one that was cut off
    try:
        described = json.loads(cause)
    except ValueError:
        return {}  # text in braces
    return described if isinstance(described, dict) and "TransformJobName" in described else {}
