"""A model package and its group as the local SageMaker keeps and tells them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_transform.local.sagemaker.scope import Scope

_SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)


@dataclass
class ModelPackageGroup:
    """A group as CreateModelPackageGroup took it. `request` has no Tags; `created` is seconds since the epoch."""

    scope: Scope
    request: Mapping[str, Any]
    tags: dict[str, str]
    created: float = field(default_factory=time.time)

    @property
    def name(self) -> str:
        return str(self.request["ModelPackageGroupName"])

    @property
    def arn(self) -> str:
        return self.scope.arn("model-package-group", self.name)


@dataclass
class ModelPackage:
    """A package, of a group when it has a version. `members` are those of its request, as updated since.

    Times are seconds since the epoch.
    """

    scope: Scope
    name: str
    version: int | None
    members: dict[str, Any]
    tags: dict[str, str]
    created: float = field(default_factory=time.time)
    modified: float | None = None

    @property
    def arn(self) -> str:
        arn = self.scope.arn("model-package", self.name)
        return arn if self.version is None else f"{arn}/{self.version}"


def describe(package: ModelPackage) -> dict[str, Any]:
    """Return the answer of DescribeModelPackage."""
    seen = {
        **package.members,
        "ModelPackageName": package.name,
        "ModelPackageArn": package.arn,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CreationTime": package.created,
    }
    if package.version is not None:
        seen |= {"ModelPackageGroupName": package.name, "ModelPackageVersion": package.version}
    if package.modified is not None:
        seen["LastModifiedTime"] = package.modified
    return seen


def summary(package: ModelPackage) -> dict[str, Any]:
    """Return what ListModelPackages tells: no ModelPackageName of a version (sagemaker-python-sdk issue 5606)."""
    described = describe(package)
    if package.version is not None:
        del described["ModelPackageName"]
    return {name: described[name] for name in _SUMMARY if name in described}
