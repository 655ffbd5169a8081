"""What an instance type can take."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.spec.instance_types import GPU_FAMILIES, LOCAL_STORAGE_FAMILIES, family
from batch_transform.spec.problem import Problem
from batch_transform.spec.rules.values import RequestValues

_INSTANCE_TYPE = "transform.instance_type"
_VOLUME_KEY = "transform.volume_kms_key"
_AMI_VERSION = "transform.transform_ami_version"


def resource_problems(values: RequestValues) -> Iterator[Problem]:
    """Check volume key and machine image against the instance type."""
    instance_type = values.text(_INSTANCE_TYPE) if values.knows(_INSTANCE_TYPE) else None
    if instance_type is None:
        return
    if values.has(_VOLUME_KEY) and family(instance_type) in LOCAL_STORAGE_FAMILIES:
        # API reference, TransformResources: no VolumeKmsKeyId with an instance type that has local storage.
        yield Problem(
            "volume-key-with-local-storage",
            _VOLUME_KEY,
            f"a volume key cannot be given with {instance_type}, which has local storage that is encrypted "
            "already; leave the key out, or take another instance type",
        )
    if values.has(_AMI_VERSION) and family(instance_type) not in GPU_FAMILIES:
        yield Problem(
            "ami-version-without-gpu",
            _AMI_VERSION,
            f"the machine images that AWS names are for GPU instances, and {instance_type} has no GPU; "
            "leave it out",
            severity="warning",
        )
