"""Endpoints and their configurations: which models an endpoint serves. No server runs behind them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from batch_transform.job.errors import RefusedRequestError
from batch_transform.local.sagemaker.resource import (
    RequestedResource,
    ResourceTable,
    Scope,
    without_tags,
)

Request = Mapping[str, Any]


@dataclass
class EndpointConfig(RequestedResource):
    """The configuration of an endpoint."""

    KIND: ClassVar[str] = "endpoint-config"
    NAME_MEMBER: ClassVar[str] = "EndpointConfigName"


@dataclass
class Endpoint:
    """An endpoint in service. It has its own copy of the variants, since its configuration may be deleted.

    Times are seconds since the epoch.
    """

    scope: Scope
    name: str
    tags: dict[str, str]
    config: str
    variants: list[dict[str, Any]]
    deployment: Mapping[str, Any] | None
    created: float = field(default_factory=time.time)
    modified: float = field(default_factory=time.time)

    @property
    def arn(self) -> str:
        return self.scope.arn("endpoint", self.name)


class Endpoints:
    """The operations on endpoints and their configurations. Thread safe.

    `lock` guards `tables`. `require_model` raises RefusedRequestError when there is no model with that name.
    """

    def __init__(self, lock: threading.RLock, require_model: Callable[[Scope, str], object]) -> None:
        self._require_model = require_model
        self._configs = ResourceTable(EndpointConfig, key="name")
        self._endpoints = ResourceTable(Endpoint, key="name")
        self.tables: Mapping[str, ResourceTable[Any]] = {
            "endpoint_configs": self._configs,
            "endpoints": self._endpoints,
        }
        self._lock = lock
        self.operations: Mapping[str, Callable[[Request, Scope], dict[str, Any]]] = {
            "CreateEndpointConfig": self._create_config,
            "DescribeEndpointConfig": self._describe_config,
            "DeleteEndpointConfig": self._delete_config,
            "CreateEndpoint": self._create,
            "UpdateEndpoint": self._update,
            "DescribeEndpoint": self._describe,
            "DeleteEndpoint": self._delete,
        }

    def _create_config(self, request: Request, scope: Scope) -> dict[str, Any]:
        members, tags = without_tags(request)
        config = EndpointConfig(scope, members, tags)
        for variant in _variants(members):
            if "ModelName" in variant:  # a variant for inference components has none
                self._require_model(scope, variant["ModelName"])
        with self._lock:
            if (scope, config.name) in self._configs:
                raise RefusedRequestError(  # recorded, awslabs/spot-tagging-bot-for-digital-assets issue 2
                    "ValidationException",
                    f'Cannot create already existing endpoint configuration "{config.arn}".',
                )
            self._configs.add(config)
        return {"EndpointConfigArn": config.arn}

    def _describe_config(self, request: Request, scope: Scope) -> dict[str, Any]:
        config = self._config(scope, request["EndpointConfigName"])
        return {**config.request, "EndpointConfigArn": config.arn, "CreationTime": config.created}

    def _delete_config(self, request: Request, scope: Scope) -> dict[str, Any]:
        """Delete the configuration, even if an endpoint uses it (API reference, DeleteEndpointConfig)."""
        with self._lock:
            self._config(scope, request["EndpointConfigName"])
            del self._configs[scope, request["EndpointConfigName"]]
        return {}

    def _create(self, request: Request, scope: Scope) -> dict[str, Any]:
        members, tags = without_tags(request)
        with self._lock:
            config = self._config(scope, members["EndpointConfigName"])
            endpoint = Endpoint(
                scope,
                members["EndpointName"],
                tags,
                config.name,
                _in_service(config),
                members.get("DeploymentConfig"),
            )
            if (scope, endpoint.name) in self._endpoints:
                raise RefusedRequestError(  # recorded, sagemaker-python-sdk issue 101
                    "ValidationException", f'Cannot create already existing endpoint "{endpoint.arn}".'
                )
            self._endpoints.add(endpoint)
        return {"EndpointArn": endpoint.arn}

    def _update(self, request: Request, scope: Scope) -> dict[str, Any]:
        """Switch to another configuration at once; there are no instances whose properties could be retained."""
        with self._lock:
            endpoint = self._endpoint(scope, request["EndpointName"])
            config = self._config(scope, request["EndpointConfigName"])
            endpoint.config, endpoint.variants = config.name, _in_service(config)
            if not request.get("RetainDeploymentConfig"):
                endpoint.deployment = request.get("DeploymentConfig")
            endpoint.modified = time.time()
        return {"EndpointArn": endpoint.arn}

    def _describe(self, request: Request, scope: Scope) -> dict[str, Any]:
        with self._lock:
            endpoint = self._endpoint(scope, request["EndpointName"])
            described = {
                "EndpointName": endpoint.name,
                "EndpointArn": endpoint.arn,
                "EndpointConfigName": endpoint.config,
                "ProductionVariants": endpoint.variants,
                "EndpointStatus": "InService",
                "LastDeploymentConfig": endpoint.deployment,
                "CreationTime": endpoint.created,
                "LastModifiedTime": endpoint.modified,
            }
        return {name: value for name, value in described.items() if value is not None}

    def _delete(self, request: Request, scope: Scope) -> dict[str, Any]:
        with self._lock:
            self._endpoint(scope, request["EndpointName"])
            del self._endpoints[scope, request["EndpointName"]]
        return {}

    def _config(self, scope: Scope, name: str) -> EndpointConfig:
        with self._lock:
            found = self._configs.get((scope, name))
        if found is None:
            arn = scope.arn("endpoint-config", name)
            raise RefusedRequestError(
                "ValidationException", f'Could not find endpoint configuration "{arn}".'
            )
        return found

    def _endpoint(self, scope: Scope, name: str) -> Endpoint:
        found = self._endpoints.get((scope, name))
        if found is None:
            arn = scope.arn("endpoint", name)
            raise RefusedRequestError("ValidationException", f'Could not find endpoint "{arn}".')
        return found


def _variants(request: Request) -> list[Mapping[str, Any]]:
    return [*request["ProductionVariants"], *request.get("ShadowProductionVariants", [])]


def _in_service(config: EndpointConfig) -> list[dict[str, Any]]:
    """Return the production variants as DescribeEndpoint lists them; the default weight is 1 (ProductionVariant)."""
    variants = []
    for variant in config.request["ProductionVariants"]:
        weight = variant.get("InitialVariantWeight", 1.0)
        summary = {"VariantName": variant["VariantName"], "CurrentWeight": weight, "DesiredWeight": weight}
        if "InitialInstanceCount" in variant:
            count = variant["InitialInstanceCount"]
            summary |= {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
        variants.append(summary)
    return variants
