"""The next step after a failed run."""

from __future__ import annotations

from collections.abc import Sequence

_OF_ERROR = {
    "MaxCostError": "increase workflow.max_cost and deploy, then retry the run: what has a result is complete",
    "States.Timeout": "increase transform.max_runtime_in_seconds, or use more or larger instances; then retry the run",
    "ReconciliationError": "stop what changes the input during a run, or fix the model if it doesn't answer each "
    "record with one line; then start the run again",
    "SageMaker.ResourceLimitExceededException": "increase the quota '{types} for transform job usage' in Service "
    "Quotas, or add another type to transform.instance_type; then retry the run, or wait until other jobs end",
    "BadRecordsError": "fix the data, or allow more bad records in bad_records and deploy; then start the run again",
}
_OF_REASON = {
    "it is the model": "check the log; fix the model and deploy it, then start the run again",
    "CapacityError": "add fallback types after {types} in transform.instance_type, or retry the run later",
    "InternalServerError": "retry the run; if it fails again, contact AWS Support with the transform job's name",
    "ClientError": "fix the data or the filters that the log points to, then start the run again",
    "AlgorithmError": "check the log; fix the model and deploy it, or fix the data that it cannot score; then start "
    "the run again",
    "stopped from outside": "retry the run, unless it was stopped on purpose",
    "Throttling": "retry the run later; AWS throttles the account's calls",
    "Rate exceeded": "retry the run later; AWS throttles the account's calls",
    "not authorized": "deploy the stack again, or ask an administrator which policy denies this",
}
_OF_RECORDS = ("ClientError", "AlgorithmError")
_LEAVE_OUT = (
    "; if single records are the reason, bad_records in the job file lets runs leave them out, and lists them"
)
_ELSE = "fix the reason above, then start the run again"


def next_step(
    error: str, reason: str, instance_types: Sequence[str], *, could_leave_out_records: bool = False
) -> str:
    """Return the next step for an error of the state machine and AWS's reason.

    `could_leave_out_records` says that the job could have `bad_records`, and has none.
    """
    types = ", ".join(instance_types)
    for known, step in _OF_ERROR.items():
        if error == known:
            return step.format(types=types)
    for known, step in _OF_REASON.items():
        if known in reason:
            also = _LEAVE_OUT if could_leave_out_records and known in _OF_RECORDS else ""
            return step.format(types=types) + also
    return _ELSE
