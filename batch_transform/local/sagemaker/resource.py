"""What every SageMaker resource has: an account and a region, an ARN and tags; and how resources are kept."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar

from batch_transform.job.aws.partitions import partition_of


@dataclass(frozen=True)
class Scope:
    """The account and the region of a resource. Names are unique within it (API reference, CreateTransformJob)."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The partition in ARNs."""
        return partition_of(self.region).name

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of a SageMaker resource; SageMaker writes the name in lower case."""
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:{kind}/{name.lower()}"


class Resource(Protocol):
    """A resource with tags, which may be changed in place."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    scope: Scope
    tags: dict[str, str]

    @property
    def arn(self) -> str:
        """The ARN, with the name in lower case."""


@dataclass
class RequestedResource:
    """A resource that consists of its create request, without Tags. `created` is seconds since the epoch."""

    KIND: ClassVar[str]
    """The resource type in the ARN, such as `model`."""
    NAME_MEMBER: ClassVar[str]
    """The member of the request that holds the name, such as `ModelName`."""

    scope: Scope
    request: Mapping[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    created: float = field(default_factory=time.time)

    @property
    def name(self) -> str:
        return str(self.request[self.NAME_MEMBER])

    @property
    def arn(self) -> str:
        return self.scope.arn(self.KIND, self.name)


R = TypeVar("R", bound=Resource)


class ResourceTable(dict[tuple[Scope, str], R]):
    """Resources of one kind, by scope and `key`: the name of a property, "name" or "arn". Not thread safe."""

    def __init__(self, kind: type[R], key: str) -> None:
        super().__init__()
        self._kind = kind
        self._key = key

    def add(self, resource: R) -> None:
        """Keep a resource; it replaces one with the same key."""
        self[resource.scope, getattr(resource, self._key)] = resource

    def as_json(self) -> list[dict[str, Any]]:
        """Return the resources as JSON, for `restore`."""
        return [asdict(resource) for resource in self.values()]

    def restore(self, saved: Iterable[Mapping[str, Any]]) -> None:
        """Add what `as_json` returned."""
        for each in saved:
            self.add(self._kind(**{**each, "scope": Scope(**each["scope"])}))


def without_tags(request: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the request's other members, and its tags."""
    members = dict(request)
    return members, tag_map(members.pop("Tags", []))


def tag_map(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the tags by key; the last of two tags with the same key counts."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the tags as the API writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
