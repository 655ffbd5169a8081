"""The record of a run: its inputs at the start, the comparison of results and input, and the record at the end.

A failure of the function never changes how the run ends: the run continues, and what isn't known stays out of the
record. If it can't be written here, the rule on failed runs writes it (`batch_transform_cdk.watch.failed_runs`).
"""

from __future__ import annotations

from typing import Any

from batch_transform.job.request.retry_input import RETRY_OF
from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.ground.function_size import KEEPS_RECORD
from batch_transform_cdk.machine.states.language import (
    JOB_FILE,
    LAMBDA_RETRY,
    THE_JOB,
    State,
    States,
    literal,
    message,
)
from batch_transform_cdk.machine.states.transform import SENT_REQUEST

MOST_COUNTING_CALLS = 96
"""How many calls of the function may count records: a day, in which one function counts some 5 TB."""

_MOST_SECONDS = KEEPS_RECORD.state_timeout_seconds
_NOT_COUNTED_ALL = f"$reconciled.done = false and $reconcile_calls < {MOST_COUNTING_CALLS}"

_RETRIED = f"$states.context.Execution.Input.{RETRY_OF}"

VARIABLES = {
    "request": False,  # the preflight sets it
    "instance_types": [],
    "failure": False,  # the error of the last attempt
    "reconciled": False,  # the result of the last call that compared results and input
    "reconcile_calls": 0,
    # The run that is retried. Here and not in a Choice, whose context object can't be mocked with TestState.
    "retry_of": f"{{% $exists({_RETRIED}) ? {_RETRIED} : '' %}}",
}
"""What `PrepareRun` must declare, since the end of a run that the preflight refused reads it too."""


def longest_record_seconds(spec: JobSpec) -> int:
    """Return how long the states of this module take at most."""
    reconciling = MOST_COUNTING_CALLS if spec.reconcile == "records" else 1
    return (reconciling + 2) * _MOST_SECONDS


def list_inputs_state(spec: JobSpec, lambda_invoke: str, record_arn: str, following: str) -> States:
    """List the input before the transform job, so that a change during the run can be noticed."""
    return {
        "ListInputs": _task(
            "List the input objects, with which the results are compared later",
            lambda_invoke,
            record_arn,
            {"step": "list_inputs", "run": _run(spec)},
            following,
        )
    }


def retry_plan_states(
    spec: JobSpec, lambda_invoke: str, record_arn: str, following: str, *, has_lock: bool
) -> States:
    """Begin with the list of the input, or for a retry with the plan of what it scores.

    The plan is made once the run has the lock. Without one, the run fails: it must never score what has a result.
    """
    reason = message("$states.errorOutput.Cause", "errorMessage")
    return {
        "CheckRetry": {
            "Type": "Choice",
            "Comment": "A retry scores what another run has left without a result",
            "Choices": [{"Condition": "{% $retry_of != '' %}", "Next": "PlanRetry"}],
            "Default": "ListInputs",
        },
        "PlanRetry": {
            **_task(
                "Find the objects of the retried run without a result, and list them in a manifest",
                lambda_invoke,
                record_arn,
                {"step": "plan_retry", "run": _run(spec)},
                following,
            ),
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {
                        "run_failure": {
                            "Error": "{% $states.errorOutput.Error %}",
                            "Cause": f"{{% {THE_JOB} & ': the retry of the run ' & $retry_of & "
                            f"' could not begin: ' & {reason} & "
                            "'\\nno transform job was created' %}",
                        }
                    },
                    "Next": "ReleaseLockAfterFailure" if has_lock else "WriteRecordAfterFailure",
                }
            ],
            "Assign": {
                "request": "{% $states.result.Payload.request %}",
                SENT_REQUEST: "{% $states.result.Payload.sent_request %}",
            },
        },
    }


def reconcile_states(spec: JobSpec, lambda_invoke: str, record_arn: str, following: str) -> States:
    """Compare the results with the input. Counting records may take several calls."""
    payload = {
        "step": "reconcile",
        "run": _run(spec),
        "cursor": "{% $reconciled ? $reconciled.cursor : {} %}",
    }
    return {
        "Reconcile": {
            **_task("Compare the results with the input", lambda_invoke, record_arn, payload, following),
            "Assign": {
                "reconciled": "{% $states.result.Payload %}",
                "reconcile_calls": "{% $reconcile_calls + 1 %}",
            },
            "Next": "CheckReconciliation",
        },
        "CheckReconciliation": {
            "Type": "Choice",
            "Comment": "Continue counting, or fail the run if results and input don't match",
            "Choices": [
                {"Condition": f"{{% {_NOT_COUNTED_ALL} %}}", "Next": "Reconcile"},
                {
                    "Condition": "{% $reconciled.error != '' %}",
                    "Assign": {
                        "failure": {
                            "Error": "{% $reconciled.error %}",
                            "Cause": "{% $reconciled.cause %}",
                        }
                    },
                    "Next": "Diagnose",
                },
            ],
            "Default": following,
        },
    }


def write_record_states(spec: JobSpec, lambda_invoke: str, record_arn: str) -> States:
    """Write the record however the run ended, on two separate paths."""
    completed = {"outcome": "Completed", "output": "{% $output %}"}
    failed = {
        "outcome": "Failed",
        # As the state Failed has it.
        "error": "{% $replace($run_failure.Error, /^States[.]/, 'BatchTransform.') %}",
        "cause": "{% $run_failure.Cause %}",
    }
    tried = {
        "instance_types": "{% $instance_types %}",
        "instance_type_index": "{% $instance_type_index %}",
        "capacity_attempt": "{% $capacity_attempt %}",
    }
    states = {
        name: _task(
            "Write the run's record next to its results",
            lambda_invoke,
            record_arn,
            {"step": "write", "run": _run(spec), "ending": ending, "tried": {"attempts": attempts, **tried}},
            following,
        )
        for name, ending, attempts, following in (
            ("WriteRecord", completed, "{% $attempt %}", "Completed"),
            # A run that was refused before its first attempt has no failure of one.
            ("WriteRecordAfterFailure", failed, "{% $failure ? $attempt : 0 %}", "Failed"),
        )
    }
    # What only the record knows: the billed time of all attempts. A function of an earlier deployment returns none.
    billed = "$states.result.Payload.BillableTimeInSeconds"
    states["WriteRecord"]["Assign"] = {
        "output": "{% $merge([$output, {'BillableTimeInSeconds': "
        f"$exists({billed}) ? {billed} : $output.BillableTimeInSeconds}}]) %}}"
    }
    return states


def _run(spec: JobSpec) -> State:
    """Return what every call says about the run: the members of `Run` in `lambda/record/run_record.py`."""
    return {
        "job": "{% $job_name %}",
        "job_file": JOB_FILE,
        "run_id": "{% $run_id %}",
        "execution_arn": "{% $states.context.Execution.Id %}",
        "start_time": "{% $states.context.Execution.StartTime %}",
        "input": "{% $states.context.Execution.Input %}",
        "output": "{% $declared_request.TransformOutput %}",
        "request": "{% $request %}",
        "reconcile": spec.reconcile,
        "leaves_out": spec.bad_records is None or spec.bad_records.leaves_out,
        "prices": "{% $prices %}",
        "details": spec.notify.details,
        "columns": literal({"input": spec.input.columns, "output": spec.output.columns}),
    }


def _task(comment: str, resource: str, function_arn: str, payload: dict[str, Any], following: str) -> State:
    return {
        "Type": "Task",
        "Comment": comment,
        "Resource": resource,
        "Arguments": {"FunctionName": function_arn, "Payload": payload},
        "TimeoutSeconds": _MOST_SECONDS,
        "Retry": [LAMBDA_RETRY],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": following}],
        "Next": following,
    }
