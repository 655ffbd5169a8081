"""Intrinsic functions: what they fail with, and how States.Format writes what is no string.

States.Format writes values as Java does (`test_format_1`, `test_format_2`): null, true, {a=1}.
"""

from __future__ import annotations

import re
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.interpreter.place import RUNTIME, failure

FORMAT = "States.Format"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
Node = tuple[Any, ...]

_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def plug_in() -> None:
    """Replace how calls fail, and what States.Format writes."""
    execute = stepfunctions._exec_intrinsic
    evaluate_argument = stepfunctions._eval_intrinsic_arg

    def execute_as_aws(node: Node, data: object, ctx: dict[str, Any] | None) -> object:
        kind, name, arguments = node
        if name == FORMAT:
            values = [evaluate_argument(argument, data, ctx) for argument in arguments]
            return execute((kind, name, _format_arguments(values)), data, ctx)
        # the emulator leaves the escapes of a literal to States.Format
        plain = [("str", _ESCAPE.sub(r"\1", arg[1])) if arg[0] == "str" else arg for arg in arguments]
        return execute((kind, name, plain), data, ctx)

    stepfunctions._exec_intrinsic = execute_as_aws
    stepfunctions._evaluate_intrinsic = evaluate


def evaluate(expression: str, data: object, ctx: dict[str, Any] | None) -> Any:  # noqa: ANN401
    """Return the value of a call.

    Fails with States.IntrinsicFailure, or with States.Runtime for a path that finds nothing.
    """
    try:
        node, _ = stepfunctions._parse_intrinsic_call(expression, 0)
        return stepfunctions._exec_intrinsic(node, data, ctx)
    except stepfunctions._ExecutionError as error:
        if error.error != RUNTIME:
            raise
        raise failure(RUNTIME, _had(expression, error.cause.rpartition("). ")[2])) from error
    except (
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
    ) as error:  # what the functions' own code raises
        name = expression.partition("(")[0].strip()
        raise failure(INTRINSIC_FAILURE, _had(expression, f"Invalid arguments in {name}")) from error


def _had(expression: str, what: str) -> str:
    return f"The function '{expression}' had the following error: {what}"


def _format_arguments(values: list[Any]) -> list[Node]:
    if not values or not isinstance(values[0], str):
        raise ValueError("the template is no string")
    template = values[0]
    if _ESCAPE.sub("", template).count("{}") != len(values) - 1:
        raise ValueError("the template has another number of {} than there are arguments")
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
