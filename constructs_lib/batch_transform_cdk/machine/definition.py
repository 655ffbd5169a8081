"""The state machine of a job, as Amazon States Language: a pure function of the job's request.

    Request -> Preflight -> MayRun --(another run goes on)--> WaitForOtherRun -> Preflight | Skipped | Overlap
                              |
                          Transform -> HowEnded --(Completed)--> CountResults -> ReleaseLock -> Completed
                              |            +-> NotCompleted --+
                              +--> WhyFailed <----------------+
                                     |-- no machine ----> NextInstanceType | WaitForCapacity -> Transform
                                     |-- AWS broke it --> NextAttempt -> Transform
                                     |-- lost sight ----> FindTransformJob -> watch it, stop it, or try again
                                     +-- anything else -> Diagnose -> ReleaseLockOfFailed -> Failed

Every path that does not end in Completed or Skipped ends in the Fail state `Failed`: a failed job looks failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.machine.states.ending import (
    completed_states,
    failed_states,
    release_states,
    skipped_state,
)
from batch_transform_cdk.machine.states.ladder import ladder_states, longest_wait_seconds
from batch_transform_cdk.machine.states.language import States, literal
from batch_transform_cdk.machine.states.lost_job import lost_job_states
from batch_transform_cdk.machine.states.preflight import longest_overlap_seconds, preflight_states
from batch_transform_cdk.machine.states.transform import transform_states

Definition = dict[str, Any]


@dataclass(frozen=True)
class Parts:
    """What the machine calls: two Lambda functions by their ARNs, and the lock's Bucket and Key.

    The lock is None for a job whose runs may overlap.
    """

    preflight_arn: str
    report_arn: str
    lock: Mapping[str, str] | None


def state_machine_definition(
    spec: JobSpec, request: Mapping[str, Any], parts: Parts, *, partition: str = "aws"
) -> Definition:
    """Return the definition. `request` is the job's CreateTransformJob request without a job name."""
    origin = f" ({spec.job_file})" if spec.job_file else ""
    lambda_invoke = f"arn:{partition}:states:::lambda:invoke"
    has_lock = parts.lock is not None
    return {
        "Comment": f"Batch transform job {spec.name}{origin}",
        "QueryLanguage": "JSONata",
        "StartAt": "Request",
        "TimeoutSeconds": longest_run_seconds(spec),
        "States": {
            **request_states(spec, request, "Preflight"),
            **preflight_states(spec, lambda_invoke, parts.preflight_arn, parts.lock, "Transform"),
            **transform_states(spec, partition, "CountResults"),
            **ladder_states(),
            **lost_job_states(spec, partition, "CountResults"),
            **completed_states(lambda_invoke, parts.report_arn, has_lock=has_lock),
            **(skipped_state() if has_lock and spec.workflow.overlapping_runs == "skip" else {}),
            **failed_states(lambda_invoke, parts.report_arn, has_lock=has_lock),
            **(release_states(partition) if has_lock else {}),
        },
    }


def longest_run_seconds(spec: JobSpec) -> int:
    """Return a time that no run takes, unless Step Functions loses it: then it ends, and an alarm tells.

    Every state has a bound of its own. A run may wait for another one, then for machines or for a rate limit, let AWS
    break one job at its end and do its work in a second one, which it may lose sight of and watch for as
    long again; its functions take minutes. Step Functions takes 99,999,999 seconds at most.
    """
    waits = longest_overlap_seconds(spec) + 2 * longest_wait_seconds()
    return min(waits + 3 * spec.transform.max_runtime_in_seconds + 3600, 99_999_999)


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
