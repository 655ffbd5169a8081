"""What an instance type can take."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.aws.instance_types import GPU_FAMILIES, LOCAL_STORAGE_FAMILIES, family
from batch_transform.job.errors import Problem
from batch_transform.job.rules.values import RequestValues

_VOLUME_KEY = "transform.volume_kms_key"
_AMI_VERSION = "transform.transform_ami_version"


def resource_problems(values: RequestValues) -> Iterator[Problem]:
    """Check volume key and machine image against each instance type."""
    with_storage = [one for one in values.instance_types if family(one) in LOCAL_STORAGE_FAMILIES]
    without_gpu = [one for one in values.instance_types if family(one) not in GPU_FAMILIES]
    if values.has(_VOLUME_KEY) and with_storage:
        # API reference, TransformResources: no VolumeKmsKeyId with an instance type that has local storage.
        yield Problem(
            "volume-key-with-local-storage",
            _VOLUME_KEY,
            f"a volume key cannot be given with {with_storage[0]}, which has local storage that is encrypted "
            "already; leave the key out, or take another instance type",
        )
    if values.has(_AMI_VERSION) and without_gpu:
        yield Problem(
            "ami-version-without-gpu",
            _AMI_VERSION,
            f"the machine images that AWS names are for GPU instances, and {without_gpu[0]} has no GPU; "
            "leave it out",
            severity="warning",
        )
