"""The preflight, and what a run does while another run of the job is in progress."""

from __future__ import annotations

from collections.abc import Mapping

from batch_transform.job.rules.run_limits import RunLimits
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.model_source import to_be_found
from batch_transform_cdk.ground.function_size import LISTS_OBJECTS
from batch_transform_cdk.machine.states.language import (
    DATA_OF,
    JOB_FILE,
    LAMBDA_RETRY,
    THE_JOB,
    State,
    States,
    literal,
    message,
    pause_and_checks,
)
from batch_transform_cdk.machine.states.transform import SENT_REQUEST

LONGEST_WAIT_SECONDS = 86_400
"""How long a run waits for an earlier one: longer only if one transform job may run longer."""

_OTHER_RUN = "$lock.RunningExecutionArn"
_WAITING_RUN = "$lock.WaitingExecutionArn"
_WAITED_SECONDS = "$waited_seconds"
"""From the start of the run to this check. Checks take a second or some minutes, so their number doesn't tell."""
_OTHERWISE = {
    "wait": "wait for the other run, or skip this run if another one waits already",
    "skip": "skip this run",
    "fail": "fail this run",
}


def preflight_states(
    spec: JobSpec,
    lambda_invoke: str,
    function_arn: str,
    following: str,
    *,
    lock: Mapping[str, str] | None,
    waiting: Mapping[str, str] | None,
) -> States:
    """Check the run, and take the job's lock unless its runs may overlap.

    `lock` and `waiting` are the Bucket and Key of the lock, and of the run that waits for it.
    """
    places = {"lock": dict(lock or {}), "waiting": dict(waiting or {})}
    preflight = _preflight(spec, lambda_invoke, function_arn, places, "CheckRunLock" if lock else following)
    if lock is None:
        return {"Preflight": preflight}
    return {"Preflight": preflight, **_overlap(spec, following)}


def _preflight(
    spec: JobSpec, resource: str, function_arn: str, places: Mapping[str, Mapping[str, str]], following: str
) -> State:
    returned = ["request", "instance_types", "prices", *(["lock"] if places["lock"] else [])]
    assign = {name: f"{{% $states.result.Payload.{name} %}}" for name in returned}
    assign[SENT_REQUEST] = assign["request"]
    if spec.workflow.overlapping_runs == "wait" and places["lock"]:
        # Here and not in the Choice, whose context object can't be mocked with TestState.
        assign[_WAITED_SECONDS.removeprefix("$")] = (
            "{% ($toMillis($states.context.State.EnteredTime) - "
            "$toMillis($states.context.Execution.StartTime)) / 1000 %}"
        )
    bad_records = spec.bad_records and {
        name: value for name, value in vars(spec.bad_records).items() if value is not None
    }
    return {
        "Type": "Task",
        "Comment": "Before anything is billed: apply the run's input, check request and data, take the run lock",
        "Resource": resource,
        "Arguments": {
            "FunctionName": function_arn,
            "Payload": {
                "job": "{% $job_name %}",
                "job_file": JOB_FILE,
                "run": "{% $run_id %}",
                "execution": "{% $states.context.Execution.Id %}",
                "request": "{% $declared_request %}",
                "instance_types": list(spec.transform.instance_type),
                "overrides": "{% $states.context.Execution.Input %}",
                "columns": literal({"input": spec.input.columns, "output": spec.output.columns}),
                "model": literal(to_be_found(spec.model)),
                "cost": cost_settings(spec),
                "limits": RunLimits.of(spec).as_json(),
                "only_declared": True,
                **({"bad_records": literal(bad_records)} if bad_records else {}),
                **places,
            },
        },
        "TimeoutSeconds": LISTS_OBJECTS.state_timeout_seconds,
        "Retry": [LAMBDA_RETRY],
        # If the function took the lock and then failed, the lock is stale once this execution has ended.
        "Catch": [
            {
                "ErrorEquals": ["States.ALL"],
                "Assign": {"run_failure": _refusal()},
                "Next": "WriteRecordAfterFailure",
            }
        ],
        "Assign": assign,
        "Next": following,
    }


def cost_settings(spec: JobSpec) -> State:
    """Return the settings about money that the job has."""
    given = {"max_cost": spec.workflow.max_cost, "price_per_hour": spec.workflow.price_per_hour}
    return {name: amount for name, amount in given.items() if amount is not None}


def _refusal() -> State:
    """Error and Cause of a run that failed the preflight."""
    reason = message("$states.errorOutput.Cause", "errorMessage")
    return {
        "Error": "{% $states.errorOutput.Error %}",
        "Cause": f"{{% {THE_JOB} & ': the preflight failed: ' & {reason} & "
        f"'\\ndata of the job: ' & {DATA_OF.format(variable='$declared_request')} & "
        "'; no transform job was created\\nnext step: fix the problem, then start the run again' %}",
    }


def _longest_wait(spec: JobSpec) -> int:
    """How long a run waits for an earlier one, in seconds: at least as long as a transform job may run."""
    return max(LONGEST_WAIT_SECONDS, spec.transform.max_runtime_in_seconds)


def longest_overlap_seconds(spec: JobSpec) -> int:
    """Return how long after its start a run may still look for the lock: the last check may be one pause late."""
    longest = _longest_wait(spec)
    return longest + pause_and_checks(longest)[0]


def _overlap(spec: JobSpec, following: str) -> States:
    """What a run does while another run of the job is in progress, by `workflow.overlapping_runs`."""
    otherwise = _OTHERWISE[spec.workflow.overlapping_runs]
    states: States = {
        "CheckRunLock": {
            "Type": "Choice",
            "Comment": f"Continue if no other run of the job holds the run lock; otherwise {otherwise}",
            "Choices": [{"Condition": f"{{% {_OTHER_RUN} = '' %}}", "Next": following}],
            "Default": "OverlappingRun",
        }
    }
    if spec.workflow.overlapping_runs == "skip":
        states["CheckRunLock"]["Default"] = "Skipped"
        return states
    waited = ""
    if spec.workflow.overlapping_runs == "wait":
        longest = _longest_wait(spec)
        pause, _ = pause_and_checks(longest)
        states["CheckRunLock"]["Choices"] = [
            {"Condition": f"{{% {_WAITING_RUN} != '' %}}", "Next": "Skipped"},
            *states["CheckRunLock"]["Choices"],
            {"Condition": f"{{% {_WAITED_SECONDS} < {longest} %}}", "Next": "WaitForOtherRun"},
        ]
        states["WaitForOtherRun"] = {
            "Type": "Wait",
            "Comment": "Another run of the job holds the run lock: wait before the next check",
            "Seconds": pause,
            "Next": "Preflight",
        }
        waited = f", and this one waited {longest // 3600} hours for it"
    states["OverlappingRun"] = {
        "Type": "Pass",
        "Comment": "Another run of the job is in progress: fail this one",
        "Assign": {
            "run_failure": {
                "Error": "OverlappingRun",
                "Cause": f"{{% {THE_JOB} & ': another run is in progress{waited}: ' & {_OTHER_RUN} & "
                f"'\\ndata: ' & {DATA_OF.format(variable='$request')} & "
                "'; no transform job was created\\nnext step: start the run again when the other one has ended, "
                "stop the other one, or set workflow.overlapping_runs in the job file' %}",
            }
        },
        "Next": "WriteRecordAfterFailure",
    }
    return states
