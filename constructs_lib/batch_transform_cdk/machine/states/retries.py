"""Which failures get another attempt, and how: another instance type at once, or the same again after a wait."""

from __future__ import annotations

from batch_transform_cdk.machine.states.bad_records import REFUSED_DATA
from batch_transform_cdk.machine.states.language import States

MOST_CAPACITY_ATTEMPTS = 9
"""How often a run tries all instance types of the job. It waits before each time but the first."""

FIRST_PAUSE_SECONDS = 60
PAUSE_GROWTH = 1.5
LONGEST_PAUSE_SECONDS = 900

_JOB_FAILED = "$failure.Error = 'States.TaskFailed'"
_OVER_QUOTA = "$failure.Error = 'SageMaker.ResourceLimitExceededException'"
# AWS has no instance of the type. The reason's text is from public reports: AWS doesn't document these reasons.
_CAPACITY_ERROR = r'$contains($failure.Cause, /"FailureReason"\s*:\s*"CapacityError/)'
_INTERNAL_ERROR = r'$contains($failure.Cause, /"FailureReason"\s*:\s*"InternalServerError/)'
_NO_INSTANCE = f"(({_JOB_FAILED} and {_CAPACITY_ERROR}) or {_OVER_QUOTA})"


def longest_wait_seconds() -> int:
    """Return how long a run waits for capacity in total, if none becomes available."""
    return round(sum(_pause(number) for number in range(1, MOST_CAPACITY_ATTEMPTS)))


def pause_expression(before: str) -> str:
    """Return the pause in seconds after `before` pauses: random, between half of the full length and all of it."""
    growing = f"{FIRST_PAUSE_SECONDS} * $power({PAUSE_GROWTH}, {before})"
    return f"$ceil($min([{LONGEST_PAUSE_SECONDS}, {growing}]) * (0.5 + $random() / 2))"


def retry_states(*, finds_bad_records: bool) -> States:
    """Choose what follows a failed attempt. Each retry enters `Transform` with the next attempt number."""
    next_attempt = "{% $attempt + 1 %}"
    return {
        "ChooseRetry": {
            "Type": "Choice",
            "Comment": "Retry only what AWS could not serve: bad data or a broken model would fail again",
            "Choices": [
                {
                    "Condition": f"{{% {_NO_INSTANCE} and $instance_type_index + 1 < $count($instance_types) %}}",
                    "Next": "NextInstanceType",
                },
                {
                    "Condition": f"{{% {_NO_INSTANCE} and $capacity_attempt < {MOST_CAPACITY_ATTEMPTS} %}}",
                    "Next": "WaitForCapacity",
                },
                {
                    "Condition": f"{{% {_JOB_FAILED} and {_INTERNAL_ERROR} and $retried_internal_error = 0 %}}",
                    "Assign": {"retried_internal_error": 1},
                    "Next": "NextAttempt",
                },
                *([REFUSED_DATA] if finds_bad_records else []),
                {"Condition": f"{{% {_JOB_FAILED} or {_OVER_QUOTA} %}}", "Next": "Diagnose"},
            ],
            # Throttled, timed out or refused: the transform job may exist and be running.
            "Default": "FindTransformJob",
        },
        "NextInstanceType": {
            "Type": "Pass",
            "Comment": "No capacity or quota for this instance type: try the job's next one at once",
            "Assign": {"instance_type_index": "{% $instance_type_index + 1 %}", "attempt": next_attempt},
            "Next": "Transform",
        },
        "WaitForCapacity": {
            "Type": "Wait",
            "Comment": "No capacity or quota for any of the job's instance types: wait, then try the first again",
            "Seconds": f"{{% {pause_expression('$capacity_attempt - 1')} %}}",
            "Assign": {
                "instance_type_index": 0,
                "capacity_attempt": "{% $capacity_attempt + 1 %}",
                "attempt": next_attempt,
            },
            "Next": "Transform",
        },
        "NextAttempt": {
            "Type": "Pass",
            "Comment": "Create the transform job again, under a new name",
            "Assign": {"attempt": next_attempt},
            "Next": "Transform",
        },
    }


def _pause(number: int) -> float:
    return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * PAUSE_GROWTH ** (number - 1)))
