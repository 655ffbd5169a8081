"""What a run may change at most, and whether the job itself and a run's overrides stay within it.

A state machine's role has the same instance types as a condition (`batch_transform_cdk.machine.create_conditions`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_transform.job.aws.instance_types import INSTANCE_TYPES
from batch_transform.job.errors import Problem
from batch_transform.job.rules.request_values import INSTANCE_TYPE
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.fields import item_field
from batch_transform.job.values.job_spec import JobSpec

_INSTANCE_COUNT = "transform.instance_count"
_MAX_RUNTIME = "transform.max_runtime_in_seconds"


@dataclass(frozen=True)
class RunLimits:
    """The instance types that a run may use, and how many instances at most."""

    instance_types: tuple[str, ...]
    instance_count: int

    @classmethod
    def of(cls, spec: JobSpec) -> RunLimits:
        """Return the limits of a job: by default, what the job itself declares."""
        count = spec.limits.instance_count
        return cls(
            tuple(spec.limits.instance_types or spec.transform.instance_type),
            spec.transform.instance_count if count is None else count,
        )

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> RunLimits | None:
        """Return the limits that a state machine passes on; None for one of an earlier release, which has none."""
        return cls(tuple(given["instance_types"]), given["instance_count"]) if given else None

    def as_json(self) -> dict[str, Any]:
        """Return what `read` reads."""
        return {"instance_types": list(self.instance_types), "instance_count": self.instance_count}


def empty_limit_problems(spec: JobSpec) -> Iterator[Problem]:
    """Refuse limits within which no run could start."""
    if spec.limits.instance_types == ():
        yield Problem(
            "limits-empty",
            "limits.instance_types",
            "is empty, so that no run could start; write at least one instance type, or leave the field out",
        )


def limit_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check that what the job declares is within its limits, which those of an environment may narrow."""
    yield from empty_limit_problems(spec)
    limits, transform = spec.limits, spec.transform
    allowed = limits.instance_types or ()
    types = transform.instance_type
    # Without a limit there is nothing to compare, and an unknown type in it has a problem of its own.
    to_check = types if allowed and set(allowed) <= set(INSTANCE_TYPES) else ()
    for at, one in enumerate(to_check):
        if one not in allowed and not is_token(one):
            yield Problem(
                "instance-type-beyond-limits",
                item_field(INSTANCE_TYPE, at, len(to_check)),
                f"{one} is not in limits.instance_types, which allows {', '.join(allowed)}; add it there, or use one "
                "of these",
            )
    for code, field, given, most in (
        ("instance-count", _INSTANCE_COUNT, transform.instance_count, limits.instance_count),
        ("max-runtime", _MAX_RUNTIME, transform.max_runtime_in_seconds, limits.max_runtime_in_seconds),
    ):
        if most is not None and not _is_open(given, most) and given > most >= 1:
            name = field.rpartition(".")[2]
            yield Problem(
                f"{code}-beyond-limits",
                field,
                f"{given} is more than limits.{name}, {most}; write at most {most}, or raise the limit",
            )


def beyond_limits(limits: RunLimits, instance_types: Sequence[object], count: object) -> Iterator[Problem]:
    """Check the instance types that a run tries, and how many instances it uses."""
    allowed = limits.instance_types
    for at, one in enumerate(instance_types):
        if one in INSTANCE_TYPES and one not in allowed and not _is_open(*allowed):
            yield _beyond(
                item_field(INSTANCE_TYPE, at, len(instance_types)),
                f"{one} is beyond the job's limits; allowed are {', '.join(allowed)}",
                f"instance_types: [{', '.join((*allowed, str(one)))}]",
            )
    most = limits.instance_count
    if isinstance(count, int) and not _is_open(count, most) and count > most:
        yield _beyond(
            _INSTANCE_COUNT,
            f"{count} is beyond the job's limits; allowed are at most {most}",
            f"instance_count: {count}",
        )


def _beyond(field: str, message: str, line: str) -> Problem:
    where = "`limits` in the job file, and of its environment if that has limits"
    return Problem(
        "override-beyond-limits", field, f"{message}; to allow it, write `{line}` under {where}, and deploy"
    )


def _is_open(*values: object) -> bool:
    return any(is_token(value) for value in values)
