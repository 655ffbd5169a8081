"""The transform job, and what its end means."""

from __future__ import annotations

from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.machine.states.ladder import LADDER_RULES
from batch_transform_cdk.machine.states.language import States, caught_error

CREATE_TRANSFORM_JOB = "sagemaker:createTransformJob.sync"

JOB_NAME = "$job & '-' & $run & '-' & $string($attempt)"
"""An expression: new on every attempt, since SageMaker never lets a name be used twice."""

# The members stand in a variable, so that a run may set any that the job file does not: Step Functions
# takes an expression for all arguments (Amazon States Language, Arguments).
_ARGUMENTS = (
    f"{{% $merge([$request, {{'TransformJobName': {JOB_NAME}, 'TransformResources': "
    "$merge([$request.TransformResources, {'InstanceType': $instance_types[$rung]}])}]) %}"
)

_JOB_ENDED = "$error.Error = 'States.TaskFailed'"
_AWS_BROKE_IT = r'$contains($error.Cause, /"FailureReason"\s*:\s*"InternalServerError/)'
_NO_QUOTA = "$error.Error = 'SageMaker.ResourceLimitExceededException'"


def transform_states(spec: JobSpec, partition: str, completed: str) -> States:
    """Create the job, wait for its end, and tell apart what may be tried again.

    There is no Retry: each attempt passes `Transform` anew, so that it surely has a name of its own, may have
    another instance type, and follows a look at the job before where that may still run.
    """
    return {
        "Transform": {
            "Type": "Task",
            "Comment": "The transform job itself; stopped when its time is over or the execution is stopped",
            "Resource": f"arn:{partition}:states:::{CREATE_TRANSFORM_JOB}",
            "Arguments": _ARGUMENTS,
            "TimeoutSeconds": spec.transform.max_runtime_in_seconds,
            "Catch": [
                {"ErrorEquals": ["States.ALL"], "Assign": {"error": caught_error()}, "Next": "WhyFailed"}
            ],
            "Assign": {"ended": "{% $states.result %}"},
            "Next": "HowEnded",
        },
        # Whether the task ends well for a job that somebody stopped is not documented.
        "HowEnded": {
            "Type": "Choice",
            "Comment": "Only a job whose status is Completed is a run that ended well",
            "Choices": [{"Condition": "{% $ended.TransformJobStatus = 'Completed' %}", "Next": completed}],
            "Default": "NotCompleted",
        },
        "NotCompleted": {
            "Type": "Pass",
            "Comment": "A job that failed or was stopped",
            "Assign": {"error": {"Error": "States.TaskFailed", "Cause": "{% $string($ended) %}"}},
            "Next": "WhyFailed",
        },
        "WhyFailed": {
            "Type": "Choice",
            "Comment": "Only what AWS could not serve is tried again: bad data would fail again",
            "Choices": [
                *LADDER_RULES,
                {
                    "Condition": f"{{% {_JOB_ENDED} and {_AWS_BROKE_IT} and $broken = 0 %}}",
                    "Assign": {"broken": 1},
                    "Next": "NextAttempt",
                },
                {"Condition": f"{{% {_JOB_ENDED} or {_NO_QUOTA} %}}", "Next": "Diagnose"},
            ],
            # Throttled, timed out, refused: the job may be there, and run.
            "Default": "FindTransformJob",
        },
    }
