"""A small validator of JSON Schema: the keywords that our schemas use, and an error for any other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
    "boolean": (bool,),
}
_KNOWN = {
    "$schema",
    "title",
    "description",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "pattern",
    "minimum",
    "maxLength",
    "contentEncoding",  # says what a string is, and refuses none
    "maxItems",
}


def faults(value: Any, schema: Mapping[str, Any], place: str = "$") -> Iterator[str]:
    """Yield what in the value breaks the schema."""
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    if "const" in schema and value != schema["const"]:
        yield f"{place}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is not one of {schema['enum']}"
    if "type" in schema and not _is_of(value, schema["type"]):
        yield f"{place}: {value!r} is not of type {schema['type']}"
        return
    yield from _limits(value, schema, place)
    if isinstance(value, list):
        for at, item in enumerate(value):
            yield from faults(item, schema.get("items", {}), f"{place}[{at}]")
    if isinstance(value, dict):
        yield from _members(value, schema, place)


def _limits(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{place}: {value!r} does not match {schema['pattern']}"
    if isinstance(value, int | float) and value < schema.get("minimum", value):
        yield f"{place}: {value!r} is less than {schema['minimum']}"
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        yield f"{place}: it has {len(value)} characters"
    if isinstance(value, list) and len(value) > schema.get("maxItems", len(value)):
        yield f"{place}: it has {len(value)} items"


def _members(value: dict[str, Any], schema: Mapping[str, Any], place: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    yield from (f"{place}: {name} is missing" for name in schema.get("required", ()) if name not in value)
    for name, item in value.items():
        if name in properties:
            yield from faults(item, properties[name], f"{place}.{name}")
        elif isinstance(others := schema.get("additionalProperties", True), Mapping):
            yield from faults(item, others, f"{place}.{name}")
        elif others is False:
            yield f"{place}: {name} is not expected"


def _is_of(value: Any, types: str | list[str]) -> bool:
    names = [types] if isinstance(types, str) else types
    # In JSON, true is no number.
    return any(
        isinstance(value, _TYPES[name]) and not (isinstance(value, bool) and name in {"integer", "number"})
        for name in names
    )
