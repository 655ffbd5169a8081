"""Another attempt: on the next instance type at once, or on the first again after a while."""

from __future__ import annotations

from batch_transform_cdk.machine.states.language import States

MOST_ROUNDS = 9
"""How often the ladder of instance types is climbed; between two rounds the run waits."""

FIRST_PAUSE_SECONDS = 60
PAUSE_GROWTH = 1.5
LONGEST_PAUSE_SECONDS = 900

# AWS has no machine of the type (practice, from public issues), or the account may have no more of them.
_CAPACITY_ERROR = r'$contains($error.Cause, /"FailureReason"\s*:\s*"CapacityError/)'
_NO_MACHINE = (
    f"(($error.Error = 'States.TaskFailed' and {_CAPACITY_ERROR}) "
    "or $error.Error = 'SageMaker.ResourceLimitExceededException')"
)

LADDER_RULES = [
    {
        "Condition": f"{{% {_NO_MACHINE} and $rung + 1 < $count($instance_types) %}}",
        "Next": "NextInstanceType",
    },
    {"Condition": f"{{% {_NO_MACHINE} and $round < {MOST_ROUNDS} %}}", "Next": "WaitForCapacity"},
]
"""Of a Choice on `$error`: where to go when there was no machine."""


def longest_wait_seconds() -> int:
    """Return how long a run waits for a machine in all, if none comes."""
    return round(sum(_pause(number) for number in range(1, MOST_ROUNDS)))


def pause_expression(before: str) -> str:
    """Return the pause in seconds after `before` pauses, at random between its half and its whole."""
    growing = f"{FIRST_PAUSE_SECONDS} * $power({PAUSE_GROWTH}, {before})"
    return f"$ceil($min([{LONGEST_PAUSE_SECONDS}, {growing}]) * (0.5 + $random() / 2))"


def ladder_states() -> States:
    """Go on with `Transform`, under the next number."""
    next_attempt = "{% $attempt + 1 %}"
    return {
        "NextInstanceType": {
            "Type": "Pass",
            "Comment": "No machine of this instance type: try the job's next one at once",
            "Assign": {"rung": "{% $rung + 1 %}", "attempt": next_attempt},
            "Next": "Transform",
        },
        "WaitForCapacity": {
            "Type": "Wait",
            "Comment": "No machine of any of the job's instance types: others give theirs back in a while",
            "Seconds": f"{{% {pause_expression('$round - 1')} %}}",
            "Assign": {"rung": 0, "round": "{% $round + 1 %}", "attempt": next_attempt},
            "Next": "Transform",
        },
        "NextAttempt": {
            "Type": "Pass",
            "Comment": "The same again, as a new job",
            "Assign": {"attempt": next_attempt},
            "Next": "Transform",
        },
    }


def _pause(number: int) -> float:
    return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * PAUSE_GROWTH ** (number - 1)))
