"""The model registry's operations, and the models that are made of its packages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.sagemaker.listing import page
from batch_transform.local.sagemaker.model_package import ModelPackage, ModelPackageGroup, describe, summary
from batch_transform.local.sagemaker.models import Model
from batch_transform.local.sagemaker.scope import Scope
from batch_transform.local.sagemaker.tags import without_tags

Request = Mapping[str, Any]

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
    """The operations on model packages and their groups, by account and region. Thread safe.

    A package is Completed at once: nothing validates it. Names may be given as ARNs, which SageMaker
    writes in lower case; so they are told apart by that.
    """

    def __init__(self) -> None:
        self._groups: dict[tuple[Scope, str], ModelPackageGroup] = {}
        self._packages: dict[tuple[Scope, str], ModelPackage] = {}
        self._lock = threading.RLock()
        self.operations: Mapping[str, Callable[[Request, Scope], dict[str, Any]]] = {
            "CreateModelPackageGroup": self._create_group,
            "CreateModelPackage": self._create,
            "UpdateModelPackage": self._update,
            "DescribeModelPackage": self._describe,
            "ListModelPackages": self._list,
        }

    def tagged(self) -> list[ModelPackageGroup | ModelPackage]:
        """Return everything that has tags."""
        with self._lock:
            return [*self._groups.values(), *self._packages.values()]

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._groups.clear()
            self._packages.clear()

    def state(self) -> dict[str, Any]:
        """Return everything as JSON, for `restore`."""
        with self._lock:
            return {
                "model_package_groups": [asdict(group) for group in self._groups.values()],
                "model_packages": [asdict(package) for package in self._packages.values()],
            }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` gave in an earlier process, which may have known no packages."""
        with self._lock:
            for kept in state.get("model_package_groups", []):
                group = ModelPackageGroup(**{**kept, "scope": Scope(**kept["scope"])})
                self._groups[group.scope, group.arn] = group
            for kept in state.get("model_packages", []):
                package = ModelPackage(**{**kept, "scope": Scope(**kept["scope"])})
                self._packages[package.scope, package.arn] = package

    def resolved(self, model: Model) -> Model:
        """Return the model with the containers of its packages in the place of those that name one.

        A container's own environment goes before its package's. Raises RefusedRequestError when there is
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
            self._groups[scope, group.arn] = group
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
            self._packages[scope, package.arn] = package
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
        """Oldest first unless told, and packages of no group unless one is named (API reference, ListModelPackages)."""
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
        told = {name: value for name, value in request.items() if name != "NameContains"}
        return page("ModelPackageSummaryList", "ModelPackageArn", wanted, {"SortOrder": "Ascending", **told})

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
    """Refuse all but one of the names, with the texts that getmoto/moto pull request 7165 recorded."""
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
