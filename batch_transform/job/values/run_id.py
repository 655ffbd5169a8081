"""The id of one run of a job."""

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
