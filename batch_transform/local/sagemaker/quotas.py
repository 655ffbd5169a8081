"""Simulates quotas and failures of AWS, to test how a workflow handles them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from batch_transform.job.errors import DataNotFoundError, InputError, RefusedRequestError, TransformJobError
from batch_transform.job.files.regular_file import read_file
from batch_transform.local.sagemaker.transform_job import TransformJob

_BY_NAME = ("ServiceQuotas", "DuplicateDelivery")
_SECTIONS = (*_BY_NAME, "InsufficientInstanceCapacity", "InternalServerError", "ThrottlingException")

_OF_TRANSFORM_JOBS = " for transform job usage"
_CONCURRENCY = "Concurrent executions"
"""How Service Quotas names them."""


class Quotas:
    """Read from a JSON file before each call, so that an edit takes effect at once. Without a file, nothing is limited.

        {
          "ServiceQuotas": {"ml.m5.large for transform job usage": 2, "Concurrent executions": 10},
          "InsufficientInstanceCapacity": ["ml.m5.xlarge"],
          "InternalServerError": ["ml.c5.xlarge"],
          "ThrottlingException": ["DescribeTransformJob"],
          "DuplicateDelivery": {"scheduler": 5}
        }

    The names are AWS's: the quotas as in Service Quotas (the second one is Lambda's), EC2's error when an instance type
    is not available, the FailureReason of a job that failed because of AWS, and the error of a throttled call. A
    service that delivers at least once delivers each event again after this many seconds.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._read()

    def throttle(self, operation: str) -> None:
        """Raise RefusedRequestError ThrottlingException when the file lists the operation."""
        if operation in self._read()["ThrottlingException"]:
            raise RefusedRequestError("ThrottlingException", "Rate exceeded")

    def of_transform_jobs(self) -> Mapping[str, float]:
        """Return the quotas of transform jobs that the file has, by their names."""
        return {
            name: value
            for name, value in self._read()["ServiceQuotas"].items()
            if name.endswith(_OF_TRANSFORM_JOBS)
        }

    def concurrency(self) -> int | None:
        """Return the concurrency of the account's Lambda functions; None if the file doesn't say."""
        found = self._read()["ServiceQuotas"].get(_CONCURRENCY)
        return None if found is None else int(found)

    def duplicate_after(self, service: str) -> float | None:
        """Return after how many seconds the service delivers each event again; None if it delivers each once."""
        seconds = self._read()["DuplicateDelivery"].get(service)
        return None if seconds is None else float(seconds)

    def admit(self, job: TransformJob, running: Iterable[TransformJob]) -> None:
        """Raise RefusedRequestError ResourceLimitExceeded when the jobs would exceed the quota of the instance type."""
        quota_name = f"{job.instance_type}{_OF_TRANSFORM_JOBS}"
        limit = self._read()["ServiceQuotas"].get(quota_name)
        used = sum(other.instance_count for other in running if other.instance_type == job.instance_type)
        if limit is not None and used + job.instance_count > limit:
            raise RefusedRequestError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{quota_name}' is {limit} Instances, with current utilization "
                f"of {used} Instances and a request delta of {job.instance_count} Instances. Please use AWS Service "
                "Quotas to request an increase for this quota. If AWS Service Quotas is not available, contact AWS "
                "support to request an increase for this quota.",
            )

    def provision(self, job: TransformJob) -> None:
        """Raise TransformJobError when the file says that the type is not available, or that its jobs fail."""
        if job.instance_type in self._read()["InsufficientInstanceCapacity"]:
            raise TransformJobError(
                "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different "
                "ML instance type."
            )
        if job.instance_type in self._read()["InternalServerError"]:
            raise TransformJobError(
                "InternalServerError: We encountered an internal error. Please try again."
            )

    def _read(self) -> Mapping[str, Any]:
        limits: dict[str, Any] = {name: {} if name in _BY_NAME else [] for name in _SECTIONS}
        if self._path is None:
            return limits
        try:
            given = json.loads(read_file(self._path))
        except OSError as error:
            raise DataNotFoundError(
                f"the file with account limits cannot be read: {self._path}: {error.strerror}"
            ) from error
        except ValueError as error:
            raise InputError(f"{self._path}: not JSON: {error}") from error
        if not isinstance(given, dict) or set(given) - set(_SECTIONS):
            raise InputError(
                f"{self._path}: only a JSON object with the members {', '.join(_SECTIONS)} is allowed"
            )
        return limits | given
