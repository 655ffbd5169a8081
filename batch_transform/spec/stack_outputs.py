"""What ties the command line to what was deployed: the stacks' names, and their outputs."""

from __future__ import annotations

FIRST_STACK = "BatchTransform"
"""The stack with all that jobs share; behind an environment's prefix, as `dev-BatchTransform`."""

INPUT_BUCKET = "InputBucketName"
OUTPUT_BUCKET = "OutputBucketName"
ENCRYPTION_KEY = "EncryptionKeyArn"
NOTIFICATION_TOPIC = "NotificationTopicArn"
NOTIFICATION_KEY = "NotificationKeyArn"


def state_machine_output(job_name: str) -> str:
    """Return the key of the output that holds the ARN of the job's state machine.

    It is made of the name in the job file, without an environment's prefix, and is an output of the stack that
    has the job. Output keys are letters and digits only: `churn-nightly` is at `StateMachineChurnNightly`.
    """
    return "StateMachine" + "".join(part[:1].upper() + part[1:] for part in job_name.split("-"))
