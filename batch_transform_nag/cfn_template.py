"""A synthesised CloudFormation template, as rules read it."""

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
    """One resource; `template` is where the others are that it refers to."""

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
        """Yield the resources of these types, or all."""
        for resource in self._resources.values():
            if not types or resource.type in types:
                yield resource

    def referred(self, value: object) -> Resource | None:
        """Return the resource that a `Ref` or `Fn::GetAtt` is about; None for one that is not in this template."""
        match value:
            case {"Ref": str(logical_id)} | {"Fn::GetAtt": [str(logical_id), *_]}:
                return self._resources.get(logical_id)
            case {"Fn::GetAtt": str(dotted)}:
                return self._resources.get(dotted.partition(".")[0])
        return None


def text(value: object, *, reference: str = "<{}>") -> str:
    """Return a property as text, with each reference as `<LogicalId.Attribute>`, as cdk-nag writes it.

    `reference` is another way to write it. What no text can be made of is written by its function's name.
    """
    told: str
    match value:
        case str():
            told = value
        case bool() | int() | float():
            told = json.dumps(value)
        case {"Ref": str(name)} | {"Fn::GetAtt": str(name)}:
            told = reference.format(name)
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            told = reference.format(f"{name}.{attribute}")
        case {"Fn::Join": [str(separator), list(parts)]}:
            told = separator.join(text(part, reference=reference) for part in parts)
        case {"Fn::Sub": str(pattern)}:
            told = _substituted(pattern, {}, reference)
        case {"Fn::Sub": [str(pattern), dict(values)]}:
            told = _substituted(pattern, values, reference)
        case dict() if len(value) == 1:
            told = reference.format(next(iter(value)))
        case _:
            told = reference.format("unknown")
    return told


def _substituted(pattern: str, values: Mapping[str, object], reference: str) -> str:
    def one(match: re.Match[str]) -> str:
        kept, name = match.groups()
        if kept:
            return f"${{{name}}}"
        return text(values[name], reference=reference) if name in values else reference.format(name)

    return _SUB.sub(one, pattern)


def as_list(value: object) -> list[Any]:
    """Return what may be written alone or as a list, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
