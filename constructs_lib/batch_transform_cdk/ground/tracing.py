"""X-Ray, where a job asks for it: `workflow.tracing`."""

from __future__ import annotations

from batch_transform_cdk.ground.statement import Statement

ACTIONS_OF_X_RAY = "the actions of X-Ray"
"""How a reason for `*` calls them: they know no resources (Service Authorization Reference, AWS X-Ray)."""

_WRITE = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
_SAMPLE = ("xray:GetSamplingRules", "xray:GetSamplingTargets")


def machine_statement() -> Statement:
    """Return what the role of a traced state machine may do (Step Functions Developer Guide)."""
    return Statement((*_WRITE, *_SAMPLE), ("*",))


def function_statement() -> Statement:
    """Return what the role of a traced function may do (Lambda Developer Guide, tracing with X-Ray)."""
    return Statement(_WRITE, ("*",))
