"""A transform job that the task lost sight of: found and watched, or stopped, but never left running unseen.

The task fails with the same error when creating the job was throttled, so that there is none, and when
describing it was, so that it runs. A second job beside it would cost twice.
"""

from __future__ import annotations

from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.machine.states.ladder import pause_expression
from batch_transform_cdk.machine.states.language import States, caught_error, pause_and_looks
from batch_transform_cdk.machine.states.transform import JOB_NAME

MOST_THROTTLED = 5
"""Attempts that AWS may turn away for their rate, or for a fault of its own, before the run fails."""

_SDK = "aws-sdk:sagemaker"
_RETRY = {
    # Throttling has no name of its own in the API's model, and gets that of the service.
    "ErrorEquals": ["SageMaker.SageMakerException", "SageMaker.ThrottlingException", "States.Timeout"],
    "IntervalSeconds": 5,
    "BackoffRate": 2.5,
    "MaxAttempts": 5,
    "MaxDelaySeconds": 60,
    "JitterStrategy": "FULL",
}

_ARGUMENTS = {"TransformJobName": f"{{% {JOB_NAME} %}}"}
_TIME_IS_OVER = "$error.Error = 'States.Timeout'"
_COMPLETED = "$ended.TransformJobStatus = 'Completed'"
_RUNS = "$ended.TransformJobStatus = 'InProgress'"
_GOES_ON = "$ended.TransformJobStatus in ['InProgress', 'Stopping']"
# DescribeTransformJob of an unknown job is a ValidationException, "Could not find requested job with name" (recorded),
# although the API's model has ResourceNotFound. It has no name of its own either, so that it is tried again first.
_NOT_THERE = (
    "($contains($lookup.Error, 'ResourceNotFound') or $contains($lookup.Cause, /could not find|not found/i))"
)
_WORTH_ANOTHER_TRY = (
    "$contains($error.Cause, /Throttling|Rate exceeded|TooManyRequests|ServiceUnavailable|InternalFailure|"
    "Status Code: 5/i)"
)
# A name is taken when a call was made twice on the way.
_OF_AWS = f"({_WORTH_ANOTHER_TRY} or $error.Error = 'SageMaker.ResourceInUseException')"


def lost_job_states(spec: JobSpec, partition: str, completed: str) -> States:
    """Look for the job of the last attempt, by its name."""
    pause, looks = pause_and_looks(spec.transform.max_runtime_in_seconds)
    return {
        "FindTransformJob": {
            "Type": "Task",
            "Comment": "The task failed while its job may run: look for the job before anything else is tried",
            "Resource": f"arn:{partition}:states:::{_SDK}:describeTransformJob",
            "Arguments": _ARGUMENTS,
            "TimeoutSeconds": 60,
            "Retry": [_RETRY],
            "Catch": [
                {"ErrorEquals": ["States.ALL"], "Assign": {"lookup": caught_error()}, "Next": "IsThereAJob"}
            ],
            "Assign": {"ended": "{% $states.result %}"},
            "Next": "WhatBecameOfIt",
        },
        "IsThereAJob": {
            "Type": "Choice",
            "Comment": "A call that AWS turned away for its rate is made again, as a new job",
            "Choices": [
                {
                    "Condition": f"{{% {_NOT_THERE} and {_WORTH_ANOTHER_TRY} and $throttled < {MOST_THROTTLED} %}}",
                    "Next": "WaitForAws",
                },
                {"Condition": f"{{% {_NOT_THERE} %}}", "Next": "Diagnose"},
            ],
            "Default": "StopTransformJob",
        },
        "WaitForAws": {
            "Type": "Wait",
            "Comment": "AWS turned the call away: there is no job, so make it again in a while",
            "Seconds": f"{{% {pause_expression('$throttled')} %}}",
            "Assign": {"throttled": "{% $throttled + 1 %}"},
            "Next": "NextAttempt",
        },
        "WhatBecameOfIt": {
            "Type": "Choice",
            "Comment": "The job is there: take its end, go on watching it, or stop it when its time is over",
            "Choices": [
                {"Condition": f"{{% {_COMPLETED} and ({_TIME_IS_OVER} or {_OF_AWS}) %}}", "Next": completed},
                {
                    "Condition": f"{{% {_OF_AWS} and {_GOES_ON} and $looks < {looks} %}}",
                    "Next": "WatchTransformJob",
                },
                {
                    "Condition": f"{{% {_OF_AWS} and {_GOES_ON} %}}",
                    "Assign": {
                        "error": {"Error": "States.Timeout", "Cause": "the time of the transform job is over"}
                    },
                    "Next": "StopTransformJob",
                },
                {"Condition": f"{{% {_OF_AWS} %}}", "Next": "NotCompleted"},
                {"Condition": f"{{% {_RUNS} %}}", "Next": "StopTransformJob"},
            ],
            # Its time was over, and it stops; or the machine was refused what it needs, which must be seen.
            "Default": "Diagnose",
        },
        "WatchTransformJob": {
            "Type": "Wait",
            "Comment": "The job runs: look again in a while",
            "Seconds": pause,
            "Assign": {"looks": "{% $looks + 1 %}"},
            "Next": "FindTransformJob",
        },
        "StopTransformJob": {
            "Type": "Task",
            "Comment": "The run fails: its job must not go on",
            "Resource": f"arn:{partition}:states:::{_SDK}:stopTransformJob",
            "Arguments": _ARGUMENTS,
            "TimeoutSeconds": 60,
            "Retry": [_RETRY],
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {
                        "fate": "{% 'StopTransformJob was refused (' & $states.errorOutput.Error & ': ' & "
                        "$substring($states.errorOutput.Cause, 0, 2000) & '): if the transform job still runs, stop it "
                        "in the SageMaker console' %}"
                    },
                    "Next": "Diagnose",
                }
            ],
            "Assign": {"fate": "the workflow stopped the transform job"},
            "Next": "Diagnose",
        },
    }
