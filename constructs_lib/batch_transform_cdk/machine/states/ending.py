"""How a run ends: completed, skipped or failed, with one object or one cause for whoever reads it."""

from __future__ import annotations

from typing import Any

from batch_transform.job.values.stack_outputs import BAD_RECORDS
from batch_transform_cdk.ground.function_size import LISTS_OBJECTS
from batch_transform_cdk.machine.states.language import (
    DATA_OF,
    JOB_FILE,
    LAMBDA_RETRY,
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
    "AtLeast",
)
"""What the report function adds to the output of a completed run."""

OTHER_RUNS = ("RunningExecutionArn", "WaitingExecutionArn")
"""The runs because of which a run is skipped: the one in progress, and the one that waits for it."""

# An expression, since the CDK drops a plain null from a definition.
_NULL = "{% null %}"

_OF_EVERY_RUN = {
    "Job": "{% $job_name %}",
    "RunId": "{% $run_id %}",
    "ExecutionArn": "{% $states.context.Execution.Id %}",
}
_OF_A_JOB = {
    "TransformJobName": "{% $transform_job.TransformJobName %}",
    "TransformJobArn": "{% $transform_job.TransformJobArn %}",
    "TransformJobStatus": "{% $transform_job.TransformJobStatus %}",
    "ModelName": "{% $request.ModelName %}",
    "S3Uri": f"{{% {DATA_OF.format(variable='$request')} %}}",
    "S3OutputPath": "{% $request.TransformOutput.S3OutputPath %}",
    "InstanceType": "{% $instance_types[$instance_type_index] %}",
    "InstanceCount": "{% $request.TransformResources.InstanceCount %}",
    "Attempts": "{% $attempt %}",
}


def completed_states(lambda_invoke: str, report_arn: str, *, finds_bad_records: bool) -> States:
    """Count the results, and end with the run's output."""
    run = {
        "Outcome": "Completed",
        **_OF_EVERY_RUN,
        **_OF_A_JOB,
        BAD_RECORDS: "{% $bad_records %}" if finds_bad_records else 0,
        **dict.fromkeys(OTHER_RUNS, _NULL),
    }
    return {
        "CountResults": {
            "Type": "Task",
            "Comment": "Count the objects read and written, and measure the billable time",
            "Resource": lambda_invoke,
            "Arguments": {
                "FunctionName": report_arn,
                "Payload": {"run": run, "request": "{% $request %}", "completed": "{% $transform_job %}"},
            },
            "TimeoutSeconds": LISTS_OBJECTS.state_timeout_seconds,
            "Retry": [LAMBDA_RETRY],
            # The results exist and are paid for: the run succeeds even if they can't be counted.
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {"output": {**run, **dict.fromkeys(COUNTS, _NULL)}},
                    "Next": "Reconcile",
                }
            ],
            "Assign": {"output": "{% $states.result.Payload %}"},
            "Next": "Reconcile",
        },
        "Completed": {
            "Type": "Pass",
            "Comment": "Return the run's output",
            "Output": "{% $output %}",
            "End": True,
        },
    }


def skipped_state() -> States:
    """End a run that is skipped because another one is in progress, or waits already."""
    return {
        "Skipped": {
            "Type": "Pass",
            "Comment": "Another run of the job is in progress, or waits already: return which one, and score nothing",
            "Output": {
                "Outcome": "Skipped",
                **_OF_EVERY_RUN,
                **dict.fromkeys((*_OF_A_JOB, BAD_RECORDS, *COUNTS), _NULL),
                # A function of an earlier deployment returns no run that waits.
                **{name: f"{{% $lock.{name} ? $lock.{name} : null %}}" for name in OTHER_RUNS},
            },
            "End": True,
        }
    }


def failed_states(
    lambda_invoke: str, report_arn: str, *, has_lock: bool, details: bool, could_leave_out_records: bool
) -> States:
    """Find out why the run failed, and end in the one Fail state.

    `details` lets its cause quote data and logs. `could_leave_out_records` says that the job could have `bad_records`,
    and has none.
    """
    following = "ReleaseLockAfterFailure" if has_lock else "WriteRecordAfterFailure"
    return {
        "Diagnose": {
            "Type": "Task",
            "Comment": "Explain the failure: objects without a result, lines of the transform job's log, the next step",
            "Resource": lambda_invoke,
            "Arguments": {
                "FunctionName": report_arn,
                "Payload": {
                    "job": "{% $job_name %}",
                    "job_file": JOB_FILE,
                    "execution_arn": "{% $states.context.Execution.Id %}",
                    "request": "{% $request %}",
                    "transform_job_name": f"{{% {JOB_NAME} %}}",
                    "instance_types": "{% $instance_types %}",
                    "error": "{% $failure %}",
                    "stop_result": "{% $stop_result ? $stop_result : '' %}",
                    "details": details,
                    "could_leave_out_records": could_leave_out_records,
                },
            },
            "TimeoutSeconds": LISTS_OBJECTS.state_timeout_seconds,
            "Retry": [LAMBDA_RETRY],
            "Catch": [
                {
                    # Without the diagnosis, the run still fails with AWS's own reason.
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {"run_failure": _undiagnosed(details=details)},
                    "Next": following,
                }
            ],
            "Assign": {"run_failure": "{% $states.result.Payload %}"},
            "Next": following,
        },
        "Failed": {
            "Type": "Fail",
            "Comment": "The only end of a failed run: see Error and Cause",
            # Names that start with `States.` are reserved (Amazon States Language, Errors).
            "Error": "{% $replace($run_failure.Error, /^States[.]/, 'BatchTransform.') %}",
            "Cause": "{% $run_failure.Cause %}",
        },
    }


def release_states(partition: str) -> States:
    """Release the job's lock however the run ended, on two separate paths."""
    return {
        "ReleaseLock": _release(partition, "WriteRecord"),
        "ReleaseLockAfterFailure": _release(partition, "WriteRecordAfterFailure"),
    }


def _release(partition: str, following: str) -> State:
    return {
        "Type": "Task",
        "Comment": "Release the job's lock, so that its next run can start",
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
        # If this fails, the next run replaces the stale lock.
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": following}],
        "Next": following,
    }


def _undiagnosed(*, details: bool) -> State:
    reason = message("$failure.Cause", "FailureReason") if details else "$failure.Error"
    failure: dict[str, Any] = {
        "Error": "{% $failure.Error %}",
        "Cause": f"{{% {THE_JOB} & ': transform job ' & {JOB_NAME} & ' on ' & {DATA_OF.format(variable='$request')} & "
        f"': ' & {reason} & ($stop_result ? '\\n' & $stop_result : '') & "
        "'\\nthe failure could not be diagnosed\\nnext step: see the log of the transform job, in the log group "
        "/aws/sagemaker/TransformJobs, then start the run again' %}",
    }
    return failure
