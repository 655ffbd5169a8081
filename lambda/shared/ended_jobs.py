"""Waits until the transform jobs of a run that ended have ended as well: Step Functions or `report` stops them."""

from __future__ import annotations

import re
import time
from typing import Any, Protocol

from batch_transform.job.values.run import attempt_pattern, execution_hash

_LONGEST_PAUSE_SECONDS = 15.0
ENDED = frozenset({"Completed", "Failed", "Stopped"})
"""The statuses of a transform job that doesn't change any more."""


class SageMakerClient(Protocol):
    """The part of boto3's SageMaker client that is used here."""

    def get_paginator(self, operation_name: str, /) -> Any:
        """As boto3 has it."""


def wait_for_jobs(execution_arn: str, sagemaker: SageMakerClient, *, most_seconds: float) -> bool:
    """Wait until the run's transform jobs have ended, and return whether they have: not for longer than this.

    They are found by the execution's hash in their names.
    """
    deadline = time.monotonic() + most_seconds
    pause = 0.5
    while not _have_ended(execution_arn, sagemaker):
        if time.monotonic() + pause > deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    return True


def _have_ended(execution_arn: str, sagemaker: SageMakerClient) -> bool:
    of_run = re.compile(f".+{attempt_pattern(execution_arn)}", re.IGNORECASE)
    pages = sagemaker.get_paginator("list_transform_jobs").paginate(
        NameContains=f"-{execution_hash(execution_arn)}-"
    )
    return not any(
        job["TransformJobStatus"] not in ENDED and of_run.fullmatch(job["TransformJobName"])
        for page in pages
        for job in page["TransformJobSummaries"]
    )
