"""Models, endpoints, packages and transform jobs in memory, answering as SageMaker does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError


class FakeSageMaker:
    """`endpoints` maps a name to its variants, `packages` a group to its approved packages, newest first.

    `models` holds what was created.
    """

    def __init__(
        self,
        *,
        endpoints: dict[str, list[dict[str, str]]] | None = None,
        packages: dict[str, list[dict[str, str]]] | None = None,
    ) -> None:
        self._endpoints = endpoints or {}
        self._packages = packages or {}
        self.models: dict[str, dict[str, Any]] = {}

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:  # noqa: N803  # AWS's names
        if EndpointName not in self._endpoints:
            raise _refusal(
                f'Could not find endpoint "arn:aws:sagemaker:eu-west-1:1:endpoint/{EndpointName}".'
            )
        return {"EndpointConfigName": f"{EndpointName}-config-7"}

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:  # noqa: N803  # AWS's names
        return {"ProductionVariants": self._endpoints[EndpointConfigName.removesuffix("-config-7")]}

    def get_paginator(self, operation_name: str, /) -> FakeSageMaker:
        assert operation_name == "list_model_packages"
        return self

    def paginate(self, **request: str) -> Iterator[dict[str, Any]]:
        order = {"ModelApprovalStatus": "Approved", "SortBy": "CreationTime", "SortOrder": "Descending"}
        assert order.items() <= request.items()
        group = request["ModelPackageGroupName"]
        if group not in self._packages:
            raise _refusal(f"ModelPackageGroup {group} does not exist.")
        yield {"ModelPackageSummaryList": []}  # a page may be empty and not the last
        for package in self._packages[group]:
            yield {"ModelPackageSummaryList": [package]}

    def create_model(self, *, ModelName: str, **request: Any) -> dict[str, Any]:  # noqa: N803  # AWS's names
        if ModelName in self.models:
            raise _refusal(f'Cannot create already existing model "arn:aws:sagemaker:…:model/{ModelName}".')
        self.models[ModelName] = request
        return {}


class FakeTransformJobs:
    """`statuses` maps a transform job's name to its status; `pages` counts the pages that were given.

    `before_stop` is called before a job is stopped, and `before_list` before jobs are listed, to simulate what happens
    meanwhile.
    """

    def __init__(self, statuses: dict[str, str], *, page_size: int = 2) -> None:
        self.statuses = statuses
        self.pages = 0
        self.before_stop: Callable[[], object] = lambda: None
        self.before_list: Callable[[], object] = lambda: None
        self._page_size = page_size

    def get_paginator(self, operation_name: str, /) -> FakeTransformJobs:
        assert operation_name == "list_transform_jobs"
        return self

    def paginate(self, *, NameContains: str, StatusEquals: str = "") -> Iterator[dict[str, Any]]:  # noqa: N803  # AWS's names
        self.before_list()
        found = [
            {"TransformJobName": name, "TransformJobStatus": status}
            for name, status in self.statuses.items()
            if NameContains.lower() in name.lower() and StatusEquals in {"", status}
        ]
        for start in range(0, max(1, len(found)), self._page_size):
            self.pages += 1
            yield {"TransformJobSummaries": found[start : start + self._page_size]}

    def stop_transform_job(self, *, TransformJobName: str) -> None:  # noqa: N803
        self.before_stop()
        if (status := self.statuses[TransformJobName]) != "InProgress":
            raise _refusal(
                f"The request was rejected because the transform job is in status {status}.",
            )
        self.statuses[TransformJobName] = "Stopping"


def _refusal(message: str) -> ClientError:
    return ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Any")
