"""JSONPath as Step Functions reads it: paths, and reference paths, which name one place.

Step Functions uses the Jayway implementation of JSONPath. A definite path (fields and indexes only) that finds
nothing is an error there; any other finds a list, which may be empty.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Sequence
from typing import Any

Step = str | int
"""A field, or the index of an array; below 0 it counts from the end."""

_STEP = re.compile(
    r"""\.(?P<field>[^.\[\]()*?@,:'"\s]+)
    | \.?\[\s*(?P<index>-?\d+)\s*\]
    | \.?\[\s*'(?P<single>(?:[^'\\]|\\.)*)'\s*\]
    | \.?\[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\]""",
    re.VERBOSE,
)


class PathError(ValueError):
    """A text that is no JSONPath."""


class NothingFoundError(LookupError):
    """A definite path that finds nothing. Its text is that of Jayway."""


class UnmatchedReferenceError(LookupError):
    """A reference path to a place that a document cannot have."""


@functools.lru_cache(maxsize=4096)
def steps(path: str) -> tuple[Step, ...] | None:
    """Return the steps of a definite path, or None for one that may find several values.

    Raises PathError for a text that is no path. `path` begins with `$`.
    """
    if not path.startswith("$") or path[1:2] not in ("", ".", "["):
        raise PathError(f"{path!r} does not begin with $, $. or $[")
    found: list[Step] = []
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            _query(path)
            return None
        position = step.end()
        found.append(_step(step))
    return tuple(found)


def _step(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return int(match["index"])
    if match["field"] is not None:
        return match["field"]
    quoted = match["single"] if match["single"] is not None else match["double"]
    return re.sub(r"\\(.)", r"\1", quoted)


@functools.lru_cache(maxsize=1024)
def _query(path: str) -> Any:  # noqa: ANN401  # the library's compiled query
    import jsonpath  # noqa: PLC0415  # it takes 0.2 s, and most machines have no such path

    try:
        return jsonpath.JSONPathEnvironment(strict=False).compile(path)
    except jsonpath.JSONPathError as error:
        raise PathError(f"{path!r} is no JSONPath: {str(error).splitlines()[0]}") from error


def read(path: str, document: object) -> Any:  # noqa: ANN401  # any JSON value
    """Return what `path` finds in `document`.

    Raises NothingFoundError when a definite path finds nothing, PathError for a text that is no path.
    """
    definite = steps(path)
    if definite is None:
        return list(_query(path).findall(document))
    value = document
    for number, step in enumerate(definite):
        is_last = number == len(definite) - 1
        value = _next(value, step, definite[:number], is_last=is_last)
    return value


def _next(value: object, step: Step, before: Sequence[Step], *, is_last: bool) -> object:
    if isinstance(step, int):
        if not isinstance(value, list):
            raise NothingFoundError(
                f"Filter: [{step}] can only be applied to arrays. Current context is: {text(before)}"
            )
        if not -len(value) <= step < len(value):
            raise NothingFoundError(f"No results for path: {text([*before, step])}")
        return value[step]
    if not isinstance(value, dict):
        raise NothingFoundError(
            f"Expected to find an object with property ['{step}'] in path {text(before)} but found "
            f"'{_kind(value)}'"
        )
    if step not in value:
        missing = "No results for path:" if is_last else "Missing property in path"
        raise NothingFoundError(f"{missing} {text([*before, step])}")
    return value[step]


def text(definite: Sequence[Step]) -> str:
    """Write steps as Jayway does: `$['a'][0]`."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in definite)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return {str: "string", bool: "boolean", list: "array"}.get(type(value), "number")


def written(path: str, document: object, value: object) -> Any:  # noqa: ANN401  # any JSON value
    """Return a copy of `document` with `value` at the place that the reference path names.

    Objects on the way are made where there are none, as the specification says of ResultPath. Raises
    UnmatchedReferenceError where something else is on the way, or an array has no such place.
    """
    definite = steps(path)
    if definite is None:
        raise PathError(f"{path!r} is no reference path: it may name more than one place")
    if not definite:
        return value
    root: list[Any] = [copy.deepcopy(document)]
    holder: Any = root
    at: Step = 0
    for number, step in enumerate(definite):
        inner = holder[at]
        if isinstance(step, int):
            if not isinstance(inner, list) or not -len(inner) <= step < len(inner):
                raise UnmatchedReferenceError(f"{text(definite[:number])} has no place [{step}]")
        elif not isinstance(inner, dict):
            raise UnmatchedReferenceError(f"{text(definite[:number])} is {_article(inner)}, not an object")
        elif number < len(definite) - 1 and step not in inner:
            inner[step] = {}
        holder, at = inner, step
    holder[at] = value
    return root[0]


def _article(value: object) -> str:
    kind = _kind(value)
    return kind if kind == "null" else f"{'an' if kind == 'array' else 'a'} {kind}"
