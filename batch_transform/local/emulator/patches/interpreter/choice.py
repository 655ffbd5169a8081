"""The Choice state, and its rules in JSONPath (Developer Guide of Step Functions, "Choice workflow state").

A rule whose variable doesn't exist fails the execution, except IsPresent. A value of another type than the comparison's
matches nothing. If nothing matches and there is no Default, the error is States.Runtime on AWS (floci compares the text
with AWS), but States.NoChoiceMatched in the specification.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ministack.services import stepfunctions  # type: ignore[import-untyped]  # it has no types

from batch_transform.local.emulator.patches.interpreter import jsonata
from batch_transform.local.emulator.patches.interpreter.fields import (
    Context,
    State,
    effective_input,
    effective_output,
    resolve,
)
from batch_transform.local.emulator.patches.interpreter.place import RUNTIME, failure

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT(?!24)\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
"""RFC 3339 has no hour 24, but Python 3.14 reads one."""
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def timestamp(value: object) -> datetime | None:
    """Return the moment of a text in RFC 3339 format, or None."""
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


_TYPES: Mapping[str, Callable[[object], Any]] = {
    "String": _string,
    "Numeric": _number,
    "Boolean": _boolean,
    "Timestamp": timestamp,
}
_IS: Mapping[str, Callable[[object], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": lambda value: _number(value) is not None,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: timestamp(value) is not None,
}
COMPARISONS: Mapping[str, tuple[Callable[[object], Any], Callable[[Any, Any], bool]]] = {
    f"{kind}{name}": (cast, compare)
    for kind, cast in _TYPES.items()
    for name, compare in _COMPARE.items()
    if kind != "Boolean" or name == "Equals"
}
OPERATORS = frozenset(
    {*_IS, "IsPresent", "StringMatches", *COMPARISONS, *(f"{name}Path" for name in COMPARISONS)}
)
"""The comparisons of rules."""
_NO_NEXT_STATE = "Failed to transition out of the state. The state does not point to a next state."


def execute(state: State, given: object, ctx: Context) -> tuple[Any, str | None]:
    """Return the state's output and the state that its first matching rule names."""
    if not jsonata.is_jsonata(state, ctx):
        effective = effective_input(state, given, ctx)
        chosen = next((rule["Next"] for rule in state["Choices"] if matches(rule, effective, ctx)), None)
        following = chosen or _default(state)
        return effective_output(state, effective, ctx), following
    for number, rule in enumerate(state["Choices"]):
        at = f"Choices[{number}]/"
        if _is_true(jsonata.filled(rule.get("Condition"), f"{at}Condition", given, ctx)):
            output = jsonata.output(rule, given, ctx, result=given, at=at)
            jsonata.assign(rule, given, ctx, at=at)
            return output, rule["Next"]
    following = _default(state)
    jsonata.assign(state, given, ctx)
    return given, following


def _is_true(value: object) -> bool:
    """Return whether a value is true in JSONata: an array is if one of its members is."""
    return any(map(_is_true, value)) if isinstance(value, list) else bool(value)


def _default(state: State) -> str:
    if "Default" not in state:
        raise failure(RUNTIME, _NO_NEXT_STATE)
    return str(state["Default"])


def matches(rule: Mapping[str, Any], data: object, ctx: Context | None = None) -> bool:
    """Return whether a rule matches the state's effective input."""
    if "And" in rule:
        return all(matches(each, data, ctx) for each in rule["And"])
    if "Or" in rule:
        return any(matches(each, data, ctx) for each in rule["Or"])
    if "Not" in rule:
        return not matches(rule["Not"], data, ctx)
    if "IsPresent" in rule:
        return _is_present(rule["Variable"], data, ctx) is rule["IsPresent"]
    name = next(name for name in rule if name in OPERATORS)
    return _compares(
        name, rule[name], _valid(rule["Variable"], data, ctx), lambda path: _valid(path, data, ctx)
    )


def _compares(name: str, expected: Any, value: object, find: Callable[[str], object]) -> bool:  # noqa: ANN401
    if name in _IS:
        return _IS[name](value) is expected
    if name == "StringMatches":
        return isinstance(value, str) and _glob(expected).fullmatch(value) is not None
    if name not in COMPARISONS:
        name, expected = name.removesuffix("Path"), find(expected)
    cast, compare = COMPARISONS[name]
    left, right = cast(value), cast(expected)
    return left is not None and right is not None and compare(left, right)


def _is_present(variable: str, data: object, ctx: Context | None) -> bool:
    try:
        resolve(variable, data, ctx)
    except stepfunctions._ExecutionError:
        return False
    return True


def _valid(path: str, data: object, ctx: Context | None) -> Any:  # noqa: ANN401  # any JSON value
    try:
        return resolve(path, data, ctx)
    except stepfunctions._ExecutionError as error:
        raise failure(
            RUNTIME, f"Invalid path '{path}': The choice state's condition path references an invalid value."
        ) from error


def _glob(pattern: str) -> re.Pattern[str]:
    """`*` matches any characters; a backslash escapes it, or a backslash."""
    parts = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", pattern)
    return re.compile(
        "".join(".*" if part == "*" else re.escape(part[-1:] if part[0] == "\\" else part) for part in parts),
        re.DOTALL,
    )
