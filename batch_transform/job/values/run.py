"""One run of a job: its id, and how it may end."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime


def run_id(execution_arn: str, started: datetime) -> str:
    """Return `YYYYMMDDTHHMMSS-<8 hex digits>` in UTC: the id that the state machine gives the run itself.

    The machine computes it in JSONata, from the execution's start and ARN (`batch_transform_cdk.machine.definition`);
    a test holds the two together. It is legal in a TransformJobName and in an S3 key, whatever the
    execution is called.
    """
    moment = started.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    return f"{moment}-{hashlib.sha256(execution_arn.encode()).hexdigest()[:8]}"


HAPPENED = {"FAILED": "failed", "TIMED_OUT": "took too long and was ended", "ABORTED": "was stopped"}
CAUSE = {
    "FAILED": "Its execution names no cause.",
    "TIMED_OUT": "It took longer than its state machine may, TimeoutSeconds of the definition.",
    "ABORTED": "Somebody stopped its execution (StopExecution).",
}
NEXT_STEP = {
    "FAILED": "mend what the cause names, and start the run again",
    "TIMED_OUT": "see whether a transform job of this run still goes on, and stop it; then start the run again",
    "ABORTED": "start the run again, if it was not meant to stop for good; what it wrote so far is not complete",
}
