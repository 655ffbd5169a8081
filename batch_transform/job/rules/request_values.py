"""The values of a request for the rules: by field, and only if they can be checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from batch_transform.job.aws.instance_types import INSTANCE_TYPES
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.fields import FIELD_OF, LIMITS_OF_MEMBER, Path

INSTANCE_TYPE = "transform.instance_type"


def field_of(path: Path) -> str:
    """Return the job file's name for a member, or its path in the request if the job file has none."""
    return FIELD_OF.get(path, ".".join(path))


def member(request: Mapping[str, Any], path: Path) -> object:
    """Return the value at `path`, or None if the request, or a structure on the way, lacks it."""
    node: object = request
    for name in path:
        if not isinstance(node, Mapping):
            return None
        node = node.get(name)
    return node


class RequestValues:
    """The known values of a request's members.

    A field is open if its value is a token or has a problem of its own: a rule over several fields then reports
    nothing, because it could only guess. `instance_types` are the valid ones: each of them is checked.
    """

    def __init__(
        self,
        request: Mapping[str, Any],
        *,
        unsound: Collection[str],
        instance_types: Sequence[object] = (),
    ) -> None:
        given = {field_of(path): member(request, path) for path in LIMITS_OF_MEMBER}
        self._values = {field: value for field, value in given.items() if value is not None}
        self._open = {field for field, value in self._values.items() if is_token(value)} | set(unsound)
        self.instance_types = tuple(
            str(one)
            for one in instance_types or [self._values.get(INSTANCE_TYPE)]
            if isinstance(one, str) and one in INSTANCE_TYPES
        )

    def knows(self, *fields: str) -> bool:
        """Whether none of the fields is open. A field that is left out is known: AWS's default applies."""
        return self._open.isdisjoint(fields)

    def has(self, field: str) -> bool:
        """Whether the request has the field, open or not."""
        return field in self._values

    def text(self, field: str) -> str | None:
        """Return the text of a known field, or None if it is left out."""
        value = self._values.get(field)
        return value if isinstance(value, str) else None

    def number(self, field: str) -> int | None:
        """Return the number of a known field, or None if it is left out."""
        value = self._values.get(field)
        return value if isinstance(value, int) else None
