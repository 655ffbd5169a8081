"""One run of a job: its id, and how it may end."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime


def run_id(execution_arn: str, started: datetime) -> str:
    """Return `YYYYMMDDTHHMMSS-<8 hex digits>` in UTC: the id that the state machine gives the run itself.

    The machine computes it in JSONata, from the execution's start and ARN (`batch_transform_cdk.machine.definition`);
    a test compares the two. It is legal in a TransformJobName and in an S3 key, whatever the
    name of the execution.
    """
    return f"{started.astimezone(UTC):%Y%m%dT%H%M%S}-{execution_hash(execution_arn)}"


def execution_hash(execution_arn: str) -> str:
    """Return the 8 hex digits of the run's id, which identify the execution without the time of its start.

    That time comes from the clock of another service when an event or a list gives it, so only these digits are certain
    to be in the names of the run's transform jobs.
    """
    return hashlib.sha256(execution_arn.encode()).hexdigest()[:8]


def hash_of(run: str) -> str:
    """Return the same 8 hex digits from the run's id."""
    return run.rpartition("-")[2]


def attempt_pattern(execution_arn: str) -> str:
    """Return the regular expression for what follows the job's name in the names of the run's transform jobs."""
    return attempt_pattern_of(execution_hash(execution_arn))


def attempt_pattern_of(digits: str) -> str:
    """Return the same from the execution's hash."""
    return rf"-\d{{8}}T\d{{6}}-{digits}-\d+"


_SECTIONS = re.compile(r"/_sections/[^/]+/in/[^/]+/(\d+)/$")


def round_of(data: str) -> int:
    """Return the round of a run that looks for bad records from the S3 URI that its transform job reads.

    It is 0 for the run's own data: a round reads sections of objects, below `_sections/JOB/in/RUN/ROUND/`.
    """
    found = _SECTIONS.search(data)
    return int(found[1]) if found else 0


HAPPENED = {"FAILED": "failed", "TIMED_OUT": "timed out", "ABORTED": "was stopped"}
CAUSE = {
    "FAILED": "The execution gives no cause.",
    "TIMED_OUT": "It ran longer than TimeoutSeconds of the state machine allows.",
    "ABORTED": "The execution was stopped (StopExecution).",
}
NEXT_STEP = {
    "FAILED": "fix what the cause names, and start the run again",
    "TIMED_OUT": "check whether a transform job of this run is still in progress, and stop it; then retry "
    "the run",
    "ABORTED": "retry the run, unless you meant to stop it; its output so far is incomplete",
}
