"""The stack's outputs, which tie the command line to what was deployed, and how many jobs it holds."""

from __future__ import annotations

INPUT_BUCKET = "InputBucketName"
OUTPUT_BUCKET = "OutputBucketName"

MOST_JOBS = 30
"""A job has up to 15 resources; a stack holds 500."""


def state_machine_output(job_name: str) -> str:
    """Return the key of the output that holds the ARN of the job's state machine.

    Output keys are letters and digits only: `churn-nightly` is at `StateMachineChurnNightly`.
    """
    return "StateMachine" + "".join(part[:1].upper() + part[1:] for part in job_name.split("-"))
