"""The transform job of one attempt, and whether it completed."""

from __future__ import annotations

from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.machine.states.language import States, caught_error

CREATE_TRANSFORM_JOB = "sagemaker:createTransformJob.sync"

JOB_NAME = "$job_name & '-' & $run_id & '-' & $string($attempt)"
"""An expression: a new name for each attempt, since SageMaker never accepts a name twice."""

# The members are in a variable, so that a run can set any member, including those that the job file leaves out:
# Step Functions accepts one expression for all arguments (Amazon States Language, Arguments).
_ARGUMENTS = (
    f"{{% $merge([$request, {{'TransformJobName': {JOB_NAME}, 'TransformResources': "
    "$merge([$request.TransformResources, {'InstanceType': $instance_types[$instance_type_index]}])}]) %}"
)


def transform_states(spec: JobSpec, partition: str, completed: str) -> States:
    """Create the transform job, wait for its end, and check its status.

    `Transform` has no Retry: every attempt enters the state again. That gives it a new job name, lets it use another
    instance type, and lets the state machine first check whether the previous job is still running.
    """
    return {
        "Transform": {
            "Type": "Task",
            "Comment": "Run the transform job. It is stopped on timeout and when the execution is stopped",
            "Resource": f"arn:{partition}:states:::{CREATE_TRANSFORM_JOB}",
            "Arguments": _ARGUMENTS,
            "TimeoutSeconds": spec.transform.max_runtime_in_seconds,
            "Catch": [
                {"ErrorEquals": ["States.ALL"], "Assign": {"failure": caught_error()}, "Next": "ChooseRetry"}
            ],
            "Assign": {"transform_job": "{% $states.result %}"},
            "Next": "CheckTransformJobStatus",
        },
        # Whether the task succeeds for a transform job that somebody stopped isn't documented.
        "CheckTransformJobStatus": {
            "Type": "Choice",
            "Comment": "Only a transform job with the status Completed is a success",
            "Choices": [
                {"Condition": "{% $transform_job.TransformJobStatus = 'Completed' %}", "Next": completed}
            ],
            "Default": "TransformJobNotCompleted",
        },
        "TransformJobNotCompleted": {
            "Type": "Pass",
            "Comment": "The transform job failed or was stopped: keep its description as the failure",
            "Assign": {"failure": {"Error": "States.TaskFailed", "Cause": "{% $string($transform_job) %}"}},
            "Next": "ChooseRetry",
        },
    }
