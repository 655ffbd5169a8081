"""The fields of states in JSONata: Arguments, Output, Assign, and single values.

The emulator evaluates the expressions.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter.fields import Context, State, complete

QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"


def is_jsonata(state: State, ctx: Context | None) -> bool:
    """Return whether a state is in JSONata, by its own QueryLanguage or by the state machine's."""
    language = state.get("QueryLanguage") or (ctx or {}).get("QueryLanguage")
    return bool(language == "JSONata")


def filled(
    template: object, given: object, ctx: Context | None, result: object = None, error_output: object = None
) -> Any:  # noqa: ANN401  # any JSON value
    """Return a template with its expressions evaluated. `given` is the state's input."""
    if isinstance(template, dict):
        return {name: filled(each, given, ctx, result, error_output) for name, each in template.items()}
    if isinstance(template, list):
        return [filled(each, given, ctx, result, error_output) for each in template]
    if isinstance(template, str) and template.startswith("{%") and template.endswith("%}"):
        complete(ctx)
        return stepfunctions._evaluate_jsonata(template[2:-2].strip(), given, ctx, result, error_output)
    return template


def arguments(state: State, given: object, ctx: Context) -> Any:  # noqa: ANN401  # any JSON value
    """Return the state's Arguments, or else its input."""
    return filled(state["Arguments"], given, ctx) if "Arguments" in state else given


def output(state: State, given: object, ctx: Context, result: object, error_output: object = None) -> Any:  # noqa: ANN401  # any JSON value
    """Return the state's Output, or else its result or the error that it caught."""
    if "Output" not in state:
        return result if error_output is None else error_output
    return filled(state["Output"], given, ctx, result, error_output)


def assign(
    state: State, given: object, ctx: Context, result: object = None, error_output: object = None
) -> None:
    """Set the state's variables, after its output: `$states.result` is the state's result."""
    variables = ctx.setdefault("variables", {})
    for name, template in (state.get("Assign") or {}).items():
        variables[name] = filled(template, given, ctx, result, error_output)


def value(state: State, name: str, expected: str, given: object, ctx: Context | None) -> Any:  # noqa: ANN401
    """Return the value of a field that must have this JSON type: array, number or string."""
    found = filled(state[name], given, ctx)
    kind = _json_type(found)
    if kind != expected:
        raise stepfunctions._ExecutionError(
            QUERY_EVALUATION_ERROR,
            f"The JSONata expression specified for the field '{name}' returned an unexpected result type. "
            f"Expected '{expected}', but was '{kind}' for value: {json.dumps(found)}",
        )
    return found


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
