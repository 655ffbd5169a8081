"""Rules for the instance types that a run tries, and for what each of them supports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batch_transform.job.aws.instance_types import (
    GPU_FAMILIES,
    INSTANCE_TYPES,
    LOCAL_STORAGE_FAMILIES,
    family,
)
from batch_transform.job.aws.limits import Choice
from batch_transform.job.errors import Problem, UnknownImageError
from batch_transform.job.model.framework_images import tag
from batch_transform.job.rules.limits import value_problems
from batch_transform.job.rules.request_values import INSTANCE_TYPE, RequestValues
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.fields import item_field
from batch_transform.job.values.job_spec import FrameworkImage, JobSpec, ModelSpec
from batch_transform.job.values.wording import shown

_KNOWN = Choice(INSTANCE_TYPES)


def instance_type_problems(instance_types: Sequence[object]) -> Iterator[Problem]:
    """Check each of several instance types by itself, and that there are no duplicates."""
    for at, instance_type in enumerate(instance_types):
        field = item_field(INSTANCE_TYPE, at, len(instance_types))
        yield from value_problems(field, instance_type, _KNOWN)
        if instance_type in instance_types[:at] and not is_token(instance_type):
            yield Problem(
                "instance-type-duplicate",
                field,
                f"{shown(instance_type)} is listed twice; list each instance type once",
            )


def job_instance_type_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check a job's instance types beyond what its request shows."""
    if not spec.transform.instance_type:
        yield Problem(
            "instance-types-empty",
            INSTANCE_TYPE,
            "is empty; write at least one instance type, or leave the field out",
        )
    else:
        yield from _images(spec.model, spec.transform.instance_type)


def _images(model: ModelSpec, instance_types: Sequence[str]) -> Iterator[Problem]:
    """A model has one image, but AWS's frameworks have one image for GPU instances and another for all others."""
    first = instance_types[0]
    for at, instance_type in enumerate(instance_types):
        if needs_another_image(model, first, instance_type):
            yield Problem(
                "ladder-of-two-images",
                item_field(INSTANCE_TYPE, at, len(instance_types)),
                f"{instance_type} needs a different framework image than {first}, but a model has one image; "
                "list only instance types with a GPU, or only instance types without one",
            )
            return


def needs_another_image(model: ModelSpec, instance_type: str, other: str) -> bool:
    """Whether a framework container of the model needs a different image on `other` than on `instance_type`."""
    images = [model.image, *(container.image for container in model.containers)]
    return any(
        _tag(image, instance_type) != _tag(image, other)
        for image in images
        if isinstance(image, FrameworkImage)
        and {instance_type, other} <= set(INSTANCE_TYPES)
        and not (is_token(image.framework) or is_token(image.version))
    )


def _tag(image: FrameworkImage, instance_type: str) -> str | None:
    try:
        return tag(image.framework, image.version, instance_type)
    except UnknownImageError:
        return None  # reported by the rules on images


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
            f"a volume key can't be used with {with_storage[0]}, whose local storage is already encrypted; "
            "leave the key out, or use another instance type",
        )
    if values.has(_AMI_VERSION) and without_gpu:
        yield Problem(
            "ami-version-without-gpu",
            _AMI_VERSION,
            f"the machine images that AWS documents are for GPU instances, but {without_gpu[0]} has no GPU; "
            "leave it out",
            severity="warning",
        )
