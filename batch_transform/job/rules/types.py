"""Checks that each value of a job made in Python has the type of its field, which all other rules rely on.

The reader of job files has checked the types of what it read, and a type checker those of a job made in Python; not
every project runs one.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from batch_transform.job.errors import Problem
from batch_transform.job.values.cdk_token import is_token
from batch_transform.job.values.fields import FIELDS, Field, item_field, structure_of, written_fields
from batch_transform.job.values.job_spec import JobSpec
from batch_transform.job.values.wording import shown

_WORDS: dict[object, str] = {
    str: "text",
    PurePath: "a path",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Mapping: "a mapping",
}


def type_problems(spec: JobSpec) -> Iterator[Problem]:
    """Check the values of all fields. What is left out, and what only the deployment knows, has no type to check."""
    yield from _fields(spec, "", "")


def _fields(value: object, declared: str, given: str) -> Iterator[Problem]:
    """Check the fields of a structure: `declared` is the prefix of their names in FIELDS, `given` that in the job."""
    kind: type = type(value)
    for name in written_fields(kind):
        field, item = FIELDS[f"{declared}{name}"], getattr(value, name)
        if item is None or is_token(item):
            continue
        if not field.is_list:
            yield from _value(field, f"{given}{name}", item)
        elif isinstance(item, tuple):
            for at, one in enumerate(item):
                yield from _value(field, item_field(f"{given}{name}", at, len(item)), one)
        else:
            yield Problem("wrong-type", f"{given}{name}", f"must be a tuple; write {_as_tuple(item)}")


def _value(field: Field, at: str, value: object) -> Iterator[Problem]:
    structure = structure_of(field.hint)
    if structure is not None and isinstance(value, structure):
        yield from _fields(value, field.inside, f"{at}.")
        return
    allowed = _types(field)
    if not _is_one(value, allowed):
        words = " or ".join(_WORDS.get(one, one.__name__) for one in allowed)
        got = type(value).__name__ if dataclasses.is_dataclass(value) else shown(value)
        yield Problem("wrong-type", at, f"must be {words}; got {got}")


def _types(field: Field) -> tuple[type, ...]:
    """Return the types of a field's values, or of the items of its list."""
    hint = typing.get_args(field.hint)[0] if field.is_list else field.hint
    hints = typing.get_args(hint) if typing.get_origin(hint) is typing.Union else (hint,)
    plain = [typing.get_origin(one) or one for one in hints]
    return tuple(PurePath if issubclass(one, PurePath) else one for one in plain)


def _is_one(value: object, allowed: tuple[type, ...]) -> bool:
    if isinstance(value, bool):
        return bool in allowed
    if isinstance(value, int) and float in allowed:
        return True
    return isinstance(value, allowed) or (isinstance(value, str) and (PurePath in allowed or is_token(value)))


def _as_tuple(value: object) -> str:
    if isinstance(value, list):
        return f"({', '.join(map(shown, value))},)" if value else "()"
    return f"({type(value).__name__}(…),)" if dataclasses.is_dataclass(value) else f"({shown(value)},)"
