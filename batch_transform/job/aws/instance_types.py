"""The instance types that a transform job can run on.

The set is the enum of TransformResources.InstanceType in the service model of botocore
1.43.106; a test compares the two, so a newer botocore shows what changed.
"""

from __future__ import annotations

from difflib import get_close_matches

_SIZES_BY_FAMILY = {
    "m4": "xlarge 2xlarge 4xlarge 10xlarge 16xlarge",
    "c4": "xlarge 2xlarge 4xlarge 8xlarge",
    "p2": "xlarge 8xlarge 16xlarge",
    "p3": "2xlarge 8xlarge 16xlarge",
    "c5": "xlarge 2xlarge 4xlarge 9xlarge 18xlarge",
    "m5": "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge",
    "m6i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "c6i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "r6i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "m7i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "c7i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "r7i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "g4dn": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "g5": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "trn1": "2xlarge 32xlarge",
    "inf2": "xlarge 8xlarge 24xlarge 48xlarge",
    "g6": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "g6e": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
}

INSTANCE_TYPES = tuple(
    f"ml.{family}.{size}" for family, sizes in _SIZES_BY_FAMILY.items() for size in sizes.split()
)

FAMILIES = ", ".join(_SIZES_BY_FAMILY)
"""All families, as messages list them."""

GPU_FAMILIES = frozenset({"p2", "p3", "g4dn", "g5", "g6", "g6e"})
NEURON_FAMILIES = frozenset({"trn1", "inf2"})
# From EC2's instance store tables: SageMaker names the rule (no volume key for these) and not the types.
LOCAL_STORAGE_FAMILIES = frozenset({"g4dn", "g5", "g6", "g6e", "trn1"})


def family(instance_type: str) -> str:
    """Return `m5` for `ml.m5.xlarge`, and an empty string for anything that isn't an instance type."""
    parts = instance_type.split(".")
    return parts[1] if len(parts) == 3 else ""


def near_instance_types(text: str) -> list[str]:
    """Return up to three instance types that the writer of `text` may have meant, the nearest first."""
    wanted = text.strip().lower().replace("_", ".")
    if not wanted.startswith("ml."):
        wanted = f"ml.{wanted}"
    if wanted in INSTANCE_TYPES:
        return [wanted]
    sizes = _SIZES_BY_FAMILY.get(family(wanted))
    if sizes is not None:
        same_family = [f"ml.{family(wanted)}.{size}" for size in sizes.split()]
        return get_close_matches(wanted, same_family, n=3, cutoff=0)
    return get_close_matches(wanted, INSTANCE_TYPES, n=3)
