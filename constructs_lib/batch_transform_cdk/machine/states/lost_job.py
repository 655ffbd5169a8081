"""A transform job that `Transform` only created or lost track of: find it, then wait for it or stop it.

The task fails with the same error whether CreateTransformJob was throttled, and there is no job, or
DescribeTransformJob was, and the job is running. A second job beside it would cost twice.

With the SDK integration, `Transform` only creates the job, and these states follow each job to its end. `failure` is
empty then. A call that wasn't answered in time may have created the job, as a throttled one may have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_transform.job.request.integration import uses_sdk
from batch_transform.job.values.bad_records_spec import MOST_ROUNDS
from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.machine.states.language import (
    MOST_CHECKS,
    State,
    States,
    caught_error,
    pause_and_checks,
)
from batch_transform_cdk.machine.states.retries import pause_expression
from batch_transform_cdk.machine.states.transform import JOB_NAME

MOST_THROTTLED = 5
"""How often a throttled call, or one that failed on AWS's side, is made again before the run fails."""

_SDK = "aws-sdk:sagemaker"
_RETRY = {
    # The API's model has no name for throttling, so the error has the service's name.
    "ErrorEquals": ["SageMaker.SageMakerException", "SageMaker.ThrottlingException", "States.Timeout"],
    "IntervalSeconds": 5,
    "BackoffRate": 2.5,
    "MaxAttempts": 5,
    "MaxDelaySeconds": 60,
    "JitterStrategy": "FULL",
}

_ARGUMENTS = {"TransformJobName": f"{{% {JOB_NAME} %}}"}
_TIMED_OUT = "$failure.Error = 'States.Timeout'"
_JOB_COMPLETED = "$transform_job.TransformJobStatus = 'Completed'"
_FOLLOWED = "$failure.Error = ''"
_MOST_CHECKS_OF_FOLLOWED = 1500
"""In all transform jobs of a run, which may have waited for another run before: 25,000 events must be enough."""

_MOST_TRANSFORM_JOBS = 3
"""Those that a run may follow as long as each may run, without the rounds of `bad_records`."""

_IN_PROGRESS = "$transform_job.TransformJobStatus = 'InProgress'"
_IN_PROGRESS_OR_STOPPING = "$transform_job.TransformJobStatus in ['InProgress', 'Stopping']"
# For an unknown job DescribeTransformJob returns a ValidationException, "Could not find requested job with name"
# (recorded), although the API's model has ResourceNotFound. The model has no name for it, so it is retried first.
_NOT_FOUND = (
    "($contains($find_failure.Error, 'ResourceNotFound') "
    "or $contains($find_failure.Cause, /could not find|not found/i))"
)
_THROTTLING = "/Throttling|Rate exceeded|TooManyRequests|ServiceUnavailable|InternalFailure|Status Code: 5/i"
_THROTTLED = f"$contains($failure.Cause, {_THROTTLING})"
_NAME_TAKEN = "$failure.Error = 'SageMaker.ResourceInUseException'"
"""The name is taken if the service's own retry sent the call twice."""


def lost_job_states(spec: JobSpec, request: Mapping[str, Any], partition: str, completed: str) -> States:
    """Find the transform job of the last attempt by its name, and decide what to do with it."""
    follows = uses_sdk(request)
    longest = spec.transform.max_runtime_in_seconds
    jobs = _MOST_TRANSFORM_JOBS + (MOST_ROUNDS if spec.bad_records is not None else 0)
    most = _MOST_CHECKS_OF_FOLLOWED // jobs if follows else MOST_CHECKS
    pause, checks = pause_and_checks(longest, most=most)
    unanswered = f"({_THROTTLED} or {_TIMED_OUT})" if follows else _THROTTLED
    lost_track = (
        f"({_FOLLOWED} or {unanswered} or {_NAME_TAKEN})" if follows else f"({_THROTTLED} or {_NAME_TAKEN})"
    )
    return {
        "FindTransformJob": {
            "Type": "Task",
            "Comment": "The Transform task failed, but its transform job may be running: find it before any retry",
            "Resource": f"arn:{partition}:states:::{_SDK}:describeTransformJob",
            "Arguments": _ARGUMENTS,
            "TimeoutSeconds": 60,
            "Retry": [_RETRY],
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {"find_failure": caught_error()},
                    "Next": "CheckTransformJobExists",
                }
            ],
            "Assign": {"transform_job": "{% $states.result %}"},
            "Next": "CheckFoundTransformJob",
        },
        "CheckTransformJobExists": {
            "Type": "Choice",
            "Comment": "If the transform job was never created, retry a throttled call or fail. If unsure, stop it",
            "Choices": [
                *(_status_unknown(checks) if follows else []),
                {
                    "Condition": f"{{% {_NOT_FOUND} and {unanswered} and $throttled_calls < {MOST_THROTTLED} %}}",
                    "Next": "WaitAfterThrottling",
                },
                {"Condition": f"{{% {_NOT_FOUND} %}}", "Next": "Diagnose"},
            ],
            "Default": "StopTransformJob",
        },
        "WaitAfterThrottling": {
            "Type": "Wait",
            "Comment": "The call was throttled and no transform job exists: wait before the next attempt",
            "Seconds": f"{{% {pause_expression('$throttled_calls')} %}}",
            "Assign": {"throttled_calls": "{% $throttled_calls + 1 %}"},
            "Next": "NextAttempt",
        },
        "CheckFoundTransformJob": {
            "Type": "Choice",
            "Comment": "The transform job exists: use its result, keep waiting for it, or stop it when its time is up",
            "Choices": [
                {
                    "Condition": f"{{% {_JOB_COMPLETED} and ({_TIMED_OUT} or {lost_track}) %}}",
                    "Next": completed,
                },
                {
                    "Condition": f"{{% {lost_track} and {_IN_PROGRESS_OR_STOPPING} and $status_checks < {checks} %}}",
                    "Next": "WaitForTransformJob",
                },
                {
                    "Condition": f"{{% {lost_track} and {_IN_PROGRESS_OR_STOPPING} %}}",
                    "Assign": {
                        "failure": {
                            "Error": "States.Timeout",
                            "Cause": "the transform job ran longer than transform.max_runtime_in_seconds",
                        }
                    },
                    "Next": "StopTransformJob",
                },
                {"Condition": f"{{% {lost_track} %}}", "Next": "TransformJobNotCompleted"},
                {"Condition": f"{{% {_IN_PROGRESS} %}}", "Next": "StopTransformJob"},
            ],
            # It timed out and is stopping; or the state machine lacks a permission, which must fail the run.
            "Default": "Diagnose",
        },
        "WaitForTransformJob": {
            "Type": "Wait",
            "Comment": "The transform job is running: wait before the next status check",
            "Seconds": pause,
            "Assign": {"status_checks": "{% $status_checks + 1 %}"},
            "Next": "FindTransformJob",
        },
        "StopTransformJob": {
            "Type": "Task",
            "Comment": "The run fails, so stop its transform job",
            "Resource": f"arn:{partition}:states:::{_SDK}:stopTransformJob",
            "Arguments": _ARGUMENTS,
            "TimeoutSeconds": 60,
            "Retry": [_RETRY],
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {
                        "stop_result": "{% 'StopTransformJob was refused (' & $states.errorOutput.Error & ': ' & "
                        "$substring($states.errorOutput.Cause, 0, 2000) & '): if the transform job is still running, "
                        "stop it in the SageMaker console' %}"
                    },
                    "Next": "Diagnose",
                }
            ],
            "Assign": {"stop_result": "the state machine stopped the transform job"},
            "Next": "Diagnose",
        },
    }


def _status_unknown(checks: int) -> list[State]:
    """Return what follows if the status of a transform job that the state machine follows can't be read."""
    throttled = f"$contains($find_failure.Cause, {_THROTTLING})"
    failure = {"failure": "{% $find_failure %}"}
    return [
        {
            "Condition": f"{{% {_FOLLOWED} and {throttled} and $status_checks < {checks} %}}",
            "Next": "WaitForTransformJob",
        },
        {"Condition": f"{{% {_FOLLOWED} and {_NOT_FOUND} %}}", "Assign": failure, "Next": "Diagnose"},
        {"Condition": f"{{% {_FOLLOWED} %}}", "Assign": failure, "Next": "StopTransformJob"},
    ]
