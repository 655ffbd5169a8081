"""The model registry: packages, their groups, the operations on them, and models made from packages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.sagemaker.listing import page
from batch_transform.local.sagemaker.models import Model
from batch_transform.local.sagemaker.resource import RequestedResource, ResourceTable, Scope, without_tags

Request = Mapping[str, Any]

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
class ModelPackageGroup(RequestedResource):
    """A group, whose packages are its versions."""

    KIND: ClassVar[str] = "model-package-group"
    NAME_MEMBER: ClassVar[str] = "ModelPackageGroupName"


@dataclass
class ModelPackage:
    """A package; it belongs to a group if it has a version. `members` are its request's, with later updates.

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
    """Return an entry of ListModelPackages; a version has no ModelPackageName (sagemaker-python-sdk issue 5606)."""
    described = describe(package)
    if package.version is not None:
        del described["ModelPackageName"]
    return {name: described[name] for name in _SUMMARY if name in described}


_REPLACED = (
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)


class ModelPackages:
    """The operations on model packages and their groups. Thread safe; `lock` guards `tables`.

    A package is Completed at once: nothing validates it. A name may be given as an ARN, in which SageMaker writes
    names in lower case, so names that differ only in case are the same.
    """

    def __init__(self, lock: threading.RLock) -> None:
        self._groups = ResourceTable(ModelPackageGroup, key="arn")
        self._packages = ResourceTable(ModelPackage, key="arn")
        self.tables: Mapping[str, ResourceTable[Any]] = {
            "model_package_groups": self._groups,
            "model_packages": self._packages,
        }
        self._lock = lock
        self.operations: Mapping[str, Callable[[Request, Scope], dict[str, Any]]] = {
            "CreateModelPackageGroup": self._create_group,
            "CreateModelPackage": self._create,
            "UpdateModelPackage": self._update,
            "DescribeModelPackage": self._describe,
            "ListModelPackages": self._list,
        }

    def resolved(self, model: Model) -> Model:
        """Return the model with each container that names a package replaced by the package's containers.

        A container's own environment overrides its package's. Raises RefusedRequestError when there is
        no such package, or when it does not say what to run.
        """
        if not any("ModelPackageName" in container for container in model.containers):
            return model
        request = {name: value for name, value in model.request.items() if name != "PrimaryContainer"}
        request["Containers"] = [
            one for container in model.containers for one in self._containers(model.scope, container)
        ]
        return replace(model, request=request)

    def _containers(self, scope: Scope, container: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        if "ModelPackageName" not in container:
            return [container]
        with self._lock:
            package = self._package(scope, container["ModelPackageName"])
            found = package.members.get("InferenceSpecification", {}).get("Containers", [])
        if not found or not all("Image" in one for one in found):
            raise RefusedRequestError(
                "ValidationException",
                f"ModelPackage {package.arn} has no InferenceSpecification with an Image for each of its Containers: "
                "the local AWS can run nothing else",
            )
        given = container.get("Environment", {})
        return [{**one, "Environment": {**one.get("Environment", {}), **given}} for one in found]

    def _create_group(self, request: Request, scope: Scope) -> dict[str, Any]:
        members, tags = without_tags(request)
        group = ModelPackageGroup(scope, members, tags)
        with self._lock:
            if (scope, group.arn) in self._groups:
                raise RefusedRequestError("ValidationException", "Model Package Group already exists")
            self._groups.add(group)
        return {"ModelPackageGroupArn": group.arn}

    def _create(self, request: Request, scope: Scope) -> dict[str, Any]:
        members, tags = without_tags(request)
        name, of_group = members.pop("ModelPackageName", None), members.pop("ModelPackageGroupName", None)
        members.pop("ClientToken", None)
        _check_names(name, of_group, tags)
        with self._lock:
            if of_group is None:
                package = ModelPackage(scope, name, None, members, tags)
            else:
                group = self._group(scope, of_group)
                version = 1 + len(self._versions(group))
                members = {"ModelApprovalStatus": "PendingManualApproval", **members}
                package = ModelPackage(scope, group.name, version, members, tags)
            if (scope, package.arn) in self._packages:
                raise RefusedRequestError(
                    "ValidationException", f"ModelPackage {package.arn} already exists."
                )
            self._packages.add(package)
        return {"ModelPackageArn": package.arn}

    def _update(self, request: Request, scope: Scope) -> dict[str, Any]:
        with self._lock:
            package = self._package(scope, request["ModelPackageArn"])
            members = {
                **package.members,
                **{name: request[name] for name in _REPLACED if name in request},
                "CustomerMetadataProperties": {
                    **package.members.get("CustomerMetadataProperties", {}),
                    **request.get("CustomerMetadataProperties", {}),
                },
                "AdditionalInferenceSpecifications": [
                    *package.members.get("AdditionalInferenceSpecifications", []),
                    *request.get("AdditionalInferenceSpecificationsToAdd", []),
                ],
            }
            for key in request.get("CustomerMetadataPropertiesToRemove", []):
                members["CustomerMetadataProperties"].pop(key, None)
            package.members = {name: value for name, value in members.items() if value not in ({}, [])}
            package.modified = time.time()
        return {"ModelPackageArn": package.arn}

    def _describe(self, request: Request, scope: Scope) -> dict[str, Any]:
        with self._lock:
            described = describe(self._package(scope, request["ModelPackageName"]))
        if request.get("IncludedData") == "MetadataOnly" and "ModelCard" in described:
            card = described["ModelCard"]
            described["ModelCard"] = {
                name: value for name, value in card.items() if name != "ModelCardContent"
            }
        return described

    def _list(self, request: Request, scope: Scope) -> dict[str, Any]:
        """By default, packages without a group, the oldest first (API reference, ListModelPackages)."""
        kind = request.get("ModelPackageType", "Unversioned")
        with self._lock:
            if "ModelPackageGroupName" in request:
                found = self._versions(self._group(scope, request["ModelPackageGroupName"]))
            else:
                found = [
                    package
                    for package in self._packages.values()
                    if package.scope == scope
                    and kind in ("Both", "Unversioned" if package.version is None else "Versioned")
                ]
            wanted = [summary(package) for package in found if _is_wanted(package, request)]
        options = {name: value for name, value in request.items() if name != "NameContains"}
        return page(
            "ModelPackageSummaryList", "ModelPackageArn", wanted, {"SortOrder": "Ascending", **options}
        )

    def _versions(self, group: ModelPackageGroup) -> list[ModelPackage]:
        return [
            package
            for package in self._packages.values()
            if package.version is not None and (package.scope, package.name) == (group.scope, group.name)
        ]

    def _group(self, scope: Scope, name: str) -> ModelPackageGroup:
        arn = _arn(scope, "model-package-group", name)
        if (scope, arn) not in self._groups:
            raise RefusedRequestError(  # recorded in getmoto/moto pull request 7246
                "ValidationException", f"ModelPackageGroup {arn} does not exist."
            )
        return self._groups[scope, arn]

    def _package(self, scope: Scope, name: str) -> ModelPackage:
        arn = _arn(scope, "model-package", name)
        if (scope, arn) not in self._packages:
            raise RefusedRequestError("ValidationException", f"ModelPackage {arn} does not exist.")
        return self._packages[scope, arn]


def _check_names(name: str | None, group: str | None, tags: Mapping[str, str]) -> None:
    """Require exactly one of the names, with the texts recorded in getmoto/moto pull request 7165."""
    if name is not None and group is not None:
        raise RefusedRequestError(
            "ValidationException",
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one "
            "to use.",
        )
    if name is None and group is None:
        raise RefusedRequestError("ValidationException", "Missing ARN.")
    if group is not None and tags:  # API reference, CreateModelPackage
        raise RefusedRequestError(
            "ValidationException", "a package of a group has the tags of its group: leave Tags out"
        )


def _is_wanted(package: ModelPackage, request: Request) -> bool:
    if request.get("NameContains", "").lower() not in package.name.lower():
        return False
    status = request.get("ModelApprovalStatus")
    return status is None or package.members.get("ModelApprovalStatus") == status


def _arn(scope: Scope, kind: str, name: str) -> str:
    return name.lower() if name.startswith("arn:") else scope.arn(kind, name)
