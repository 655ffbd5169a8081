"""Which call of Step Functions creates a job's transform jobs: the optimised integration, or the AWS SDK's.

The optimised integration has its own list of members. A member that is not in it fails the execution with
`States.Runtime`, which no Catch sees, so that the run would end without a diagnosis and keep its lock. AWS publishes no
such list. The SDK integration sends every member of the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_transform.job.request.request import members_of
from batch_transform.job.values.fields import Path

OPTIMISED = "sagemaker:createTransformJob.sync"
"""Creates a transform job and waits for its end."""

SDK = "aws-sdk:sagemaker:createTransformJob"
"""Creates a transform job only: the state machine follows it with DescribeTransformJob."""

# Members that no public state machine sends with the optimised integration. All others are in use there, among them
# DataProcessing, ModelClientConfig and the other names of ExperimentConfig.
_UNSEEN: tuple[Path, ...] = (
    ("TransformResources", "TransformAmiVersion"),
    ("DataCaptureConfig",),
    ("ExperimentConfig", "RunName"),
)


def unseen_members(request: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the members of a job's request that nobody is known to send with the optimised integration."""
    declared = list(members_of(request))
    return tuple(".".join(path) for path in _UNSEEN if any(one[: len(path)] == path for one in declared))


def uses_sdk(request: Mapping[str, Any]) -> bool:
    """Whether the SDK integration creates the job's transform jobs."""
    return bool(unseen_members(request))
