"""One run of a job: its id, and how it may end."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime


def run_id(execution_arn: str, started: datetime) -> str:
    """Return `YYYYMMDDTHHMMSS-<8 hex digits>` in UTC: the id that the state machine gives the run itself.

    The machine computes it in JSONata, from the execution's start and ARN (`batch_transform_cdk.machine.definition`);
    a test compares the two. It is legal in a TransformJobName and in an S3 key, whatever the
    name of the execution.
    """
    moment = started.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    return f"{moment}-{hashlib.sha256(execution_arn.encode()).hexdigest()[:8]}"


HAPPENED = {"FAILED": "failed", "TIMED_OUT": "timed out", "ABORTED": "was stopped"}
CAUSE = {
    "FAILED": "Its execution gives no cause.",
    "TIMED_OUT": "It took longer than TimeoutSeconds of its state machine allows.",
    "ABORTED": "Somebody stopped its execution (StopExecution).",
}
NEXT_STEP = {
    "FAILED": "fix what the cause names, and start the run again",
    "TIMED_OUT": "check whether a transform job of this run is still in progress, and stop it; then start "
    "the run again",
    "ABORTED": "start the run again, unless you meant to stop it; what it has written so far is incomplete",
}
