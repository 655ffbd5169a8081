"""The fields of states in JSONata: Arguments, Output, Assign, and single values.

The emulator evaluates the expressions. The texts of errors are recorded (LocalStack's `test_undefined_jsonata`,
`test_map_jsonata`; floci's pull request 2689).
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter.expressions import is_expression, text_of
from batch_transform.local.emulator.patches.interpreter.fields import Context, State, context_object
from batch_transform.local.emulator.patches.interpreter.place import current_trial, failure, note

QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
_NOTHING = "JSONata expression did not return a result"
_TIME_IS_OVER, _MORE_ATTEMPTS = "D1012", 2
"""The engine counts the second that an expression has in elapsed time. On a busy machine another thread may take it, so
such an expression is evaluated again."""


class _ContextObject(dict[str, Any]):
    """What `$states.context` stands for. The emulator also asks it for the variables, which aren't part of it."""

    def __init__(self, ctx: Context | None) -> None:
        super().__init__(context_object(ctx))
        self._variables = (ctx or {}).get("variables") or {}

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401  # any JSON value
        return self._variables if name == "variables" else super().get(name, default)


def is_jsonata(state: State, ctx: Context | None) -> bool:
    """Return whether a state is in JSONata, by its own QueryLanguage or by the state machine's."""
    language = state.get("QueryLanguage") or (ctx or {}).get("QueryLanguage")
    return bool(language == "JSONata")


def filled(  # noqa: PLR0917  # what an expression may read
    template: object,
    field: str,
    given: object,
    ctx: Context | None,
    result: object = None,
    error_output: object = None,
) -> Any:  # noqa: ANN401  # any JSON value
    """Return a template with its expressions evaluated. `given` is the state's input.

    `field` is the template's place in the state, such as `Choices[0]/Output`, which AWS's errors name.
    """
    if isinstance(template, dict):
        return {
            name: filled(each, f"{field}/{name}", given, ctx, result, error_output)
            for name, each in template.items()
        }
    if isinstance(template, list):
        return [
            filled(each, f"{field}[{number}]", given, ctx, result, error_output)
            for number, each in enumerate(template)
        ]
    if isinstance(template, str) and is_expression(template):
        return _evaluated(text_of(template), field, given, ctx, result, error_output)
    return template


def _evaluated(  # noqa: PLR0917  # as above
    expression: str, field: str, given: object, ctx: Context | None, result: object, error_output: object
) -> Any:  # noqa: ANN401  # any JSON value
    trial = current_trial()
    if trial is not None:
        trial.evaluated.add(field)
    left = _MORE_ATTEMPTS
    while True:
        try:
            return stepfunctions._evaluate_jsonata(
                expression, given, _ContextObject(ctx), result, error_output
            )
        except stepfunctions._ExecutionError as error:
            if error.error != QUERY_EVALUATION_ERROR:
                raise
            if not error.cause.startswith(_TIME_IS_OVER) or not left:
                raise _query_failure(expression, field, error.cause) from error
            left -= 1


def _query_failure(expression: str, field: str, cause: str) -> Exception:
    """Return AWS's error for an expression that has no value; `cause` is the emulator's."""
    if cause.startswith(_NOTHING):
        said = "returned nothing (undefined)."
    else:
        said = f"threw an error during evaluation. {cause}"
    return failure(
        QUERY_EVALUATION_ERROR,
        f"The JSONata expression '{expression}' specified for the field '{field}' {said}",
    )


def arguments(state: State, given: object, ctx: Context) -> Any:  # noqa: ANN401  # any JSON value
    """Return the state's Arguments, or else its input."""
    if "Arguments" not in state:
        return given
    found = filled(state["Arguments"], "Arguments", given, ctx)
    if (
        state["Type"] == "Task"
    ):  # for a Parallel, TestState shows none (`test_io_jsonata_parallel_state_mock_success`)
        note(afterArguments=found)
    return found


def output(  # noqa: PLR0917  # as above
    state: State, given: object, ctx: Context, result: object, error_output: object = None, at: str = ""
) -> Any:  # noqa: ANN401  # any JSON value
    """Return the state's Output, or else its result or the error that it caught.

    `at` is the place of a catcher or a rule in its state, such as `Catch[0]/`.
    """
    if "Output" not in state:
        return result if error_output is None else error_output
    return filled(state["Output"], f"{at}Output", given, ctx, result, error_output)


def assign(  # noqa: PLR0917  # as above
    state: State,
    given: object,
    ctx: Context,
    result: object = None,
    error_output: object = None,
    at: str = "",
) -> None:
    """Set the state's variables, after its output: `$states.result` is the state's result."""
    assigned = filled(state.get("Assign") or {}, f"{at}Assign", given, ctx, result, error_output)
    ctx["variables"] = {**(ctx.get("variables") or {}), **assigned}


def value(state: State, name: str, expected: str, given: object, ctx: Context | None) -> Any:  # noqa: ANN401
    """Return the value of a field that must have this JSON type: array, number or string."""
    found = filled(state[name], name, given, ctx)
    kind = _json_type(found)
    if kind != expected:
        text = state[name]
        expression = f" '{text_of(text)}'" if isinstance(text, str) and is_expression(text) else ""
        raise failure(
            QUERY_EVALUATION_ERROR,
            f"The JSONata expression{expression} specified for the field '{name}' returned an unexpected result "
            f"type. Expected '{expected}', but was '{kind}' for value: "
            f"{json.dumps(found, separators=(',', ':'), ensure_ascii=False)}",
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
