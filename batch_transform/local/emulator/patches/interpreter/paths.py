"""JSONPath as Step Functions reads it: paths, and reference paths, which name one place.

Step Functions uses the Jayway implementation of JSONPath. A definite path (fields and indexes only) that finds
nothing is an error there; any other finds a list, which may be empty.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Step = str | int
"""A field, or the index of an array; below 0 it counts from the end."""
_Names = tuple[str, ...]
"""Several fields, which make an object: `['a','b']`."""
_CALL = "()"
"""After the last field. Step Functions accepts such a path, and reads it as a field that never exists."""

_STEP = re.compile(
    r"""\.(?P<field>[^.\[\]()*?@,:'"\s]+)
    | \.?\[\s*(?P<index>-?\d+)\s*\]
    | \.?\[\s*'(?P<single>(?:[^'\\]|\\.)*)'\s*\]
    | \.?\[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\]""",
    re.VERBOSE,
)


class PathError(ValueError):
    """A text that isn't a JSONPath."""


class NothingFoundError(LookupError):
    """A definite path that finds nothing. Its text is that of Jayway."""


class UnmatchedReferenceError(LookupError):
    """A reference path to a place that a document can't have."""


_QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_SEVERAL_NAMES = re.compile(rf"\.?\[\s*(?:{_QUOTED}\s*,\s*)+{_QUOTED}\s*\]")
_NAME = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")


@dataclass(frozen=True)
class _Path:
    """A path: the steps that it begins with, then perhaps more.

    That is names for an object, a rest that finds several values, or a function.
    """

    steps: tuple[Step, ...]
    names: _Names = ()
    rest: str = ""
    function: str = ""


@functools.lru_cache(maxsize=4096)
def _parsed(path: str) -> _Path:
    if not path.startswith("$") or path[1:2] not in ("", ".", "["):
        raise PathError(f"{path!r} does not begin with $, $. or $[")
    found: list[Step] = []
    position = 1
    while position < len(path) and (step := _STEP.match(path, position)):
        position = step.end()
        found.append(_step(step))
    rest = path[position:]
    if not rest:
        return _Path(tuple(found))
    if rest == _CALL and found and path.endswith(f".{found[-1]}{_CALL}"):
        return _Path(tuple(found[:-1]), function=f"{found[-1]}{_CALL}")
    if _SEVERAL_NAMES.fullmatch(rest):
        return _Path(tuple(found), names=tuple(_plain(a or b) for a, b in _NAME.findall(rest)))
    if _SEVERAL_NAMES.search(rest):
        raise PathError(f"{path!r} has several names before its end, which the local AWS does not support")
    if "[:]" in rest:
        raise PathError(f"{path!r} has a slice without an end")
    _query(f"${rest}")
    return _Path(tuple(found), rest=rest)


def steps(path: str) -> tuple[Step, ...] | None:
    """Return the steps of a path to one place, or None for one to several.

    Raises PathError for a text that isn't a path. `path` begins with `$`.
    """
    parsed = _parsed(path)
    return None if parsed.names or parsed.rest or parsed.function else parsed.steps


def _step(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return int(match["index"])
    if match["field"] is not None:
        return match["field"]
    return _plain(match["single"] if match["single"] is not None else match["double"])


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted)


@functools.lru_cache(maxsize=1024)
def _query(path: str) -> Any:  # noqa: ANN401  # the library's compiled query
    import jsonpath  # noqa: PLC0415  # it takes 0.2 s, and most machines have no such path

    try:
        return jsonpath.JSONPathEnvironment(strict=False).compile(path)
    except jsonpath.JSONPathError as error:
        raise PathError(f"{path!r} is not a JSONPath: {str(error).splitlines()[0]}") from error


def read(path: str, document: object) -> Any:  # noqa: ANN401  # any JSON value
    """Return what `path` finds in `document`.

    Raises NothingFoundError when a definite path finds nothing, PathError for a text that isn't a path.
    """
    parsed = _parsed(path)
    value = document
    for number, step in enumerate(parsed.steps):
        if isinstance(step, int) and isinstance(value, list) and not -len(value) <= step < len(value):
            if parsed.rest:
                return []
            raise NothingFoundError(f"No results for path: {text(parsed.steps)}")
        is_last = number == len(parsed.steps) - 1 and not parsed.rest and not parsed.names
        value = _next(value, step, parsed.steps[:number], is_last=is_last)
    if parsed.function:
        raise NothingFoundError(f"Property ['{parsed.function}'] not found in path {text(parsed.steps)}")
    if parsed.names:
        if not isinstance(value, dict):
            raise NothingFoundError(f"{text(parsed.steps)} is {_article(value)}, not an object")
        return {name: value[name] for name in parsed.names if name in value}
    return _several(parsed.rest, value) if parsed.rest else value


def _next(value: object, step: Step, before: Sequence[Step], *, is_last: bool) -> object:
    if isinstance(step, int):
        if not isinstance(value, list):
            raise _no_array(f"[{step}]", value)
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


def _several(rest: str, value: object) -> list[Any]:
    """Return what the rest of a path finds, which begins with something that may find several values."""
    if rest.startswith("[?") and isinstance(value, dict):
        value = [value]  # a filter tries an object itself, and not what is in it
    elif rest.startswith("[?") and not isinstance(value, list):
        raise NothingFoundError(f"Filter: [?] can not be applied to primitives. Current context is: {value}")
    elif re.match(r"\[[-\d:]", rest) and not isinstance(value, list):
        raise _no_array(rest[: rest.index("]") + 1], value)
    return list(_query(f"${rest}").findall(value))


def _no_array(step: str, value: object) -> NothingFoundError:
    shown = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return NothingFoundError(f"Filter: {step} can only be applied to arrays. Current context is: {shown}")


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
        raise PathError(f"{path!r} is not a reference path: it may name more than one place")
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
