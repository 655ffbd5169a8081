"""Intrinsic functions: their errors, and how States.Format writes values that aren't strings.

States.Format writes values as Java does (`test_format_1`, `test_format_2`): null, true, {a=1}.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter.place import RUNTIME, failure

FORMAT = "States.Format"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
Node = tuple[Any, ...]

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def evaluate(expression: str, find: Callable[[str], Any]) -> Any:  # noqa: ANN401  # any JSON value
    """Return the value of a call. `find` returns what a path finds.

    Fails with States.IntrinsicFailure, or with States.Runtime for a path that finds nothing.
    """
    try:
        node, _ = stepfunctions._parse_intrinsic_call(expression, 0)
        return _called(node, find)
    except stepfunctions._ExecutionError as error:
        if error.error != RUNTIME:
            raise
        raise failure(RUNTIME, _error_text(expression, error.cause.rpartition("). ")[2])) from error
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
    ) as error:  # what the emulator's functions raise
        name = expression.partition("(")[0].strip()
        raise failure(INTRINSIC_FAILURE, _error_text(expression, f"Invalid arguments in {name}")) from error


def _called(node: Node, find: Callable[[str], Any]) -> Any:  # noqa: ANN401  # any JSON value
    """Call a function with the values of its arguments, so that the emulator resolves no paths."""
    kind, name, arguments = node
    values = [_argument(argument, find, is_template=name == FORMAT) for argument in arguments]
    given = _format_arguments(values) if name == FORMAT else [("num", value) for value in values]
    return stepfunctions._exec_intrinsic((kind, name, given), None, None)


def _argument(node: Node, find: Callable[[str], Any], *, is_template: bool) -> Any:  # noqa: ANN401
    kind, content = node[0], node[1]
    if kind == "call":
        return _called(node, find)
    if kind == "path":
        return find(content)
    # the emulator leaves the escapes of a literal to States.Format
    return _ESCAPE.sub(r"\1", content) if kind == "str" and not is_template else content


def _error_text(expression: str, what: str) -> str:
    return f"The function '{expression}' had the following error: {what}"


def _format_arguments(values: list[Any]) -> list[Node]:
    if not values or not isinstance(values[0], str):
        raise ValueError("the template is not a string")
    template = values[0]
    if _ESCAPE.sub("", template).count("{}") != len(values) - 1:
        raise ValueError("the template has more or fewer {} than there are arguments")
    return [("str", template), *(("str", as_java(value)) for value in values[1:])]


def as_java(value: object) -> str:
    """Write a JSON value as Java's String.valueOf does."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}={as_java(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_java, value)) + "]"
    return str(value)
