"""The transform job of one attempt, and whether it completed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_transform.job.request.integration import OPTIMISED, SDK, uses_sdk
from batch_transform.job.request.request import members_of, place
from batch_transform.job.values.job_spec import JobSpec
from batch_transform_cdk.machine.states.language import State, States, caught_error

JOB_NAME = "$job_name & '-' & $run_id & '-' & $string($attempt)"
"""An expression: a new name for each attempt, since SageMaker never accepts a name twice."""

NO_FAILURE = {"Error": "{% '' %}", "Cause": "{% '' %}"}
"""The variable `failure` while the state machine follows a transform job that the SDK integration created."""

_INSTANCE_TYPE = ("TransformResources", "InstanceType")


SENT_REQUEST = "sent_request"
"""The variable with the request that is sent. In a retry it reads a manifest, in a round of `bad_records` sections:
`request` stays that of the whole run, with whose input the results are compared.
"""


def _arguments(request: Mapping[str, Any]) -> State:
    """Return the arguments of CreateTransformJob: an object with the members of the job's request.

    Each value is read from the variable, in which the preflight returns exactly these members. Step Functions
    checks the names of an object when it creates the machine; those of a single expression only a run could check.
    """
    arguments: State = {"TransformJobName": f"{{% {JOB_NAME} %}}"}
    for path in members_of(request):
        place(arguments, path, f"{{% ${SENT_REQUEST}.{'.'.join(path)} %}}")
    place(arguments, _INSTANCE_TYPE, "{% $instance_types[$instance_type_index] %}")
    return arguments


def transform_states(spec: JobSpec, request: Mapping[str, Any], partition: str, completed: str) -> States:
    """Create the transform job, wait for its end, and check its status.

    `Transform` has no Retry: every attempt enters the state again. That gives it a new job name, lets it use another
    instance type, and lets the state machine first check whether the previous job is still running.
    """
    transform: State = {
        "Type": "Task",
        "Resource": f"arn:{partition}:states:::{SDK if uses_sdk(request) else OPTIMISED}",
        "Arguments": _arguments(request),
        "Catch": [
            {"ErrorEquals": ["States.ALL"], "Assign": {"failure": caught_error()}, "Next": "ChooseRetry"}
        ],
    }
    not_completed: State = {
        "Type": "Pass",
        "Comment": "The transform job failed or was stopped: keep its description as the failure",
        "Assign": {"failure": {"Error": "States.TaskFailed", "Cause": "{% $string($transform_job) %}"}},
        "Next": "ChooseRetry",
    }
    if uses_sdk(request):
        # Each attempt has all status checks, and so has a job whose creation was not answered.
        [catch] = transform["Catch"]
        catch["Assign"]["status_checks"] = 0
        return {
            "Transform": {
                **transform,
                "Comment": "Create the transform job. The states below follow it",
                "TimeoutSeconds": 60,
                "Assign": {"failure": NO_FAILURE, "status_checks": 0},
                "Next": "WaitForTransformJob",
            },
            "TransformJobNotCompleted": not_completed,
        }
    return {
        "Transform": {
            **transform,
            "Comment": "Run the transform job. It is stopped on timeout and when the execution is stopped",
            "TimeoutSeconds": spec.transform.max_runtime_in_seconds,
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
        "TransformJobNotCompleted": not_completed,
    }
