"""The names by which the command line and the functions find what was deployed: stacks, outputs and metrics."""

from __future__ import annotations

import re

FIRST_STACK = "BatchTransform"
"""The stack with everything that jobs share, after an environment's prefix: `dev-BatchTransform`."""


def is_stack_of(prefix: str, stack_name: str) -> bool:
    """Whether `add_job_stacks` makes a stack with this name in the environment with this prefix."""
    first = f"{prefix}{FIRST_STACK}"
    return stack_name == first or re.fullmatch(rf"{re.escape(first)}-[0-9]+", stack_name) is not None


INPUT_BUCKET = "InputBucketName"
OUTPUT_BUCKET = "OutputBucketName"
ENCRYPTION_KEY = "EncryptionKeyArn"
NOTIFICATION_TOPIC = "NotificationTopicArn"
NOTIFICATION_KEY = "NotificationKeyArn"

SPLIT_INTO = "SplitInto"
"""The prefix of the keys of outputs that name the stacks that a stack was split into."""

_STATE_MACHINE = "StateMachine"
_RUNS_THE_JOB = "runs the job "


def state_machine_output(job_name: str) -> str:
    """Return the key of the output that holds the ARN of the job's state machine.

    It is made from the name in the job file, without an environment's prefix, and is an output of the stack with the
    job. Output keys have letters and digits only: that of `churn-nightly` is `StateMachineChurnNightly`. A second job
    with the same name in a stack has a key that the CDK generates.
    """
    return _STATE_MACHINE + "".join(part[:1].upper() + part[1:] for part in job_name.split("-"))


def state_machine_description(job_name: str) -> str:
    """Return the description of that output, from which `job_of` reads the name, since the key has no hyphens."""
    return f"{_RUNS_THE_JOB}{job_name}"


def job_of(description: str, value: str) -> str | None:
    """Return the name of the job whose state machine an output names; None for any other output."""
    is_machine = description.startswith(_RUNS_THE_JOB) and ":stateMachine:" in value
    return description.removeprefix(_RUNS_THE_JOB) if is_machine else None


# The metrics that the functions publish, since AWS has none of them.
METRICS_NAMESPACE = "BatchTransform"
METRICS_DIMENSION = "StateMachineArn"
"""The dimension of Step Functions' own metrics: one job in one stack."""

INPUT_OBJECTS = "InputObjects"
OUTPUT_OBJECTS = "OutputObjects"
INSTANCE_SECONDS = "InstanceSeconds"
BAD_RECORDS = "BadRecords"
"""Published by runs that left records out, and by no others."""

COST = "Cost"
COST_PER_THOUSAND_RECORDS = "CostPerThousandRecords"
METRIC_UNITS = {
    INPUT_OBJECTS: "Count",
    OUTPUT_OBJECTS: "Count",
    INSTANCE_SECONDS: "Seconds",
    BAD_RECORDS: "Count",
    COST: "None",  # CloudWatch has no unit for money
    COST_PER_THOUSAND_RECORDS: "None",
}
