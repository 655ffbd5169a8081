"""Tags: a list of keys and values in requests and answers, a map where they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from batch_transform.local.sagemaker.scope import Scope


class Tagged(Protocol):
    """A resource that has tags, which may be changed in place."""

    scope: Scope
    tags: dict[str, str]

    @property
    def arn(self) -> str:
        """The ARN, its name in lower case."""


def without_tags(request: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the request's other members, and its tags."""
    members = dict(request)
    return members, tag_map(members.pop("Tags", []))


def tag_map(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return the tags by key; of two with one key the last counts."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the tags as the API writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
