"""The first state: what the job file declares, and the id of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.machine.states.language import States, literal

# One run has one id: `20261122T020001-1a2b3c4d`, made of the time at which the execution started and
# of its ARN. Whatever the execution is called (the console, a schedule and a rule all use names that
# TransformJobName does not allow), the id is legal in a job name and in an S3 key.
_RUN_ID = (
    "{% $replace($substring($states.context.Execution.StartTime, 0, 19), /[-:]/, '') & '-' & "
    "$substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 8) %}"
)


def request_states(spec: JobSpec, request: Mapping[str, Any], following: str) -> States:
    """Declare every variable that a state reads before another has surely set it: that would fail the execution."""
    return {
        "Request": {
            "Type": "Pass",
            "Comment": "What the job file declares; the run's input may override it",
            "Assign": {
                "job": spec.name,
                "job_file": literal(spec.job_file or False),  # a text must not be empty
                "declared": literal(request),
                "run": _RUN_ID,
                "attempt": 1,  # of CreateTransformJob; part of the job's name
                "rung": 0,  # of the ladder of instance types
                "round": 1,  # through the ladder
                "throttled": 0,  # calls that AWS turned away
                "broken": 0,  # jobs that AWS broke
                "looks": 0,  # at another run, or at a job that the task lost sight of
                "fate": False,  # of a job that the task lost sight of
            },
            "Next": following,
        }
    }
