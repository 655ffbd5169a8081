"""Checks requests against botocore's model of the SageMaker API: types, required members, lengths, patterns, enums and
ranges. The messages are worded as AWS's ValidationException."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import (
    ListShape,
    MapShape,
    OperationModel,
    ServiceModel,
    Shape,
    StringShape,
    StructureShape,
)

from batch_transform.job.errors import RefusedRequestError

_JSON_TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float),
}
_BOUND_AFTER_END = re.compile(
    r"\$\{\d+,\d+\}"
)  # in AWS's patterns for CustomerMetadataMap; invalid in Python
# Python's re lacks Java's Unicode classes; these are wider, and used only for tags and descriptions
_VISIBLE = r"\x21-\x7e\xa1-\U0010ffff"
_JAVA_CLASSES = {
    **{r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"},
    **dict.fromkeys((r"\p{M}", r"\p{P}", r"\p{S}"), _VISIBLE),
}


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """Return botocore's model of SageMaker."""
    return botocore.session.Session().get_service_model("sagemaker")


def operation_model(name: str) -> OperationModel:
    """Return the operation with this name; raises RefusedRequestError when the API has none."""
    if name not in service_model().operation_names:
        raise RefusedRequestError("UnknownOperationException", f"SageMaker has no operation {name}")
    return service_model().operation_model(name)


def validate(operation: str, request: Mapping[str, Any]) -> None:
    """Raise RefusedRequestError with every violation of the API's model in `request`.

    An unknown member is refused too: AWS's SDKs refuse it before they send the request, and a misspelt member must not
    be ignored silently.
    """
    problems = list(_problems(operation_model(operation).input_shape, request, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise RefusedRequestError("ValidationException", f"{count}: {'; '.join(problems)}")


def unknown_member(operation: str, parameters: object) -> str | None:
    """Return the first name in `parameters`, at any depth, that the API's model lacks: AWS reports only that one.

    A name may end with `.$`, as in a state machine: its value is known only when the machine runs.
    """
    return next(_unknown(operation_model(operation).input_shape, parameters), None)


def _unknown(shape: Shape | None, value: object) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        for name, each in value.items():
            member = name.removesuffix(".$")
            if member not in shape.members:
                yield member
            elif member == name:
                yield from _unknown(shape.members[member], each)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        for each in value:
            yield from _unknown(shape.member, each)
    elif isinstance(shape, MapShape) and isinstance(value, dict):
        for each in value.values():
            yield from _unknown(shape.value, each)


def _problems(shape: Shape | None, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401  # any JSON
    if shape is None:
        return
    if not _has_type(value, shape.type_name):
        yield _failed(value, path, f"Member must be of type {shape.type_name}")
    elif isinstance(shape, StructureShape):
        yield from _structure_problems(shape, value, path)
    elif isinstance(shape, MapShape):
        yield from _range_problems(shape, value, path, len(value))
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}.key")
            yield from _problems(shape.value, item, f"{path}.{key}")
    elif isinstance(shape, ListShape):
        yield from _range_problems(shape, value, path, len(value))
        for number, item in enumerate(value, start=1):
            yield from _problems(shape.member, item, f"{path}.{number}.member")
    else:
        yield from _scalar_problems(shape, value, path)


def _has_type(value: object, type_name: str) -> bool:
    allowed = _JSON_TYPES.get(type_name, (object,))
    return isinstance(value, allowed) and (bool in allowed or not isinstance(value, bool))


def _structure_problems(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    given = {name: item for name, item in value.items() if item is not None}
    for name in shape.required_members:
        if name not in given:
            yield _failed(None, _member(path, name), "Member must not be null")
    for name, item in given.items():
        if name in shape.members:
            yield from _problems(shape.members[name], item, _member(path, name))
        else:
            known = ", ".join(sorted(shape.members))
            yield _failed(item, _member(path, name), f"Member is not known; known members: [{known}]")


def _scalar_problems(shape: Shape, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401  # any JSON scalar
    if isinstance(shape, StringShape) and isinstance(value, str):
        yield from _range_problems(shape, value, path, len(value))
        pattern = shape.metadata.get("pattern")
        if pattern and not _compiled(pattern).fullmatch(value):
            yield _failed(value, path, f"Member must satisfy regular expression pattern: {pattern}")
        if shape.enum and value not in shape.enum:
            yield _failed(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _range_problems(shape, value, path, value)


def _range_problems(shape: Shape, value: object, path: str, size: float) -> Iterator[str]:
    what = "value" if isinstance(value, (int, float)) else "length"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _failed(value, path, f"Member must have {what} greater than or equal to {least}")
    if most is not None and size > most:
        yield _failed(value, path, f"Member must have {what} less than or equal to {most}")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(_BOUND_AFTER_END.sub("", pattern))


def _member(path: str, name: str) -> str:
    camel = name[0].lower() + name[1:]
    return f"{path}.{camel}" if path else camel


def _failed(value: object, path: str, constraint: str) -> str:
    shown = "Value null" if value is None else f"Value '{value}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {constraint}"
