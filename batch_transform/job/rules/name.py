"""What a job may be called."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.errors import Problem
from batch_transform.job.rules.shape import shown
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.job_name import MAX_LENGTH, is_job_name, near_job_name
from batch_transform.job.values.job_spec import JobSpec


def name_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check the name: TransformJobName, S3 prefixes and resources are called after it."""
    if is_token(spec.name) or is_job_name(spec.name):
        return
    near = near_job_name(spec.name)
    hint = f"; write {near}" if near else ""
    if len(spec.name) > MAX_LENGTH:
        yield Problem(
            "name-too-long",
            "name",
            f"{shown(spec.name)} has {len(spec.name)} characters; allowed are {MAX_LENGTH}, so that with the "
            f"run's id and attempt it fits the 63 of a TransformJobName{hint}",
        )
        return
    yield Problem(
        "name-malformed",
        "name",
        f"{shown(spec.name)} is not allowed; a name has letters, digits and inner hyphens, as AWS asks "
        f"of a TransformJobName{hint}",
    )
