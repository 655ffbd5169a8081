"""The check before any money is spent, and what a run does while an earlier one goes on."""

from __future__ import annotations

from collections.abc import Mapping

from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.model_source import to_be_found
from batch_transform_cdk.machine.states.language import (
    DATA_OF,
    JOB_FILE,
    LAMBDA_RETRY,
    LAMBDA_TIMEOUT_SECONDS,
    THE_JOB,
    State,
    States,
    literal,
    message,
    pause_and_looks,
)

LONGEST_WAIT_SECONDS = 86_400
"""How long a run waits for an earlier one; longer only where one transform job may take longer."""

_ANOTHER = "$lock.RunningExecutionArn"


def preflight_states(
    spec: JobSpec, lambda_invoke: str, function_arn: str, lock: Mapping[str, str] | None, following: str
) -> States:
    """Check the run, and unless runs of the job may overlap, take the job's lock: `lock` is its Bucket and Key."""
    preflight = _preflight(spec, lambda_invoke, function_arn, lock, "MayRun" if lock else following)
    if lock is None:
        return {"Preflight": preflight}
    return {"Preflight": preflight, **_overlap(spec, following)}


def _preflight(
    spec: JobSpec, resource: str, function_arn: str, lock: Mapping[str, str] | None, following: str
) -> State:
    found = ["request", "instance_types", "lock"] if lock else ["request", "instance_types"]
    return {
        "Type": "Task",
        "Comment": "Apply the run's overrides, check the data before money is spent, find the model, take the lock",
        "Resource": resource,
        "Arguments": {
            "FunctionName": function_arn,
            "Payload": {
                "job": "{% $job %}",
                "job_file": JOB_FILE,
                "run": "{% $run %}",
                "execution": "{% $states.context.Execution.Id %}",
                "request": "{% $declared %}",
                "instance_types": list(spec.transform.instance_type),
                "overrides": "{% $states.context.Execution.Input %}",
                "columns": literal({"input": spec.input.columns, "output": spec.output.columns}),
                "model": literal(to_be_found(spec.model)),
                "lock": dict(lock or {}),
            },
        },
        "TimeoutSeconds": LAMBDA_TIMEOUT_SECONDS,
        "Retry": [LAMBDA_RETRY],
        # A lock that was taken by a function that then broke is stale once this execution has ended.
        "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"failure": _refusal()}, "Next": "Failed"}],
        "Assign": {name: f"{{% $states.result.Payload.{name} %}}" for name in found},
        "Next": following,
    }


def _refusal() -> State:
    """Error and Cause of a run that was not let through."""
    said = message("$states.errorOutput.Cause", "errorMessage")
    return {
        "Error": "{% $states.errorOutput.Error %}",
        "Cause": f"{{% {THE_JOB} & ': the check before the transform job failed: ' & {said} & "
        f"'\\ndata of the job: ' & {DATA_OF.format(variable='$declared')} & "
        "'; no transform job was created: mend what is named, and start the run again' %}",
    }


def longest_overlap_seconds(spec: JobSpec) -> int:
    """Return how long a run waits for an earlier one, where it waits: at least as long as a transform job may take."""
    return max(LONGEST_WAIT_SECONDS, spec.transform.max_runtime_in_seconds)


def _overlap(spec: JobSpec, following: str) -> States:
    """What follows when another run of the job goes on: `workflow.overlapping_runs`."""
    longest = longest_overlap_seconds(spec)
    pause, looks = pause_and_looks(longest)
    states: States = {
        "MayRun": {
            "Type": "Choice",
            "Comment": f"While another run of the job goes on: {spec.workflow.overlapping_runs}",
            "Choices": [
                {
                    "Condition": f"{{% {_ANOTHER} = '' %}}",
                    # Looks at the other run are none at a transform job of this one, which has its whole time.
                    "Assign": {"looks": 0},
                    "Next": following,
                }
            ],
            "Default": "Overlap",
        }
    }
    if spec.workflow.overlapping_runs == "skip":
        states["MayRun"]["Default"] = "Skipped"
        return states
    waited = ""
    if spec.workflow.overlapping_runs == "wait":
        states["MayRun"]["Choices"].append(
            {"Condition": f"{{% $looks < {looks} %}}", "Next": "WaitForOtherRun"}
        )
        states["WaitForOtherRun"] = {
            "Type": "Wait",
            "Comment": "Another run of the job has its lock: look again in a while",
            "Seconds": pause,
            "Assign": {"looks": "{% $looks + 1 %}"},
            "Next": "Preflight",
        }
        waited = f", and did for {longest // 3600} hours"
    states["Overlap"] = {
        "Type": "Pass",
        "Comment": "Another run of the job goes on: this one fails",
        "Assign": {
            "failure": {
                "Error": "OverlappingRun",
                "Cause": f"{{% {THE_JOB} & ': another run goes on{waited}: ' & {_ANOTHER} & "
                f"'\\ndata: ' & {DATA_OF.format(variable='$request')} & "
                "'; no transform job was created: start the run again when the other has ended, "
                "stop the other, or set workflow.overlapping_runs in the job file' %}",
            }
        },
        "Next": "Failed",
    }
    return states
