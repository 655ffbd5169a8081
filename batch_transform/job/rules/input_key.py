"""The key that the data to be scored are encrypted with."""

from __future__ import annotations

from collections.abc import Iterator

from batch_transform.job.aws.request_shape import KMS_KEY
from batch_transform.job.errors import Problem
from batch_transform.job.rules.shape import value_problems
from batch_transform.job.values.job_spec import JobSpec


def input_key_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check the key of the input as the keys of the request are."""
    if spec.input.kms_key is not None:
        yield from value_problems("input.kms_key", spec.input.kms_key, KMS_KEY)
