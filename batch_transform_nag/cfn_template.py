"""A synthesized CloudFormation template, for the rules to read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SUB = re.compile(r"\$\{(!?)([^}]*)\}")


@dataclass(frozen=True, eq=False)
class Resource:
    """A resource; `template` has the other resources to which it refers."""

    template: Template
    logical_id: str
    type: str
    properties: Mapping[str, Any]


class Template:
    """The resources of the template in `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        body = json.loads(path.read_text(encoding="utf-8"))
        self._resources = {
            logical_id: Resource(self, logical_id, given["Type"], given.get("Properties", {}))
            for logical_id, given in body.get("Resources", {}).items()
        }

    def resources(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of these types, or all resources."""
        for resource in self._resources.values():
            if not types or resource.type in types:
                yield resource

    def referred(self, value: object) -> Resource | None:
        """Return the resource of a `Ref` or `Fn::GetAtt`; None when it is not in this template."""
        match value:
            case {"Ref": str(logical_id)} | {"Fn::GetAtt": [str(logical_id), *_]}:
                return self._resources.get(logical_id)
            case {"Fn::GetAtt": str(dotted)}:
                return self._resources.get(dotted.partition(".")[0])
        return None


def text(value: object, *, reference: str = "<{}>") -> str:
    """Return a property as text, with each reference as `<LogicalId.Attribute>`, as cdk-nag writes it.

    `reference` is another format for references. A function that can't be resolved becomes a reference with its name.
    """
    result: str
    match value:
        case str():
            result = value
        case bool() | int() | float():
            result = json.dumps(value)
        case {"Ref": str(name)} | {"Fn::GetAtt": str(name)}:
            result = reference.format(name)
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            result = reference.format(f"{name}.{attribute}")
        case {"Fn::Join": [str(separator), list(parts)]}:
            result = separator.join(text(part, reference=reference) for part in parts)
        case {"Fn::Sub": str(pattern)}:
            result = _substituted(pattern, {}, reference)
        case {"Fn::Sub": [str(pattern), dict(values)]}:
            result = _substituted(pattern, values, reference)
        case dict() if len(value) == 1:
            result = reference.format(next(iter(value)))
        case _:
            result = reference.format("unknown")
    return result


def _substituted(pattern: str, values: Mapping[str, object], reference: str) -> str:
    def one(match: re.Match[str]) -> str:
        kept, name = match.groups()
        if kept:
            return f"${{{name}}}"
        return text(values[name], reference=reference) if name in values else reference.format(name)

    return _SUB.sub(one, pattern)


def as_list(value: object) -> list[Any]:
    """Return a value that may be a single item or a list as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
