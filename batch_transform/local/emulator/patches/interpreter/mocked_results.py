"""The results that TestState accepts in place of a task's: those that the API of the task's service could return.

Texts are recorded (LocalStack's `test_field_validation_mode`, `test_field_validation_mode_present`). With `.sync`, the
API is the one that Step Functions polls (Developer Guide, "Testing Activity, .sync, and .waitForTaskToken states").
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

STRICT, PRESENT, NONE = "STRICT", "PRESENT", "NONE"

_SERVICES = {
    "states": "stepfunctions",
    "sfn": "stepfunctions",
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
}
"""Names of services in resources that botocore calls otherwise."""

Shape = Any  # botocore's shapes have no types


def output_shape(resource: str) -> Shape | None:
    """Return the shape of a result of the resource, or None for a service or an operation that botocore lacks."""
    service, name, pattern = _call(resource)
    if pattern.startswith("sync"):
        name = f"Describe{name.removeprefix('Create').removeprefix('Start')}"
    model = _operation(service, name)
    return model.output_shape if model else None


def input_shape(resource: str) -> Shape | None:
    """Return the shape of the arguments of the resource, or None as above."""
    service, name, _pattern = _call(resource)
    model = _operation(service, name)
    return model.input_shape if model else None


def _call(resource: str) -> tuple[str, str, str]:
    """Return botocore's names of the service and the operation, and the pattern; "" for a function or an activity."""
    _, _, named = resource.partition(":states:::")
    service, _, operation = named.removeprefix("aws-sdk:").partition(":")
    name, _, pattern = operation.partition(".")
    return _SERVICES.get(service, service), member_name(name), pattern


@functools.cache
def _operation(service: str, operation: str) -> Any:  # noqa: ANN401  # as above
    import botocore.session  # noqa: PLC0415  # a service's model takes 0.1 s to load, and only TestState needs it
    from botocore.exceptions import UnknownServiceError  # noqa: PLC0415

    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return None
    if operation not in model.operation_names:
        return None
    return model.operation_model(operation)


def member_name(name: str) -> str:
    """Return the name of an API's member as Step Functions writes it: it begins with a capital letter."""
    return f"{name[:1].upper()}{name[1:]}"


def first_misfit(resource: str, result: object, mode: str) -> str | None:
    """Return AWS's text for what is wrong with a mocked result, or None. `mode` is STRICT, PRESENT or NONE."""
    shape = output_shape(resource) if mode != NONE else None
    if shape is None:
        return None
    return next(_misfits(shape, result, "result", is_strict=mode == STRICT), None)


def _misfits(shape: Shape, value: Any, field: str, *, is_strict: bool) -> Iterator[str]:  # noqa: ANN401  # any JSON
    kind = shape.type_name
    expected, word = _TYPES.get(kind, (object, ""))
    if not isinstance(value, expected) or (isinstance(value, bool) and kind in _NUMBERS):
        yield f"Field '{field}' must be {word}"
    elif kind == "structure":
        yield from _members(shape, value, is_strict=is_strict)
    elif kind == "list":
        for each in value:
            yield from _misfits(shape.member, each, field, is_strict=is_strict)
    elif kind == "map":
        for name, each in value.items():
            yield from _misfits(shape.value, each, name, is_strict=is_strict)
    else:
        yield from _bounds(shape, value, field)


def _members(shape: Shape, value: Any, *, is_strict: bool) -> Iterator[str]:  # noqa: ANN401  # any JSON object
    for name, member in shape.members.items():
        written = member_name(name)
        if written in value:
            yield from _misfits(member, value[written], written, is_strict=is_strict)
        elif is_strict and name in shape.required_members:
            yield f"Required field '{written}' is missing"


def _bounds(shape: Shape, value: Any, field: str) -> Iterator[str]:  # noqa: ANN401  # a string, a number or a boolean
    limits: Mapping[str, Any] = shape.metadata
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield f"Field '{field}' is not an expected value"
    is_text = isinstance(value, str)
    size = len(value) if is_text else value
    if shape.type_name == "timestamp" or isinstance(value, bool):
        return
    if "min" in limits and size < limits["min"]:
        yield f"Field '{field}' is {'smaller than the minimum length' if is_text else 'less than the minimum value'}"
    if "max" in limits and size > limits["max"]:
        yield f"Field '{field}' exceeds the maximum {'length' if is_text else 'value'}"


_NUMBERS = ("integer", "long", "float", "double")
_TYPES: Mapping[str, tuple[Any, str]] = {
    **dict.fromkeys(_NUMBERS, ((int, float), "a number")),
    **dict.fromkeys(("string", "timestamp", "blob"), (str, "a string")),
    **dict.fromkeys(("structure", "map"), (dict, "an object")),
    "list": (list, "an array"),
    "boolean": (bool, "a boolean"),
}
