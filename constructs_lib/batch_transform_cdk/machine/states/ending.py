"""How a run ends: completed, skipped or failed, with one object or one cause for whoever reads it."""

from __future__ import annotations

from typing import Any

from batch_transform_cdk.machine.states.language import (
    DATA_OF,
    JOB_FILE,
    LAMBDA_RETRY,
    LAMBDA_TIMEOUT_SECONDS,
    THE_JOB,
    State,
    States,
    message,
)
from batch_transform_cdk.machine.states.transform import JOB_NAME

COUNTS = (
    "CreationTime",
    "TransformStartTime",
    "TransformEndTime",
    "BillableTimeInSeconds",
    "InputObjects",
    "InputBytes",
    "OutputObjects",
    "OutputBytes",
)
"""What the report function finds out of a completed run."""

# As an expression: the CDK leaves a plain null out of a definition.
_NULL = "{% null %}"

_OF_EVERY_RUN = {
    "Job": "{% $job %}",
    "RunId": "{% $run %}",
    "ExecutionArn": "{% $states.context.Execution.Id %}",
}
_OF_A_JOB = {
    "TransformJobName": "{% $ended.TransformJobName %}",
    "TransformJobArn": "{% $ended.TransformJobArn %}",
    "TransformJobStatus": "{% $ended.TransformJobStatus %}",
    "ModelName": "{% $request.ModelName %}",
    "S3Uri": f"{{% {DATA_OF.format(variable='$request')} %}}",
    "S3OutputPath": "{% $request.TransformOutput.S3OutputPath %}",
    "InstanceType": "{% $instance_types[$rung] %}",
    "InstanceCount": "{% $request.TransformResources.InstanceCount %}",
    "Attempts": "{% $attempt %}",
}


def completed_states(lambda_invoke: str, report_arn: str, *, has_lock: bool) -> States:
    """Count the results, and end with the run's output."""
    run = {"Outcome": "Completed", **_OF_EVERY_RUN, **_OF_A_JOB, "RunningExecutionArn": _NULL}
    return {
        "CountResults": {
            "Type": "Task",
            "Comment": "How many objects were read and written, and how long it took",
            "Resource": lambda_invoke,
            "Arguments": {
                "FunctionName": report_arn,
                "Payload": {"run": run, "request": "{% $request %}", "completed": "{% $ended %}"},
            },
            "TimeoutSeconds": LAMBDA_TIMEOUT_SECONDS,
            "Retry": [LAMBDA_RETRY],
            # The results are there and paid for: a run is no failure because nobody counted them.
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {"output": {**run, **dict.fromkeys(COUNTS, _NULL)}},
                    "Next": "ReleaseLock" if has_lock else "Completed",
                }
            ],
            "Assign": {"output": "{% $states.result.Payload %}"},
            "Next": "ReleaseLock" if has_lock else "Completed",
        },
        "Completed": {
            "Type": "Pass",
            "Comment": "The run's output, for whoever started it",
            "Output": "{% $output %}",
            "End": True,
        },
    }


def skipped_state() -> States:
    """End a run that was not needed, plainly as such."""
    return {
        "Skipped": {
            "Type": "Pass",
            "Comment": "Another run of the job goes on, and the job file says to skip this one: nothing was scored",
            "Output": {
                "Outcome": "Skipped",
                **_OF_EVERY_RUN,
                **dict.fromkeys((*_OF_A_JOB, *COUNTS), _NULL),
                "RunningExecutionArn": "{% $lock.RunningExecutionArn %}",
            },
            "End": True,
        }
    }


def failed_states(lambda_invoke: str, report_arn: str, *, has_lock: bool) -> States:
    """Find out why, and end in the one Fail state."""
    following = "ReleaseLockOfFailed" if has_lock else "Failed"
    return {
        "Diagnose": {
            "Type": "Task",
            "Comment": "Name the input objects without a result, what the job's log says of them, and what to do",
            "Resource": lambda_invoke,
            "Arguments": {
                "FunctionName": report_arn,
                "Payload": {
                    "job": "{% $job %}",
                    "job_file": JOB_FILE,
                    "execution_arn": "{% $states.context.Execution.Id %}",
                    "request": "{% $request %}",
                    "transform_job_name": f"{{% {JOB_NAME} %}}",
                    "instance_types": "{% $instance_types %}",
                    "error": "{% $error %}",
                    "fate": "{% $fate ? $fate : '' %}",
                },
            },
            "TimeoutSeconds": LAMBDA_TIMEOUT_SECONDS,
            "Retry": [LAMBDA_RETRY],
            "Catch": [
                {
                    # Without the diagnosis the run still fails with AWS's own words.
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {"failure": _undiagnosed()},
                    "Next": following,
                }
            ],
            "Assign": {"failure": "{% $states.result.Payload %}"},
            "Next": following,
        },
        "Failed": {
            "Type": "Fail",
            "Comment": "The one end of all that went wrong",
            # Names that begin with `States.` are the interpreter's own (Amazon States Language, Errors).
            "Error": "{% $replace($failure.Error, /^States[.]/, 'BatchTransform.') %}",
            "Cause": "{% $failure.Cause %}",
        },
    }


def release_states(partition: str) -> States:
    """Give the job's lock back, however the run ended: on two ways that do not cross."""
    return {
        "ReleaseLock": _release(partition, "Completed"),
        "ReleaseLockOfFailed": _release(partition, "Failed"),
    }


def _release(partition: str, following: str) -> State:
    return {
        "Type": "Task",
        "Comment": "Let the next run of the job begin",
        "Resource": f"arn:{partition}:states:::aws-sdk:s3:deleteObject",
        "Arguments": "{% $lock.Object %}",
        "TimeoutSeconds": 60,
        "Retry": [
            {
                "ErrorEquals": ["States.ALL"],
                "IntervalSeconds": 2,
                "BackoffRate": 2.5,
                "MaxAttempts": 3,
                "JitterStrategy": "FULL",
            }
        ],
        # The next run takes the lock of an execution that has ended.
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": following}],
        "Next": following,
    }


def _undiagnosed() -> State:
    reason = message("$error.Cause", "FailureReason")
    failure: dict[str, Any] = {
        "Error": "{% $error.Error %}",
        "Cause": f"{{% {THE_JOB} & ': transform job ' & {JOB_NAME} & ' on ' & {DATA_OF.format(variable='$request')} & "
        f"': ' & {reason} & ($fate ? '\\n' & $fate : '') & "
        "'\\nnobody could look why: see the log of the job, group /aws/sagemaker/TransformJobs, and start again' %}",
    }
    return failure
