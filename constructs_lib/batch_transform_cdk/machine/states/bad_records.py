"""How a run finds bad records: it cuts objects that failed into sections, and scores them in further transform jobs.

Each round enters the same state `Transform` again, so the fallback instance types, the retries, the time limits and the
watch of a lost transform job apply to it as well. The sections and the plan are in S3: nothing of them is in the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_transform.job.values.bad_records_spec import MOST_ROUNDS, BadRecordsSpec
from batch_transform_cdk.ground.function_size import LISTS_OBJECTS
from batch_transform_cdk.machine.states.language import LAMBDA_RETRY, State, States, literal, message
from batch_transform_cdk.machine.states.transform import JOB_NAME, SENT_REQUEST

_JOB_NAMED = f"{{'TransformJobName': {JOB_NAME}, 'TransformJobArn': '', 'TransformJobStatus': 'Failed'}}"

REFUSED_DATA: State = {
    # Both reasons are recorded: AWS documents neither.
    "Condition": "{% $failure.Error = 'States.TaskFailed' and "
    r'$contains($failure.Cause, /"FailureReason"\s*:\s*"(ClientError|AlgorithmError)/) %}',
    # For the run's output. The Cause may be a document that was cut off.
    "Assign": {
        "transform_job": f"{{% $substring($failure.Cause, -1) = '}}' ? $parse($failure.Cause) : {_JOB_NAMED} %}}"
    },
    "Next": "PlanSections",
}
"""A choice: the transform job failed because of its data or its model."""

BAD_RECORDS_VARIABLES = {
    "section_round": 0,  # of the sections that are scored; 0 is the job's own data
    "bad_records": 0,
}
"""What these states and those of `ending` read."""


def longest_rounds_seconds(bad_records: BadRecordsSpec | None, max_runtime_in_seconds: int) -> int:
    """Return how long the rounds may take in addition to the first transform job, with their functions."""
    if bad_records is None:
        return 0
    return MOST_ROUNDS * (max_runtime_in_seconds + 2 * LISTS_OBJECTS.state_timeout_seconds)


def bad_records_states(
    bad_records: BadRecordsSpec,
    lambda_invoke: str,
    function_arn: str,
    *,
    counted: str,
    details: bool,
) -> States:
    """Find the bad records and leave them out. `details` lets a cause quote any error of the function."""
    limit = {"max_count": bad_records.max_count, "max_percent": bad_records.max_percent}
    run = {
        "execution": "{% $states.context.Execution.Id %}",
        "run": "{% $run_id %}",
        "round": "{% $section_round %}",
        "request": "{% $request %}",
        "transform_job_name": f"{{% {JOB_NAME} %}}",
        "failure": "{% $failure %}",
        "limit": {name: value for name, value in limit.items() if value is not None},
        "result": literal(bad_records.result),
        "keep_records": bad_records.keep_records,
    }

    def task(comment: str, payload: Mapping[str, Any], assign: State, catch: State, following: str) -> State:
        return {
            "Type": "Task",
            "Comment": comment,
            "Resource": lambda_invoke,
            "Arguments": {"FunctionName": function_arn, "Payload": payload},
            "TimeoutSeconds": LISTS_OBJECTS.state_timeout_seconds,
            "Retry": [LAMBDA_RETRY],
            "Catch": [{"ErrorEquals": ["States.ALL"], **catch}],
            **({"Assign": assign} if assign else {}),
            "Next": following,
        }

    said = message("$states.errorOutput.Cause", "errorMessage")
    if not details:  # others, those of a filter for example, may quote a record
        said = f"($states.errorOutput.Error = 'BadRecordsError' ? {said} : $states.errorOutput.Error)"
    return {
        "CheckRound": {
            "Type": "Choice",
            "Comment": "The transform job completed: with the job's own data, or with sections of it",
            "Choices": [{"Condition": "{% $section_round = 0 %}", "Next": counted}],
            "Default": "PlanSections",
        },
        "PlanSections": task(
            "Find bad records: note which sections have a result, and cut the objects or sections that failed",
            {"step": "Plan", **run},
            {"sections": "{% $states.result.Payload %}"},
            {
                "Assign": {"stop_result": f"{{% 'the bad records could not be found: ' & {said} %}}"},
                "Next": "Diagnose",
            },
            "CheckSections",
        ),
        "CheckSections": {
            "Type": "Choice",
            "Comment": "Score the sections, put the results together once every bad record is known, or fail",
            "Choices": [
                {
                    "Condition": "{% $sections.next = 'Score' %}",
                    "Assign": {
                        "section_round": "{% $sections.round %}",
                        SENT_REQUEST: "{% $sections.request %}",
                        "attempt": "{% $attempt + 1 %}",
                    },
                    "Next": "Transform",
                },
                {
                    "Condition": "{% $sections.next = 'Collect' %}",
                    "Assign": {"section_round": "{% $sections.round %}"},
                    "Next": "CollectSections",
                },
                {"Condition": "{% $sections.next = 'Plan' %}", "Next": "PlanSections"},
                {
                    "Condition": "{% $sections.next = 'Fail' %}",
                    "Assign": {"failure": "{% $sections.failure %}"},
                    "Next": "Diagnose",
                },
            ],
            "Default": "Diagnose",
        },
        "CollectSections": task(
            "Put the results of the sections together, without the bad records, and list these",
            {"step": "Collect", **run},
            {
                "sections": "{% $states.result.Payload %}",
                "bad_records": "{% $states.result.Payload.bad_records %}",
            },
            {
                "Assign": {
                    "failure": {"Error": "{% $states.errorOutput.Error %}", "Cause": f"{{% {said} %}}"}
                },
                "Next": "Diagnose",
            },
            "CheckCollected",
        ),
        "CheckCollected": {
            "Type": "Choice",
            "Comment": "Continue with the next objects if there was no time for all of them",
            "Choices": [{"Condition": "{% $sections.next = 'Collect' %}", "Next": "CollectSections"}],
            "Default": "DeleteSections",
        },
        # If this fails, the bucket's lifecycle rule deletes them.
        "DeleteSections": task(
            "Delete the sections",
            {"step": "Delete", "run": "{% $run_id %}"},
            {},
            {"Next": counted},
            counted,
        ),
    }
