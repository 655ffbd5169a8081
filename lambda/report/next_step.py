"""What a person can do about a failed run."""

from __future__ import annotations

from collections.abc import Sequence

_OF_ERROR = {
    "States.Timeout": "give transform.max_runtime_in_seconds more time, or use more or larger instances",
    "SageMaker.ResourceLimitExceededException": "ask Service Quotas for more '{types} for transform job usage', name "
    "another type in transform.instance_type, or start the run again when other jobs have ended",
}
_OF_REASON = {
    "CapacityError": "name more types in transform.instance_type beside {types}, which are tried one after the other, "
    "or start the run again later",
    "InternalServerError": "start the run again; if it fails so again, show AWS support the transform job's name",
    "ClientError": "mend the data or the filters by what the log says, and start the run again",
    "AlgorithmError": "by what the log says, mend the model and deploy it, or mend the data that it cannot take; then "
    "start the run again",
    "stopped from outside": "start the run again if nobody meant to stop it for good",
    "Throttling": "start the run again later; AWS limits how often an account may call it",
    "Rate exceeded": "start the run again later; AWS limits how often an account may call it",
    "not authorized": "deploy the stack again, or have an administrator look for a policy that denies this",
}
_ELSE = "mend what the reason names, and start the run again"


def next_step(error: str, reason: str, instance_types: Sequence[str]) -> str:
    """Return the advice for an error of the state machine and the reason that AWS gave with it."""
    types = ", ".join(instance_types)
    for known, step in _OF_ERROR.items():
        if error == known:
            return step.format(types=types)
    for known, step in _OF_REASON.items():
        if known in reason:
            return step.format(types=types)
    return _ELSE
